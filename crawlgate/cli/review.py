"""`crawlgate review`: what waits for a person, and the person's decision as a record of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click
import orjson

from ..audit.lookup import look_up
from ..clock import SystemClock
from ..criteria import CATALOGUE
from ..declaration import instant
from ..domains import Suffixes
from ..errors import ConfigError
from ..explain import explain, printable
from ..home import Home
from ..ledger.overrides import read_overrides
from ..limits import DEFAULT_LIMITS
from ..model import Decision, Outcome, Override, Verdict
from ..policy.overrides import SCOPES
from ..report.recorded import decision_of
from ..report.standing import override_lines
from ..report.words import Words, number
from ..review import OpenItem, ReviewError, open_items
from ..review import decide as record_decision
from ..review import revoke as record_revocation
from ..review.json import item_object, override_object
from ..review.text import item_lines
from ..url import parse

F = TypeVar("F", bound=Callable[..., Any])


def _common(command: F) -> F:
    for option in (
        click.option("--lang", type=click.Choice(["en", "ja"]), default="en", show_default=True),
        click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True),
        click.option(
            "--home",
            type=click.Path(path_type=Path),
            default=Path(".crawlgate"),
            show_default=True,
            help="Directory of ledger and evidence.",
        ),
    ):
        command = option(command)
    return command


@click.group()
def review() -> None:
    """What waits for a person, and what people decided."""


@review.command("list")
@click.option("--host", help="Only this host and those below it.")
@click.option("--criterion", type=click.Choice(list(CATALOGUE.criteria)), help="Only this criterion.")
@_common
def list_(host: str | None, criterion: str | None, home: Path, form: str, lang: str) -> None:
    """Show the open questions, the oldest first: one for each criterion, reason and host."""
    now = SystemClock().now()
    items = open_items(home, now, host=host, criterion=criterion)
    words = Words(lang)
    for item in items:
        if form == "json":
            click.echo(orjson.dumps(item_object(item, now, lang)))
        else:
            click.echo("\n".join(map(printable, item_lines(item, now, words))))
    total = number(sum(item.urls for item in items))
    told = words("review.count", items=number(len(items)), urls=total) if items else words("review.none")
    click.echo(told, err=True)


@review.command()
@click.argument("item", metavar="ITEM|RECORD")
@_common
def show(item: str, home: Path, form: str, lang: str) -> None:
    """Show one open question, or a decision of a person, with all that is known about it."""
    now = SystemClock().now()
    words = Words(lang)
    override = next((o for o in read_overrides(Home(home).ledger) if o.record == item), None)
    if override is not None:
        if form == "json":
            click.echo(orjson.dumps(override_object(override, now)))
        else:
            click.echo("\n".join(map(printable, override_lines(override, now, words))))
        return
    found = _found(item, home, now, lang)
    if form == "json":
        click.echo(orjson.dumps(item_object(found, now, lang)))
        return
    decision = _decision(found.record, home, lang)
    lines = item_lines(found, now, words)
    lines += [f"  {words('review.examples')}:", *(f"    {url}" for url in found.examples), ""]
    click.echo("\n".join(map(printable, lines)))
    click.echo(explain(decision, lang))
    earlier = [o for o in read_overrides(Home(home).ledger) if _touches(o, found.question.host)]
    if earlier:
        click.echo(f"\n{words('review.decided_before')}:")
        for other in earlier:
            click.echo("\n".join(f"  {printable(line)}" for line in override_lines(other, now, words)))
    click.echo(f"\n{words('review.how')}", err=True)
    click.echo(f'  crawlgate review decide {found.id} --allow|--deny --by "..." --reason "..." --scope host '
               "--until 2027-03-31", err=True)  # fmt: skip


@review.command()
@click.argument("item", metavar="[ITEM|RECORD]", required=False)
@click.option("--allow/--deny", "allow", default=None, help="Hold back no longer, or deny.")
@click.option("--by", default="", help="Name of the person who decides.")
@click.option("--reason", default="", help="Why, in a sentence.")
@click.option("--until", default="", help="Last day (2027-03-31) or time with a zone at which it counts.")
@click.option("--scope", type=click.Choice(SCOPES), help="What it covers.")
@click.option("--value", help="The URL, host or domain; taken from the item where it is left out.")
@click.option("--path", "path_prefix", help="With scope path_prefix: the path, as in /news/.")
@click.option("--criterion", "criteria", multiple=True, metavar="ID[=OUTCOME,...]",
              help="What is decided about; all that holds the item back, where it is left out.")  # fmt: skip
@click.option("--acknowledge", "acknowledged", multiple=True, metavar="'ID: WORDS'",
              help="Say in words that one is lifted which is never lifted in passing (B5, C1, C2, C3).")  # fmt: skip
@_common
def decide(item: str | None, home: Path, form: str, lang: str, **said: Any) -> None:
    """Record what a person decided about an open question, a decision of the gate, or a place.

    The decision counts from now until the day named, for the scope and the findings named and for nothing else. It
    is a record of its own, cited by every answer that follows it, and `review revoke` takes it back.
    """
    try:
        _decide(item, home, form, lang, **said)
    except ReviewError as error:
        raise ConfigError(error.text(lang)) from None


@review.command()
@click.argument("record")
@click.option("--by", default="", help="Name of the person who takes it back.")
@click.option("--reason", default="", help="Why, in a sentence.")
@_common
def revoke(record: str, by: str, reason: str, home: Path, form: str, lang: str) -> None:
    """Take back a decision of a person, from now on."""
    try:
        override = record_revocation(home, record, by=by, reason=reason)
    except ReviewError as error:
        raise ConfigError(error.text(lang)) from None
    _tell(override, override.revocation or "", form, lang)


@review.command()
@click.option("--all", "everything", is_flag=True, help="Those that have ended, too.")
@_common
def overrides(everything: bool, home: Path, form: str, lang: str) -> None:
    """Show what people decided, with scope, reason and end."""
    now = SystemClock().now()
    words = Words(lang)
    found = [o for o in read_overrides(Home(home).ledger) if everything or o.in_force(now)]
    for override in found:
        if form == "json":
            click.echo(orjson.dumps(override_object(override, now)))
        else:
            click.echo("\n".join(map(printable, override_lines(override, now, words))))
    if not found:
        click.echo(words("review.no_overrides"), err=True)


def _decide(
    item: str | None,
    home: Path,
    form: str,
    lang: str,
    *,
    allow: bool | None,
    by: str,
    reason: str,
    until: str,
    scope: str | None,
    value: str | None,
    path_prefix: str | None,
    criteria: tuple[str, ...],
    acknowledged: tuple[str, ...],
) -> None:
    now = SystemClock().now()
    if allow is None:
        raise ReviewError("effect")
    if item is None and (value is None or not criteria):
        raise ReviewError("what")
    about, held = _about(item, home, now, lang) if item is not None else (None, {})
    findings = _findings(criteria, held, about)
    if about is not None and not findings:
        raise ReviewError("nothing_held", record=about.record)
    if scope is None:
        raise ReviewError("no_scope", known=", ".join(SCOPES))
    if scope == "path_prefix" and not path_prefix:
        raise ReviewError("path")
    override = record_decision(
        home,
        effect=Verdict.ALLOW if allow else Verdict.DENY,
        by=by,
        reason=reason,
        scope=scope,
        value=value if value is not None else _value(about, scope),
        path_prefix=path_prefix,
        findings=findings,
        until=_until(until),
        acknowledged=dict(_words_of(text) for text in acknowledged),
        about=about,
    )
    _tell(override, override.record, form, lang)
    left = [name for name in held if name not in findings] if allow else []
    if left:
        click.echo(Words(lang)("review.still", criteria=", ".join(left)), err=True)


def _about(item: str, home: Path, now: datetime, lang: str) -> tuple[Decision, dict[str, tuple[Outcome, ...]]]:
    """The gate's decision that is decided about, and what the person is asked by it."""
    if ":" in item:
        decision = _decision(item, home, lang)
        reasons = [finding for finding in decision.reasons if finding.criterion != "D2"]
        return decision, {finding.criterion: (finding.outcome,) for finding in reasons}
    found = _found(item, home, now, lang)
    question = found.question
    return _decision(found.record, home, lang), {question.criterion: (question.outcome,)} | dict.fromkeys(
        found.others, ()
    )


