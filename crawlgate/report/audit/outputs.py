"""The files that an audit wrote, opened for a report: what is missing or of another make is said, never guessed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ...audit.quotes import AGENTS
from ...errors import ConfigError
from ...model import Outcome
from ..gist import Answer

DECISIONS, BASES, LINES, REJECTS, SUMMARY = (
    "decisions.parquet",
    "bases.parquet",
    "lines.parquet",
    "rejects.jsonl",
    "summary.json",
)
REMOVALS = "removals.parquet"
_FILES = (DECISIONS, BASES, LINES, REJECTS, SUMMARY)
_OUTCOMES = {str(outcome): outcome for outcome in Outcome}
_COLUMNS = ("file", "row", "url", "host", "time", "basis", "robots", "robots_at", "robots_line", "list", "notice")


@dataclass(frozen=True, slots=True)
class Found:
    """A finding of a basis: criterion, outcome, and the key of its reason."""

    criterion: str
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What the column `basis` numbers: the answer, the findings, the criteria that decided, what was not assessed."""

    number: int
    stage: str
    answer: Answer
    findings: tuple[Found, ...]
    reasons: tuple[str, ...]
    not_assessed: tuple[tuple[str, str], ...]

    def outcome(self, criterion: str) -> Outcome | None:
        """The outcome of a criterion; None where it was not assessed."""
        return next((found.outcome for found in self.findings if found.criterion == criterion), None)

    @property
    def deciding(self) -> tuple[Found, ...]:
        """The findings that made the answer, in their order."""
        by_name = {found.criterion: found for found in self.findings}
        return tuple(by_name[name] for name in self.reasons if name in by_name)


@dataclass(frozen=True, slots=True)
class Quote:
    """A line of robots.txt as it stood, its number, and the `User-agent` lines above it."""

    line: int
    text: str
    agents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Digest:
    """A file of the audit: its name, size and SHA-256. `as_noted` False: the summary names another hash."""

    name: str
    size: int
    sha256: str
    as_noted: bool = True


class Outputs:
    """The folder `crawlgate audit --out` wrote. Raises `ConfigError` where a file is missing or cannot be read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        missing = [name for name in _FILES if not (folder / name).is_file()]
        if missing and (folder / ".unfinished").is_dir():
            raise ConfigError(f"{folder}: the audit in it was broken off; finish it: crawlgate audit ... --resume")
        if missing:
            what = "there is no such folder" if not folder.is_dir() else f"it holds no {', '.join(missing)}"
            raise ConfigError(
                f"{folder}: {what}; name the folder that `crawlgate audit ... --out` wrote"
                + (", and run the audit again if an older version wrote it" if len(missing) < len(_FILES) else "")
            )
        self.summary = self._summary()
        self.bases = self._bases()
        with self.decisions() as file:
            lacking = [name for name in _COLUMNS if name not in file.schema_arrow.names]
        if lacking:
            raise ConfigError(
                f"{folder / DECISIONS}: it has no column {', '.join(lacking)}; it was written by another version: run "
                "the audit again"
            )

    def decisions(self) -> Any:
        """decisions.parquet, to be closed by the caller."""
        try:
            return pq.ParquetFile(self.folder / DECISIONS)
        except (OSError, pa.ArrowException) as error:
            raise self._unreadable(DECISIONS, error) from None

    def removals(self) -> Any | None:
        """removals.parquet, to be closed by the caller; None where the audit wrote none."""
        if not (self.folder / REMOVALS).is_file():
            return None
        try:
            return pq.ParquetFile(self.folder / REMOVALS)
        except (OSError, pa.ArrowException) as error:
            raise self._unreadable(REMOVALS, error) from None

    def quotes(
        self, places: Iterable[tuple[str, int]], files: Iterable[str] = ()
    ) -> tuple[dict[tuple[str, int], Quote], dict[str, Quote]]:
        """The lines that stand at these places (hash of the robots.txt, number), and of each of `files` (hashes) the
        line that keeps a crawler for AI data out by name."""
        wanted, naming = set(places), set(files)
        found: dict[tuple[str, int], Quote] = {}
        named: dict[str, Quote] = {}
        hashes = pa.array(sorted({sha256 for sha256, _ in wanted} | naming), pa.string())
        if not len(hashes):
            return found, named
        try:
            with pq.ParquetFile(self.folder / LINES) as file:
                for batch in file.iter_batches():
                    near = batch.filter(pc.is_in(batch["robots"], value_set=hashes))
                    for row in near.to_pylist():
                        place = (row["robots"], row["line"])
                        quote = Quote(row["line"], row["text"], tuple(row["agents"]))
                        if row["about"] == AGENTS and row["robots"] in naming:
                            named[row["robots"]] = quote
                        elif place in wanted:
                            found[place] = quote
        except (OSError, pa.ArrowException, KeyError, TypeError) as error:
            raise self._unreadable(LINES, error) from None
        return found, named

    def rejects(self) -> Iterator[Mapping[str, Any]]:
        """What could not be judged, in order."""
        try:
            with (self.folder / REJECTS).open("rb") as file:
                for line in file:
                    table = orjson.loads(line)
                    if isinstance(table, dict):
                        yield table
        except (OSError, orjson.JSONDecodeError) as error:
            raise self._unreadable(REJECTS, error) from None

    def digests(self) -> tuple[Digest, ...]:
        """The files that the audit wrote, the summary last, with their hashes as they are now: what the report was made
        from."""
        noted = self.summary.get("outputs")
        names = [name for name in noted if isinstance(name, str)] if isinstance(noted, dict) else list(_FILES[:-1])
        return tuple(self._digest(name) for name in [*names, SUMMARY] if (self.folder / name).is_file())

    def _digest(self, name: str) -> Digest:
        path = self.folder / Path(name).name
        try:
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            size = path.stat().st_size
        except OSError as error:
            raise self._unreadable(name, error) from None
        noted = (self.summary.get("outputs") or {}).get(name) or {}
        return Digest(name, size, sha256, noted.get("sha256", sha256) == sha256)

    def _summary(self) -> Mapping[str, Any]:
        try:
            summary = orjson.loads((self.folder / SUMMARY).read_bytes())
        except (OSError, orjson.JSONDecodeError) as error:
            raise self._unreadable(SUMMARY, error) from None
        if not isinstance(summary, dict) or not isinstance(summary.get("coverage"), dict):
            raise ConfigError(f"{self.folder / SUMMARY}: it is no summary of an audit")
        return summary

    def _bases(self) -> dict[int, Basis]:
        try:
            rows = pq.read_table(self.folder / BASES).to_pylist()
            return {row["basis"]: _basis(row) for row in rows}
        except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
            raise self._unreadable(BASES, error) from None

    def _unreadable(self, name: str, error: Exception) -> ConfigError:
        why = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        return ConfigError(f"{self.folder / name}: cannot be read: {why}; run the audit again")


def _basis(row: Mapping[str, Any]) -> Basis:
    answer = Answer.FOR_NOW if row["temporary"] and row["verdict"] == "deny" else Answer(row["verdict"])
    return Basis(
        number=row["basis"],
        stage=row["stage"],
        answer=answer,
        findings=tuple(
            Found(found["criterion"], _OUTCOMES[found["outcome"]], found["reason"]) for found in row["findings"]
        ),
        reasons=tuple(row["reasons"]),
        not_assessed=tuple(sorted(dict(row["not_assessed"]).items())),
    )
