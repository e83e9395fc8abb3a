"""The lists we received, byte for byte, and when: the proof of what was known at a time.

    lists/<sha256>.txt, .jsonl     each list as received
    lists/received.jsonl           one line per list and way it was vouched for, oldest first

Writes are atomic, and taken in turn where several processes share the directory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from ..domains import Suffixes
from ..errors import ConfigError, FeedError
from ..model import IssuerKind, Notice
from .entry import DEFAULT_SUFFIXES, EntryDefaults, Rejected
from .files import locked, trouble, write_whole
from .formats import Format, RawList, interpret, load
from .history import ReceivedVersion

INDEX = "received.jsonl"
_LOCK = "received.lock"
_EXTENSION = {Format.PLAIN: "txt", Format.FEED: "jsonl"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedList:
    """A list as the gate uses it. `received_at` is when these bytes were first received; `first_time` says
    that this was now. `source` is the path as given."""

    notices: tuple[Notice, ...]
    rejected: tuple[Rejected, ...]
    sha256: str
    received_at: datetime
    source: str
    first_time: bool


class ListStore:
    """A directory that keeps every list received. Several processes may share it."""

    def __init__(self, directory: str | Path, *, suffixes: Suffixes = DEFAULT_SUFFIXES) -> None:
        self.directory = Path(directory)
        self._suffixes = suffixes

    def receive(
        self,
        path: str | Path,
        *,
        at: datetime,
        verified: bool = False,
        vouched_by: str | None = None,
        issuer: str | None = None,
        issuer_kind: IssuerKind = IssuerKind.UNSTATED,
    ) -> LoadedList:
        """Read a list, keep its bytes, and date what it says.

        A list seen before keeps the time it was first received. `verified` says that issuer and claim were
        checked, and by whom in `vouched_by`; a list nobody vouches for only holds. `issuer` stands for entries
        that name none, `issuer_kind` says who that is; a list that names nobody is a public one. Raises
        `FeedError` for a list that cannot be read and `ConfigError` for the rest.
        """
        vouched_by, issuer = _words("vouched_by", vouched_by), _words("issuer", issuer)
        if verified and vouched_by is None:
            raise ConfigError(
                f"list {path}: verified is set, but vouched_by is not; name the person who checked the issuer and "
                "the claim, or leave verified out: the list then holds for review and does not deny"
            )
        if at.tzinfo is None:
            raise ConfigError(f"list {path}: at {at.isoformat()} has no zone; write Z or an offset")
        raw, at = load(path), at.astimezone(UTC)
        with locked(self.directory, _LOCK):
            known = self._index()
            first = next((line for line in known if line["sha256"] == raw.sha256), None)
            received_at = at if first is None else datetime.fromisoformat(first["received_at"])
            parsed = interpret(
                raw,
                defaults=EntryDefaults(
                    issuer=issuer or "",
                    issuer_verified=verified,
                    issuer_kind=issuer_kind,
                    vouched_by=vouched_by or "",
                    received_at=received_at,
                    # Loaded when first received: the gate has held these bytes since then, restarts or not.
                    effective_at=received_at,
                ),
                suffixes=self._suffixes,
            )
            self._keep(raw)
            line = {
                "bytes": parsed.bytes,
                "entries": len(parsed.notices),
                "issuer": issuer,
                "issuer_kind": str(issuer_kind),
                "received_at": received_at.isoformat().replace("+00:00", "Z"),
                "rejected": len(parsed.rejected),
                "sha256": raw.sha256,
                "source": raw.path,
                "verified": verified,
                "vouched_by": vouched_by,
            }
            if not any(old == line for old in known):
                self._write(INDEX, b"".join(map(_canonical, [*known, line])))
        return LoadedList(
            notices=parsed.notices,
            rejected=parsed.rejected,
            sha256=raw.sha256,
            received_at=received_at,
            source=raw.path,
            first_time=first is None,
        )

    def received_versions(self) -> Iterator[ReceivedVersion]:
        """Every list received, for `history`: lists from one source are versions of each other. Their entries bear no
        names of their own, so what they name tells them apart. Raises `ConfigError` and `FeedError`."""
        for line in self._index():
            raw = self._kept(line)
            parsed = interpret(
                raw,
                defaults=EntryDefaults(
                    issuer=line["issuer"] or "",
                    issuer_verified=line["verified"],
                    issuer_kind=IssuerKind(line.get("issuer_kind") or IssuerKind.UNSTATED),
                    vouched_by=line["vouched_by"] or "",
                ),
                suffixes=self._suffixes,
            )
            received_at = datetime.fromisoformat(line["received_at"])
            numbered = f"{raw.sha256[:12]}:"
            yield ReceivedVersion(
                list=raw.path,
                label=f"{raw.name} of {received_at.date().isoformat()}",
                received_at=received_at,
                effective_at=received_at,
                notices=tuple(replace(n, id="") if n.id.startswith(numbered) else n for n in parsed.notices),
            )

    def _kept(self, line: dict[str, Any]) -> RawList:
        """A list as it was received, from the copy kept."""
        for form, extension in _EXTENSION.items():
            place = self.directory / f"{line['sha256']}.{extension}"
            try:
                data = place.read_bytes()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise trouble(self.directory, error) from None
            if hashlib.sha256(data).hexdigest() == line["sha256"]:
                name = Path(line["source"]).name
                return RawList(path=line["source"], name=name, format=form, data=data, sha256=line["sha256"])
        raise FeedError(f"{self.directory}: the list {line['sha256'][:16]}… was received and is not there unchanged")

    def _keep(self, raw: RawList) -> None:
        name = f"{raw.sha256}.{_EXTENSION[raw.format]}"
        place = self.directory / name
        try:
            if hashlib.sha256(place.read_bytes()).hexdigest() == raw.sha256:
                return
        except OSError:
            pass  # not there, or damaged: written again
        self._write(name, raw.data)

    def _index(self) -> list[dict[str, Any]]:
        place = self.directory / INDEX
        try:
            data = place.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise trouble(self.directory, error) from None
        lines = []
        for number, text in enumerate(data.split(b"\n")[:-1] if data.endswith(b"\n") else data.split(b"\n"), 1):
            try:
                line = orjson.loads(text)
                if not isinstance(line["sha256"], str) or datetime.fromisoformat(line["received_at"]).tzinfo is None:
                    raise ValueError
            except (ValueError, KeyError, TypeError):
                # Going on would give the list a new date, and knowledge would look younger than it is.
                raise ConfigError(
                    f"{place}, line {number}, cannot be read; it dates the lists received, so restore it from a "
                    "copy, or move the directory away to begin anew"
                ) from None
            lines.append(line)
        return lines

    def _write(self, name: str, data: bytes) -> None:
        try:
            write_whole(self.directory / name, data)
        except OSError as error:
            raise trouble(self.directory, error) from None


def _words(name: str, text: str | None) -> str | None:
    text = (text or "").strip()
    if not text.isprintable():
        raise ConfigError(f"{name} {text[:80]!r} holds a character that cannot be shown; write words of one line")
    return text or None


def _canonical(line: dict[str, Any]) -> bytes:
    return orjson.dumps(line, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
