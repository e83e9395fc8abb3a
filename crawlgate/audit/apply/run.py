"""Writes a dataset without the rows of a removal list into another folder, and the proof of it.

Nothing is written in place. Files are written under DIR/.unfinished and renamed when all of them are whole, the proof
last: where there is a proof, everything that it names is there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ...blocklist.files import sync_folder
from ...errors import ConfigError
from ...signed_note import SigningKey
from ..output.question import digest_of
from ..readers import Source, Told, kind
from .checked import Check
from .chosen import NOTHING, Chosen, Going, choose
from .columnar import without_arrow, without_parquet
from .proof import PROOF, REMOVED, SIGNED, proof_table, signed, written
from .texts import without_lines, without_records

UNFINISHED = ".unfinished"
_NOT_COPIES = ("wacz", "ledger", "zipnum")


@dataclass(frozen=True, slots=True)
class Written:
    """One file of the dataset, before and after: name as audited, name below the new folder, bytes, digests, rows.
    `beside` are records that went because they only spoke of one that went."""

    name: str
    written: str
    before: tuple[int, str, int]
    after: tuple[int, str, int]
    removed: int
    beside: int = 0

    def table(self) -> dict[str, Any]:
        """For the proof."""
        return {
            "name": self.name,
            "written": self.written,
            "before": dict(zip(("bytes", "sha256", "rows"), self.before, strict=True)),
            "after": dict(zip(("bytes", "sha256", "rows"), self.after, strict=True)),
            "removed": self.removed,
            "beside": self.beside,
        }


def apply(
    audit: Path,
    to: Path,
    *,
    effects: Collection[str] = ("deny",),
    causes: Collection[str] = (),
    by: str = "",
    reason: str = "",
    key: SigningKey | None = None,
) -> dict[str, Any]:
    """Write the inputs of the audit in the folder `audit` into `to` without the rows of its removal list that have one
    of `effects` and `causes` (empty: any); the proof, as it is written. `key` signs it.

    Raises `ConfigError` for a folder that is not empty, an input that is not there or changed since, one of a kind
    whose rows are no copies, and a disk that fails. What was there stays as it is.
    """
    chosen = choose(audit, effects, causes)
    inputs = [Path(one["name"]) for one in chosen.summary["inputs"]]
    targets = _targets(inputs, to)
    folder = _begin(to)
    done = False
    try:
        files = [
            rewrite(path, folder / target, chosen.by_file.get(str(path), NOTHING), chosen.summary, name=str(target))
            for path, target in targets.items()
        ]
        (folder / REMOVED).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(chosen.removed, folder / REMOVED, compression="zstd")
        proof = proof_table(
            chosen.summary,
            digest_of(audit / "summary.json"),
            [one.table() for one in files],
            folder / REMOVED,
            effects=sorted(effects),
            causes=sorted(causes),
            by_cause=chosen.by_cause,
            by=by,
            reason=reason,
        )
        names = [str(target) for target in targets.values()] + [REMOVED]
        if key is not None:
            (folder / SIGNED).write_bytes(signed(proof, key))
            names.append(SIGNED)
        (folder / PROOF).write_bytes(written(proof))
        _publish(folder, to, [*names, PROOF])
        done = True
    except OSError as error:
        raise ConfigError(f"{to}: cannot be written: {error.strerror or error}") from None
    finally:
        if not done:
            shutil.rmtree(folder, ignore_errors=True)
    return proof


def rewrite(path: Source, target: Path, going: Going, summary: Mapping[str, Any], *, name: str) -> Written:
    """Write one input without some of its rows. Raises `ConfigError` if it is not as it was audited."""
    said = next(one for one in summary["inputs"] if one["name"] == str(path))
    try:
        same = digest_of(path) == said["sha256"]
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None
    if not same:
        raise ConfigError(f"{path} is not as it was audited; audit it again")
    target.parent.mkdir(parents=True, exist_ok=True)
    if len(going.rows):
        rows, beside = _rewrite(path, target, going, _told(summary))
    else:  # it is copied as it is, whatever it is
        rows, beside = said["judged"] + said["rejected"], 0
        with path.open("rb") as source, target.open("wb") as to:
            shutil.copyfileobj(source, to, 1 << 20)
    with target.open("rb") as file:
        os.fsync(file.fileno())
    gone = len(going.rows)
    return Written(
        str(path),
        name,
        (said["bytes"], said["sha256"], rows),
        (target.stat().st_size, digest_of(target), rows - gone),
        gone,
        beside,
    )


def _rewrite(path: Source, target: Path, going: Going, told: Told) -> tuple[int, int]:
    """Rows before, and records that went beside."""
    what = kind(path, told).name
    if what in _NOT_COPIES:
        raise ConfigError(f"{path}: nothing can be taken out of a file of kind {what}; apply the list to its parts")
    check = Check(path, going)
    beside = 0
    try:
        if what == "parquet":
            rows = without_parquet(path, target, going, told, check)
        elif what == "arrow":
            rows = without_arrow(path, target, going, told, check)
        elif what in ("warc", "arc"):
            rows, beside = without_records(path, target, going, told, check)
        else:
            rows = without_lines(path, target, going, told, check)
    except pa.ArrowException as error:
        raise ConfigError(f"{path}: cannot be copied: {str(error).splitlines()[0][:200]}") from None
    check.done()
    return rows, beside


def _told(summary: Mapping[str, Any]) -> Told:
    """How the inputs were read."""
    said = summary["reading"]
    return Told(
        summary["declaration"]["token"],
        summary["columns"],
        form=said.get("input_format"),
        host=said.get("host"),
    )


def _targets(inputs: list[Path], to: Path) -> dict[Path, Path]:
    """Where each input goes: its place below what all inputs have in common."""
    remote = next((one for one in inputs if "://" in str(one) or ":/" in str(one)), None)
    if remote is not None:
        raise ConfigError(f"{remote}: files that are not on a disk are not copied; fetch them, and audit them there")
    parents = [str(path.absolute().parent) for path in inputs]
    common = Path(os.path.commonpath(parents))
    targets = {path: path.absolute().relative_to(common) for path in inputs}
    here = to.absolute().resolve()
    for path, target in targets.items():
        if (here / target) == path.absolute().resolve() or path.absolute().resolve().is_relative_to(here):
            raise ConfigError(f"{to} is where {path} is; nothing is written in place, name another folder")
    reserved = {PROOF, SIGNED, REMOVED} & {str(target) for target in targets.values()}
    if reserved:
        raise ConfigError(f"an input is called {min(reserved)}, as the proof would be; rename it, and audit it again")
    return targets


def _begin(to: Path) -> Path:
    """The folder to write in. What an earlier run left unfinished is taken away."""
    folder = to / UNFINISHED
    try:
        to.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        if any(to.iterdir()):
            raise ConfigError(f"{to} is not empty; name a folder that is, or is not there")
        folder.mkdir()
    except OSError as error:
        raise ConfigError(f"{to}: cannot be used: {error.strerror or error}") from None
    return folder


def _publish(folder: Path, to: Path, names: list[str]) -> None:
    """Rename everything into its place, in this order."""
    for name in names:
        with (folder / name).open("rb") as file:
            os.fsync(file.fileno())
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).replace(to / name)
    sync_folder(to)
    shutil.rmtree(folder, ignore_errors=True)


__all__ = ["Chosen", "Written", "apply", "rewrite"]
