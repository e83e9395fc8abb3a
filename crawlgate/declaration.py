"""Checks on what a collector declares, with messages that teach; and the same from a TOML table."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime, time
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import ConfigError
from .model import Use

if TYPE_CHECKING:
    from .model import Declaration, Licence

_TOKEN = re.compile(r"[A-Za-z0-9_.-]+\Z")
_ALIASES = {
    "pre-training": Use.PRETRAINING,
    "pre_training": Use.PRETRAINING,
    "training": Use.PRETRAINING,
    "continued-pretraining": Use.CONTINUED_PRETRAINING,
    "continued pretraining": Use.CONTINUED_PRETRAINING,
    "continual_pretraining": Use.CONTINUED_PRETRAINING,
    "fine-tuning": Use.FINETUNE,
    "finetuning": Use.FINETUNE,
    "fine_tuning": Use.FINETUNE,
    "fine-tune": Use.FINETUNE,
    "lora": Use.ADAPTER,
    "classifier": Use.CLASSIFICATION,
    "embeddings": Use.EMBEDDING,
    "data_analysis": Use.STATISTICS,
    "retrieval_augmented_generation": Use.RAG,
    "search": Use.SEARCH_INDEX,
    "search-index": Use.SEARCH_INDEX,
    "search_indexing": Use.SEARCH_INDEX,
}
LEGAL_BASES = ("30-4", "47-5")
# Article 47-5 speaks of giving results of a search or an analysis, with minor uses beside them; a vector index and
# a classifier may stand behind such results, the training of a generative model is not among them (ST14).
_SHOWS_RESULTS = {Use.RAG, Use.SEARCH_INDEX, Use.EMBEDDING, Use.CLASSIFICATION, Use.STATISTICS, Use.EVALUATION}
_NO_MODEL = {Use.RAG, Use.SEARCH_INDEX, Use.STATISTICS, Use.EVALUATION}


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
    if not carries_token(declaration.user_agent, declaration.token):
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
    purposes = tuple(dict.fromkeys(use(purpose) for purpose in declaration.purposes))
    if not purposes:
        raise ConfigError("declaration.purposes is empty; declare every purpose the copies are collected for")
    for name in ("snippet_cap", "needed_works"):
        value = getattr(declaration, name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise ConfigError(f"declaration.{name} must be a whole number of {_COUNTS[name]}, not {value!r}")
        if value is not None and value < 0:
            raise ConfigError(f"declaration.{name} is negative; it counts {_COUNTS[name]}")
    for name in _FLAGS:
        value = getattr(declaration, name)
        if value is not None and not isinstance(value, bool):  # "no" would count as true
            raise ConfigError(f"declaration.{name} must be true or false, not {value!r}")
    if declaration.target_creator is not None and not declaration.target_creator.strip():
        raise ConfigError("declaration.target_creator is empty; name the creator, or leave the key out")
    published, since = _publication(declaration)
    _refuse_contradictions(declaration, purposes)
    return {
        "purposes": purposes,
        "licences": _licences(declaration.licences),
        "token_published": published,
        "published_since": since,
    }


_COUNTS = {"snippet_cap": "characters", "needed_works": "works"}
_FLAGS = (
    "commercial", "intends_similar_output", "intends_overfitting", "intends_expression_output",
    "output_contains_expression",
)  # fmt: skip


@lru_cache(maxsize=1024)
def carries_token(user_agent: str, token: str) -> bool:
    """True if a User-Agent names the product token: whole, in any case, with or without a version. `ExampleBotX/1`
    does not name `ExampleBot`, no more than a group of robots.txt for the one is read by the other."""
    return re.search(rf"(?<![A-Za-z0-9_-]){re.escape(token)}(?![A-Za-z0-9_-])", user_agent, re.IGNORECASE) is not None


def _publication(declaration: Declaration) -> tuple[bool, datetime | None]:
    """Whether the token is public, and since when. Either field may carry the date; they must not differ."""
    published, since = declaration.token_published, declaration.published_since
    if published is None or isinstance(published, bool):
        if since is None:
            return bool(published), None
        if published is False:
            raise ConfigError("declaration.token_published is false and published_since names a date; say one of both")
        return True, instant(since, "declaration.published_since")
    at = instant(published, "declaration.token_published")
    if since is not None and instant(since, "declaration.published_since") != at:
        raise ConfigError("declaration.token_published and published_since name different dates; say one of both")
    return True, at


def _refuse_contradictions(declared: Declaration, purposes: tuple[Use, ...]) -> None:
    """Refuse a declaration whose parts cannot all be true: a finding that rests on it would rest on nothing."""
    if declared.intends_expression_output and declared.output_contains_expression is False:
        raise ConfigError(
            "declaration.intends_expression_output is true and output_contains_expression is false; an output that is "
            "meant to carry creative expression carries it. Correct one of both"
        )
    if declared.output_contains_expression and declared.snippet_cap == 0:
        raise ConfigError(
            "declaration.output_contains_expression is true and snippet_cap is 0; an output of no characters contains "
            "none. Correct one of both"
        )
    if declared.legal_basis == "47-5" and not _SHOWS_RESULTS.intersection(purposes):
        raise ConfigError(
            f"declaration.legal_basis is 47-5, but purposes are {', '.join(purposes)}; Article 47-5 is about giving "
            "results (rag, search_index ...). Name that purpose too, or write legal_basis 30-4"
        )
    trained = [name for name in ("intends_similar_output", "intends_overfitting") if getattr(declared, name)]
    if trained and _NO_MODEL.issuperset(purposes):
        raise ConfigError(
            f"declaration.{trained[0]} is true, but purposes are {', '.join(purposes)}, in which no model is trained; "
            "name the training among the purposes"
        )


def _licences(given: Any) -> tuple[Licence, ...]:
    from .licences import read_licences
    from .model import Licence

    if isinstance(given, (str, PathLike)):
        raise ConfigError("declaration.licences is one path; write a list, as in ['licences/']")
    found: list[Licence] = []
    for item in given:
        if isinstance(item, Licence):
            found.append(item)
        elif isinstance(item, (str, PathLike)):
            found.extend(read_licences(Path(item)))
        else:
            raise ConfigError("declaration.licences must be a list of Licence, or of paths of licence files or folders")
    return tuple(found)


def use(purpose: str, where: str = "declaration.purposes") -> Use:
    """The `Use` that a word names; `ConfigError` with a suggestion for a word that names none."""
    if purpose in _ALIASES:
        return _ALIASES[purpose]
    try:
        return Use(purpose)
    except ValueError:
        raise ConfigError(
            f"{where}: {purpose!r} is unknown{suggestion(purpose, [*Use, *_ALIASES])}; known: {', '.join(Use)}"
        ) from None


def suggestion(word: str, known: Iterable[str]) -> str:
    """`, did you mean 'x'?` for the nearest known word, or an empty string."""
    near = nearest(word, known)
    return f", did you mean {near!r}?" if near else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that `word` is probably meant to be, or an empty string."""
    near = difflib.get_close_matches(str(word), [str(k) for k in known], n=1)
    return near[0] if near else ""


