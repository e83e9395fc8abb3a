"""The reports' own texts in English and Japanese, kept as data in words.toml, inquiry.toml and audit.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib import resources
from string import Formatter

from ..criteria import CATALOGUE
from ..criteria.catalogue import LANGUAGES
from ..errors import ConfigError
from .gist import utc

_FILES = ("words.toml", "inquiry.toml", "audit.toml")


class Words:
    """Texts of one language. Raises `ConfigError` for a language that there is none of."""

    def __init__(self, lang: str) -> None:
        if lang not in LANGUAGES:
            raise ConfigError(f"language {lang!r} is unknown; use one of {', '.join(LANGUAGES)}")
        self.lang = lang

    def __call__(self, key: str, **params: object) -> str:
        """The text of a key, its {names} filled in."""
        return Formatter().vformat(all_texts()[key][self.lang], (), params)

    def known(self, section: str, word: str) -> str:
        """The text of `section.word`; the word itself where the report has none for it."""
        texts = all_texts().get(f"{section}.{word}")
        return texts[self.lang] if texts else word

    def title(self, criterion: str) -> str:
        """The title of a criterion; nothing for one that this program does not know."""
        known = CATALOGUE.criteria.get(criterion)
        return known.title(self.lang) if known else ""

    def suggest(self, criterion: str) -> str:
        """A question to begin from where a person must decide; nothing for a criterion that is not known."""
        known = CATALOGUE.criteria.get(criterion)
        return known.suggest(self.lang) if known else ""

    def sentence(self, reason: str, params: Mapping[str, str] | None = None) -> str:
        """The sentence of a reason's key; the key itself where this program does not know it."""
        return CATALOGUE.phrase(reason, params, self.lang) if reason in CATALOGUE.sentences else reason

    def percent(self, part: int, whole: int) -> str:
        """A share in percent, never rounded to nothing or to all."""
        if whole == 0:
            return "-"
        share = 100 * part / whole
        if 0 < share < 0.1:
            return "< 0.1 %"
        if 99.9 < share < 100:
            return "> 99.9 %"
        return f"{share:.1f} %"


def number(value: int) -> str:
    """A whole number with separators for thousands."""
    return f"{value:,}"


def moment(at: datetime) -> str:
    """A time, which is in UTC, to the second."""
    return at.strftime("%Y-%m-%d %H:%M:%S UTC")


def age_text(at: datetime | None, later: datetime, words: Words) -> str:
    """How long before `later` something was, in one unit; nothing where it was not before it, or is unknown."""
    if at is None:
        return ""
    seconds = int((utc(later) - utc(at)).total_seconds())
    if seconds < 0:
        return ""
    if seconds < 120:
        return words("story.seconds", count=seconds)
    if seconds < 7200:
        return words("story.minutes", count=seconds // 60)
    return words("story.hours", count=seconds // 3600)


@cache
def all_texts() -> Mapping[str, Mapping[str, str]]:
    """Every text by `section.key` and language."""
    folder = resources.files(__package__)
    found: dict[str, dict[str, dict[str, str]]] = {}
    for name in _FILES:
        found |= tomllib.loads(folder.joinpath(name).read_text("utf-8"))
    return {f"{section}.{key}": texts for section, keys in found.items() for key, texts in keys.items()}
