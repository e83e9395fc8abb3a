"""The declaration in a file beside a project, for frameworks whose projects have settings and no code of ours."""

from __future__ import annotations

from pathlib import Path

from ..declaration import from_table
from ..errors import ConfigError
from ..model import Declaration
from ..policy.config import read_toml

FILE = "crawlgate.toml"
"""Where a project keeps its declaration."""


def read_declaration(file: Path, base: Path, way_out: str) -> Declaration:
    """The declaration that stands in `file` (TOML); paths in it are below `base`. Raises `ConfigError`, with `way_out`
    where the file cannot be read."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"declaration {file}: cannot be read: {error.strerror or error}; {way_out}") from None
    return from_table(read_toml(raw, f"declaration {file}"), base=base)
