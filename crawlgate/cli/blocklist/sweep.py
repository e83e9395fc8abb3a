"""`crawlgate blocklist sweep`: what is kept although a notice covers its source by now."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import orjson

from ...audit.sweep import Known, SweepItem
from ...audit.sweep import sweep as sweep_ledger
from ...explain import printable
from ...home import Home
from ...ledger.segments import Fault
from ...report.speaker import speaker
from ...report.words import Words
from .. import exits
from .collecting import open_lists
from .common import format_option, home_option, many

_SAID = {
    Known.BEFORE_RECEIPT: "fetched before a notice was received",
    Known.BETWEEN: "fetched after a notice was received and before the gate had it",
    Known.AFTER_LOAD: "fetched although the gate had the notice",
}


@click.command()
@home_option
@format_option
@click.option("--lang", type=click.Choice(["en", "ja"]), default="en", show_default=True)
@click.pass_context
def sweep(context: click.Context, /, home: Path, form: str, lang: str) -> None:
    """List what the ledger says is kept although a notice covers its source by now (criterion C3).

    Each item says what was known when it was fetched: before a notice was received, between receipt and load, after
    it. The finding for the fetch stays as it was. Record what you remove with `Gate.removed`, and it leaves the list.
    Exit code 1 if there is anything, 3 if lines of the ledger cannot be read.
    """
    faults: list[Fault] = []
    count: Counter[Known] = Counter()
    with open_lists(home) as lists:
        index = lists.knowledge()
    for item in sweep_ledger(Home(home).ledger, index, now=datetime.now(UTC), report=faults.append):
        count[item.known] += 1
        click.echo(orjson.dumps(_object(item)) if form == "json" else _text(item, lang))
    for known, said in _SAID.items():
        if count[known]:
            click.echo(f"{many(count[known], 'item')} {said}", err=True)
    if not count:
        click.echo("nothing in this ledger is covered by a notice now", err=True)
    for fault in faults:
        click.echo(f"crawlgate: cannot be read: {printable(str(fault))}", err=True)
    if faults:
        context.exit(exits.NOT_VERIFIED)
    context.exit(exits.FINDINGS if count else exits.OK)


def _text(item: SweepItem, lang: str) -> str:
    place = "/".join(str(item.place[name]) for name in ("dataset", "shard", "offset") if name in item.place)
    said = {
        "issuer_kind": str(item.notice.issuer_kind),
        "verified": item.notice.issuer_verified,
        "vouched_by": item.notice.vouched_by,
    }
    parts = (
        f"{item.known:<24}",
        f"{item.fetched_at:%Y-%m-%d %H:%M:%S}Z",
        item.url,
        place or f"{item.outcome}, place not recorded",
        f"sha256:{item.sha256[:16]}" if item.sha256 else "",
        f"{item.notice.issuer} ({speaker(said, Words(lang))})",
        f"received {item.notice.received_at:%Y-%m-%d}" if item.notice.received_at else "",
    )
    return printable("  ".join(part for part in parts if part))


def _object(item: SweepItem) -> dict[str, Any]:
    notice = item.notice
    return {
        "schema": "crawlgate.sweep/1",
        "known": str(item.known),
        "published_before_fetch": item.published,
        "url": item.url,
        "fetched_at": item.fetched_at,
        "decision": item.fetched,
        "outcome": item.outcome,
        "dataset": item.place.get("dataset"),
        "shard": item.place.get("shard"),
        "offset": item.place.get("offset"),
        "length": item.place.get("length"),
        "sha256": item.sha256 or None,
        "notice": {
            "id": notice.id,
            "issuer": notice.issuer,
            "issuer_kind": str(notice.issuer_kind),
            "verified": notice.issuer_verified,
            "vouched_by": notice.vouched_by or None,
            "scope": notice.scope,
            "value": notice.value,
            "path_prefix": notice.path_prefix,
            "source": notice.source,
            "listed_at": notice.listed_at,
            "received_at": notice.received_at,
            "effective_at": notice.effective_at,
        },
    }
