"""`crawlgate audit FILES...`: the same questions, asked of a crawl that already happened."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from ..declaration import instant
from ..errors import ConfigError
from . import exits
from .asking import read_declaration
from .verbs import Itself, WithVerbs

if TYPE_CHECKING:
    from ..audit.run import Done


@click.command("audit", cls=Itself)
@click.argument("inputs", nargs=-1, required=True, metavar="FILES...")
@click.option("--declaration", "declaration_file", type=click.Path(), help="TOML file: who collected, and for what.")
@click.option("--profile", default="standard", show_default=True, help="strict, standard, minimal, or a TOML file.")
@click.option("--evidence", multiple=True, metavar="SOURCE", help="What was on record of robots.txt; may be repeated.")
@click.option(
    "--blocklist", "blocklists", multiple=True, type=click.Path(), help="List to take in; subscribe to feeds."
)
@click.option("--vouched-by", help="Person who checked the lists; without one they hold, but never deny.")
@click.option("--home", default=".crawlgate", show_default=True, help="Directory that keeps the lists and their dates.")
@click.option(
    "--as-of", default="fetched", show_default=True, metavar="fetched|now|DATE", help="The time of the question."
)
@click.option("--url", help="Column of URLs; found by its usual names otherwise.")
@click.option("--time", "time_column", help="Column of times.")
@click.option("--status", help="Column of statuses.")
@click.option("--user-agent", help="Column of user agents sent.")
@click.option("--shard", help="Column that names the file a copy is in.")
@click.option("--offset", help="Column of the places of copies in their shards.")
@click.option("--content-hash", help="Column of hashes of the contents.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the outputs.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def _audit(
    context: click.Context,
    /,
    inputs: tuple[str, ...],
    declaration_file: str | None,
    profile: str,
    evidence: tuple[str, ...],
    blocklists: tuple[str, ...],
    vouched_by: str | None,
    home: str,
    as_of: str,
    out: Path,
    form: str,
    **columns: str | None,
) -> None:
    """Judge every row of crawl logs and archives by what was on record at its own time.

    FILES are Parquet, Arrow, CSV, TSV or JSON lines (columns are found by their usual names, or named), or WARC and
    ARC files, which bring their robots.txt records with them. --evidence takes archives, and tables with url or host,
    time, status and body. The version of robots.txt in force at a fetch is used; where there is none the finding is
    unknown: the file of today says nothing about then.

    Writes decisions.parquet, bases.parquet, rejects.jsonl and summary.json into --out. Exit code 4 if anything could
    not be judged.
    """
    try:
        from ..audit import sources
        from ..audit.book import EvidenceBook
        from ..audit.readers import Told, files
        from ..audit.readers.warc import ENDINGS, policy_files
        from ..audit.run import Audit
        from ..audit.tables import TableJudge
    except ImportError as error:
        raise ConfigError(
            f"audits need {error.name}, which is not installed; install the extra: pip install 'crawlgate[audit]'"
        ) from None
    now = datetime.now(UTC)
    declaration = read_declaration(declaration_file)
    told = Told(declaration.token, {name.removesuffix("_column"): column for name, column in columns.items()})
    paths = files(inputs)
    book = EvidenceBook()
    notices, lists = _lists(blocklists, vouched_by, home, now)
    judge = TableJudge(
        declaration,
        profile=profile,
        evidence=book,
        notices=notices,
        as_of=_instant(as_of, now),
        now=now,
    )
    sourced = files(evidence) if evidence else []
    rejects = sources.gather(list(evidence), book, latest=judge.latest) if evidence else []
    archives = [path for path in paths if path.name.lower().endswith(ENDINGS) and path not in sourced]
    for path in archives:
        policy_files(path, book.add)
    done = Audit(judge, out, told, progress=_progress(), lists=lists).run(paths, sourced, rejects)
    if form == "json":
        click.echo(orjson.dumps(done.summary))
    else:
        _tell(done, out)
    context.exit(exits.NOT_JUDGED if done.rejected else exits.OK)


audit = WithVerbs(_audit)


def _instant(as_of: str, now: datetime) -> datetime | None:
    if as_of == "fetched":
        return None
    return now if as_of == "now" else instant(as_of, "--as-of")


def _lists(
    blocklists: tuple[str, ...], vouched_by: str | None, home: str, now: datetime
) -> tuple[Any, list[dict[str, Any]]]:
    """The lists to ask, and what each of them is."""
    from ..blocklist.match import Lists, NoticeIndex
    from ..blocklist.store import ListStore
    from ..blocklist.target import DEFAULT_SUFFIXES
    from ..home import Home
    from ..model import Notice
    from .blocklist.collecting import open_lists

    kept = Home(home)
    said: tuple[Notice, ...] = ()
    if kept.lists.is_dir():
        with open_lists(Path(home)) as lists:
            said = lists.said()
    of_home = [NoticeIndex(said, DEFAULT_SUFFIXES)] if said else []
    by_source: dict[str, set[str]] = {}
    for notice in said:
        by_source.setdefault(notice.source, set()).add(notice.id)
    told: list[dict[str, Any]] = [{"name": name, "entries": len(ids)} for name, ids in by_source.items()]
    if not blocklists:
        return (Lists(of_home) if of_home else None), told
    kept.create()
    store = ListStore(kept.lists)
    loaded = [
        store.receive(path, at=now, verified=vouched_by is not None, vouched_by=vouched_by) for path in blocklists
    ]
    told = [
        {
            "name": one.listing.name,
            "entries": len(one.listing),
            "rejected": len(one.rejected),
            "sha256": one.sha256,
            "received_at": one.received_at.isoformat(),
            "vouched_by": vouched_by,
        }
        for one in loaded
    ] + told
    return Lists([*(one.listing for one in loaded), *of_home]), told


def _progress() -> Callable[[Path, int], None] | None:
    """A line for each million rows where a person may be waiting."""
    if not sys.stderr.isatty():
        return None

    def tell(path: Path, rows: int) -> None:
        click.echo(f"\r{rows:,} rows, {path.name}", nl=False, err=True)

    return tell


def _tell(done: Done, out: Path) -> None:
    summary = done.summary
    covered = summary["coverage"]
    click.echo(f"{covered['judged']:,} rows judged, {covered['rejected']:,} rejected (rejects.jsonl says why)")
    click.echo(f"{covered['without_robots_of_the_time']:,} of them without a robots.txt of their time")
    for verdict, count in summary["verdicts"].items():
        click.echo(f"  {verdict:7} {count:>14,}")
    for reason, count in list(summary["not_allowed_by"].items())[:12]:
        click.echo(f"  {count:>14,}  {reason}")
    for site in summary["sites"][:8]:
        click.echo(f"  {site['denied']:>14,} of {site['rows']:,}  {site['origin']}")
    click.echo(f"written to {out}")
