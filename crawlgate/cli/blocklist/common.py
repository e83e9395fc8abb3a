"""What the commands of the group share: options, words for people, and small shapes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from ...blocklist.changes import Change
from ...blocklist.feed import Manifest
from ...blocklist.lint import ERROR, Linted
from ...explain import printable

F = TypeVar("F", bound=Callable[..., Any])

_SPAN = re.compile(r"([1-9][0-9]{0,4})([hdw])\Z")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}
_SHOWN = 20


def span(_context: click.Context, _param: click.Parameter, value: str) -> timedelta:
    """Reads an option as a length of time: 12h, 30d, 8w."""
    match = _SPAN.match(value.strip())
    if match is None:
        raise click.BadParameter(f"{value!r} is no length of time; write 12h, 30d or 8w")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def key_option(command: F) -> F:
    """`--key`, a signing key's file; repeatable."""
    return click.option(
        "--key",
        "key_files",
        multiple=True,
        required=True,
        metavar="FILE",
        help="File of a signing key (it ends in .key); repeatable.",
    )(command)


def home_option(command: F) -> F:
    """`--home`, as elsewhere."""
    return click.option(
        "--home",
        type=click.Path(path_type=Path),
        default=Path(".crawlgate"),
        show_default=True,
        help="Directory of ledger, evidence and lists.",
    )(command)


def format_option(command: F) -> F:
    """`--format`, as elsewhere."""
    return click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)(
        command
    )


def tell_problems(name: str, linted: Linted) -> None:
    """What lint found, on stderr, the errors first."""
    found = sorted(linted.problems, key=lambda problem: problem.level != ERROR)
    for problem in found[:_SHOWN]:
        click.echo(f"{printable(name)}, {printable(str(problem))}", err=True)
    if len(found) > _SHOWN:
        click.echo(f"and {len(found) - _SHOWN} more; `crawlgate blocklist lint` shows all", err=True)


def tell_changes(found: Sequence[Change]) -> None:
    """What a version changes, on stderr."""
    for change in found[:_SHOWN]:
        click.echo(f"  {change_line(change)}", err=True)
    if len(found) > _SHOWN:
        click.echo(f"  and {len(found) - _SHOWN} more", err=True)


def change_line(change: Change) -> str:
    """One change as a line."""
    table = change.after or change.before or {}
    target = f"{table.get('scope', '')} {table.get('value', '')}{table.get('path_prefix', '')}"
    line = f"{change.what:<9}  {change.id}  {target}"
    if change.moved:
        was = change.before or {}
        line += f"  (was {was.get('scope', '')} {was.get('value', '')}{was.get('path_prefix', '')})"
    elif change.what == "changed":
        line += f"  ({', '.join(change.fields)})"
    elif change.what == "removed":
        line += "  (without a withdrawal)"
    return printable(line)


def manifest_line(manifest: Manifest) -> str:
    """A version in one line."""
    expires = f"{manifest.expires:%Y-%m-%d %H:%M} UTC"
    count = many(manifest.entries, "entry", "entries")
    return printable(f"{manifest.origin} version {manifest.version}: {count}, expires {expires}")


def many(count: int, one: str, more: str | None = None) -> str:
    """`1 entry`, `2 entries`."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"
