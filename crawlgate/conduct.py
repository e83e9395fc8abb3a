"""The collector's own conduct, as a gate sees it: what it notes of attempts, and what follows for the next one.

The gate sees what passes it. A client behind an adapter is seen whole, retries included; of any other the gate sees
only what it is told, and every decision says so (`check.attempts`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from . import url as urls
from . import watch
from .assess import Circumstances
from .blocklist.match import Lists
from .blocklist.popular import is_popular
from .criteria import conduct
from .criteria.facts import Trace
from .errors import UrlError
from .known import Known
from .ledger.attempts import KIND, attempt_table
from .ledger.writer import LedgerWriter
from .memory import Memory
from .model import (
    DIRECT,
    Attempt,
    Decision,
    Declaration,
    NoticeMatch,
    NoticeRelation,
    Outcome,
    Refusal,
    Signal,
    Verdict,
)
from .signals.archives import may_be_view
from .url import Url
from .watch import Refused

_LED_KEPT = 10_000  # hosts to which listed ones led, and URLs that led to listed ones

Look = Callable[[str], "Known | None"]

# Answers that refuse a crawler, as kinds of signals, and how a refusal is called.
REFUSING = {
    "access.401": "http_401",
    "access.403": "http_403",
    "access.451": "http_451",
    "access.429": "http_429",
    "access.challenge": "challenge",
    "access.login_redirect": "login",
    "access.login_page": "login",
    "access.licence_required": "licence",
}
_STATUSES = {401: "http_401", 402: "http_402", 403: "http_403", 429: "http_429", 451: "http_451"}


class Conduct:
    """Notes and compares attempts. `look` gives what the gate knows of an origin; `index` the lists in force."""

    def __init__(
        self,
        declaration: Declaration,
        memory: Memory,
        ledger: LedgerWriter,
        look: Look,
        index: Callable[[], Lists | None],
        now: Callable[[], datetime],
    ) -> None:
        self.memory = memory
        self._declaration = declaration
        self.ledger = ledger
        self._look = look
        self._index = index
        self._now = now
        self.led: dict[str, tuple[NoticeMatch, ...]] = {}  # by host: listed URLs that redirected there
        self.leading: dict[str, tuple[NoticeMatch, ...]] = {}  # by URL: the listed site that it redirected to
        self.redirects_seen = False  # True once either holds something

    def concerns(self, url: Url, known: Known, attempt: Attempt) -> bool:
        """True if there may be something to say about an attempt; cheap, and false for nearly all."""
        if not attempt.ordinary or url.host in self.led or url.href in self.leading:
            return True
        memory = known.memory
        if attempt.referrer is not None:
            inside = attempt.referrer.startswith(url.origin + "/")
            if not inside or memory.refusals or (known.notices is not None and not known.notices.empty):
                return True
        if attempt.proxy is not None:
            if not memory.routes and not memory.refusals:
                memory.route(attempt.proxy)
                if attempt.proxy != DIRECT:
                    self.note(url, known, attempt)  # once a site: further fetches by the same route are as this one
            elif memory.refusals or len(memory.routes) > 1 or attempt.proxy not in memory.routes:
                return True
        return memory.stirred and self.may_be_view(url, known)

    @staticmethod
    def may_be_view(url: Url, known: Known) -> bool:
        """True if `url` may be another view of a page of this site; most URLs are passed by at little cost."""
        if known.side:
            return True
        target = url.target
        marked = "amp" in target or "print" in target or "/sp/" in target or "output" in target or "?m=" in target
        return marked and may_be_view(url)

    def before(
        self, url: Url, known: Known, attempt: Attempt, base: Circumstances, original: Decision | None
    ) -> Circumstances:
        """What is known of an attempt that is about to be made; one that is not the usual one is noted.

        `base` is what is known of the site; `original` the decision about the URL of which this is a kept copy.
        """
        at, site = self._now(), known.memory
        token, declared = self._declaration.token, self._declaration.user_agent
        record: str | None = None
        self.memory.refresh(site, at)
        if not attempt.ordinary:
            record = self.note(url, known, attempt)
        here = watch.step_at_hand(attempt, declared, record or "")
        traces: list[Trace] = [
            *conduct.of_name(attempt.user_agent, token),
            *watch.solved(url, site, here),
            *watch.rotation(site, attempt.proxy),
            *watch.changes(url, site, here, token),
            *watch.spoofed_referrer(url, site, attempt, here),
        ]
        if known.side or may_be_view(url):
            traces += watch.other_views(url, site, self._refused_elsewhere, here)
        notices: list[NoticeMatch] = [*self.led.get(url.host, ()), *self.leading.get(url.href, ())]
        if original is not None:
            notices += self._linked(original.url, NoticeRelation.COPY_OF)
            refused = _refused_by(original)
            if refused is not None:
                traces.append(watch.other_route(refused, here))
        if attempt.referrer is not None:
            notices += self._linked(attempt.referrer, NoticeRelation.EMBEDDED_BY)
            refused = self._refused_page(attempt.referrer, url)
            if refused is not None:
                traces.append(watch.other_route(refused, here))
        if not traces and not notices:
            return base
        if record is None and any(trace.outcome is not Outcome.NOT_MET for trace in traces):
            record = self.note(url, known, attempt)
            traces = [_named(trace, record) for trace in traces]
        return replace(base, traces=base.traces + tuple(traces), notices=base.notices + tuple(notices))

    def after(
        self, url: Url, known: Known, attempt: Attempt, told: Circumstances, status: int, decision: Decision | None
    ) -> Circumstances:
        """`told` with what the answer adds: good conduct after a refusal, content taken after an own deny."""
        site = known.memory
        if site.refusals:
            self.memory.refresh(site, self._now())
        traces: list[Trace] = []
        if 200 <= status < 300:
            denied = None
            if decision is not None and decision.verdict is Verdict.DENY and not decision.temporary:
                denied = decision.record
            elif decision is None:
                before = site.denied.get(url.href)
                denied = None if before is None else "{}:{}".format(*before)
            if denied is not None:
                record = self.note(url, known, attempt, status=status, decision=denied)
                params = {"refused": denied, "record": record}
                traces.append(Trace(reason="b5.fetched_after_deny", outcome=Outcome.MET, params=params))
        if site.refusals and not told.traces:
            here = watch.step_at_hand(attempt, self._declaration.user_agent, "", status)
            traces += watch.aftermath(url, site, here, self._declaration.token)
        return replace(told, traces=told.traces + tuple(traces)) if traces else told

    def refused(
        self,
        url: Url,
        known: Known,
        attempt: Attempt,
        status: int,
        signals: Iterable[Signal],
        decision: Decision | None,
    ) -> str | None:
        """Note an answer that refused, here and for the other gates of the home; the kind of refusal, if it was one."""
        kind = next((REFUSING[s.kind] for s in signals if s.kind in REFUSING), _STATUSES.get(status))
        if kind is None:
            return None
        at = self._now()
        record = self.note(
            url, known, attempt, at=at, status=status, refusal=kind, decision=decision.record if decision else None
        )
        refusal = Refusal(
            url=url.href,
            site=known.memory.name,
            at=at,
            kind=kind,
            status=status,
            user_agent=attempt.user_agent or self._declaration.user_agent,
            proxy=attempt.proxy,
            record=record,
        )
        self.memory.refused(known.memory, refusal)
        return kind

    def note(
        self,
        url: Url,
        known: Known,
        attempt: Attempt,
        *,
        at: datetime | None = None,
        status: int | None = None,
        refusal: str | None = None,
        decision: str | None = None,
    ) -> str:
        """Write an attempt; its record's name."""
        table = attempt_table(
            at or self._now(),
            url.href,
            attempt,
            user_agent=attempt.user_agent or self._declaration.user_agent,
            site=known.memory.name,
            status=status,
            refusal=refusal,
            decision=decision,
        )
        segment, seq = self.ledger.append(KIND, table)
        return f"{segment}:{seq}"

    def canonical(self, told: Circumstances, href: str, url: Url) -> Circumstances:
        """`told` with what follows from the page naming another one, on another host, as its original."""
        notices = self._linked(href, NoticeRelation.CANONICAL)
        refused = self._refused_page(href, url)
        if refused is None and not notices:
            return told
        here = conduct.Step(url=url.href, record=url.href)
        traces = () if refused is None else (watch.other_route(refused, here),)
        return replace(told, traces=told.traces + traces, notices=told.notices + tuple(notices))

    def redirected(self, told: Circumstances, location: str, url: Url) -> Circumstances:
        """`told` with what follows from `url` redirecting to another host: to a listed one, or from a listed one.

        Where a listed URL leads is remembered for the host it leads to, as long as the gate lives; a site that most
        people use is not suspected for it. What leads to a listed site is remembered for that URL alone: one link of
        many does not speak of a whole site. A hop that an adapter is about to follow passes: the next one is asked,
        and denied, by itself.
        """
        try:
            target = urls.join(url, location)
        except UrlError:
            return told
        if target.host == url.host or self._index() is None:
            return told
        if not is_popular(target.host) and len(self.led) < _LED_KEPT:
            leading = self._linked(url.href, NoticeRelation.REDIRECTED_FROM)
            if leading:
                self.led.setdefault(target.host, tuple(leading))
                self.redirects_seen = True
        leading_to = tuple(self._linked(target.href, NoticeRelation.REDIRECTS_TO))
        if leading_to and len(self.leading) < _LED_KEPT:
            self.leading[url.href] = leading_to
            self.redirects_seen = True
        if not told.fetched:
            return told
        new = tuple(match for match in leading_to if match not in told.notices)
        return replace(told, notices=told.notices + new) if new else told

    # -- other pages --------------------------------------------------------------------------------

    def _linked(self, href: str, relation: NoticeRelation) -> list[NoticeMatch]:
        """Notices that cover another page, as a link of this one to it."""
        url, index = _parsed(href), self._index()
        if index is None or url is None:
            return []
        covering = (match for match in index.matches(url) if match.relation is NoticeRelation.COVERS)
        return [replace(match, relation=relation) for match in covering]

    def _refused_page(self, href: str, url: Url) -> Refused | None:
        """A page of another origin that was refused, by what the gate met or what that origin's policies say."""
        page = _parsed(href)
        if page is None or page.origin == url.origin:
            return None
        known = self._look(page.origin)
        memory = known.memory if known is not None else self.memory.site(page.host, self._now())
        self.memory.refresh(memory, self._now())
        return watch.refusal_at(page, memory) or self._refused_elsewhere(page)

    def _refused_elsewhere(self, page: Url) -> Refused | None:
        """What robots.txt of a known origin says against a page; None where nothing is known of it."""
        known = self._look(page.origin)
        if known is None:
            return None
        answer = known.site.answer(page)
        if not answer.rule:
            return None
        said = next((s for s in known.site.signals(answer, page) if s.kind == "robots.disallow"), None)
        return Refused(page.href, f"robots.txt: {said.raw}" if said is not None else "robots.txt")


def _parsed(href: str) -> Url | None:
    try:
        return urls.parse(href)
    except UrlError:
        return None


def _refused_by(decision: Decision) -> Refused | None:
    """A decision about another URL as a refusal; one that only waits for evidence is none."""
    if decision.verdict is not Verdict.DENY or decision.temporary:
        return None
    return Refused(decision.url, decision.record)


def _named(trace: Trace, record: str) -> Trace:
    """`trace` with the record of the attempt, where it was not written yet when the trace was found."""
    told = trace.params.get("record", "")
    return trace if record in told else replace(trace, params={**trace.params, "record": f"{record}, {told}"})
