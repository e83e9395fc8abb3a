"""Where a site says that an RSL document is its licence (RSL 1.0 4.2): robots.txt, `Link`, `link`, inline script."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .. import url as urls
from ..errors import UrlError
from ..headers import Headers
from ..limits import DEFAULT_LIMITS
from ..model import Lint, Scope
from ..url import Url
from .lines import ExtensionLine
from .page_head import PageHead
from .statement import clip, note

MEDIA_TYPE = "application/rsl+xml"

MAX_REFERENCES = 8
"""Licences of one carrier that are followed. Project choice: each costs a request; real sites name one."""

# A licence of these is words for people and no RSL document, whatever line it stands on.
_NOT_RSL = ("creativecommons.org", "opensource.org", "spdx.org", "gnu.org", "choosealicense.com", "opendatacommons.org")

_KEYS = ("license", "licence")

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*+:")
_LINK = re.compile(r"<([^<>]*+)>((?:[^,<\"]|\"(?:[^\"\\]|\\.)*+\"?)*+)", re.DOTALL)
_PARAMETER = re.compile(r";\s*+([A-Za-z*]++)\s*+=\s*+(?:\"((?:[^\"\\]|\\.)*+)\"?|([^;,\s\"]*+))", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class RslReference:
    """A place that names an RSL document. `where` is `robots`, `header`, `page` or `inline`; `line` counts from 1.

    `body` is the document itself where it stands inline, and `url` is None then. `ambiguity` names a second
    reading under which this licence does not bind us: then it restricts and permits nothing.
    """

    url: Url | None
    where: str
    raw: str
    scope: Scope
    line: int | None = None
    span: tuple[int, int] | None = None
    body: bytes = field(default=b"", repr=False)
    ambiguity: str | None = None


def licence_urls(
    lines: Iterable[ExtensionLine],
    *,
    base: Url,
    others: Iterable[ExtensionLine] = (),
    lint: list[Lint] | None = None,
) -> tuple[RslReference, ...]:
    """The `License` lines of robots.txt that are in force. `base` is the URL of robots.txt.

    `lines` speak to us: lines in our group replace those before any group (RSL 1.0 4.4). `others` stand in
    groups of other agents; RSL's guide calls every such line global, so they count where nothing else does.
    """
    ours = [line for line in lines if line.key in _KEYS]
    in_group = [line for line in ours if line.agents]
    if in_group and len(in_group) < len(ours):
        note(lint, "group_license", "License lines in a group replace those before any group", name="license")
    chosen, ambiguity = in_group or ours, None
    if not chosen:
        chosen = [line for line in others if line.key in _KEYS]
        ambiguity = "license_of_other_group"
        if chosen:
            note(lint, ambiguity, "License stands in the group of another agent", raw=chosen[0].raw, name="license")
    for line in chosen:
        if line.key != _KEYS[0]:
            note(lint, "misspelled_license", "the key is License", raw=line.raw, name=line.key)
            break
    found = (
        RslReference(
            url=url,
            where="robots",
            raw=clip(line.raw),
            scope=Scope.PATH,
            line=line.number,
            ambiguity=ambiguity,
        )
        for line in chosen
        if (url := _resolve(line.value, base, lint, line.raw, line.number)) is not None
    )
    return _bounded(found, lint)


def from_link_header(headers: Headers, *, base: Url, lint: list[Lint] | None = None) -> tuple[RslReference, ...]:
    """`Link` headers with `rel="license"` and RSL's media type. `base` is the URL of the response."""
    found = (
        RslReference(url=url, where="header", raw=clip(raw), scope=Scope.RESPONSE)
        for target, relations, media_type, raw in _links(headers)
        if "license" in relations and _is_rsl(media_type)
        if (url := _resolve(target, base, lint, raw)) is not None
    )
    return _bounded(found, lint)


def from_page(page: PageHead, *, base: Url, lint: list[Lint] | None = None) -> tuple[RslReference, ...]:
    """`link` tags with RSL's media type, and documents in `script` elements. `base` is the URL of the page.

    A link in the body speaks of the element it stands in; where a script stands is not known, and it is taken
    to speak of the page.
    """
    found = [
        RslReference(
            url=url,
            where="page",
            raw=clip(link.href),
            scope=Scope.ELEMENT if link.in_body else Scope.RESPONSE,
            span=link.span,
        )
        for link in page.links
        if "license" in link.rel.split() and _is_rsl(link.type)
        if (url := _resolve(link.href, base, lint, link.href)) is not None
    ]
    inline = [
        RslReference(
            url=None,
            where="inline",
            raw=clip(body[: DEFAULT_LIMITS.raw_text * 4].decode("utf-8", "replace").strip()),
            scope=Scope.RESPONSE,
            body=body,
        )
        for body in page.rsl
    ]
    return _bounded([*inline, *found], lint)


def _is_rsl(media_type: str) -> bool:
    return media_type.partition(";")[0].strip().lower() == MEDIA_TYPE


def _links(headers: Headers) -> Iterator[tuple[str, list[str], str, str]]:
    """Target, relations, type and text of every link (RFC 8288 3); the first of a repeated parameter counts."""
    for value in headers.all("link"):
        for match in _LINK.finditer(value):
            found: dict[str, str] = {}
            for name, quoted, token in _PARAMETER.findall(match[2]):
                found.setdefault(name.lower(), quoted or token)
            yield match[1].strip(), found.get("rel", "").lower().split(), found.get("type", ""), match[0].strip()


def _resolve(text: str, base: Url, lint: list[Lint] | None, raw: str, line: int | None = None) -> Url | None:
    def say(code: str, message: str) -> None:
        if lint is not None:
            lint.append(Lint(code=code, message=message, raw=clip(raw), line=line, name="license"))

    text = text.strip()
    if text.startswith("<") and text.endswith(">"):
        text = text[1:-1].strip()
    if not text or any(blank in text for blank in " \t"):
        say("bad_license_url", "the licence is not named by a URL")
        return None
    absolute = _ABSOLUTE.match(text) is not None
    try:
        url = urls.parse(text) if absolute else urls.join(base, text)
    except UrlError as error:
        say("bad_license_url", f"the URL of a licence cannot be read: {error.code}")
        return None
    if url.host.removeprefix("www.") in _NOT_RSL:
        say("not_rsl_license", "this is a licence for people, not an RSL document")
        return None
    if not absolute:
        say("relative_license", "RSL 1.0 wants the absolute URL of a licence")
    if url.scheme != "https":
        say("insecure_license", "RSL 1.0 wants licences to be served over HTTPS")
    return url


def _bounded(found: Iterable[RslReference], lint: list[Lint] | None) -> tuple[RslReference, ...]:
    """The references, each document once, no more than are followed."""
    kept: dict[object, RslReference] = {}
    for reference in found:
        key = reference.url.href if reference.url is not None else reference.body
        if key not in kept and len(kept) == MAX_REFERENCES:
            note(lint, "too_many_licenses", f"no more than {MAX_REFERENCES} licences are followed", name="license")
            break
        kept.setdefault(key, reference)
    return tuple(kept.values())
