"""`X-Robots-Tag` and the robots meta tags, as far as they speak about AI training.

The grammar is de facto (Google's documentation; draft-illyes-repext-00): comma items, each with an optional
`agent:` in front that governs the items after it, names in any case. What only speaks about indexes and
snippets (`noindex`, `nosnippet`) says nothing about training and makes no signal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ..headers import Headers
from ..model import Lint, Polarity, Purpose, Scope, Signal, Strength
from .agents import AgentClass
from .agents import load as known_agents
from .page_head import Marked, MetaTag, PageHead
from .statement import agent_subject, clip, means_no, note

_HEADER = "x-robots-tag"
_REPEXT = "robots-tag"  # draft-illyes-repext-00: `*=noindex, nosnippet; examplebot=noai`

_AI: Mapping[str, Polarity] = {
    "noai": Polarity.RESERVED,
    "noimageai": Polarity.RESERVED,
    "noml": Polarity.RESERVED,
    "mlnoindex": Polarity.RESERVED,
    "disallowaitraining": Polarity.RESERVED,
    "allowaitraining": Polarity.PERMITTED,
}

_VALUED = ("unavailable_after", "max-snippet", "max-image-preview", "max-video-preview")

_INDEXING = ("all", "index", "follow", "none", "noindex", "nofollow", "noimageindex", "indexifembedded")
_SHOWING = ("noarchive", "nocache", "nosnippet", "notranslate", "nositelinkssearchbox", "noodp", "noydir")
_OTHERS = frozenset((*_INDEXING, *_SHOWING, *_VALUED))

_BING = frozenset(("bingbot", "msnbot"))

# Words that nobody defined and everybody understands: told as what their author meant, and left unspecified.
_MEANT = {"notrain": "noai", "notraining": "noai", "noaitraining": "noai", "notdm": "noai", "nollm": "noai"}
_EXCLUDES = ("noindex", "none")
DIRECTIVES = (*_AI, *_MEANT, "noarchive", "nocache", *_EXCLUDES)
"""Words without which no tag makes a signal."""
_COLLECTORS = (AgentClass.TRAINING, AgentClass.DATA_BROKER)
_WHOLE_PAGE = ("html", "head", "body")

# The names of meta tags that are about the page, not about an agent.
_NOT_AGENTS = frozenset(("description", "keywords", "author", "generator", "viewport", "title", "subject", "rating"))

_AGENT = re.compile(r"(?:\*|[A-Za-z][A-Za-z0-9_.-]{0,63})(?:/[0-9.]{1,16})?")
_BREAKS = re.compile(r"[\s;|/=:]+")
_NO_LETTER = re.compile(r"[^a-z]+")

_MAX_SIGNALS = 64
"""Distinct statements of one carrier that are told; a header can name thousands of agents."""


class Item(NamedTuple):
    """One directive in lower case and the agent it is for, `*` where none is named."""

    agent: str
    directive: str
    text: str


@dataclass(slots=True)
class _Carrier:
    """What one header or one page says, gathered so that a repeated directive is told once."""

    token: str
    scope: Scope
    evidence: str
    lint: list[Lint] | None
    image: bool = False
    signals: dict[tuple[str, str, Polarity, Scope | None], Signal] = field(default_factory=dict)

    def add(self, item: Item, *, raw: str, name: str, tag: MetaTag | None = None) -> None:
        """Turn one item into a signal, a lint, or nothing."""
        subject = self._subject(item.agent)
        in_body = tag is not None and tag.in_body
        span = None if tag is None else tag.span
        polarity = _AI.get(item.directive)
        if polarity is not None:
            if in_body:
                note(self.lint, "meta_in_body", f"{item.directive} stands in the body", raw=raw, name=name)
            if in_body and polarity is Polarity.PERMITTED:
                polarity = Polarity.UNSPECIFIED
            ambiguity = "meta_in_body" if in_body else None
            self._put(item.directive, subject, polarity, raw=raw, name=name, span=span, ambiguity=ambiguity)
        elif item.directive in ("noarchive", "nocache") and (subject == "*" or item.agent.lower() in _BING):
            polarity = Polarity.RESERVED if item.directive == "noarchive" else Polarity.CONDITIONAL
            self._put(item.directive, "Bingbot", polarity, raw=raw, name=name, span=span)
        elif item.directive in _EXCLUDES and subject not in ("ours", "*") and _collects(item.agent):
            # Told as what that agent is told; it decides nothing for us.
            self._put(item.directive, subject, Polarity.RESERVED, raw=raw, name=name, span=span)
        elif (meant := _lookalike(item.text)) is not None:
            note(self.lint, "malformed_reservation", f"this looks like {meant} but is not", raw=item.text, name=name)
            self._put(meant, subject, Polarity.UNSPECIFIED, raw=raw, name=name, span=span)

    def told(self) -> tuple[Signal, ...]:
        """The signals in order, after Microsoft's precedence."""
        return bing_pair(self.signals.values())

    def mark(self, marked: Marked) -> None:
        """An element that its author keeps from machine learning (mlnoindex.org)."""
        if means_no(marked.value):
            return
        whole = marked.element in _WHOLE_PAGE
        self._put(
            "mlnoindex",
            "*",
            Polarity.RESERVED,
            raw=f"<{marked.element} mlnoindex>",
            name="mlnoindex",
            span=marked.span,
            scope=self.scope if whole else Scope.ELEMENT,
        )

    def _put(
        self,
        directive: str,
        subject: str,
        polarity: Polarity,
        *,
        raw: str,
        name: str,
        span: tuple[int, int] | None,
        ambiguity: str | None = None,
        scope: Scope | None = None,
    ) -> None:
        key = (f"robots_tag.{directive}", subject, polarity, scope)
        # What is for us or for everybody is told however many other agents are named before it.
        if key in self.signals or (len(self.signals) >= _MAX_SIGNALS and subject not in ("ours", "*")):
            return
        detail = {"directive": directive}
        scope = scope or self.scope
        if directive == "noimageai":
            detail["media"] = "image"
            scope = scope if self.image else Scope.ELEMENT
        elif directive == "nocache":
            detail["usable"] = "title_url_snippet_only"
        self.signals[key] = Signal(
            kind=key[0],
            purpose=Purpose.TRAIN,
            polarity=polarity,
            strength=Strength.PREFERENCE,
            scope=scope,
            subject=subject,
            raw=clip(raw),
            evidence=self.evidence,
            span=span,
            name=name,
            detail=detail,
            ambiguity=ambiguity,
        )

    def _subject(self, agent: str) -> str:
        plain = agent.partition("/")[0]
        if plain.lower() in ("*", "robots"):
            return "*"
        return "ours" if plain.lower() == self.token.lower() else agent_subject(plain)


