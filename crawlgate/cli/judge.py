"""`crawlgate judge CASES.jsonl`: what the gate would say if the web, the collector and the lists were like this."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import click
import orjson

from ..cases import NotJudged, read_case
from ..cases import judge as judge_case
from ..criteria import CATALOGUE
from ..errors import ConfigError, CrawlgateError
from ..explain import EFFECTS, OUTCOMES, printable
from ..model import Outcome, Verdict
from ..policy import Profile, load_profile
from ..policy.config import BUILT_IN
from ..report.json import basis_object
from . import exits


@click.command()
@click.argument("cases", type=click.File("rb"), required=False)
@click.option("--profile", default="standard", show_default=True, help="strict, standard, minimal, or a TOML file.")
@click.option(
    "--diff",
    nargs=2,
    metavar="A B",
    help="Show what changes from A to B; each is a profile, or a file with what this command printed before.",
)
@click.option("--details", is_flag=True, help="Add what each finding rests on, what was not assessed and is left open.")
@click.option("--format", "form", type=click.Choice(["json", "text"]), default="json", show_default=True)
@click.option("--lang", type=click.Choice(["en", "ja"]), default="en", show_default=True, help="Language of reasons.")
@click.pass_context
def judge(
    context: click.Context,
    /,
    cases: BinaryIO | None,
    profile: str,
    diff: tuple[str, str] | None,
    details: bool,
    form: str,
    lang: str,
) -> None:
    """Judge cases without any traffic, one JSON object a line; `-` reads standard input.

    Prints one JSON object a line. A case that this version does not judge, or cannot read, is printed with
    the reason, and the exit code is 4. Fields called "expected" are never read.

    With --diff only what changes is printed: the same cases under two profiles, or two outputs of this command,
    made by two versions of the rule pack for instance. CASES is needed where A or B is a profile.
    """
    if diff is not None:
        context.exit(_diff(cases, diff, form, lang))
    if cases is None:
        raise click.UsageError("name a file with cases, or - for standard input")
    effects = load_profile(profile)
    judged = refused = 0
    for number, result in _judgements(cases, effects, lang, details):
        if result["verdict"] is None:
            refused += 1
            why = result.get("not_judged") or result.get("error")
            click.echo(f"line {number}, case {printable(str(result['id'])) or '?'}: {why}", err=True)
        else:
            judged += 1
        for why in result.get("not_taken", ()):
            click.echo(
                f"line {number}, case {printable(str(result['id'])) or '?'}: not taken: {printable(why)}", err=True
            )
        click.echo(orjson.dumps(result) if form == "json" else _judged_text(result, lang))
    click.echo(f"{judged} judged, {refused} not judged, profile {effects.name}", err=True)
    if judged + refused == 0:
        raise click.UsageError(f"{cases.name}: there is no case in it")
    context.exit(exits.NOT_JUDGED if refused else exits.OK)


def _judgements(
    cases: Iterable[bytes], profile: Profile, lang: str, details: bool = False
) -> Iterator[tuple[int, dict[str, Any]]]:
    return ((number, _judged(line, profile, lang, details)) for number, line in enumerate(cases, 1) if line.strip())


def _judged(line: bytes, profile: Profile, lang: str, details: bool) -> dict[str, Any]:
    result: dict[str, Any] = {
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
        case = read_case(table)
        basis = judge_case(case, profile)
    except NotJudged as error:
        return result | {"not_judged": str(error)}
    except CrawlgateError as error:
        return result | {"error": str(error)}
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        # One odd case must not cost the answers of all that follow.
        return result | {"error": f"a field has a value that it cannot have: {error}"[:300]}
    result |= {"details": basis_object(basis, lang)} if details else {}
    result |= {"not_taken": case.not_taken} if case.not_taken else {}
    return result | {
        "verdict": basis.verdict,
        "temporary": basis.temporary,
        "findings": {finding.criterion: finding.outcome for finding in basis.findings},
        "reasons": [f"{finding.criterion}: {CATALOGUE.sentence(finding, lang)}" for finding in basis.reasons],
    }


def _judged_text(result: dict[str, Any], lang: str) -> str:
    verdict = result["verdict"]
    said = EFFECTS[lang][Verdict(verdict)] if verdict else result.get("not_judged") or result.get("error")
    lines = [f"{result['id'] or '?'}: {said}", *(f"  {reason}" for reason in result["reasons"])]
    told = result.get("details", {})
    for name, found in told.get("findings", {}).items():
        lines.append(f"    {name} {OUTCOMES[lang][found['outcome']]} [{', '.join(found['sources'])}]: {found['text']}")
    lines += [f"    ? {question['text']}" for question in told.get("for_people", ())]
    return "\n".join(printable(str(line)) for line in lines)


# -- two judgements of the same cases ---------------------------------------------------------------------


def _diff(cases: BinaryIO | None, pair: tuple[str, str], form: str, lang: str) -> int:
    from ..report.changes import changes, paired

    lines = cases.readlines() if cases is not None else None
    before, after = (_side(name, lines, lang) for name in pair)
    total = changed = 0
    for old, new in paired(before, after):
        total += 1
        table = changes(old, new)
        if table is not None:
            changed += 1
            click.echo(orjson.dumps(table) if form == "json" else _changed_text(table, pair, lang))
    click.echo(f"{total} cases, {changed} change from {pair[0]} to {pair[1]}", err=True)
    unjudged = any(side["verdict"] is None for side in (*before, *after))
    return exits.NOT_JUDGED if unjudged else exits.OK


def _side(name: str, lines: list[bytes] | None, lang: str) -> list[dict[str, Any]]:
    """The judgements of one side of a comparison: made now under a profile, or read from a file."""
    if name in BUILT_IN or Path(name).suffix == ".toml" or not Path(name).exists():
        profile = load_profile(name)
        if lines is None:
            raise click.UsageError(f"--diff: {name} is a profile, so a file with cases is needed")
        judged = [result for _, result in _judgements(lines, profile, lang)]
        if not judged:
            raise click.UsageError("there is no case to judge")
        return judged
    return _saved(Path(name))


def _saved(path: Path) -> list[dict[str, Any]]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None
    found = []
    for number, line in enumerate(raw.splitlines(), 1):
        if not line.strip():
            continue
        try:
            table = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise ConfigError(f"{path}, line {number}: not JSON: {error}") from None
        if not isinstance(table, dict) or not {"id", "verdict", "findings"} <= table.keys():
            raise ConfigError(
                f"{path}, line {number}: is no output of crawlgate judge (id, verdict and findings); "
                "make one with: crawlgate judge CASES > FILE"
            )
        found.append(table)
    if not found:
        raise ConfigError(f"{path}: there is no judgement in it")
    return found


_ABSENT = {"en": ("not there", "not assessed"), "ja": ("なし", "評価していない")}


def _changed_text(table: dict[str, Any], pair: tuple[str, str], lang: str) -> str:
    absent, not_assessed = _ABSENT[lang]
    there = table["in"]
    head = str(table["id"] or "?")
    if not all(there):
        head += f"  ({pair[there.index(False)]}: {absent})"
    lines = [head]
    if "verdict" in table:
        old, new = (EFFECTS[lang][Verdict(v)] if v in set(Verdict) else absent for v in table["verdict"])
        lines.append(f"  {old} -> {new}")
    for name, outcomes in table.get("findings", {}).items():
        old, new = (OUTCOMES[lang][Outcome(o)] if o in set(Outcome) else not_assessed for o in outcomes)
        lines.append(f"  {name} {old} -> {new}")
    for sign, reasons in zip("-+", table.get("reasons", ([], [])), strict=False):
        lines += [f"  {sign} {reason}" for reason in reasons]
    lines += [f"  {key}: {table[key][0]} -> {table[key][1]}" for key in ("error", "not_judged") if key in table]
    return "\n".join(printable(line) for line in lines)
