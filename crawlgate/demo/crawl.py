"""The demo's crawl: a declaration, a licence, a list of rights holders, a gate, and an ordinary httpx client."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Unpack

import httpx
import orjson

from ..errors import ConfigError, Refused
from ..gate import Blocklist, Gate
from ..home import Home
from ..model import Decision, Declaration, Finding, Licence, Stage, Use, Verdict
from ..options import GateOptions, Manner
from ..permit import Permit
from .sites import NOTICES, SITES, TOKEN, Site
from .web import POLICY_FILES, DemoWeb, Hit

LIST_NAME = "demo-list"
"""The folder in the home that holds the demo's list of rights holders."""

_ISSUER = "Example Rights Holders Association"


@dataclass(frozen=True, slots=True)
class Visit:
    """One URL of the crawl. `decision` is the answer that settled it, which may be about a later hop.

    `status` and `size` are of the body that was handed out; None and 0 where the gate kept it back.
    """

    url: str
    decision: Decision
    status: int | None = None
    size: int = 0

    @property
    def redirected(self) -> bool:
        """True if the answer that settled it is about another URL, to which this one led."""
        return self.decision.url != self.url


@dataclass(frozen=True, slots=True)
class Example:
    """URLs settled by one kind of statement (`robots.disallow`, or a reason's key); `visit` is the first of them.

    URLs that a redirect led to it are kept apart.
    """

    kind: str
    count: int
    visit: Visit


@dataclass(frozen=True, slots=True)
class Row:
    """URLs settled by one outcome of one criterion, with an example of each kind of statement that said so.

    `finding` is that of the first example, None where nothing was found.
    """

    finding: Finding | None
    verdict: Verdict
    count: int
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlResult:
    """What the crawl did, from both sides: the gate's answers and the sites' own access logs.

    `decisions` are all answers to requests in order, `hits` and `connections` what each site saw. `not_sent`
    are the URLs, hops included, that were stopped before the fetch; `sent_anyway` those of them that a site's
    log holds all the same, which must be none.
    """

    home: Home
    visits: tuple[Visit, ...]
    decisions: tuple[Decision, ...]
    hits: Mapping[str, tuple[Hit, ...]]
    connections: Mapping[str, int]
    not_sent: tuple[str, ...]
    sent_anyway: tuple[str, ...]
    seconds: float

    @property
    def verdicts(self) -> Counter[Verdict]:
        """URLs by verdict."""
        return Counter(visit.decision.verdict for visit in self.visits)

    @property
    def temporary(self) -> int:
        """URLs denied for now only."""
        return sum(visit.decision.temporary for visit in self.visits)

    @property
    def redirected(self) -> int:
        """URLs denied because of a URL to which they led; the ledger has a deny for that one."""
        return sum(v.redirected and v.decision.verdict is Verdict.DENY for v in self.visits)

    @property
    def page_requests(self) -> int:
        """Requests for pages that the sites saw."""
        return sum(hit.target not in POLICY_FILES for hits in self.hits.values() for hit in hits)

    @property
    def policy_requests(self) -> int:
        """Requests for robots.txt and tdmrep.json that the sites saw."""
        return sum(hit.target in POLICY_FILES for hits in self.hits.values() for hit in hits)

    def rows(self) -> tuple[Row, ...]:
        """The URLs by the finding that settled them, each counted once.

        Ordered by criterion; URLs about which nothing was found come last.
        """
        groups: dict[tuple[str, str, Verdict], dict[str, list[Visit]]] = {}
        for visit in self.visits:
            finding = settled_by(visit.decision)
            key = (finding.criterion, str(finding.outcome)) if finding is not None else ("~", "")
            kinds = groups.setdefault((*key, visit.decision.verdict), {})
            kinds.setdefault(_kind(visit, finding), []).append(visit)
        return tuple(_row(verdict, kinds) for (_, _, verdict), kinds in sorted(groups.items()))


def _row(verdict: Verdict, kinds: Mapping[str, Sequence[Visit]]) -> Row:
    examples = tuple(Example(kind, len(visits), visits[0]) for kind, visits in kinds.items())
    return Row(settled_by(examples[0].visit.decision), verdict, sum(e.count for e in examples), examples)


def _kind(visit: Visit, finding: Finding | None) -> str:
    if finding is None:
        return ""
    kind = finding.signals[0].kind if finding.signals else finding.reason
    return f"{kind}, redirected" if visit.redirected else kind


def settled_by(decision: Decision) -> Finding | None:
    """The finding that made the verdict: the most severe, or the licence that lifted all others."""
    return decision.reasons[0] if decision.reasons else None


