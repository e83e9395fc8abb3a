"""`crawlgate ledger show` and `ledger verify`: read and check what the gate recorded."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import click
import orjson

from ..explain import printable
from ..home import Home
from ..ledger.anchor import read_kept
from ..ledger.checkpoint import encode_hash
from ..ledger.keys import public_key
from ..ledger.query import records
from ..ledger.record import KINDS
from ..ledger.segments import Fault
from ..ledger.verify import VerifyReport
from ..ledger.verify import verify as verify_ledger
from ..ledger.verify_evidence import EvidenceReport, verify_evidence
from ..report.gist import GistBook
from ..report.lines import Shown, as_json, as_text
from . import exits
from .ledger_options import home_option

VERIFY_SCHEMA = "crawlgate.ledger-verify/1"


@click.group()
def ledger() -> None:
    """Read and check the ledger of a home."""


@ledger.command()
@home_option
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice(sorted(KINDS)), help="Only records of this kind; repeatable."
)
@click.option(
    "--limit", type=click.IntRange(min=0), default=50, show_default=True, help="The last N records; 0 is all."
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--lang", type=click.Choice(["en", "ja"]), default="en", show_default=True)
@click.pass_context
def show(context: click.Context, /, home: Path, kinds: tuple[str, ...], limit: int, form: str, lang: str) -> None:
    """Show records, the newest last.

    As text, one line for each; decisions with verdict, deciding criteria and URL. As json, the records as
    written, with `record` (where it stands) added, and for decisions `verdict`, `temporary`, `stage` and
    `reasons` of their basis. Lines that cannot be read are named on stderr, and the exit code is 3.
    """
    faults: list[Fault] = []
    found: Iterator[Shown] | deque[Shown] = _joined(Home(home).ledger, kinds, faults)
    if limit:
        found = deque(found, maxlen=limit)
    write = as_json if form == "json" else partial(as_text, lang=lang)
    for shown in found:
        click.echo(write(shown))
    for fault in faults:
        click.echo(f"crawlgate: cannot be read: {printable(str(fault))}", err=True)
    context.exit(exits.NOT_VERIFIED if faults else exits.OK)


def _joined(directory: Path, kinds: tuple[str, ...], faults: list[Fault]) -> Iterator[Shown]:
    """The records wanted, decisions with the gist of their basis."""
    book = GistBook()
    for record in records(directory, report=faults.append):
        if record.kind == "basis":
            book.add(record.segment, record.table)
        if not kinds or record.kind in kinds:
            gist = book.gists[book.of(record.segment, record.table)] if record.kind == "decision" else None
            yield Shown(record, gist)


@ledger.command()
@home_option
@click.option("--evidence/--no-evidence", default=True, help="Check the evidence files as well.  [default: yes]")
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="KEY|FILE",
    help="Believe checkpoints of this verifier key only; repeatable.",
)
@click.option(
    "--checkpoint",
    "kept",
    multiple=True,
    type=click.Path(path_type=Path),
    help="File of checkpoints you kept elsewhere: what they speak of must still be here; repeatable.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def verify(
    context: click.Context, /, home: Path, evidence: bool, keys: tuple[str, ...], kept: tuple[Path, ...], form: str
) -> None:
    """Check that the ledger is what was written: every record there, unchanged and in order; and that the
    evidence it names is what was stored.

    Exit code 3 if it does not verify. What this cannot see by itself: that the newest records were removed, or that
    all of it was written and signed anew; a checkpoint kept elsewhere (`ledger checkpoint`) shows that.
    """
    folders = Home(home)
    believed = [public_key(text) for text in keys]
    checkpoints = [each for path in kept for each in read_kept(path, believed)]
    report = verify_ledger(folders.ledger, keys=believed, checkpoints=checkpoints)
    stored = verify_evidence(folders.ledger, folders.evidence) if evidence else None
    click.echo(_verify_json(report, stored) if form == "json" else _verify_text(report, stored))
    context.exit(exits.OK if report.ok and (stored is None or stored.ok) else exits.NOT_VERIFIED)


def _verify_text(report: VerifyReport, stored: EvidenceReport | None) -> str:
    total = sum(report.records.values())
    lines = [f"ledger {printable(str(report.directory))}", f"segments {report.segments:,}, records {total:,}"]
    lines += [f"  {kind} {count:,}" for kind, count in sorted(report.records.items())]
    lines += [f"problem: {printable(str(fault))}" for fault in report.problems]
    lines += [f"warning: {printable(str(fault))}" for fault in report.warnings]
    lines += [f"signed by {printable(key)}: {count:,} checkpoints" for key, count in sorted(report.keys.items())]
    if report.deleted:
        gone = sum(each.records for each in report.deleted)
        lines.append(f"deleted on record: {len(report.deleted):,} segments, {gone:,} records")
        lines += [
            f"  {each.segment}  {each.records:,} records  {printable(each.by)}: {printable(each.reason)}"
            for each in report.deleted[:20]
        ]
    if stored is not None:
        lines.append(f"evidence {stored.checked:,} checked, {stored.bytes:,} bytes")
        lines += [f"problem: {printable(str(fault))}" for fault in stored.faults]
    if report.ok and stored is not None and not stored.ok:
        count = len(stored.faults)
        lines.append(
            f"THE EVIDENCE DOES NOT VERIFY: {count} problem{'s' if count > 1 else ''}; the records themselves do"
        )
    elif report.ok:
        loose = any(fault.code == "open" for fault in report.warnings)
        lines.append(
            "verified as far as it goes: what is there is unchanged and in order; a segment that was not sealed "
            "may have lost its newest records"
            if loose
            else "verified: every record is there, unchanged, and in order"
            + (", but for what is on record as deleted" if report.deleted else "")
        )
    else:
        count = len(report.problems)
        lines.append(
            f"DOES NOT VERIFY: {count} problem{'s' if count > 1 else ''}; reading stops at the first of a segment"
        )
    return "\n".join(lines)


def _verify_json(report: VerifyReport, stored: EvidenceReport | None) -> bytes:
    checked = None
    if stored is not None:
        checked = {
            "ok": stored.ok,
            "checked": stored.checked,
            "bytes": stored.bytes,
            "problems": [_fault(fault) for fault in stored.faults],
        }
    return orjson.dumps(
        {
            "schema": VERIFY_SCHEMA,
            "ledger": str(report.directory),
            "ok": report.ok and (stored is None or stored.ok),
            "evidence": checked,
            "segments": report.segments,
            "keys": dict(sorted(report.keys.items())),
            "deleted": [
                {"segment": each.segment, "records": each.records, "at": each.at, "by": each.by, "reason": each.reason}
                for each in report.deleted
            ],
            "last": None
            if report.last is None
            else {
                "origin": report.last.origin,
                "records": report.last.size,
                "root": encode_hash(report.last.root),
            },
            "records": dict(sorted(report.records.items())),
            "problems": [_fault(fault) for fault in report.problems],
            "warnings": [_fault(fault) for fault in report.warnings],
        }
    )


def _fault(fault: Fault) -> dict[str, str | int]:
    return {
        "segment": fault.segment,
        "line": fault.line,
        "offset": fault.offset,
        "code": fault.code,
        "message": fault.message,
    }
