"""Records as rows of the tables."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from ...ledger.index.keys import address
from ...ledger.query import Record
from ...report.words import Words
from .schema import BY_NAME, OF_KIND, Table

Row = tuple[Any, ...]
Rows = Iterator[tuple[str, Row]]
"""A table's name and one row of it. Times are `datetime` in UTC."""

_GREATEST = 2**63
_SKIPPED = frozenset({"kind", "at"})
_TAKEN = {
    "basis": frozenset({"kind", "id", "reasons", "findings", "not_assessed", "evidence", "overrides"}),
    "decision": frozenset({"kind", "at", "basis", "enforced"}),
    "evidence": frozenset({"kind", "at", "location"}),
}
"""Fields that stand elsewhere than in a column of their own name."""


class Gist(NamedTuple):
    """What decisions repeat of their basis."""

    verdict: str | None
    temporary: bool | None
    stage: str | None
    reasons: str


NO_GIST = Gist(None, None, None, "")


def gist_of(table: Mapping[str, Any]) -> Gist:
    """The gist of a basis. A ledger may have been altered, so that nothing in it is taken for granted."""
    reasons = table.get("reasons")
    return Gist(
        _of("text", table.get("verdict")),
        _of("boolean", table.get("temporary")),
        _of("text", table.get("stage")),
        " ".join(one for one in reasons if isinstance(one, str)) if isinstance(reasons, list) else "",
    )


def plain_row(record: Record) -> tuple[str, Row]:
    """The row of a record whose fields are its columns; `others` for a kind that is not known."""
    table = OF_KIND.get(record.kind, BY_NAME["others"])
    made = {"record": record.id, "at": record.at, "kind": record.kind}
    if record.kind == "evidence":
        location = _mapping(record.table.get("location"))
        made |= {"host": _host(record.table.get("url"))}
        made |= {f"warc_{key}": location.get(key) for key in ("file", "offset", "length", "sha256")}
    return table.name, _row(table, record.table, made, _TAKEN.get(record.kind, _SKIPPED))


def decision_row(record: Record, gist: Gist) -> tuple[str, Row]:
    """The row of a decision, given the gist of its basis."""
    table = record.table
    made = gist._asdict() | {
        "record": record.id,
        "at": record.at,
        "host": _host(table["url"]),
        "basis": f"{record.segment}:{table['basis']}",
        "enforced": table.get("enforced", True),
    }
    return "decisions", _row(BY_NAME["decisions"], table, made, _TAKEN["decision"])


class BasisRows:
    """A basis as rows of the tables about bases; sentences in both languages."""

    def __init__(self) -> None:
        self._en, self._ja = Words("en"), Words("ja")

    def __call__(self, name: str, table: Mapping[str, Any]) -> Rows:
        """The rows of the basis at the place `name`."""
        yield "bases", _row(BY_NAME["bases"], table, {"basis": name}, _TAKEN["basis"])
        reasons = table.get("reasons")
        order = reasons if isinstance(reasons, list) else []
        for criterion, told in _mapping(table.get("findings")).items():
            finding = _mapping(told)
            params = _mapping(finding.get("params"))
            texts = self._sentences(finding.get("reason"), params)
            decided = order.index(criterion) + 1 if criterion in order else None
            key = _of("text", finding.get("reason"))
            outcome = _of("text", finding.get("outcome"))
            yield "findings", (name, criterion, outcome, decided, key, *texts, _json(params) if params else None)
            for number, signal in enumerate(_items(finding.get("signals")), start=1):
                made = {"basis": name, "criterion": criterion, "number": number}
                yield "signals", _row(BY_NAME["signals"], _mapping(signal), made, frozenset())
        for criterion, reason in _mapping(table.get("not_assessed")).items():
            texts = self._sentences(reason, {})
            yield "not_assessed", (name, criterion, _of("text", reason), *texts)
        for evidence in _items(table.get("evidence")):
            if isinstance(evidence, str):
                yield "basis_evidence", (name, evidence)
        for override in _items(table.get("overrides")):
            yield "basis_overrides", _row(BY_NAME["basis_overrides"], _mapping(override), {"basis": name}, frozenset())

    def _sentences(self, reason: Any, params: Mapping[str, Any]) -> tuple[str | None, str | None]:
        if not isinstance(reason, str):
            return None, None
        said = {key: str(value) for key, value in params.items()}
        return self._en.sentence(reason, said), self._ja.sentence(reason, said)


class SegmentRow:
    """One segment as it is read: its head, and what was counted."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._head: Record | None = None
        self._records = self._decisions = 0
        self._first: datetime | None = None
        self._latest: datetime | None = None
        self._sealed = False

    def take(self, record: Record) -> None:
        """Count a record."""
        self._records += 1
        if record.kind == "segment":
            self._head = record
        elif record.kind == "seal":
            self._sealed = True
        elif record.kind == "decision" and record.at is not None:
            self._decisions += 1
            if self._first is None or record.at < self._first:
                self._first = record.at
            if self._latest is None or record.at > self._latest:
                self._latest = record.at

    def row(self) -> tuple[str, Row]:
        """The row, once all of it was read."""
        head = {} if self._head is None else dict(self._head.table)
        declaration, profile = _mapping(head.get("declaration")), _mapping(head.get("profile"))
        made = {name: head.get(name) for name in ("program", "written_by", "mode", "rule_pack", "ledger", "previous")}
        made |= {name: declaration.get(name) for name in ("operator", "token", "user_agent")}
        made |= {
            "segment": self.name,
            "at": None if self._head is None else self._head.at,
            "profile": profile.get("name"),
            "profile_sha256": profile.get("sha256"),
            "key": head.get("key"),
            "records": self._records,
            "decisions": self._decisions,
            "first": self._first,
            "latest": self._latest,
            "sealed": self._sealed,
            "conditions": head or None,
        }
        return "segments", _row(BY_NAME["segments"], {}, made, frozenset())


def _row(table: Table, record: Mapping[str, Any], made: Mapping[str, Any], taken: Collection[str]) -> Row:
    """The columns of a table: from `made`, from the fields of the record, and what is left of it in `more`.

    A value that is not of its column's type stands in `more` as well.
    """
    values: list[Any] = []
    left = {key: value for key, value in record.items() if key not in taken}
    for column in table.columns:
        if column.name == "more":
            values.append(_json(left) if left else None)
        elif column.key:
            value = _of(column.type, record.get(column.key))
            if value is not None or record.get(column.key) is None:
                left.pop(column.key, None)
            values.append(value)
        else:
            values.append(_of(column.type, made.get(column.name)))
    return tuple(values)


def _of(kind: str, value: Any) -> Any:
    """The value, if it is of that type of column; otherwise None."""
    if value is None:
        return None
    if kind == "text":
        if type(value) is int:
            return str(value)
        return value if isinstance(value, str) else None
    if kind == "integer":
        return value if type(value) is int and -_GREATEST <= value < _GREATEST else None
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if kind == "time":
        return _time(value)
    return _json(value)


def _time(value: Any) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    return value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo is not None else None


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _host(url: Any) -> str:
    return address(url).host if isinstance(url, str) else ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
