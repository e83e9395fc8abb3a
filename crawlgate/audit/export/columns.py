"""Columns and tables of an export, and the short forms in which they are written down."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `key` is the field of the record that it takes; empty where it is made of something else."""

    name: str
    type: str
    meaning: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table. `kinds` are the records that become its rows field by field; `indexed` are columns asked for often."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    kinds: frozenset[str] = frozenset()
    indexed: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


def made(*rows: tuple[str, str, str]) -> tuple[Column, ...]:
    """Columns that are made of something else than a field."""
    return tuple(Column(*row) for row in rows)


def fields(*rows: tuple[str, str, str]) -> tuple[Column, ...]:
    """Columns that take the field of their own name."""
    return tuple(Column(name, kind, meaning, name) for name, kind, meaning in rows)


def table(name: str, kinds: str, meaning: str, columns: tuple[Column, ...], *indexed: str) -> Table:
    """A table of whole records."""
    own = made(("record", "text", "its place: segment:number"), ("at", "time", "when it was written or decided"))
    return Table(name, meaning, (*own, *columns, MORE), frozenset(kinds.split()), indexed)


MORE = Column("more", "json", "what the record holds beyond these columns")
BASIS = Column("basis", "text", "the basis: segment:number")
PLACE = Column("segment", "text", "name of the segment")
