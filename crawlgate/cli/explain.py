"""`crawlgate explain`: a criterion, a statement of the source, or the story of one recorded decision."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from ..audit.lookup import Found, evidence_of, look_up, nearest_name, outcomes_of
from ..clock import SystemClock
from ..criteria import CATALOGUE
from ..criteria.passages import statements
from ..declaration import nearest
from ..errors import ConfigError
from ..explain import printable
from ..home import Home
from ..ledger.overrides import read_overrides
from ..report.criterion import (
    criterion_markdown,
    criterion_object,
    criterion_text,
    index_markdown,
    index_text,
    statement_object,
    statement_text,
)
from ..report.standing import override_lines
from ..report.story import Story, story_object, story_text
from ..report.words import Words
from ..review.json import override_object


@click.command()
@click.argument("what", metavar="[CRITERION|STATEMENT|RECORD]", required=False)
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    default=Path(".crawlgate"),
    show_default=True,
    help="Directory of the ledger in which a record stands.",
)
@click.option("--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
@click.option("--lang", type=click.Choice(["en", "ja"]), default="en", show_default=True)
def explain(what: str | None, home: Path, form: str, lang: str) -> None:
    """Explain a criterion (B2), a statement of the source (ST23), or a record (segment:number).

    A criterion: its question, the exact words it rests on, what makes each outcome, what bears on it, its effects in
    each profile, and what only people can decide. A record: what was asked and seen, which criteria and passages,
    what was not assessed, and what a person must still decide. Without an argument the criteria are listed.
    """
    if form == "markdown" and what is not None and what.upper() not in CATALOGUE.criteria:
        raise click.UsageError("--format markdown is for criteria")
    if what is None:
        click.echo(_index(form, lang), nl=form != "markdown")
    elif what.upper() in CATALOGUE.criteria:
        click.echo(_criterion(what.upper(), form, lang), nl=form != "markdown")
    elif what.upper() in statements():
        told = statement_object(what.upper()) if form == "json" else statement_text(what.upper(), lang)
        click.echo(orjson.dumps(told) if isinstance(told, dict) else told)
    else:
        click.echo(_record(what, Home(home).ledger, form, lang))


def _index(form: str, lang: str) -> str | bytes:
    if form == "json":
        return b"\n".join(orjson.dumps(criterion_object(name, lang)) for name in CATALOGUE.criteria)
    return index_markdown() if form == "markdown" else index_text(lang)


def _criterion(name: str, form: str, lang: str) -> str | bytes:
    if form == "json":
        return orjson.dumps(criterion_object(name, lang))
    return criterion_markdown(name) if form == "markdown" else criterion_text(name, lang)


def _record(name: str, ledger: Path, form: str, lang: str) -> str | bytes:
    words = Words(lang)
    if ":" not in name:
        if name.startswith("R-"):
            raise ConfigError(words("explain_error.item", word=printable(name)))
        near = nearest(name.upper(), [*CATALOGUE.criteria, *statements()])
        hint = words("review_error.hint", near=near) if near else ""
        known = ", ".join(CATALOGUE.criteria)
        raise ConfigError(words("explain_error.criterion", word=name, hint=hint, known=known))
    found = look_up(ledger, name)
    if found is None:
        near = nearest_name(ledger, name)
        hint = words("review_error.hint", near=near) if near else ""
        raise ConfigError(words("explain_error.record", word=name, place=ledger, hint=hint))
    if found.record.kind == "outcome":
        owner = look_up(ledger, str(found.record.table.get("decision")))
        found = owner if owner is not None and owner.decision is not None else found
    if found.decision is not None:
        story = _story(found, ledger)
        return orjson.dumps(story_object(story, lang)) if form == "json" else story_text(story, lang)
    overrides = {override.record: override for override in read_overrides(ledger)}
    override = overrides.get(str(found.record.table.get("override", name)))
    if override is None:
        raise ConfigError(words("explain_error.kind", word=name, kind=words.known("kind", found.record.kind)))
    now = SystemClock().now()
    if form == "json":
        return orjson.dumps(override_object(override, now))
    return "\n".join(map(printable, override_lines(override, now, words)))


def _story(found: Found, ledger: Path) -> Story:
    assert found.decision is not None  # noqa: S101 - asked before
    basis = found.decision.basis
    listed = basis.get("evidence")
    ids = {item for item in listed if isinstance(item, str)} if isinstance(listed, list) else set()
    cited = basis.get("overrides")
    return Story(
        record=found.decision,
        head=found.head,
        evidence=evidence_of(ledger, found.decision.segment, ids) if ids else {},
        outcomes=outcomes_of(ledger, found.decision.record),
        overrides=read_overrides(ledger) if cited else (),
    )
