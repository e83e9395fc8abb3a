"""What the commands about a ledger share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from .. import __version__
from ..errors import ConfigError

F = TypeVar("F", bound=Callable[..., object])


def home_option(command: F) -> F:
    """`--home`, the directory of ledger and evidence."""
    return click.option(
        "--home",
        type=click.Path(path_type=Path),
        default=Path(".crawlgate"),
        show_default=True,
        help="Directory of ledger and evidence.",
    )(command)


def key_option(command: F) -> F:
    """`--ledger-key`, a file with another signing key than the home's."""
    return click.option(
        "--ledger-key",
        type=click.Path(path_type=Path),
        help="File with the signing key; the home's own unless given.",
    )(command)


def said(**options: str) -> None:
    """Refuse an option that is there and says nothing."""
    for name, value in options.items():
        if not value.strip():
            raise ConfigError(f"--{name} is empty; say it in words")


def head_of(command: str) -> dict[str, Any]:
    """What a segment says of itself that a command wrote."""
    return {"program": f"crawlgate {__version__}", "written_by": command}
