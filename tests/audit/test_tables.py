"""Tables in, tables out: columns found or named, times of every kind, answers beside the rows, nothing lost."""

from __future__ import annotations

from array import array
from datetime import UTC, datetime

import pytest

from crawlgate import ConfigError, Declaration, TableGate, judge_table
from crawlgate.model import Evidence, EvidenceKind, Outcome

pa = pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from crawlgate.audit.book import EvidenceBook, micros  # noqa: E402
from crawlgate.audit.classes import unpack  # noqa: E402
from crawlgate.audit.tables import Columns, TableJudge  # noqa: E402
from crawlgate.audit.times import read_times  # noqa: E402

AT = datetime(2024, 5, 1, 12, tzinfo=UTC)
DECLARED = Declaration(
    operator="Example Lab",
    token="ExampleBot",
    user_agent="ExampleBot/1.0",
    token_published=True,
    purposes=["pretraining"],
)


def robots(host: str, body: str, status: int = 200) -> Evidence:
    url = f"https://{host}/robots.txt"
    return Evidence(
        id=f"robots:{host}",
        kind=EvidenceKind.ROBOTS,
        url=url,
        final_url=url,
        fetched_at=AT,
        status=status,
        body=body.encode(),
        sha256=body,
    )


BOOK = EvidenceBook([robots("open.example", "", 404), robots("closed.example", "User-agent: *\nDisallow: /x\n")])
TABLE = pa.table(
    {
        "id": [1, 2, 3, 4, 5],
        "URL": ["https://open.example/", "https://closed.example/x/1", "https://closed.example/y", "nothing", None],
        "timestamp": [
            "2024-05-01T13:00:00Z",
            "20240501130000",
            "2024-05-01T22:00:00+09:00",
            "2024-05-01T13:00:00Z",
            None,
        ],
    }
)


def test_answers_stand_beside_their_rows() -> None:
    judged = judge_table(TABLE, DECLARED, evidence=BOOK)
    assert judged.column_names[:3] == TABLE.column_names
    rows = judged.to_pylist()
    assert [row["verdict"] for row in rows] == ["allow", "deny", "allow", None, None]
    assert [row["problem"] for row in rows] == [None, None, None, "no_scheme", "no_time"]
    assert rows[1]["robots_line"] == 2
    assert "B2=met" in rows[1]["findings"]
    assert "B5=met" in rows[1]["findings"]  # it was taken all the same
    before = judge_table(TABLE, DECLARED, evidence=BOOK, stage="pre_fetch").to_pylist()
    assert "B5" not in before[1]["findings"]


@pytest.mark.parametrize("width", ["i", "q"])
def test_what_stands_below_a_null_is_no_url(width: str) -> None:
    text = b"https://open.example/https://open.example/"
    offsets = pa.py_buffer(array(width, [0, 21, 42]).tobytes())
    kind = pa.string() if width == "i" else pa.large_string()
    urls = pa.Array.from_buffers(kind, 2, [pa.py_buffer(b"\x01"), offsets, pa.py_buffer(text)])
    assert urls.to_pylist() == ["https://open.example/", None]
    judged = judge_table(pa.table({"url": urls}), DECLARED, evidence=BOOK, as_of=AT)
    assert judged["verdict"].to_pylist() == ["allow", None]
    assert judged["problem"].to_pylist() == [None, "null"]


def test_columns_of_the_same_name_are_left_alone() -> None:
    table = TABLE.append_column("verdict", pa.array(["mine"] * 5))
    judged = judge_table(table, DECLARED, evidence=BOOK)
    assert judged["verdict"].to_pylist() == ["mine"] * 5
    assert judged["crawlgate_verdict"].to_pylist()[0] == "allow"


def test_what_was_dropped_and_why() -> None:
    judge = TableJudge(DECLARED, evidence=BOOK)
    judge(TABLE)
    judge(TABLE.slice(1, 1))
    assert judge.dropped() == {"B2": 2, "not judged: no_scheme": 1, "not judged: no_time": 1}
    bases = judge.bases().to_pylist()
    assert sum(basis["rows"] for basis in bases) == 4
    assert {basis["verdict"] for basis in bases} == {"allow", "deny"}


