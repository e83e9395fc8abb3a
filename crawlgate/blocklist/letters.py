"""Single notices that came by letter or e-mail, or that an own reviewer wrote: kept beside the lists, one line each.

    lists/notices.jsonl            what happened, oldest first: notices, withdrawals, first loads
    lists/documents/<sha256>       the letter itself, byte for byte, where it was given

A notice may arrive days before somebody enters it: `received_at` is when it arrived, and until a gate has it loaded
it was received but not loaded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ..domains import Suffixes
from ..errors import ConfigError
from ..model import IssuerKind, Notice
from .check import check_entry
from .entry import EntryDefaults, notice_from_table
from .files import append_line, locked, read_bounded, trouble, write_whole
from .history import ReceivedVersion
from .journal import canonical_line, read_journal, text_of, time_of
from .target import DEFAULT_SUFFIXES, EntryError

JOURNAL, DOCUMENTS = "notices.jsonl", "documents"

WORK = "work"
"""The scope of a notice that names works or their owner and no site: it covers no URL; what follows is for people."""

LOCK = ".notices.lock"
_MAX_DOCUMENT = 64 * 1024 * 1024
_FIELDS = ("scope", "value", "path_prefix", "reason", "contact", "listed_at", "expires_at", "withdrawn_at")


class Letters:
    """The single notices of a home's `lists` directory. Raises `ConfigError` for our own disk."""

    def __init__(self, lists: Path, *, suffixes: Suffixes = DEFAULT_SUFFIXES) -> None:
        self.lists = lists
        self._suffixes = suffixes
        self.lines = read_journal(lists / JOURNAL)

    def notices(self) -> tuple[Notice, ...]:
        """Every notice as it stands now, dated as `knowledge.status` reads it; those about works are left out."""
        return tuple(
            version.notices[0]
            for version in self._newest().values()
            if version.notices and version.notices[0].scope != WORK
        )

    def tables(self) -> tuple[Mapping[str, Any], ...]:
        """Every notice as entered, oldest first, with `withdrawn_at` and `effective_at` as they stand now."""
        found: dict[str, dict[str, Any]] = {}
        for line in self.lines:
            if line["event"] == "notice":
                found[line["id"]] = {**line, "effective_at": None}
            elif line["id"] in found and line["event"] == "loaded":
                found[line["id"]]["effective_at"] = found[line["id"]]["effective_at"] or line["effective_at"]
            elif line["id"] in found:
                found[line["id"]]["withdrawn_at"] = line["withdrawn_at"]
        return tuple(found.values())

    def versions(self) -> Iterator[ReceivedVersion]:
        """Every notice, and every word taken back, for `history`."""
        loads = self._loads()
        said: dict[str, Notice] = {}
        for line in self.lines:
            name = line["id"]
            if line["event"] == "notice":
                said[name] = self._notice(line)
                received = said[name].received_at
            elif line["event"] == "withdrawn" and name in said:
                said[name] = replace(said[name], withdrawn_at=time_of(line["withdrawn_at"]))
                received = time_of(line["received_at"])
            else:
                continue
            if said[name].scope != WORK and received is not None:
                yield ReceivedVersion(
                    list=f"notice:{name}",
                    label=f"notice {name}",
                    received_at=received,
                    effective_at=loads.get(name),
                    notices=(replace(said[name], received_at=None),),
                )

    @property
    def digest(self) -> str:
        """A hash over what was said, whoever had it loaded since."""
        said = [line for line in self.lines if line["event"] != "loaded"]
        return hashlib.sha256(b"".join(map(canonical_line, said))).hexdigest()

    def waiting(self) -> tuple[str, ...]:
        """Ids of notices that no gate had loaded yet."""
        loads = self._loads()
        return tuple(line["id"] for line in self.lines if line["event"] == "notice" and line["id"] not in loads)

    def _loads(self) -> dict[str, datetime]:
        loads: dict[str, datetime] = {}
        for line in self.lines:
            if line["event"] == "loaded":
                loads.setdefault(line["id"], time_of(line["effective_at"]))
        return loads

    def _newest(self) -> dict[str, ReceivedVersion]:
        first: dict[str, datetime] = {}
        newest: dict[str, ReceivedVersion] = {}
        for version in self.versions():
            received = first.setdefault(version.list, version.received_at)
            notice = replace(version.notices[0], received_at=received, effective_at=version.effective_at)
            newest[version.list] = replace(version, notices=(notice,))
        return newest

    def _notice(self, line: Mapping[str, Any]) -> Notice:
        return notice_of(line, self._suffixes)


