"""`crawlgate judge CASES.jsonl`: what the gate would say if the web, the collector and the lists were like this."""

from __future__ import annotations

from typing import BinaryIO

import click
import orjson

from ..cases import NotJudged, read_case
from ..cases import judge as judge_case
from ..criteria import CATALOGUE
from ..errors import CrawlgateError
from ..policy import Profile, load_profile
from . import exits


@click.command()
@click.argument("cases", type=click.File("rb"))
@click.option("--profile", default="standard", show_default=True, help="strict, standard, minimal, or a TOML file.")
@click.option("--lang", type=click.Choice(["en", "ja"]), default="en", show_default=True, help="Language of reasons.")
@click.pass_context
def judge(context: click.Context, /, cases: BinaryIO, profile: str, lang: str) -> None:
    """Judge cases without any traffic, one JSON object a line; `-` reads standard input.

    Prints one JSON object a line. A case that this version does not judge, or cannot read, is printed with
    the reason, and the exit code is 4. Fields called "expected" are never read.
    """
    effects = load_profile(profile)
    judged = refused = 0
    for number, line in enumerate(cases, 1):
        if not line.strip():
            continue
        result = _judged(line, effects, lang)
        if result["verdict"] is None:
            refused += 1
            why = result.get("not_judged") or result.get("error")
            click.echo(f"line {number}, case {result['id'] or '?'}: {why}", err=True)
        else:
            judged += 1
        click.echo(orjson.dumps(result))
    click.echo(f"{judged} judged, {refused} not judged, profile {effects.name}", err=True)
    if judged + refused == 0:
        raise click.UsageError(f"{cases.name}: there is no case in it")
    context.exit(exits.NOT_JUDGED if refused else exits.OK)


def _judged(line: bytes, profile: Profile, lang: str) -> dict[str, object]:
    result: dict[str, object] = {
        "id": "",
        "verdict": None,
        "temporary": None,
        "findings": {},
        "reasons": [],
        "profile": profile.name,
    }
    try:
        table = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return result | {"error": f"not JSON: {error}"}
    if isinstance(table, dict):
        result["id"] = str(table.get("id", ""))
    try:
        basis = judge_case(read_case(table), profile)
    except NotJudged as error:
        return result | {"not_judged": str(error)}
    except CrawlgateError as error:
        return result | {"error": str(error)}
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        # One odd case must not cost the answers of all that follow.
        return result | {"error": f"a field has a value that it cannot have: {error}"[:300]}
    return result | {
        "verdict": basis.verdict,
        "temporary": basis.temporary,
        "findings": {finding.criterion: finding.outcome for finding in basis.findings},
        "reasons": [f"{finding.criterion}: {CATALOGUE.sentence(finding, lang)}" for finding in basis.reasons],
    }
