"""Profiles: TOML files that say which effect an outcome of a criterion has, and which limits the project set."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

from ..criteria import CATALOGUE
from ..declaration import suggestion
from ..errors import ConfigError
from ..model import NamedLimit, Outcome, Stage, Verdict
from .effective import policy_hash, policy_table
from .limits import read_limits

BUILT_IN = ("strict", "standard", "minimal")
_KEYS = ("name", "description", "description_ja", "based_on", "effects", "audit_effects", "limits")
_HOLES_NAMED = 5
# An old log is judged with the audit effects: evidence nobody kept is not a refusal.
_AUDIT_STAGES = (Stage.AUDIT, Stage.RETRO)

Effects = Mapping[str, Mapping[Outcome, Verdict]]
Weights = Mapping[str, Mapping[str, Verdict]]


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Effects by criterion and outcome, and the limits that the project set, by name.

    `based_on` names the built-in profile from which it took what its file does not say.
    """

    name: str
    description: str
    description_ja: str
    effects: Effects
    audit_effects: Effects
    limits: Mapping[str, NamedLimit] = field(default_factory=dict)
    based_on: str | None = None

    def __getstate__(self) -> dict[str, Any]:
        # What was worked out meanwhile is left behind: equal profiles are equal bytes.
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def effect(self, criterion: str, outcome: Outcome, stage: Stage) -> Verdict:
        """What the outcome does to the verdict; an outcome without an entry does nothing (allow)."""
        if stage in _AUDIT_STAGES:
            override = self.audit_effects.get(criterion, {}).get(outcome)
            if override is not None:
                return override
        return self.effects.get(criterion, {}).get(outcome, Verdict.ALLOW)

    def weights(self, stage: Stage) -> Weights:
        """The outcomes that do something at that stage, by criterion and the outcome's value."""
        return self._audit_weights if stage in _AUDIT_STAGES else self._usual_weights

    @cached_property
    def _usual_weights(self) -> Weights:
        return self._weights(Stage.PRE_FETCH)

    @cached_property
    def _audit_weights(self) -> Weights:
        return self._weights(Stage.AUDIT)

    def _weights(self, stage: Stage) -> Weights:
        return {
            name: {
                outcome.value: effect
                for outcome in Outcome
                if (effect := self.effect(name, outcome, stage)) is not Verdict.ALLOW
            }
            for name in CATALOGUE.criteria
        }

    @cached_property
    def not_met_counts(self) -> frozenset[str]:
        """Criteria for which it does something, at whatever stage, that they are not met."""
        tables = (self._usual_weights, self._audit_weights)
        return frozenset(name for table in tables for name, row in table.items() if Outcome.NOT_MET.value in row)

    @cached_property
    def policy(self) -> dict[str, Any]:
        """What the profile does, whole and in one form: every effect, and every limit (`policy_table`)."""
        return policy_table(self.effects, self.audit_effects, self.limits)

    @cached_property
    def hash(self) -> str:
        """The sha256 of `policy`: files that do the same have the same hash, whatever they are called."""
        return policy_hash(self.policy)


def load_profile(name_or_path: str | Path) -> Profile:
    """The built-in profile of that name, or the one in a TOML file.

    Raises `ConfigError` that names the file, the key path, the reason and a suggestion.
    """
    if name_or_path in BUILT_IN:
        return parse_profile(profile_source(str(name_or_path)), str(name_or_path))
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


def profile_source(name: str) -> bytes:
    """The file of a built-in profile."""
    return resources.files(__package__).joinpath("profiles", f"{name}.toml").read_bytes()


def parse_profile(raw: bytes, where: str) -> Profile:
    """Read and check the bytes of a profile; `where` names it in errors."""
    where = f"profile {where}"
    table = read_toml(raw, where)
    for key in table:
        if key not in _KEYS:
            raise ConfigError(f"{where}: key {key!r} is unknown{suggestion(key, _KEYS)}")
    base = _base(table.get("based_on"), where)
    for key in ("name", "effects"):
        if key not in table and not (base and key == "effects"):
            raise ConfigError(f"{where}: key {key!r} is missing")
    effects = _effects(table.get("effects", {}), f"{where}: effects")
    audit = _effects(table.get("audit_effects", {}), f"{where}: audit_effects")
    if base is not None:
        effects, audit = _over(base.effects, effects), _over(base.audit_effects, audit)
    _refuse_holes(effects, where)
    return Profile(
        name=_text(table["name"], f"{where}: name"),
        description=_text(table.get("description", " "), f"{where}: description").strip(),
        description_ja=_text(table.get("description_ja", " "), f"{where}: description_ja").strip(),
        effects=effects,
        audit_effects=audit,
        limits=read_limits(table.get("limits", {}), f"{where}: limits"),
        based_on=base.name if base else None,
    )


def read_toml(raw: bytes, where: str) -> dict[str, Any]:
    """A TOML document as a table; `ConfigError` with the place where it cannot be read."""
    try:
        return tomllib.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{where}: not UTF-8 at byte {error.start}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: not valid TOML: {error}") from None


def _base(name: Any, where: str) -> Profile | None:
    if name is None:
        return None
    if name not in BUILT_IN:
        hint = suggestion(str(name), BUILT_IN)
        raise ConfigError(f"{where}: based_on: {name!r} is unknown{hint}; use one of {', '.join(BUILT_IN)}")
    return load_profile(name)


def _over(base: Effects, own: Effects) -> Effects:
    return {name: {**base.get(name, {}), **own.get(name, {})} for name in (*base, *own)}


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


def _refuse_holes(effects: Effects, where: str) -> None:
    """Refuse a matrix with a hole: what a profile does not say must not be taken for allow."""
    holes = [
        f"effects.{name}.{outcome}"
        for name, criterion in CATALOGUE.criteria.items()
        for outcome in criterion.weighed
        if outcome not in effects.get(name, {})
    ]
    if not holes:
        return
    more = f" and {len(holes) - _HOLES_NAMED} more" if len(holes) > _HOLES_NAMED else ""
    raise ConfigError(
        f"{where}: {', '.join(holes[:_HOLES_NAMED])}{more}: missing; write allow, review or deny, or begin the "
        'file with based_on = "standard" to take from there what it does not say'
    )


def _member(kind: Any, value: Any, where: str) -> Any:
    try:
        return kind(value)
    except ValueError:
        known = [str(member) for member in kind]
        hint = f"{suggestion(value, known)}; use one of {', '.join(known)}"
        raise ConfigError(f"{where}: {value!r} is unknown{hint}") from None


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{where} must be a text that is not empty, not {value!r}")
    return value