def header(headers: Headers, *, token: str, evidence: str = "", lint: list[Lint] | None = None) -> tuple[Signal, ...]:
    """Every `X-Robots-Tag` line. On an image response noimageai is about the response, else about images in it."""
    lines = headers.all(_HEADER)
    drafted = headers.all(_REPEXT)
    if not lines and not drafted:
        return ()
    image = (headers.get("content-type") or "").strip().lower().startswith("image/")
    carrier = _Carrier(token, Scope.RESPONSE, evidence, lint, image)
    for line in lines:
        for item in items(line):
            carrier.add(item, raw=line, name=_HEADER)
    for line in drafted:
        for item in _drafted_items(line):
            carrier.add(item, raw=line, name=_REPEXT)
    return carrier.told()


def meta(page: PageHead, *, token: str, evidence: str = "", lint: list[Lint] | None = None) -> tuple[Signal, ...]:
    """The meta tags named `robots`, after our token or another agent, and `mlnoindex`, tag or attribute of an element
    (mlnoindex.org)."""
    carrier = _Carrier(token, Scope.RESPONSE, evidence, lint)
    for tag in page.meta:
        for item in _meta_items(tag, token):
            carrier.add(item, raw=tag.content, name=tag.name, tag=tag)
    for marked in page.marked:
        if marked.attribute == "mlnoindex":
            carrier.mark(marked)
    return carrier.told()


def bing_pair(signals: Iterable[Signal]) -> tuple[Signal, ...]:
    """`signals` without noarchive where nocache stands beside it: Microsoft reads both as nocache, the weaker one.

    For the statements of one answer, whichever carrier they came in.
    """
    found = tuple(signals)
    if any(signal.kind == "robots_tag.nocache" for signal in found):
        return tuple(signal for signal in found if signal.kind != "robots_tag.noarchive")
    return found


def items(value: str) -> Iterator[Item]:
    """The directives of one header line. A prefix governs what follows, until the next one.

    A date after `unavailable_after` holds commas and colons (`Wed, 25 Jun 2010 15:00:00 PST`): what stands
    before a colon is an agent only where it has the form of a product token.
    """
    agent = "*"
    for part in value.split(","):
        words = [word.strip() for word in part.split(":")]
        first = 0
        while first < len(words) - 1 and _is_agent(words[first]):
            agent = words[first]
            first += 1
        yield _item(agent, ":".join(words[first:]))


def _drafted_items(value: str) -> Iterator[Item]:
    """The directives of a `robots-tag` line, each list after the agent it is for."""
    for group in value.split(";"):
        agent, equals, listed = group.partition("=")
        agent = agent.strip()
        if equals and (agent == "*" or _AGENT.fullmatch(agent) is not None):
            yield from (_item(agent, part) for part in listed.split(","))


def _collects(agent: str) -> bool:
    known = known_agents().get(agent)
    return known is not None and known.kind in _COLLECTORS


def _item(agent: str, text: str) -> Item:
    """A directive as written; of a valued one the name alone, so that `noai: false` is no directive."""
    lower = text.strip().lower()
    name = lower.partition(":")[0].rstrip()
    return Item(agent, name if name in _VALUED else lower, text.strip())


def _is_agent(word: str) -> bool:
    lower = word.lower()
    return lower not in _AI and lower not in _OTHERS and _AGENT.fullmatch(word) is not None


def _meta_items(tag: MetaTag, token: str) -> Iterator[Item]:
    name = tag.name
    if name == "mlnoindex":
        if not means_no(tag.content):
            yield Item("*", name, name)
    elif name == _HEADER or (name in _AI and not means_no(tag.content)):
        # Not a form that anybody defines: left to the search for lookalikes.
        yield Item("*", "", tag.content if name == _HEADER else f"<{name}>")
    elif name in ("robots", token.lower()):
        yield from (_item(name, part) for part in tag.content.split(","))
    elif name not in _NOT_AGENTS and _AGENT.fullmatch(name) is not None:
        directives = [_item(name, part) for part in tag.content.split(",")]
        # Any word may name a meta tag: it names an agent if its content holds nothing but directives.
        if all(item.directive in _OTHERS or item.directive in _AI for item in directives):
            yield from directives


def _lookalike(text: str) -> str | None:
    """The AI directive that malformed text plainly means: `no-ai`, `noAI;noimageai`, `noai: 1`."""
    lower = text.lower()
    for word in (lower, *_BREAKS.split(lower)):
        letters = _NO_LETTER.sub("", word)
        if _AI.get(letters) is Polarity.RESERVED or letters in _MEANT:
            return _MEANT.get(letters, letters)
    return None