def test_a_host_without_evidence_of_the_time_is_unknown_whatever_is_known_now() -> None:
    early = pa.table({"url": ["https://closed.example/y"], "time": ["2024-04-01T00:00:00Z"]})
    judged = judge_table(early, DECLARED, evidence=BOOK).to_pylist()[0]
    assert "B2=unknown" in judged["findings"]
    assert judged["verdict"] == "review"
    now = judge_table(early, DECLARED, evidence=BOOK, as_of=AT).to_pylist()[0]
    assert now["verdict"] == "allow"


def test_columns_are_found_or_named_or_told_missing() -> None:
    assert Columns.find(["a", "Target_URI", "WARC-Date"]) == Columns("Target_URI", "WARC-Date")
    placed = Columns.find(["url", "sha256", "warc_filename", "at"], offset="at")
    assert (placed.shard, placed.offset, placed.content_hash) == ("warc_filename", "at", "sha256")
    assert placed.names == ["url", "warc_filename", "at", "sha256"]
    with pytest.raises(ConfigError, match=r"no column of URLs was found among a, b; name it with url="):
        Columns.find(["a", "b"])
    with pytest.raises(
        ConfigError, match=r"no column 'adress' \(url\), did you mean 'address'\?; the table has address"
    ):
        Columns.find(["address"], url="adress")
    with pytest.raises(ConfigError, match=r"no column of times .* as_of="):
        judge_table(TABLE.select(["URL"]), DECLARED)
    with pytest.raises(ConfigError, match="has no zone"):
        TableJudge(DECLARED, as_of=datetime(2024, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array([AT], pa.timestamp("s", "UTC")), None),
        (pa.array([AT], pa.timestamp("ns", "Asia/Tokyo")), None),
        (pa.array([AT.replace(tzinfo=None)], pa.timestamp("us")), "no_zone"),
        (pa.array([int(AT.timestamp())]), None),
        (pa.array([AT.timestamp()]), None),
        (pa.array([int(AT.timestamp() * 1000)]), None),
        (pa.array([micros(AT)]), None),
        (pa.array([float("nan")]), "time_out_of_range"),
        (pa.array(["2024-05-01T12:00:00Z"]), None),
        (pa.array(["2024-05-01T21:00:00+09:00"]).dictionary_encode(), None),
        (pa.array(["20240501120000"]), None),
        (pa.array([20240501120000]), None),
        (pa.array([20240501120000.0]), None),
        (pa.array([20241301120000]), "time_out_of_range"),
        (pa.array([AT], pa.timestamp("us", "UTC")).dictionary_encode(), None),
        (pa.array([b"2024-05-01T12:00:00Z"]), None),
        (pa.array([b"\xff"]), "bad_time"),
        (pa.array([["2024-05-01T12:00:00Z"]]), "bad_time"),
        (pa.array([253402300800], pa.timestamp("s", "UTC")), "time_out_of_range"),
        (pa.array([2**62], pa.timestamp("s", "UTC")), "time_out_of_range"),
        (pa.array([-(2**62)], pa.timestamp("us", "UTC")), "time_out_of_range"),
        (pa.array(["20241301120000"]), "bad_time"),
        (pa.array(["2024-05-01T12:00:00"]), "no_zone"),
        (pa.array(["2024-05-01"]), "no_zone"),
        (pa.array(["yesterday"]), "bad_time"),
        (pa.array(["9999-12-31T23:59:59Z"]), "time_out_of_range"),
        (pa.array(["0001-01-01T00:00:00+09:00"]), "time_out_of_range"),
        (pa.array([2**62]), "time_out_of_range"),
        (pa.array([None], pa.string()), "no_time"),
        (pa.array([None], pa.int64()), "no_time"),
    ],
)
def test_times_of_every_kind(column: object, expected: str | None) -> None:
    read = read_times(column, latest=datetime(2026, 1, 1, tzinfo=UTC))
    if expected is None:
        assert read.refused == {}
        assert read.at.tolist() == [micros(AT)]
    else:
        assert read.refused[0][0] == expected


