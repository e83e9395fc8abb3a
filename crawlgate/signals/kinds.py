"""The kinds of statements, as data: where each stands, which file reads it, what it can say, in words for people."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from ..model import Polarity, Purpose, Strength


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of statement. `carrier` says where it stands, `file` which of `signals/` reads it, `says` and `about`
    which polarities and purposes it can have; `en` and `ja` are what it means, in words."""

    name: str
    carrier: str
    file: str
    strength: tuple[Strength, ...]
    says: tuple[Polarity, ...]
    about: tuple[Purpose, ...]
    en: str
    ja: str

    @property
    def protocol(self) -> str:
        """The protocol or family of the kind: what stands before the dot."""
        return self.name.partition(".")[0]

    def words(self, lang: str = "en") -> str:
        return self.ja if lang == "ja" else self.en


@cache
def load() -> Mapping[str, Kind]:
    """Every kind by its name, in the order of the protocols; read once."""
    table = tomllib.loads(resources.files(__package__).joinpath("kinds.toml").read_text("utf-8"))
    return {
        name: Kind(
            name=name,
            carrier=entry["carrier"],
            file=entry["file"],
            strength=tuple(Strength(value) for value in entry["strength"].split(", ")),
            says=tuple(map(Polarity, entry["says"])),
            about=tuple(map(Purpose, entry["about"])),
            en=entry["en"],
            ja=entry["ja"],
        )
        for name, entry in table.items()
    }
