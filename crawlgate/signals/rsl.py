"""Really Simple Licensing 1.0 (rslstandard.org): what a licence document offers for one URL.

Terms are an offer: they say on which conditions a use is licensed, and keep nobody out by themselves. What is
prohibited, not listed, or under a document that cannot be had, is not licensed, and so reserved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..limits import DEFAULT_LIMITS
from ..model import Evidence, Lint, Polarity, Purpose, Scope, Signal, Strength
from ..url import Url
from . import rsl_scope, rsl_terms, rsl_xml
from .rsl_links import RslReference, from_link_header, from_page, licence_urls
from .rsl_offers import Offer, asking, settle
from .rsl_terms import USAGES, Content
from .rsl_xml import MAX_BYTES, NAMESPACE, NotRsl, Place
from .statement import clip, safe_target

__all__ = [
    "MAX_BYTES",
    "NAMESPACE",
    "RslDocument",
    "RslReference",
    "combine",
    "embedded",
    "from_evidence",
    "from_link_header",
    "from_page",
    "licence_urls",
    "parse",
    "unobtainable",
]

MAX_PATTERNS = 128
"""Patterns of one document with a wildcard inside or an end. Each costs 0.3 ms at the first question."""

MAX_EMBEDDED = 200
"""Contents of one feed or file that are told of."""

MAX_OFFERS = 8
"""Alternative offers that are told of for each usage."""

# No purpose of its own: an index for AI is what AI input is drawn from, so the stricter of the two decides.
_PURPOSES: Mapping[str, Purpose] = {
    "ai-train": Purpose.TRAIN,
    "ai-input": Purpose.AI_INPUT,
    "ai-index": Purpose.AI_INPUT,
    "search": Purpose.SEARCH,
}
_STRICT = tuple(Polarity)


@dataclass(frozen=True, slots=True)
class RslDocument:
    """A licence document as read. `contents` is empty, and the document false, where no valid one was read: then
    `unobtainable` says what follows. `is_rsl` is True if it is well-formed and its root is RSL's."""

    contents: tuple[Content, ...] = ()
    lint: tuple[Lint, ...] = ()
    max_age_days: int = 30
    is_rsl: bool = False
    evidence: str = ""
    reference: RslReference | None = None
    _data: bytes = field(default=b"", repr=False)
    _shift: int | None = None
    _scope: Scope = Scope.PATH

    def __bool__(self) -> bool:
        return bool(self.contents)

    @property
    def all(self) -> tuple[int, ...]:
        """Indices of every content, whatever URL it names."""
        return tuple(range(len(self.contents)))

    def match(self, target: str) -> tuple[int, ...]:
        """Indices of the contents in force for `target` (path and query).

        A narrower scope wins over one that holds all of it (RSL 1.0 3.1.1). Equal scopes stand side by side,
        and so do scopes that only overlap.
        """
        target = safe_target(target)
        spelled = rsl_scope.spelled_target(target)
        found = [n for n, content in enumerate(self.contents) if content.asset.covers(target, spelled)]
        keys = sorted({self.contents[n].asset.key for n in found})
        if len(keys) < 2:
            return tuple(found)
        return tuple(n for n in found if not self.contents[n].asset.holds_one_of(keys))

    def signals(
        self, matched: tuple[int, ...], *, user_types: Iterable[str] = ("commercial",), geo: str | None = None
    ) -> tuple[Signal, ...]:
        """What the contents that `match` returned offer: one deciding signal for each usage.

        `user_types` are RSL's words for the collector, `geo` its country (ISO 3166-1 alpha-2); where a licence
        turns on one that is not known, it does not fit. Alternatives follow as `rsl.offer`, which decide nothing.
        """
        if not matched:
            return ()
        us = asking(user_types, geo)
        scopes: dict[str, list[Content]] = {}
        for n in matched:
            scopes.setdefault(self.contents[n].asset.key, []).append(self.contents[n])
        found: list[Signal] = []
        input_polarity = Polarity.UNSPECIFIED
        for usage in USAGES:
            settled = [settle(group, usage, us) for group in scopes.values()]
            deciding, content = min(
                ((offer, content) for offer, content, _ in settled), key=lambda pair: _STRICT.index(pair[0].polarity)
            )
            ambiguity = deciding.ambiguity
            if len({offer.polarity for offer, _, _ in settled}) > 1:
                ambiguity = ambiguity or "overlapping_scopes"
            if usage == "ai-input":
                input_polarity = deciding.polarity
            elif usage == "ai-index" and _STRICT.index(deciding.polarity) < _STRICT.index(input_polarity):
                ambiguity = ambiguity or "ai_index_as_ai_input"
            found.append(self._signal(deciding._replace(ambiguity=ambiguity), content, usage))
            alternatives = [(offer, at) for _, _, offers in settled for offer, at in offers]
            if len(alternatives) > 1:
                found += (self._told(offer, at, usage) for offer, at in alternatives[:MAX_OFFERS])
        return tuple(found)

    def _signal(self, offer: Offer, content: Content, usage: str) -> Signal:
        reference = self.reference
        polarity, ambiguity = offer.polarity, offer.ambiguity
        unsure = (reference.ambiguity if reference is not None else None) or content.asset.doubt
        if unsure is not None:
            polarity = Polarity.UNSPECIFIED if polarity is Polarity.PERMITTED else polarity
            ambiguity = ambiguity or unsure
        detail = {"usage": usage, "path": content.asset.text, **offer.detail, **content.links}
        if content.server is not None:
            detail["server"] = content.server
        if reference is not None and reference.url is not None:
            detail["licence"] = reference.url.href
        raw, span, line = self._source(offer.place)
        return Signal(
            kind=offer.kind,
            purpose=_PURPOSES[usage],
            polarity=polarity,
            strength=Strength.OFFER,
            scope=self._scope if reference is None else reference.scope,
            raw=raw,
            evidence=self.evidence,
            line=line,
            span=span,
            detail=detail,
            ambiguity=ambiguity,
        )

    def _told(self, offer: Offer, content: Content, usage: str) -> Signal:
        """An alternative offer, told of without a say."""
        says = {"offer": str(offer.polarity), "because": offer.kind}
        told = offer._replace(
            kind="rsl.offer", polarity=Polarity.UNSPECIFIED, detail={**offer.detail, **says}, ambiguity=None
        )
        return self._signal(told, content, usage)

    def _source(self, place: Place) -> tuple[str, tuple[int, int] | None, int | None]:
        """The text of an element, and where it stands in the evidence: not known of a script, or once transcoded."""
        end = min(place.end, place.start + 4 * DEFAULT_LIMITS.raw_text)
        raw = clip(self._data[place.start : end].decode("utf-8", "replace"))
        if self.reference is not None and self.reference.url is None:
            return raw, None, None
        if self._shift is None:
            return raw, None, place.line
        return raw, (place.start + self._shift, place.end + self._shift), place.line


