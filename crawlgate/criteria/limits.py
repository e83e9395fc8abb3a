"""The limits that a project may name, kept as data in limits.toml: what each bounds, and in which unit."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

UNITS = {
    "en": {"percent": "percent", "works": "works", "pages": "pages", "bytes": "bytes"},
    "ja": {"percent": "パーセント", "works": "作品", "pages": "ページ", "bytes": "バイト"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownLimit:
    """One limit: the criterion that reads it, its unit, and what it bounds in both languages."""

    name: str
    criterion: str
    unit: str
    en: str
    ja: str

    def meaning(self, lang: str = "en") -> str:
        return self.ja if lang == "ja" else self.en


def _load() -> Mapping[str, KnownLimit]:
    raw = tomllib.loads(resources.files(__package__).joinpath("limits.toml").read_text("utf-8"))
    return {name: KnownLimit(name=name, **table) for name, table in raw.items()}


LIMITS = _load()
