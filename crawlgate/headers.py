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

    __slots__ = ("_pairs", "cut")

    def __init__(self, source: Any = (), limits: Limits = DEFAULT_LIMITS) -> None:
        pairs: list[tuple[str, str]] = []
        self.cut = False
        for name, value in _items(source):
            if len(pairs) >= limits.header_count:
                self.cut = True
                break
            text = _text(value)
            if len(text) > limits.header_value:
                text, self.cut = text[: limits.header_value], True
            pairs.append((_text(name).strip().lower(), text.strip()))
        self._pairs = tuple(pairs)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of `name` (lower case), one item a header line."""
        return tuple(value for key, value in self._pairs if key == name)

    def get(self, name: str) -> str | None:
        """The first value of `name`, or None."""
        for key, value in self._pairs:
            if key == name:
                return value
        return None

    def __contains__(self, name: object) -> bool:
        return any(key == name for key, _ in self._pairs)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)


def _items(source: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(source, Headers):
        return source
    if hasattr(source, "multi_items"):
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


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return str(value)
