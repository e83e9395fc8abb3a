"""`crawlgate inquire URL|HOST`: what the ledger says about one URL, host or domain."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from ..audit import Answer
from ..audit import inquire as inquire_ledger
from ..explain import printable
from ..home import Home


@click.command()
@click.argument("asked", metavar="URL|HOST|DOMAIN")
@click.option("--home", default=".crawlgate", show_default=True, help="Directory of ledger, evidence and lists.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def inquire(asked: str, home: str, form: str) -> None:
    """Was this taken, and under which conditions? One line for each decision, oldest first.

    Answers from the ledger of this home alone: what never passed the gate is not in it.
    """
    count = taken = 0
    for answer in inquire_ledger(Home(Path(home)).ledger, asked):
        count += 1
        taken += answer.taken
        click.echo(_line(answer) if form == "text" else orjson.dumps(_object(answer)))
    if count == 0:
        click.echo(
            f"nothing about {printable(asked)} in this ledger; what never passed the gate is not in it", err=True
        )
    else:
        click.echo(f"{count} decisions, {taken} bodies handed out", err=True)


def _line(answer: Answer) -> str:
    decision = answer.decision
    reasons = ",".join(decision.basis.get("reasons", ())) or "-"
    became = ", ".join(str(outcome.get("disposition")) for outcome in answer.outcomes) or "-"
    when = decision.at.isoformat(timespec="seconds").replace("+00:00", "Z")
    stage = decision.basis.get("stage", "?")
    return f"{when}  {decision.verdict or '?':<6}  {stage:<10}  {reasons:<8}  {became:<16}  {printable(decision.url)}"


def _object(answer: Answer) -> dict[str, object]:
    decision = answer.decision
    return {
        "url": decision.url,
        "at": decision.at,
        "verdict": decision.verdict,
        "stage": decision.basis.get("stage"),
        "reasons": decision.basis.get("reasons"),
        "findings": decision.basis.get("findings"),
        "not_assessed": decision.basis.get("not_assessed"),
        "outcomes": answer.outcomes,
        "taken": answer.taken,
        "record": decision.record,
    }
