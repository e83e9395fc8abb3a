"""`crawlgate blocklist list`: the feeds subscribed to, by whose word, and how they stand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import orjson

from ...blocklist.collect import is_stale
from ...blocklist.subscription import Subscription
from ...explain import printable
from .collecting import open_lists, who
from .common import format_option, home_option, many


@click.command("list")
@home_option
@format_option
@click.option("--lang", type=click.Choice(["en", "ja"]), default="en", show_default=True)
def list_feeds(home: Path, form: str, lang: str) -> None:
    """List the feeds subscribed to: version in force, by whose word, until when, and how the last update went."""
    now = datetime.now(UTC)
    with open_lists(home) as lists:
        found = lists.subscriptions()
        for sub in found:
            click.echo(orjson.dumps(_object(sub, now)) if form == "json" else _text(sub, now, lang))
    if not found:
        click.echo("no feed is subscribed to; `crawlgate blocklist add` does that", err=True)


def _text(sub: Subscription, now: datetime, lang: str) -> str:
    terms, received, state = sub.terms, sub.current, sub.state
    lines = [f"{sub.name}  {terms.origin}"]
    if terms.removed_at is not None:
        lines[0] += f"  (ended {terms.removed_at:%Y-%m-%d}; for the time before it counts as it did)"
    lines.append(f"  {who(sub, lang)}")
    if received is None:
        lines.append("  no version in force")
    else:
        rejected = f", {received.rejected} not taken" if received.rejected else ""
        lines.append(
            f"  version {received.version}, {many(received.entries, 'entry', 'entries')}{rejected}, received "
            f"{received.received_at:%Y-%m-%d %H:%M} UTC"
        )
        word = "blocklist.stale: expired" if is_stale(received, now) else "expires"
        lines.append(f"  {word} {received.expires:%Y-%m-%d %H:%M} UTC")
    lines.append(f"  from {terms.source}")
    if state.checked_at is not None:
        lines.append(f"  last asked {state.checked_at:%Y-%m-%d %H:%M} UTC: {state.outcome}")
    if state.code:
        lines.append(f"  {state.code}: {state.message}")
    return "\n".join(map(printable, lines))


def _object(sub: Subscription, now: datetime) -> dict[str, Any]:
    terms, received, state = sub.terms, sub.current, sub.state
    return {
        "schema": "crawlgate.blocklist/1",
        "name": sub.name,
        "origin": terms.origin,
        "source": terms.source,
        "issuer": terms.issuer,
        "issuer_kind": str(terms.issuer_kind),
        "verified": terms.verified,
        "vouched_by": terms.vouched_by or None,
        "removed_at": terms.removed_at,
        "version": None if received is None else received.version,
        "entries": None if received is None else received.entries,
        "rejected": None if received is None else received.rejected,
        "sha256": None if received is None else received.sha256,
        "received_at": None if received is None else received.received_at,
        "effective_at": None if received is None else received.effective_at,
        "expires": None if received is None else received.expires,
        "stale": is_stale(received, now),
        "checked_at": state.checked_at,
        "outcome": state.outcome or None,
        "code": state.code or None,
        "message": state.message or None,
    }
