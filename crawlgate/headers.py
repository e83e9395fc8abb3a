"""Response headers as a bounded list of pairs, from whatever a client holds them in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from .limits import DEFAULT_LIMITS, Limits

_TEXT = frozenset((bytes, str))
_LAYOUTS_KEPT, _KEPT_LINES, _KEPT_NAME = 1_024, 64, 64


def _key(name: Any) -> str:
    return (name.decode("latin-1") if isinstance(name, bytes) else str(name)).strip().lower()


class _Layout:
    """Names of header lines in their order. Servers send the same ones again and again, so that those seen before need
    not be spelt out anew: `names` in lower case, `at` the lines where each stands, `known` all of them."""

    __slots__ = ("at", "known", "names")

    def __init__(self, given: tuple[Any, ...]) -> None:
        self.names = tuple(map(_key, given))
        self.known = frozenset(self.names)
        self.at: dict[str, tuple[int, ...]] = {}
        for line, name in enumerate(self.names):
            self.at[name] = (*self.at.get(name, ()), line)


_NO_LINES = _Layout(())
_layouts: dict[tuple[Any, ...], _Layout] = {}


class Headers:
    """Header lines in the order received; names lower case, values text, count and size bounded.

    Takes a mapping, an iterable of pairs (text or bytes), or a client's own headers object (anything with
    `multi_items()`, `raw` or `items()`), so that repeated lines survive. `cut` tells that a bound was hit.
    Values are made text when they are asked for: of most headers only the name matters.
    """

    __slots__ = ("_layout", "_longest", "_values", "cut", "names")

    def __init__(self, source: Any = (), limits: Limits = DEFAULT_LIMITS) -> None:
        most, longest = limits.header_count, limits.header_value
        lines = _lines(source, most + 1)
        self.cut = len(lines) > most
        if self.cut:
            lines = lines[:most]
        self._longest = longest
        self._layout, self._values = _NO_LINES, ()
        if lines:
            given, values = zip(*lines, strict=True)
            if not _TEXT.issuperset(map(type, values)):
                values = tuple([value if isinstance(value, (bytes, str)) else str(value) for value in values])
            if len(max(values, key=len)) > longest:
                self.cut = True
            self._layout, self._values = _layout(given), values
        self.names = self._layout.known
        """The names that stand there."""

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of `name` (lower case), one item a header line."""
        found = self._layout.at.get(name)
        return () if found is None else tuple([self._text(self._values[line]) for line in found])

    def get(self, name: str) -> str | None:
        """The first value of `name`, or None."""
        found = self._layout.at.get(name)
        return None if found is None else self._text(self._values[found[0]])

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return zip(self._layout.names, map(self._text, self._values), strict=True)

    def __len__(self) -> int:
        return len(self._values)

    def _text(self, value: str | bytes) -> str:
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        return text[: self._longest].strip()


def _layout(given: tuple[Any, ...]) -> _Layout:
    try:
        known = _layouts.get(given)
    except TypeError:  # a name of a kind that has no hash
        return _Layout(given)
    if known is None:
        known = _Layout(given)
        short = len(given) <= _KEPT_LINES and max(map(len, known.names)) <= _KEPT_NAME
        if short and len(_layouts) < _LAYOUTS_KEPT and _TEXT.issuperset(map(type, given)):
            _layouts[given] = known
    return known


def _lines(source: Any, most: int) -> Sequence[tuple[Any, Any]]:
    """The header lines of `source`, of at most `most`."""
    if hasattr(source, "multi_items"):
        raw = getattr(source, "raw", None)
        if isinstance(raw, list) and b"".join([value for _, value in raw]).isascii():
            ready: list[tuple[Any, Any]] = raw[:most]
            return ready  # what `multi_items` would find an encoding for
        return list(islice(source.multi_items(), most))
    if isinstance(source, (list, tuple)) and _TEXT.issuperset([type(value) for _, value in source]):
        return source[:most]  # a line each
    pairs = source.items() if isinstance(source, Mapping) or hasattr(source, "items") else source
    return list(islice(_each(pairs), most))


def _each(pairs: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    """One pair a header line, also where a client keeps the lines of a name as a list."""
    for name, value in pairs:
        if isinstance(value, (list, tuple)):
            yield from ((name, line) for line in value)
        else:
            yield name, value
