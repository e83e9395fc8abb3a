"""`crawlgate config init`, `check` and `show`: the files that a person writes, and what they come to."""

from __future__ import annotations

from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any

import click
import orjson

from ..clock import SystemClock
from ..criteria import CATALOGUE
from ..criteria.limits import LIMITS, UNITS
from ..declaration import from_table
from ..errors import ConfigError
from ..explain import EFFECTS, OUTCOMES, printable
from ..licences import read_licences
from ..model import Declaration, Licence, Outcome, Verdict
from ..policy import Profile, load_profile
from ..policy.config import parse_profile, read_toml
from ..policy.text import profile_toml
from . import exits

POLICY_SCHEMA = "crawlgate.policy/1"
CHECK_SCHEMA = "crawlgate.config-check/1"
FILES = {"declaration": "declaration.toml", "profile": "profile.toml"}
_OF_PROFILES = {"effects", "based_on", "audit_effects", "limits"}
_OF_DECLARATIONS = {"operator", "token", "user_agent"}
_OF_LICENCES = {"licensor", "licences"}
_language = click.option("--lang", type=click.Choice(["en", "ja"]), default="en", show_default=True)
_form = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)


@click.group()
def config() -> None:
    """Write, check and show the files that say who asks and what follows from a finding."""


@config.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option("--profile", default="standard", show_default=True, help="Begin with strict, standard or minimal.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
@_language
def init(directory: Path, profile: str, force: bool, lang: str) -> None:
    """Write a declaration and a profile with comments to begin with.

    The declaration holds example values to be replaced. The profile is the whole of a built-in one; figures that
    a project sets itself stand in it as comments.
    """
    effects = load_profile(profile)
    written = {
        FILES["declaration"]: _starter("declaration", lang),
        FILES["profile"]: profile_toml(effects, lang).replace(f'name = "{effects.name}"', 'name = "mine"', 1),
    }
    there = [name for name in written if (directory / name).exists()]
    if there and not force:
        raise ConfigError(f"{directory / there[0]} is there already; write over it with --force")
    for name, content in written.items():
        path = directory / name
        try:
            directory.mkdir(parents=True, exist_ok=True)
            path.write_text(content, "utf-8")
        except OSError as error:
            raise ConfigError(f"{path}: cannot be written: {error.strerror or error}") from None
        click.echo(path)
    click.echo("change them, then: crawlgate config check", err=True)


@config.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@_form
@click.pass_context
def check(context: click.Context, /, files: tuple[Path, ...], form: str) -> None:
    """Check declarations, profiles and licences; without FILES those that `config init` names.

    Every file is read. What is wrong is told with file, key and a suggestion, and the exit code is 2.
    """
    wanted = files or tuple(path for name in FILES.values() if (path := Path(name)).exists())
    if not wanted:
        raise click.UsageError(f"there is no {' or '.join(FILES.values())} here; name a file, or run config init")
    ok = True
    for path in wanted:
        told = _checked(path)
        ok = ok and told["ok"]
        if form == "json":
            click.echo(orjson.dumps(told))
        else:
            if told["ok"]:
                click.echo(f"{path}: {told['kind']} {told['name']} is fine; sha256:{told['sha256'] or '-'}")
            else:
                click.echo(f"crawlgate: {told['error']}", err=True)
            for hint in told["hints"]:
                click.echo(f"{path}: {hint}", err=True)
    context.exit(exits.OK if ok else exits.USAGE)


@config.command()
@click.argument("profile", default="standard")
@click.option("--declaration", "declaration_file", type=click.Path(path_type=Path), help="Show who asks, too.")
@click.option("--format", "form", type=click.Choice(["text", "json", "toml"]), default="text", show_default=True)
@_language
def show(profile: str, declaration_file: Path | None, form: str, lang: str) -> None:
    """Show what a PROFILE comes to: every effect, every limit, and the hash by which records name it.

    As toml it is a whole profile that can be saved and changed.
    """
    effects = load_profile(profile)
    declared = _declaration(declaration_file) if declaration_file else None
    if form == "toml":
        click.echo(profile_toml(effects, lang), nl=False)
    elif form == "json":
        click.echo(orjson.dumps(policy_object(effects, declared)))
    else:
        click.echo("\n".join(map(printable, _shown(effects, declared, lang))))


def policy_object(profile: Profile, declared: Declaration | None = None) -> dict[str, Any]:
    """The effective policy for machines (schema `crawlgate.policy/1`, docs/schemas/policy.json)."""
    return {
        "schema": POLICY_SCHEMA,
        "name": profile.name,
        "description": profile.description,
        "description_ja": profile.description_ja,
        "based_on": profile.based_on,
        "rule_pack": CATALOGUE.rule_pack,
        "source_document": CATALOGUE.source_document,
        "sha256": profile.hash,
        "policy": profile.policy,
        "declaration": asdict(declared) if declared else None,
    }


_WORDS = {
    "en": {
        "based_on": "based on",
        "rule_pack": "rule pack",
        "audit": "audit of old logs",
        "limits": "limits of this project",
        "no_limit": "not set: a question that needs it goes to a person",
        "declared": "declared",
    },
    "ja": {
        "based_on": "基にしたプロファイル",
        "rule_pack": "規則パック",
        "audit": "過去ログの監査",
        "limits": "本プロジェクトが定めた数値",
        "no_limit": "定めなし（これを要する事項は人の判断による）",
        "declared": "申告内容",
    },
}


def _shown(profile: Profile, declared: Declaration | None, lang: str) -> list[str]:
    words = _WORDS[lang]
    described = profile.description_ja if lang == "ja" else ""

    def effect(verdict: str) -> str:
        return EFFECTS[lang][Verdict(verdict)]

    lines = [f"{profile.name}: {described or profile.description}".rstrip(": ")]
    lines.append(f"sha256:{profile.hash}")
    lines.append(f"{words['rule_pack']}: {CATALOGUE.rule_pack}")
    if profile.based_on:
        lines.append(f"{words['based_on']}: {profile.based_on}")
    lines.append("")
    for name, criterion in CATALOGUE.criteria.items():
        lines.append(f"{name}  {criterion.title(lang)}")
        row = profile.policy["effects"][name]
        told = [
            f"{OUTCOMES[lang][o]}: {effect(row[o])}" for o in Outcome if o in criterion.weighed or row[o] != "allow"
        ]
        if told:
            lines.append(f"    {'; '.join(told)}")
    for name, row in profile.policy["audit_effects"].items():
        told = [f"{name} {OUTCOMES[lang][Outcome(outcome)]}: {effect(verdict)}" for outcome, verdict in row.items()]
        lines += ["", f"{words['audit']}: {'; '.join(told)}"]
    lines += ["", f"{words['limits']}:"]
    for name, known in LIMITS.items():
        limit = profile.limits.get(name)
        value = words["no_limit"]
        if limit is not None:
            figure = f"{limit.value:,} {UNITS[lang][limit.unit]}"
            value = f"{figure} ({limit.owner}, {limit.date.isoformat()}: {limit.reason})"
        lines.append(f"    {name} ({known.criterion}): {value}")
    if declared is not None:
        lines += ["", f"{words['declared']}:"]
        lines += [f"    {key}: {value}" for key, value in asdict(declared).items() if value not in (None, (), [])]
    return lines


def _checked(path: Path) -> dict[str, Any]:
    told: dict[str, Any] = {"schema": CHECK_SCHEMA, "file": str(path), "kind": None, "ok": False, "name": None}
    told |= {"sha256": None, "hints": [], "error": None}
    try:
        raw = path.read_bytes()
        table = read_toml(raw, str(path))
        told["kind"] = _kind(table, path)
        if told["kind"] == "profile":
            profile = parse_profile(raw, str(path))
            told |= {"ok": True, "name": profile.name, "sha256": profile.hash, "hints": _profile_hints(profile)}
        elif told["kind"] == "licence":
            licences = read_licences(path)
            names = ", ".join(dict.fromkeys(licence.licensor for licence in licences))
            told |= {"ok": True, "name": names, "hints": _licence_hints(licences)}
        else:
            declared = from_table(table, f"declaration {path}")
            told |= {"ok": True, "name": declared.operator, "hints": _declaration_hints(declared)}
    except OSError as error:
        told["error"] = f"{path}: cannot be read: {error.strerror or error}"
    except ConfigError as error:
        told["error"] = str(error)
    return told


def _kind(table: dict[str, Any], path: Path) -> str:
    if _OF_PROFILES & table.keys():
        return "profile"
    if _OF_DECLARATIONS & table.keys():
        return "declaration"
    if _OF_LICENCES & table.keys():
        return "licence"
    raise ConfigError(
        f"{path}: is no profile (it has no effects and no based_on), no declaration (no operator) and no licence (no "
        "licensor)"
    )


def _profile_hints(profile: Profile) -> list[str]:
    unset: dict[str, list[str]] = {}
    for name, known in LIMITS.items():
        if name not in profile.limits:
            unset.setdefault(known.criterion, []).append(name)
    return [
        f"limits not set for {criterion} ({', '.join(names)}): what needs them goes to a person"
        for criterion, names in unset.items()
    ]


def _declaration_hints(declared: Declaration) -> list[str]:
    example = from_table(read_toml(_starter("declaration", "en").encode(), "starter"))
    hints = [
        f"{name} is still the example's ({getattr(example, name)!r})"
        for name in ("operator", "token", "user_agent")
        if getattr(declared, name) == getattr(example, name)
    ]
    if not declared.token_published:
        hints.append("token_published is false: a site cannot name this crawler in robots.txt (D3 not met)")
    return hints


def _licence_hints(licences: tuple[Licence, ...]) -> list[str]:
    now = SystemClock().now()
    hints = [
        f"{lic.licensor}: ended on {lic.valid_to.date()}" for lic in licences if lic.valid_to and lic.valid_to < now
    ]
    return hints + [f"{lic.licensor}: no reference, so nobody can look it up" for lic in licences if not lic.reference]


def _declaration(path: Path) -> Declaration:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"declaration {path}: cannot be read: {error.strerror or error}") from None
    return from_table(read_toml(raw, f"declaration {path}"), f"declaration {path}")


def _starter(name: str, lang: str) -> str:
    return resources.files(__package__).joinpath("starters", f"{name}.{lang}.toml").read_text("utf-8")
