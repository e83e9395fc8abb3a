"""Pages of a few sites with what was on record of their robots.txt: the rows that every pipeline is tested with."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from crawlgate import Declaration, Evidence
from crawlgate.audit.book import EvidenceBook
from crawlgate.batch import TableGate
from crawlgate.model import EvidenceKind, Notice

AT = datetime(2024, 5, 1, 12, tzinfo=UTC)
DECLARED = Declaration(
    operator="Example Lab",
    token="ExampleBot",
    user_agent="ExampleBot/1.0",
    token_published=True,
    purposes=["pretraining"],
)
LISTED = Notice(
    id="n1",
    issuer="Example Publishers",
    issuer_verified=True,
    vouched_by="A Person",
    scope="registrable_domain",
    value="pirate.example",
    received_at=datetime(2024, 1, 1, tzinfo=UTC),
    effective_at=datetime(2024, 1, 1, tzinfo=UTC),
)


def robots(host: str, text: str, status: int = 200, at: datetime = AT) -> Evidence:
    url = f"https://{host}/robots.txt"
    body = text.encode()
    return Evidence(
        id=f"robots:{host}",
        kind=EvidenceKind.ROBOTS,
        url=url,
        final_url=url,
        fetched_at=at,
        status=status,
        body=body,
        sha256=hashlib.sha256(body).hexdigest(),
    )


def book() -> EvidenceBook:
    closed = "User-agent: *\nDisallow: /x\n"
    return EvidenceBook(
        [robots("open.example", "", 404), robots("closed.example", closed), robots("pirate.example", "")]
    )


def gate(**options: Any) -> TableGate:
    return TableGate(DECLARED, **{"evidence": book(), "notices": [LISTED], **options})


ROWS: list[dict[str, Any]] = [
    {"id": 1, "url": "https://open.example/", "time": "2024-05-01T13:00:00Z", "text": "one"},
    {"id": 2, "url": "https://closed.example/x/1", "time": "2024-05-01T13:00:00Z", "text": "two"},
    {"id": 3, "url": "https://closed.example/y", "time": "2024-05-01T13:00:00Z", "text": "three"},
    {"id": 4, "url": "https://img.pirate.example/1", "time": "2024-05-01T13:00:00Z", "text": "four"},
    {"id": 5, "url": "https://unseen.example/", "time": "2024-05-01T13:00:00Z", "text": "five"},
    {"id": 6, "url": "nothing", "time": "2024-05-01T13:00:00Z", "text": "six"},
    {"id": 7, "url": None, "time": "2024-05-01T13:00:00Z", "text": "seven"},
    {"id": 8, "url": "https://open.example/late", "time": None, "text": "eight"},
]
VERDICTS = ["allow", "deny", "allow", "deny", "review", None, None, None]
KEPT = [1, 3]
DROPPED = {"B2": 2, "C1": 1, "not_judged: no_scheme": 1, "not_judged: no_time": 1, "not_judged: null": 1}
"""What each pipeline tells at its end of one passage of the rows."""

COLUMNS: dict[str, list[Any]] = {name: [row[name] for row in ROWS] for name in ROWS[0]}
