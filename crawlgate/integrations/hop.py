"""What every adapter does for one hop, whatever the client: how the request is told to the gate, whether it goes where
it was judged to go, and what is recorded when it fails."""

from __future__ import annotations

from collections.abc import MutableMapping
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..errors import ConfigError, CrawlgateError
from ..model import DIRECT
from ..permit import Permit
from .body import ACCEPT_ENCODING

if TYPE_CHECKING:
    from ..options import Manner

_PORTS = {"http": 80, "https": 443}
_ASKED = {name.lower(): name for name in ("Accept-Encoding", "User-Agent", "Authorization", "Cookie", "Referer")}


class ExtraMissing(ConfigError, ImportError):
    """A client's own package is not installed; the message names the extra that brings it."""


def missing(extra: str, error: ImportError) -> ExtraMissing:
    """The error for an integration whose package could not be imported."""
    return ExtraMissing(
        f"crawlgate.integrations.{extra} needs a package that is not here ({error}); pip install 'crawlgate[{extra}]'"
    )


def manner(headers: MutableMapping[str, Any], proxy: str | None, *, replace: tuple[str, str] = ("", "")) -> Manner:
    """What the server is going to see of us; the secret itself is never looked at.

    Asks for the content codings that can be judged. `replace` is a name that the client's library gives itself, which
    nobody chose, and the declared one that goes in its place.
    """
    sent = _said(headers)
    if sent.get("accept-encoding") != ACCEPT_ENCODING:
        headers["Accept-Encoding"] = ACCEPT_ENCODING
    agent = sent.get("user-agent")
    if agent and agent == replace[0]:
        headers["User-Agent"] = agent = replace[1]
    return {
        "user_agent": agent or "",
        "credentials": "an Authorization header" if "authorization" in sent else None,
        "cookies": sent.get("cookie"),
        "referrer": sent.get("referer"),
        "proxy": proxy,
    }


def _said(headers: MutableMapping[str, Any]) -> dict[str, str]:
    """Those of the headers that tell who asks, by name in lower case."""
    raw = getattr(headers, "raw", None)
    if isinstance(raw, list) and b"".join([value for _, value in raw]).isascii():
        # httpx is slow to look up a name: look at all of them once.
        sent = {name.decode("latin-1").lower(): value.decode("ascii") for name, value in raw}
        if len(sent) == len(raw):
            return sent
    found = {}
    for name, asked in _ASKED.items():
        value = headers.get(asked)
        if value is not None:
            found[name] = value.decode("latin-1") if isinstance(value, bytes) else value
    return found


def route(proxy: str | None) -> str:
    """The name of a route: host and port of a proxy, never its user name or password."""
    if not proxy:
        return DIRECT
    return urlsplit(proxy if "://" in proxy else f"http://{proxy}").netloc.rpartition("@")[2]


def keep_to(permit: Permit, *, scheme: str, host: str, port: int | None, authority: str, named: Any) -> None:
    """Refuse a request that goes elsewhere than was judged: to another host or port, or, by its Host header (`named`),
    to another site than its URL says (`authority`, without userinfo). A permit that judged nothing has no say."""
    if not permit.judged:
        return
    judged = (permit.url.scheme, permit.url.host.strip("[]"), permit.url.port)
    wire = (scheme, host.rstrip(".").strip("[]"), port or _PORTS.get(scheme))
    said = (_text(named) or "").lower()
    if wire != judged or (said and said != authority.lower()):
        permit.refuse("host_mismatch")


class Recorded:
    """What fails on the way is on record too; refusals and failing records are already told."""

    __slots__ = ("_permit",)

    def __init__(self, permit: Permit) -> None:
        self._permit = permit

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or isinstance(error, CrawlgateError):
            return
        if isinstance(error, Exception):
            self._permit.failed(error)
        else:  # cancelled or interrupted, which nothing may stand in the way of
            with suppress(CrawlgateError):
                self._permit.failed(error)


def _text(value: Any) -> str | None:
    return value.decode("latin-1") if isinstance(value, bytes) else value
