"""Options and words of the commands at the collector's end."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import click
import orjson

from ...blocklist.collect import NEW, REFUSED, UNREACHABLE, Update
from ...blocklist.subscription import Subscription
from ...explain import printable
from ...lists import USER_AGENT, Lists
from ...model import IssuerKind
from ...report.speaker import speaker
from ...report.words import Words
from .. import exits
from .common import change_line, home_option, many

F = TypeVar("F", bound=Callable[..., Any])

KINDS = [str(kind) for kind in IssuerKind]


def lists_options(command: F) -> F:
    """The options of `open_lists`."""
    command = click.option(
        "--allow-address",
        "addresses",
        multiple=True,
        metavar="CIDR",
        help="Address range that may be reached though it is not public.",
    )(command)
    command = click.option(
        "--user-agent", default=USER_AGENT, show_default=True, help="What the servers of feeds are told."
    )(command)
    return home_option(command)


def who_options(command: F) -> F:
    """By whose word something counts: `--issuer`, `--issuer-kind`, `--vouched-by`."""
    command = click.option(
        "--vouched-by",
        default="",
        metavar="PERSON",
        help="Who of yours checked whose it is and what is claimed; without one it holds, and never denies.",
    )(command)
    command = click.option(
        "--issuer-kind",
        type=click.Choice(KINDS),
        default="unstated",
        show_default=True,
        help="Who speaks: a public list stays one, whoever vouches for it.",
    )(command)
    return click.option("--issuer", default="", help="Who speaks, in words for people.")(command)


def open_lists(home: Path, addresses: tuple[str, ...] = (), user_agent: str = USER_AGENT) -> Lists:
    """The lists of a home."""
    return Lists(home, allow_addresses=addresses, user_agent=user_agent)


def tell_update(done: Update, sub: Subscription, *, quiet: bool = False) -> None:
    """How an update went, on stderr: what changed, what was refused and why, and what is known all the same."""
    name = printable(done.name)
    received = done.received
    for serial in done.rotated:
        click.echo(f"{name}: key set {serial} received; the keys known so far vouch for it", err=True)
    if done.outcome == NEW and received is not None:
        count = many(received.entries, "entry", "entries")
        changed = f", {many(len(done.changes), 'change')}" if received.n > 1 else ""
        click.echo(f"{name}: version {received.version} received, {count}{changed}", err=True)
        for change in done.changes[: 0 if quiet else 20]:
            click.echo(f"  {change_line(change)}", err=True)
        if len(done.changes) > 20 and not quiet:
            click.echo(f"  and {len(done.changes) - 20} more; `crawlgate blocklist diff {name}` shows all", err=True)
        for reject in islice(done.rejected, 20):
            click.echo(f"  not taken: line {reject.line}: {printable(reject.reason)}", err=True)
        if len(done.rejected) > 20:
            click.echo(f"  and {len(done.rejected) - 20} more that were not taken", err=True)
    elif done.outcome == "unchanged" and received is not None:
        click.echo(f"{name}: version {received.version} is the newest", err=True)
    if done.code:
        word = "refused" if done.outcome == REFUSED else "could not be had"
        click.echo(f"{name}: {word} [{done.code}]: {printable(done.message)}", err=True)
    if done.stale and received is not None:
        click.echo(
            f"{name}: blocklist.stale: version {received.version} expired {received.expires:%Y-%m-%d %H:%M} UTC and "
            "was not renewed; it stays in force",
            err=True,
        )
    if done.code:
        click.echo(f"{name}: {known_still(sub)}", err=True)


def known_still(sub: Subscription) -> str:
    """What is known of a feed, whatever happened just now."""
    received = sub.current
    if received is None:
        return "no version is in force"
    return (
        f"known all the same: version {received.version}, {many(received.entries, 'entry', 'entries')}, received "
        f"{received.received_at:%Y-%m-%d %H:%M} UTC"
    )


def exit_code(found: list[Update]) -> int:
    """3 if something was refused, 4 if something could not be had, 1 if something is stale."""
    if any(done.outcome == REFUSED for done in found):
        return exits.NOT_VERIFIED
    if any(done.outcome == UNREACHABLE for done in found):
        return exits.NOT_JUDGED
    return exits.FINDINGS if any(done.stale for done in found) else exits.OK


def update_object(done: Update, sub: Subscription) -> bytes:
    """An update as JSON."""
    return orjson.dumps(
        {
            "schema": "crawlgate.blocklist-update/1",
            "name": done.name,
            "origin": sub.terms.origin,
            "outcome": done.outcome,
            "stale": done.stale,
            "version": None if done.received is None else done.received.version,
            "received_at": None if done.received is None else done.received.received_at,
            "changes": [
                {"what": change.what, "id": change.id, "fields": change.fields, "moved": change.moved}
                for change in done.changes
            ],
            "rejected": [{"line": reject.line, "reason": reject.reason} for reject in done.rejected],
            "keys": done.rotated,
            "code": done.code or None,
            "message": done.message or None,
        }
    )


def who(sub: Subscription, lang: str = "en") -> str:
    """By whose word a feed counts."""
    terms = sub.terms
    table = {"issuer_kind": str(terms.issuer_kind), "verified": terms.verified, "vouched_by": terms.vouched_by}
    return f"{terms.issuer} ({speaker(table, Words(lang))})"
