"""What a browser is about to ask for and what comes back, as Chromium's DevTools protocol shows it, before the gate.

The Fetch domain of the whole browser pauses each request, a redirect's next hop too, before it leaves, and each
response of a kind that is collected when its headers are there. Nothing here knows whether Playwright is driven by
async or by blocking code: what is awaited is either.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..errors import ConfigError, CrawlgateError, Refused
from ..permit import Permit
from .body import HeadReader, Tally
from .either import now_or_later
from .hop import Recorded, keep_to, manner
from .playwright_cookies import cookies
from .playwright_loads import Loads
from .playwright_settings import kinds

if TYPE_CHECKING:
    from ..gate import AsyncGate, Gate

logger = logging.getLogger(__name__)

Send = Callable[[str, dict[str, Any]], Any]
Reply = tuple[str, dict[str, Any]]

_WAYS = ("ask", "pass", "block")
_CHUNK = 128 * 1024
_POLICY = 1008  # RFC 6455 7.4.1
_CONTINUE: Reply = ("Fetch.continueRequest", {})
_BLOCK: Reply = ("Fetch.failRequest", {"errorReason": "BlockedByClient"})
_OF_THE_BODY_SENT = ("content-encoding", "content-length", "transfer-encoding")


class Hops:
    """Asks for each hop, judges each answer. `gone` is what `send` raises where the browser has given a request up."""

    def __init__(
        self,
        gate: Gate | AsyncGate,
        send: Send,
        *,
        gone: type[Exception],
        own_name: str,
        collect: Collection[str],
        subresources: str,
        proxy: str | None,
    ) -> None:
        if subresources not in _WAYS:
            raise ConfigError(f"subresources is {subresources!r}; write one of {', '.join(_WAYS)}")
        self._gate, self._call, self._gone = gate, send, gone
        self._names = (own_name, gate.declaration.user_agent)
        self._collected = kinds(collect)
        self._subresources = subresources
        self._loads = Loads()
        self.proxy = proxy
        self.credentials: str | None = None

    async def start(self) -> None:
        """Pause what is to be asked, from now on."""
        answers = [
            {"urlPattern": "*", "resourceType": kind, "requestStage": "Response"} for kind in sorted(self._collected)
        ]
        await self._send("Fetch.enable", {"patterns": [{"urlPattern": "*", "requestStage": "Request"}, *answers]})

    def explain(self, url: str) -> None:
        """Raise what stopped the last load that began with `url`, if it was not the browser."""
        why = self._loads.why(url)
        if why is not None:
            raise type(why)(why.decision) if isinstance(why, Refused) else why

    async def paused(self, event: dict[str, Any]) -> None:
        """The browser waits with a request, or with its answer: decide, and let it go on or not."""
        arrived = "responseStatusCode" in event or "responseErrorReason" in event
        try:
            method, how = await (self._arrived(event) if arrived else self._leaving(event))
        except Refused as refused:
            logger.info("refused %s: %s", event["request"]["url"], str(refused).partition("\n")[0])
            self._loads.stopped(event, refused)
            method, how = _BLOCK
        except self._gone:
            method, how = _BLOCK
        except Exception as error:  # a page that could not be judged is not shown
            logger.exception("the gate could not judge %s; it is not loaded", event["request"]["url"])
            self._loads.stopped(event, error)
            method, how = _BLOCK
        with suppress(self._gone):
            await self._send(method, {"requestId": event["requestId"], **how})

    async def socket(self, opening: Any) -> None:
        """A page opens a WebSocket, which begins with a request for an http or https URL (RFC 6455 4.1)."""
        try:
            if self._subresources == "ask":
                url = "http" + opening.url.removeprefix("ws")
                await now_or_later(self._gate.open(url, user_agent=self._names[1], proxy=self.proxy))
        except CrawlgateError as error:
            logger.info("refused %s: %s", opening.url, str(error).partition("\n")[0])
        else:
            if self._subresources != "block":
                opening.connect_to_server()
                return
        with suppress(self._gone):
            await now_or_later(opening.close(code=_POLICY))

    async def _leaving(self, event: Mapping[str, Any]) -> Reply:
        url, headers = event["request"]["url"], dict(event["request"]["headers"])
        if not url.startswith(("http:", "https:")):
            return _CONTINUE  # nothing leaves
        collected = event["resourceType"] in self._collected
        load = self._loads.leaving(event, url) if collected else None
        if load is None and self._subresources != "ask":
            return _BLOCK if self._subresources == "block" else _CONTINUE
        sent = headers.get("User-Agent")
        headers.setdefault("User-Agent", self._names[0])  # the network adds it to what a service worker asks for
        made = manner(headers, self.proxy, replace=self._names)
        if self.credentials is not None:  # given on demand, so that no header shows them beforehand
            made["credentials"] = self.credentials
        permit = await now_or_later(self._gate.open(url, **made))
        parts = urlsplit(url)
        authority, named = parts.netloc.rpartition("@")[2], headers.get("Host")
        host, port = parts.hostname or "", parts.port
        keep_to(permit, scheme=parts.scheme, host=host, port=port, authority=authority, named=named)
        if load is not None:
            load.permit = permit
            load.cookies = await cookies(self._send, event["frameId"])
        if headers.get("User-Agent") == sent:
            return _CONTINUE
        given = {**event["request"]["headers"], "User-Agent": headers["User-Agent"]}
        return "Fetch.continueRequest", {"headers": [{"name": name, "value": value} for name, value in given.items()]}

    async def _arrived(self, event: Mapping[str, Any]) -> Reply:
        permit, before = self._loads.arrived(event)
        if permit is None:  # nothing left for it, or nobody was asked
            return _BLOCK if event["request"]["url"].startswith(("http:", "https:")) else _CONTINUE
        with Recorded(permit):
            if "responseErrorReason" in event:
                permit.failed(ConnectionError(event["responseErrorReason"]))
                reply = _CONTINUE
            else:
                reply = await self._judged(permit, event, before)
        if not 300 <= event.get("responseStatusCode", 0) < 400:
            self._loads.ended(event)
        return reply

    async def _judged(self, permit: Permit, event: Mapping[str, Any], before: frozenset[str]) -> Reply:
        headers = [(header["name"], header["value"]) for header in event.get("responseHeaders") or ()]
        given = [("Set-Cookie", new) for new in sorted(await cookies(self._send, event["frameId"]) - before)]
        if not permit.see_headers(event["responseStatusCode"], [*headers, *given], method=event["request"]["method"]):
            await now_or_later(self._gate.complete(permit))
            permit.enforce()
            return _CONTINUE  # the body goes to the page without us
        taken = await self._send("Fetch.takeResponseBodyAsStream", {"requestId": event["requestId"]})
        try:
            reader, chunks = HeadReader(permit, decoded=True), self._read(taken["stream"])
            whole = True
            async for chunk in chunks:
                if reader.feed(chunk):
                    whole = False
                    break
            reader.judge(whole=whole)
            await now_or_later(self._gate.complete(permit))
            permit.enforce()
            tally = Tally(permit)
            try:
                body = b"".join([tally.add(chunk) for chunk in reader.chunks] + [tally.add(c) async for c in chunks])
            except BaseException:
                tally.end(complete=False)
                raise
            tally.end(complete=True)
        finally:
            with suppress(self._gone):
                await self._send("IO.close", {"handle": taken["stream"]})
        kept = [{"name": n, "value": v} for n, v in headers if n.lower() not in _OF_THE_BODY_SENT]
        said = {"responseCode": event["responseStatusCode"], "responseHeaders": kept}
        return "Fetch.fulfillRequest", {**said, "body": base64.b64encode(body).decode("ascii")}

    async def _read(self, stream: str) -> AsyncIterator[bytes]:
        while True:
            read = await self._send("IO.read", {"handle": stream, "size": _CHUNK})
            if read["data"]:
                yield base64.b64decode(read["data"]) if read["base64Encoded"] else read["data"].encode()
            if read["eof"]:
                return

    async def _send(self, method: str, what: dict[str, Any]) -> Any:
        return await now_or_later(self._call(method, what))
