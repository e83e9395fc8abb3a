"""What evidence a URL needs, as values.

A question that needs evidence *yields* a `Fetch` and is sent the `Evidence` (the way httpx's `Auth.auth_flow`
yields requests). `drive`, `adrive` and `replay` run the same generator: over a blocking fetcher, an async
one, or what a case or an archive holds. Nothing here opens a socket or reads a clock.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeVar

from . import url as urls
from .errors import UrlError
from .limits import DEFAULT_LIMITS, Limits
from .model import Evidence, EvidenceKind
from .signals import ai_txt, robots, rsl, tdmrep, trust_txt
from .signals.robots import RobotsFile
from .signals.robots_standing import Standing, standing
from .signals.rsl import RslReference
from .url import Url

T = TypeVar("T")

TDMREP_PATH = "/.well-known/tdmrep.json"
OPTIONAL_FILES = {"ai_txt": (ai_txt.PATH,), "trust_txt": trust_txt.PATHS}
"""Policy files that few sites have, and where they may stand; asked for where the gate is told to."""


class Fetch(NamedTuple):
    """One request that a flow asks for: a single hop, no redirect followed, at most `max_bytes` of body."""

    url: Url
    kind: EvidenceKind
    max_bytes: int


Flow = Generator[Fetch, Evidence, T]

Document = tuple[Url, EvidenceKind]
"""A document that a site names: an RSL licence, a TDM policy."""

_MAX_BYTES = {EvidenceKind.RSL: rsl.MAX_BYTES + 1}


class Documents:
    """Documents that statements name, asked for once each, where the robots.txt of the place they stand at lets us.

    A document is a file of the web like any other: on another host, that host's robots.txt is asked for first. `found`
    maps URLs to what came, None where robots.txt keeps us out; `robots` holds the robots.txt of other hosts by origin.
    `avoid` says of a URL that it must not be contacted at all.
    """

    __slots__ = ("_allows", "_avoid", "_limits", "_token", "found", "robots")

    def __init__(
        self,
        token: str,
        limits: Limits = DEFAULT_LIMITS,
        *,
        own: Mapping[str, RobotsFile | None] | None = None,
        avoid: Callable[[Url], bool] = lambda _: False,
    ) -> None:
        self._token, self._limits, self._avoid = token, limits, avoid
        self._allows: dict[str, Callable[[str], bool]] = {}
        for origin, file in (own or {}).items():
            self._allows[origin] = _rules(file, token)
        self.found: dict[str, Evidence | None] = {}
        self.robots: dict[str, Evidence] = {}

    def ask(self, wanted: Iterable[Document]) -> Flow[tuple[Evidence, ...]]:
        """Ask for those that are not known yet, up to a number per origin; answers what was received on the way."""
        received: list[Evidence] = []
        for url, kind in wanted:
            if url.href in self.found or len(self.found) >= self._limits.named_documents:
                continue
            if self._avoid(url):
                self.found[url.href] = None
                continue
            if url.origin not in self._allows:
                received.append((yield from self._other_robots(url)))
            if not self._allows[url.origin](url.href):
                self.found[url.href] = None
                continue
            most = _MAX_BYTES.get(kind, self._limits.wellknown_bytes)
            answer = yield from _follow(url, None, kind, most, self._limits)
            self.found[url.href] = answer
            received.append(answer)
        return tuple(received)

    def _other_robots(self, url: Url) -> Flow[Evidence]:
        answer = yield from _follow(
            url, "/robots.txt", EvidenceKind.ROBOTS, self._limits.robots_bytes + 1, self._limits
        )
        stands, _ = standing(answer)
        if stands is Standing.READ:
            self._allows[url.origin] = _rules(robots.parse(answer.body, limits=self._limits), self._token)
        else:
            open_to_all = stands is Standing.ABSENT
            self._allows[url.origin] = lambda _: open_to_all
        self.robots[url.origin] = answer
        return answer


def _rules(file: RobotsFile | None, token: str) -> Callable[[str], bool]:
    return lambda href: file is None or file.allows(href, token)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What an origin's policy files say, before any page: the evidence and how robots.txt stands.

    `licences` are RSL documents that robots.txt names, each with the line that names it (no evidence: robots.txt keeps
    us out of it), `policies` the TDM policies that tdmrep.json names, by URL; `others` are the robots.txt of other
    hosts on which they stand. `optional` holds policy files that were asked for beyond these (`ai_txt`, `trust_txt`).
    `not_looked` names the checks that were not made and why (`tdmrep`: a reason key).
    """

    origin: str
    robots: Evidence | None
    standing: Standing
    reason: str
    file: RobotsFile | None
    tdmrep: Evidence | None
    not_looked: dict[str, str]
    licences: tuple[tuple[RslReference, Evidence | None], ...] = ()
    policies: Mapping[str, Evidence | None] = field(default_factory=dict)
    others: tuple[Evidence, ...] = ()
    optional: Mapping[str, Evidence] = field(default_factory=dict)

    @property
    def documents(self) -> dict[str, Evidence | None]:
        """Licences and policies by URL, as far as they were asked for."""
        named = {reference.url.href: document for reference, document in self.licences if reference.url is not None}
        return {**named, **self.policies}

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Everything that was received, in the order of asking."""
        named = (*(document for _, document in self.licences), *self.policies.values())
        found = (self.robots, self.tdmrep, *self.others, *named, *self.optional.values())
        return tuple({evidence.id: evidence for evidence in found if evidence is not None}.values())


def survey(
    url: Url,
    token: str,
    limits: Limits = DEFAULT_LIMITS,
    *,
    optional: Sequence[str] = (),
    avoid: Callable[[Url], bool] = lambda _: False,
) -> Flow[Survey]:
    """Ask for robots.txt; then, where robots.txt lets `token` read them, for tdmrep.json, the RSL documents and TDM
    policies that these name, and the `optional` files (keys of `OPTIONAL_FILES`). What `avoid` names is left alone."""
    answer = yield from _follow(url, "/robots.txt", EvidenceKind.ROBOTS, limits.robots_bytes + 1, limits)
    stands, reason = standing(answer)
    file = robots.parse(answer.body, limits=limits) if stands is Standing.READ else None
    tdmrep_answer: Evidence | None = None
    not_looked: dict[str, str] = {}
    if stands is Standing.UNREACHABLE:
        not_looked["tdmrep"] = "not_assessed.robots_unknown"
    elif file is not None and not file.allows(url.origin + TDMREP_PATH, token):
        # A policy file is a file of the site: where robots.txt keeps us out we stay out.
        not_looked["tdmrep"] = "not_assessed.robots_disallows_it"
    else:
        tdmrep_answer = yield from _follow(url, TDMREP_PATH, EvidenceKind.TDMREP, limits.wellknown_bytes, limits)
        if tdmrep_answer.status is None or tdmrep_answer.status >= 500:
            not_looked["tdmrep"] = "not_assessed.unreachable"
    if file is not None and (file.truncated or answer.truncated):
        not_looked["robots_end"] = "not_assessed.robots_cut"
    references = _licences_named(url, token, file)
    policies = _policies_named(tdmrep_answer)
    documents = Documents(token, limits, own={url.origin: file}, avoid=avoid)
    wanted = [(reference.url or url, EvidenceKind.RSL) for reference in references]
    yield from documents.ask([*wanted, *((policy, EvidenceKind.TDM_POLICY) for policy in policies)])
    further: dict[str, Evidence] = {}
    for name, paths in OPTIONAL_FILES.items():
        if name not in optional:
            not_looked[name] = "not_assessed.not_asked_for"
        elif stands is Standing.UNREACHABLE:
            not_looked[name] = "not_assessed.robots_unknown"
        else:
            allowed = [path for path in paths if file is None or file.allows(url.origin + path, token)]
            for path in allowed:
                further[name] = yield from _follow(url, path, EvidenceKind(name), limits.wellknown_bytes, limits)
                if further[name].status == 200:
                    break
            if not allowed:
                not_looked[name] = "not_assessed.robots_disallows_it"
    return Survey(
        origin=url.origin,
        robots=answer,
        standing=stands,
        reason=reason,
        file=file,
        tdmrep=tdmrep_answer,
        not_looked=not_looked,
        licences=tuple((reference, documents.found.get((reference.url or url).href)) for reference in references),
        policies={policy.href: documents.found[policy.href] for policy in policies if policy.href in documents.found},
        others=tuple(documents.robots.values()),
        optional=further,
    )


def _policies_named(answer: Evidence | None) -> tuple[Url, ...]:
    """TDM policies that tdmrep.json names beside a reservation."""
    if answer is None or answer.status != 200 or answer.error is not None:
        return ()
    base = urls.parse(answer.url)
    return tdmrep.policies_named(tdmrep.parse_file(answer.body, base=base).all_signals())


def _licences_named(url: Url, token: str, file: RobotsFile | None) -> tuple[RslReference, ...]:
    """RSL documents that robots.txt names for `token`."""
    if file is None:
        return ()
    ours, others = file.extension_lines(token)
    return rsl.licence_urls(ours, base=urls.parse(url.origin + "/robots.txt"), others=others)


def _follow(url: Url, path: str | None, kind: EvidenceKind, max_bytes: int, limits: Limits) -> Flow[Evidence]:
    """Fetch a file, following redirects within bounds; the answer stands for the first URL (RFC 9309 2.3.1.2)."""
    asked = current = url if path is None else urls.parse(url.origin + path)
    chain: list[str] = []
    while True:
        answer = yield Fetch(current, kind, max_bytes)
        location = next((value for name, value in answer.headers if name == "location"), None)
        if answer.status not in (301, 302, 303, 307, 308) or location is None:
            break
        if len(chain) == limits.robots_redirects:
            answer = replace(answer, error="too_many_redirects")
            break
        try:
            current = urls.join(current, location)
        except UrlError as error:
            answer = replace(answer, error=f"redirect_{error.code}")
            break
        chain.append(current.href)
    return replace(answer, url=asked.href, final_url=current.href, redirects=tuple(chain))


def drive(flow: Flow[T], fetch: Callable[[Fetch], Evidence]) -> T:
    """Run a flow with a blocking fetcher."""
    try:
        wanted = next(flow)
        while True:
            wanted = flow.send(fetch(wanted))
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]


async def adrive(flow: Flow[T], fetch: Callable[[Fetch], Awaitable[Evidence]]) -> T:
    """Run a flow with an async fetcher."""
    try:
        wanted = next(flow)
        while True:
            wanted = flow.send(await fetch(wanted))
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]


def replay(flow: Flow[T], known: Callable[[Fetch], Evidence]) -> T:
    """Run a flow over what is known already (a case, an archive): no traffic, same answers."""
    return drive(flow, known)
