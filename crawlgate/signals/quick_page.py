"""A page that says nothing, told fast: most pages of the web, of which the readers would find nothing after long work.

Either the answer is exactly what `page.read` would find (but for its lint), or None, and the page is to be read in
full. It is given where the automata of `triggers` prove that there is nothing to find, or where what they point at (a
meta tag of an author, a description in JSON-LD, a canonical link) was read by its own reader and says nothing of use.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from .. import url as urls
from ..errors import UrlError
from ..headers import Headers
from ..limits import DEFAULT_LIMITS
from ..url import Url
from . import (
    challenge,
    creator,
    dataset,
    login_page,
    microdata,
    open_licence,
    paywall,
    paywall_text,
    robots_tags,
    rsl,
    tdmrep,
    wording,
)
from .jsonld import Graph
from .live import Live, joined, text_of
from .login_words import suspected
from .looked import look_at, tags
from .markup import START, attributes
from .page_head import NAMING, LinkTag, MetaTag, PageHead, recoding, unescape, visible
from .reading import Reading
from .rsl_links import MEDIA_TYPE
from .triggers import AVAILABLE, Failed, Look, Trigger, triggers

_JOINS = re.compile("[\u0300-\u036f\u3099\u309a\uff9e\uff9f]")
_NOTHING = Graph(())
_CREATORS = re.compile(rb"author|creator", re.IGNORECASE)
_RUN = re.compile(rb">([^<>&]{24,}+)<")
_BLANKS = b"\t\n\v\f\r \x1c\x1d\x1e\x1f"
_FEW = 3
"""Pages that are read in full before automata are made or loaded: who reads no more is done sooner without."""

_ENOUGH_TEXT = 1_600
_RUNS = 400


_pages = itertools.count()


def read(
    body: bytes,
    before: Reading,
    *,
    url: Url,
    content_type: str,
    token: str,
    whole: bool,
    not_looked: dict[str, str],
    evidence: str = "",
) -> Reading | None:
    """As `page.read`, of a page in HTML that is no longer than is read; None where it has to be read in full.
    `not_looked` are the checks that are not made."""
    if not AVAILABLE or not before.silent or before.licences or len(body) > challenge.MAX_BYTES:
        return None
    if not triggers.cache_info().currsize and next(_pages) < _FEW:
        return None
    if recoding(body, content_type) is not None or b"2022" in body[:1024] or "2022" in content_type:
        return None  # its octets are not its letters
    try:
        return _read(body, before, url, content_type, token, evidence, whole=whole, not_looked=not_looked)
    except Failed:
        return None


def prepare() -> None:
    """Have the automata now: for a process that is going to read many pages, before it begins."""
    if AVAILABLE:
        with suppress(Failed):
            triggers()
            look_at(b"", "text/html")


def _read(
    body: bytes,
    before: Reading,
    url: Url,
    content_type: str,
    token: str,
    evidence: str,
    *,
    whole: bool,
    not_looked: dict[str, str],
) -> Reading | None:
    looked = look_at(body, content_type)
    if looked is None:
        return None
    parts, look, charset = looked
    seen = look.triggers
    if seen & Trigger.MARK:
        return None
    if (seen & Trigger.PASSWORD or any(map(_login_title, parts.titles))) and login_page.read(
        body, content_type=content_type, url=url.href, evidence=evidence, whole=whole
    ):
        return None
    if whole and (
        _says(look, parts.data)
        or (parts.challenge and not _has_content(parts.data) and _challenges(body, content_type))
    ):
        return None
    bearing = look.metas if seen & Trigger.SPELT else look.bearing
    metas = tuple(_metas(parts.data, bearing)) if bearing else ()
    head = PageHead(meta=metas, links=tuple(_links(parts.data, look.links)))
    blocks = _blocks(parts) if parts.scripts else []
    if blocks is None or _canonical_elsewhere(head, url):
        return None
    described = seen & Trigger.MICRODATA and triggers().may_describe(parts.data)
    weighed = bool(described)
    if blocks and not weighed:
        told = b"\0".join(blocks)
        weighed = triggers().may_weigh(told)
        if not weighed and _CREATORS.search(told) is None:
            blocks = []
    graph = Graph((*blocks, *microdata.nodes(body, charset=charset)) if described else blocks)
    licensed = any("license" in link.rel for link in head.links)
    if not (graph.nodes or licensed or metas):
        return before if before.not_looked == not_looked else replace(before, not_looked=not_looked)
    facts = dataset.read(graph, page=url, evidence=evidence) if weighed else dataset.DatasetFacts()
    described_by = graph if weighed else _NOTHING
    if (
        facts.signals
        or facts.offers
        or paywall.read(described_by, [(tag.name, tag.content) for tag in metas], evidence=evidence)
        or (metas and robots_tags.meta(head, token=token, evidence=evidence))
        or (metas and tdmrep.meta(head, base=url, evidence=evidence))
        or (licensed and rsl.from_page(head, base=url))
        or open_licence.from_page(b"", head, described_by, base=url, evidence=evidence)
    ):
        return None
    creators = creator.read(head, graph, page=url)
    return replace(before, creators=creators, dataset=facts.standing, not_looked=not_looked)


def _says(look: Look, data: bytes) -> bool:
    """True if a sentence of the page counts."""
    if not look.triggers & Trigger.SPELT:
        marks, seen = look.marks, 0
        if look.triggers & Trigger.SPLIT:
            data = joined(data)
            seen, marks = triggers().look_at_text(data)
        if not seen and not triggers().may_say(marks, data):
            return False
    text = text_of(data)
    shown = visible(text, "utf-8")
    return may_say(shown) and bool(wording.read(shown) or paywall_text.words(shown))


def may_say(shown: str) -> bool:
    """True if a sentence may count of a text as it is shown, by its letters as the readers fold them. They fold
    sentence by sentence: where a mark may join the letter before it, that is another text."""
    if not AVAILABLE or not triggers.cache_info().currsize or (not shown.isascii() and _JOINS.search(shown)):
        return True
    folded = unicodedata.normalize("NFKC", shown).casefold().encode("utf-8", "replace")
    try:
        return triggers().may_say(triggers().look_at_text(folded)[1], folded)
    except Failed:
        return True


def _login_title(content: bytes) -> bool:
    title = unescape(content.decode("utf-8", "replace"))
    return (not title.isascii() or triggers().may_be_login(title)) and suspected(" ".join(title.split()))


def _challenges(body: bytes, content_type: str) -> bool:
    return bool(challenge.read(200, Headers({"content-type": content_type}), body))


def _has_content(data: bytes) -> bool:
    """True if the page surely shows more text than a challenge does."""
    size = 0
    for number, run in enumerate(_RUN.finditer(data)):
        said = run[1]
        if said.isascii():
            size += len(said.translate(None, _BLANKS))
        else:
            size += challenge.weight(" ".join(said.decode("utf-8", "replace").split()))
        if size > _ENOUGH_TEXT:
            return True
        if number > _RUNS:
            break
    return False


def _metas(data: bytes, starts: list[int]) -> Iterator[MetaTag]:
    for start, end in tags(data, starts):
        found, _ = attributes(data, (START, b"meta", start, end))
        for attribute, label in NAMING:
            if found.get(attribute):
                content = _value(found.get(b"content", b""))
                yield MetaTag(_value(found[attribute]).lower(), content, (start, end), attribute=label)
                break


def _links(data: bytes, starts: list[int]) -> Iterator[LinkTag]:
    """Links that may name a licence or the page's canonical address."""
    for start, end in tags(data, starts):
        found, _ = attributes(data, (START, b"link", start, end))
        rel, kind, href = (_value(found.get(name, b"")) for name in (b"rel", b"type", b"href"))
        yield LinkTag(rel.lower(), kind.lower(), href, (start, end))


def _canonical_elsewhere(head: PageHead, page: Url) -> bool:
    """True if the first canonical link names another host: then it counts whether it stands in the head."""
    for link in head.links:
        if "canonical" in link.rel.split():
            if link.href.startswith(f"{page.scheme}://{page.host}/"):
                return False
            try:
                return urls.join(page, link.href).host != page.host
            except UrlError:
                return False
    return False


def _blocks(parts: Live) -> list[bytes] | None:
    """The texts of the page's JSON-LD; None where a script holds a licence."""
    found = []
    for tag, content in parts.scripts:
        written, _ = attributes(tag, (START, b"script", 0, len(tag)))
        kind = _value(written.get(b"type", b"")).partition(";")[0].strip().lower()
        if kind == MEDIA_TYPE:
            return None
        if kind == "application/ld+json":
            found.append(content)
    return found


def _value(raw: bytes) -> str:
    return unescape(raw[: DEFAULT_LIMITS.header_value].decode("utf-8", "replace")).strip()
