"""`crawlgate audit apply` and `audit verify`: a dataset without the rows of a removal list, and whether it is that."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from ..clock import SystemClock
from ..errors import ConfigError
from ..explain import printable
from ..home import Home
from . import exits

VERIFY_SCHEMA = "crawlgate.audit-verify/1"
_home = click.option("--home", type=click.Path(path_type=Path), default=Path(".crawlgate"),
                     help="Home with the ledger.  [default: the one that has the audit on record, else .crawlgate]"
                     )  # fmt: skip


@click.command()
@click.argument("folder", metavar="OUT_DIR", type=click.Path(path_type=Path))
@click.option("--to", required=True, type=click.Path(path_type=Path), help="Folder to write; not there yet, or empty.")
@click.option(
    "--effect",
    "effects",
    multiple=True,
    type=click.Choice(["deny", "review", "allow"]),
    default=("deny",),
    show_default=True,
    help="Rows with this effect go; repeatable.",
)
@click.option(
    "--cause",
    "causes",
    multiple=True,
    type=click.Choice(["notice", "mistake", "person", "opt_out"]),
    help="Only rows with this cause; repeatable.  [default: any]",
)
@click.option("--by", default="", help="The person who decided it; stands in the proof.")
@click.option("--reason", default="", help="Why; stands in the proof.")
@_home
@click.pass_context
def apply(
    context: click.Context,
    folder: Path,
    to: Path,
    effects: tuple[str, ...],
    causes: tuple[str, ...],
    by: str,
    reason: str,
    home: Path,
) -> None:
    """Write the dataset without the rows of its removal list.

    OUT_DIR is the folder of a finished audit. Its inputs are written into --to: Parquet, Arrow, CSV, JSON lines and
    arrays, logs, WARC, ARC, WACZ, CDX and zipnum, each as it is but for the rows that go; inputs behind fsspec are
    written here. A ledger is never rewritten. Nothing is changed in place; an input that changed since the
    audit is refused. _proof.json has the digests before and after, _removed.parquet the rows that went and why; with a
    home that is there or named, the proof is signed with its key and on record in its ledger.
    """
    try:
        from ..audit.apply.proof import PROOF
        from ..audit.apply.run import apply as write
        from ..audit.output.question import digest_of
        from ..audit.output.recorded import REMOVAL, REMOVAL_RECORDED, note_home, record, removal_table
    except ImportError as error:
        raise _needs(error) from None
    from ..ledger.keys import home_key

    folders, said = _there(context, home, folder)
    if said:
        click.echo(said, err=True)
    if folders is not None:
        folders.create()
    key = home_key(folders.keys) if folders is not None else None
    proof = write(folder, to, effects=effects, causes=causes, by=by, reason=reason, key=key)
    for one in proof["files"]:
        if "left_out" in one:
            names = ", ".join(one["left_out"])
            click.echo(f"{one['written']}: left out, as nothing or another entry stands for it now: {names}", err=True)
    if folders is not None:
        clock = SystemClock()
        digest = digest_of(to / PROOF)
        place = record(folders, REMOVAL, removal_table(clock.now(), proof, digest), clock=clock)
        note_home(to, REMOVAL_RECORDED, folders, place, digest)
        click.echo(f"on record in {folders.path}: {place}", err=True)
    click.echo(f"{proof['removed']:,} of {proof['rows_in']:,} rows taken out; {to / PROOF} is the proof", err=True)


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--audit", "again", type=click.Path(path_type=Path), help="Folder of the audit: write all once more.")
@click.option("--key", "keys", multiple=True, metavar="KEY|FILE", help="Key that signed.  [default: that of the home]")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@_home
@click.pass_context
def verify(
    context: click.Context, folder: Path, again: Path | None, keys: tuple[str, ...], form: str, home: Path
) -> None:
    """Check a finished audit, or a dataset that `audit apply` wrote: every file, the signature, the record.

    With --audit, the dataset is worked out once more from the inputs and compared. Exit code 3 if something is not as
    it was named; what could not be looked at is told.
    """
    try:
        from ..audit.apply.proof import PROOF
        from ..audit.apply.verify import verify_audit, verify_removal
    except ImportError as error:
        raise _needs(error) from None
    from ..ledger.keys import VERIFYING, public_key

    if (folder / ".unfinished").is_dir():
        raise ConfigError(f"{folder} was not finished: {folder / '.unfinished'} is what a broken run left")
    folders, said = _there(context, home, folder, *([again] if again is not None else []))
    given = list(keys)
    if not given and folders is not None and (folders.keys / VERIFYING).exists():
        given = [str(folders.keys / VERIFYING)]
    if (folder / PROOF).exists():
        found = verify_removal(folder, home=folders, keys=[public_key(one) for one in given], again=again)
    else:
        found = verify_audit(folder, home=folders)
    if form == "json":
        table = {"schema": VERIFY_SCHEMA, "folder": str(folder), "ok": not found.problems}
        table["home"] = None if folders is None else str(folders.path)
        told = {"looked": found.looked, "problems": found.problems, "open": found.open}
        click.echo(orjson.dumps(table | told))
    else:
        lines = [*([said] if said else []), *found.looked, *(f"not looked at: {one}" for one in found.open)]
        lines += [f"problem: {one}" for one in found.problems]
        lines.append("DOES NOT VERIFY" if found.problems else "verified, as far as it was looked at")
        click.echo("\n".join(map(printable, lines)))
    context.exit(exits.NOT_VERIFIED if found.problems else exits.OK)


def _there(context: click.Context, home: Path, *folders: Path) -> tuple[Home | None, str]:
    """The home that was named; else the one that has what stands in one of these folders on record, as they say; else
    the usual one, if it is there and they name none. And what is to be said about it."""
    from ..audit.apply.proof import PROOF
    from ..audit.output.draft import SUMMARY
    from ..audit.output.question import digest_of
    from ..audit.output.recorded import RECORDED, REMOVAL_RECORDED, noted_home

    if context.get_parameter_source("home") is not click.core.ParameterSource.DEFAULT:
        return Home(home), ""
    missing = ""
    for folder in folders:
        for note, output in ((REMOVAL_RECORDED, PROOF), (RECORDED, SUMMARY)):
            found = noted_home(folder, note, digest_of(folder / output)) if (folder / output).is_file() else None
            if found is not None and found.resolve().is_relative_to(folder.resolve()):
                continue  # what was handed over is not vouched for by what came with it
            if found is not None and found.is_dir():
                return Home(found), f"home {found}, as {folder / note} says; --home names another"
            if found is not None:
                missing = f"home {found}, which {folder / note} names, is not there; --home says where it is"
    return (Home(home) if home.is_dir() and not missing else None), missing


def _needs(error: ImportError) -> ConfigError:
    return ConfigError(
        f"audits need {error.name}, which is not installed; install the extra: pip install 'crawlgate[audit]'"
    )
