"""Licences and permissions (D2): from tables, from TOML files, from folders of them.

A file holds one licence as its keys, or several as `[[licences]]`:

    licensor = "Example Press"
    scope = ["https://www.press.example/archive/*"]
    purposes = ["pretraining", "finetune"]
    from = 2026-04-01
    to = 2027-03-31
    reference = "EP-2026-014"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from .declaration import instant, refuse_unknown, use
from .errors import ConfigError
from .model import Licence

_SCOPE = re.compile(r"https?://[^/?#]+/")
# How a licence is written by people, and how its fields are called.
_ALIASES = {"from": "valid_from", "to": "valid_to"}


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
            use(purpose, "licence.purposes")
    for name, value in (("valid_from", licence.valid_from), ("valid_to", licence.valid_to)):
        if value is not None and (not isinstance(value, datetime) or value.tzinfo is None):
            raise ConfigError(f"licence.{name} must be a datetime with a zone, not {value!r}")
    if licence.valid_from and licence.valid_to and licence.valid_to < licence.valid_from:
        raise ConfigError("licence.valid_to is before valid_from; the licence would never be in force")


def licence_from_table(table: Any, where: str, *, complete: bool = True) -> Licence:
    """Build a `Licence` from a table; raise `ConfigError` with the key path for anything that does not fit.

    `complete` False lets a licence pass that names no purpose or no beginning: it is read, and covers nothing.
    """
    known = {f.name for f in fields(Licence)} | _ALIASES.keys()
    if not isinstance(table, Mapping):
        raise ConfigError(f"{where} must be a table")
    refuse_unknown(table, known, where)
    for short, name in _ALIASES.items():
        if short in table and name in table:
            raise ConfigError(f"{where} has both {short} and {name}; they are the same, write one")
    table = {_ALIASES.get(name, name): value for name, value in table.items()}
    for name in ("licensor", "scope", *(("purposes",) if complete else ())):
        if table.get(name) is None:
            raise ConfigError(f"{where}.{name} is missing")
    if not isinstance(table["licensor"], str) or not table["licensor"].strip():
        raise ConfigError(f"{where}.licensor must name who gave the licence, not {table['licensor']!r}")
    for name in ("scope", "purposes"):
        values = table.get(name)
        if values is not None and (
            not isinstance(values, (list, tuple)) or not all(isinstance(v, str) for v in values)
        ):
            raise ConfigError(f"{where}.{name} must be a list of strings")
    allowed = table.get("credentials_allowed", False)
    if not isinstance(allowed, bool) and allowed is not None:
        raise ConfigError(f"{where}.credentials_allowed must be true or false, not {allowed!r}")
    start = instant(table.get("valid_from"), f"{where}.valid_from")
    end = instant(table.get("valid_to"), f"{where}.valid_to", end_of_day=True)
    if start and end and end < start:
        raise ConfigError(f"{where}.valid_to is before valid_from; the licence would never be in force")
    if complete and start is None:
        raise ConfigError(f"{where}.valid_from is missing; a licence without a beginning covers no date")
    purposes = tuple(p if p == "*" else str(use(p, f"{where}.purposes")) for p in table.get("purposes") or ())
    try:
        return Licence(
            licensor=table["licensor"],
            scope=tuple(table["scope"]),
            purposes=purposes,
            valid_from=start,
            valid_to=end,
            reference=str(table.get("reference") or ""),
            credentials_allowed=bool(allowed),
        )
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None


def read_licences(path: Path) -> tuple[Licence, ...]:
    """The licences of one TOML file, or of every `*.toml` of a folder in the order of their names.

    Raises `ConfigError` naming the file and the key.
    """
    if path.is_dir():
        files = sorted(path.glob("*.toml"))
        if not files:
            raise ConfigError(f"licence folder {path} holds no *.toml file")
        return tuple(licence for file in files for licence in read_licences(file))
    where = f"licence {path}"
    try:
        table = tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise ConfigError(f"{where}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{where}: not UTF-8 at byte {error.start}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: not valid TOML: {error}") from None
    several = table.get("licences")
    if several is None:
        return (licence_from_table(table, where),)
    if len(table) > 1 or not isinstance(several, list) or not several:
        raise ConfigError(f"{where}: write the keys of one licence, or [[licences]] tables and nothing else")
    return tuple(licence_from_table(item, f"{where}: licences[{n}]") for n, item in enumerate(several))