def _findings(
    criteria: tuple[str, ...], held: dict[str, tuple[Outcome, ...]], about: Decision | None
) -> dict[str, tuple[Outcome, ...]]:
    if not criteria:
        return {name: outcomes for name, outcomes in held.items() if outcomes}
    found: dict[str, tuple[Outcome, ...]] = {}
    for text in criteria:
        name, _, outcomes = text.partition("=")
        name = name.strip().upper()
        if name not in CATALOGUE.criteria:
            raise ReviewError("criterion", word=name, near=CATALOGUE.criteria)
        if outcomes:
            found[name] = tuple(_outcome(part.strip()) for part in outcomes.split(","))
        elif about is not None and (finding := about.basis.finding(name)) is not None:
            found[name] = (finding.outcome,)
        elif about is not None:
            raise ReviewError("not_found", criterion=name, record=about.record)
        else:
            raise ReviewError("findings")
    return found


def _outcome(text: str) -> Outcome:
    try:
        return Outcome(text)
    except ValueError:
        raise ReviewError("outcome", word=text, near=Outcome, known=", ".join(Outcome)) from None


def _until(text: str) -> datetime:
    if not text:
        raise ReviewError("until_missing")
    try:
        until = instant(text or None, "--until", end_of_day=True)
    except ConfigError:
        until = None
    if until is None:
        raise ReviewError("until_zone", until=repr(text))
    return until


def _words_of(text: str) -> tuple[str, str]:
    name, colon, words = text.partition(":")
    name = name.strip().upper()
    if not colon or name not in CATALOGUE.criteria:
        raise ReviewError("acknowledge_form", text=text)
    return name, words.strip()


def _value(about: Decision | None, scope: str) -> str:
    assert about is not None  # noqa: S101 - without one there is a value
    url = parse(about.url)
    if scope == "url":
        return url.href
    if scope == "registrable_domain":
        return Suffixes().registrable(url.host) or url.host
    return url.host


def _found(item: str, home: Path, now: datetime, lang: str) -> OpenItem:
    items = {found.id: found for found in open_items(home, now)}
    if item not in items:
        raise ConfigError(ReviewError("no_item", word=item, near=items).text(lang))
    return items[item]


def _decision(record: str, home: Path, lang: str) -> Decision:
    found = look_up(Home(home).ledger, record)
    if found is not None and found.decision is not None:
        return decision_of(found.decision)
    raise ConfigError(ReviewError("no_record", record=record).text(lang))


def _touches(override: Override, host: str) -> bool:
    value = override.value if override.scope != "url" else parse(override.value).host
    return host == value or host.endswith(f".{value}")


def _tell(override: Override, record: str, form: str, lang: str) -> None:
    words, now = Words(lang), SystemClock().now()
    if form == "json":
        click.echo(orjson.dumps(override_object(override, now)))
    else:
        click.echo("\n".join(map(printable, override_lines(override, now, words))))
    seconds = f"{DEFAULT_LIMITS.people_recheck:.0f}"
    click.echo(words("review.recorded", record=record, seconds=seconds), err=True)