def notice_of(line: Mapping[str, Any], suffixes: Suffixes = DEFAULT_SUFFIXES) -> Notice:
    """The notice that a line or a record of kind `notice` holds. Raises `EntryError`, `KeyError`, `ValueError`."""
    received = time_of(line["received_at"])
    kind = IssuerKind(line["issuer_kind"])
    if line["scope"] == WORK:
        return Notice(
            id=line["id"], issuer=line["issuer"], issuer_kind=kind, issuer_verified=line["verified"] is True,
            vouched_by=line["vouched_by"], scope=WORK, value=line["value"], reason=line["reason"],
            contact=line["contact"], received_at=received, source=f"notice {line['id']}",
        )  # fmt: skip
    defaults = EntryDefaults(
        id=line["id"],
        issuer=line["issuer"],
        issuer_verified=line["verified"] is True,
        issuer_kind=kind,
        vouched_by=line["vouched_by"],
        source=f"notice {line['id']}",
        received_at=received,
    )
    return notice_from_table(
        {name: line[name] for name in _FIELDS if line.get(name)}, defaults=defaults, suffixes=suffixes
    )


def notice_line(
    *,
    id: str,  # noqa: A002 (the word of the format)
    issuer: str,
    issuer_kind: IssuerKind,
    vouched_by: str,
    scope: str,
    value: str,
    received_at: datetime,
    recorded_at: datetime,
    path_prefix: str = "",
    reason: str = "",
    reference: str = "",
    contact: str = "",
    document: str = "",
    listed_at: datetime | None = None,
    expires_at: datetime | None = None,
    force: str = "",
    suffixes: Suffixes = DEFAULT_SUFFIXES,
) -> dict[str, Any]:
    """A notice as a line and as a record, its target normalised. Raises `EntryError` for one that cannot be taken, and
    for one that covers a most used site without a reason to take it all the same (`force`); `ConfigError` for a
    receipt in the future."""
    if received_at > recorded_at:
        raise ConfigError(
            f"received {received_at:%Y-%m-%d %H:%M} UTC has not come yet; a notice counts from when it arrived"
        )
    line: dict[str, Any] = {
        "contact": contact,
        "document": document,
        "event": "notice",
        "expires_at": None if expires_at is None else text_of(expires_at),
        "id": id,
        "issuer": issuer,
        "issuer_kind": str(issuer_kind),
        "listed_at": None if listed_at is None else text_of(listed_at),
        "path_prefix": path_prefix,
        "reason": reason,
        "received_at": text_of(received_at),
        "recorded_at": text_of(recorded_at),
        "reference": reference,
        "scope": scope,
        "value": value,
        "verified": bool(vouched_by),
        "vouched_by": vouched_by,
        "withdrawn_at": None,
    }
    notice = notice_of(line, suffixes)
    if force:
        line["force"] = force
    elif (problem := check_entry(notice)) is not None:
        raise EntryError(*problem)
    return {**line, "value": notice.value, "path_prefix": notice.path_prefix or ""}


def add_line(lists: Path, line: Mapping[str, Any]) -> None:
    """Write a line of what happened. Raises `ConfigError`."""
    try:
        with locked(lists, LOCK):
            append_line(lists / JOURNAL, canonical_line(line))
    except OSError as error:
        raise trouble(lists, error) from None


def keep_document(lists: Path, path: Path) -> str:
    """Keep a letter byte for byte; its hash. Raises `ConfigError`."""
    try:
        data = read_bounded(path, _MAX_DOCUMENT)
    except OSError as error:
        raise ConfigError(f"document {path} cannot be read: {error.strerror or error}") from None
    if data is None or len(data) > _MAX_DOCUMENT:
        why = "is not there" if data is None else f"is longer than {_MAX_DOCUMENT} bytes"
        raise ConfigError(f"document {path} {why}")
    digest = hashlib.sha256(data).hexdigest()
    try:
        (lists / DOCUMENTS).mkdir(parents=True, exist_ok=True)
        if read_bounded(lists / DOCUMENTS / digest, _MAX_DOCUMENT) != data:
            write_whole(lists / DOCUMENTS / digest, data)
    except OSError as error:
        raise trouble(lists, error) from None
    return digest
