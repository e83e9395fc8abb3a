"""`crawlgate explain B2`: a criterion, its statement, its sources and what it does in each profile."""

from __future__ import annotations

import click

from ..criteria import CATALOGUE
from ..declaration import suggestion
from ..explain import OUTCOMES, VERDICTS
from ..model import Outcome, Stage, Verdict
from ..policy.config import BUILT_IN, load_profile


@click.command()
@click.argument("criterion")
@click.option("--lang", type=click.Choice(["en", "ja"]), default="en", show_default=True)
def explain(criterion: str, lang: str) -> None:
    """Show a criterion: what findings against it say, which statements it rests on, its effects by profile."""
    name = criterion.upper()
    if name not in CATALOGUE.criteria:
        hint = suggestion(name, CATALOGUE.criteria)
        raise click.UsageError(f"{criterion!r} is no criterion{hint}; known: {', '.join(CATALOGUE.criteria)}")
    described = CATALOGUE[name]
    click.echo(f"{name}  {described.title(lang)}  ({described.key})")
    click.echo(f"  {described.statement}")
    click.echo(f"  rests on {', '.join(described.sources)} of: {CATALOGUE.source_document}")
    if described.lifted_by_permission:
        click.echo("  its effect is lifted by a licence in force (D2)")
    profiles = [load_profile(profile) for profile in BUILT_IN]
    for outcome in Outcome:
        effects = [profile.effect(name, outcome, Stage.PRE_FETCH) for profile in profiles]
        if any(effect is not Verdict.ALLOW for effect in effects):
            told = ", ".join(
                f"{profile.name}: {VERDICTS[lang][effect]}" for profile, effect in zip(profiles, effects, strict=True)
            )
            click.echo(f"  {OUTCOMES[lang][outcome]}: {told}")
