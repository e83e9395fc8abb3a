"""What became of one file of a dataset, as the proof tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Part:
    """A file that belongs to another one of the dataset, before and after."""

    name: str
    written: str
    before: tuple[int, str]
    after: tuple[int, str]

    def table(self) -> dict[str, Any]:
        """For the proof."""
        states = [dict(zip(("bytes", "sha256"), one, strict=True)) for one in (self.before, self.after)]
        return {"name": self.name, "written": self.written, "before": states[0], "after": states[1]}


@dataclass(frozen=True, slots=True)
class Written:
    """One file of the dataset, before and after: name as audited, name below the new folder, bytes, digests, rows.
    `beside` are records that went because they only spoke of one that went; `parts` belong to the file (those of a
    cluster), `left_out` are entries of it that could not be made new."""

    name: str
    written: str
    before: tuple[int, str, int]
    after: tuple[int, str, int]
    removed: int
    beside: int = 0
    parts: tuple[Part, ...] = ()
    left_out: tuple[str, ...] = ()

    def table(self) -> dict[str, Any]:
        """For the proof."""
        table: dict[str, Any] = {
            "name": self.name,
            "written": self.written,
            "before": dict(zip(("bytes", "sha256", "rows"), self.before, strict=True)),
            "after": dict(zip(("bytes", "sha256", "rows"), self.after, strict=True)),
            "removed": self.removed,
            "beside": self.beside,
        }
        if self.parts:
            table["parts"] = [one.table() for one in self.parts]
        if self.left_out:
            table["left_out"] = list(self.left_out)
        return table
