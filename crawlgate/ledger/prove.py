"""Proofs that other people can check: a record stands in a tree whose checkpoint they hold.

Files follow published rules: inclusion proofs are C2SP tlog-proofs (`c2sp.org/tlog-proof@v1`), consistency proofs
the request of a C2SP tlog-witness (`old SIZE`, hashes, blank line, checkpoint), both over RFC 6962 trees whose leaves
are the records' lines. `verify_record.py` in the documentation checks them with nothing of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import LedgerError
from ..signed_note import NoteError
from . import segments
from .canonical import RecordError, Table, decode
from .checkpoint import Checkpoint, encode_hash, read
from .compressed import Damaged
from .merkle import Tree, consistency_proof, inclusion_proof, leaf_hash, root_of
from .record import ROOTED, record_id
from .segments import Segment

TLOG_PROOF = "c2sp.org/tlog-proof@v1"


class ProofError(LedgerError):
    """A proof that cannot be made: the record is not here, or no checkpoint covers it."""


class NotCovered(ProofError):
    """No checkpoint covers a record yet, which is otherwise in order."""


@dataclass(frozen=True, slots=True)
class Proof:
    """That `line` is record `index` of the tree of which `note` is a signed checkpoint.

    `path` are the hashes from the leaf's sibling up.
    """

    segment: str
    index: int
    line: bytes
    path: tuple[bytes, ...]
    note: bytes

    @property
    def record(self) -> str:
        """The name of the record."""
        return f"{self.segment}:{self.index}"

    @property
    def text(self) -> bytes:
        """The proof as a file (`.tlog-proof`)."""
        return f"{TLOG_PROOF}\nindex {self.index}\n{_hashes(self.path)}\n".encode() + self.note


@dataclass(frozen=True, slots=True)
class Consistency:
    """That the tree of `note` begins with the `old` records of an earlier checkpoint."""

    segment: str
    old: int
    path: tuple[bytes, ...]
    note: bytes

    @property
    def text(self) -> bytes:
        """The proof as a file (`.consistency`)."""
        return f"old {self.old}\n{_hashes(self.path)}\n".encode() + self.note


def _hashes(path: tuple[bytes, ...]) -> str:
    return "".join(f"{encode_hash(each)}\n" for each in path)


class Prover:
    """Makes proofs about one ledger. Keeps the hashes of the segment that was asked about last, 32 bytes a record.

    Raises `LedgerError` where the ledger cannot be read, `ProofError` where there is no proof.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = Path(directory)
        self._paths = segments.some_segments(self._directory)
        self._tree: _SegmentTree | None = None
        self._closings: dict[str, _Closing] | None = None

    def inclusion(self, record: str, kept: bytes | None = None) -> Proof:
        """The proof for `segment:number`, under the newest checkpoint of its segment, or under the note `kept`."""
        segment, _, digits = record_id(record).rpartition(":")
        number, tree = int(digits), self._open(segment)
        if number >= len(tree.hashes):
            raise ProofError(f"there is no record {record}: the segment has {len(tree.hashes)}", str(tree.path))
        note = kept if kept is not None else self._newest(tree)
        checkpoint = self._checked(note, tree)
        if number >= checkpoint.size:
            raise NotCovered(
                f"no checkpoint covers {record} yet: one is signed at intervals, and when the segment is sealed",
                str(tree.path),
            )
        path = inclusion_proof(number, checkpoint.size, tree.subtree)
        return Proof(segment, number, tree.line(number), tuple(path), note)

    def context(self, record: str) -> list[str]:
        """The records that one needs to understand `record`: the head of its segment, the basis of a decision, and the
        decision of an outcome with its own."""
        segment, _, digits = record_id(record).rpartition(":")
        tree = self._open(segment)
        found, number = [0], int(digits)
        while 0 < number < len(tree.hashes):
            table = decode(tree.line(number))
            number = next((n for key in ("basis", "decision") if type(n := table.get(key)) is int), 0)
            if number:
                found.append(number)
        return [f"{segment}:{each}" for each in found if each != int(digits)]

    def consistency(self, kept: bytes) -> Consistency:
        """That the segment of the note `kept` still begins as it says, up to its newest checkpoint."""
        old = read(kept)
        tree = self._open(old.segment)
        self._checked(kept, tree)
        note = self._newest(tree)
        size = read(note).size
        if size < old.size:
            raise ProofError(
                f"the newest checkpoint of {old.segment} has fewer records than the one kept", str(tree.path)
            )
        path = consistency_proof(old.size, size, tree.subtree) if old.size else []
        return Consistency(old.segment, old.size, tuple(path), note)

    def chain(self, segment: str, kept: bytes) -> list[Proof]:
        """How a checkpoint of another, later segment covers `segment`: the records by which each segment on the way
        notes the end of the one before, each proved, the last one under `kept`."""
        target = read(kept)
        if self._closings is None:
            self._closings = _closings(self._paths)
        proofs: list[Proof] = []
        while segment != target.segment:
            closing = self._closings.get(segment)
            if closing is None or closing.segment > target.segment:
                raise ProofError(f"the checkpoint of {target.segment} does not cover {segment}", str(self._directory))
            last = closing.segment == target.segment
            proofs.append(self.inclusion(f"{closing.segment}:{closing.number}", kept if last else None))
            segment = closing.segment
        return proofs

    def _open(self, segment: str) -> _SegmentTree:
        if self._tree is None or self._tree.segment != segment:
            path = segments.find(self._directory, segment)
            if path is None:
                raise ProofError(f"there is no segment {segment} in {self._directory}", str(self._directory))
            self._tree = _SegmentTree(path)
        return self._tree

    def _newest(self, tree: _SegmentTree) -> bytes:
        if tree.note is not None and (tree.sealed or not self._after(tree.segment)):
            return tree.note
        if self._closings is None:
            self._closings = _closings(self._paths)
        closing = self._closings.get(tree.segment)
        note = closing.note if closing is not None and closing.note is not None else tree.note
        if note is None:
            raise NotCovered(
                f"no checkpoint of {tree.segment} was signed yet: one is signed at intervals, and when it is sealed",
                str(tree.path),
            )
        return note

    def _after(self, segment: str) -> bool:
        return segments.name_of(self._paths[-1]) > segment

    def _checked(self, note: bytes, tree: _SegmentTree) -> Checkpoint:
        checkpoint = read(note)
        if checkpoint.segment != tree.segment:
            raise ProofError(f"the checkpoint is of the segment {checkpoint.segment}", str(tree.path))
        if checkpoint.size > len(tree.hashes) or root_of(tree.hashes[: checkpoint.size]) != checkpoint.root:
            raise ProofError(
                f"the ledger does not hold what the checkpoint of {checkpoint.size} records says; "
                "`crawlgate ledger verify` tells what is wrong",
                str(tree.path),
            )
        return checkpoint


