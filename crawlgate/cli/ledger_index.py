"""`crawlgate ledger reindex` and `ledger evidence`: the index made anew, and what was seen at a time."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from ..declaration import instant
from ..errors import LedgerError
from ..explain import printable
from ..home import Home
from . import exits
from .progress import reading

if TYPE_CHECKING:
    from ..audit.evidence import KeptEvidence

EVIDENCE_SCHEMA = "crawlgate.ledger-evidence/1"
_HOME = click.option(
    "--home",
    type=click.Path(path_type=Path),
    default=Path(".crawlgate"),
    show_default=True,
    help="Directory of ledger and evidence.",
)


@click.command()
@_HOME
def reindex(home: Path) -> None:
    """Make state.sqlite anew from the ledger and the evidence files.

    It is only an index: nothing is lost with it, and a damaged one is made anew when it is noticed.
    """
    from ..ledger.index.store import Index

    with Index(home) as index:
        if index.temporary:
            raise LedgerError(f"{home} cannot be written, so no index can stand there", str(home))
        with reading("reading the ledger") as report:
            index.rebuild(report)
        states = [state for state in index.ask(lambda lookup: lookup.segments()) if state.read]
        faults = index.ask(lambda lookup: lookup.faults())
        archives = index.ask(lambda lookup: lookup.archive_problems())
    click.echo(
        f"{Home(home).path / 'state.sqlite'}: {sum(s.lines for s in states):,} records in {len(states):,} segments"
    )
    for segment, line, offset, code, message in faults:
        click.echo(
            f"cannot be read: {printable(f'{segment} line {line} (byte {offset}): {message} [{code}]')}", err=True
        )
    for name, problem in archives:
        click.echo(f"cannot be read to its end: {printable(f'{name}: {problem}')}", err=True)


@click.command()
@click.argument("asked", metavar="ORIGIN|HOST|SHA256|ID")
@click.option(
    "--at", "at_text", metavar="TIME", help="What was known then: the newest of each URL at this time or before."
)
@click.option("--kind", "source", metavar="KIND", help="Only robots, tdmrep, rsl, ai_txt, trust_txt or response.")
@click.option("--body", is_flag=True, help="Write the body of the newest one to stdout, as it was stored.")
@_HOME
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def evidence(
    context: click.Context, /, asked: str, at_text: str | None, source: str | None, body: bool, home: Path, form: str
) -> None:
    """Show what was fetched from an origin, the newest first: robots.txt as it was at a time, and the like.

    Each piece is read and compared with its hash; exit code 3 if one is not what was stored.
    """
    from ..audit.evidence import body_of, find_evidence

    found = find_evidence(home, asked, at=instant(at_text, "--at", end_of_day=True), source=source)
    if body:
        kept = [one for one in found if one.stored]
        if not kept:
            raise LedgerError(f"no stored evidence of {asked}" + (f" at {at_text}" if at_text else ""), str(home))
        sys.stdout.buffer.write(body_of(home, kept[0]))
        return
    for one in found:
        click.echo(orjson.dumps(_object(one)) if form == "json" else printable(_line(one)))
    if not found:
        click.echo(f"no evidence of {printable(asked)} in this home", err=True)
    changed = sum(one.intact is False for one in found)
    if changed:
        click.echo(
            f"crawlgate: {changed} of {len(found)} are not what was stored; see crawlgate ledger verify", err=True
        )
    context.exit(exits.NOT_VERIFIED if changed else exits.OK)


def _line(one: KeptEvidence) -> str:
    at = "?" if one.at is None else f"{one.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    got = one.error or (f"{one.status}, {one.bytes or 0:,} bytes" if one.status is not None else "?")
    state = {True: "intact", False: "CHANGED", None: "in its file only" if not one.record else "not kept"}[one.intact]
    where = one.location.file if one.location is not None else "-"
    return f"{at}  {one.source:<8}  {got}  {one.url}  {state}  {where}  {one.id}  [{one.record or 'no record'}]"


def _object(one: KeptEvidence) -> dict[str, object]:
    place = one.location
    return {
        "schema": EVIDENCE_SCHEMA,
        "id": one.id,
        "source": one.source,
        "url": one.url,
        "final_url": one.final_url,
        "at": _time(one.at),
        "status": one.status,
        "error": one.error,
        "sha256": one.sha256,
        "bytes": one.bytes,
        "truncated": one.truncated,
        "record": one.record or None,
        "location": None
        if place is None
        else {"file": place.file, "offset": place.offset, "length": place.length, "sha256": place.sha256},
        "intact": one.intact,
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")
