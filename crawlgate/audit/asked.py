"""What an inquiry asks for: a URL, a host, a registrable domain, or a name that no machine can look up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from .. import url as urls
from ..domains import Suffixes
from ..errors import UrlError


class Kind(StrEnum):
    """What was asked for. `refused`: a URL that the gate refuses to be asked about, looked up as it stands;
    `unreadable`: none of these."""

    URL = "url"
    HOST = "host"
    DOMAIN = "domain"
    NAME = "name"
    REFUSED = "refused"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One thing asked for. `text` is as given; `url` the one form of a URL, `host` of a host or domain in A-labels.
    `problem` says why a text is unreadable or refused."""

    text: str
    kind: Kind
    url: str = ""
    host: str = ""
    problem: str = ""


def read(text: str, suffixes: Suffixes) -> Asked:
    """What `text` asks for. `https://host` without a slash asks for the host; a host that is a registrable domain asks
    for all of its hosts."""
    given = text.strip()
    scheme, separator, rest = given.partition("://")
    whole_host = not any(mark in (rest if separator else given) for mark in "/?#\\")
    if separator and scheme.lower() not in ("http", "https"):
        return Asked(text=given, kind=Kind.REFUSED, problem=f"scheme {scheme[:40]!r} is not asked about")
    try:
        parsed = urls.parse(given if separator else f"https://{given}")
    except (UrlError, UnicodeError) as error:
        if separator or ":" in given:
            return Asked(text=given, kind=Kind.REFUSED, url=urls.without_userinfo(given), problem=str(error))
        return Asked(text=given, kind=Kind.UNREADABLE, problem=str(error))
    if not whole_host:
        return Asked(text=given, kind=Kind.URL, url=parsed.href, host=parsed.host)
    if any(char.isspace() for char in given):
        return Asked(text=given, kind=Kind.UNREADABLE, problem="is no URL, host or domain")
    domain = suffixes.registrable(parsed.host) == parsed.host
    return Asked(text=given, kind=Kind.DOMAIN if domain else Kind.HOST, host=parsed.host)


def name(text: str) -> Asked:
    """The name of a person or company that owns works: nothing in a ledger says who owns what."""
    return Asked(text=text.strip(), kind=Kind.NAME)


def lines(texts: Iterable[str]) -> Iterator[str]:
    """The entries of a list: one a line; blank lines and lines that begin with `#` are left out."""
    for number, line in enumerate(texts):
        entry = (line.lstrip("\ufeff") if number == 0 else line).strip()
        if entry and not entry.startswith("#"):
            yield entry
