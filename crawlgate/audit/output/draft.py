"""Outputs in the making: a folder beside the finished ones, which a broken run leaves and another continues.

    OUT/.unfinished/state.json         which question, and how far everything is; written whole, when the rest is synced
    OUT/.unfinished/decisions.parquet  rows so far, without a footer; so is removals.parquet
    OUT/.unfinished/rejects.jsonl      what could not be judged so far

What stands behind the last state is cut off when a run is continued. Finished outputs are renamed into OUT, the summary
last: where there is a summary, everything that it names is there and whole.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Sequence
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

FOLDER, STATE = ".unfinished", "state.json"
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
            raw = read_bounded(self.folder / STATE, _MAX_STATE)
        except OSError as error:
            raise ConfigError(f"{self.out}: cannot be used: {error.strerror or error}") from None
        state = None
        if raw is not None:
            state = _read(raw, self.folder)
            if not resume:
                raise ConfigError(
                    f"{self.out} holds an audit that was not finished; go on with --resume, or delete {self.folder}"
                )
            if state["audit"] != self._question.digest:
                raise ConfigError(
                    f"{self.out} holds an unfinished audit of another question: {_differences(state, self._question)}; "
                    f"ask it as before, or delete {self.folder}"
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
        (self.out / SUMMARY).unlink(missing_ok=True)
        sync_folder(self.out)
        for name in (*(name for name in names if name != SUMMARY), SUMMARY):
            (self.folder / name).replace(self.out / name)
        sync_folder(self.out)
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        """Leave the draft as it is. One in which nothing was written down is taken away."""
        self.decisions.close()
        self.removals.close()
        self._rejects.close()
        if not (self.folder / STATE).exists():
            shutil.rmtree(self.folder, ignore_errors=True)


def _joined(tables: list[Any]) -> Any:
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks() if len(tables) > 1 else tables[0]


def _read(raw: bytes, folder: Path) -> dict[str, Any]:
    try:
        state = orjson.loads(raw)
        if state["format"] != FORMAT:
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise ConfigError(
            f"{folder / STATE} is of another version, or damaged; delete {folder} and begin anew"
        ) from None
    found: dict[str, Any] = state
    return found


def _differences(state: dict[str, Any], question: Question) -> str:
    """Which parts of the question are others."""
    before = state["question"]
    found = []
    for key, value in question.table.items():
        if before.get(key) == value:
            continue
        if key in ("inputs", "evidence"):
            old = before.get(key, ()) if key == "inputs" else before.get(key, {}).get("files", ())
            new = value if key == "inputs" else value["files"]
            names = sorted({one["name"] for one in [*old, *new] if one not in old or one not in new})
            found.append(f"{key} ({', '.join(names[:5])}{' ...' if len(names) > 5 else ''})")
        else:
            found.append(key)
    return "other " + ", ".join(found)
