"""`crawlgate ledger bundle`: one archive for a court or a counterpart."""

from __future__ import annotations

from pathlib import Path

import click

from ..explain import printable
from .ledger_options import home_option


@click.command()
@click.argument("records", nargs=-1, required=True, metavar="RECORD...")
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FILE.zip", help="The archive to write.")
@click.option(
    "--checkpoint",
    "kept",
    type=click.Path(path_type=Path),
    help="A checkpoint kept elsewhere: prove the records under that one.",
)
@click.option("--force", is_flag=True, help="Write over what is there.")
@home_option
def bundle(records: tuple[str, ...], out: Path, kept: Path | None, force: bool, home: Path) -> None:
    """Put RECORDs (segment:number) into one archive with all that they rest on, and the means to check it.

    The records as written, with the conditions of their runs, bases, outcomes and decisions of people; proofs, signed
    checkpoints and public keys; the evidence as stored (WARC); the entries of lists; the passages of the criteria;
    a page in English and Japanese that says what it proves and what not; and `verify.py`, which needs Python alone.
    The same ledger gives the same bytes. Prints the archive's sha256.
    """
    from ..audit.bundle import bundle as write

    done = write(home, records, out, kept=kept, force=force)
    click.echo(f"{done.sha256}  {done.path}")
    counted = ", ".join(f"{kind} {count}" for kind, count in done.kinds.items())
    click.echo(f"{sum(done.kinds.values())} records ({counted}), {len(done.files)} files", err=True)
    for one in done.missing:
        click.echo(f"not in it: {printable(f'{one.what}: {one.why}')}", err=True)
    click.echo("check it: unpack it, then python verify.py", err=True)
