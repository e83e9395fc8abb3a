"""Response headers as a bounded list of pairs, from whatever a client holds them in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .limits import DEFAULT_LIMITS, Limits


class Headers:
    """Header lines in the order received; names lower case, values text, count and size bounded.

    Takes a mapping, an iterable of pairs (text or bytes), or a client's own headers object (anything with
    `multi_items()`, `raw` or `items()`), so that repeated lines survive. `cut` tells that a bound was hit.
    """

    __slots__ = ("_pairs", "cut", "names")

    def __init__(self, source: Any = (), limits: Limits = DEFAULT_LIMITS) -> None:
        pairs: list[tuple[str, str]] = []
        self.cut = False
        longest = limits.header_value
        for name, value in _items(source):
            if len(pairs) >= limits.header_count:
                self.cut = True
                break
            text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
            if len(text) > longest:
                text, self.cut = text[:longest], True
            key = name.decode("latin-1") if isinstance(name, bytes) else str(name)
            pairs.append((key.strip().lower(), text.strip()))
        self._pairs = tuple(pairs)
        self.names = frozenset(key for key, _ in pairs)
        """The names that stand there."""

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of `name` (lower case), one item a header line."""
        if name not in self.names:
            return ()
        return tuple(value for key, value in self._pairs if key == name)

    def get(self, name: str) -> str | None:
        """The first value of `name`, or None."""
        if name not in self.names:
            return None
        for key, value in self._pairs:
            if key == name:
                return value
        return None

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)


def _items(source: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(source, Headers):
        return source
    if hasattr(source, "multi_items"):
        raw = getattr(source, "raw", None)
        if isinstance(raw, list) and all(value.isascii() for _, value in raw):
            return raw  # what `multi_items` would find an encoding for
        return source.multi_items()  # type: ignore[no-any-return]
    pairs = source.items() if isinstance(source, Mapping) or hasattr(source, "items") else source
    return _each(pairs)


def _each(pairs: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    """One pair a header line, also where a client keeps the lines of a name as a list."""
    for name, value in pairs:
        if isinstance(value, (list, tuple)):
            yield from ((name, line) for line in value)
        else:
            yield name, value
