"""What every adapter does for one hop, whatever the client: how the request is told to the gate, whether it goes where
it was judged to go, and what is recorded when it fails."""

from __future__ import annotations

from collections.abc import Container, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..errors import ConfigError, CrawlgateError
from ..model import DIRECT
from ..permit import Permit
from .body import ACCEPT_ENCODING

if TYPE_CHECKING:
    from ..gate import Manner

_PORTS = {"http": 80, "https": 443}
_ASKED: Container[bytes] = (b"accept-encoding", b"authorization", b"cookie", b"referer")


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
    raw = getattr(headers, "raw", None)
    # Headers of httpx are slow to say that a name is missing: look at all of them once.
    there: Container[bytes] = {name.lower() for name, _ in raw} if isinstance(raw, list) else _ASKED
    if b"accept-encoding" not in there or _text(headers.get("Accept-Encoding")) != ACCEPT_ENCODING:
        headers["Accept-Encoding"] = ACCEPT_ENCODING
    agent = _text(headers.get("User-Agent"))
    if agent and agent == replace[0]:
        headers["User-Agent"] = agent = replace[1]
    return {
        "user_agent": agent or "",
        "credentials": "an Authorization header" if b"authorization" in there and "Authorization" in headers else None,
        "cookies": _text(headers.get("Cookie")) if b"cookie" in there else None,
        "referrer": _text(headers.get("Referer")) if b"referer" in there else None,
        "proxy": proxy,
    }


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


@contextmanager
def recorded(permit: Permit) -> Iterator[None]:
    """What fails on the way is on record too; refusals and failing records are already told."""
    try:
        yield
    except CrawlgateError:
        raise
    except Exception as error:
        permit.failed(error)
        raise
    except BaseException as error:  # cancelled or interrupted, which nothing may stand in the way of
        with suppress(CrawlgateError):
            permit.failed(error)
        raise


def _text(value: Any) -> str | None:
    return value.decode("latin-1") if isinstance(value, bytes) else value
