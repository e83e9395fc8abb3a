"""A publisher and a collector for tests: a feed in a folder, served over HTTP from this machine, and a home."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from crawlgate.blocklist.collect import Update, subscribe, update
from crawlgate.blocklist.folder import FeedFolder
from crawlgate.blocklist.publish import Signed, begin, publish, sign_version
from crawlgate.blocklist.source import FolderSource, Source, WebSource
from crawlgate.blocklist.subscription import Subscription
from crawlgate.evidence.address import AddressPolicy
from crawlgate.evidence.download import Downloader
from crawlgate.limits import DEFAULT_LIMITS, Limits
from crawlgate.model import IssuerKind
from crawlgate.signed_note import SigningKey
from tests.webserver import Answer, Request, WebServer

DAY = timedelta(days=1)
START = datetime(2026, 7, 20, tzinfo=UTC)
ORIGIN, NAME = "rights.example/list", "rights.example-list"
ONE, TWO, THREE, SAFE = (SigningKey(f"rights.example/{n}", bytes([n] * 32)) for n in (1, 2, 3, 9))
QUICK: Limits = DEFAULT_LIMITS


def entry(name: str, **fields: Any) -> dict[str, Any]:
    """An entry that names `<name>.example`, listed before anything else happens."""
    table = {"id": name, "scope": "registrable_domain", "value": f"{name}.example", "listed_at": "2026-07-01"}
    return {**table, **fields}


class Publisher:
    """A feed that one key signs, in a folder of its own and on a web root."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.draft, self.web = FeedFolder(folder / "draft"), FeedFolder(folder / "web")
        begin(self.draft, ORIGIN, [ONE], now=START, **options)

    def put(self, *entries: Mapping[str, Any], now: datetime = START, days: int = 30, **options: Any) -> Signed:
        """Sign and publish the next version."""
        signers = options.pop("signers", [ONE])
        done = sign_version(self.draft, entries or None, signers, now=now, valid=days * DAY, **options)
        publish(self.draft, self.web)
        return done

    def state(self) -> dict[str, bytes]:
        """Every file on the web root."""
        return {str(p.relative_to(self.web.path)): p.read_bytes() for p in self.web.path.rglob("*") if p.is_file()}

    def restore(self, state: Mapping[str, bytes]) -> None:
        """Put files back, as an attacker who holds the web server can."""
        for name, data in state.items():
            (self.web.path / name).write_bytes(data)


@dataclass
class Collector:
    """A home's lists, and what was written to its ledger."""

    lists: Path
    source: Source
    records: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def record(self, kind: str, table: Mapping[str, Any]) -> str:
        self.records.append((kind, dict(table)))
        return f"segment:{len(self.records)}"

    @property
    def events(self) -> list[str]:
        return [table["event"] for _, table in self.records]

    def add(self, now: datetime = START, keys: tuple[SigningKey, ...] = (ONE,), **options: Any) -> Update:
        return subscribe(
            self.lists,
            self.source,
            "the web",
            keys=tuple(key.verifier for key in keys),
            now=now,
            record=self.record,
            limits=options.pop("limits", DEFAULT_LIMITS),
            issuer_kind=IssuerKind.RIGHTS_HOLDER,
            vouched_by=options.pop("vouched_by", "A. Reviewer"),
            **options,
        )

    def update(self, now: datetime = START, limits: Limits = DEFAULT_LIMITS, **options: Any) -> Update:
        return update(self.lists, NAME, self.source, now=now, record=self.record, limits=limits, **options)

    @property
    def subscription(self) -> Subscription:
        return Subscription(self.lists, NAME)


def local(publisher: Publisher, home: Path) -> Collector:
    """A collector that reads the publisher's web root as a folder."""
    return Collector(home / "lists", FolderSource(publisher.web.path))


def served(folder: Path, tamper: Callable[[Request, Answer], Answer] | None = None) -> Callable[[Request], Answer]:
    """A handler of static files with ETags; `tamper` stands between them and the reader."""

    def answer(request: Request) -> Answer:
        place = folder / request.target.removeprefix("/feed/")
        if not place.is_file():
            found = Answer("not here", status=404)
        else:
            data = place.read_bytes()
            tag = f'"{hash(data)}"'
            same = request.headers.get("if-none-match") == tag
            found = Answer(
                b"" if same else data, status=304 if same else 200, headers=(("ETag", tag),), content_type=""
            )
        return found if tamper is None else tamper(request, found)

    return answer


def over_http(web: WebServer, limits: Limits = QUICK) -> WebSource:
    """The feed below /feed/ of a test web, reached as any feed is: a pinned connection, loopback allowed."""
    downloader = Downloader("ExampleBot/1.0", policy=AddressPolicy(["127.0.0.0/8"]), limits=limits)
    return WebSource(f"http://127.0.0.1:{web.port}/feed/", downloader, limits)
