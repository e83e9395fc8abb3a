"""`crawlgate ledger compress` and `merge`: keeping segments small, and bringing homes together."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import click

from ..clock import SystemClock
from ..errors import ConfigError, LedgerInvalid
from ..explain import printable
from ..home import Home
from .ledger_options import head_of, home_option, key_option


@click.command()
@home_option
def compress(home: Path) -> None:
    """Compress every sealed segment that is not yet; their records stay what they are.

    A gate does this itself with segments of 32 KiB or more. Any zstd tool unpacks them.
    """
    from ..ledger.packing import pack
    from ..ledger.segments import some_segments

    before = after = count = 0
    for path in some_segments(Home(home).ledger):
        size = path.stat().st_size
        packed = pack(path)
        if packed is not None:
            count, before, after = count + 1, before + size, after + packed.stat().st_size
    click.echo(f"segments compressed: {count:,}, {before:,} bytes to {after:,}")


@click.command()
@click.argument("homes", nargs=-1, required=True, metavar="HOME...", type=click.Path(path_type=Path))
@home_option
@key_option
def merge(homes: tuple[Path, ...], home: Path, ledger_key: Path | None) -> None:
    """Copy ledger, evidence and lists of each HOME into the one of --home, and put that on record.

    Every ledger stays a chain of its own, with its own key; records keep their names. A HOME that does not verify is
    refused (exit code 3). Segments that are being written are left out; merge again when their writers are done.
    """
    from ..ledger.merge import merge as merge_ledgers
    from ..ledger.merge import unsealed
    from ..ledger.open import open_ledger
    from ..lists import Lists

    folders, now = Home(home), SystemClock().now
    for other in homes:
        if other.resolve() == home.resolve():
            raise ConfigError(f"{other} is the home to merge into; name the other ones")
    folders.create()
    copied = merge_ledgers(
        folders.ledger,
        [Home(other).ledger for other in homes],
        now=now,
        open_writer=lambda: open_ledger(
            folders.ledger,
            folders.keys,
            head_of("merge"),
            now=now,
            key_file=ledger_key,
            ended=unsealed(folders.ledger),
        ),
    )
    for each, other in zip(copied, homes, strict=True):
        files = _copy_files(Home(other).evidence, folders.evidence)
        with Lists(folders) as lists:
            brought = lists.bring(Home(other))
        click.echo(
            f"{printable(str(other))}: segments copied {len(each.new):,}, here already {len(each.known):,}, "
            f"being written and left out {len(each.written):,}, deleted here and left out {len(each.deleted):,}; "
            f"evidence files copied {files:,}; lists and letters {brought.files:,}, subscriptions "
            f"{len(brought.feeds):,}, notices {brought.notices:,}"
        )
        for name in brought.apart:
            click.echo(
                f"{printable(str(other))}: {name} is subscribed to in both homes, each with a history of its own; "
                "that of this home stays",
                err=True,
            )
        for path in brought.damaged:
            click.echo(f"{printable(str(path))} is not what its name says, and was not taken", err=True)


def _copy_files(source: Path, target: Path, *, copy: Callable[[Path, Path], object] = shutil.copyfile) -> int:
    """Copy evidence files that are not there yet, or have grown since, whole or not at all; how many.

    Raises `ConfigError` where one cannot be copied, `LedgerInvalid` for one that is there with other content.
    """
    count = 0
    for path in sorted(source.glob("*.warc.gz")) if source.is_dir() else ():
        there = target / path.name
        part = target / f".{path.name}.part"
        try:
            if there.exists():
                if not _begin_alike(path, there):
                    raise LedgerInvalid(f"evidence {there} is there with other content than {path}", str(there))
                if path.stat().st_size <= there.stat().st_size:
                    continue
            copy(path, part)
            with part.open("rb") as file:
                os.fsync(file.fileno())
            part.replace(there)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise ConfigError(f"evidence {path} cannot be copied to {target}: {error.strerror}") from None
        count += 1
    return count


def _begin_alike(one: Path, other: Path) -> bool:
    """True if one of two files begins with all of the other."""
    with one.open("rb") as first, other.open("rb") as second:
        left = min(os.fstat(first.fileno()).st_size, os.fstat(second.fileno()).st_size)
        while left > 0:
            size = min(left, 1 << 20)
            if first.read(size) != second.read(size):
                return False
            left -= size
    return True
