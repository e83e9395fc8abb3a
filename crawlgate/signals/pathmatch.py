"""Path patterns of robots.txt (RFC 9309 2.2.2, 2.2.3), matched by Protego one pattern at a time.

robots.txt rules, usage lines and TDMRep locations share this syntax: `*` any run, `$` the end, literal
octets otherwise, compared in one percent-encoding.
"""

from __future__ import annotations

from protego import Protego

# Protego compares path and query; the authority is never looked at.
_AUTHORITY = "https://host.invalid"


class PathPattern:
    """One pattern. `specificity` counts its octets, the measure of RFC 9309's longest match."""

    __slots__ = ("_file", "pattern", "specificity")

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.specificity = len(pattern.encode("utf-8", "replace"))
        self._file: Protego | None = None

    def matches(self, target: str) -> bool:
        """True if the pattern matches `target` (path and query from the first octet)."""
        if not self.pattern:
            return False
        if self._file is None:
            self._file = Protego.parse(f"User-agent: *\nDisallow: {self.pattern}")
        return not self._file.can_fetch(_AUTHORITY + target, "*")
