"""Response headers as a bounded list of pairs, from whatever a client holds them in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from .limits import DEFAULT_LIMITS, Limits

_KEYS_KEPT, _KEY_LENGTH = 4_096, 64
_keys: dict[str | bytes, str] = {}  # names as they are known here, by how they were spelt


class Headers:
    """Header lines in the order received; names lower case, values text, count and size bounded.

    Takes a mapping, an iterable of pairs (text or bytes), or a client's own headers object (anything with
    `multi_items()`, `raw` or `items()`), so that repeated lines survive. `cut` tells that a bound was hit.
    Values are made text when they are asked for: of most headers only the name matters.
    """

    __slots__ = ("_longest", "_names", "_values", "cut", "names")

    def __init__(self, source: Any = (), limits: Limits = DEFAULT_LIMITS) -> None:
        most, longest = limits.header_count, limits.header_value
        lines = _lines(source, most + 1)
        self.cut = len(lines) > most
        if self.cut:
            del lines[most:]
        self._longest = longest
        self._names = [(isinstance(name, (bytes, str)) and _keys.get(name)) or _key(name) for name, _ in lines]
        self._values = [value if isinstance(value, (bytes, str)) else str(value) for _, value in lines]
        if self._values and len(max(self._values, key=len)) > longest:
            self.cut = True
        self.names = frozenset(self._names)
        """The names that stand there."""

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of `name` (lower case), one item a header line."""
        if name not in self.names:
            return ()
        return tuple([self._text(value) for key, value in zip(self._names, self._values, strict=True) if key == name])

    def get(self, name: str) -> str | None:
        """The first value of `name`, or None."""
        return self._text(self._values[self._names.index(name)]) if name in self.names else None

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return zip(self._names, map(self._text, self._values), strict=True)

    def __len__(self) -> int:
        return len(self._names)

    def _text(self, value: str | bytes) -> str:
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        return text[: self._longest].strip()


def _key(name: Any) -> str:
    text = name.decode("latin-1") if isinstance(name, bytes) else str(name)
    key = text.strip().lower()
    if isinstance(name, (bytes, str)) and len(name) <= _KEY_LENGTH and len(_keys) < _KEYS_KEPT:
        _keys[name] = key
    return key


def _lines(source: Any, most: int) -> list[tuple[Any, Any]]:
    """The header lines of `source`, as a list of its own, of at most `most`."""
    if hasattr(source, "multi_items"):
        raw = getattr(source, "raw", None)
        if isinstance(raw, list) and b"".join([value for _, value in raw]).isascii():
            return raw[:most]  # what `multi_items` would find an encoding for
        return list(islice(source.multi_items(), most))
    pairs = source.items() if isinstance(source, Mapping) or hasattr(source, "items") else source
    return list(islice(_each(pairs), most))


def _each(pairs: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    """One pair a header line, also where a client keeps the lines of a name as a list."""
    for name, value in pairs:
        if isinstance(value, (list, tuple)):
            yield from ((name, line) for line in value)
        else:
            yield name, value
