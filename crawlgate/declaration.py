"""Checks on what a collector declares, with messages that teach; and the same from a TOML table."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

from .errors import ConfigError
from .model import Use

if TYPE_CHECKING:
    from .model import Declaration, Licence

_SCOPE = re.compile(r"https?://[^/?#]+/")
_TOKEN = re.compile(r"[A-Za-z0-9_.-]+\Z")
_ALIASES = {
    "pre-training": Use.PRETRAINING,
    "pre_training": Use.PRETRAINING,
    "training": Use.PRETRAINING,
    "continued-pretraining": Use.CONTINUED_PRETRAINING,
    "fine-tuning": Use.FINETUNE,
    "finetuning": Use.FINETUNE,
    "fine_tuning": Use.FINETUNE,
    "fine-tune": Use.FINETUNE,
    "lora": Use.ADAPTER,
    "search": Use.SEARCH_INDEX,
    "search-index": Use.SEARCH_INDEX,
}
LEGAL_BASES = ("30-4", "47-5")


def normalise(declaration: Declaration) -> dict[str, Any]:
    """The checked values of the fields that are stored in another form than they may be written in.

    Raises `ConfigError` naming the field, the reason and the way out.
    """
    if not declaration.operator.strip():
        raise ConfigError("declaration.operator is empty; name the organisation that runs the crawl")
    if not _TOKEN.match(declaration.token):
        raise ConfigError(
            f"declaration.token {declaration.token!r} is not a robots.txt product token; use letters, digits, "
            "'-' and '_', without version or spaces (for example ExampleBot)"
        )
    if declaration.token.lower() not in declaration.user_agent.lower():
        raise ConfigError(
            f"declaration.user_agent {declaration.user_agent!r} does not contain the token "
            f"{declaration.token!r}; a site could not recognise the crawler it names in robots.txt"
        )
    if any(ord(c) < 32 or ord(c) > 126 for c in declaration.user_agent):
        raise ConfigError("declaration.user_agent holds a control or non-ASCII character; a header may not")
    if declaration.legal_basis not in LEGAL_BASES:
        raise ConfigError(
            f"declaration.legal_basis {declaration.legal_basis!r} is unknown; use one of {', '.join(LEGAL_BASES)}"
        )
    if isinstance(declaration.purposes, str):
        raise ConfigError('declaration.purposes is one string; write a list, as in ["pretraining"]')
    purposes = tuple(_use(purpose) for purpose in declaration.purposes)
    if not purposes:
        raise ConfigError("declaration.purposes is empty; declare every purpose the copies are collected for")
    if declaration.snippet_cap is not None and declaration.snippet_cap < 0:
        raise ConfigError("declaration.snippet_cap is negative; it counts characters")
    if not all(hasattr(licence, "licensor") for licence in declaration.licences):
        raise ConfigError("declaration.licences must be a list of Licence")
    return {"purposes": purposes, "licences": tuple(declaration.licences)}


def check_licence(licence: Licence) -> None:
    """Refuse a licence that would cover more, or other things, than its author means (`ConfigError`)."""
    for name, values in (("scope", licence.scope), ("purposes", licence.purposes)):
        if isinstance(values, str) or not all(isinstance(value, str) for value in values):
            raise ConfigError(f"licence.{name} must be a list of strings, as in [{values!r}]")
    for scope in licence.scope:
        if not _SCOPE.match(scope):
            raise ConfigError(f"licence.scope {scope!r} must be a URL with a path, as in https://www.press.example/*")
    for purpose in licence.purposes:
        if purpose != "*":
            _use(purpose)
    for name, value in (("valid_from", licence.valid_from), ("valid_to", licence.valid_to)):
        if value is not None and (not isinstance(value, datetime) or value.tzinfo is None):
            raise ConfigError(f"licence.{name} must be a datetime with a zone, not {value!r}")


def _use(purpose: str) -> Use:
    if purpose in _ALIASES:
        return _ALIASES[purpose]
    try:
        return Use(purpose)
    except ValueError:
        raise ConfigError(
            f"declaration.purposes: {purpose!r} is unknown{suggestion(purpose, [*Use, *_ALIASES])}; "
            f"known: {', '.join(Use)}"
        ) from None


def suggestion(word: str, known: Iterable[str]) -> str:
    """`, did you mean 'x'?` for the nearest known word, or an empty string."""
    near = nearest(word, known)
    return f", did you mean {near!r}?" if near else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that `word` is probably meant to be, or an empty string."""
    near = difflib.get_close_matches(str(word), [str(k) for k in known], n=1)
    return near[0] if near else ""


