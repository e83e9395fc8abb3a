"""What the gate's own log shows of an attempt (B5): what was refused before, and how this one differs.

Reads memory, opens nothing. The refusal and the attempt at hand are both named by their records.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from .criteria import conduct
from .criteria.conduct import Step
from .criteria.facts import Trace
from .memory import SiteMemory
from .model import Attempt, Outcome, Refusal
from .signals.archives import views_of
from .url import Url

_RATE_LIMITS = frozenset(("http_429", "http_503"))
# Pages that send visitors to others; who names one as referrer after a refusal has not come from there.
_SENDERS = ("google.", "bing.", "yahoo.", "duckduckgo.", "t.co", "facebook.", "twitter.", "x.com", "news.google.")
SENDERS = r"^[^:]*://(?:www\.)?(?:" + "|".join(map(re.escape, _SENDERS)) + ")"
"""A pattern of referrers that name one of them."""


class Refused(NamedTuple):
    """Another URL that was refused, and the words or record that say so."""

    url: str
    told: str


Look = Callable[[Url], "Refused | None"]


def step_of(refusal: Refusal) -> Step:
    """A remembered refusal as a step of a log."""
    return Step(
        status=refusal.status,
        user_agent=refusal.user_agent,
        route={"proxy": refusal.proxy} if refusal.proxy is not None else {},
        refused=True,
        record=refusal.record,
        url=refusal.url,
    )


def step_at_hand(attempt: Attempt, declared: str, record: str, status: int | None = None) -> Step:
    """The attempt at hand as a step; without `status` it is about to be sent."""
    return Step(
        status=status,
        user_agent=attempt.user_agent or declared,
        route={"proxy": attempt.proxy} if attempt.proxy is not None else {},
        credentials=attempt.credentials,
        solved=attempt.challenge_solved,
        record=record,
    )


def changes(url: Url, site: SiteMemory, here: Step, token: str) -> list[Trace]:
    """A change of identity after a refusal: at this URL, or at another of the site.

    Coming back to the declared crawler is no avoidance, whatever was tried before.
    """
    own: Trace | None = None
    elsewhere: Trace | None = None
    for refusal in site.refusals:
        before = step_of(refusal)
        parts = conduct.changed(before, here, token)
        if parts == ("user agent",) and conduct.is_ours(here.user_agent, token):
            continue
        if not parts:
            continue
        params = {"refused": _told(refusal), "record": here.told(), "changed": ", ".join(parts)}
        if refusal.url == url.href and own is None:
            own = Trace(reason="b5.identity_changed", outcome=Outcome.MET, params=params)
        elif refusal.url != url.href and elsewhere is None:
            elsewhere = Trace(reason="b5.identity_changed_elsewhere", outcome=Outcome.INDICATED, params=params)
    return [trace for trace in (own, elsewhere) if trace is not None]


def solved(url: Url, site: SiteMemory, here: Step) -> list[Trace]:
    """A challenge that software or a service answered for this attempt."""
    if not here.solved:
        return []
    met = [refusal for refusal in site.refusals if refusal.kind == "challenge"]
    met.sort(key=lambda refusal: refusal.url != url.href)
    params = {"refused": _told(met[0]) if met else "…", "record": here.told()}
    return [Trace(reason="b5.challenge_solved", outcome=Outcome.MET, params=params)]


def rotation(site: SiteMemory, proxy: str | None) -> list[Trace]:
    """More than one route to a site that has refused nothing: a pool by default."""
    if proxy is None:
        return []
    site.route(proxy)
    if len(site.routes) < 2 or site.refusals:
        return []
    told = f"proxy {', '.join(list(site.routes)[:5])}"
    return [Trace(reason="b5.rotating", outcome=Outcome.INDICATED, params={"told": told})]


def spoofed_referrer(url: Url, site: SiteMemory, attempt: Attempt, here: Step) -> list[Trace]:
    """After a refusal of this URL, the request says that it comes from a search engine or a social network."""
    referrer = attempt.referrer or ""
    host = referrer.partition("://")[2].partition("/")[0].removeprefix("www.")
    if not host.startswith(_SENDERS):
        return []
    for refusal in site.refusals:
        if refusal.url == url.href and refusal.kind not in _RATE_LIMITS:
            params = {"original": url.href, "refused": _told(refusal), "record": f"{here.told()}, referrer {host}"}
            return [_variant(url, site, params)]
    return []


def other_views(url: Url, site: SiteMemory, look: Look, here: Step) -> list[Trace]:
    """Another view (AMP, print) of a page that was refused, and a second one is a habit; or the same page on another
    host of the site (`m.`, `cdn.`)."""
    for view in views_of(url):
        refused = refusal_at(view, site) or look(view)
        if refused is not None:
            if elsewhere(url, view):
                return [other_route(refused, here)]
            params = {"original": refused.url, "refused": refused.told, "record": here.told()}
            return [_variant(url, site, params)]
    return []


def elsewhere(url: Url, view: Url) -> bool:
    """True if `view` is the very page of `url`, on another host."""
    return view.host != url.host and view.target == url.target


def _variant(url: Url, site: SiteMemory, params: dict[str, str]) -> Trace:
    if site.variant(url.href):
        return Trace(reason="b5.variant_again", outcome=Outcome.MET, params=params)
    return Trace(reason="b5.variant", outcome=Outcome.INDICATED, params=params)


def other_route(refused: Refused, here: Step) -> Trace:
    """A kept copy, a mirror or a part, on another host, of what was refused."""
    params = {"original": refused.url, "refused": refused.told, "record": here.told()}
    return Trace(reason="b5.other_route", outcome=Outcome.INDICATED, params=params)


def refusal_at(url: Url, site: SiteMemory) -> Refused | None:
    """A refusal of exactly this URL that the gate met or gave itself."""
    for refusal in site.refusals:
        if refusal.url == url.href and refusal.kind not in _RATE_LIMITS:
            return Refused(url.href, _told(refusal))
    record = site.denied.get(url.href)
    return Refused(url.href, "{}:{}".format(*record)) if record is not None else None


def aftermath(url: Url, site: SiteMemory, here: Step, token: str) -> list[Trace]:
    """What the answer shows: waiting and asking unchanged, or stopping, after a refusal of this URL."""
    before = [step_of(refusal) for refusal in site.refusals if refusal.url == url.href]
    if not before:
        return []
    steps: Iterable[Step] = (*reversed(before), here)
    return [t for t in conduct.of_steps(tuple(steps), token) if t.outcome is Outcome.NOT_MET]


def _told(refusal: Refusal) -> str:
    return f"{refusal.record}: {refusal.kind} at {refusal.url}"
