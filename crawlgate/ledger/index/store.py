"""`state.sqlite` of a home: what the ledger and the evidence hold, found fast.

    with Index(home) as index:
        index.catch_up()
        index.ask(lambda lookup: lookup.of_host("www.example.com", low, high))

The file can be deleted at any time; it is made anew from segments and evidence files, as it is when it is damaged or
of another version. Where the home cannot be written, a copy of the index stands in a temporary directory for as long
as it is open.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from ...errors import LedgerError
from .. import segments
from ..query import Record
from ..segments import Fault
from . import catchup, write
from .base import IndexFile, Unusable, told, unwritable
from .catchup import Progress
from .lookup import Lookup
from .places import Places
from .schema import MARK_EVERY

T = TypeVar("T")


class Index:
    """The index of the home at `home` (with `ledger` and `evidence` below it). For one thread; open it for a
    question and close it. Raises `LedgerError` where there is no ledger, or where the disk fails."""

    def __init__(self, home: Path) -> None:
        self._ledger, self._evidence = Path(home) / "ledger", Path(home) / "evidence"
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self.remade: str | None = None
        segments.some_segments(self._ledger)
        self._file = IndexFile(Path(home))
        try:
            self._file.acquire()
        except OSError as error:
            if not unwritable(error):
                raise segments.failure("use the index in", Path(home), error) from None
            self._temporary = tempfile.TemporaryDirectory(prefix="crawlgate-index-")
            self._file = IndexFile(Path(self._temporary.name))
            self._file.acquire()

    @property
    def temporary(self) -> bool:
        """True if the home cannot be written and the index is gone after `close`."""
        return self._temporary is not None

    # -- bringing it up to date ---------------------------------------------------------------------

    def catch_up(self, report: Progress | None = None) -> None:
        """Read what is new in ledger and evidence. `report` is told bytes read and in all. `remade` says why the
        index was made anew, if it was."""
        try:
            with told(self._file.path):
                db = self._file.open()
                todo = catchup.plan(db, self._ledger)
                if todo.new > max(catchup.BULK, todo.kept):
                    raise Unusable("most of the ledger is new")
                catchup.read_on(db, todo, report)
                catchup.search_archives(db, self._evidence)
        except Unusable as error:
            self._remake(str(error), report)

    def rebuild(self, report: Progress | None = None) -> None:
        """Make the index anew from segments and evidence files."""
        self._remake("asked for", report)

    def _remake(self, why: str, report: Progress | None, *, empty: bool = False) -> None:
        """Make the index anew; `empty` leaves the reading of it for later."""
        self.remade = why
        try:
            with self._file.alone():
                if empty:
                    with self._file.replacement():
                        pass
                else:
                    self._make(report)
        except Unusable as error:
            raise LedgerError(f"the index {self._file.path} cannot be made: {error}", str(self._file.path)) from None

    def _make(self, report: Progress | None) -> None:
        folder = self._file.path.parent
        with tempfile.TemporaryDirectory(prefix=".state-", dir=folder) as staging, self._file.replacement() as db:
            write.stage(db, str(Path(staging) / "staged.sqlite"))
            catchup.read_all(db, catchup.plan(db, self._ledger), report)
            write.settle(db)
            catchup.search_archives(db, self._evidence)

    # -- asking -------------------------------------------------------------------------------------

    def ask(self, question: Callable[[Lookup], T]) -> T:
        """The answer to a question, which must be complete when `question` returns. An index that turns out to be
        damaged is made anew, once, and asked again."""
        try:
            with told(self._file.path):
                return question(Lookup(self._file.open()))
        except Unusable as error:
            self._remake(str(error), None)
        try:
            with told(self._file.path):
                return question(Lookup(self._file.open()))
        except Unusable as error:
            raise LedgerError(f"the index {self._file.path} is damaged again: {error}", str(self._file.path)) from None

    def places(self) -> Places:
        """A reader of records by place."""
        return Places(self._ledger, lambda places: self.ask(lambda lookup: lookup.marks(places, MARK_EVERY)))

    def statements(self, kinds: Collection[str] | None = None) -> tuple[list[Record], list[Fault]]:
        """Records of the kinds that people and lists bring about, and what of them could not be read; see
        `ledger.statements`."""
        try:
            self._note()
        except Unusable as error:
            self._remake(str(error), None, empty=True)
            self._note()
        found = self.ask(lambda lookup: lookup.statements(kinds))
        with self.places() as places:
            read = [places.one(name, number, offset) for name, number, offset in found]
        return [record for record in read if record is not None], places.faults

    def _note(self) -> None:
        with told(self._file.path):
            db = self._file.open()
            catchup.note_statements(db, catchup.plan(db, self._ledger, statements=True))

    # -- lifetime -----------------------------------------------------------------------------------

    def close(self) -> None:
        """Let go of the index; a temporary one is removed."""
        self._file.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
