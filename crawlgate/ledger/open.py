"""Opening a home's ledger for writing, with the home's key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from .keys import home_key, load
from .upkeep import Upkeep
from .writer import LedgerWriter

_UPKEEP = Upkeep()


def open_ledger(
    directory: Path,
    keys: Path,
    head: Mapping[str, object],
    *,
    now: Callable[[], datetime],
    key_file: Path | None = None,
    upkeep: Upkeep = _UPKEEP,
    tidy: bool = True,
) -> LedgerWriter:
    """A writer for the ledger `directory` of a home whose keys are in `keys`; `key_file` names another key.

    The home's key is made at its first use. Raises `ConfigError` for a key, `LedgerError` for a directory that
    cannot be used.
    """
    key = load(key_file) if key_file is not None else home_key(keys)
    return LedgerWriter(directory, head, now=now, key=key, upkeep=upkeep, tidy=tidy)