def from_table(table: Mapping[str, Any], where: str = "declaration", *, base: Path | None = None) -> Declaration:
    """Build a `Declaration` from a TOML or JSON table. Unknown keys and wrong types are `ConfigError`s.

    `licences` is an array of tables with the fields of `Licence`, or of paths of licence files and folders, which
    are read below `base`; dates may be TOML dates or ISO strings.
    """
    from .licences import licence_from_table
    from .model import Declaration

    known = {f.name: f.type for f in fields(Declaration)}
    refuse_unknown(table, known, where)
    values = dict(table)
    licences = values.pop("licences", [])
    if not isinstance(licences, list):
        raise ConfigError(f"{where}.licences must be an array of tables or of paths")
    for name in ("operator", "token", "user_agent"):
        if not isinstance(values.get(name), str):
            raise ConfigError(f"{where}.{name} is missing; it must be a string")
    for name, value in values.items():
        _check_type(f"{where}.{name}", value, str(known[name]))
    return Declaration(
        **values,
        licences=[
            (base or Path()) / item
            if isinstance(item, str) and base is not None
            else licence_from_table(item, f"{where}.licences[{n}]")
            for n, item in enumerate(licences)
        ],
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
        try:
            return value.astimezone(UTC)
        except OverflowError:
            raise ConfigError(f"{where}: {value.isoformat()} is beyond the times that can be kept") from None
    if isinstance(value, date):
        return datetime.combine(value, time.max if end_of_day else time.min, UTC)
    raise ConfigError(f"{where} must be a date or a time")


def refuse_unknown(table: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    """Refuse a key that nobody reads: what it was meant to say would be lost."""
    for name in table:
        if name not in known:
            raise ConfigError(f"{where}.{name} is unknown{suggestion(name, known)}")


def _check_type(where: str, value: Any, declared: str) -> None:
    if declared.startswith("bool | date"):
        if not isinstance(value, bool | date | str | None):
            raise ConfigError(f"{where} must be true, false or the date of publication, not {value!r}")
    elif declared.startswith("date"):
        instant(value, where)
    elif declared.startswith("bool"):
        if not isinstance(value, bool) and not (value is None and "None" in declared):
            raise ConfigError(f"{where} must be true or false, not {value!r}")
    elif declared.startswith("str"):
        if not isinstance(value, str) and not (value is None and "None" in declared):
            raise ConfigError(f"{where} must be a string, not {value!r}")
    elif declared.startswith("int"):
        if isinstance(value, bool) or not isinstance(value, int | None):
            raise ConfigError(f"{where} must be a whole number, not {value!r}")
    elif declared.startswith("Sequence") and not (
        isinstance(value, (list, tuple)) and all(isinstance(v, str) for v in value)
    ):
        raise ConfigError(f"{where} must be a list of strings, not {value!r}")
