"""`crawlgate ledger keygen`, `checkpoint` and `prove`: what other people need to check this ledger."""

from __future__ import annotations

from pathlib import Path

import click

from ..clock import SystemClock
from ..errors import ConfigError
from ..home import Home
from .ledger_options import head_of, home_option, key_option


@click.command()
@home_option
@click.option("--name", help="Name of the ledger, a domain and a path of yours; made up unless given.")
@click.option("--replace", is_flag=True, help="Put a new key in the place of the one that is there.")
def keygen(home: Path, name: str | None, replace: bool) -> None:
    """Make the key that signs the checkpoints of a home, and print its public half.

    A gate makes one at its first use, too. The public half is what others need; the key itself stays in
    `keys/ledger.key`. After `--replace` the old key is kept beside it, so that old checkpoints can be checked.
    """
    from ..ledger import keys
    from ..signed_note import NoteError, SigningKey

    folder = Home(home).keys
    try:
        if replace and (folder / keys.SIGNING).exists():
            key = SigningKey.generate(name or keys.load(folder / keys.SIGNING).name)
            keys.replace(key, folder)
        else:
            key = SigningKey.generate(name or keys.new_name())
            keys.save(key, folder)
    except FileExistsError:
        raise ConfigError(f"{folder / keys.SIGNING} is there already; --replace puts a new one in its place") from None
    except NoteError as error:
        raise ConfigError(f"--name: {error}") from None
    click.echo(str(key.verifier))


@click.command()
@home_option
@key_option
@click.option(
    "--anchor", "anchors", multiple=True, metavar="SPEC", help="file:PATH, git:REPOSITORY or command:COMMAND."
)
def checkpoint(home: Path, ledger_key: Path | None, anchors: tuple[str, ...]) -> None:
    """Print a signed checkpoint of everything recorded so far, and hand it to each anchor.

    Keep it where nobody who can change this ledger can change it: `ledger verify --checkpoint FILE` then tells whether
    all of it still stands.
    """
    from ..ledger.anchor import anchor
    from ..ledger.open import covering_checkpoint

    outside = [anchor(spec) for spec in anchors]
    folders = Home(home)
    folders.create()
    head = head_of("checkpoint")
    note = covering_checkpoint(folders.ledger, folders.keys, head, now=SystemClock().now, key_file=ledger_key)
    click.echo(note.decode(), nl=False)
    for hand_on in outside:
        hand_on(note)


@click.command()
@click.argument("records", nargs=-1, required=True, metavar="RECORD...")
@home_option
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("proofs"), show_default=True, help="Folder to write."
)
@click.option(
    "--checkpoint",
    "kept",
    type=click.Path(path_type=Path),
    help="A checkpoint you kept elsewhere: prove the records under that one.",
)
@click.option("--no-context", is_flag=True, help="Only the records named, without head and basis.")
def prove(records: tuple[str, ...], home: Path, out: Path, kept: Path | None, no_context: bool) -> None:
    """Write files by which anybody can check that a RECORD (segment:number) stands in this ledger.

    For each record its line (.json) and an inclusion proof (.tlog-proof, C2SP), with those of the head of its segment
    and the basis of a decision; the public key; and `verify_record.py`, which checks them with nothing but Python. With
    `--checkpoint` the proofs end in that checkpoint: by a consistency proof, or by the records in which later
    segments note the end of earlier ones.
    """
    from ..audit.proof_files import ProofFiles

    written = ProofFiles(Home(home), out, kept)
    for record in records:
        written.record(record, context=not no_context)
    written.finish()
    for name in written.names:
        click.echo(str(name))
    click.echo(f"check them with: {written.command}", err=True)
