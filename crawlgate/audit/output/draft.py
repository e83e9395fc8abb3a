"""Outputs in the making: a folder beside the finished ones, which a broken run leaves and another continues.

    OUT/.unfinished/state.json         which question, and how far everything is; written whole, when the rest is synced
    OUT/.unfinished/decisions.parquet  rows so far, without a footer; so is removals.parquet
    OUT/.unfinished/rejects.jsonl      what could not be judged so far

What stands behind the last state is cut off when a run is continued. Finished outputs are renamed into OUT, the summary
last: where there is a summary, everything that it names is there and whole. `finished.json` says that all are ready to
be renamed; a run that is broken then is continued by doing so.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from ...blocklist.files import read_bounded, sync_folder, write_whole
from ...errors import ConfigError
from ..readers import Reject
from .bases import Bases, restored
from .decisions import SCHEMA as DECISIONS
from .growing import GrowingParquet
from .question import Question
from .removal_columns import SCHEMA as REMOVALS

FOLDER, STATE, FINISHED = ".unfinished", "state.json", "finished.json"
SUMMARY = "summary.json"
FORMAT = "crawlgate.audit-state/1"
GROUP = 200_000
"""Rows after which what was judged is written down; so many at most are judged anew when a run is continued."""

_MAX_STATE = 1 << 30


@dataclass
class Tally:
    """What is counted on the way and stands in no output."""

    rejected: Counter[str] = field(default_factory=Counter)
    rejected_in: Counter[str] = field(default_factory=Counter)
    looked_again: int = 0


class Draft:
    """The outputs of one question in the making. `file` and `batches` say how far the inputs are read: so many whole
    files, and so many batches of the next one."""

    def __init__(self, out: Path, question: Question, *, resume: bool) -> None:
        self.out = out
        self.folder = out / FOLDER
        self._question = question
        state = self._begin(resume=resume)
        self.continued = state is not None
        self.file: int = state["file"] if state else 0
        self.batches: int = state["batches"] if state else 0
        self.bases = restored(state["bases"]) if state else Bases()
        self.tally = Tally()
        if state:
            told = state["tally"]
            self.tally = Tally(Counter(told["rejected"]), Counter(told["rejected_in"]), told["looked_again"])
        parts = state or {}
        mark = {"crawlgate.audit": question.digest}
        self.decisions = GrowingParquet(
            self.folder / "decisions.parquet", DECISIONS.with_metadata(mark), state=parts.get("decisions")
        )
        self.removals = GrowingParquet(
            self.folder / "removals.parquet", REMOVALS.with_metadata(mark), state=parts.get("removals")
        )
        self._rejects = (self.folder / "rejects.jsonl").open("r+b" if state else "wb")
        self._rejects.truncate(parts.get("rejects", 0))
        self._rejects.seek(parts.get("rejects", 0))
        self._waiting: list[tuple[Any, Any]] = []
        self._rows = 0

    def _begin(self, *, resume: bool) -> dict[str, Any] | None:
        """The state to go on from, None to begin. Raises `ConfigError` where there is one and nobody asked for it."""
        try:
            self.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"{self.out}: cannot be used: {error.strerror or error}") from None
        state = _state(self.folder, STATE, self._question)
        if not resume and (state is not None or (self.folder / FINISHED).exists()):
            raise ConfigError(
                f"{self.out} holds an audit that was not finished; go on with --resume, or delete {self.folder}"
            )
        if state is None:
            shutil.rmtree(self.folder, ignore_errors=True)  # of a run that was broken before it wrote anything down
            self.folder.mkdir()
        return state

    @property
    def rows(self) -> int:
        """Rows judged so far."""
        return self.decisions.rows + self._rows

    def reject(self, reject: Reject) -> None:
        """Note what could not be judged."""
        self.tally.rejected[reject.code] += 1
        self.tally.rejected_in[reject.file] += 1
        line = {**reject.table(), "audit": self._question.name}
        self._rejects.write(orjson.dumps(line, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE))

    def add(self, decisions: Any, removals: Any) -> None:
        """Take in the answers for a batch."""
        if len(decisions):
            self._waiting.append((decisions, removals))
            self._rows += len(decisions)

    def batch_done(self, file: int, batches: int) -> None:
        """So many batches of a file are done; what waits is written down if it is enough."""
        self.file, self.batches = file, batches
        if self._rows >= GROUP:
            self.write_down()

    def write_down(self) -> None:
        """Bring everything so far to the disk; a run that is broken from here on goes on from here."""
        self._flush()
        for part in (self.decisions, self.removals):
            part.sync()
        self._rejects.flush()
        os.fsync(self._rejects.fileno())
        state = {
            "format": FORMAT,
            "audit": self._question.digest,
            "question": self._question.table,
            "file": self.file,
            "batches": self.batches,
            "bases": self.bases.state,
            "tally": {
                "rejected": self.tally.rejected,
                "rejected_in": self.tally.rejected_in,
                "looked_again": self.tally.looked_again,
            },
            "decisions": self.decisions.state,
            "removals": self.removals.state,
            "rejects": self._rejects.tell(),
        }
        write_whole(self.folder / STATE, orjson.dumps(state))

    def _flush(self) -> None:
        if self._waiting:
            self.decisions.write(_joined([one for one, _ in self._waiting]))
            self.removals.write(_joined([two for _, two in self._waiting]))
        self._waiting, self._rows = [], 0

    def finish(self) -> None:
        """Everything is judged: write footers."""
        self._flush()
        self.decisions.finish()
        self.removals.finish()
        self._rejects.flush()
        os.fsync(self._rejects.fileno())
        self._rejects.close()

    def publish(self, names: Sequence[str]) -> None:
        """Rename the outputs into their places, the summary last, and forget that there was a draft."""
        for name in names:
            with (self.folder / name).open("rb") as file:
                os.fsync(file.fileno())
        ready = {
            "format": FORMAT,
            "audit": self._question.digest,
            "question": self._question.table,
            "names": [*(name for name in names if name != SUMMARY), SUMMARY],
        }
        write_whole(self.folder / FINISHED, orjson.dumps(ready))
        (self.folder / STATE).unlink(missing_ok=True)
        complete(self.out, self._question)

    def close(self) -> None:
        """Leave the draft as it is. One in which nothing was written down is taken away."""
        self.decisions.close()
        self.removals.close()
        self._rejects.close()
        if not any((self.folder / name).exists() for name in (STATE, FINISHED)):
            shutil.rmtree(self.folder, ignore_errors=True)


def _joined(tables: list[Any]) -> Any:
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks() if len(tables) > 1 else tables[0]


def complete(out: Path, question: Question) -> None:
    """Rename the outputs that a finished draft left, if there is one."""
    folder = out / FOLDER
    ready = _state(folder, FINISHED, question)
    if ready is None:
        return
    if (folder / SUMMARY).exists():  # the last to go: with it the old outputs are no more
        (out / SUMMARY).unlink(missing_ok=True)
        sync_folder(out)
    for name in ready["names"]:
        if (folder / name).exists():
            (folder / name).replace(out / name)
    sync_folder(out)
    (folder / FINISHED).unlink()
    shutil.rmtree(folder, ignore_errors=True)


def _state(folder: Path, name: str, question: Question) -> dict[str, Any] | None:
    """What a file of the folder says, None where there is none. Raises `ConfigError` for one of another question, or
    one that cannot be read."""
    try:
        raw = read_bounded(folder / name, _MAX_STATE)
    except OSError as error:
        raise ConfigError(f"{folder / name}: cannot be read: {error.strerror or error}") from None
    if raw is None:
        return None
    try:
        state: dict[str, Any] = orjson.loads(raw)
        if state["format"] != FORMAT:
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise ConfigError(
            f"{folder / name} is of another version, or damaged; delete {folder} and begin anew"
        ) from None
    if state["audit"] != question.digest:
        raise ConfigError(
            f"{folder.parent} holds an unfinished audit of another question: "
            f"{_differences(state['question'], question)}; ask it as before, or delete {folder}"
        )
    return state


def begun_as_of(out: Path) -> str | None:
    """The instant at which the run that was broken in `out`, or the audit that was finished there, judged all rows;
    None where there is none, or each row is judged at its own time."""
    for place, key in (
        (out / FOLDER / STATE, "question"),
        (out / FOLDER / FINISHED, "question"),
        (out / SUMMARY, None),
    ):
        try:
            found = orjson.loads(place.read_bytes())
            asked = (found if key is None else found[key])["as_of"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        return None if asked == "fetched" else str(asked)
    return None


def require_same(out: Path, found: Mapping[str, Any], question: Question) -> None:
    """Raises `ConfigError` that says how a question differs from that of the finished audit whose summary this is."""
    files = [
        {key: file[key] for key in ("name", "bytes", "sha256", "parts") if key in file} for file in found["inputs"]
    ]
    others = _differences({**found, "inputs": files}, question)
    raise ConfigError(
        f"{out} holds a finished audit of another question: {others}; ask it as before, "
        "name another folder, or leave out --resume to write over it"
    )


def _differences(before: Mapping[str, Any], question: Question) -> str:
    """Which parts of the question are others."""
    found = []
    for key, value in question.table.items():
        if before.get(key) == value:
            continue
        if key in ("inputs", "evidence"):
            old = before.get(key, ()) if key == "inputs" else before.get(key, {}).get("files", ())
            new = value if key == "inputs" else value["files"]
            names = sorted({one["name"] for one in [*old, *new] if one not in old or one not in new})
            found.append(f"{key} ({', '.join(names[:5])}{' ...' if len(names) > 5 else ''})")
        elif isinstance(old := before.get(key), str):
            found.append(f"{key} (before: {old})")
        else:
            found.append(key)
    return "other " + ", ".join(found)
