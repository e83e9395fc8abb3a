"""W3C TDMRep: the well-known file, the headers, the meta tags, and which of them is in force."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate.headers import Headers
from crawlgate.model import Lint, Polarity, Purpose, Scope, Signal, Strength
from crawlgate.signals import page_head, tdmrep
from tests.effort import assert_linear

RESERVED, PERMITTED, UNSPECIFIED = Polarity.RESERVED, Polarity.PERMITTED, Polarity.UNSPECIFIED


def body(*entries: object) -> bytes:
    return json.dumps(list(entries)).encode()


def at(data: bytes, target: str) -> Polarity | None:
    found = tdmrep.parse_file(data)
    signals = found.signals(found.match(target))
    return signals[0].polarity if signals else None


def lint(data: bytes) -> set[str]:
    return {item.code for item in tdmrep.parse_file(data).lint}


def in_meta(markup: str) -> tuple[tuple[Signal, ...], set[str]]:
    notes: list[Lint] = []
    signals = tdmrep.meta(page_head.scan(markup.encode()), evidence="page-1", lint=notes)
    return signals, {item.code for item in notes}


def in_header(*lines: tuple[str, str]) -> tuple[tuple[Signal, ...], set[str]]:
    notes: list[Lint] = []
    signals = tdmrep.header(Headers(lines), evidence="answer-1", lint=notes)
    return signals, {item.code for item in notes}


@pytest.mark.parametrize(
    ("target", "expected"),
    [("/free/1", PERMITTED), ("/a", RESERVED), ("/free", RESERVED), ("/a/b.jpg", RESERVED)],
)
def test_the_first_match_in_sequence_decides(target: str, expected: Polarity) -> None:
    data = body({"location": "/free/", "tdm-reservation": 0}, {"location": "/", "tdm-reservation": 1})
    assert at(data, target) is expected
    assert lint(data) == set()


def test_a_broad_rule_in_front_hides_a_narrow_one() -> None:
    data = body({"location": "/", "tdm-reservation": 1}, {"location": "/free/", "tdm-reservation": 0})
    assert at(data, "/free/1") is RESERVED


@pytest.mark.parametrize(
    ("location", "target", "matches"),
    [
        ("/*.jpg$", "/i/a.jpg", True),
        ("/*.jpg$", "/i/a.jpg?x", False),
        ("*", "/any", True),
        ("/Dir", "/dir", False),
        ("/%7Ea", "/~a", True),
        ("/a#b", "/a", False),
        ("/a\nAllow: /", "/a", False),
    ],
)
def test_a_location_is_a_pattern_of_robots(location: str, target: str, matches: bool) -> None:
    assert (at(body({"location": location, "tdm-reservation": 1}), target) is RESERVED) is matches


def test_a_rule_names_its_policy_and_its_path() -> None:
    found = tdmrep.parse_file(
        body({"location": "/a/", "tdm-reservation": 1, "tdm-policy": "https://p.example/x.json"}), evidence="tdm-1"
    )
    (signal,) = found.all_signals()
    assert (signal.kind, signal.purpose, signal.polarity) == ("tdmrep.file", Purpose.TDM, RESERVED)
    assert (signal.strength, signal.scope, signal.evidence) == (Strength.PREFERENCE, Scope.PATH, "tdm-1")
    assert signal.detail == {"path": "/a/", "policy": "https://p.example/x.json"}
    assert found.signals(found.match("/a/1"))[0] is signal
    assert found.signals(found.match("/b")) == ()


def test_a_policy_beside_a_zero_is_ignored() -> None:
    found = tdmrep.parse_file(body({"location": "/", "tdm-reservation": 0, "tdm-policy": "https://p.example/"}))
    assert found.all_signals()[0].detail == {"path": "/"}
    assert found.lint == ()


@pytest.mark.parametrize(
    ("value", "code", "expected"),
    [
        ("1", "string_value", RESERVED),
        (True, "malformed_reservation", None),
        ("yes", "malformed_reservation", None),
        (False, "bad_value", None),
        ("0", "bad_value", None),
        (2, "bad_value", None),
        (None, "bad_value", None),
        ([1], "bad_value", None),
        (10**40, "bad_value", None),
    ],
)
def test_any_value_but_one_and_zero_is_an_error(value: object, code: str, expected: Polarity | None) -> None:
    data = body({"location": "/", "tdm-reservation": value})
    assert at(data, "/") is expected
    assert code in lint(data)


def test_an_entry_in_error_does_not_hide_the_next_one() -> None:
    data = body({"location": "/", "tdm-reservation": "no"}, {"location": "/", "tdm-reservation": 1})
    assert at(data, "/a") is RESERVED


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"location":"/","tdm-reservation":1}', "not_array"),
        (b'"/"', "not_array"),
        (b"1", "not_array"),
        (b"", "not_json"),
        (b'{"location":"/","tdm-reservation":1}]', "not_json"),
        (b'[{"location":"/","tdm-reservation":1},]', "not_json"),
        (b'[{"location":"/","tdm-reservation":NaN}]', "not_json"),
        (b'[{"location":"/","tdm-reservation":1' + b"0" * 9000 + b"}]", "not_json"),
        (b"\xff\xfe[", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"[" * 100_000 + b"]" * 100_000, "not_json"),
        (b'[{"location":' * 30_000, "not_json"),
        (b"<!doctype html><title>Not found</title>", "html_not_tdmrep"),
        (b"\n <html>", "html_not_tdmrep"),
        (b"[1, null, []]", "not_object"),
        (b'[{"tdm-reservation":1}]', "missing_location"),
        (b'[{"location":"","tdm-reservation":1}]', "missing_location"),
        (b'[{"location":["/"],"tdm-reservation":1}]', "missing_location"),
        (b'[{"location":"https://a.example/","tdm-reservation":1}]', "bad_location"),
        (b'[{"location":"/"}]', "bad_value"),
        (b'[{"location":"/","tdm-reservation":0,"tdm-reservation":1}]', "duplicate_key"),
        (b'[{"location":"/","tdm-reservation":1,"tdm-reservation":true}]', "duplicate_key"),
        (b"[" + b" " * 600_000 + b"]", "too_long"),
    ],
)
def test_a_malformed_file_reserves_nothing_and_says_why(data: bytes, code: str) -> None:
    assert at(data, "/a") is None
    assert code in lint(data)


def test_nesting_that_json_reads_is_survived() -> None:
    deep = b"[" * 900 + b"]" * 900
    data = b'[{"x":' + deep + b',"x":' + deep + b',"location":"/","tdm-reservation":1}]'
    assert at(data, "/a") in (RESERVED, None)


@pytest.mark.parametrize("extra", [b'"location":"/"', b'"note":1,"note":2', b'"tdm-reservation":1'])
def test_repetition_that_changes_nothing_is_read(extra: bytes) -> None:
    assert at(b'[{"location":"/","tdm-reservation":1,' + extra + b"}]", "/a") is RESERVED


def test_a_byte_order_mark_is_passed_over() -> None:
    assert at(b"\xef\xbb\xbf" + body({"location": "/", "tdm-reservation": 1}), "/a") is RESERVED


def test_a_policy_that_is_no_text_is_left_out() -> None:
    data = body({"location": "/", "tdm-reservation": 1, "tdm-policy": 5})
    assert (at(data, "/a"), lint(data)) == (RESERVED, {"bad_policy"})


@pytest.mark.parametrize(
    ("lines", "expected", "codes"),
    [
        ([("TDM-Reservation", "1")], RESERVED, set()),
        ([("tdm-reservation", "0")], PERMITTED, set()),
        ([("tdm-reservation", "1"), ("tdm-reservation", "1")], RESERVED, set()),
        ([("tdm-reservation", "1, 0")], RESERVED, {"conflicting_values"}),
        ([("tdm-reservation", "0"), ("tdm-reservation", "1")], RESERVED, {"conflicting_values"}),
        ([("TDM-Reservation", "yes")], None, {"malformed_reservation"}),
        ([("TDM-Reservation", "true")], None, {"malformed_reservation"}),
        ([("TDM-Reservation", '"1"')], None, {"malformed_reservation"}),
        ([("TDM-Reservation", "")], None, {"bad_value"}),
        ([("TDM-Reservation", "2")], None, {"bad_value"}),
        ([("tdm-policy", "https://p.example/")], UNSPECIFIED, set()),
        ([], None, set()),
    ],
)
def test_the_header(lines: list[tuple[str, str]], expected: Polarity | None, codes: set[str]) -> None:
    signals, found = in_header(*lines)
    assert ([s.polarity for s in signals] or [None]) == [expected]
    assert found == codes


def test_the_header_is_about_the_response() -> None:
    (signal,), _ = in_header(("TDM-Reservation", "1"), ("TDM-Policy", "https://p.example/x"))
    assert (signal.kind, signal.scope, signal.name) == ("tdmrep.header", Scope.RESPONSE, "tdm-reservation")
    assert (signal.detail, signal.evidence) == ({"policy": "https://p.example/x"}, "answer-1")


@pytest.mark.parametrize(
    ("markup", "expected", "codes"),
    [
        ("<meta name='tdm-reservation' content='1'>", RESERVED, set()),
        ("<META CONTENT=0 NAME=TDM-Reservation>", PERMITTED, set()),
        ("<meta name='tdm-reservation' content='yes'>", None, {"malformed_reservation"}),
        ("<meta name='tdm-reservation'>", None, {"bad_value"}),
        ("<body><meta name='tdm-reservation' content='1'>", RESERVED, {"meta_in_body"}),
        ("<body><meta name='tdm-reservation' content='0'>", None, {"meta_in_body"}),
        ("<!-- <meta name='tdm-reservation' content='1'> -->", None, set()),
        (
            "<meta name='tdm-reservation' content='0'><meta name='tdm-reservation' content='1'>",
            RESERVED,
            {"conflicting_values"},
        ),
    ],
)
def test_the_meta_tag(markup: str, expected: Polarity | None, codes: set[str]) -> None:
    signals, found = in_meta(markup)
    assert ([s.polarity for s in signals] or [None]) == [expected]
    assert found == codes


def test_the_meta_tag_tells_its_place_and_its_policy() -> None:
    markup = "<title>x</title><meta name='tdm-reservation' content='1'><meta name='tdm-policy' content='https://p/x'>"
    (signal,), _ = in_meta(markup)
    assert signal.span is not None
    assert markup[slice(*signal.span)] == "<meta name='tdm-reservation' content='1'>"
    assert (signal.detail, signal.name) == ({"policy": "https://p/x"}, "tdm-reservation")


@pytest.mark.parametrize(
    ("file", "header", "meta", "expected"),
    [
        (1, None, None, "tdmrep.file"),
        (1, 0, None, "tdmrep.header"),
        (0, 1, None, "tdmrep.header"),
        (1, 0, 1, "tdmrep.meta"),
        (1, None, 0, "tdmrep.meta"),
        (None, None, None, None),
    ],
)
def test_a_later_carrier_supersedes_and_absence_never_resets(
    file: int | None, header: int | None, meta: int | None, expected: str | None
) -> None:
    entries = [] if file is None else [{"location": "/", "tdm-reservation": file}]
    from_file = tdmrep.parse_file(body(*entries)).all_signals()
    from_header, _ = in_header(*([] if header is None else [("tdm-reservation", str(header))]))
    from_meta, _ = in_meta("" if meta is None else f"<meta name=tdm-reservation content={meta}>")
    combined = tdmrep.combine(from_file, from_header, from_meta)
    assert [s.kind for s in combined] == ([] if expected is None else [expected])


def test_a_header_in_error_does_not_supersede_the_file() -> None:
    from_file = tdmrep.parse_file(body({"location": "/", "tdm-reservation": 1})).all_signals()
    from_header, _ = in_header(("tdm-reservation", "no"))
    assert tdmrep.combine(from_file, from_header, ()) == from_file


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["/", "*", "1"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["location", "tdm-reservation", "tdm-policy", "x"]),
            inner,
        )
    ),
    max_leaves=12,
)


@given(_JSON, st.text())
def test_no_document_raises(document: object, target: str) -> None:
    found = tdmrep.parse_file(json.dumps(document).encode())
    assert len(found.signals(found.match("/" + target))) <= 1


@given(st.binary() | st.text(alphabet='[]{}:,"/1 \\u00d8').map(str.encode))
def test_no_bytes_raise(data: bytes) -> None:
    tdmrep.parse_file(data).match("/a")


@given(st.text())
def test_no_value_raises(value: str) -> None:
    in_header(("tdm-reservation", value), ("tdm-policy", value))


def test_time_grows_with_length_only() -> None:
    entry = b'{"location":"/a*b","tdm-reservation":1,"tdm-reservation":1},'
    assert_linear(lambda count: b"[" + entry * count + b"null]", tdmrep.parse_file, 2_000)
