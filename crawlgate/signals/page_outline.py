"""What a page shows as far as forms are concerned: its title, its forms and headings, and how much else it says.

One pass over the tags, no tree: time is linear in the bytes, and bounded. Places are told by element (header, nav) and
by the names that pages give to their parts (`modal`, `sidebar`).
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from .login_words import WALL, says_login
from .markup import END, HOLDS_TEXT, START, Token, attributes, tokens

MAX_TAGS = 15_000
"""Tags of a page that are read; the fullest of 141 real login pages has 7,262."""

MAX_DEPTH = 512
"""Open elements that are kept track of; real pages stay below 100."""

ASIDE, HIDDEN, _LINK, _MUTE = 1, 2, 4, 8
_PLACES = {
    b"header": ASIDE,
    b"nav": ASIDE,
    b"footer": ASIDE,
    b"aside": ASIDE,
    b"dialog": HIDDEN,
    b"a": _LINK,
    b"button": _MUTE,
    b"select": _MUTE,
    b"datalist": _MUTE,
}
# `card-header` and `login_header` are no page header.
_NAMED_ASIDE = re.compile(
    rb"(?<![\w-])(?:page|site|main|global|top|wrap)?[-_]?head(?:er)?(?![a-z])"
    rb"|(?<![a-z])(?:(?:page|site|main|global|top)?[-_]?(?:nav(?:bar|igation)?|foot(?:er)?|menu|sidebar)"
    rb"|topbar|top|toolbar|breadcrumbs?|cookie\w*|widget|user-?bar|login-?bar|off-?canvas)(?![a-z])"
)
_NAMED_HIDDEN = re.compile(
    rb"(?<![a-z])(?:modal|popup|pop-?up|overlay|lightbox|dropdown(?:-menu)?|dialog|tooltip|hidden|hide|invisible"
    rb"|fancybox|mfp-hide|reveal|collapse|offscreen|flyout)(?![a-z])"
)
_MAY_NAME = re.compile(
    rb"head|nav|foot|menu|sidebar|top|toolbar|breadcrumb|cookie|widget|bar|canvas|modal|pop|overlay|lightbox|dropdown"
    rb"|dialog|tip|hid|invisible|fancybox|reveal|collapse|offscreen|flyout|display|banner|contentinfo"
)
_UNNAMED = frozenset((b"a", b"body", b"html"))
_STYLE_HIDDEN = re.compile(rb"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_MISNESTED = 16  # open elements that an end tag may close with its own
_ASKED = 16  # tags between two looks at whether enough is known
_LEAD = 3  # blocks between a line that says login and the first field
_VOID = frozenset(b"area base br col embed hr img input link meta param source track wbr".split())
_INLINE = frozenset(
    b"a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark q rb ruby s samp small "
    b"span strike strong sub sup time tt u var wbr input button select option img".split()
)
_HEADINGS = frozenset(b"h1 h2 h3 h4 h5 legend caption".split())
_TYPED = frozenset((b"", b"text", b"email", b"tel", b"number"))
_SUBMITS = frozenset((b"submit", b"image", b"button"))


class Field(NamedTuple):
    """A text or password input; `place` are the flags of the elements around it."""

    password: bool
    fresh: bool
    place: int
    span: tuple[int, int]


@dataclass(slots=True)
class Form:
    """Inputs that belong together: up to a submit button or the edge of a form."""

    fields: list[Field] = field(default_factory=list)
    heading: str = ""
    submit: str = ""
    action: str = ""
    before: int = 0

    @property
    def place(self) -> int:
        """Where the password field stands, or the last field of a form without one."""
        return next((entry.place for entry in self.fields if entry.password), self.fields[-1].place)


@dataclass(slots=True)
class Outline:
    """What a page shows, as far as it bears on the question: its title, its forms, and how much it says.

    `prose` is the weight of text in blocks of its own, outside links, menus and what is hidden; `total`
    counts those as well. `others` are parts that a login page does not have: text areas, choices, articles without
    a password field. `wall` tells of a sentence that asks the reader to log in.
    """

    title: str = ""
    forms: list[Form] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    prose: int = 0
    total: int = 0
    links: int = 0
    others: int = 0
    wall: bool = False
    cut: bool = False


def outline(data: bytes, charset: str, settled: Callable[[Outline], bool]) -> Outline:
    """What a page shows. Reading stops where `settled` says of what was found so far that the rest does not matter;
    it is asked every few tags."""
    reader = _Reader(data, charset)
    reader.run(settled)
    return reader.found


class _Reader:
    """One pass over the tags. It keeps the open elements with what they say of their content: aside, hidden, link."""

    __slots__ = (
        "_articles",
        "_block",
        "_charset",
        "_data",
        "_form",
        "_heading",
        "_label",
        "_last",
        "_lead",
        "_linked",
        "_lower",
        "_names",
        "_open",
        "_passwords",
        "found",
    )

    def __init__(self, data: bytes, charset: str) -> None:
        self._data = data
        self._lower = data.lower()  # what is looked for at every tag is found several times faster so
        self._charset = charset
        self._open: list[tuple[bytes, int]] = []
        self._names: Counter[bytes] = Counter()
        self._block: list[bytes] = []
        self._linked = 0
        self._heading: list[bytes] | None = None
        self._label: list[bytes] | None = None
        self._form = Form()
        self._last: Form | None = None
        self._lead = ("", 0)
        self._passwords = 0
        self._articles: list[int] = []
        self.found = Outline()

    def run(self, settled: Callable[[Outline], bool]) -> None:
        data = self._data
        last = 0
        holder: Token | None = None
        for number, token in enumerate(tokens(data)):
            kind, name, start, end = token
            if holder is not None:
                if holder[1] == b"title" and not self.found.title:
                    self.found.title = self._text([data[holder[3] : start]])
                holder = None
            elif start > last:
                self._said(data[last:start])
            last = end
            if kind == START:
                if name in HOLDS_TEXT:
                    holder = token
                    self.found.others += name == b"textarea"
                    continue
                self._start(token)
            elif kind == END:
                self._end(name)
            if number >= MAX_TAGS or (not number % _ASKED and settled(self.found)):
                self.found.cut = True
                break
        if holder is None and last < len(data) and not self.found.cut:
            self._said(data[last:])
        self._flush()
        self._form_edge()

    @property
    def _place(self) -> int:
        return self._open[-1][1] if self._open else 0

    def _said(self, text: bytes) -> None:
        place = self._place
        if self._label is not None:
            self._label.append(text)
        if self._heading is not None:
            self._heading.append(text)
        if place & _MUTE:
            return
        self.found.total += len(b" ".join(text.split()))
        if place & _LINK:
            self._linked += len(text)
        self._block.append(text)

    def _start(self, token: Token) -> None:
        _, name, start, end = token
        if name not in _INLINE:
            self._flush()
        if name == b"input":
            self._input(token)
            return
        if name in _VOID:
            return
        own = _PLACES.get(name, 0)
        if (
            name not in _UNNAMED
            and end - start > len(name) + 2
            and _MAY_NAME.search(self._lower, start, min(end, start + 2_000))
        ):
            own |= self._named(token)
        if name == b"form":
            self._form_edge()
            self._form.action = self._value(token, b"action")
        elif name == b"a":
            self.found.links += not self._place & (ASIDE | HIDDEN)
        elif name == b"button":
            self._label = []
        elif name == b"article":
            self._articles.append(self._passwords)
        elif name in _HEADINGS:
            self._heading = []
        if len(self._open) < MAX_DEPTH:
            self._open.append((name, self._place | own))
            self._names[name] += 1

    def _end(self, name: bytes) -> None:
        if name not in _INLINE:
            self._flush()
        place = self._place
        if name == b"button" and self._label is not None:
            self._submit(self._text(self._label))
            self._label = None
        elif name in _HEADINGS and self._heading is not None:
            text = self._text(self._heading)[:200]
            self._heading = None
            if text and not place & (ASIDE | HIDDEN):
                self.found.headings.append(text)
            if text and not self._form.fields:
                self._form.heading = text
        elif name == b"form":
            self._form_edge()
        elif name == b"article" and self._articles:
            self.found.others += self._articles.pop() == self._passwords
        if self._names[name]:
            for back in range(1, min(len(self._open), _MISNESTED) + 1):
                if self._open[-back][0] == name:
                    for closed, _ in self._open[-back:]:
                        self._names[closed] -= 1
                    del self._open[-back:]
                    break

    def _named(self, token: Token) -> int:
        found, _ = attributes(self._data, token)
        names = (found.get(b"class", b"")[:300] + b" " + found.get(b"id", b"")[:100]).lower()
        own = 0
        if b"hidden" in found or _STYLE_HIDDEN.search(found.get(b"style", b"")[:500]):
            own |= HIDDEN
        if found.get(b"aria-hidden", b"").lower() == b"true" or _NAMED_HIDDEN.search(names):
            own |= HIDDEN
        if _NAMED_ASIDE.search(names) or found.get(b"role", b"").lower() in (b"navigation", b"banner", b"contentinfo"):
            own |= ASIDE
        return own

    def _value(self, token: Token, name: bytes) -> str:
        found, _ = attributes(self._data, token)
        return self._text([found.get(name, b"")[:500]])

    def _input(self, token: Token) -> None:
        found, _ = attributes(self._data, token)
        kind = found.get(b"type", b"").strip().lower()
        if kind in _SUBMITS:
            self._submit(self._text([(found.get(b"value") or found.get(b"alt") or b"")[:200]]))
            return
        password = kind == b"password"
        if not password and kind not in _TYPED:
            self.found.others += kind in (b"radio", b"file")
            return
        names = b" ".join((found.get(b"name", b""), found.get(b"id", b""), found.get(b"autocomplete", b"")))[:300]
        place = self._place
        if _STYLE_HIDDEN.search(found.get(b"style", b"")[:500]):
            place |= HIDDEN
        if self._heading is not None and not self._form.fields and len(self._heading) <= 8:
            self._form.heading = self._text(self._heading)[:200]  # a heading that is not closed before the form
        self._passwords += password
        fresh = b"new-password" in names.lower()
        if not self._form.fields and self._lead[1] > 0 and not says_login(self._form.heading):
            self._form.heading = self._lead[0]
        self._form.fields.append(Field(password, fresh, place, token[2:]))

    def _submit(self, label: str) -> None:
        if self._form.fields:
            self._form.submit = label[:200]
            self._group()
        elif self._last is not None:  # a second button of the same form
            self._last.submit = f"{self._last.submit} | {label}"[:400]

    def _group(self) -> None:
        """What follows belongs to another group of inputs of the same form."""
        done = self._form
        self._form = Form(heading="" if done.fields else done.heading, action=done.action)
        if done.fields:
            done.before = len(self.found.headings)
            self._last = done
            self.found.forms.append(done)

    def _form_edge(self) -> None:
        self._group()
        self._last = None
        self._form.action = ""

    def _flush(self) -> None:
        block, self._block = self._block, []
        linked, self._linked = self._linked, 0
        if not block:
            return
        size = sum(map(len, block))
        if size < 8:
            return
        text = self._text(block)
        if not self._place & HIDDEN and len(text) < 400 and WALL.search(text.lower()):
            self.found.wall = True
        if self._place & (ASIDE | HIDDEN) or linked * 2 > size:
            return
        said, left = self._lead
        self._lead = (text, _LEAD) if len(text) <= 40 and says_login(text) else (said, left - 1)
        weight = (len(text) + len(text.encode("utf-8", "replace"))) // 2
        if weight >= 60:
            self.found.prose += weight

    def _text(self, raw: list[bytes]) -> str:
        text = b"".join(raw).decode(self._charset, "replace")
        if "&" in text:
            with suppress(ValueError):  # a decimal reference of thousands of digits
                text = html.unescape(text)
        return " ".join(text.split())