def declaration() -> Declaration:
    """Who crawls in the demo, and for what; one publisher has licensed its books to it."""
    return Declaration(
        operator="Example Lab",
        token=TOKEN,
        user_agent=f"{TOKEN}/1.0 (+http://lab.example/demobot)",
        token_published=True,
        purposes=[Use.PRETRAINING],
        legal_basis="30-4",
        licences=[
            Licence(
                licensor="Kitamado Example Press",
                scope=("http://kitamado.example/books/*",),
                purposes=(Use.PRETRAINING,),
                valid_from=datetime(2026, 1, 1, tzinfo=UTC),
                reference="KEP-7",
            )
        ],
    )


def crawl(
    home: str | PathLike[str],
    *,
    profile: str = "standard",
    sites: Iterable[Site] = SITES,
    progress: Callable[[Site, Visit], None] | None = None,
) -> CrawlResult:
    """Start the web, ask for every URL through the gate's client, stop the web. Some seconds.

    `home` receives ledger, evidence and lists; it may be one that an earlier crawl has used. `progress` is
    called after each URL with its site. Errors other than the gate's refusals are raised.
    """
    began = time.monotonic()
    folder = Home(home)
    folder.create()
    blocklist = Blocklist(_write_list(folder.path), vouched_by="demo operator", verified=True)
    visits: list[Visit] = []
    with DemoWeb(sites) as web:
        gate = _WatchedGate(
            declaration(),
            profile=profile,
            blocklists=[blocklist],
            home=home,
            evidence_transport=web.transport(),
        )
        with gate, gate.httpx_client(transport=web.transport(), follow_redirects=True) as client:
            for site in web.sites:
                for url in site.urls:
                    visits.append(_visit(client, gate, url))
                    if progress is not None:
                        progress(site, visits[-1])
        seen = gate.seen()
        stopped = tuple(dict.fromkeys(d.url for d in seen if d.basis.stage is Stage.PRE_FETCH and not d.allowed))
        return CrawlResult(
            home=folder,
            visits=tuple(visits),
            decisions=seen,
            hits={site.host: web.log(site.host) for site in web.sites},
            connections={site.host: web.connections(site.host) for site in web.sites},
            not_sent=stopped,
            sent_anyway=tuple(url for url in stopped if web.requested(url)),
            seconds=time.monotonic() - began,
        )


class _WatchedGate(Gate):
    """A gate that remembers its answers: a client sees the decision of a refusal only, the demo shows all."""

    def __init__(
        self,
        declaration: Declaration,
        *,
        evidence_transport: httpx.BaseTransport | None = None,
        **options: Unpack[GateOptions],
    ) -> None:
        super().__init__(declaration, evidence_transport=evidence_transport, **options)
        self._before: list[tuple[Decision, Permit | None]] = []

    def open(self, url: str, **manner: Unpack[Manner]) -> Permit:
        """As `Gate.open`, remembered."""
        try:
            permit = super().open(url, **manner)
        except Refused as refused:
            self._before.append((refused.decision, None))
            raise
        assert permit.decision is not None  # noqa: S101 - the gate gave one, or it had raised
        self._before.append((permit.decision, permit))
        return permit

    def latest(self) -> Decision:
        """The answer given last."""
        decision, permit = self._before[-1]
        return permit.decision or decision if permit is not None else decision

    def seen(self) -> tuple[Decision, ...]:
        """Every answer in order: before each hop and, where a response came, after it."""
        found: list[Decision] = []
        for decision, permit in self._before:
            found.append(decision)
            if permit is not None and permit.decision is not None and permit.decision is not decision:
                found.append(permit.decision)
        return tuple(found)


def _visit(client: httpx.Client, gate: _WatchedGate, url: str) -> Visit:
    try:
        response = client.get(url)
    except Refused as refused:
        return Visit(url, refused.decision)
    return Visit(url, gate.latest(), response.status_code, len(response.content))


def _write_list(home: Path) -> Path:
    """The list of rights holders, as a feed in the home; the same bytes every time, so it keeps its date."""
    folder = home / LIST_NAME
    lines = [{"issuer": _ISSUER, "listed_at": "2026-04-01T00:00:00Z", "schema": 1, **notice} for notice in NOTICES]
    try:
        folder.mkdir(exist_ok=True)
        (folder / "entries.jsonl").write_bytes(
            b"".join(orjson.dumps(line, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE) for line in lines)
        )
    except OSError as error:
        raise ConfigError(f"list {folder}: {error.strerror or error}; choose another home with --home") from None
    return folder
