"""What has to be fetched to see what a site says about one page, as a flow: policy files, the page, what it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .. import url as urls
from ..errors import UrlError
from ..flow import Documents, Fetch, Flow, Survey, survey
from ..headers import Headers
from ..limits import DEFAULT_LIMITS, Limits
from ..model import Evidence, EvidenceKind
from ..signals import agents, response
from ..signals.access import REDIRECTS
from ..signals.reading import Reading
from ..signals.robots_standing import Standing
from ..site import Site
from ..url import Url
from .outcome import Inspection, inspection
from .received import read_page

MAX_HOPS = 5
"""Redirects of the page that are followed, each to a site that is surveyed for itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What was received. `url` is where the page was found in the end, `hops` the answers that led there, `page` the
    answer itself (None: robots.txt does not let us, or could not be had), `others` the surveys of earlier sites."""

    asked: Url
    url: Url
    survey: Survey
    page: Evidence | None
    hops: tuple[tuple[Url, Evidence], ...] = ()
    documents: Mapping[str, Evidence | None] = field(default_factory=dict)
    others: tuple[Survey, ...] = ()

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Everything that was received, each once."""
        found = [evidence for each in (*self.others, self.survey) for evidence in each.evidence]
        found += [evidence for _, evidence in self.hops]
        found += [evidence for evidence in (self.page, *self.documents.values()) if evidence is not None]
        return tuple({evidence.id: evidence for evidence in found}.values())


def visit(
    url: Url, token: str, *, visitor: str, limits: Limits = DEFAULT_LIMITS, optional: Sequence[str] = ()
) -> Flow[Visit]:
    """Survey the site of `url` as `token` sees it, then ask for the page and for the documents it names.

    The page is asked for where robots.txt lets `visitor`, the one who asks. A redirect to another site is followed
    once that site has been surveyed too.
    """
    hops: list[tuple[Url, Evidence]] = []
    surveys: list[Survey] = []
    current = url
    while True:
        surveyed = next((known for known in surveys if known.origin == current.origin), None)
        if surveyed is None:
            surveyed = yield from survey(current, token, limits, optional=optional)
            surveys.append(surveyed)
        documents = Documents(token, limits, own={current.origin: surveyed.file})
        documents.found.update(surveyed.documents)
        page: Evidence | None = None
        target: Url | None = None
        if _lets(surveyed, current, visitor):
            page = yield Fetch(current, EvidenceKind.RESPONSE, limits.page_head_bytes)
            target = _redirect(current, page, token)
        if page is None or target is None or len(hops) == MAX_HOPS:
            break
        hops.append((current, page))
        current = target
    if page is not None:
        yield from documents.ask(response.named(read_page(current, token, page)))
    return Visit(
        asked=url,
        url=current,
        survey=surveyed,
        page=page,
        hops=tuple(hops),
        documents=documents.found,
        others=tuple(known for known in surveys if known is not surveyed),
    )


def inspect_visit(seen: Visit, token: str) -> Inspection:
    """What was received on a visit, read: what the site says about the page where it was found."""
    site = Site(seen.survey, token, agents.load())
    reading = Reading() if seen.page is None else read_page(seen.url, token, seen.page)
    reading = response.with_documents(reading, seen.documents, url=seen.url)
    for url, hop in seen.hops:
        reading = response.merged(read_page(url, token, hop), reading)
    headers = Headers(seen.page.headers) if seen.page is not None else Headers()
    return inspection(
        seen.url,
        site,
        reading,
        status=None if seen.page is None else seen.page.status,
        licences=tuple(reference for reference, _ in seen.survey.licences),
        headers=headers,
        unread=seen.page is not None and (seen.page.error is not None or seen.page.truncated),
    )


def _lets(surveyed: Survey, url: Url, visitor: str) -> bool:
    if surveyed.standing is Standing.UNREACHABLE:
        return False
    return surveyed.file is None or surveyed.file.allows(url.href, visitor)


def _redirect(url: Url, page: Evidence, token: str) -> Url | None:
    """Where a page has moved to; None where there is no redirect, or it is itself the statement (a login, a toll)."""
    headers = Headers(page.headers)
    location = headers.get("location")
    if page.status not in REDIRECTS or location is None:
        return None
    if read_page(url, token, page).signals:
        return None
    try:
        return urls.join(url, location)
    except UrlError:
        return None
