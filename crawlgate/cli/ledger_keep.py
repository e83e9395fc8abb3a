"""`crawlgate ledger compress` and `merge`: keeping segments small, and bringing homes together."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import click

from ..clock import SystemClock
from ..errors import ConfigError
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
    """Copy ledger and evidence of each HOME into the one of --home, and put that on record.

    Every ledger stays a chain of its own, with its own key; records keep their names. A HOME that does not verify is
    refused (exit code 3). Segments that are being written are left out; merge again when their writers are done.
    """
    from ..ledger.merge import merge as merge_ledgers
    from ..ledger.merge import unsealed
    from ..ledger.open import open_ledger

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
        click.echo(
            f"{printable(str(other))}: segments copied {len(each.new):,}, here already {len(each.known):,}, "
            f"being written and left out {len(each.written):,}; evidence files copied {files:,}"
        )


def _copy_files(source: Path, target: Path, *, copy: Callable[[Path, Path], object] = shutil.copy2) -> int:
    """Copy evidence files that are not there yet, whole or not at all."""
    count = 0
    for path in sorted(source.glob("*.warc.gz")) if source.is_dir() else ():
        there = target / path.name
        if not there.exists():
            part = target / f".{path.name}.part"
            try:
                copy(path, part)
                part.replace(there)
            except OSError as error:
                part.unlink(missing_ok=True)
                raise ConfigError(f"evidence {path} cannot be copied to {target}: {error.strerror}") from None
            count += 1
    return count
