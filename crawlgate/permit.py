"""One permit for one hop: what an adapter holds between its request and the body it hands out.

Only the gate makes permits. The adapter shows the response's headers, then as much of a page as the head
needs; each answer is recorded before it is given.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from . import url as urls
from .assess import Circumstances
from .errors import ConfigError, UrlError
from .headers import Headers
from .ledger.answers import Received
from .model import Attempt, Basis, Decision, Evidence, EvidenceKind, Verdict
from .signals import login_words, response
from .signals.answer import NO_CONTENT
from .signals.page_head import head_complete, head_length
from .signals.reading import SILENCE
from .url import Url

if TYPE_CHECKING:
    from .core import Core
    from .flow import Document, Flow
    from .known import Known
    from .site import Answer

# What a permit waits for: nothing; the head of the page; the documents that the response names.
_ANSWERED, _SHOW_PAGE, _NAMES_DOCUMENTS = "answered", "show page", "names documents"
_PARTIAL = 206
_NOT_MODIFIED = 304
_GZIP = b"\x1f\x8b"
_TITLE = re.compile(rb"<title[^>]{0,200}>([^<]{0,400})", re.IGNORECASE)
_NONE = Headers()
_DISPOSITION = {Verdict.ALLOW: "released", Verdict.REVIEW: "held", Verdict.DENY: "discarded"}


def _title(beginning: bytes) -> str:
    match = _TITLE.search(beginning)
    return html.unescape(match[1].decode("utf-8", "replace")).strip() if match else ""


def given_body(body: object) -> bytes | None:
    """The body of a response in hand. Raises `ConfigError` for one that is not bytes: of text nobody can say any more
    in which encoding it came, and what a page says may hang on that."""
    if body is None or isinstance(body, bytes):
        return body
    if isinstance(body, (bytearray, memoryview)):
        return bytes(body)
    raise ConfigError(
        f"body is {type(body).__name__}; pass the bytes as received (response.content of httpx and requests, "
        "response.body of scrapy, await response.read() of aiohttp), or leave it out"
    )


def has_content(status: int, *, follows: bool) -> bool:
    """True if an answer with this status, in the hands of a client, brought the content: 2xx. One that redirects did so
    too, unless the client `follows` by itself and asks about the target: it may have been followed unseen."""
    return 200 <= status < 300 or (300 <= status < 400 and status != _NOT_MODIFIED and not follows)


class Permit:
    """Permission for one hop, and the judgement of what came back.

    `decision` is the latest answer. Call `see_headers` once. If it answers None, call `see_page` with the
    beginning of the body, as soon as `enough` of it is there. Then let the gate `complete` it: a response may name a
    licence that has to be read first. Hand nothing out before that; `enforce` raises `Denied` or `Held` where the
    answer is not allow. Call `done` when the body ended.
    """

    __slots__ = (
        "_answer",
        "_attempt",
        "_beginning",
        "_core",
        "_evidence",
        "_head_seen",
        "_headers",
        "_known",
        "_logged",
        "_method",
        "_named",
        "_reading",
        "_received",
        "_state",
        "_status",
        "_told",
        "decision",
        "url",
    )

    judged = True
    """False where the URL could not be asked about and the gate only observes: there is no `url` to keep to."""

    def __init__(
        self,
        core: Core,
        url: Url,
        known: Known,
        attempt: Attempt,
        told: Circumstances,
        decision: Decision | None = None,
        answer: Answer | None = None,
    ) -> None:
        self._core = core
        self._answer = answer  # of the site about this URL, if it was asked already
        self._known = known
        self._attempt = attempt
        self._told = told
        self._logged = self._head_seen = False
        self._headers = _NONE
        self._status = 0
        self._evidence = ""
        self._method = "GET"
        self._beginning = b""
        self._received: Received | None = None  # the body, if it was in hand before the answer
        self._reading = SILENCE
        self._named: tuple[str, ...] = ()  # ids of the documents that the response names
        self._state = _ANSWERED
        self.url = url
        self.decision = decision

    @property
    def evidence(self) -> str:
        """The id of what is kept of the response."""
        if not self._evidence:
            asked = f"{self.url.href}\n{self._core.clock.now().isoformat()}\n{self._status}"
            self._evidence = hashlib.sha256(asked.encode()).hexdigest()[:16]
        return self._evidence

    def header(self, name: str) -> str | None:
        """The values of a header of the response (name in lower case), joined by commas; None where it is absent."""
        return ", ".join(self._headers.all(name)) if name in self._headers else None

    @property
    def head_limit(self) -> int:
        """Bytes of a page that are held back at most."""
        return self._core.limits.page_head_bytes

    def enough(self, beginning: bytes) -> bool:
        """True if `beginning` holds the head of the page, or as much of it as is going to be judged.

        Where the title speaks of a login, the form that would show it stands further down.
        """
        if len(beginning) >= self.head_limit:
            return True
        self._head_seen = self._head_seen or head_complete(beginning)
        return self._head_seen and not login_words.suspected(_title(beginning))

    def see_headers(
        self, status: int, headers: Any, *, method: str = "GET", media: bytes = b"", whole: bool = True
    ) -> bool:
        """Judge status and headers. True means: not refused so far, and a page; show its head.

        `media` is the body where it is in hand already, all of it or (`whole` False) its beginning: a file is searched
        for embedded statements, a refusal for the challenge or the terms in it.
        """
        core = self._core
        self._headers = Headers(headers, core.limits)
        self._status = status
        self._method = method
        reading = response.read_quiet(status, self._headers, core.declaration.token)
        if reading is None:
            reading = response.read_headers(
                status, self._headers, url=self.url, token=core.declaration.token, evidence=self.evidence
            )
        self._reading = reading
        if method == "HEAD" or status in NO_CONTENT:
            self._unseen("not_assessed.no_content")
        elif response.is_later_part(status, self._headers) and response.is_page(status, self._headers):
            self._unseen("not_assessed.page_partial")
        elif response.is_page(status, self._headers):
            if self._basis().verdict is Verdict.ALLOW or not core.enforcing:
                self._state = _SHOW_PAGE
                return True
            self._unseen("not_assessed.before_page")
        elif media:
            self._see_body(media, whole=whole)
        self._settle()
        return False

    def see_page(self, beginning: bytes, *, whole: bool) -> None:
        """Judge the head of a page, decoded from its content coding. `whole` says that nothing follows. One that is
        compressed and does not say so is not silent: nothing in it can be seen."""
        if beginning.startswith(_GZIP):
            self.see_unreadable_page()
            return
        self._see_body(beginning, whole=whole)
        self._beginning = beginning
        self._settle()

    def see_unreadable_page(self) -> None:
        """The page came in a coding that cannot be decoded within bounds: its head is unknown, not silent."""
        self._unseen("not_assessed.page_unreadable")
        self._settle()

    def see_all(self, status: int, headers: Any, body: bytes | None, *, whole: bool = True) -> None:
        """Judge a response in hand; `body` None says that it is not, so that nothing is said about the page. `whole`
        False says that `body` is only its beginning."""
        if not self.see_headers(status, headers, media=body or b"", whole=whole):
            return
        if body is None:
            self._unseen("not_assessed.no_body_given")
            self._settle()
        else:
            self.see_page(body, whole=whole)

    def named_documents(self) -> Flow[tuple[Evidence, ...]] | None:
        """The flow that asks for the licences and policies that the response names; None where there is none to ask
        for, or the answer does not depend on them. For the gate, which then calls `see_documents`."""
        documents = self._known.documents
        return documents.ask(self._wanted()) if self._state is _NAMES_DOCUMENTS and documents is not None else None

    def see_documents(self, received: tuple[Evidence, ...]) -> None:
        """Read the documents that the response names, as far as they are there; `received` are those asked for now."""
        documents = self._known.documents
        if documents is None:
            return
        for evidence in received:
            self._core.keep(evidence)
        wanted = {url.href for url, _ in self._wanted()}
        found = {href: evidence for href, evidence in documents.found.items() if href in wanted}
        self._named = tuple(evidence.id for evidence in found.values() if evidence is not None)
        self._reading = response.with_documents(self._reading, found, url=self.url)

    def conclude(self) -> Decision:
        """The answer, recorded. A page that was not shown is unknown; documents that were named and not read are told
        as not looked at."""
        if self._state is _SHOW_PAGE:
            self._unseen("not_assessed.page_unreadable")
        if self._state is not _ANSWERED or self.decision is None:
            return self._record()
        return self.decision

    def _wanted(self) -> tuple[Document, ...]:
        return response.named(self._reading)

    def _see_body(self, body: bytes, *, whole: bool) -> None:
        self._reading = response.read_body(
            self._status,
            self._headers,
            body,
            self._reading,
            url=self.url,
            token=self._core.declaration.token,
            whole=whole and self._status != _PARTIAL,
            evidence=self.evidence,
            limits=self._core.limits,
            findings_only=True,
            head_seen=self._head_seen,
        )
        self._core.learn(self.url, self._known, self._reading)

    def refuse(self, problem: str) -> None:
        """Record that this hop is refused for a reason of its own (a `problem.*` key), and enforce it."""
        self.decision = self._core.refuse_url(self.url.href, problem)
        self.enforce()

    def failed(self, error: BaseException) -> None:
        """Record that the fetch failed on the way; the error itself is the client's."""
        if self.decision is not None:
            self._core.outcome(self.decision, {"disposition": "failed", "error": type(error).__name__})

    def enforce(self) -> None:
        """Raise `Denied` or `Held` if the latest answer is not allow and this gate enforces."""
        if self._state is not _ANSWERED:
            self.conclude()
        if self.decision is not None:
            self._core.enforce(self.decision)

    def has_whole(self, chunks: Iterable[bytes]) -> None:
        """Say, before the headers or the page are shown, that these octets as sent are all of the body and that the
        caller gets them as they are: what was read of it is then recorded with the answer, and `done` is not called."""
        digest, size = hashlib.sha256(), 0
        for chunk in chunks:
            digest.update(chunk)
            size += len(chunk)
        self._received = Received(digest.hexdigest(), size, complete=True)

    def done(self, *, sha256: str, size: int, complete: bool) -> None:
        """Record what was read of a released body: digest and size of the bytes as sent, and whether it ended."""
        if self.decision is not None:
            self._core.received(self.decision, Received(sha256, size, complete))

    def _unseen(self, why: str) -> None:
        self._reading = replace(self._reading, not_looked=self._reading.not_looked | {"page": why, "terms": why})

    def _basis(self, evidence: tuple[str, ...] = (), at: datetime | None = None) -> Basis:
        known, reading, told = self._known, self._reading, self._told
        answer = self._answer
        if answer is None:
            answer = self._answer = known.site.answer(self.url)
        at = at or self._core.clock.now()
        people = self._core.people.overrides
        overrides = people.covering(self.url, at) if people else ()
        usual = told is known.told or told is known.unseen or told is known.taken
        shared = known.plain and usual and reading.silent and not evidence and not overrides and self._attempt.ordinary
        not_read = response.not_read(reading)
        unmade = tuple(sorted(not_read.items())) if not_read else ()
        key = (answer, told is known.told, told is known.taken, unmade)
        bases = known.after  # before the notices: newer ones bring bases of their own
        basis = bases.get(key) if shared else None
        if basis is None:
            basis = self._core.assessor.after(
                known.site,
                answer,
                self.url,
                at,
                reading,
                notices=known.notices,
                offers=known.offers,
                attempt=self._attempt,
                evidence=evidence,
                circumstances=told,
                overrides=overrides,
            )
            if shared and len(bases) < self._core.limits.memo_per_origin:
                bases[key] = basis
        return basis

    def _log(self) -> None:
        """Note how the answer met the crawler, once, and add what the log shows by now."""
        if self._logged:
            return
        self._logged = True
        conduct, known, reading = self._core.conduct, self._known, self._reading
        self._told = conduct.after(self.url, known, self._attempt, self._told, self._status, self.decision)
        if 300 <= self._status < 400 and (location := self._headers.get("location")):
            self._told = conduct.redirected(self._told, location, self.url)
        if reading.original:
            self._told = conduct.canonical(self._told, reading.original, self.url)
        if self._attempt.ordinary and self._method in ("GET", "HEAD") and "set-cookie" in self._headers:
            known.memory.received(self._headers.all("set-cookie"))
        if reading.signals or self._status >= 400:
            conduct.refused(self.url, known, self._attempt, self._status, reading.signals, self.decision)

    def _settle(self) -> None:
        """Record the answer, unless documents that the response names may still change it."""
        self._log()
        named = self._known.documents is not None and self._wanted()
        if named and (not self._core.enforcing or self._basis().verdict is Verdict.ALLOW):
            self._state = _NAMES_DOCUMENTS
        else:
            self._record()

    def _record(self) -> Decision:
        core = self._core
        silent = self._reading.silent
        self._log()
        at = core.clock.now()
        basis = self._basis(() if silent else (self.evidence, *self._named), at)
        outcome: dict[str, Any] = {"creators": list(self._reading.creators)} if self._reading.creators else {}
        if not silent or core.all_pages:
            core.keep(self._response(at, allowed=basis.verdict is Verdict.ALLOW))
            if silent:  # the basis is shared with other pages
                outcome["evidence"] = self.evidence
        self._beginning = b""
        released = basis.verdict is Verdict.ALLOW or not core.enforcing
        content = 200 <= self._status < 300 and self._method != "HEAD" and self._status not in NO_CONTENT
        outcome["disposition"] = ("released" if content else "passed_on") if released else _DISPOSITION[basis.verdict]
        outcome["media_type"] = (self._headers.get("content-type") or "").partition(";")[0].strip()[:100]
        outcome["status"] = self._status
        if 300 <= self._status < 400:
            outcome |= self._redirect()
        received = self._received if released else None
        self.decision = decision = core.record(
            self.url.href, at, basis, self._attempt, outcome=outcome, received=received
        )
        self._state = _ANSWERED
        return decision

    def _redirect(self) -> dict[str, str]:
        """Where the answer sends the reader (`to`), so that what came of it is found there."""
        location = self._headers.get("location")
        if location is None:
            return {}
        try:
            return {"to": urls.join(self.url, location).href}
        except UrlError:
            return {}

    def _response(self, at: datetime, *, allowed: bool) -> Evidence:
        """What is kept of the response: its headers, and the head of a page that may be taken. Nothing more of it,
        and nothing at all of the body of a page that is denied or held."""
        head = self._beginning[: head_length(self._beginning)] if allowed else b""
        agent = self._attempt.user_agent or self._core.declaration.user_agent
        return Evidence(
            id=self.evidence,
            kind=EvidenceKind.RESPONSE,
            url=self.url.href,
            final_url=self.url.href,
            fetched_at=at,
            status=self._status,
            headers=tuple(self._headers),
            body=head,
            sha256=hashlib.sha256(head).hexdigest() if head else "",
            truncated=bool(head),
            method=self._method,
            request=(("Host", self.url.origin.partition("://")[2]), ("User-Agent", agent)),
        )
