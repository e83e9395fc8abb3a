"""What is wrong with a publisher's rows before they are signed: line, field, reason, way out.

An error keeps a row out of a feed; a warning is something its readers will ask about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..domains import Suffixes
from ..model import Notice
from .check import check_entry
from .entries import FIELDS
from .entry import DEFAULT_SUFFIXES, EntryError, notice_from_table, shown, table_of
from .feed import stamp
from .readers.plain import place
from .sheet import LISTS, Row, doubtful_date

ERROR, WARNING = "error", "warning"

_WAY_OUT = {
    "scope": "write registrable_domain, host, path_prefix, url, ip or cidr",
    "value": "write the domain, host, address or URL that the scope asks for",
    "path_prefix": "write the path as it stands in the address bar, from its first slash",
    "listed_at": "write 2026-07-01, or a time with its zone: 2026-07-01T09:00:00+09:00",
    "expires_at": "write 2027-06-30, or a time with its zone: 2027-06-30T23:59:59+09:00",
    "withdrawn_at": "write 2026-09-01, or a time with its zone: 2026-09-01T09:00:00+09:00",
}
_TEXTS = ("reason", "issuer", "contact")
_LONGEST_TEXT = 2_000


@dataclass(frozen=True, slots=True)
class Problem:
    """Something an author should look at. `line` counts from 1, `field` is a column or empty for the whole row."""

    line: int
    field: str
    level: str
    reason: str
    way_out: str

    def __str__(self) -> str:
        where = f"line {self.line}" + (f", {self.field}" if self.field else "")
        return f"{where}: {self.level}: {self.reason}; {self.way_out}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Linted:
    """Entries that may be signed, in the order of their rows, with the line of each; and what was found."""

    entries: tuple[dict[str, Any], ...]
    lines: tuple[int, ...]
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.level == ERROR)


def popular_site(notice: Notice) -> tuple[str, str] | None:
    """The check that keeps out entries that cover the world's most used sites."""
    problem = check_entry(notice)
    return None if problem is None else (problem.reason, problem.way_out)


Check = Callable[[Notice], tuple[str, str] | None]
"""A further look at an entry: (reason, way out) where it cannot be taken, None where it can."""


def lint(
    rows: Iterable[Row],
    *,
    now: datetime,
    contact: str = "",
    checks: Iterable[Check] = (),
    suffixes: Suffixes = DEFAULT_SUFFIXES,
) -> Linted:
    """Look at every row. `contact` stands for rows that name none; `now` tells what is in the future."""
    linter = _Linter(now, contact, tuple(checks), suffixes)
    for row in rows:
        linter.look(row)
    return Linted(entries=tuple(linter.entries), lines=tuple(linter.lines), problems=tuple(linter.problems))


