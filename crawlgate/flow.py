"""What evidence a URL needs, as values.

A question that needs evidence *yields* a `Fetch` and is sent the `Evidence` (the way httpx's `Auth.auth_flow`
yields requests). `drive`, `adrive` and `replay` run the same generator: over a blocking fetcher, an async
one, or what a case or an archive holds. Nothing here opens a socket or reads a clock.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeVar

from . import url as urls
from .errors import UrlError
from .limits import DEFAULT_LIMITS, Limits
from .model import Evidence, EvidenceKind
from .signals import ai_txt, robots, rsl, trust_txt
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What an origin's policy files say, before any page: the evidence and how robots.txt stands.

    `licences` are RSL documents that robots.txt names, each with the line that names it (no
    evidence: robots.txt keeps us out of it); `optional` holds policy
    files that were asked for beyond these (`ai_txt`, `trust_txt`). `not_looked` names the checks that were not
    made and why (`tdmrep`: a reason key).
    """

    origin: str
    robots: Evidence | None
    standing: Standing
    reason: str
    file: RobotsFile | None
    tdmrep: Evidence | None
    not_looked: dict[str, str]
    licences: tuple[tuple[RslReference, Evidence | None], ...] = ()
    optional: Mapping[str, Evidence] = field(default_factory=dict)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Everything that was received, in the order of asking."""
        found = (self.robots, self.tdmrep, *(document for _, document in self.licences), *self.optional.values())
        return tuple(evidence for evidence in found if evidence is not None)


def survey(url: Url, token: str, limits: Limits = DEFAULT_LIMITS, *, optional: Sequence[str] = ()) -> Flow[Survey]:
    """Ask for robots.txt; then, where robots.txt lets `token` read them, for tdmrep.json, the RSL documents that
    robots.txt names, and the `optional` files (keys of `OPTIONAL_FILES`)."""
    answer = yield from _follow(url, "/robots.txt", EvidenceKind.ROBOTS, limits.robots_bytes + 1, limits)
    stands, reason = standing(answer)
    file = robots.parse(answer.body, limits=limits) if stands is Standing.READ else None
    tdmrep: Evidence | None = None
    not_looked: dict[str, str] = {}
    if stands is Standing.UNREACHABLE:
        not_looked["tdmrep"] = "not_assessed.robots_unknown"
    elif file is not None and not file.allows(url.origin + TDMREP_PATH, token):
        # A policy file is a file of the site: where robots.txt keeps us out we stay out.
        not_looked["tdmrep"] = "not_assessed.robots_disallows_it"
    else:
        tdmrep = yield from _follow(url, TDMREP_PATH, EvidenceKind.TDMREP, limits.wellknown_bytes, limits)
        if tdmrep.status is None or tdmrep.status >= 500:
            not_looked["tdmrep"] = "not_assessed.unreachable"
    if file is not None and (file.truncated or answer.truncated):
        not_looked["robots_end"] = "not_assessed.robots_cut"
    licences: list[tuple[RslReference, Evidence | None]] = []
    further: dict[str, Evidence] = {}
    for reference in _licences_named(url, token, file):
        document: Evidence | None = None
        target = reference.url or url
        if target.origin != url.origin or file is None or file.allows(target.href, token):
            document = yield from _follow(target, None, EvidenceKind.RSL, rsl.MAX_BYTES + 1, limits)
        licences.append((reference, document))
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
        tdmrep=tdmrep,
        not_looked=not_looked,
        licences=tuple(licences),
        optional=further,
    )


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
