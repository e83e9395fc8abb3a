"""What the settings of a Scrapy project say to the gate, and what the gate sets in them."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from scrapy.settings import BaseSettings
from scrapy.utils.conf import closest_scrapy_cfg
from scrapy.utils.misc import load_object

from ..declaration import from_table, suggestion
from ..errors import ConfigError
from ..gate import AsyncGate, Gate
from ..limits import DEFAULT_LIMITS, Limits
from ..loaded import Blocklist
from ..model import Declaration
from ..options import GateOptions
from .declared import FILE, read_declaration

logger = logging.getLogger(__name__)

GATE = "crawlgate"
"""The key of a request's meta under which its decision stands."""

ORDER = 950
"""Behind Scrapy's own middlewares (its cache is at 900) and any of the project's, so that nothing changes a request
after it was asked about, and nothing keeps a response before it was judged."""

_OPTIONS = {
    "CRAWLGATE_PROFILE": "profile",
    "CRAWLGATE_BLOCKLISTS": "blocklists",
    "CRAWLGATE_HOME": "home",
    "CRAWLGATE_MODE": "mode",
    "CRAWLGATE_ALLOW_ADDRESSES": "allow_addresses",
    "CRAWLGATE_POLICY_FILES": "policy_files",
    "CRAWLGATE_PAGE_EVIDENCE": "page_evidence",
    "CRAWLGATE_DURABILITY": "durability",
    "CRAWLGATE_ANCHORS": "anchors",
    "CRAWLGATE_LIMITS": "limits",
}
_DECLARATION = "CRAWLGATE_DECLARATION"
_GATE = "CRAWLGATE_GATE"
HEAP = "CRAWLGATE_FREEZE_HEAP"
"""Whether what is in memory when the crawl begins is left out of garbage collection while it runs."""
_LISTS = ("blocklists", "allow_addresses", "policy_files", "anchors")

_EVASIVE = (
    ("rotating_user_agent", re.compile(r"(?i)(random|rotat|fake|shuffle)\w*[._]?user_?-?agent|user_?agents?\.|fakeua")),
    ("rotating_proxy", re.compile(r"(?i)rotating_?prox|prox(y|ies)_?(pool|rotat|list)|random_?prox")),
    ("challenge_solver", re.compile(r"(?i)captcha|flaresolverr|cloudscraper|cloudflare|anti_?bot|unblock|zyte_?api")),
    ("stealth_fetcher", re.compile(r"(?i)stealth|undetected|impersonat|curl_?cffi|nodriver|camoufox")),
)
_PLACES = ("DOWNLOADER_MIDDLEWARES", "DOWNLOAD_HANDLERS", "SPIDER_MIDDLEWARES", "EXTENSIONS", "ADDONS")


def read_settings(settings: BaseSettings) -> tuple[Declaration, GateOptions]:
    """The declaration and the gate's options. Paths are below the folder of scrapy.cfg, or the working directory.

    Raises `ConfigError` for a setting that cannot be, an unknown `CRAWLGATE_` setting among them.
    """
    root = _root()
    for name in settings:
        known = [_GATE, _DECLARATION, HEAP, *_OPTIONS]
        if name.startswith("CRAWLGATE_") and name not in known:
            raise ConfigError(f"setting {name} is unknown{suggestion(name, known)}")
    gate = shared_gate(settings)
    if gate is not None:
        return gate.declaration, {}
    options: dict[str, Any] = {"home": ".crawlgate"}
    for name, option in _OPTIONS.items():
        if settings.get(name) is not None:
            options[option] = _list(settings, name) if option in _LISTS else settings[name]
    options["home"] = root / options["home"]
    options["blocklists"] = [_blocklist(root, given) for given in options.get("blocklists", ())]
    if "limits" in options:
        options["limits"] = _limits(settings.getdict("CRAWLGATE_LIMITS"))
    profile = options.get("profile")
    if isinstance(profile, str) and profile.endswith(".toml"):
        options["profile"] = root / profile
    return _declaration(root, settings.get(_DECLARATION)), options  # type: ignore[return-value]


def shared_gate(settings: BaseSettings) -> Gate | AsyncGate | None:
    """The gate that `CRAWLGATE_GATE` names by its import path, for all clients of a process. Raises `ConfigError`."""
    path = settings.get(_GATE)
    if path is None:
        return None
    others = [name for name in (_DECLARATION, *_OPTIONS) if settings.get(name) is not None]
    if others:
        raise ConfigError(f"{_GATE} names a gate that is made already; {', '.join(others)} would not be heeded")
    try:
        gate = load_object(path)
    except (ImportError, NameError, TypeError, ValueError) as error:
        raise ConfigError(f"{_GATE} is {path!r}, which cannot be imported: {error}") from None
    if not isinstance(gate, (Gate, AsyncGate)):
        raise ConfigError(f"{_GATE} is {path!r}, which is no Gate or AsyncGate but {type(gate).__name__}")
    return gate


