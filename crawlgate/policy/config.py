"""Profiles: TOML files that say which effect an outcome of a criterion has."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from ..criteria import CATALOGUE
from ..declaration import suggestion
from ..errors import ConfigError
from ..model import NamedLimit, Outcome, Stage, Verdict
from .limits import read_limits

BUILT_IN = ("strict", "standard", "minimal")
_KEYS = ("name", "description", "effects", "audit_effects", "limits")
# An old log is judged with the audit effects: evidence nobody kept is not a refusal.
_AUDIT_STAGES = (Stage.AUDIT, Stage.RETRO)

Effects = Mapping[str, Mapping[Outcome, Verdict]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Effects by criterion and outcome, and the limits that the project set, by name.

    `hash` is the sha256 of the file, so that a record can name it.
    """

    name: str
    description: str
    effects: Effects
    audit_effects: Effects
    hash: str
    limits: Mapping[str, NamedLimit] = field(default_factory=dict)

    def effect(self, criterion: str, outcome: Outcome, stage: Stage) -> Verdict:
        """What the outcome does to the verdict; an outcome without an entry does nothing (allow)."""
        if stage in _AUDIT_STAGES:
            override = self.audit_effects.get(criterion, {}).get(outcome)
            if override is not None:
                return override
        return self.effects.get(criterion, {}).get(outcome, Verdict.ALLOW)


def load_profile(name_or_path: str | Path) -> Profile:
    """The built-in profile of that name, or the one in a TOML file.

    Raises `ConfigError` that names the file, the key path, the reason and a suggestion.
    """
    if name_or_path in BUILT_IN:
        where = str(name_or_path)
        raw = resources.files(__package__).joinpath("profiles", f"{name_or_path}.toml").read_bytes()
    else:
        path = Path(name_or_path)
        where = str(path)
        if path.suffix != ".toml" and not path.exists():
            raise ConfigError(
                f"profile {where!r} is unknown{suggestion(where, BUILT_IN)}; use one of {', '.join(BUILT_IN)} "
                "or a path to a TOML file"
            )
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise ConfigError(f"profile {where}: cannot be read: {error.strerror or error}") from None
    return parse_profile(raw, where)


def parse_profile(raw: bytes, where: str) -> Profile:
    """Read and check the bytes of a profile; `where` names it in errors."""
    table = read_toml(raw, f"profile {where}")
    for key in table:
        if key not in _KEYS:
            raise ConfigError(f"profile {where}: key {key!r} is unknown{suggestion(key, _KEYS)}")
    for key in ("name", "effects"):
        if key not in table:
            raise ConfigError(f"profile {where}: key {key!r} is missing")
    return Profile(
        name=str(table["name"]),
        description=str(table.get("description", "")),
        effects=_effects(table["effects"], f"profile {where}: effects"),
        audit_effects=_effects(table.get("audit_effects", {}), f"profile {where}: audit_effects"),
        hash=hashlib.sha256(raw).hexdigest(),
        limits=read_limits(table.get("limits", {}), f"profile {where}: limits"),
    )


def read_toml(raw: bytes, where: str) -> dict[str, Any]:
    """A TOML document as a table; `ConfigError` with the place where it cannot be read."""
    try:
        return tomllib.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{where}: not UTF-8 at byte {error.start}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: not valid TOML: {error}") from None


def _effects(table: Any, where: str) -> Effects:
    if not isinstance(table, dict):
        raise ConfigError(f"{where} must be a table")
    effects: dict[str, dict[Outcome, Verdict]] = {}
    for criterion, row in table.items():
        if criterion not in CATALOGUE.criteria:
            raise ConfigError(f"{where}.{criterion} is no criterion{suggestion(criterion, CATALOGUE.criteria)}")
        if not isinstance(row, dict):
            raise ConfigError(f"{where}.{criterion} must be a table of outcome = effect")
        effects[criterion] = {
            _member(Outcome, outcome, f"{where}.{criterion}"): _member(
                Verdict, effect, f"{where}.{criterion}.{outcome}"
            )
            for outcome, effect in row.items()
        }
    return effects


def _member(kind: Any, value: Any, where: str) -> Any:
    try:
        return kind(value)
    except ValueError:
        known = [str(member) for member in kind]
        hint = f"{suggestion(value, known)}; use one of {', '.join(known)}"
        raise ConfigError(f"{where}: {value!r} is unknown{hint}") from None
