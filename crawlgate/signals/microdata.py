"""Microdata and RDFa of a page, as nodes of the form that JSON-LD has (WHATWG HTML 5.2, RDFa Lite 1.1).

One pass over the tags in bounded memory. Read is what sites use for offers, licences and paywalls: items in items,
`content`, `href` and text. `itemref` and `rev` are not read; blank nodes get no names.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from contextlib import suppress

from .elements import Event, walk
from .markup import Token, attributes
from .vocabulary import SCHEMA, Context

MAX_ITEMS = 5_000
"""Items and values of one page that are kept. Project choice."""

MAY_HOLD = re.compile(rb"itemscope|typeof\s*+=", re.IGNORECASE)
_BEARS = re.compile(rb"item(?:scope|prop)|typeof|pr(?:operty|efix)|vocab|\brel\b")
_VALUE, _TEXT = 4_000, 1_000  # characters of an attribute's value, octets of text in an element
_ADDRESSES = (b"href", b"src", b"data", b"resource")
_BOUND_BY_NAME = {b"data": b"value", b"meter": b"value", b"time": b"datetime"}
_PREFIX = re.compile(r"([A-Za-z][\w.-]*+):\s*+(\S++)")


class _Item:
    """An item that is open: its node, and the element that bears it."""

    __slots__ = ("context", "depth", "node")

    def __init__(self, node: dict[str, object], depth: int, context: Context) -> None:
        self.node, self.depth, self.context = node, depth, context


class _Waiting:
    """Properties whose value is the text of an element that is still open."""

    __slots__ = ("depth", "item", "names", "size", "text")

    def __init__(self, item: _Item, names: list[str], depth: int) -> None:
        self.item, self.names, self.depth = item, names, depth
        self.text: list[bytes] = []
        self.size = 0


def nodes(data: bytes, *, charset: str = "utf-8") -> list[dict[str, object]]:
    """The outermost items of a page, nested ones inside them. Never raises; time is linear in `data`."""
    if not MAY_HOLD.search(data):
        return []
    reader = _Reader(data, charset)
    for event in walk(data):
        reader.see(event)
    return reader.found


class _Reader:
    """Both syntaxes in one walk; they share the stack of open items, as pages mix them."""

    def __init__(self, data: bytes, charset: str) -> None:
        self._data, self._charset = data, charset
        self._lower = data.lower()  # what is looked for at every tag is found several times faster so
        self.found: list[dict[str, object]] = []
        self._items: list[_Item] = []
        self._waiting: list[_Waiting] = []
        self._contexts: list[tuple[int, Context]] = []
        self._left = MAX_ITEMS

    def see(self, event: Event) -> None:
        if event.token is not None:
            if self._left > 0 and _BEARS.search(self._lower, event.token[2], event.token[3]):
                self._start(event.token, event.depth)
        elif event.closes:
            self._end(event.depth)
        else:
            for waiting in self._waiting[-8:]:
                if waiting.size < _TEXT:
                    waiting.text.append(event.text[:_TEXT])
                    waiting.size += len(event.text)

    def _start(self, token: Token, depth: int) -> None:
        found, _ = attributes(self._data, token)
        self._declare(found, depth)
        holder = self._items[-1] if self._items else None
        item = self._item(found, depth)
        names = self._names(found, holder)
        if item is not None:
            self._left -= 1
            if holder is not None and names:
                for name in names:
                    _add(holder.node, name, item.node)
            else:
                self.found.append(item.node)
            self._items.append(item)
        elif holder is not None and names:
            self._left -= 1
            value = self._attribute(token, found)
            if value is None:
                self._waiting.append(_Waiting(holder, names, depth))
            else:
                for name in names:
                    _add(holder.node, name, value)

    def _end(self, depth: int) -> None:
        while self._waiting and self._waiting[-1].depth >= depth:
            waiting = self._waiting.pop()
            value = " ".join(self._text(b"".join(waiting.text)).split())
            for name in waiting.names:
                _add(waiting.item.node, name, value)
        while self._items and self._items[-1].depth >= depth:
            self._items.pop()
        while self._contexts and self._contexts[-1][0] >= depth:
            self._contexts.pop()

    def _declare(self, found: dict[bytes, bytes], depth: int) -> None:
        """`vocab` and `prefix` of RDFa."""
        vocab, prefix = found.get(b"vocab"), found.get(b"prefix")
        if vocab is None and prefix is None:
            return
        declared: dict[str, object] = dict(_PREFIX.findall(self._text((prefix or b"")[:_VALUE])))
        if vocab is not None:
            declared["@vocab"] = _closed(self._text(vocab).strip())
        if len(self._contexts) < 64:
            self._contexts.append((depth, self._context.with_local(declared)))

    @property
    def _context(self) -> Context:
        return self._contexts[-1][1] if self._contexts else SCHEMA

    def _item(self, found: dict[bytes, bytes], depth: int) -> _Item | None:
        name: Callable[[str], str] = self._context.name
        if b"itemscope" in found:
            kinds, identity = found.get(b"itemtype", b""), found.get(b"itemid")
        elif b"typeof" in found:
            kinds, identity = found[b"typeof"], found.get(b"resource") or found.get(b"about")
        else:
            return None
        node: dict[str, object] = {"@type": [name(kind) for kind in self._text(kinds[:_VALUE]).split()[:8]]}
        if identity:
            node["@id"] = self._text(identity[:_VALUE]).strip()
        return _Item(node, depth, self._context)

    def _names(self, found: dict[bytes, bytes], holder: _Item | None) -> list[str]:
        """The properties that an element gives to the item it stands in."""
        if holder is None:
            return []
        written = found.get(b"itemprop") or found.get(b"property")
        if written is None and (b"href" in found or b"resource" in found):
            written = found.get(b"rel")  # RDFa 1.1
        return [self._context.name(word) for word in self._text((written or b"")[:_VALUE]).split()[:8]]

    def _attribute(self, token: Token, found: dict[bytes, bytes]) -> str | None:
        """A value that stands in an attribute; None where it is the text."""
        value = found.get(b"content")
        if value is None:
            value = found.get(_BOUND_BY_NAME.get(token[1], b""))
        if value is None:
            value = next((found[name] for name in _ADDRESSES if name in found), None)
        return None if value is None else self._text(value[:_VALUE]).strip()

    def _text(self, raw: bytes) -> str:
        text = raw.decode(self._charset, "replace")
        if "&" in text:
            with suppress(ValueError):  # a decimal reference of thousands of digits
                text = html.unescape(text)
        return text


def _add(node: dict[str, object], name: str, value: object) -> None:
    known = node.get(name)
    if known is None:
        node[name] = value
    elif isinstance(known, list):
        known.append(value)
    else:
        node[name] = [known, value]


def _closed(vocabulary: str) -> str:
    """The namespace that `vocab` names; schema.org's is often written without its slash."""
    return vocabulary if vocabulary.endswith(("/", "#")) else vocabulary + "/"