def parse(
    body: bytes, *, base: Url | None = None, evidence: str = "", reference: RslReference | None = None
) -> RslDocument:
    """Read a licence document, of whatever media type. Never raises.

    `base` is a URL of the site that is spoken of: a `url` of another host matches nothing. `reference` is where
    the document was named; it gives the signals their scope.
    """
    placed = reference is not None and reference.where != "robots"
    notes: dict[str, Lint] = {}
    try:
        tree = rsl_xml.read(body, notes)
        contents = rsl_terms.contents(tree.root, base=base, placed=placed, lint=notes)
        if len({content.asset.key for content in contents if not content.asset.simple}) > MAX_PATTERNS:
            raise NotRsl("too_many_patterns", f"no more than {MAX_PATTERNS} patterns with a wildcard are read")
    except NotRsl as error:
        notes.setdefault(error.lint.code, error.lint)
        is_rsl = error.lint.code == "too_many_patterns"
        return RslDocument(lint=tuple(notes.values()), is_rsl=is_rsl, evidence=evidence, reference=reference)
    if not contents:
        notes["no_content"] = Lint(
            code="no_content", message="the document names no content", line=tree.root.place.line
        )
    elif reference is not None and reference.where == "inline" and len(contents) > 1:
        notes["inline_contents"] = Lint(code="inline_contents", message="an inline document has exactly one content")
    max_age = rsl_terms.max_age(tree.root, notes)
    return RslDocument(contents, tuple(notes.values()), max_age, True, evidence, reference, tree.data, tree.shift)


