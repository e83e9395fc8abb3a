"""Kernels say what the exact code says, or leave the row to it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlgate import UrlError
from crawlgate import url as urls
from crawlgate.signals.pathmatch import canonical
from crawlgate.signals.robots_rules import Matcher, RuleSet

pa = pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from crawlgate.audit import row_kernels, url_kernels  # noqa: E402
from crawlgate.audit.columns import PLAIN, read_urls  # noqa: E402
from crawlgate.audit.interning import Keys, Spans  # noqa: E402
from crawlgate.audit.rule_tables import RuleTables, as_pattern  # noqa: E402
from crawlgate.audit.texts import texts  # noqa: E402

ODD = [
    "http://a.example",
    "https://A.example/x",
    "https://a.example:443/y",
    "https://a.example:8443/y",
    "https://[::1]/",
    "https://127.1/a",
    "x",
    "",
    "https://a.example/%2e/b",
    "https://a.example/./b",
    "https://a.example/a b",
    None,
    "https://a_b.example/",
    "https://a.b_c/",
    "ftp://x/",
    "https://a.example/?q='x'",
    "https://u:p@a.example/",
    "https://a.example//b",
    "https://a.example./x",
    "https://a.example/x#y",
    "https://日本.example/あ",
    "https://a.example/*$",
    "https://a.example/robots.txt",
    "https://a.example/robots.txt?x",
    "https://a.example/?/../b",
    "https://-a.example/",
    "https://.a.example/",
    "https://a..example/",
    "https://1.example.1/",
    "https://a.example/%zz",
    "https://a.example/%4",
    "http:///x",
    "https://a.example/" + "x" * 40_000,
    "\x00https://a.example/",
]


def read(text: str) -> urls.Url | str:
    """The URL without userinfo, which columns read past, or the code of why it is none."""
    if "\x00" in text:
        return "not_text"
    try:
        return urls.parse(urls.without_userinfo(text))
    except UrlError as error:
        return error.code


def test_a_column_of_urls_is_read_as_single_urls_are() -> None:
    origins = Spans(expected=2)
    column = read_urls(texts(pa.array(ODD)), origins)
    for row, text in enumerate(ODD):
        parsed = read(text or "")
        if isinstance(parsed, str):
            assert column.origins[row] == -1, text
            assert column.refused[row][0] == ("null" if text is None else parsed)
            continue
        assert row not in column.refused, text
        assert origins.text(column.origins[row]) == parsed.origin
        assert column.url(row) == parsed


@given(st.lists(st.from_regex(r"https?://[a-z0-9._-]{1,8}(:[0-9]{1,3})?/[ -~]{0,12}", fullmatch=True), min_size=1))
@settings(max_examples=60, deadline=None)
def test_any_column_of_urls(rows: list[str]) -> None:
    origins = Spans(expected=2)
    column = read_urls(texts(pa.array(rows)), origins)
    encoded = np.flatnonzero(column.state == url_kernels.ENCODED)
    for row, text in enumerate(rows):
        parsed = read(text)
        if isinstance(parsed, str):
            assert column.state[row] == url_kernels.UNCLEAN
            continue
        assert origins.text(column.origins[row]) == parsed.origin
        if column.state[row] == url_kernels.CLEAN:
            assert text[column.starts[row] :] == parsed.target == canonical(parsed.target)
    for row in encoded.tolist():
        target = column.url(row).target.encode()
        data, begins, ends = np.frombuffer(target, np.uint8), np.zeros(1, np.int64), np.array([len(target)])
        out, bounds = np.empty(3 * len(target), np.uint8), np.zeros(2, np.int64)
        row_kernels.respell(data, begins, ends, PLAIN, out, bounds)
        assert bytes(out[: bounds[1]]).decode() == canonical(column.url(row).target)


PATTERN = st.from_regex(r"[/*]([ab/*%]|%2[Ff]|%61|\?){0,5}\$?", fullmatch=True)
TARGET = st.from_regex(r"/[ab/]{0,6}(\?[ab]{0,3})?", fullmatch=True)


@given(st.lists(st.tuples(st.booleans(), PATTERN), max_size=8), st.lists(TARGET, min_size=1, max_size=8))
@settings(max_examples=200, deadline=None)
def test_the_deciding_rule_is_the_one_of_the_exact_matcher(rules: list[tuple[bool, str]], asked: list[str]) -> None:
    rule_set = RuleSet([Matcher((n, allow, text) for n, (allow, text) in enumerate(rules))])
    tables = RuleTables()
    tables.add([])  # a set before it, so that numbers and bounds do not begin at 0
    number = tables.add(as_pattern(p, allow=allow, line=n + 1) for n, allow, p in rule_set.patterns())
    for target in asked:
        if not rule_set.certain or canonical(target) != target:
            continue
        data = np.frombuffer(b"x" + target.encode() + b"y", np.uint8)
        found = row_kernels.deciding_rule(data, 1, 1 + len(target), number, tables.rules)
        allowed, rule, _ = rule_set.decide(target)
        assert (found < 0 or bool(tables.rules.by_rule[found, 1])) == allowed, (rules, target)
        assert (0 if found < 0 else tables.rules.by_rule[found, 0] - 1) == (rule or 0), (rules, target)


def test_numbers_grow_with_what_they_number() -> None:
    keys = Keys(expected=1)
    values = np.arange(5_000, dtype=np.int64) * 7_919
    codes = keys.codes(np.concatenate([values, values[::-1]]))
    assert codes.tolist() == [*range(5_000), *reversed(range(5_000))]
    assert [keys[code] for code in (0, 4_999)] == [0, 4_999 * 7_919]
    origins = Spans(expected=1)
    rows = [f"https://host{n}.example/" for n in range(5_000)]
    column = read_urls(texts(pa.array(rows * 2)), origins)
    assert column.origins.tolist() == [*range(5_000)] * 2
    assert origins.text(4_321) == "https://host4321.example"


def test_every_string_type_of_arrow_is_read_alike() -> None:
    rows = ["a", None, "", "日本", "b" * 50]
    plain = pa.array(rows)
    for column in (
        plain,
        plain.cast(pa.large_string()),
        plain.dictionary_encode(),
        pa.chunked_array([plain.slice(0, 2), plain.slice(2)]),
        pa.array(["skipped", *rows]).slice(1),
        plain.cast(pa.string_view()),
    ):
        read = texts(column)
        assert [read[n] for n in range(len(read))] == ["a", "", "", "日本", "b" * 50]
        assert read.nulls is not None
        assert read.nulls.tolist() == [False, True, False, False, False]
    assert len(texts(pa.array([], pa.string()))) == 0
