"""XML of the RSL namespace as a small tree, read by expat within bounds.

Document types are refused, and with them every entity but the five of XML, so nothing can be expanded or
fetched. What stands in other namespaces is passed over with all that is inside it (RSL 1.0, "Extensibility").
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.parsers import expat

from ..model import Lint
from .statement import clip

NAMESPACE = "https://rslstandard.org/rsl"

MAX_BYTES = 256 * 1024
"""Bytes of a licence document; a longer one is not read at all, because half a licence is another licence.
Project choice: real documents have a few kilobytes, and expat takes 50 ms for this many octets of attributes."""

MAX_ELEMENTS = 4_096
"""Elements of a licence document, those of other namespaces included. Project choice: 50 ms; a thousand contents."""

MAX_FEED_ELEMENTS = 20_000
"""Elements of a feed or a packet in which licences are looked for. Project choice: 30 ms."""

MAX_DEPTH = 128
"""Depth of elements. RSL itself needs five."""

_ATTRIBUTES = frozenset(
    ("url", "server", "encrypted", "type", "currency", "max-age", "profile", "endpoint", "contactUrl", "contactEmail")
)
_BLANKS = b" \t\r\n"
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?\bencoding\s*+=\s*+[\"']([A-Za-z0-9._-]{1,40})[\"']")
_AS_UTF8 = ("utf-8", "utf8", "us-ascii", "ascii")
_CODECS = {
    "iso-8859-1": "latin-1",
    "latin1": "latin-1",
    "windows-1252": "cp1252",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "euc-jp": "euc_jp",
    "iso-2022-jp": "iso2022_jp",
}
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16", b"<\0": "utf-16-le", b"\0<": "utf-16-be"}


class Place(NamedTuple):
    """Where an element stands: octets of `Tree.data`, and the line of its start tag from 1."""

    start: int
    end: int
    line: int


class Node:
    """An element of the RSL namespace. Attributes without a namespace only, and only those that RSL defines."""

    __slots__ = ("_end", "_line", "_start", "_text", "attributes", "children", "name")

    def __init__(self, name: str, attributes: dict[str, str], start: int, line: int) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Node] = []
        self._text: list[str] = []
        self._start, self._end, self._line = start, start, line

    @property
    def text(self) -> str:
        """The character data directly inside."""
        return "".join(self._text).strip()

    @property
    def place(self) -> Place:
        return Place(self._start, self._end, self._line)

    def get(self, name: str) -> str | None:
        """An attribute without blanks around it, or None."""
        value = self.attributes.get(name)
        return None if value is None else value.strip()

    def all(self, name: str) -> Iterator[Node]:
        """The children of this name."""
        return (child for child in self.children if child.name == name)


class Tree(NamedTuple):
    """The root, the UTF-8 octets that places count in, and how far those stand from the octets received: `shift`
    is None where the document was transcoded."""

    root: Node
    data: bytes
    shift: int | None


class NotRsl(Exception):
    """The octets are no RSL document that can be read; `lint` says why. It never leaves `signals.rsl`."""

    def __init__(self, code: str, message: str, raw: str = "") -> None:
        super().__init__(message)
        self.lint = Lint(code=code, message=message, raw=clip(raw))


def read(body: bytes, lint: dict[str, Lint]) -> Tree:
    """The tree of an RSL document. Raises `NotRsl` and nothing else; adds to `lint`, by code."""
    if len(body) > MAX_BYTES:
        raise NotRsl("too_long", f"the document is longer than {MAX_BYTES} bytes and is not read")
    data, shift = _utf8(body, lint)
    if not data:
        raise NotRsl("empty", "the document is empty")
    reader = _Reader(data, 0 if shift is None else body[:shift].count(b"\n"))
    return Tree(reader.run(), data, shift)


def _utf8(body: bytes, lint: dict[str, Lint]) -> tuple[bytes, int | None]:
    coding = _UTF16.get(body[:2])
    if coding is not None:
        return _transcoded(body, coding)
    data = body.removeprefix(codecs.BOM_UTF8).lstrip(_BLANKS)
    shift = len(body) - len(data)
    if data.startswith(b"<?xml") and body[:shift].removeprefix(codecs.BOM_UTF8):
        lint["leading_blank"] = Lint(code="leading_blank", message="blanks stand before the XML declaration", line=1)
    declared = _DECLARED.match(data)
    if declared is None:
        return data, shift
    label = declared[1].decode("ascii").lower()
    if label.startswith("utf-16"):  # it was read as ASCII just now, so it is not what it says
        lint["wrong_encoding"] = Lint(code="wrong_encoding", message="the document is not in the UTF-16 it declares")
    elif label not in _AS_UTF8:
        if label not in _CODECS:
            raise NotRsl("bad_encoding", f"the encoding {label} is not read; write UTF-8")
        return _transcoded(data, _CODECS[label])
    return data, shift


def _transcoded(data: bytes, coding: str) -> tuple[bytes, None]:
    try:
        text = data.decode(coding)
    except UnicodeDecodeError:
        raise NotRsl("bad_encoding", f"the document is not in the {coding} it declares") from None
    return text.lstrip("\ufeff \t\r\n").encode("utf-8"), None


def embedded(data: bytes, *, limit: int = MAX_BYTES) -> tuple[Node, ...]:
    """RSL elements that stand inside other XML: an XMP packet, a feed, the package document of a book. Never raises.

    The outermost ones in document order, each with what is inside it. Octets beyond `limit`, and what follows an error,
    are not read. `rsl:rsl` and `rsl:content` are what occurs; other elements on their own say nothing.
    """
    reader = _Finder(data[:limit], 0)
    return tuple(node for node in reader.find() if node.name in ("rsl", "content"))


class _Reader:
    """The handlers of one parse. Elements of other namespaces are counted only."""

    __slots__ = ("_count", "_data", "_lines", "_open", "_parser", "_root", "_skipped")
    _most = MAX_ELEMENTS

    def __init__(self, data: bytes, lines: int) -> None:
        self._data = data
        self._lines = lines
        self._open: list[Node] = []
        self._root: Node | None = None
        self._count = self._skipped = 0
        # The encoding is settled already; whatever the declaration says is overruled.
        self._parser = expat.ParserCreate("utf-8", " ")

    def run(self) -> Node:
        parser = self._parser
        parser.buffer_text = True
        parser.ordered_attributes = True
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        try:
            parser.Parse(self._data, True)
        except expat.ExpatError as error:
            start = self._data[:400].decode("utf-8", "replace")
            if start.lower().startswith(("<html", "<!doctype html")):
                raise NotRsl("html_not_rsl", "the body is an HTML page", start) from None
            raise NotRsl("not_xml", f"the document is not well-formed XML: {error}", start) from None
        finally:
            # The parser holds our methods and we hold it: without this the pair waits for the collector.
            parser.StartElementHandler = parser.EndElementHandler = parser.CharacterDataHandler = None
        if self._root is None:
            raise NotRsl("empty", "the document has no element")
        return self._root

    def _start(self, name: str, attributes: list[str]) -> None:
        self._count += 1
        if self._count > self._most:
            raise NotRsl("too_many_elements", f"the document has more than {self._most} elements")
        if len(self._open) + self._skipped >= MAX_DEPTH:
            raise NotRsl("too_deep", f"elements stand more than {MAX_DEPTH} deep")
        namespace, _, local = name.rpartition(" ")
        if not self._open and self._root is None:
            _check_root(namespace, local)
        if self._skipped or namespace != NAMESPACE:
            self._skipped += 1
            return
        node = self._node(local, attributes)
        if self._open:
            self._open[-1].children.append(node)
        elif self._root is None:
            self._root = node
        self._open.append(node)

    def _node(self, local: str, attributes: list[str]) -> Node:
        found = {key: value for key, value in zip(attributes[::2], attributes[1::2], strict=True) if key in _ATTRIBUTES}
        return Node(local, found, self._parser.CurrentByteIndex, self._lines + self._parser.CurrentLineNumber)

    def _end(self, _name: str) -> None:
        if self._skipped:
            self._skipped -= 1
            return
        node = self._open.pop()
        end = self._parser.CurrentByteIndex
        # At the end tag expat stands before it; at a tag that closes itself, behind it.
        if node.children or node._text or self._data[end - 2 : end] != b"/>":
            end = self._data.find(b">", end) + 1
        node._end = end

    def _characters(self, text: str) -> None:
        if not self._skipped:
            self._open[-1]._text.append(text)


class _Finder(_Reader):
    """Looks for RSL elements in whatever XML; stops at an error and keeps what it has."""

    __slots__ = ("_found", "_outside")
    _most = MAX_FEED_ELEMENTS

    def __init__(self, data: bytes, lines: int) -> None:
        super().__init__(data, lines)
        self._found: list[Node] = []
        self._outside = 0

    def find(self) -> list[Node]:
        parser = self._parser
        parser.buffer_text = True
        parser.ordered_attributes = True
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        try:
            parser.Parse(self._data, False)
        except (expat.ExpatError, NotRsl):
            pass  # a feed that is cut, or broken further down
        finally:
            parser.StartElementHandler = parser.EndElementHandler = parser.CharacterDataHandler = None
        # An element that is still open may lack a condition that follows.
        return [node for node in self._found if node not in self._open]

    def _start(self, name: str, attributes: list[str]) -> None:
        namespace, _, local = name.rpartition(" ")
        if self._open:
            super()._start(name, attributes)
            return
        self._count += 1
        if self._count > self._most or self._outside >= MAX_DEPTH:
            raise NotRsl("too_many_elements", "the document has more elements than are read")
        if namespace != NAMESPACE:
            self._outside += 1
            return
        node = self._node(local, attributes)
        self._found.append(node)
        self._open.append(node)

    def _end(self, name: str) -> None:
        if self._open:
            super()._end(name)
        else:
            self._outside -= 1

    def _characters(self, text: str) -> None:
        if self._open:
            super()._characters(text)


def _refuse_doctype(name: str, *_rest: object) -> None:
    if name.lower() == "html":
        raise NotRsl("html_not_rsl", "the body is an HTML page", "<!DOCTYPE html")
    raise NotRsl("doctype", "document types are not read", f"<!DOCTYPE {name}")


def _check_root(namespace: str, local: str) -> None:
    if namespace == NAMESPACE and local == "rsl":
        return
    if namespace == NAMESPACE:
        raise NotRsl("wrong_root", f"the root is {local}, not rsl")
    if local == "rsl":
        raise NotRsl("wrong_namespace", f"the namespace of rsl is {NAMESPACE}", namespace)
    if local.lower() == "html":
        raise NotRsl("html_not_rsl", "the body is an HTML page")
    raise NotRsl("not_rsl", f"the root is {clip(local)}, so this is another kind of document", namespace)
