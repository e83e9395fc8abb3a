"""Arrays of JSON: on one line or pretty printed, whole or half written, damaged in the middle, larger than memory."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawlgate import ConfigError
from crawlgate.audit.readers import lines
from crawlgate.audit.readers.json_array import elements
from tests.audit.readers.reading import rows_of, urls_of, written

AT = "2024-05-01T10:00:00Z"
ITEMS = [{"url": f"https://a.example/日本/{n}", "time": AT, "more": [{"url": "x", "n": [n]}]} for n in range(5)]
URLS = [item["url"] for item in ITEMS]
SPELLED = {
    "one line": json.dumps(ITEMS),
    "one line, UTF-8": json.dumps(ITEMS, ensure_ascii=False),
    "pretty": json.dumps(ITEMS, indent=2),
    "tabs": json.dumps(ITEMS, indent="\t", ensure_ascii=False),
    "compact": json.dumps(ITEMS, separators=(",", ":")),
    "an item a line": "[\n" + ",\n".join(map(json.dumps, ITEMS)) + "\n]\n",
    "comma first": "[" + "\n, ".join(map(json.dumps, ITEMS)) + "]",
    "windows": "\ufeff\r\n[\r\n" + ",\r\n".join(map(json.dumps, ITEMS)) + "\r\n]\r\n",
    "two arrays": json.dumps(ITEMS[:2]) + json.dumps(ITEMS[2:]),
}


@pytest.mark.parametrize("how", SPELLED)
@pytest.mark.parametrize("packed", [False, True])
def test_an_array_is_read_however_it_is_spelled(tmp_path: Path, how: str, packed: bool) -> None:
    data = SPELLED[how].encode()
    path = written(tmp_path, "items.json.gz" if packed else "items.json", gzip.compress(data) if packed else data)
    rows, rejects = rows_of(path)
    assert [row["url"] for row in rows] == URLS
    assert [row["row"] for row in rows] == list(range(5))
    assert rejects == []
    for one in elements(path):
        assert json.loads(data[one.offset : one.end]) == ITEMS[one.number]


@pytest.mark.parametrize("how", ["one line", "pretty", "an item a line"])
def test_of_a_half_written_array_the_elements_before_are_read_and_the_rest_is_one_reject(
    tmp_path: Path, how: str
) -> None:
    data = SPELLED[how].encode()
    cut = data.rindex(b'"time"') + 9
    rows, rejects = rows_of(written(tmp_path, "items.json", data[:cut]))
    assert [row["url"] for row in rows] == URLS[:4]
    place = data.rindex(b"{", 0, data.rindex(b'"time"'))
    assert [(one.row, one.offset, one.reason) for one in rejects] == [
        (4, place, "the array ends in the middle of this element")
    ]
    never_closed = written(tmp_path, "open.json", data[: data.rindex(b"]")])
    assert (urls_of(never_closed), rows_of(never_closed)[1]) == (URLS, [])


@pytest.mark.parametrize("how", ["pretty", "an item a line", "tabs"])
@pytest.mark.parametrize("wrong", [b"{", b'"', b"tru", b"]", b"[", b"\x00", b"\\", b"\n"])
def test_an_element_that_is_damaged_costs_itself(tmp_path: Path, how: str, wrong: bytes) -> None:
    data = SPELLED[how].encode()
    place = data.index(b'"time"', data.index(b"/1"))
    rows, rejects = rows_of(written(tmp_path, "items.json", data[:place] + wrong + data[place:]))
    if wrong == b"\n":  # white space
        assert ([row["url"] for row in rows], rejects) == (URLS, [])
        return
    assert [row["url"] for row in rows if row["row"] not in {one.row for one in rejects}] == URLS[:1] + URLS[2:]
    assert [one.row for one in rejects] == [1]
    assert rejects[0].offset == data.rindex(b"{", 0, place)


def test_on_one_line_what_is_behind_the_damage_is_lost_and_told(tmp_path: Path) -> None:
    data = SPELLED["one line"].encode()
    place = data.index(b'"time"', data.index(b"/1"))
    rows, rejects = rows_of(written(tmp_path, "items.json", data[:place] + b"!" + data[place:]))
    assert [row["url"] for row in rows] == URLS[:1]
    assert [(one.row, one.offset) for one in rejects] == [(1, data.index(b"{", data.index(b"}]}") + 2))]


def test_what_is_no_object_is_a_reject_of_its_own(tmp_path: Path) -> None:
    rows, rejects = rows_of(written(tmp_path, "items.json", f'[1, "x", {json.dumps(ITEMS[0])}, [2], null, 1e5]'))
    assert [row["row"] for row in rows] == [2]
    assert [(one.row, one.reason) for one in rejects] == [(n, "not a JSON object") for n in (0, 1, 3, 4, 5)]
    with pytest.raises(ConfigError, match="there is no row in it"):
        rows_of(written(tmp_path, "empty.json", "[]"))
    with pytest.raises(ConfigError, match="UTF-16"):
        list(elements(written(tmp_path, "wide.json", "[]".encode("utf-16"))))
    deep, rejects = rows_of(written(tmp_path, "deep.json", f'[{json.dumps(ITEMS[0])},\n{{"a":{"[" * 100_000}]'))
    assert (len(deep), len(rejects)) == (1, 1)


def test_a_damaged_member_costs_the_elements_in_it(tmp_path: Path) -> None:
    parts = [SPELLED["an item a line"][n : n + 150].encode() for n in range(0, 5000, 150)]
    packed = [gzip.compress(part) for part in parts if part]
    packed[1] = packed[1][:20] + b"\xff\xff\xff" + packed[1][23:]
    rows, rejects = rows_of(written(tmp_path, "items.json.gz", b"".join(packed)))
    assert [row["url"] for row in rows][-2:] == URLS[-2:]
    assert len(rejects) >= 1
    assert len(rows) + len(rejects) <= 5


def test_an_element_that_is_too_long_costs_itself_and_little_memory(tmp_path: Path, monkeypatch: Any) -> None:
    from crawlgate.audit.readers import json_array

    monkeypatch.setattr(json_array, "MAX_LINE", 1 << 20)
    path = tmp_path / "items.json"
    with path.open("wb") as file:
        file.write(b"[\n" + json.dumps(ITEMS[0]).encode() + b",\n")
        file.write(b'{"url": "https://a.example/long", "text": "')
        for _ in range(40):
            file.write(b"x" * (1 << 20))
        file.write(b'"},\n' + json.dumps(ITEMS[1]).encode() + b"\n]")
    tracemalloc.start()
    rows, rejects = rows_of(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [row["url"] for row in rows] == URLS[:2]
    assert [one.reason for one in rejects] == [f"the element is longer than {1 << 20} bytes"]
    assert peak < 24 << 20
    assert lines.MAX_LINE == 16 << 20


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(JSON, max_size=8),
    st.sampled_from([None, 1, "\t"]),
    st.booleans(),
    st.integers(1, 40),
)  # fmt: skip
def test_elements_are_those_of_the_whole_array_wherever_pieces_end(
    tmp_path: Path, values: list[Any], indent: Any, ascii_only: bool, size: int
) -> None:
    from crawlgate.audit.readers.json_array import _Scanner

    data = json.dumps(values, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    scanner = _Scanner(tmp_path)
    found = []
    for start in range(0, len(data), size):
        scanner._wanted = 0
        found += list(scanner.take(data[start : start + size]))
    found += list(scanner.rest())
    assert [json.loads(one.value) for one in found] == values
    assert all(data[one.offset : one.end] == one.value for one in found)
