"""`crawlgate corpus`: what a run took, of whom and from where, and the criteria that need all of it (A2, A4, B6)."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from ..audit.corpus import RunFacts, RunFinding, run_facts, run_findings
from ..clock import SystemClock
from ..criteria import CATALOGUE
from ..declaration import instant
from ..explain import EFFECTS, OUTCOMES, printable
from ..home import Home
from ..policy import load_profile
from . import exits
from .asking import read_declaration


@click.command()
@click.option(
    "--home", type=click.Path(path_type=Path), default=Path(".crawlgate"), show_default=True, help="Home of the run."
)
@click.option("--declaration", "declaration_file", type=click.Path(), help="TOML file: for what the copies are.")
@click.option("--profile", default="standard", show_default=True, help="A profile; its [limits] are what counts.")
@click.option("--since", help="Only what was recorded from this time on (ISO 8601, with a zone; a day is its start).")
@click.option("--until", help="Only what was recorded before this time.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--lang", type=click.Choice(["en", "ja"]), default="en", show_default=True)
@click.pass_context
def corpus(
    context: click.Context,
    /,
    home: Path,
    declaration_file: str | None,
    profile: str,
    since: str | None,
    until: str | None,
    form: str,
    lang: str,
) -> None:
    """Weigh a whole run: one creator's share, duplicates, and the volume of each site.

    Reads the ledger. Limits are those of the profile, each with its owner, date and reason; a question for which no
    limit is set goes to a person. Exit code 1 if a finding denies.
    """
    loaded = load_profile(profile)
    declared = read_declaration(declaration_file)
    facts = run_facts(Home(home).ledger, since=instant(since, "--since"), until=instant(until, "--until"))
    found = run_findings(facts, declared, loaded, SystemClock().now())
    lines = [_json(item, lang) for item in found] if form == "json" else [_text(item, lang).encode() for item in found]
    for line in lines:
        click.echo(line)
    click.echo(_summary(facts), err=True)
    context.exit(exits.FINDINGS if any(item.effect == "deny" for item in found) else exits.OK)


def _json(item: RunFinding, lang: str) -> bytes:
    return orjson.dumps(
        {
            "site": item.site or None,
            "criterion": item.finding.criterion,
            "outcome": item.finding.outcome,
            "effect": item.effect,
            "reason": CATALOGUE.sentence(item.finding, lang),
        }
    )


def _text(item: RunFinding, lang: str) -> str:
    where = f"  {item.site}" if item.site else ""
    name, outcome = item.finding.criterion, OUTCOMES[lang][item.finding.outcome]
    return printable(f"{name} {outcome}  {EFFECTS[lang][item.effect]}{where}  {CATALOGUE.sentence(item.finding, lang)}")


def _summary(facts: RunFacts) -> str:
    sites = sum(bool(site.pages) for site in facts.sites.values())
    return f"{facts.fetches} bodies taken, {len(facts.works)} works of {len(facts.creators)} creators, {sites} sites"
