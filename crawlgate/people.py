"""What people decided, for a gate at work: read when it opens, and again when somebody decided anew."""

from __future__ import annotations

import logging

from .errors import LedgerError
from .home import Home
from .ledger.overrides import read_overrides
from .model import Verdict
from .policy.overrides import Overrides

_log = logging.getLogger(__name__)


class People:
    """The overrides of a home. `due` is the tick at which to `look` again; between two looks nothing is read.

    A look costs one small file (`Home.decided`), which is written anew with every decision of a person; only when
    it changed is the ledger read. Raises `LedgerError` where the ledger cannot be read at the start.
    """

    __slots__ = ("_every", "_home", "_seen", "due", "overrides")

    def __init__(self, home: Home, every: float, ticks: float) -> None:
        self._home = home
        self._every = every
        self._seen = self._stamp()
        self.due = ticks + every
        self.overrides = self._read()

    def look(self, ticks: float) -> None:
        """Read the overrides again if somebody decided since. Where they cannot be read, nothing is lifted any
        more: what was lifted may have been revoked."""
        self.due = ticks + self._every
        stamp = self._stamp()
        if stamp == self._seen:
            return
        try:
            self.overrides = self._read()
        except LedgerError as error:
            _log.warning("decisions of people cannot be read, nothing is lifted until they can: %s", error)
            self.overrides = Overrides(o for o in self.overrides if o.effect is Verdict.DENY)
            return
        self._seen = stamp

    def _read(self) -> Overrides:
        found = Overrides(read_overrides(self._home.ledger))
        for override in found.unusable:
            _log.warning("the decision of a person in record %s names no place and does not count", override.record)
        return found

    def _stamp(self) -> bytes:
        try:
            return self._home.decided.read_bytes()
        except OSError:
            return b""
