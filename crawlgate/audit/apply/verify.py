"""Whether an audit, or a dataset that was written without rows, is as its summary or its proof says."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from ...errors import ConfigError
from ...home import Home
from ...ledger.statements import statements
from ...signed_note import VerifierKey
from ..output.question import digest_of
from ..output.recorded import AUDIT, REMOVAL, REMOVAL_RECORDED
from ..readers import Source, named
from .chosen import NOTHING, choose, finished, going_by_file, same_rows
from .proof import PROOF, REMOVED, SIGNED, check_signature, read_proof, with_parts
from .run import rewrite


@dataclass(frozen=True, slots=True)
class Checked:
    """What was looked at (sentences), what is not as it should be, and what could not be looked at."""

    looked: tuple[str, ...]
    problems: tuple[str, ...]
    open: tuple[str, ...] = ()


class _Notes:
    def __init__(self) -> None:
        self.looked: list[str] = []
        self.problems: list[str] = []
        self.open: list[str] = []

    def file(self, place: Source, sha256: str, what: str) -> bool:
        """Compare a file with its digest."""
        try:
            same = digest_of(place) == sha256
        except OSError as error:
            self.problems.append(f"{what} {place}: cannot be read: {error.strerror or error}")
            return False
        if not same:
            self.problems.append(f"{what} {place} is not the one that was named")
        return same

    def record(self, home: Home | None, kind: str, key: str, digest: str) -> None:
        """Look for the record of the ledger."""
        if home is None:
            self.open.append("no home was named: whether it is on record was not looked at")
            return
        for found in statements(home.ledger, {kind}):
            held: Any = found.table.get(key)
            if digest in (held, held.get("summary.json") if isinstance(held, Mapping) else None):
                self.looked.append(f"on record: {found.id}")
                return
        self.problems.append(f"the ledger of {home.path} has no record of it")

    @property
    def checked(self) -> Checked:
        return Checked(tuple(self.looked), tuple(self.problems), tuple(self.open))


def verify_audit(folder: Path, *, home: Home | None = None) -> Checked:
    """Check the outputs of a finished audit, its inputs as far as they are there, and its record. Raises `ConfigError`
    where there is no finished audit, `LedgerError` for a ledger that cannot be read."""
    summary, notes = finished(folder), _Notes()
    good = sum(notes.file(folder / name, said["sha256"], "output") for name, said in summary["outputs"].items())
    notes.looked.append(f"outputs as the summary names them: {good} of {len(summary['outputs'])}")
    _inputs([*summary["inputs"], *summary["evidence"]["files"]], notes)
    notes.record(home, AUDIT, "outputs", digest_of(folder / "summary.json"))
    return notes.checked


def verify_removal(
    folder: Path, *, home: Home | None = None, keys: Sequence[VerifierKey] = (), again: Path | None = None
) -> Checked:
    """Check a dataset that `apply` wrote: every file, the list of rows that went, signature and record. `again` is the
    folder of the audit: each file is then written once more, into a folder that is taken away, and compared. Raises
    `ConfigError` where there is no proof, `LedgerError` for a ledger that cannot be read."""
    proof, notes = read_proof(folder), _Notes()
    files = with_parts(proof["files"])
    good = sum(notes.file(folder / one["written"], one["after"]["sha256"], "file") for one in files)
    notes.looked.append(f"files as the proof names them: {good} of {len(files)}")
    if notes.file(folder / REMOVED, proof["removed_list"]["sha256"], "list"):
        notes.looked.append(f"rows that went, with their reasons: {proof['removed']:,} in {REMOVED}")
    _strangers(folder, {one["written"] for one in files}, notes)
    _signature(folder, proof, keys, notes)
    notes.record(home, REMOVAL, "proof", digest_of(folder / PROOF))
    if again is None:
        notes.open.append("the audit was not named: that nothing else went was not worked out again")
    elif not notes.problems:
        _again(folder, proof, again, notes)
    return notes.checked


def _strangers(folder: Path, named_files: set[str], notes: _Notes) -> None:
    """Files in the folder that the proof says nothing of: rows that went may stand in them."""
    ours = named_files | {PROOF, SIGNED, REMOVED, REMOVAL_RECORDED}
    ours |= {f"{name.removesuffix('.idx')}.loc" for name in named_files if name.endswith(".idx")}
    found = (place.relative_to(folder).as_posix() for place in folder.rglob("*") if not place.is_dir())
    if strange := sorted(set(found) - ours):
        more = f" and {len(strange) - 3} more" if len(strange) > 3 else ""
        notes.problems.append(f"files that the proof does not name: {', '.join(strange[:3])}{more}")


def _signature(folder: Path, proof: Mapping[str, Any], keys: Sequence[VerifierKey], notes: _Notes) -> None:
    try:
        raw = (folder / SIGNED).read_bytes()
    except FileNotFoundError:
        if keys:
            notes.problems.append(f"{folder / SIGNED}: the proof is not signed; a key was named, or is the home's")
        else:
            notes.open.append("the proof is not signed")
        return
    if not keys:
        notes.open.append("no key was named: the signature was not looked at")
        return
    wrong = check_signature(raw, proof, keys)
    if wrong is None:
        notes.looked.append("the signature is good")
    else:
        notes.problems.append(f"{folder / SIGNED}: {wrong}")


def _inputs(described: Sequence[Mapping[str, Any]], notes: _Notes) -> None:
    files = with_parts(described)
    there = [(one, source) for one in files if (source := _there(one["name"])) is not None]
    good = sum(notes.file(source, one["sha256"], "input") for one, source in there)
    notes.looked.append(f"inputs and evidence as they were: {good} of {len(files)}")
    if len(there) < len(files):
        notes.open.append(f"inputs that are not here any more: {len(files) - len(there)}")


def _there(name: str) -> Source | None:
    try:
        source = named(name)
        return source if source.exists() else None
    except (ConfigError, OSError, ValueError):
        return None


def _again(folder: Path, proof: Mapping[str, Any], audit: Path, notes: _Notes) -> None:
    summary = finished(audit)
    if digest_of(audit / "summary.json") != proof["summary"]:
        notes.problems.append(f"{audit} is not the audit that the proof names")
        return
    removed = pq.read_table(folder / REMOVED)
    if not same_rows(removed, choose(audit, proof["effects"], proof["causes"]).removed):
        notes.problems.append(f"{folder / REMOVED} is not what the removal list of {audit} has of these effects")
    by_file = going_by_file(removed)
    same = 0
    with tempfile.TemporaryDirectory() as aside:
        for number, one in enumerate(proof["files"]):
            target = Path(aside) / str(number) / Path(one["written"]).name
            going = by_file.get(one["name"], NOTHING)
            try:
                made = rewrite(named(one["name"]), target, going, summary, name=one["written"])
            except ConfigError as error:
                notes.problems.append(str(error))
                continue
            if made.table() == one:
                same += 1
            else:
                notes.problems.append(f"{one['written']} is not what {one['name']} is without those rows")
    notes.looked.append(f"written once more from the inputs, to the same bytes: {same} of {len(proof['files'])}")
