"""A fetch that led to a listed site counts, whatever its own host is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawlgate import Declaration
from crawlgate.blocklist.match import NoticeIndex
from crawlgate.domains import Suffixes
from crawlgate.model import Notice

pa = pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from crawlgate.audit.tables import Columns, TableJudge  # noqa: E402

AT = datetime(2024, 5, 1, tzinfo=UTC)
DECLARED = Declaration(
    operator="Example Lab",
    token="ExampleBot",
    token_published=True,
    purposes=["pretraining"],
    user_agent="ExampleBot/1.0",
)
LISTED = Notice(
    id="n1",
    issuer="Publishers",
    scope="host",
    value="pirate.example",
    issuer_verified=True,
    listed_at=AT,
    received_at=AT,
    effective_at=AT,
)
ROWS = [
    ("https://a.example/1", 301, "https://pirate.example/x", "C2"),  # led there, and was not followed
    ("https://a.example/2", 200, "https://pirate.example/x", "C1"),  # the content came from there
    ("https://a.example/3", 301, "//pirate.example/x", "C2"),
    ("https://a.example/4", 301, "/elsewhere", None),
    ("https://a.example/5", 301, "https://b.example/", None),
    ("https://a.example/6", 200, None, None),
    ("https://pirate.example/7", 301, "https://pirate.example/8", "C1"),
    ("https://a.example/8", 302, "https://u:p@pirate.example/", "C2"),
    ("no url", 302, "https://pirate.example/", None),
]


def test_redirects_to_listed_sites_are_findings() -> None:
    table = pa.table(
        {
            "url": [url for url, *_ in ROWS],
            "fetch_status": [status for _, status, *_ in ROWS],
            "fetch_redirect": [to for *_, to, _ in ROWS],
            "time": [AT + timedelta(days=1)] * len(ROWS),
        }
    )
    assert Columns.find(table.column_names).redirect == "fetch_redirect"
    judge = TableJudge(DECLARED, notices=NoticeIndex([LISTED], Suffixes()))
    judged, _ = judge.judge(table)
    found = []
    for code in judged.classes.tolist():
        said = {f.criterion: str(f.outcome) for f in judge.classes[code].findings} if code >= 0 else {}
        found.append(next((name for name in ("C1", "C2") if said.get(name) in ("met", "indicated")), None))
    assert found == [expected for *_, expected in ROWS]
    without = judge.judge(table, Columns("url", "time", "fetch_status"))[0]
    assert judge.classes[without.classes[0]] != judge.classes[judged.classes[0]]