def from_evidence(evidence: Evidence | None, reference: RslReference, *, base: Url) -> tuple[RslDocument, Signal]:
    """The document that was asked for under `reference`, and what follows where it is none: nothing is licensed then.

    None is a document that robots.txt keeps us out of. `base` is a URL of the site that is spoken of.
    """
    if evidence is None:
        return RslDocument(reference=reference), unobtainable(reference, reason="robots_disallows_it")
    had = evidence.status == 200 and evidence.error is None
    document = parse(evidence.body, base=base, evidence=evidence.id, reference=reference) if had else RslDocument()
    reason = evidence.error or (f"http_{evidence.status}" if not had else "")
    if had and not document:
        reason = document.lint[0].code if document.lint else "no_content"
    return document, unobtainable(reference, evidence=evidence.id, reason=reason)


def embedded(
    data: bytes, *, base: Url | None = None, evidence: str = "", scope: Scope = Scope.EMBEDDED, limit: int = MAX_BYTES
) -> RslDocument:
    """The licences that stand inside other XML: an XMP packet, a feed, a book's package. Never raises.

    A licence embedded in a file speaks of that file, by whichever URL it names (RSL 1.0 4.2); in a feed, each speaks
    of its item. `scope` says which.
    """
    nodes = rsl_xml.embedded(data, limit=limit) if NAMESPACE.encode() in data else ()
    if not nodes:
        return RslDocument(evidence=evidence)
    notes: dict[str, Lint] = {}
    root = rsl_xml.Node("rsl", {}, nodes[0].place.start, nodes[0].place.line)
    for node in nodes:
        root.children.extend(node.children if node.name == "rsl" else (node,))
    del root.children[MAX_EMBEDDED:]
    contents = rsl_terms.contents(root, base=base, placed=True, lint=notes)
    return RslDocument(contents, tuple(notes.values()), 30, True, evidence, None, data[:limit], 0, scope)


def unobtainable(reference: RslReference, *, evidence: str = "", reason: str = "") -> Signal:
    """What a licence says that is named and cannot be had, or is no valid document: nothing is licensed.

    RSL 1.0 4.3 calls the asset unlicensed then; that nothing was said is the other reading, and the laxer one.
    `evidence` is the id of what names the licence, `reason` why the document could not be read.
    """
    detail = {"usage": "ai-train", "where": reference.where, "reason": clip(reason)}
    if reference.url is not None:
        detail["licence"] = reference.url.href
    return Signal(
        kind="rsl.unobtainable",
        purpose=Purpose.TRAIN,
        polarity=Polarity.RESERVED,
        strength=Strength.OFFER,
        scope=reference.scope,
        raw=reference.raw,
        evidence=evidence,
        line=reference.line,
        span=reference.span,
        detail={key: value for key, value in detail.items() if value},
        ambiguity=reference.ambiguity or "licence_unobtainable",
    )


def combine(site: Iterable[Signal], page: Iterable[Signal]) -> tuple[Signal, ...]:
    """The licences in force: those of the page, where it names one, else those of robots.txt (RSL 1.0 4.9).

    A licence of one element of the page replaces nothing.
    """
    of_page = tuple(page)
    replaced = any(signal.scope is not Scope.ELEMENT for signal in of_page)
    return of_page if replaced else (*site, *of_page)
