"""One segment, read line by line and compared with the roots and fingerprints it keeps of itself.

Lines are taken in blocks that end at a tree record, a checkpoint or the seal. Such a record keeps the root of all
lines before it, and two bytes of the hash of each line since the last: the root says whether anything was changed,
the fingerprints say where.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import NoReturn

from .. import signed_note
from ..signed_note import NoteError, VerifierKey
from .canonical import MAX_LINE, RecordError, Table, decode, moment
from .checkpoint import Checkpoint, decode_hash, head_of, origin_of, read
from .compressed import Damaged
from .current import TREE_EVERY
from .merkle import Tree, leaf_hash
from .parting import Block, Suspect, fingerprints
from .record import FIELDS, FORMAT, REFERENCES, ROOTED
from .segments import Fault, Segment

_MAX_BLOCK = 16 * TREE_EVERY
# A line that is no record says more about itself than that it is not the one written.
_OWN_WORDS = frozenset({"not_json", "not_object", "float", "duplicate_key", "not_canonical"})


class _Stop(Exception):
    """The first fault of a segment was found."""


class Examination:
    """What one segment shows. `closed` is the record by which a later segment closed it, with that segment's name;
    `kept` are checkpoints of it that were kept elsewhere, `keys` the only ones believed (none: the head's own).

    After `read`: `records` by kind, `signed` checkpoints by key, `deletions` on record, `problems` (one at most) and
    `warnings`.
    """

    def __init__(
        self,
        segment: Segment,
        closed: tuple[Table, str] | None,
        kept: Sequence[Checkpoint],
        keys: Collection[VerifierKey],
    ) -> None:
        self.records: Counter[str] = Counter()
        self.signed: Counter[str] = Counter()
        self.deletions: list[Table] = []
        self.problems: list[Fault] = []
        self.warnings: list[Fault] = []
        self._segment, self._name = segment, segment.name
        self._closed: Table | None
        self._closed, self._closed_by = closed or (None, "")
        self._keys = list(keys)
        self._given = bool(keys)
        self._origin = ""
        # Numbers of records at which somebody else knows the root: (root, who says so, code if it differs).
        self._known: list[tuple[int, bytes, str, str]] = []
        self._expect(kept)
        # Asked before reading: a writer that seals and goes meanwhile must not look like one that died.
        self._held = segment.held
        self._tree = Tree()
        self._first = 0  # number of the block's first line
        self._hashes: list[bytes] = []
        self._offsets: list[int] = []
        self._rooted: set[int] = set()
        self._suspect: Suspect | None = None
        self._offset = 0
        self._bases = array("Q")
        self._sealed = False

    @property
    def head(self) -> Checkpoint:
        """The head of the tree over all records that were found good; those before the seal, if there is one."""
        return Checkpoint(self._origin, self._tree.size, self._tree.root())

    @property
    def _line(self) -> int:
        return self._first + len(self._hashes)

    def read(self) -> None:
        """Read all of it."""
        try:
            if self._segment.packed:
                self._segment.frames  # noqa: B018 (a broken table is a fault of its own)
            stop = None if self._closed is None else self._closed["bytes"]
            for raw in self._segment.lines():
                if self._offset == stop and self._closed is not None and not self._closed.get("sealed"):
                    self._stop_here(self._closed)
                    return
                self._take(raw)
            self._end()
        except _Stop:
            return
        except Damaged as error:
            with suppress(_Stop):
                self._report(self._suspect or Suspect(len(self._hashes), "damaged", f"the compressed file {error}"))

    # -- lines --------------------------------------------------------------------------------------

    def _take(self, raw: bytes) -> None:
        if self._sealed:
            self._fail("after_seal", "a record, or a part of one, after the seal")
        if raw[-1:] != b"\n":
            self._unfinished(raw)
        line = raw[:-1]
        index = len(self._hashes)
        digest = leaf_hash(line)
        kind = ""
        try:
            table = decode(line)
        except RecordError as error:
            self._doubt(Suspect(index, error.code, str(error), error.offset))
        else:
            kind = table.get("kind", "")
            if kind in ROOTED and self._keeps_a_root(table):
                self._settle(table, digest)
                index = 0
            wrong = self._wrong(table, index)
            if wrong is not None:
                self._doubt(Suspect(index, *wrong))
            else:
                self.records[kind] += 1
        if kind in ROOTED:
            self._rooted.add(index)
        self._hashes.append(digest)
        self._offsets.append(self._offset)
        self._offset += len(raw)
        if len(self._hashes) > _MAX_BLOCK:
            self._report(
                self._suspect or Suspect(TREE_EVERY, "deleted", f"no tree record within {_MAX_BLOCK} records from here")
            )

    def _doubt(self, suspect: Suspect) -> None:
        self._suspect = self._suspect or suspect

    def _wrong(self, table: Table, index: int) -> tuple[str, str] | None:
        """What is wrong with a record by itself, and with what it refers to."""
        kind, line = table.get("kind", ""), self._first + index
        if not isinstance(kind, str) or kind not in FIELDS:
            return "kind", f"kind {str(kind)[:40]!r} is unknown; a newer program may have written it"
        if (kind == "segment") != (line == 0):
            return "head", "a segment's head stands on its first line, and only there"
        for key, wanted in FIELDS[kind]:
            if type(table.get(key)) is not wanted:
                return "fields", f"a record of kind {kind} lacks {key!r}, or it is of another type"
        at = table.get("at")
        if at is not None:
            try:
                moment(at)
            except (ValueError, TypeError):
                return "time", f"time {str(at)[:40]!r} is not in the form of records"
        for key in REFERENCES:
            reference = table.get(key)
            if type(reference) is int and not 0 <= reference < line:
                return "reference", f"{key} refers to record {reference}, which does not stand before it"
        if kind == "decision":
            basis = table["basis"]
            place = bisect_left(self._bases, max(basis, 0))
            if place == len(self._bases) or self._bases[place] != basis:
                return "basis", f"refers to basis {basis}, which does not stand before it"
        elif kind == "basis":
            if table["id"] != line:
                return "basis", f"a basis says that it is {table['id']}, but is record {line}"
            self._bases.append(line)
        elif kind == "segment":
            return self._head(table)
        elif kind == "deletion":
            self.deletions.append(table)
        elif kind == "seal":
            self._sealed = True
            if table["records"] != line:
                return "seal", f"the seal counts {table['records']} records, {line} stand before it"
        return None

    def _head(self, table: Table) -> tuple[str, str] | None:
        if table["format"] != FORMAT:
            return "format", f"format {table['format']} is not {FORMAT}; another version of the program wrote it"
        if table["segment"] != self._name:
            return "swapped", f"this is the segment {str(table['segment'])[:80]!r} under another name"
        self._origin = origin_of(table["ledger"], self._name)
        key = table.get("key")
        if key is None or self._given:
            return None
        try:
            self._keys = [VerifierKey.parse(key)]
        except (NoteError, AttributeError):
            return "fields", "the head's key is no verifier key"
        return None

    # -- blocks -------------------------------------------------------------------------------------

    def _block(self) -> Block:
        return Block(self._segment, self._first, self._hashes, self._offsets, self._rooted)

    def _keeps_a_root(self, table: Table) -> bool:
        return isinstance(table.get("leaves"), str) and isinstance(table.get("note") or table.get("root"), str)

    def _settle(self, table: Table, digest: bytes) -> None:
        """Compare the lines since the last such record with what this one keeps of them."""
        line = self._line
        if self._hashes and digest == self._hashes[-1]:
            self._report(Suspect(len(self._hashes), "duplicated", f"record {line - 1} stands here a second time"))
        try:
            wanted = fingerprints(table["leaves"])
            size, root = head_of(table)
        except NoteError as error:
            self._report(self._suspect or Suspect(len(self._hashes), "fields", f"{table['kind']}: {error}"))
        found = self._block().compare(wanted)
        suspect = self._suspect
        if found is not None:
            self._tree.extend(self._hashes)
            if self._tree.root() == root and suspect is None:
                self._fail(
                    "root", "the fingerprints kept here are not those of the records before: this one was changed"
                )
            if suspect is not None and (
                suspect.place < found.place or (suspect.place == found.place and suspect.code in _OWN_WORDS)
            ):
                found = suspect
            self._report(found)
        self._grow()
        if size is not None and size != line:
            code, other = ("old_checkpoint", "an earlier one") if size < line else ("wrong_size", "a later one")
            self._fail(code, f"a checkpoint of {size} records stands where one of {line} belongs: it is {other}")
        if self._tree.root() != root:
            if suspect is not None:
                self._report(suspect)
            code = "forged_checkpoint" if "note" in table else "root"
            self._fail(code, "the root kept here is not that of the records before it: this record was changed")
        if suspect is not None:
            self._report(suspect)
        if "note" in table:
            self._signature(table["note"])
        elif table["kind"] != "tree" and self._keys:
            self._fail("unsigned", f"a {table['kind']} without signature, though the segment has a key")
        self._first += len(self._hashes)
        self._hashes, self._offsets, self._rooted = [], [], set()

    def _signature(self, note: str) -> None:
        checkpoint_origin = note.partition("\n")[0]
        if checkpoint_origin != self._origin:
            self._fail("forged_checkpoint", f"a checkpoint of another tree, {checkpoint_origin[:120]!r}")
        if not self._keys:
            self._fail("wrong_key", "signed, but the segment's head names no key")
        try:
            _, signers = signed_note.verify(note.encode(), self._keys)
        except NoteError as error:
            code = "wrong_key" if error.code == "unknown_keys" else "forged_checkpoint"
            self._fail(code, f"the checkpoint does not verify: {error}")
        for key in signers:
            self.signed[str(key)] += 1

    # -- what others know ---------------------------------------------------------------------------

    def _expect(self, kept: Sequence[Checkpoint]) -> None:
        if self._closed is not None:
            try:
                root = decode_hash(self._closed["root"])
            except NoteError:
                root = b""
            who = f"the segment {self._closed_by}"
            self._known.append((self._closed["records"], root, who, "previous"))
            note = self._closed.get("note")
            if isinstance(note, str):
                with suppress(NoteError):
                    checkpoint = read(note)
                    self._known.append((checkpoint.size, checkpoint.root, who, "forged_checkpoint"))
        for checkpoint in kept:
            who = f"a checkpoint of {checkpoint.size} records kept elsewhere"
            self._known.append((checkpoint.size, checkpoint.root, who, "checkpoint"))
        self._known.sort()

    def _grow(self) -> None:
        """Let the tree take the block, looking at each size whose root somebody else knows."""
        hashes, done = self._hashes, 0
        while self._known and self._known[0][0] <= self._tree.size + len(hashes) - done:
            size, root, who, code = self._known[0]
            step = size - self._tree.size
            if step >= 0:
                self._tree.extend(hashes[done : done + step])
                done += step
                if self._tree.root() != root:
                    index = max(done - 1, 0)
                    message = f"the first {size} records are not those of which {who} keeps the root"
                    self._report(self._suspect or Suspect(index, code, message))
            self._known.pop(0)
        self._tree.extend(hashes[done:])

    def _all_there(self) -> None:
        """At the end: nobody knows of more records than there are, or of other ones."""
        closed = self._closed
        if closed is not None and "leaves" in closed and self._line == closed["records"]:
            with suppress(NoteError):
                found = self._block().compare(fingerprints(closed["leaves"]))
                if found is not None:
                    self._report(found)
        if not self._sealed:
            self._grow()
        if self._known:
            size, _, who, _ = self._known[-1]
            self._fail("truncated", f"ends before record {size - 1}, of which {who} speaks")

    # -- ends ---------------------------------------------------------------------------------------

    def _end(self) -> None:
        """The file ended after a whole line, or is empty."""
        if self._suspect is not None:
            self._report(self._suspect)
        self._all_there()
        closed = self._closed
        if closed is not None:
            if closed.get("sealed"):
                if not self._sealed:
                    self._fail("truncated", f"has lost its seal, of which the segment {self._closed_by} speaks")
            elif self._offset == closed["bytes"] and closed["lost"] == 0:
                self._noted(closed)
                return
            else:
                message = f"does not end as the segment {self._closed_by} noted at byte {closed['bytes']}"
                self._fail("truncated", message)
        if self._sealed:
            return
        if self._held:
            self._warn("open", "is being written")
        elif self._line == 0:
            self._fail("cut", "is empty: its writer died before the first line")
        else:
            self._warn("open", "has no seal: its writer died or was killed")

    def _stop_here(self, closed: Table) -> None:
        """A later segment noted that good lines end here."""
        if self._suspect is not None:
            self._report(self._suspect)
        if self._sealed or self._segment.size != closed["bytes"] + closed["lost"]:
            self._fail("cut", f"was changed after the segment {self._closed_by} noted its end")
        self._all_there()
        rest = next(iter(self._segment.lines(closed["bytes"])), b"")
        if len(rest) < closed["lost"]:
            self._fail("damaged", f"{closed['lost']} bytes from here on, more than one line, cannot be read")
        self._noted(closed)

    def _noted(self, closed: Table) -> None:
        note = closed.get("note")
        if isinstance(note, str):
            self._signature(note)
        problem = closed.get("problem")
        why = f" ({problem})" if isinstance(problem, str) else ""
        if closed["lost"]:
            self._warn("cut", f"the last line is cut, {closed['lost']} bytes; {self._closed_by} noted it{why}")
        else:
            self._warn("open", f"has no seal: its writer died or was killed; {self._closed_by} noted its end{why}")

    def _unfinished(self, raw: bytes) -> NoReturn:
        if len(raw) >= MAX_LINE:
            self._fail("too_long", f"a line of more than {MAX_LINE} bytes")
        if self._held:
            self._warn("open", "is being written")
            raise _Stop
        if self._suspect is not None:
            self._report(self._suspect)
        self._fail("cut", f"the last line is cut after {len(raw)} bytes, and no later segment notes it")

    def _warn(self, code: str, message: str) -> None:
        self.warnings.append(Fault(self._name, self._line + 1, self._offset, code, message))

    def _fail(self, code: str, message: str) -> NoReturn:
        self._report(Suspect(len(self._hashes), code, message))

    def _report(self, suspect: Suspect) -> NoReturn:
        index = suspect.place
        offset = self._offsets[index] if index < len(self._offsets) else self._offset
        where = Fault(self._name, self._first + index + 1, offset + suspect.within, suspect.code, suspect.message)
        self.problems.append(where)
        raise _Stop
