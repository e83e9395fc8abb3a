"""Under which conditions answers were given: the heads of segments, those that say the same as one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .gist import mapping, sequence, text, whole

KEPT = 5
"""Different conditions that are shown."""

_LISTS = 30


@dataclass(frozen=True, slots=True)
class ListLoaded:
    """A list of rights holders that the gate had."""

    source: str
    entries: int
    rejected: int
    received_at: str
    sha256: str
    issuer: str = ""
    issuer_kind: str = ""
    verified: bool = False
    vouched_by: str = ""
    version: int = 0
    stale: bool = False


@dataclass(frozen=True, slots=True)
class LicenceDeclared:
    """A licence that the collector declared."""

    licensor: str
    reference: str
    scope: tuple[str, ...]
    valid_from: str
    valid_to: str


@dataclass(frozen=True, slots=True)
class LimitSet:
    """A figure that the project set itself."""

    name: str
    value: int
    unit: str
    owner: str
    date: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a segment's head says of operator, rules and lists."""

    operator: str
    token: str
    token_published: bool
    user_agent: str
    purposes: tuple[str, ...]
    legal_basis: str
    licences: tuple[LicenceDeclared, ...]
    profile: str
    profile_hash: str
    limits: tuple[LimitSet, ...]
    rule_pack: str
    source_document: str
    mode: str
    program: str
    lists: tuple[ListLoaded, ...]


@dataclass(frozen=True, slots=True)
class Conditions:
    """What some segments say alike: how many there are, and when the first and the last of them were opened."""

    said: Said
    segments: int
    first: datetime | None
    last: datetime | None


class ConditionsBook:
    """Conditions in the order in which they first stood; beyond a bound only counted (`left_out` segments)."""

    def __init__(self) -> None:
        self._found: dict[Said, list[datetime | None]] = {}
        self._segments: dict[Said, int] = {}
        self.left_out = 0

    def add(self, head: Mapping[str, Any], at: datetime | None) -> None:
        """Take in a segment's head. Segments in which people's decisions were written say nothing about answers."""
        if "declaration" not in head and head.get("written_by") in ("review", "lists"):
            return
        said = _said(head)
        if said not in self._found and len(self._found) >= KEPT:
            self.left_out += 1
            return
        times = self._found.setdefault(said, [at, at])
        times[1] = at
        self._segments[said] = self._segments.get(said, 0) + 1

    def conditions(self) -> tuple[Conditions, ...]:
        """The latest first."""
        return tuple(
            Conditions(said, self._segments[said], first, last) for said, (first, last) in self._found.items()
        )[::-1]


def _said(head: Mapping[str, Any]) -> Said:
    declared = mapping(head.get("declaration"))
    profile = mapping(head.get("profile"))
    return Said(
        operator=text(declared.get("operator")),
        token=text(declared.get("token")),
        token_published=declared.get("token_published") is True,
        user_agent=text(declared.get("user_agent")),
        purposes=tuple(text(purpose) for purpose in sequence(declared.get("purposes"))),
        legal_basis=text(declared.get("legal_basis")),
        licences=tuple(_licence(mapping(item)) for item in sequence(declared.get("licences"), _LISTS)),
        profile=text(profile.get("name")),
        profile_hash=text(profile.get("sha256")),
        limits=tuple(
            _limit(text(name), mapping(item)) for name, item in sorted(mapping(profile.get("limits")).items())
        ),
        rule_pack=text(head.get("rule_pack")),
        source_document=text(head.get("source_document")),
        mode=text(head.get("mode")),
        program=text(head.get("program")),
        lists=tuple(_list(mapping(item)) for item in sequence(head.get("lists"), _LISTS)),
    )


def _limit(name: str, table: Mapping[str, Any]) -> LimitSet:
    return LimitSet(
        name,
        whole(table.get("value")),
        text(table.get("unit")),
        text(table.get("owner")),
        text(table.get("date")),
        text(table.get("reason")),
    )


def _licence(table: Mapping[str, Any]) -> LicenceDeclared:
    return LicenceDeclared(
        text(table.get("licensor")),
        text(table.get("reference")),
        tuple(text(pattern) for pattern in sequence(table.get("scope"), _LISTS)),
        text(table.get("valid_from")),
        text(table.get("valid_to")),
    )


def _list(table: Mapping[str, Any]) -> ListLoaded:
    return ListLoaded(
        text(table.get("source")),
        whole(table.get("entries")),
        whole(table.get("rejected")),
        text(table.get("received_at")),
        text(table.get("sha256")),
        text(table.get("issuer")),
        text(table.get("issuer_kind")),
        table.get("verified") is True,
        text(table.get("vouched_by")),
        whole(table.get("version")),
        table.get("stale") is True,
    )