class _Linter:
    def __init__(self, now: datetime, contact: str, checks: tuple[Check, ...], suffixes: Suffixes) -> None:
        self._now = now
        self._contact = contact
        self._checks = checks
        self._suffixes = suffixes
        self._ids: dict[str, int] = {}
        self._targets: dict[tuple[str, str, str | None], int] = {}
        self._line = 0
        self.entries: list[dict[str, Any]] = []
        self.lines: list[int] = []
        self.problems: list[Problem] = []

    def look(self, row: Row) -> None:
        self._line = row.line
        if row.problem:
            reason, _, way_out = row.problem.partition("; ")
            self._error("", reason, way_out or "correct the row")
            return
        before = len(self.problems)
        table = self._whole(row.table)
        notice = self._notice(table)
        if notice is not None:
            self._duplicates(notice)
            self._dates(notice)
            for check in self._checks:
                found = check(notice)
                if found is not None:
                    self._error("value", *found)
            table |= {"id": notice.id, "scope": notice.scope, "value": notice.value}
            if notice.path_prefix:
                table["path_prefix"] = notice.path_prefix
        if not any(problem.level == ERROR for problem in self.problems[before:]):
            self.entries.append(table)
            self.lines.append(row.line)

    def _whole(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row with what may be filled in, and a look at its texts."""
        table = {name: row[name] for name in FIELDS if row.get(name) not in (None, "", [])}
        for name in row:
            if name not in FIELDS and name != "schema":
                self._warn(name, "no field of an entry has this name", "take it out; readers ignore it")
        if "scope" not in table and isinstance(table.get("value"), str):
            self._scope(table)
        if not table.get("contact") and self._contact:
            table["contact"] = self._contact
        if not table.get("contact"):
            self._error("contact", "missing", "say where the owner of a site appeals, or pass --contact for all rows")
        if not table.get("reason"):
            self._error("reason", "missing", "say in a few words why the site is listed")
        for name in _TEXTS:
            text = table.get(name, "")
            if not isinstance(text, str) or len(text) > _LONGEST_TEXT or not text.replace("\n", " ").isprintable():
                self._error(name, f"{shown(text)} is no text of up to {_LONGEST_TEXT} characters", "shorten it")
            elif text:
                table[name] = " ".join(text.split())
        for name in LISTS:
            texts = table.get(name, [])
            texts = [texts] if isinstance(texts, str) else texts
            if not isinstance(texts, list) or not all(
                isinstance(t, str) and t.strip() and t.isprintable() for t in texts
            ):
                self._error(name, "not a list of texts", "write one text a line, or several between |")
            elif texts:
                table[name] = texts
        if not table.get("works"):
            self._warn("works", "missing", "name the works or rights concerned, so that the claim can be checked")
        if not table.get("evidence"):
            self._warn("evidence", "missing", "name where the evidence is kept: a case number, an archive link")
        return table

    def _scope(self, table: dict[str, Any]) -> None:
        try:
            taken = table_of(place(table["value"], self._suffixes))
        except EntryError:
            return  # the missing scope is told below
        if "path_prefix" in table:
            taken = {**taken, "scope": "path_prefix", "path_prefix": table["path_prefix"]}
        table |= taken
        self._warn("scope", f"missing; taken as {taken['scope']}", "write it, if something else is meant")

    def _notice(self, table: dict[str, Any]) -> Notice | None:
        for name in ("listed_at", "expires_at", "withdrawn_at"):
            if isinstance(table.get(name), str) and doubtful_date(table[name]):
                self._error(name, f"{shown(table[name])}: month and day could be either way round", _WAY_OUT[name])
                return None
        try:
            return notice_from_table(table, suffixes=self._suffixes)
        except EntryError as error:
            field = next((name for name in _WAY_OUT if error.reason.startswith(name)), "value")
            reason, _, way_out = error.reason.removeprefix(f"{field}: ").rpartition("; ")
            self._error(field, *((reason, way_out) if reason else (way_out, _WAY_OUT[field])))
            return None

    def _duplicates(self, notice: Notice) -> None:
        first = self._ids.setdefault(notice.id, self._line)
        if first != self._line:
            self._error("id", f"{shown(notice.id)} stands on line {first} already", "give each entry an id of its own")
        target = (notice.scope, notice.value, notice.path_prefix)
        first = self._targets.setdefault(target, self._line)
        if first != self._line:
            self._warn("value", f"{shown(notice.value)} is named on line {first} already", "keep one of the two")

    def _dates(self, notice: Notice) -> None:
        if notice.listed_at is not None and notice.listed_at > self._now + timedelta(days=1):
            self._error("listed_at", f"{stamp(notice.listed_at)} has not come yet", "list the site when it is to count")
        if notice.expires_at is None:
            if notice.withdrawn_at is None:
                self._warn("expires_at", "missing", "say until when the claim stands unless it is renewed")
        elif notice.expires_at <= self._now:
            self._warn("expires_at", f"{stamp(notice.expires_at)} is past; the entry counts no more", "renew it")

    def _error(self, field: str, reason: str, way_out: str) -> None:
        self.problems.append(Problem(self._line, field, ERROR, reason, way_out))

    def _warn(self, field: str, reason: str, way_out: str) -> None:
        self.problems.append(Problem(self._line, field, WARNING, reason, way_out))
