"""What a report is made of, before it is markup: the page and the Markdown text are written from the same blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..gist import Answer
from ..markup import Figure
from .account import Counts, Period


@dataclass(frozen=True, slots=True)
class Code:
    """Text of others, shown as it was."""

    text: str
    limit: int = 400


@dataclass(frozen=True, slots=True)
class Named:
    """A criterion with its title."""

    criterion: str


@dataclass(frozen=True, slots=True)
class Key:
    """An answer with its key to the charts."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Stack:
    """Several things in one cell, one below the other."""

    parts: tuple[Cell, ...]


Cell = str | int | Figure | Code | Named | Key | Stack


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading below that of the section; `level` 3 or 4."""

    level: int
    text: Cell


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph. `kind` is `lead` for what introduces."""

    text: str
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose first column names the rows. `bars` has the shares of each row, drawn under `bars_title` where
    there is room for it."""

    caption: str
    head: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    bars: Sequence[Sequence[tuple[str, int]]] = ()
    bars_title: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and what they stand for; a None is left out."""

    pairs: Sequence[tuple[str, Cell | None]]


@dataclass(frozen=True, slots=True)
class Example:
    """A row: its URL, the answer and why, the lines that said so, and where all that stands. `verdict` is the answer in
    other words than its own."""

    url: str
    answer: Answer
    said: tuple[str, ...]
    raw: tuple[str, ...]
    where: tuple[Cell, ...]
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows as examples."""

    items: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Passages:
    """The exact words that findings against a criterion rest on."""

    criterion: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of shares; `title` says in words what it shows."""

    title: str
    shares: tuple[tuple[str, int], ...]
    keys: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns over time, stacked by answer."""

    title: str
    periods: tuple[Period, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve of what is gathered, over ranks that grow tenfold from mark to mark; `points` are (rank, sum)."""

    title: str
    points: tuple[tuple[int, int], ...]
    total: int


Block = Heading | Text | Table | Facts | Examples | Passages | Bar | Columns | Curve


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report: a name for links, a title, and its blocks."""

    name: str
    title: str
    blocks: tuple[Block, ...]


def shares(counts: Counts, answers: Sequence[Answer]) -> tuple[tuple[str, int], ...]:
    """Counts by answer as shares of a bar."""
    return tuple((str(answer), counts.get(answer, 0)) for answer in answers)
