"""`crawlgate inquire`: were these taken, and under which conditions?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from ..audit.asked import lines
from ..audit.taken import Answer
from ..clock import SystemClock
from ..declaration import instant
from ..errors import ConfigError
from ..home import Home
from . import exits
from .progress import reading

if TYPE_CHECKING:
    from ..audit import AddressAnswer, ItemAnswer
    from ..audit.coverage import Coverage

_SECOND = timedelta(seconds=1)


@click.command()
@click.argument("asked", nargs=-1, metavar="[URL|HOST|DOMAIN]...")
@click.option("--file", "lists", multiple=True, type=click.Path(), help="List of URLs, hosts or domains, one a line.")
@click.option("--owner", "owners", multiple=True, help="Name of a rights holder; it goes to a person.")
@click.option("--from", "since", metavar="TIME", help="Only decisions from this day or time (UTC) on.")
@click.option("--to", "until", metavar="TIME", help="Only decisions up to and including this day or time.")
@click.option("--home", type=click.Path(path_type=Path), default=Path(".crawlgate"), show_default=True,
              help="Directory of ledger and evidence.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["text", "json", "html"]), default="text", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="File for --format html.  [default: inquiry.html]")
@click.option("--lang", type=click.Choice(["en", "ja"]), default="en", show_default=True)
@click.option("--limit", type=click.IntRange(min=0), default=20, show_default=True,
              help="Addresses of a host, and decisions about one, that are told in full; 0 is all.")  # fmt: skip
@click.option("--verify", is_flag=True, help="Verify the whole ledger and its evidence first, and make the index anew.")
@click.option("--fail-on", type=click.Choice(["yes", "not-covered"]),
              help="Exit code 1 if anything is answered so, or (not-covered) with yes.")  # fmt: skip
@click.pass_context
def inquire(
    context: click.Context,
    /,
    asked: tuple[str, ...],
    lists: tuple[str, ...],
    owners: tuple[str, ...],
    since: str | None,
    until: str | None,
    home: Path,
    form: str,
    out: Path | None,
    lang: str,
    limit: int,
    verify: bool,
    fail_on: str | None,
) -> None:
    """Was this taken, and under which conditions? Yes, no, or not covered for each thing asked for.

    A URL is found under its other spellings too; a registrable domain stands for all of its hosts. Answers come from
    the ledger of this home alone, and what they cover is said at the end: what never passed the gate is not in it.

    \b
    Exit codes: 0 every question was answered; 1 see --fail-on; 2 usage, or no ledger;
    3 records or evidence that bear on an answer cannot be read, or do not verify;
    4 something asked for is no URL, host or domain, or is a name for a person.
    """
    if not (asked or lists or owners):
        raise click.UsageError("nothing is asked for; name a URL, host or domain, or a list of them with --file")
    if out is not None and form != "html":
        raise click.UsageError("--out is for --format html")
    from ..audit import Inquiry

    if verify:
        _index_anew(home)
    with reading("reading the ledger") as report:
        inquiry = Inquiry(home, since=_since(since), until=_until(until), shown=limit, report=report)
    with inquiry:
        coverage = inquiry.coverage()
        if verify:
            coverage = _verified(coverage, home)
        answers = chain(map(inquiry.name, owners), inquiry.answers(chain(asked, _listed(lists))))
        told = _tell(answers, coverage, home, form, lang, out)
    if not told.count:
        raise ConfigError(f"{', '.join(lists)}: nothing is asked for; write one URL, host or domain on each line")
    context.exit(_code(told, coverage, fail_on))


class _Told:
    """What was told, for the exit code."""

    def __init__(self) -> None:
        self.answers: Counter[Answer] = Counter()
        self.damaged = 0

    @property
    def count(self) -> int:
        return self.answers.total()

    def take(self, item: ItemAnswer) -> ItemAnswer:
        self.answers[item.answer] += 1
        self.damaged += bool(item.faults) or any(map(_damaged, item.addresses))
        return item


def _damaged(found: AddressAnswer) -> bool:
    """True if evidence that was relied on is not what was stored, or a decision cannot be read with its basis."""
    used = (one for step in found.steps for one in step.evidence)
    return any(one.kept is not None and one.kept.intact is False for one in used) or any(map(_damaged, found.through))


def _tell(items: Iterable[ItemAnswer], coverage: Coverage, home: Path, form: str, lang: str, out: Path | None) -> _Told:
    """Write answers, then what they cover."""
    from ..report.words import Words

    told, words, now = _Told(), Words(lang), SystemClock().now()
    found = map(told.take, items)
    if form == "html":
        from ..report.document import write_page
        from ..report.inquiry.page import page

        text = page(list(found), coverage, home, now, lang)
        if told.count:
            click.echo(write_page(text, out or Path("inquiry.html")))
    elif form == "json":
        from ..report.inquiry.json import answer_object, coverage_object

        for item in found:
            click.echo(orjson.dumps(answer_object(item, lang)))
        if told.count:
            click.echo(orjson.dumps(coverage_object(coverage, home, now, told.answers)))
    else:
        from ..report.inquiry.text import coverage_text, item_text

        for item in found:
            click.echo(item_text(item, words) + "\n")
        if told.count:
            click.echo(coverage_text(coverage, words))
    counts = ", ".join(f"{number} {answer.replace('_', ' ')}" for answer, number in sorted(told.answers.items()))
    if told.count:
        click.echo(f"{told.count} asked: {counts}", err=True)
    return told


def _code(told: _Told, coverage: Coverage, fail_on: str | None) -> int:
    if told.damaged or coverage.unreadable or coverage.missing or coverage.verified is False:
        click.echo("crawlgate: some of the ledger or its evidence cannot be read; see what the answers cover", err=True)
        return exits.NOT_VERIFIED
    if told.answers[Answer.UNREADABLE] or told.answers[Answer.NEEDS_PERSON]:
        return exits.NOT_JUDGED
    failing = {"yes": (Answer.YES,), "not-covered": (Answer.YES, Answer.NOT_COVERED)}.get(fail_on or "", ())
    return exits.FINDINGS if any(told.answers[answer] for answer in failing) else exits.OK


def _index_anew(home: Path) -> None:
    """An answer that is to be relied on rests on no index that somebody may have altered."""
    from ..ledger.index.store import Index

    with Index(home) as index, reading("reading the ledger") as report:
        if not index.temporary:  # one that is temporary begins empty
            index.rebuild(report)


def _verified(coverage: Coverage, home: Path) -> Coverage:
    from ..ledger.verify import verify as verify_ledger
    from ..ledger.verify_evidence import verify_evidence

    folders = Home(home)
    good = verify_ledger(folders.ledger).ok and verify_evidence(folders.ledger, folders.evidence).ok
    return replace(coverage, verified=good)


def _listed(lists: Iterable[str]) -> Iterator[str]:
    """What stands in the files, `-` for standard input."""
    for name in lists:
        try:
            with click.open_file(name, encoding="utf-8", errors="replace") as file:
                yield from lines(file)
        except OSError as error:
            raise ConfigError(f"--file {name}: cannot be read: {error.strerror or error}") from None


def _since(text: str | None) -> datetime | None:
    return instant(text, "--from")


def _until(text: str | None) -> datetime | None:
    """The second after the last one that counts."""
    at = instant(text, "--to", end_of_day=True)
    return None if at is None else at.replace(microsecond=0) + _SECOND
