"""A file from the web, streamed within bounds of size and time, over transports that reach public addresses only.

`Fetcher` is for small answers that become evidence; this is for what may be large and is proved otherwise, as the
entries of a signed feed are by their hash.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, Self

import httpx

from .. import url as urls
from ..errors import UrlError
from ..headers import Headers
from ..limits import Limits
from ..url import Url
from .address import AddressPolicy
from .fetch import NETWORK_ERRORS, checked_user_agent, describe
from .inflate import Inflater
from .pin import PinnedTransport, deadline, pinned_transport

Progress = Callable[[int], None]
"""Called with the bytes that have come so far."""

_REDIRECTS = 5
_WIRE_SLACK = 64 * 1024
_MOVED = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """What came. `status` is None where nothing usable did, and `error` then begins with a code and a colon: those
    of `Fetcher.fetch`, `too_long`, `redirect`, or `disk` (ours). `url` is where the answer came from."""

    url: str
    status: int | None
    size: int = 0
    sha256: str = ""
    etag: str = ""
    last_modified: str = ""
    error: str | None = None


class Downloader:
    """Downloads one file after another. `policy` says which addresses may be reached; `transport` replaces the pinned
    one, for tests. Use it as a context manager, or `close` it."""

    def __init__(
        self, user_agent: str, *, policy: AddressPolicy, limits: Limits, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._user_agent = checked_user_agent(user_agent)
        self._limits = limits
        self._transport = pinned_transport(policy) if transport is None else transport
        self._pinned = isinstance(self._transport, PinnedTransport)

    def get(
        self,
        url: Url,
        into: BinaryIO,
        *,
        max_bytes: int,
        seconds: float,
        conditions: Mapping[str, str] | None = None,
        progress: Progress | None = None,
    ) -> Downloaded:
        """GET `url` and write its decoded body to `into`, at most `max_bytes` of it, within `seconds` altogether.

        `conditions` are request headers such as `If-None-Match`; a 304 comes back with status 304 and no body.
        Redirects are followed, five at most and never from https to http. Never raises for what a network or a
        server does.
        """
        until = time.monotonic() + seconds
        for _ in range(_REDIRECTS + 1):
            done, target = self._hop(url, into, max_bytes, until, seconds, conditions or {}, progress)
            if target is None:
                return done
            try:
                following = urls.join(url, target)
            except UrlError as error:
                return Downloaded(url=url.href, status=None, error=f"redirect: {error}")
            if url.scheme == "https" and following.scheme == "http":
                return Downloaded(url=url.href, status=None, error="redirect: leads from https to http")
            url = following
        return Downloaded(url=url.href, status=None, error=f"redirect: more than {_REDIRECTS} redirects")

    def close(self) -> None:
        """Close the transport."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _hop(
        self,
        url: Url,
        into: BinaryIO,
        max_bytes: int,
        until: float,
        seconds: float,
        conditions: Mapping[str, str],
        progress: Progress | None,
    ) -> tuple[Downloaded, str | None]:
        """One request; where it leads, if it is a redirect."""
        status: int | None = None
        size, wire, digest = 0, 0, hashlib.sha256()
        late = f"timeout: not finished within {seconds:g} s"
        try:
            with deadline(until):
                response = self._transport.handle_request(self._request(url, until, conditions))
                try:
                    headers, status = Headers(response.headers.raw, self._limits), response.status_code
                    if status in _MOVED and headers.get("location"):
                        return Downloaded(url=url.href, status=None), headers.get("location")
                    inflater = Inflater(", ".join(headers.all("content-encoding")), max_bytes)
                    error = inflater.error
                    for chunk in response.stream if status == 200 else ():  # type: ignore[union-attr]
                        body = inflater.feed(chunk)
                        wire += len(chunk)
                        size += len(body)
                        digest.update(body)
                        try:
                            into.write(body)
                        except OSError as full:
                            error = f"disk: {full.strerror or full}"
                            break
                        if progress is not None:
                            progress(size)
                        if inflater.truncated or wire > max_bytes + _WIRE_SLACK:
                            error = f"too_long: more than {max_bytes} bytes"
                        elif time.monotonic() >= until:
                            error = late
                        else:
                            error = inflater.error
                        if error:
                            break
                    else:
                        inflater.finish()
                        error = error or (inflater.error if status == 200 else None)
                finally:
                    response.close()
        except NETWORK_ERRORS as failure:
            error = describe(failure, answered=status is not None)
            if time.monotonic() >= until:
                error = late
        if error:
            return Downloaded(url=url.href, status=None, size=size, error=error), None
        return Downloaded(
            url=url.href,
            status=status,
            size=size,
            sha256=digest.hexdigest(),
            etag=headers.get("etag") or "",
            last_modified=headers.get("last-modified") or "",
        ), None

    def _request(self, url: Url, until: float, conditions: Mapping[str, str]) -> httpx.Request:
        left = max(0.001, until - time.monotonic())
        connect = min(self._limits.evidence_connect, left)
        own = {"User-Agent": self._user_agent, "Accept": "*/*", "Accept-Encoding": "gzip", "Connection": "close"}
        return httpx.Request(
            "GET",
            url.href,
            headers={**own, **conditions},
            extensions={
                "timeout": {"connect": connect, "read": left, "write": left, "pool": left},
                "target": url.target.encode("ascii"),
            },
        )
