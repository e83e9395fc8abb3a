"""The gate: check before a fetch, inspect after it, one permit per hop, every answer recorded before it is given.

`Gate` and `AsyncGate` share one core; they differ in how they wait for evidence. An answer is never given
that could not be recorded: where the ledger fails, the call raises `LedgerError`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack

import anyio

from .clock import SystemClock
from .commits import AsyncCommits
from .core import Core
from .declaration import suggestion
from .errors import ConfigError
from .evidence.fetch import AsyncFetcher, Fetcher
from .flow import Fetch, adrive, drive
from .known import Known
from .limits import DEFAULT_LIMITS, Limits
from .loaded import Blocklist
from .model import AS_DECLARED, Decision, Declaration, Evidence
from .options import GateOptions, Manner, Place, keeping
from .permit import Permit, given_body, has_content
from .url import Url

if TYPE_CHECKING:
    import aiohttp
    import httpx
    import httpx2
    import requests
    from playwright import async_api, sync_api

    from .audit.corpus import RunFinding
    from .integrations.playwright import BrowserGate, SyncBrowserGate

__all__ = ["AsyncGate", "Blocklist", "Gate"]


class _Common:
    """What both gates share besides the core."""

    def __init__(self, declaration: Declaration, options: GateOptions) -> None:
        if not isinstance(declaration, Declaration):
            raise ConfigError(
                f"Gate needs a Declaration, not {type(declaration).__name__}; make one with Declaration(...), or "
                "from a table with crawlgate.declaration.from_table"
            )
        for name in options:
            if name not in GateOptions.__annotations__:
                known = ", ".join(GateOptions.__annotations__)
                hint = suggestion(name, GateOptions.__annotations__)
                raise ConfigError(f"Gate option {name!r} is unknown{hint}; known: {known}")
        self.core = Core(
            declaration,
            profile=options.get("profile", "standard"),
            blocklists=options.get("blocklists", ()),
            home=options.get("home", ".crawlgate"),
            mode=options.get("mode", "enforce"),
            allow_addresses=options.get("allow_addresses", ()),
            policy_files=options.get("policy_files", ()),
            page_evidence=options.get("page_evidence", "speaking"),
            keeping=keeping(options),
            limits=options.get("limits", DEFAULT_LIMITS),
            clock=options.get("clock") or SystemClock(),
        )

    def corpus(self) -> tuple[RunFinding, ...]:
        """The criteria that need the whole run (A2, A4, and B6 of each site), from what this home's ledger says was
        taken, weighed against the limits of the profile. Reads the ledger."""
        from .audit.corpus import run_facts, run_findings

        core = self.core
        facts = run_facts(core.home.ledger)
        return tuple(run_findings(facts, core.declaration, core.profile, core.clock.now()))

    @property
    def declaration(self) -> Declaration:
        return self.core.declaration

    @property
    def limits(self) -> Limits:
        return self.core.limits


class Gate(_Common):
    """The gate for blocking code; safe to share between threads.

    `profile` is `strict`, `standard`, `minimal` or a path to a TOML file. `blocklists` are lists or feeds of
    rights holders: a path (nobody vouches for it, so it only holds) or a `Blocklist`. Feeds subscribed to and
    notices entered in the home are used besides, and what comes in while the gate works is taken in within
    `Limits.lists_recheck` seconds. `home` keeps ledger, evidence and lists. `mode="observe"` records and never
    blocks (`Decision.enforced` is False); a URL that cannot be asked about at all is recorded as refused, and what the
    client makes of it is not judged.
    `allow_addresses` are address ranges (CIDR) that may be reached although they are not public, for example
    `127.0.0.0/8` in tests. `policy_files` are files to ask for beyond robots.txt, tdmrep.json and the licences that
    robots.txt names: `ai_txt`, `trust_txt` (a request each per origin). `page_evidence` says of which responses the
    headers, and the page head of those that may be taken, are kept: `speaking` (those in which a signal was found) or
    `all`. `evidence_transport` replaces the transport that fetches policy files.

    `durability` says when an answer is given: once its record would survive the death of this process (`process`), or
    once it is on the disk (`disk`; waiting callers share one commit). In either case everything written is on the disk
    after `commit_interval` seconds. Every `checkpoint_interval` seconds, and with each segment's seal, a checkpoint is
    signed with the home's key (or that in the file `ledger_key`) and handed to the `anchors`: `file:PATH`,
    `git:REPOSITORY`, `command:COMMAND`, or a callable that takes its bytes.

    Raises `ConfigError` for what the user wrote, `FeedError` for a list that cannot be read, `LedgerError`
    where the home cannot keep records.
    """

    def __init__(
        self,
        declaration: Declaration,
        *,
        evidence_transport: httpx.BaseTransport | None = None,
        **options: Unpack[GateOptions],
    ) -> None:
        super().__init__(declaration, options)
        self._fetcher = Fetcher(
            declaration.user_agent,
            policy=self.core.addresses,
            limits=self.core.limits,
            transport=evidence_transport,
        )
        self._flights: dict[str, threading.Lock] = {}
        self._flights_lock = threading.Lock()

    def check(self, url: str, **manner: Unpack[Manner]) -> Decision:
        """Ask before a fetch. Fetches the evidence it needs, records, answers; never raises for a URL.

        `manner` says how the request will be made, where it is not the usual way; see `Manner`.
        """
        core = self.core
        admitted = core.admit(url)
        if isinstance(admitted, Decision):
            return admitted
        known = core.fresh(admitted.origin) or core.listed(admitted) or self._survey(admitted)
        copied = core.original(admitted) if known.copies or "/http" in admitted.target else None
        original = None if copied is None else self.check(copied.href)
        return core.before(admitted, known, core.attempt(known, **manner) if manner else AS_DECLARED, original)

    def open(self, url: str, **manner: Unpack[Manner]) -> Permit:
        """`check` for adapters: a `Permit` for one hop, or `Denied` / `Held`."""
        core = self.core
        admitted = core.admit(url)
        if isinstance(admitted, Decision):
            return core.no_permit(admitted)
        known = core.fresh(admitted.origin) or core.listed(admitted) or self._survey(admitted)
        copied = core.original(admitted) if known.copies or "/http" in admitted.target else None
        original = None if copied is None else self.check(copied.href)
        return core.permit(admitted, known, core.attempt(known, **manner), original)

    def inspect(
        self,
        url: str,
        *,
        status: int,
        headers: Any = (),
        body: bytes | None = None,
        whole: bool = True,
        follows: bool = False,
        **manner: Unpack[Manner],
    ) -> Decision:
        """Judge a response in hand: status, headers and, for a page, its head. For clients that are not wrapped.

        `headers` may be a mapping, pairs, or a client's own object; without `body` the page is not assessed, and of a
        beginning only (`whole` False) what its head tells; `Limits.page_head_bytes` are enough. `follows` says that the
        client asks for the target of a redirect by `check`, which then answers for both. Deny means: do not keep the
        body. Never raises for what a server sent; raises `ConfigError` for a body that is text.
        """
        body = given_body(body)
        core = self.core
        admitted = core.admit(url)
        if isinstance(admitted, Decision):
            return admitted
        known = core.fresh(admitted.origin) or core.listed(admitted) or self._survey(admitted)
        copied = core.original(admitted) if known.copies or "/http" in admitted.target else None
        original = None if copied is None else self.check(copied.href)
        taken = has_content(status, follows=follows)
        permit = core.inspection(admitted, known, core.attempt(known, **manner), original, taken=taken)
        permit.see_all(status, headers, body, whole=whole)
        return self.complete(permit)

    def complete(self, permit: Permit) -> Decision:
        """For adapters, once `permit` has seen what there is to see: ask for the licences and policies that the
        response names, and answer. Fetches like `check`; records the answer."""
        flow = permit.named_documents()
        if flow is not None:
            with self._flight(f"documents {permit.url.origin}"):
                received = drive(flow, self._fetch)
            permit.see_documents(received)
        return permit.conclude()

    def stored(self, decision: Decision | str, **where: Unpack[Place]) -> str:
        """Record where the body fetched under `decision` (or under the record of that name) was stored; the record.

        See `Place`. Say it for every item of a dataset, and an inquiry can answer where it is; it is recorded
        whatever the verdict was. Raises `RecordError` for a place that cannot be, `LedgerError` where it could not be
        recorded.
        """
        return "{}:{}".format(*self.core.stored(decision, "stored", where))

    def removed(self, decision: Decision | str, *, reason: str, **where: Unpack[Place]) -> str:
        """Record that a stored body was removed from a dataset, and why; the record. As `stored`."""
        return "{}:{}".format(*self.core.stored(decision, "removed", {**where, "reason": reason}))

    def outcome(self, decision: Decision | str, disposition: str, **what: Any) -> str:
        """Record what became of a body in the hands of a client that is not wrapped; the record.

        `disposition` is one of `released`, `read`, `stored`, `removed`, `discarded`, `held`, `failed`; `what` holds the
        values of `Place` and `status`, `complete`, `reason`. Raises `RecordError` for what cannot be,
        `LedgerError` where it could not be recorded.
        """
        return "{}:{}".format(*self.core.stored(decision, disposition, what))

    def httpx_client(self, **options: Any) -> httpx.Client:
        """An `httpx.Client` behind this gate: every hop asked before it leaves, every response judged before
        its body is handed out. Takes the options of `httpx.Client`; a `transport` is wrapped."""
        from .integrations.httpx import client

        return client(self, **options)

    def httpx2_client(self, **options: Any) -> httpx2.Client:
        """As `httpx_client`, for httpx2. Needs `crawlgate[httpx2]`."""
        from .integrations.httpx2 import client

        return client(self, **options)

    def requests_session(self, **options: Any) -> requests.Session:
        """A `requests.Session` behind this gate, with the declared user agent; takes the options of
        `requests.adapters.HTTPAdapter`. Needs `crawlgate[requests]`."""
        from .integrations.requests import GateSession

        return GateSession(self, **options)

    def playwright(self, browser: sync_api.Browser, **options: Any) -> SyncBrowserGate:
        """Put this gate before all that a Chromium of `playwright.sync_api` asks for; see
        `integrations.playwright.before`. Needs `crawlgate[playwright]`."""
        from .integrations.playwright import before_sync

        return before_sync(browser, self, **options)

    def close(self) -> None:
        """Seal the ledger's segment and close connections. Using the gate afterwards raises `LedgerError`."""
        self._fetcher.close()
        self.core.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _survey(self, url: Url) -> Known:
        core = self.core
        with self._flight(url.origin):
            known = core.fresh(url.origin)
            if known is None:
                ticks = core.clock.ticks()
                known = core.install(drive(core.survey(url), self._fetch), ticks)
        return known

    def _fetch(self, wanted: Fetch) -> Evidence:
        return self._fetcher.fetch(wanted.url, kind=wanted.kind, max_bytes=wanted.max_bytes, now=self.core.clock.now())

    @contextmanager
    def _flight(self, origin: str) -> Iterator[None]:
        """One survey per origin at a time. Whoever waited finds the answer; if the first one failed, the
        next takes over."""
        with self._flights_lock:
            lock = self._flights.setdefault(origin, threading.Lock())
        with lock:
            yield  # an error leaves the lock in place, so that those who wait still go one by one
            with self._flights_lock:
                if self._flights.get(origin) is lock:
                    del self._flights[origin]


