"""What an audit was asked, in full: by the digests of everything that went in. Its digest is the audit's name.

Equal questions have equal answers, byte for byte; so a name says which inputs an output came from.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import orjson
import pyarrow as pa

from ... import __version__
from ...criteria import CATALOGUE
from ...domains import psl_version
from ...errors import ConfigError
from ...signals import agents
from ..readers.source import Source
from ..tables import TableJudge

_BLOCK = 1 << 20
NAME_LENGTH = 16
"""Digits of an audit's digest that name it where a whole one is too long."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that went in. `stamp` tells whether it changed since (size and time of change); it is not of the name."""

    name: str
    bytes: int
    sha256: str
    stamp: tuple[int, int]
    source: Source
    parts: tuple[SourceFile, ...] = ()
    """Files that are read with it: the parts of a cluster."""

    def table(self) -> dict[str, Any]:
        """As it stands in the summary."""
        own = {"name": self.name, "bytes": self.bytes, "sha256": self.sha256}
        return own | ({"parts": [one.table() for one in self.parts]} if self.parts else {})


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its name. `table` is what the name is a digest of, `files` what to look at again at the end."""

    table: Mapping[str, Any]
    inputs: tuple[SourceFile, ...]
    evidence: tuple[SourceFile, ...]

    @property
    def digest(self) -> str:
        """The SHA-256 of the question, in hexadecimal digits."""
        return hashlib.sha256(canonical(self.table)).hexdigest()

    @property
    def name(self) -> str:
        """The beginning of the digest."""
        return self.digest[:NAME_LENGTH]

    def require_unchanged(self) -> None:
        """Raises `ConfigError` naming a file that changed while it was read."""
        for file in (*self.inputs, *(part for one in self.inputs for part in one.parts), *self.evidence):
            if stamp_of(file.source) != file.stamp:
                raise ConfigError(f"{file.name} changed while it was read; run the audit again")


def ask(
    judge: TableJudge,
    inputs: Iterable[Source],
    evidence: Iterable[Source],
    *,
    columns: Mapping[str, str | None],
    reading: Mapping[str, str],
    known_until: datetime | None,
    lists: Iterable[Mapping[str, Any]] = (),
    people: Mapping[str, Any] | None = None,
    parts_of: Callable[[Source], Iterable[Source]] = lambda _: (),
) -> Question:
    """The question that a judge and its files come to. `reading` is what was said of the inputs beside the names of
    their columns. `lists` describe the notices that count, `people` the decisions that do, each with a digest;
    `known_until` is the state of knowledge that removals are told by. `parts_of` names files that are read with an
    input."""
    given = tuple(replace(source_file(one), parts=tuple(map(source_file, parts_of(one)))) for one in inputs)
    sources = tuple(map(source_file, evidence))
    table = {
        "program": f"crawlgate {__version__}",
        "versions": {"pyarrow": pa.__version__},
        "rule_pack": CATALOGUE.rule_pack,
        "source_document": CATALOGUE.source_document,
        "profile": {"name": judge.profile.name, "sha256": judge.profile.hash},
        "declaration": orjson.loads(orjson.dumps(asdict(judge.declaration), default=str)),
        "agents": agents.load().version,
        "psl": psl_version(),
        "as_of": judge.as_of.isoformat() if judge.as_of is not None else "fetched",
        "known_until": known_until.isoformat() if known_until is not None else None,
        "columns": {name: column for name, column in sorted(columns.items()) if column is not None},
        "reading": dict(sorted({**reading, **_of_times(judge)}.items())),
        "inputs": [file.table() for file in given],
        "evidence": {"files": [file.table() for file in sources], "answers": judge.evidence.count},
        "lists": [dict(one) for one in lists],
        "people": dict(people) if people is not None else None,
    }
    return Question(table, given, sources)


def _of_times(judge: TableJudge) -> dict[str, str]:
    told = {"zone": None if judge.zone is None else str(judge.zone)}
    told |= {"fetched_at": None if judge.fetched_at is None else judge.fetched_at.isoformat()}
    return {name: value for name, value in told.items() if value is not None}


def canonical(table: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys and no blanks."""
    return orjson.dumps(table, option=orjson.OPT_SORT_KEYS)


def source_file(path: Source) -> SourceFile:
    """A file by name, size and digest. Raises `ConfigError` if it cannot be read."""
    try:
        stamp = stamp_of(path)
        return SourceFile(str(path), stamp[0], digest_of(path), stamp, path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None


def stamp_of(path: Source) -> tuple[int, int]:
    """Size and time of the last change, which tell whether a file may have changed."""
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns if isinstance(stat, os.stat_result) else 0


def digest_of(path: Source) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