class _SegmentTree:
    """The hashes of a segment's lines, where they stand, and the newest note among them."""

    def __init__(self, path: Path) -> None:
        self.path, self.segment = path, segments.name_of(path)
        self.hashes: list[bytes] = []
        self.note: bytes | None = None
        self.sealed = False
        self._offsets: list[int] = []
        offset = 0
        try:
            with Segment(path) as segment:
                for raw in segment.lines():
                    if raw[-1:] != b"\n":
                        break
                    self.hashes.append(leaf_hash(raw[:-1]))
                    self._offsets.append(offset)
                    offset += len(raw)
                    if b'"note":' in raw:
                        self._take(decode(raw[:-1]))
        except OSError as error:
            raise segments.failure("read the ledger segment", path, error) from None
        except (RecordError, Damaged) as error:
            raise ProofError(f"the segment {path} cannot be read: {error}", str(path)) from None

    def _take(self, table: Table) -> None:
        note = table.get("note")
        if table.get("kind") in ROOTED and isinstance(note, str):
            self.note = note.encode()
            self.sealed = table.get("kind") == "seal"

    def line(self, number: int) -> bytes:
        with Segment(self.path) as segment:
            return segment.line(self._offsets[number])[:-1]

    def subtree(self, start: int, end: int) -> bytes:
        tree = Tree()
        tree.extend(self.hashes[start:end])
        return tree.root()


@dataclass(frozen=True, slots=True)
class _Closing:
    """Where the end of a segment is noted, and the checkpoint that stands there."""

    segment: str
    number: int
    note: bytes | None


def _closings(paths: list[Path]) -> dict[str, _Closing]:
    found: dict[str, _Closing] = {}
    for path in paths:
        try:
            with Segment(path) as segment:
                opening = segments.opening(segment)
        except OSError as error:
            raise segments.failure("read the ledger segment", path, error) from None
        for number, table in enumerate(opening.closed, start=1):
            note = table.get("note")
            closing = _Closing(segments.name_of(path), number, note.encode() if isinstance(note, str) else None)
            found.setdefault(table["segment"], closing)
    return found


def verifier_source() -> bytes:
    """`verify_record.py`, which checks proofs with nothing of ours: from the wheel, or from the documentation."""
    here = Path(__file__).parent
    for path in (here / "verify_record.py", here.parents[1] / "docs" / "verify_record.py"):
        if path.is_file():
            return path.read_bytes()
    raise ProofError("verify_record.py is missing from this installation; install crawlgate again", str(here))


__all__ = ["TLOG_PROOF", "Consistency", "NotCovered", "NoteError", "Proof", "ProofError", "Prover", "verifier_source"]
