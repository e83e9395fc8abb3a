"""`crawlgate audit FILES...`: the same questions, asked of a crawl that already happened."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from ..clock import Clock, SystemClock
from ..declaration import instant
from ..errors import ConfigError
from ..home import Home
from ..loaded import Blocklist
from . import exits
from .asking import read_declaration
from .verbs import Itself, WithVerbs
from .watching import watching

if TYPE_CHECKING:
    from ..audit.run import Done


_ROWS_WITH_BODIES = 10_000  # at once: bodies are long


@click.command("audit", cls=Itself)
@click.argument("inputs", nargs=-1, required=True, metavar="FILES...")
@click.option("--declaration", "declaration_file", type=click.Path(), help="TOML file: who collected, and for what.")
@click.option("--profile", default="standard", show_default=True, help="strict, standard, minimal, or a TOML file.")
@click.option("--evidence", multiple=True, metavar="SOURCE", help="What was on record of robots.txt; may be repeated.")
@click.option("--blocklist", "blocklists", multiple=True, type=click.Path(), help="List, or folder of a signed feed.")
@click.option(
    "--key", "keys", multiple=True, metavar="KEY|FILE", help="Key of a signed feed among them; may be repeated."
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
@click.option("--proxy", help="Column of proxies or other routes taken.")
@click.option("--referrer", help="Column of the pages that led to the rows.")
@click.option("--headers", help="Column of response headers.")
@click.option("--body", help="Column of response bodies; pages are read where it is named.")
@click.option("--redirect", help="Column of where fetches were led.")
@click.option("--input-format", metavar="KIND", help="Kind of all FILES; found by their content otherwise.")
@click.option("--zone", metavar="ZONE", help="Zone of times that say none: UTC, +09:00, Asia/Tokyo.")
@click.option("--fetched-at", metavar="DATE", help="When rows without a time were fetched.")
@click.option("--host", help="Host of requests that name none, in access logs; or its origin (http://...).")
@click.option("--shard", help="Column that names the file a copy is in.")
@click.option("--offset", help="Column of the places of copies in their shards.")
@click.option("--content-hash", help="Column of hashes of the contents.")
@click.option("--resume", is_flag=True, help="Go on with a run that was broken, as of then.")
@click.option(
    "--fail-on",
    type=click.Choice(["deny", "review", "never"]),
    default="never",
    show_default=True,
    help="Exit with 1 if a row came to this, or to worse.",
)
@click.option("--quiet", "-q", is_flag=True, help="Say nothing on stderr of how it goes.")
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
    keys: tuple[str, ...],
    resume: bool,
    fail_on: str,
    quiet: bool,
    input_format: str | None,
    zone: str | None,
    fetched_at: str | None,
    host: str | None,
    out: Path,
    form: str,
    **columns: str | None,
) -> None:
    """Judge every row of crawl logs and archives by what was on record at its own time.

    FILES are tables (Parquet, Arrow, CSV, TSV, JSON lines; columns are found by their usual names, or named), web
    archives (WARC, ARC, WACZ), which bring their robots.txt records with them, their indexes (CDX, CDXJ, zipnum),
    access logs, logs of Squid, Heritrix and Scrapy, or a home of the gate: files, folders, patterns, or URLs that
    fsspec opens. --evidence takes archives, tables with url or host, time, status and body, homes, and folders of
    files by host and time. The version of robots.txt in force at a fetch is used; where there is none the finding is
    unknown: the file of today says nothing about then.

    Writes decisions, their bases, the removal list, rejects and a summary into --out, and puts the audit on record in
    a home that is there or named. Exit code 4 if anything could not be judged, 1 see --fail-on.
    """
    try:
        from ..audit import sources
        from ..audit.background import background
        from ..audit.book import EvidenceBook
        from ..audit.output.draft import begun_as_of
        from ..audit.output.known import known_until
        from ..audit.readers import Told, evidence_in, files
        from ..audit.run import Audit, Knowledge
        from ..audit.tables import TableJudge
        from ..audit.times import zone_named
    except ImportError as error:
        raise ConfigError(
            f"audits need {error.name}, which is not installed; install the extra: pip install 'crawlgate[audit]'"
        ) from None
    clock = SystemClock()
    declaration = read_declaration(declaration_file)
    named = {name.removesuffix("_column"): column for name, column in columns.items()}
    told = Told(declaration.token, named, form=input_format, host=host)
    if named["body"] is not None:
        told = replace(told, batch=_ROWS_WITH_BODIES)
    paths, rejects = files(inputs, input_format)
    try:
        of_zone = None if zone is None else zone_named(zone)
    except ConfigError as error:
        raise ConfigError(f"--zone {error}") from None
    lists = [Blocklist(path, vouched_by=vouched_by, verified=vouched_by is not None, keys=keys) for path in blocklists]
    known = background(Home(home), lists, clock=clock)
    now = clock.now()  # whatever came just now is known by then
    begun = begun_as_of(out) if resume and as_of == "now" else None
    if begun is not None:
        as_of = begun
        click.echo(f"as of {begun}, when the run began that is gone on with", err=True)
    book = EvidenceBook()
    judge = TableJudge(
        declaration,
        profile=profile,
        evidence=book,
        notices=known.notices,
        register=known.register,
        people=known.people,
        as_of=_instant(as_of, now),
        now=now,
        zone=of_zone,
        fetched_at=None if fetched_at is None else instant(fetched_at, "--fetched-at"),
    )
    with watching(quiet=quiet) as watch:
        if watch is not None:
            watch.phase("evidence")
        sourced, unused = sources.gather(list(evidence), book, latest=judge.latest, zone=of_zone)
        rejects += unused
        evidence_in([path for path in paths if path not in sourced], told, book.add)
        until = known_until(now, book, known.notices, known.people, declaration, known.register)
        run = Audit(judge, out, told, knowledge=Knowledge(until, known.lists, known.told_people), watch=watch)
        done = run.run(paths, sourced, rejects, resume=resume)
    _record(context, Home(home), out, done, clock, quiet=quiet)
    if form == "json":
        click.echo(orjson.dumps(done.summary))
    else:
        _tell(done, out)
    context.exit(exits.NOT_JUDGED if done.rejected else _found(done, fail_on))


audit = WithVerbs(_audit)


def _found(done: Done, fail_on: str) -> int:
    failing = {"deny": ("deny",), "review": ("deny", "review")}.get(fail_on, ())
    return exits.FINDINGS if any(done.summary["verdicts"][verdict] for verdict in failing) else exits.OK


def _instant(as_of: str, now: datetime) -> datetime | None:
    if as_of == "fetched":
        return None
    return now if as_of == "now" else instant(as_of, "--as-of")


def _record(context: click.Context, home: Home, out: Path, done: Done, clock: Clock, *, quiet: bool) -> None:
    """Put the audit on record in a home that is there, or was named."""
    from ..audit.output.question import digest_of
    from ..audit.output.recorded import RECORDED, note_home, record_audit

    named = context.get_parameter_source("home") is not click.core.ParameterSource.DEFAULT
    if named or home.path.is_dir():
        place = record_audit(home, out, done.summary, clock=clock)
        note_home(out, RECORDED, home, place, digest_of(out / "summary.json"))
        if not quiet:
            click.echo(f"on record in {home.path}: {place}", err=True)


def _tell(done: Done, out: Path) -> None:
    summary = done.summary
    covered = summary["coverage"]
    click.echo(f"{covered['judged']:,} rows judged, {covered['rejected']:,} rejected (rejects.jsonl says why)")
    click.echo(f"{covered['without_robots_of_the_time']:,} of them of hosts without a robots.txt on record by then")
    for one in summary["lists"]:
        if one.get("rejected"):
            click.echo(f"{one['name']}: {one['rejected']:,} of its lines could not be read or were not taken", err=True)
    for verdict, count in summary["verdicts"].items():
        click.echo(f"  {verdict:7} {count:>14,}")
    for reason, count in list(summary["not_allowed_by"].items())[:12]:
        click.echo(f"  {count:>14,}  {reason}")
    for site in summary["sites"][:8]:
        click.echo(f"  {site['denied']:>14,} of {site['rows']:,}  {site['host']}")
    gone = summary["removals"]
    click.echo(f"{gone['rows']:,} rows on the removal list: {gone['by_effect']['deny']:,} to take out")
    click.echo(f"written to {out}; `crawlgate audit report {out}` makes one page of it")
