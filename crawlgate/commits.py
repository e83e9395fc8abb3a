"""Waiting for the disk without blocking an event loop: one commit at a time, shared by all who wait."""

from __future__ import annotations

import anyio
import anyio.to_thread

from .ledger.writer import LedgerWriter


class AsyncCommits:
    """The waiting of one event loop. `needed` False: nobody waits for the disk, and `wait` returns at once."""

    def __init__(self, ledger: LedgerWriter, *, needed: bool) -> None:
        self._ledger = ledger
        self._needed = needed
        self._under_way: anyio.Event | None = None

    async def wait(self, segment: str, seq: int) -> None:
        """Return once that record is on the disk. Raises `LedgerError` if the disk failed.

        Whoever comes first starts a commit; who comes meanwhile waits for it, and then for the next, which serves all
        of them.
        """
        if not self._needed:
            return
        while not self._ledger.committed(segment, seq):
            if self._under_way is not None:
                await self._under_way.wait()
                continue
            self._under_way = over = anyio.Event()
            try:
                await anyio.to_thread.run_sync(self._ledger.commit, segment, seq)
            finally:
                self._under_way = None
                over.set()
