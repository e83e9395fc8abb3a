"""The ways that a client of httpx, or of httpx2, goes, all of them behind the gate: its own transports, those of its
user, a proxy, and the proxies that the environment asks for, which a client that is given a transport leaves out."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies

from ..model import DIRECT
from .body import ACCEPT_ENCODING
from .hop import route

if TYPE_CHECKING:
    from ..gate import AsyncGate, Gate

# Options of a client that configure its default transport; with a transport of ours they go to that.
_TRANSPORT_OPTIONS = ("verify", "cert", "trust_env", "http1", "http2", "limits", "proxy")
_SCHEMES = ("http", "https", "all")


def behind(package: Any, gate: Gate | AsyncGate, wrap: Any, make: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Options of a client of `package` every route of which passes `gate`, from the options its user gave; `wrap` is
    our transport, `make` makes the package's own. A transport that the caller made goes a way that nobody knows (None).

    A proxy beside a transport goes before it, as in httpx; left to the client it would lead around the gate.
    """
    settings = {name: options.pop(name) for name in _TRANSPORT_OPTIONS if name in options}
    given = options.pop("transport", None)
    proxy = _route(package, settings.get("proxy"))
    mounts: dict[str, Any] = {
        pattern: None if mounted is None else wrap(gate, mounted)
        for pattern, mounted in dict(options.pop("mounts", None) or {}).items()
    }
    if given is None and settings.get("proxy") is None and settings.get("trust_env", True):
        mounts = {
            **{
                pattern: None if way is None else wrap(gate, make(**{**settings, "proxy": way}), proxy=route(way))
                for pattern, way in environment().items()
            },
            **mounts,
        }
    if given is not None and settings.get("proxy") is not None:
        mounts = {"all://": wrap(gate, make(**settings), proxy=proxy), **mounts}
    headers = package.Headers({"user-agent": gate.declaration.user_agent, "accept-encoding": ACCEPT_ENCODING})
    headers.update(package.Headers(options.pop("headers", None)))
    transport = wrap(gate, make(**settings), proxy=proxy) if given is None else wrap(gate, given)
    return {"transport": transport, "mounts": mounts, "headers": headers, **options}


def _route(package: Any, proxy: Any) -> str:
    if proxy is None:
        return DIRECT
    return route(str(package.URL(proxy.url if isinstance(proxy, package.Proxy) else proxy)))


def environment() -> dict[str, str | None]:
    """What `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` ask for, as httpx mounts it: from a pattern of URLs
    to the address of a proxy, or None where there is to be none."""
    said = getproxies()
    direct = [name.strip() for name in said.get("no", "").split(",") if name.strip()]
    if "*" in direct:
        return {}
    found = {f"{scheme}://": said[scheme] for scheme in _SCHEMES if said.get(scheme)}
    ways = {pattern: way if "://" in way else f"http://{way}" for pattern, way in found.items()}
    return {**ways, **{_pattern(name): None for name in direct}} if ways else {}


def _pattern(name: str) -> str:
    """What `NO_PROXY` means by a name: the host itself for an address, a name and what is below it otherwise."""
    if "://" in name:
        return name
    with suppress(ValueError):
        address = ip_address(name)
        return f"all://[{address}]" if address.version == 6 else f"all://{address}"
    return f"all://{name}" if name == "localhost" else f"all://*{name}"
