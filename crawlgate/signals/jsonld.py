"""JSON-LD blocks of a page as one flat, bounded list of nodes (JSON-LD 1.1).

No context is fetched: a reader of statements needs names, not a graph store. Names are brought into one spelling
(`vocabulary`), `@graph`, arrays and nesting are walked, and `{"@id": ...}` is followed to the node of that name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

import orjson

from ..limits import DEFAULT_LIMITS
from ..model import Lint
from .vocabulary import SCHEMA, Context

Node: TypeAlias = Mapping[str, object]

MAX_BYTES = 1024 * 1024
"""Bytes of one block that are read; a longer block is not read at all. Project choice."""

MAX_BLOCKS = 200
"""Blocks of one page that are read."""

MAX_DEPTH = 32
"""Levels of nesting that are walked; real markup stays below ten."""

MAX_CONTEXTS = 50
"""Contexts of one page that are read; a block has one, seldom two."""

MAX_NODES = 20_000
"""Nodes of one page that are walked."""

# A string, or what does not belong into JSON outside one. What is never closed matches to the end as well, so
# that it is crossed once.
_REPAIR = re.compile(r'("(?:[^"\\]|\\.)*+"?)|<!--.*?(?:-->|\Z)|,(?=\s*+[}\]])', re.DOTALL)
_OPENING = re.compile(r"\s*+(?:<!--|(?://|/\*)?\s*+<!\[CDATA\[(?:\*/)?)")
_CLOSING = re.compile(r"(?:-->|(?://|/\*)?\]\]>(?:\*/)?)\Z")


class _Named(dict[str, object]):
    """A node with its names in one spelling; `written` is the object as received."""

    __slots__ = ("written",)
    written: Mapping[str, object]


class Graph:
    """Every node of a page's JSON-LD in document order. `lint` names blocks that could not be read as they
    stand; `cut` says that a bound was hit.

    Each block is bytes or text as found between the `script` tags, or a value that is decoded already.
    """

    __slots__ = ("_by_id", "_contexts", "_left", "cut", "lint", "nodes")

    def __init__(self, blocks: Iterable[object]) -> None:
        self.cut = False
        self._contexts = MAX_CONTEXTS
        self.nodes: list[Node] = []
        self.lint: list[Lint] = []
        self._by_id: dict[str, Node] = {}
        self._left = MAX_NODES
        for number, block in enumerate(blocks):
            if number >= MAX_BLOCKS:
                self.cut = True
                break
            value, lint = decode(block)
            self.lint.extend(lint)
            self._named(value, SCHEMA, 0)
        if self.cut:
            self.lint.append(Lint(code="jsonld_cut", message="the page holds more JSON-LD than is read"))
        self.refill()

    def refill(self) -> None:
        """Give `related` its whole budget again: each reader of the graph has its own."""
        self._left = MAX_NODES

    def _named(self, value: object, context: Context, depth: int) -> object:
        """`value` with the names of every node in it in one spelling; the nodes are kept on the way."""
        if isinstance(value, dict):
            if not self._room(depth):
                return None
            local = value.get("@context")
            if local is not None and self._contexts > 0:
                self._contexts -= 1
                context = context.with_local(local)
            node = _Named()
            node.written = value
            self.nodes.append(node)
            for key, inner in value.items():
                if key == "@context":
                    continue
                name = context.name(key)
                node.setdefault(
                    name, self._typed(inner, context) if name == "@type" else self._inner(inner, context, depth)
                )
            name_of = node.get("@id")
            # A reference has nothing but its name; it must not hide the node it refers to.
            if isinstance(name_of, str) and len(node) > 1:
                self._by_id.setdefault(name_of, node)
            return node
        if isinstance(value, list | tuple):
            if not self._room(depth):
                return None
            return [self._inner(item, context, depth) for item in value]
        return value

    def _inner(self, value: object, context: Context, depth: int) -> object:
        return self._named(value, context, depth + 1) if isinstance(value, dict | list | tuple) else value

    def _typed(self, value: object, context: Context) -> object:
        """Types are names too."""
        if isinstance(value, str):
            return context.name(value.strip())
        if isinstance(value, list | tuple):
            return [context.name(item.strip()) for item in value[:32] if isinstance(item, str)]
        return value

    def _room(self, depth: int) -> bool:
        self._left -= 1
        if self._left <= 0 or depth >= MAX_DEPTH:
            self.cut = True
            return False
        return True

    def related(self, node: Node, *names: str) -> Iterator[Node]:
        """The nodes that `node` holds under any of `names`, references followed one step.

        All calls together yield at most `MAX_NODES` nodes, so that references cannot multiply the work.
        """
        for name in names:
            value = prop(node, name)
            for item in value if isinstance(value, list | tuple) else (value,):
                if not isinstance(item, dict):
                    continue
                if self._left <= 0:
                    return
                self._left -= 1
                reference = item.get("@id")
                if len(item) == 1 and isinstance(reference, str):
                    item = self._by_id.get(reference, item)
                yield item


def decode(block: object) -> tuple[object, tuple[Lint, ...]]:
    """The value of one block, and lint where it is not JSON (RFC 8259) as it stands.

    HTML comments, CDATA marks, trailing commas, a byte order mark and bare line breaks in strings are read
    as meant; anything else that is broken gives None.
    """
    if isinstance(block, bytes | bytearray | memoryview):
        raw = bytes(block)
    elif isinstance(block, str):
        raw = block.encode("utf-8", "replace")
    else:
        return block, ()
    if not raw.strip():
        return None, ()
    quoted = raw[: DEFAULT_LIMITS.raw_text].decode("utf-8", "replace")
    if len(raw) > MAX_BYTES:
        return None, (Lint(code="jsonld_too_long", message=f"a JSON-LD block of {len(raw)} bytes", raw=quoted),)
    try:
        return orjson.loads(raw), ()
    except ValueError:
        pass
    for text in _repaired(raw.decode("utf-8", "replace")):
        try:
            value: object = json.loads(text, strict=False)
        except (ValueError, RecursionError):
            continue
        return value, (Lint(code="jsonld_repaired", message="a JSON-LD block is not JSON as it stands", raw=quoted),)
    return None, (Lint(code="jsonld_unreadable", message="a JSON-LD block is not JSON", raw=quoted),)


def _repaired(text: str) -> Iterator[str]:
    """The text with comments taken out, then with what a comment around all of it hides."""
    text = text.lstrip("\ufeff")
    yield _REPAIR.sub(lambda match: match[1] or "", text)
    opening = _OPENING.match(text)
    if opening is not None:
        text = _CLOSING.sub("", text[opening.end() :].rstrip()).rstrip()
        text = text.removesuffix("//")  # `//-->`, the closing line of old scripts
        yield _REPAIR.sub(lambda match: match[1] or "", text)


def prop(node: Node, *names: str) -> object:
    """The value of the first of these properties that a node has; None if it has none. Names are those of
    `vocabulary`: bare for schema.org."""
    for name in names:
        value = node.get(name)
        if value is not None:
            return value
    return None


def types(node: Node) -> tuple[str, ...]:
    """The types of a node, in order."""
    value = node.get("@type")
    return tuple(item for item in (value if isinstance(value, list | tuple) else (value,)) if isinstance(item, str))


def texts(value: object, *, at_most: int = 100) -> tuple[str, ...]:
    """The strings in a value: itself, `@value` or `@id` of an object, each of a list; trimmed, not empty."""
    found: list[str] = []
    for item in value[:at_most] if isinstance(value, list | tuple) else (value,):
        if isinstance(item, dict):
            item = item.get("@value", item.get("@id"))
        if isinstance(item, str) and item.strip():
            found.append(item.strip())
    return tuple(found)


def scalar(value: object) -> object:
    """The first plain value: of a list its first item, of an object its `@value`."""
    if isinstance(value, list | tuple):
        value = value[0] if value else None
    return value.get("@value") if isinstance(value, dict) else value


def flag(value: object) -> bool | None:
    """A schema.org Boolean: true, "True", "https://schema.org/True", 1 and their opposites; else None."""
    value = scalar(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in (0, 1):
        return value == 1
    if isinstance(value, str) and len(value) <= 64:
        word = value.strip().rpartition("/")[2].casefold()
        if word in ("true", "yes", "1"):
            return True
        if word in ("false", "no", "0"):
            return False
    return None


def excerpt(node: Node) -> str:
    """The beginning of a node as JSON text, bounded like every `raw`."""
    pieces: list[str] = []
    length = 0
    written = node.written if isinstance(node, _Named) else node
    try:
        for piece in json.JSONEncoder(ensure_ascii=False, default=lambda _: None).iterencode(written):
            pieces.append(piece[: DEFAULT_LIMITS.raw_text])
            length += len(pieces[-1])
            if length >= DEFAULT_LIMITS.raw_text:
                break
    except (ValueError, TypeError, RecursionError):  # what a caller decoded need not be JSON
        pass
    return "".join(pieces)[: DEFAULT_LIMITS.raw_text]