def from_table(table: Mapping[str, Any], where: str = "declaration") -> Declaration:
    """Build a `Declaration` from a TOML or JSON table. Unknown keys and wrong types are `ConfigError`s.

    `licences` is an array of tables with the fields of `Licence`; dates may be TOML dates or ISO strings.
    """
    from .model import Declaration

    known = {f.name: f.type for f in fields(Declaration)}
    _refuse_unknown(table, known, where)
    values = dict(table)
    licences = values.pop("licences", [])
    if not isinstance(licences, list):
        raise ConfigError(f"{where}.licences must be an array of tables")
    for name in ("operator", "token", "user_agent"):
        if not isinstance(values.get(name), str):
            raise ConfigError(f"{where}.{name} is missing; it must be a string")
    for name, value in values.items():
        _check_type(f"{where}.{name}", value, str(known[name]))
    return Declaration(
        **values,
        licences=tuple(licence_from_table(item, f"{where}.licences[{n}]") for n, item in enumerate(licences)),
    )


def licence_from_table(table: Mapping[str, Any], where: str) -> Licence:
    """Build a `Licence` from a table; raise `ConfigError` with the key path for anything that does not fit."""
    from .model import Licence

    known = {f.name: str(f.type) for f in fields(Licence)}
    if not isinstance(table, Mapping):
        raise ConfigError(f"{where} must be a table")
    _refuse_unknown(table, known, where)
    for name in ("licensor", "scope", "purposes"):
        if name not in table:
            raise ConfigError(f"{where}.{name} is missing")
    for name in ("scope", "purposes"):
        if not isinstance(table[name], (list, tuple)) or not all(isinstance(v, str) for v in table[name]):
            raise ConfigError(f"{where}.{name} must be a list of strings")
    purposes = tuple(p if p == "*" else str(_use(p)) for p in table["purposes"])
    start = instant(table.get("valid_from"), f"{where}.valid_from")
    end = instant(table.get("valid_to"), f"{where}.valid_to", end_of_day=True)
    if start and end and end < start:
        raise ConfigError(f"{where}.valid_to is before valid_from")
    return Licence(
        licensor=str(table["licensor"]),
        scope=tuple(table["scope"]),
        purposes=purposes,
        valid_from=start,
        valid_to=end,
        reference=str(table.get("reference") or ""),
        credentials_allowed=bool(table.get("credentials_allowed", False)),
    )


def instant(value: Any, where: str, *, end_of_day: bool = False) -> datetime | None:
    """A TOML or ISO date or date-time as a UTC instant. A bare date means its start, or its end.

    A date-time without a zone is refused: two readers would take it for two different times.
    """
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
        except ValueError:
            raise ConfigError(f"{where}: {value!r} is not an ISO 8601 date or time") from None
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ConfigError(f"{where}: {value.isoformat()} has no zone; write Z or an offset")
        return value.astimezone(UTC)
    if isinstance(value, date):
        return datetime.combine(value, time.max if end_of_day else time.min, UTC)
    raise ConfigError(f"{where} must be a date or a time")


def _refuse_unknown(table: Mapping[str, Any], known: Mapping[str, Any], where: str) -> None:
    for name in table:
        if name not in known:
            raise ConfigError(f"{where}.{name} is unknown{suggestion(name, known)}")


def _check_type(where: str, value: Any, declared: str) -> None:
    if declared.startswith("bool") and not isinstance(value, bool) and not (value is None and "None" in declared):
        raise ConfigError(f"{where} must be true or false, not {value!r}")
    if declared.startswith("str") and not isinstance(value, str) and not (value is None and "None" in declared):
        raise ConfigError(f"{where} must be a string, not {value!r}")
    if declared.startswith("int") and (isinstance(value, bool) or not isinstance(value, int | None)):
        raise ConfigError(f"{where} must be a whole number, not {value!r}")
    if declared.startswith("Sequence") and not (
        isinstance(value, (list, tuple)) and all(isinstance(v, str) for v in value)
    ):
        raise ConfigError(f"{where} must be a list of strings, not {value!r}")