def apply(settings: BaseSettings, middleware: type) -> None:
    """Set the middleware, the declared user agent, and switch off Scrapy's own reading of robots.txt: the gate asks
    for it, once an origin, and a second reader would ask again and answer without a record."""
    declaration, _ = read_settings(settings)
    others = [order for order in settings.getdict("DOWNLOADER_MIDDLEWARES").values() if isinstance(order, int)]
    settings.setdefault_in_component_priority_dict("DOWNLOADER_MIDDLEWARES", middleware, max([ORDER, *others]) + 1)
    settings.set("ROBOTSTXT_OBEY", value=False, priority=settings.getpriority("ROBOTSTXT_OBEY") or 0)
    if not settings.getpriority("USER_AGENT"):  # Scrapy's own default
        settings.set("USER_AGENT", declaration.user_agent, priority="addon")
    elif settings["USER_AGENT"] != declaration.user_agent:
        logger.warning(
            "USER_AGENT is %r and the declaration says %r: sites see another crawler than robots.txt was asked for; "
            "every request goes on record with it",
            settings["USER_AGENT"],
            declaration.user_agent,
        )
    for found in evasive(settings):
        logger.warning("%(setting)s holds %(value)s, which looks like evasion (%(looks_like)s); it is on record", found)


def evasive(settings: BaseSettings) -> list[dict[str, str]]:
    """Settings that look like evasion of measures: `setting`, `value` and what it `looks_like`."""
    found = []
    for place in _PLACES:
        for name, value in settings.getdict(place).items():
            named = f"{_name(name)} {_name(value)}"
            for kind, pattern in _EVASIVE:
                if value is not None and not named.startswith("crawlgate.") and pattern.search(named):
                    found.append({"setting": place, "value": named.split()[0][:200], "looks_like": kind})
                    break
    for name in settings:
        if re.search(r"(?i)^(ROTATING_PROXY|PROXY_LIST|PROXY_POOL|USER_AGENTS?_LIST|USER_AGENTS$|FAKEUSERAGENT)", name):
            kind = "rotating_proxy" if "PROXY" in name else "rotating_user_agent"
            found.append({"setting": name, "value": type(settings[name]).__name__, "looks_like": kind})
    return found


def _name(value: object) -> str:
    return f"{value.__module__}.{value.__qualname__}" if isinstance(value, type) else str(value)


def _root() -> Path:
    config = closest_scrapy_cfg()
    return Path(config).parent if config else Path()


def _declaration(root: Path, given: Any) -> Declaration:
    if isinstance(given, Declaration):
        return given
    if isinstance(given, str) and given.lstrip().startswith("{"):
        given = _json(_DECLARATION, given)
    if isinstance(given, (Mapping, BaseSettings)):
        return from_table(dict(given), _DECLARATION, base=root)
    way_out = f"set {_DECLARATION} to a TOML file or a dict that says who crawls and for what"
    return read_declaration(root / (given or FILE), root, way_out)


def _list(settings: BaseSettings, name: str) -> list[Any]:
    """A list; on the command line JSON, or words between commas."""
    given = settings[name]
    if isinstance(given, str) and given.lstrip().startswith("["):
        given = _json(name, given)
    return given if isinstance(given, list) else settings.getlist(name)


def _json(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ConfigError(f"setting {name} begins like JSON and is none: {error}") from None


def _limits(given: Mapping[str, Any]) -> Limits:
    names = [field.name for field in fields(Limits)]
    for name in given:
        if name not in names:
            raise ConfigError(f"CRAWLGATE_LIMITS: {name!r} is unknown{suggestion(name, names)}")
    return replace(DEFAULT_LIMITS, **given)


def _blocklist(root: Path, given: Any) -> Any:
    """A path below the project, or a dict with the fields of `Blocklist`."""
    if isinstance(given, Blocklist):
        return given
    if isinstance(given, Mapping):
        try:
            return Blocklist(**{**given, "path": root / given["path"]})
        except (KeyError, TypeError) as error:
            raise ConfigError(f"CRAWLGATE_BLOCKLISTS: {dict(given)!r} is no list: {error}") from None
    return given if "://" in str(given) else root / given
