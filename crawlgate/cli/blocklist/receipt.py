"""`crawlgate blocklist receipt`: the collector's signed word for the issuer, and how the issuer checks it."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import orjson

from ...blocklist.feed import FeedInvalid, stamp
from ...blocklist.files import read_bounded
from ...blocklist.folder import FeedFolder
from ...blocklist.keys import read_signing_key, read_verifier_keys
from ...blocklist.publish import check_receipt
from ...blocklist.receipts import Receipt, read_receipt
from ...errors import ConfigError
from ...explain import printable
from .collecting import open_lists
from .common import format_option, home_option

_MAX = 64 * 1024


@click.group()
def receipt() -> None:
    """A receipt proves to the issuer that a version of its feed was received, and to the collector that it said so."""


@receipt.command()
@click.argument("name")
@click.option("--version", type=int, help="Which version.  [default: the one in force]")
@click.option("--collector", required=True, help="Who received it, in words for people.")
@click.option(
    "--key", "key_file", metavar="FILE", help="File of the signing key.  [default: the key of the home's ledger]"
)
@click.option("--out", type=click.Path(path_type=Path), help="Where to write it.  [default: stdout]")
@home_option
def write(name: str, version: int | None, collector: str, key_file: str | None, out: Path | None, home: Path) -> None:
    """Sign a receipt for a version of the feed NAME: which bytes, received when, loaded by a gate when."""
    with open_lists(home) as lists:
        key = read_signing_key(key_file) if key_file else None
        note, verifier = lists.receipt(name, key, collector=collector, version=version)
    if out is None:
        sys.stdout.buffer.write(note)
    else:
        try:
            out.write_bytes(note)
        except OSError as error:
            raise ConfigError(f"{out} cannot be written: {error.strerror or error}") from None
    click.echo(f"signed by {verifier}; give this line to the issuer by a way it trusts", err=True)


@receipt.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--key", "keys", multiple=True, required=True, metavar="KEY", help="Public half of the collector's key.")
@click.option(
    "--feed",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The issuer's folder: compare with what was signed then.",
)
@format_option
def verify(file: Path, keys: tuple[str, ...], folder: Path | None, form: str) -> None:
    """Check a receipt: the collector's signature, and with --feed that it speaks of a version the issuer signed.

    Exit code 3 if it does not verify.
    """
    try:
        data = read_bounded(file, _MAX)
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror or error}") from None
    if data is None or len(data) > _MAX:
        raise FeedInvalid("too_long", f"{file} is longer than {_MAX} bytes; it is no receipt")
    found = read_receipt(data, read_verifier_keys(keys))
    if folder is not None:
        check_receipt(FeedFolder(folder), found)
    click.echo(orjson.dumps(_object(found)) if form == "json" else _text(found))


def _text(found: Receipt) -> str:
    loaded = "not loaded by a gate yet" if found.effective is None else f"loaded by a gate {stamp(found.effective)}"
    return printable(
        f"verified: {found.collector} received version {found.version} of {found.origin} on "
        f"{stamp(found.received)}, {loaded}"
    )


def _object(found: Receipt) -> dict[str, object]:
    return {
        "schema": "crawlgate.receipt/1",
        "collector": found.collector,
        "origin": found.origin,
        "version": found.version,
        "manifest": found.manifest,
        "sha256": found.sha256,
        "received": stamp(found.received),
        "effective": None if found.effective is None else stamp(found.effective),
    }
