"""Options that commands share which ask the gate: who asks, by which profile and lists, and where records go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ..declaration import from_table
from ..errors import ConfigError
from ..gate import Gate
from ..loaded import Blocklist
from ..model import Declaration
from ..options import GateOptions
from ..policy.config import read_toml

F = TypeVar("F", bound=Callable[..., Any])

# Who asks when nobody is declared: a crawler that no site can name, which is what it is.
UNDECLARED = Declaration(operator="undeclared", token="crawlgate-check", user_agent="crawlgate-check")  # noqa: S106


def gate_options(command: F) -> F:
    """Add the options of `open_gate` to a command."""
    for option in reversed(
        (
            click.option(
                "--declaration", "declaration_file", type=click.Path(), help="TOML file: who asks, and for what."
            ),
            click.option(
                "--profile", default="standard", show_default=True, help="strict, standard, minimal, or a TOML file."
            ),
            click.option(
                "--home", default=".crawlgate", show_default=True, help="Directory of ledger, evidence and lists."
            ),
            click.option(
                "--blocklist",
                "blocklists",
                multiple=True,
                type=click.Path(),
                help="List or feed of rights holders; may be repeated.",
            ),
            click.option("--vouched-by", help="Person who checked the lists; without one they hold, but never deny."),
            click.option(
                "--allow-address",
                "addresses",
                multiple=True,
                metavar="CIDR",
                help="Address range that may be reached though it is not public.",
            ),
        )
    ):
        command = option(command)
    return command


mode_option = click.option(
    "--mode",
    type=click.Choice(["enforce", "observe"]),
    default="enforce",
    show_default=True,
    help="observe: record, and block nothing.",
)
"""The option `--mode`, for commands that keep a gate at work."""


def open_gate(declaration_file: str | None, **options: Any) -> Gate:
    """The gate those options describe. Raises `ConfigError` and its kin."""
    return Gate(read_declaration(declaration_file), **gate_arguments(**options))


def gate_arguments(
    profile: str,
    home: str,
    blocklists: tuple[str, ...],
    vouched_by: str | None,
    addresses: tuple[str, ...],
) -> GateOptions:
    """Those options as `Gate` and `AsyncGate` take them."""
    return {
        "profile": profile,
        "home": home,
        "blocklists": [Blocklist(path, vouched_by=vouched_by, verified=vouched_by is not None) for path in blocklists],
        "allow_addresses": addresses,
    }


def read_declaration(file: str | None) -> Declaration:
    """The declaration in a TOML file (its fields as keys), or the undeclared one with a word about it."""
    if file is None:
        click.echo("no --declaration: asked as an undeclared crawler that no site can name", err=True)
        return UNDECLARED
    try:
        raw = Path(file).read_bytes()
    except OSError as error:
        raise ConfigError(f"declaration {file}: cannot be read: {error.strerror or error}") from None
    return from_table(read_toml(raw, f"declaration {file}"), base=Path(file).parent)
