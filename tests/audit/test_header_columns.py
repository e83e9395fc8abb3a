"""Headers in a column: read as a response's are, however they are written; what says nothing shares one answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crawlgate import Declaration
from crawlgate.model import Evidence, EvidenceKind

pa = pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from crawlgate.audit.book import EvidenceBook  # noqa: E402
from crawlgate.audit.tables import TableJudge  # noqa: E402

AT = datetime(2024, 5, 1, tzinfo=UTC)
DECLARED = Declaration(
    operator="Example Lab",
    token="ExampleBot",
    token_published=True,
    purposes=["pretraining"],
    user_agent="ExampleBot/1.0",
)
NOAI = {"Date": "Wed, 01 May 2024 10:00:00 GMT", "X-Robots-Tag": "noai", "Content-Type": "text/html"}
QUIET = {"Date": "Wed, 01 May 2024 10:00:01 GMT", "Content-Type": "text/html"}
PAIRS = pa.list_(pa.struct([("name", pa.string()), ("value", pa.string())]))
FORMS: dict[str, Any] = {
    "json": lambda rows: pa.array([None if row is None else json.dumps(row) for row in rows]),
    "json pairs": lambda rows: pa.array([None if row is None else json.dumps(list(row.items())) for row in rows]),
    "lines": lambda rows: pa.array([row and "".join(f"{n}: {v}\r\n" for n, v in row.items()) for row in rows]),
    "bytes": lambda rows: pa.array([row and "".join(f"{n}: {v}\n" for n, v in row.items()).encode() for row in rows]),
    "map": lambda rows: pa.array([row and list(row.items()) for row in rows], pa.map_(pa.string(), pa.string())),
    "struct": lambda rows: pa.array(rows, pa.struct([(name, pa.string()) for name in NOAI])),
    "objects": lambda rows: pa.array(
        [row and [{"name": n, "value": v} for n, v in row.items()] for row in rows], PAIRS
    ),
}


def judged(headers: Any, statuses: list[int]) -> list[tuple[dict[str, str], dict[str, str]]]:
    """Findings, and what was not assessed, of each row."""
    evidence = Evidence(
        id="r",
        kind=EvidenceKind.ROBOTS,
        url="https://a.example/robots.txt",
        final_url="https://a.example/robots.txt",
        fetched_at=AT,
        status=404,
        sha256="",
    )
    judge = TableJudge(DECLARED, evidence=EvidenceBook([evidence]))
    table = pa.table(
        {
            "url": [f"https://a.example/{n}" for n in range(len(statuses))],
            "time": [AT + timedelta(hours=1)] * len(statuses),
            "status": pa.array(statuses, pa.int32()),
            "headers": headers,
        }
    )
    found, refused = judge.judge(table)
    assert not refused
    classes = [judge.classes[code] for code in found.classes.tolist()]
    return [({f.criterion: str(f.outcome) for f in one.findings}, dict(one.not_assessed)) for one in classes]


@pytest.mark.parametrize("form", FORMS)
def test_headers_are_read_however_they_are_written(form: str) -> None:
    rows = judged(FORMS[form]([NOAI, QUIET, None, QUIET]), [200, 200, 200, 403])
    assert [findings["B2"] for findings, _ in rows] == ["indicated", "not_met", "not_met", "met"]
    without = "not_assessed.log_without_headers"
    assert [without in unseen.values() for _, unseen in rows] == [False, False, True, False]
    assert rows[1][1] == {name: why for name, why in rows[2][1].items() if why != without}


def test_what_is_no_header_is_as_if_there_were_none() -> None:
    rows = judged(pa.array(["{half", "[1, 2]", "", "no colon", '{"a": null}']), [200] * 5)
    assert len({str(row) for row in rows}) == 1
    assert "not_assessed.log_without_headers" in rows[0][1].values()


def test_an_attempt_without_an_answer_has_no_headers() -> None:
    (row,) = judged(FORMS["json"]([NOAI]), [0])
    assert row[0].get("B2") == "not_met"
