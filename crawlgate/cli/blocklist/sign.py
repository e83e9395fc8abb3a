"""`crawlgate blocklist sign DIR`: the next version of a feed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from ...blocklist.draft import read_draft
from ...blocklist.folder import FeedFolder
from ...blocklist.keys import read_signing_key, read_verifier_keys
from ...blocklist.lint import lint as lint_rows
from ...blocklist.lint import popular_site
from ...blocklist.publish import Signed, begin, in_folder, sign_version
from ...blocklist.sheet import read_sheet
from ...errors import ConfigError, FeedError
from ...explain import printable
from ...signed_note import SigningKey
from .common import key_option, manifest_line, many, span, tell_changes, tell_problems
from .lint import tell_sheet


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    help="CSV or JSONL file of entries; without it, the same ones again.",
)
@click.option("--origin", help="Name of a new feed, like rights.example/pirate-sites; it never changes.")
@key_option
@click.option("--issuer", default="", help="Who speaks, in words for people.")
@click.option("--contact", default="", help="Where owners of sites appeal, for entries that do not say.")
@click.option(
    "--valid",
    callback=span,
    metavar="SPAN",
    default="30d",
    show_default=True,
    help="How long readers may rely on this version: 12h, 30d, 8w.",
)
@click.option(
    "--with",
    "others",
    multiple=True,
    metavar="KEY",
    help="New feed: public half of a key that signs later; repeatable.",
)
@click.option(
    "--threshold", type=click.IntRange(min=1), help="New feed: how many keys must sign each version.  [default: 1]"
)
@click.option(
    "--recovery",
    multiple=True,
    metavar="KEY",
    help="New feed: public half of a key in a safe, that alone may name new keys.",
)
@click.option("--withdraw-missing", is_flag=True, help="Entries that are missing in FILE are withdrawn, from now on.")
@click.option("--drop-missing", is_flag=True, help="Entries that are missing in FILE are left out without a word.")
@click.option("--force", default="", metavar="REASON", help="Take entries that cover the world's most used sites.")
@click.option("--encoding", help="How a CSV is written: utf-8, utf-16, cp932; found out where not given.")
def sign(
    folder: Path,
    source: Path | None,
    origin: str | None,
    key_files: tuple[str, ...],
    issuer: str,
    contact: str,
    valid: timedelta,
    others: tuple[str, ...],
    threshold: int | None,
    recovery: tuple[str, ...],
    withdraw_missing: bool,
    drop_missing: bool,
    force: str,
    encoding: str | None,
) -> None:
    """Sign the next version of the feed in DIR, or, with --origin, the first one of a new feed.

    Prints the version's number. Nothing is written if a row of FILE has an error.
    """
    now = datetime.now(UTC)
    signers = signing_keys(key_files, folder)
    place = FeedFolder(folder)
    rows = None
    if source is not None:
        sheet = read_sheet(source, encoding=encoding)
        linted = lint_rows(sheet.rows, now=now, contact=contact, checks=() if force else (popular_site,))
        tell_sheet(sheet)
        tell_problems(sheet.name, linted)
        if linted.errors:
            raise FeedError(f"{source} has {many(len(linted.errors), 'error')}; nothing was signed")
        rows = linted.entries
    draft = read_draft(place)
    known = draft.keys
    if known is None or draft.manifest is None:
        if origin is None or rows is None:
            raise ConfigError(f"{folder} is no feed yet; name a new feed's --origin, and its entries with --from")
        begin(
            place,
            origin,
            signers,
            now=now,
            others=read_verifier_keys(others),
            threshold=threshold or 1,
            recovery=read_verifier_keys(recovery),
        )
    elif origin not in (None, known.origin):
        raise ConfigError(f"{folder} holds the feed {known.origin}, not {origin}; name another folder")
    elif others or recovery or threshold is not None:
        raise ConfigError("the keys of a feed are changed with `blocklist rotate`")
    done = sign_version(
        place,
        rows,
        signers,
        now=now,
        valid=valid,
        issuer=issuer,
        contact=contact,
        withdraw_missing=withdraw_missing,
        drop_missing=drop_missing,
    )
    tell(folder, done)


def signing_keys(files: tuple[str, ...], folder: Path) -> list[SigningKey]:
    """The keys in `files`, none of which may lie where the feed is served from."""
    for file in files:
        if in_folder(file, folder):
            raise ConfigError(f"key file {file} lies in {folder}, which everybody can read; move it")
    return [read_signing_key(file) for file in files]


def tell(folder: Path, done: Signed) -> None:
    """What was signed: the version on stdout, the rest on stderr."""
    manifest = done.manifest
    click.echo(str(manifest.version))
    click.echo(manifest_line(manifest), err=True)
    click.echo(many(len(done.changes), "change") + (":" if done.changes else ""), err=True)
    tell_changes(done.changes)
    for wanting in done.wanting:
        click.echo(f"not complete: {printable(wanting)}", err=True)
    if done.wanting:
        click.echo(f"next: crawlgate blocklist cosign {folder} --key ...", err=True)
    else:
        click.echo(f"next: crawlgate blocklist publish {folder} --to WEBROOT", err=True)
