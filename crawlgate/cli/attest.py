"""`crawlgate attest`: a signed statement that a dataset was made under this ledger."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from ..clock import SystemClock
from ..errors import ConfigError
from ..home import Home
from .ledger_options import head_of, home_option, key_option


@click.command()
@click.argument("files", nargs=-1, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--sha256", "digests", multiple=True, metavar="NAME=HEX", help="A file that is not here, by its digest.")
@home_option
@key_option
@click.option("--out", type=click.Path(path_type=Path), help="File to write; stdout unless given.")
@click.option("--statement", "bare", is_flag=True, help="The statement alone, without envelope and signature.")
def attest(
    files: tuple[Path, ...], digests: tuple[str, ...], home: Path, ledger_key: Path | None, out: Path | None, bare: bool
) -> None:
    """Attest that the dataset in FILE... was made under this ledger: an in-toto Statement over their digests and a
    checkpoint of all records so far, in a signed DSSE envelope.

    The ledger must verify (exit code 3). The statement says what is on record, not that the record is complete.
    """
    from ..ledger.attest import digest_subject, envelope, statement, subject
    from ..ledger.keys import home_key, load
    from ..ledger.open import covering_checkpoint
    from ..ledger.verify import verify

    subjects = [subject(path) for path in files] + [digest_subject(given) for given in digests]
    folders, now = Home(home), SystemClock().now
    report = verify(folders.ledger)
    report.require()
    head = head_of("checkpoint")
    note = covering_checkpoint(folders.ledger, folders.keys, head, now=now, key_file=ledger_key)
    verified = {
        "deletedSegments": len(report.deleted),
        "records": dict(sorted(report.records.items())),
        "segments": report.segments,
        "warnings": [f"{fault.segment}: {fault.code}" for fault in report.warnings],
    }
    made = statement(subjects, note, at=now(), made_by=head["program"], verified=verified)
    key = load(ledger_key) if ledger_key is not None else home_key(folders.keys)
    data = orjson.dumps(made, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2) if bare else envelope(made, key)
    if out is None:
        click.echo(data)
        return
    try:
        out.write_bytes(data + b"\n")
    except OSError as error:
        raise ConfigError(f"{out} cannot be written: {error.strerror}") from None
    click.echo(str(out))
