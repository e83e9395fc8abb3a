"""The home directory: ledger, evidence and lists, as plain local files. Several processes may share one."""

from __future__ import annotations

import os
from pathlib import Path

from .errors import ConfigError


class Home:
    """Paths below a home directory; `create` makes them or says why it cannot."""

    __slots__ = ("decided", "evidence", "keys", "ledger", "lists", "memory", "path")

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.ledger = self.path / "ledger"
        self.evidence = self.path / "evidence"
        self.lists = self.path / "lists"
        self.keys = self.path / "keys"
        # An index of the ledger, made again from it when it is missing (`state.State`).
        self.memory = self.path / "memory.sqlite"
        # Written anew when a person decided, so that running gates look into the ledger again.
        self.decided = self.path / "decided"

    def create(self) -> None:
        """Make the directories. Raises `ConfigError` naming the path, the reason and the way out."""
        for folder in (self.path, self.ledger, self.evidence, self.lists):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise ConfigError(
                    f"home directory {folder}: {error.strerror or error}; choose another with home= or --home"
                ) from None
            if not os.access(folder, os.W_OK | os.X_OK):
                raise ConfigError(f"home directory {folder} cannot be written; choose another with home= or --home")