class AsyncGate(_Common):
    """The gate for async code (asyncio or trio); the same face as `Gate`, with `await`. One event loop."""

    def __init__(
        self,
        declaration: Declaration,
        *,
        evidence_transport: httpx.AsyncBaseTransport | None = None,
        **options: Unpack[GateOptions],
    ) -> None:
        super().__init__(declaration, options)
        self._fetcher = AsyncFetcher(
            declaration.user_agent,
            policy=self.core.addresses,
            limits=self.core.limits,
            transport=evidence_transport,
        )
        self.core.waits = False
        self._commits = AsyncCommits(self.core.ledger, needed=self.core.durable)
        self._flights: dict[str, anyio.Lock] = {}

    async def check(self, url: str, **manner: Unpack[Manner]) -> Decision:
        """As `Gate.check`."""
        core = self.core
        admitted = core.admit(url)
        if isinstance(admitted, Decision):
            return await self.settled(admitted)
        known = core.fresh(admitted.origin) or core.listed(admitted) or await self._survey(admitted)
        copied = core.original(admitted) if known.copies or "/http" in admitted.target else None
        original = None if copied is None else await self.check(copied.href)
        decision = core.before(admitted, known, core.attempt(known, **manner) if manner else AS_DECLARED, original)
        return await self.settled(decision) if core.durable else decision

    async def open(self, url: str, **manner: Unpack[Manner]) -> Permit:
        """As `Gate.open`."""
        core = self.core
        admitted = core.admit(url)
        if isinstance(admitted, Decision):
            return core.no_permit(await self.settled(admitted))
        known = core.fresh(admitted.origin) or core.listed(admitted) or await self._survey(admitted)
        copied = core.original(admitted) if known.copies or "/http" in admitted.target else None
        original = None if copied is None else await self.check(copied.href)
        permit = core.permit(admitted, known, core.attempt(known, **manner), original)
        if core.durable and permit.decision is not None:
            await self.settled(permit.decision)
        return permit

    async def inspect(
        self,
        url: str,
        *,
        status: int,
        headers: Any = (),
        body: bytes | None = None,
        whole: bool = True,
        follows: bool = False,
        **manner: Unpack[Manner],
    ) -> Decision:
        """As `Gate.inspect`."""
        body = given_body(body)
        core = self.core
        admitted = core.admit(url)
        if isinstance(admitted, Decision):
            return await self.settled(admitted)
        known = core.fresh(admitted.origin) or core.listed(admitted) or await self._survey(admitted)
        copied = core.original(admitted) if known.copies or "/http" in admitted.target else None
        original = None if copied is None else await self.check(copied.href)
        taken = has_content(status, follows=follows)
        permit = core.inspection(admitted, known, core.attempt(known, **manner), original, taken=taken)
        await self._look(lambda: permit.see_all(status, headers, body, whole=whole), size=len(body or b""))
        return await self.complete(permit)

    async def _look(self, look: Callable[[], None], *, size: int) -> None:  # noqa: ARG002 - for gates that share a loop
        """Read a response in hand, with a body of `size` bytes."""
        look()

    async def complete(self, permit: Permit) -> Decision:
        """As `Gate.complete`."""
        flow = permit.named_documents()
        if flow is not None:
            key = f"documents {permit.url.origin}"
            lock = self._flights.setdefault(key, anyio.Lock())
            async with lock:
                received = await adrive(flow, self._fetch)
                if self._flights.get(key) is lock:
                    del self._flights[key]
            permit.see_documents(received)
        decision = permit.conclude()
        return await self.settled(decision) if self.core.durable else decision

    async def stored(self, decision: Decision | str, **where: Unpack[Place]) -> str:
        """As `Gate.stored`."""
        segment, seq = self.core.stored(decision, "stored", where)
        await self._commits.wait(segment, seq)
        return f"{segment}:{seq}"

    async def removed(self, decision: Decision | str, *, reason: str, **where: Unpack[Place]) -> str:
        """As `Gate.removed`."""
        segment, seq = self.core.stored(decision, "removed", {**where, "reason": reason})
        await self._commits.wait(segment, seq)
        return f"{segment}:{seq}"

    async def outcome(self, decision: Decision | str, disposition: str, **what: Any) -> str:
        """As `Gate.outcome`."""
        segment, seq = self.core.stored(decision, disposition, what)
        await self._commits.wait(segment, seq)
        return f"{segment}:{seq}"

    async def settled(self, decision: Decision) -> Decision:
        """The decision, once its record is as durable as this gate promises. Adapters wait for it before they act on
        an answer of a permit."""
        await self._commits.wait(decision.segment, decision.seq)
        return decision

    def httpx_async_client(self, **options: Any) -> httpx.AsyncClient:
        """An `httpx.AsyncClient` behind this gate; see `Gate.httpx_client`."""
        from .integrations.httpx import async_client

        return async_client(self, **options)

    def httpx2_async_client(self, **options: Any) -> httpx2.AsyncClient:
        """As `httpx_async_client`, for httpx2. Needs `crawlgate[httpx2]`."""
        from .integrations.httpx2 import async_client

        return async_client(self, **options)

    def aiohttp_session(self, **options: Any) -> aiohttp.ClientSession:
        """An `aiohttp.ClientSession` behind this gate, with the declared user agent; takes the options of
        `aiohttp.ClientSession`. Needs `crawlgate[aiohttp]`."""
        from .integrations.aiohttp import session

        return session(self, **options)

    async def playwright(self, browser: async_api.Browser, **options: Any) -> BrowserGate:
        """Put this gate before all that a Chromium of `playwright.async_api` asks for; see
        `integrations.playwright.before`. Needs `crawlgate[playwright]`."""
        from .integrations.playwright import before

        return await before(browser, self, **options)

    async def aclose(self) -> None:
        """As `Gate.close`."""
        await self._fetcher.aclose()
        self.core.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _survey(self, url: Url) -> Known:
        core = self.core
        lock = self._flights.setdefault(url.origin, anyio.Lock())
        async with lock:
            known = core.fresh(url.origin)
            if known is None:
                ticks = core.clock.ticks()
                known = core.install(await adrive(core.survey(url), self._fetch), ticks)
            if self._flights.get(url.origin) is lock:
                del self._flights[url.origin]
        return known

    async def _fetch(self, wanted: Fetch) -> Evidence:
        return await self._fetcher.fetch(
            wanted.url, kind=wanted.kind, max_bytes=wanted.max_bytes, now=self.core.clock.now()
        )
