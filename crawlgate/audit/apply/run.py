"""Writes a dataset without the rows of a removal list into another folder, and the proof of it.

Nothing is written in place. Files are written under DIR/.unfinished and renamed when all of them are whole, the proof
last: where there is a proof, everything that it names is there.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ...errors import ConfigError
from ...signed_note import SigningKey
from ..output.question import digest_of
from ..readers import Source, Told, kind, named
from ..readers.json_array import is_array
from .archives import without_records
from .checked import Check
from .chosen import NOTHING, REMOVALS, Chosen, Going, choose
from .clusters import without_cluster_lines, write_locations
from .columnar import without_arrow, without_parquet
from .places import begin, publish, targets_of
from .proof import PROOF, REMOVED, SIGNED, proof_table, signed, written
from .texts import without_elements, without_lines
from .wacz import without_wacz
from .written import Part, Written


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

    Inputs behind fsspec are read from where they are, and written here. Raises `ConfigError` for a folder that is not
    empty, an input that is not there or changed since, one of a kind whose rows are no copies, and a disk that fails.
    What was there stays as it is.
    """
    chosen = choose(audit, effects, causes)
    _require_copies(chosen)
    inputs = [named(one["name"]) for one in chosen.summary["inputs"]]
    targets = targets_of(inputs, to)
    folder = begin(to)
    done = False
    try:
        files = [
            rewrite(source, folder / target, chosen.by_file.get(str(source), NOTHING), chosen.summary, name=str(target))
            for source, target in targets.items()
        ]
        names = [name for one in files for name in (one.written, *(part.written for part in one.parts))]
        twice = next((name for name, count in Counter(names).items() if count > 1), None)
        if twice is not None:
            raise ConfigError(
                f"{twice} would be written twice: as an input, and as a part of another; audit one of them"
            )
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
        names.append(REMOVED)
        if key is not None:
            (folder / SIGNED).write_bytes(signed(proof, key))
            names.append(SIGNED)
        (folder / PROOF).write_bytes(written(proof))
        publish(folder, to, [*names, PROOF])
        done = True
    except OSError as error:
        raise ConfigError(f"{to}: cannot be written: {error.strerror or error}") from None
    finally:
        if not done:
            shutil.rmtree(folder, ignore_errors=True)
    return proof


def rewrite(source: Source, target: Path, going: Going, summary: Mapping[str, Any], *, name: str) -> Written:
    """Write one input without some of its rows. Raises `ConfigError` if it is not as it was audited."""
    said = next(one for one in summary["inputs"] if one["name"] == str(source))
    told = _told(summary)
    parts = {named(one["name"]): one for one in said.get("parts", ())}
    for one, before in {source: said, **parts}.items():
        _require_same(one, before["sha256"])
    target.parent.mkdir(parents=True, exist_ok=True)
    left_out: tuple[str, ...] = ()
    if len(going.rows):
        if kind(source, told).name == "zipnum" and not parts:
            raise ConfigError(f"{source}: its parts were not noted by the audit; audit it again with this version")
        rows, beside, left_out = _rewrite(source, target, going, told)
    else:  # it is copied as it is, whatever it is
        rows, beside = said["judged"] + said["rejected"], 0
        for one in (source, *parts):
            with one.open("rb") as given, (target if one is source else target.parent / one.name).open("wb") as to:
                shutil.copyfileobj(given, to, 1 << 20)
        if parts:
            write_locations(source, target.parent)
    _sync(target)
    gone = len(going.rows)
    return Written(
        str(source),
        name,
        (said["bytes"], said["sha256"], rows),
        (target.stat().st_size, digest_of(target), rows - gone),
        gone,
        beside,
        tuple(_part(one, before, target.parent / one.name, name) for one, before in parts.items()),
        left_out,
    )


def _part(source: Source, before: Mapping[str, Any], target: Path, name: str) -> Part:
    """A part as it was written, beside the file called `name`; one that lost all of its lines is empty."""
    if not target.exists():
        target.touch()
    _sync(target)
    written = str(Path(name).with_name(target.name))
    after = target.stat().st_size, digest_of(target)
    return Part(str(source), written, (before["bytes"], before["sha256"]), after)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _require_same(source: Source, sha256: str) -> None:
    try:
        same = digest_of(source) == sha256
    except OSError as error:
        raise ConfigError(f"{source}: cannot be read: {error.strerror or error}") from None
    if not same:
        raise ConfigError(f"{source} is not as it was audited; audit it again")


def _require_copies(chosen: Chosen) -> None:
    """Raises `ConfigError` where rows of a ledger are to go."""
    told = _told(chosen.summary)
    for name in sorted(chosen.by_file):
        source = named(name)
        if source.exists() and kind(source, told).name == "ledger":
            raise ConfigError(
                f"{source} is a ledger: evidence of what was done, each record chained to those before it, and never "
                "rewritten. The copies stand elsewhere: audit the dataset itself, and apply that list; "
                f"{REMOVALS} of this audit names the {len(chosen.by_file[name].rows):,} fetches"
            )


def _rewrite(source: Source, target: Path, going: Going, told: Told) -> tuple[int, int, tuple[str, ...]]:
    """Rows before, records that went beside, and entries that were left out."""
    what = kind(source, told).name
    check = Check(source, going)
    beside, left_out = 0, tuple[str, ...]()
    try:
        if what == "parquet":
            rows = without_parquet(source, target, going, told, check)
        elif what == "arrow":
            rows = without_arrow(source, target, going, told, check)
        elif what == "wacz":
            made = without_wacz(source, target, going, told, check)
            rows, beside, left_out = made.rows, made.beside, tuple(made.left_out)
        elif what in ("warc", "arc"):
            cut = without_records(source, target, going, told, check)
            rows, beside = cut.rows, cut.beside
        elif what == "zipnum":
            rows = without_cluster_lines(source, target, going, told, check)
        elif what == "json" and is_array(source):
            rows = without_elements(source, target, going, told, check)
        else:
            rows = without_lines(source, target, going, told, check, index=what in ("cdx", "cdxj"))
    except pa.ArrowException as error:
        raise ConfigError(f"{source}: cannot be copied: {str(error).splitlines()[0][:200]}") from None
    check.done()
    return rows, beside, left_out


def _told(summary: Mapping[str, Any]) -> Told:
    """How the inputs were read."""
    said = summary["reading"]
    return Told(
        summary["declaration"]["token"],
        summary["columns"],
        form=said.get("input_format"),
        host=said.get("host"),
    )


__all__ = ["Chosen", "Written", "apply", "rewrite"]
