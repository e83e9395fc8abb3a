"""A home, evidence and rows for audits in tests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from crawlgate import Declaration, Notice
from crawlgate.audit.book import EvidenceBook
from crawlgate.audit.output.course import Watch
from crawlgate.audit.output.known import known_until
from crawlgate.audit.readers import Told
from crawlgate.audit.run import Audit, Done, Knowledge
from crawlgate.audit.tables import TableJudge
from crawlgate.blocklist.match import NoticeIndex
from crawlgate.domains import Suffixes
from crawlgate.model import Evidence, EvidenceKind, Override
from crawlgate.policy.overrides import Overrides

START = datetime(2024, 5, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DECLARED = Declaration(
    operator="Example Lab",
    token="ExampleBot",
    user_agent="ExampleBot/1.0",
    token_published=True,
    purposes=["pretraining"],
)
OPEN = "User-agent: *\nAllow: /\n"
CLOSED = "User-agent: *\nDisallow: /\n"


def robots(host: str, days: float, body: str) -> Evidence:
    """A robots.txt received so many days after the start."""
    url = f"https://{host}/robots.txt"
    digest = hashlib.sha256(body.encode()).hexdigest()
    return Evidence(
        id=f"robots:{digest[:16]}",
        kind=EvidenceKind.ROBOTS,
        url=url,
        final_url=url,
        fetched_at=START + days * DAY,
        status=200,
        body=body.encode(),
        sha256=digest,
    )


def notice(value: str, days: float, **fields: Any) -> Notice:
    """A notice of a checked issuer, received and loaded so many days after the start."""
    at = START + days * DAY
    usual: dict[str, Any] = {
        "id": f"n-{value}",
        "issuer": "Press Association",
        "issuer_verified": True,
        "vouched_by": "A. Reviewer",
        "scope": "host",
        "value": value,
        "received_at": at,
        "effective_at": at,
        "source": "press version 1",
    }
    return Notice(**usual | fields)


class Scene:
    """Rows and what is on record of them; `audit` runs it and `removals` reads the list."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.evidence: list[Evidence] = []
        self.notices: list[Notice] = []
        self.people: list[Override] = []
        self.rows: list[dict[str, Any]] = []
        self.watch: Watch | None = None

    def row(self, url: str, days: float, **fields: Any) -> None:
        """A row of the dataset, fetched so many days after the start."""
        self.rows.append({"url": url, "time": START + days * DAY, **fields})

    def write(self, name: str = "data.parquet", rows: Iterable[dict[str, Any]] | None = None) -> Path:
        """The rows as a file."""
        path = self.folder / name
        pq.write_table(pa.Table.from_pylist(list(self.rows if rows is None else rows)), path)
        return path

    def audit(
        self,
        paths: Sequence[Path] | None = None,
        *,
        profile: str = "standard",
        as_of: datetime | None = None,
        now: datetime = START + 1000 * DAY,
        resume: bool = False,
        batch: int = 1_000_000,
    ) -> Done:
        """Audit files, or the rows as one."""
        book, people = EvidenceBook(self.evidence), Overrides(self.people)
        index = NoticeIndex(self.notices, Suffixes()) if self.notices else None
        judge = TableJudge(DECLARED, profile=profile, evidence=book, notices=index, people=people, as_of=as_of, now=now)
        knowledge = Knowledge(known_until(now, book, index, people, DECLARED))
        told = Told(DECLARED.token, batch=batch)
        run = Audit(judge, self.folder / "out", told, knowledge=knowledge, watch=self.watch)
        return run.run(list(paths) if paths is not None else [self.write()], [], [], resume=resume)

    def decisions(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = pq.read_table(self.folder / "out" / "decisions.parquet").to_pylist()
        return found

    def removals(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = pq.read_table(self.folder / "out" / "removals.parquet").to_pylist()
        return found

    def said(self) -> list[tuple[str, str, str, str | None, str]]:
        """Path, cause, effect, what was known, and criteria of each row that is out."""
        return [
            (r["url"].partition("//")[2], r["cause"], r["effect"], r["known"], r["criteria"]) for r in self.removals()
        ]


def filled(folder: Path, rows: int) -> Scene:
    """A scene with rows in several files of several kinds, with rejects, removals and many hosts."""
    folder.mkdir(parents=True, exist_ok=True)
    scene = Scene(folder)
    hosts = [f"h{n}.example" for n in range(60)]
    for n, host in enumerate(hosts):
        scene.evidence += [robots(host, 0, (OPEN, CLOSED, "User-agent: *\nDisallow: /x\n")[n % 3])]
        scene.evidence += [robots(host, 2, (OPEN, CLOSED)[n % 2])]
    scene.notices = [notice(host, 1.5) for host in hosts[::7]]
    for n in range(rows):
        url = f"https://{hosts[n * n % 59]}/{'x' if n % 5 else 'y'}/{n}"
        if n % 97 == 0:
            url = "no url"
        scene.row(url, 0.1 + n % 40 / 20)
    third = rows // 3
    scene.write("data-1.parquet", scene.rows[:third])
    lines = [f"{row['url']},{row['time'].isoformat()}\n" for row in scene.rows[third : 2 * third]]
    (folder / "data-2.csv").write_text("url,time\n" + "".join(lines), "utf-8")
    scene.write("data-3.parquet", scene.rows[2 * third :])
    return scene


def outputs(scene: Scene) -> dict[str, bytes]:
    """Every finished output by name."""
    return {file.name: file.read_bytes() for file in sorted((scene.folder / "out").iterdir())}
