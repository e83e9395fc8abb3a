"""`crawlgate check URL...`: ask the gate about URLs before anything is fetched from them."""

from __future__ import annotations

import sys
from typing import Any

import click
import orjson

from ..model import Decision, Verdict
from ..report.json import decision_object
from . import exits
from .asking import gate_options, open_gate

_COLOURS = {Verdict.ALLOW: "green", Verdict.REVIEW: "yellow", Verdict.DENY: "red"}
_SEVERITY = {Verdict.ALLOW: 0, Verdict.REVIEW: 1, Verdict.DENY: 2}


@click.command()
@click.argument("urls", nargs=-1, required=True)
@gate_options
@click.option("--lang", type=click.Choice(["en", "ja"]), default="en", show_default=True)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--fail-on",
    type=click.Choice(["review", "deny", "never"]),
    default="deny",
    show_default=True,
    help="Exit with 1 if a verdict is at least this severe.",
)
@click.pass_context
def check(context: click.Context, /, urls: tuple[str, ...], lang: str, form: str, fail_on: str, **options: Any) -> None:
    """Ask about each URL: verdict, the criteria that decided, the line or header that said so, and what was
    not assessed. Only policy files (robots.txt, tdmrep.json) are fetched. `-` reads URLs from standard input.
    """
    asked: list[str] = []
    for item in urls:
        asked += sys.stdin.read().split() if item == "-" else [item]
    if not asked:
        raise click.UsageError("there is no URL to ask about")
    with open_gate(**options) as gate:
        decisions = [_show(gate.check(url), lang, form) for url in asked]
    if not options.get("addresses") and any("address_refused" in decision.explain() for decision in decisions):
        click.echo(
            "an address that is not public was not reached; if it is yours, allow it: --allow-address CIDR", err=True
        )
    if any(decision.problem for decision in decisions):
        context.exit(exits.NOT_JUDGED)
    worst = max(_SEVERITY[decision.verdict] for decision in decisions)
    context.exit(exits.FINDINGS if fail_on != "never" and worst >= _SEVERITY[Verdict(fail_on)] else exits.OK)


def _show(decision: Decision, lang: str, form: str) -> Decision:
    if form == "json":
        click.echo(orjson.dumps(decision_object(decision, lang)))
        return decision
    head, _, rest = decision.explain(lang).partition("\n")
    click.echo(click.style(head, fg=_COLOURS[decision.verdict], bold=True))
    if rest:
        click.echo(rest)
    click.echo(f"  record {decision.record}")
    return decision
