"""What a writer does beside writing: bring records to the disk, sign checkpoints, begin new segments, compress.

A thread of its own does it, so that no decision waits for it. It holds the writer only while it works: a writer that
everybody else forgot goes away.
"""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import CrawlgateError
from .packing import PACK_FROM, pack

if TYPE_CHECKING:
    from .writer import LedgerWriter

_PAUSE = 1.0
_log = logging.getLogger(__name__)

COMMIT_INTERVAL, CHECKPOINT_INTERVAL = 0.05, 60.0
"""Seconds, where nothing else is said."""

Anchor = Callable[[bytes], None]
"""Takes a signed checkpoint somewhere else; raises what it likes if it cannot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upkeep:
    """How a ledger is kept, in seconds and bytes.

    `commit_interval`: what was written is on the disk after that long, at most (a power cut loses no more).
    `checkpoint_interval`: a signed checkpoint at least that often, while records come in; and one with every seal.
    A segment is sealed and another begun after `segment_bytes` or `segment_age`. `pack_from`: sealed segments of
    that many bytes or more are compressed; None never. `anchors` are handed every checkpoint.
    """

    commit_interval: float = COMMIT_INTERVAL
    checkpoint_interval: float = CHECKPOINT_INTERVAL
    segment_bytes: int = 64 << 20
    segment_age: float = 86_400.0
    pack_from: int | None = PACK_FROM
    anchors: Sequence[Anchor] = ()


class Keeper:
    """The thread of one writer."""

    def __init__(self, writer: LedgerWriter, upkeep: Upkeep) -> None:
        self._upkeep = upkeep
        self._todo: list[bytes | Path] = []
        self._todo_lock = threading.Lock()
        self._writer = weakref.ref(writer)
        self._packing: list[threading.Thread] = []
        self.start()

    def start(self) -> None:
        """Begin, or go on after a pause."""
        self._stop = threading.Event()  # a thread that outlives a pause keeps its own, which is set
        self._thread = threading.Thread(target=self._run, args=(self._stop,), name="crawlgate-ledger", daemon=True)
        self._thread.start()

    def pause(self) -> None:
        """Stop, but never wait long."""
        self._stop.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(_PAUSE)

    def later(self, *things: bytes | Path | None) -> None:
        """Hand on a checkpoint, or compress a sealed segment, when there is time."""
        with self._todo_lock:
            self._todo += [thing for thing in things if thing is not None]

    def finish(self) -> None:
        """Stop, and do what is left to do."""
        self._stop.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()
        self._work(aside=False)
        for thread in self._packing:
            thread.join()

    def forget(self) -> None:
        """Stop without waiting for anything."""
        self._stop.set()

    def _run(self, stop: threading.Event) -> None:
        while not stop.wait(self._upkeep.commit_interval):
            writer = self._writer()
            if writer is None:
                return
            try:
                writer.tend()
            except CrawlgateError as error:  # whoever asks next for a record is told
                _log.error("ledger: %s", error)
            del writer
            self._work(aside=True)

    def _work(self, *, aside: bool) -> None:
        with self._todo_lock:
            todo, self._todo = self._todo, []
        for thing in todo:
            if isinstance(thing, bytes):
                self._anchor(thing)
            elif not aside:
                self._pack(thing)
            else:  # takes a second, in which commits must go on
                thread = threading.Thread(target=self._pack, args=(thing,), name="crawlgate-ledger-pack", daemon=True)
                thread.start()
                self._packing = [other for other in self._packing if other.is_alive()] + [thread]

    def _anchor(self, note: bytes) -> None:
        for anchor in self._upkeep.anchors:
            try:
                anchor(note)
            except Exception as error:  # an anchor is the user's; it must not stop the ledger
                _log.error("ledger: a checkpoint was not handed on: %s", error)

    def _pack(self, path: Path) -> None:
        if self._upkeep.pack_from is None:
            return
        try:
            pack(path, smallest=self._upkeep.pack_from)
        except CrawlgateError as error:  # the segment stays as it is
            _log.warning("ledger: %s", error)
