"""Other ways to a page: archives, caches, mirrors that carry its URL in theirs, and its other views (AMP, print, m.).

Whether what stands there was refused is not said here; only which URL it would be.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote

from .. import url as urls
from ..errors import UrlError
from ..url import Url

# A URL that carries another one whole: `/web/20240101000000/https://www.site.example/a`.
_EMBEDDED = re.compile(r"(?<=/)(?:https?:/{1,2}|https?%3A(?:%2F|/){1,2})[^/].*", re.IGNORECASE | re.DOTALL)
_BARE = re.compile(
    r"/(?:newest|oldest|timegate|o|[0-9]{8,14}|[0-9]{4}(?:[.-][0-9]{2}){2}[^/]*)/((?:[a-z0-9-]+\.)+[a-z]{2,}/?.*)"
)
_ARCHIVE_HOSTS = """
    web.archive.org archive.org archive.today archive.is archive.ph archive.li archive.md archive.vn archive.fo
    megalodon.jp gyo.tc webcitation.org perma.cc arquivo.pt webarchive.nationalarchives.gov.uk wayback.archive-it.org
"""
_ARCHIVES = frozenset(_ARCHIVE_HOSTS.split())
_CACHE_QUERIES = {
    "webcache.googleusercontent.com": "q",
    "cc.bingj.com": "u",
    "translate.google.com": "u",
    "www.google.com": "q",
}
_AMP_CACHES = (".cdn.ampproject.org", ".amp.cloudflare.com", ".bing-amp.com")
_AMP_PATH = re.compile(r"/(?:[civ]/)?(?:s/)?((?:[a-z0-9-]+\.)+[a-z]{2,}/.*)", re.DOTALL)

# Hosts beside the main one that show, or serve parts of, the same site.
_SIDE_LABELS = """
    m mobile sp s smart touch wap amp cdn img image images static assets media print lite text cache mirror
"""
_VARIANT_LABELS = frozenset(_SIDE_LABELS.split())
_VARIANT_QUERY = frozenset(
    ("amp", "outputtype", "print", "printable", "view", "format", "output", "mode", "display", "m")
)
_VARIANT_VALUES = frozenset(
    ("", "1", "true", "yes", "amp", "print", "printable", "printer", "text", "plain", "mobile", "sp")
)
_VARIANT_SEGMENT = re.compile(
    r"/(?:amp|print|printable|printer|sp|mobile|m)(?=/|\Z)|[._-](?:amp|print)(?=\.html?\Z|\Z)"
)
MARKS = r"amp|print|output|mobile|/sp(?:/|$)|/m(?:/|$)|[?&](?:view|format|mode|display|m)="
"""A pattern without which no target is another view of a page."""
_MARKS = re.compile(MARKS)


def original_of(url: Url) -> Url | None:
    """The URL of which `url` is a kept copy, as its own spelling says; None for any other URL. Never raises.

    `web.archive.org/web/<time>/<url>`, `archive.today/newest/<url>`, caches of search engines, AMP caches, translating
    proxies (`www-site-example.translate.goog`), and any host whose path carries a whole URL.
    """
    host, target = url.host, url.target
    path, _, query = target.partition("?")
    if host in _CACHE_QUERIES:
        return _cached(dict(parse_qsl(query)).get(_CACHE_QUERIES[host], ""), path, host)
    if host.endswith(_AMP_CACHES):
        amp = _AMP_PATH.match(target)
        return _parsed(f"https://{amp[1]}") if amp is not None else None
    if host.endswith(".translate.goog"):
        kept = "&".join(pair for pair in query.split("&") if pair and not pair.startswith("_x_tr_"))
        name = _dashed(host.removesuffix(".translate.goog"))
        return _parsed(f"https://{name}{path}{'?' if kept else ''}{kept}")
    embedded = _EMBEDDED.search(target)
    if embedded is not None:
        text = embedded[0]
        text = unquote(text) if "%3a" in text[:10].lower() else text
        return _other(_parsed(re.sub(r"\A(https?):/{1,2}(?!/)", r"\1://", text, flags=re.IGNORECASE)), url)
    if host in _ARCHIVES and (bare := _BARE.match(target)) is not None:
        return _other(_parsed(f"https://{bare[1]}"), url)
    return None


def asked_first(url: Url) -> Url | None:
    """The original of a kept copy, where a gate asks about it before the copy: not for a host that is a number, nor for
    the copy of a copy."""
    original = original_of(url)
    if original is None or original.address is not None or "/http" in original.target:
        return None
    return original


def _cached(value: str, path: str, host: str) -> Url | None:
    """What a search engine's cache or translator is asked for: `cache:<id>:www.site.example/a`, or a URL."""
    if host == "www.google.com" and not value.startswith("cache:"):
        amp = _AMP_PATH.match(path.removeprefix("/amp")) if path.startswith("/amp/") else None
        return _parsed(f"https://{amp[1]}") if amp is not None else None
    place = value.removeprefix("cache:")
    if "://" in place:
        return _parsed(place[max(place.find("http"), 0) :])
    place = place.rpartition(":")[2]
    return _parsed(f"https://{place}") if "." in place else None


COPY_HOSTS = (*sorted(_ARCHIVES), *_CACHE_QUERIES, *_AMP_CACHES, ".translate.goog")
"""Hosts that are known to show copies of others' pages; of those that begin with a dot, what they end with."""


def keeps_copies(host: str) -> bool:
    """True for a host that is known to show copies of others' pages."""
    return host in _ARCHIVES or host in _CACHE_QUERIES or host.endswith(_AMP_CACHES) or host.endswith(".translate.goog")


def may_be_view(url: Url) -> bool:
    """True if `url` looks like another view of a page; cheap, and true for some that are none."""
    return _MARKS.search(url.target) is not None


def is_side_host(host: str) -> bool:
    """True for a host that shows, or serves parts of, a site beside its main host (`m.`, `amp.`, `cdn.` ...)."""
    return host.partition(".")[0] in _VARIANT_LABELS


def views_of(url: Url) -> tuple[Url, ...]:
    """The URLs of which `url` would be another view: without AMP and print marks, on the main hosts. Never raises."""
    path, mark, query = url.target.partition("?")
    plain = _VARIANT_SEGMENT.sub("", path) or "/"
    kept = [pair for pair in query.split("&") if pair and not _is_mark(pair)] if mark else []
    target = plain + ("?" + "&".join(kept) if kept else "")
    hosts = [url.host]
    label, _, rest = url.host.partition(".")
    if label in _VARIANT_LABELS and "." in rest:
        hosts += [f"www.{rest}", rest]
    elif label == "www":
        hosts.append(rest)
    port = url.origin.partition("://")[2].removeprefix(url.host)
    found: dict[str, Url] = {}
    for host in hosts:
        places = (target, plain, plain.rstrip("/") or "/", *((url.target,) if host != url.host else ()))
        for place in dict.fromkeys(places):
            view = _parsed(f"{url.scheme}://{host}{port}{place}")
            if view is not None and view.href != url.href:
                found[view.href] = view
    return tuple(found.values())


def _is_mark(pair: str) -> bool:
    name, _, value = pair.lower().partition("=")
    return name in _VARIANT_QUERY and value in _VARIANT_VALUES


def _dashed(name: str) -> str:
    """`www-site--name-example` as a host: a single dash was a dot, a double one a dash."""
    return name.replace("--", "\0").replace("-", ".").replace("\0", "-")


def _other(found: Url | None, url: Url) -> Url | None:
    return found if found is not None and found.host != url.host else None


def _parsed(text: str) -> Url | None:
    try:
        return urls.parse(text)
    except UrlError:
        return None