@pytest.mark.parametrize(
    "column",
    [
        pa.array([401, 200], pa.uint16()),
        pa.array([401, 200], pa.uint64()),
        pa.array([401.0, float("nan")]),
        pa.array(["401", "200"]).dictionary_encode(),
        pa.array(["401.0", "200.0"]),
        pa.array([" 401 ", ""]),
        pa.array(["401 Unauthorized", "HTTP/1.1 200 OK"]),
        pa.array(["HTTP/1.1 401 Unauthorized", None]),
        pa.array([b"401", b"200"]),
    ],
    ids=str,
)
def test_a_refusal_is_read_however_the_column_holds_it(column: object) -> None:
    """Unsigned numbers (polars), numbers with a point (a column with gaps, written by pandas), status lines."""
    rows = pa.table({"url": ["https://open.example/"] * 2, "time": [AT] * 2, "status": column})
    assert judge_table(rows, DECLARED, evidence=BOOK)["verdict"].to_pylist() == ["deny", "allow"]


@pytest.mark.parametrize("name", ["url", "time", "status", "user_agent", "proxy", "redirect", "headers"])
@pytest.mark.parametrize("value", [[["x"]], [{"a": "b"}], [b"\xff"], [True]], ids=["list", "struct", "bytes", "bool"])
def test_a_column_of_another_type_is_no_internal_error(name: str, value: list[object]) -> None:
    columns = {"url": ["https://open.example/"], "time": [AT], "status": [200]}
    judged = judge_table(pa.table({**columns, name: value}), DECLARED, evidence=BOOK)
    problems = {"url": "no_scheme", "time": "bad_time", "status": "bad_status"}
    found = judged["problem"].to_pylist()
    assert found == ["not_text" if name == "url" and value == [b"\xff"] else problems.get(name)]


def test_a_url_of_bytes_that_are_no_text_is_no_url() -> None:
    urls = pa.array([b"https://open.example/", b"https://open.example/\xff", None])
    judged = judge_table(pa.table({"url": urls, "time": [AT] * 3}), DECLARED, evidence=BOOK)
    assert judged["verdict"].to_pylist() == ["allow", None, None]
    assert judged["problem"].to_pylist() == [None, "not_text", "null"]


def test_columns_of_unequal_length_are_an_error_that_says_so() -> None:
    with pytest.raises(ConfigError, match="columns are not equally long: time 2, url 1"):
        judge_table({"url": ["https://open.example/"], "time": [AT, AT]}, DECLARED, evidence=BOOK)


def test_two_columns_of_one_name_are_told_apart_by_nobody() -> None:
    with pytest.raises(ConfigError, match="2 columns are called 'url'"):
        Columns.find(["url", "url", "time"])


def test_rows_of_one_table_are_not_compared_and_that_is_said() -> None:
    url, copy = "https://open.example/a", "https://web.archive.org/web/20240101000000/https://closed.example/x/1"
    rows = {
        "url": [url, url, copy],
        "time": [AT, AT, AT],
        "status": [403, 200, 200],
        "user_agent": ["ExampleBot/1.0", "Mozilla/5.0", "ExampleBot/1.0"],
    }
    judge = TableJudge(DECLARED, evidence=BOOK)
    table = judge(pa.table(rows))
    findings = [unpack(packed) for packed in table["criteria"].to_pylist()]
    assert [found.get("B5") for found in findings] == [None, None, Outcome.INDICATED]  # a copy shows by itself
    left = [dict(judge.classes[number].not_assessed) for number in table["basis"].to_pylist()]
    assert [one.get("B5") for one in left] == ["not_assessed.rows_not_compared"] * 2 + [None]
    assert {one["check.behaviour"] for one in left} == {"not_assessed.rows_not_compared"}
    gate = TableGate(DECLARED, evidence=BOOK)
    answers = gate.answers(pa.table(rows))["criteria"].to_pylist()
    assert [unpack(packed) for packed in answers] == findings
