"""The catalogue of criteria and the sentences of findings, kept as data beside this file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from string import Formatter

from ..model import Finding, Outcome
from .terms import in_japanese

LANGUAGES = ("en", "ja")


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One criterion: its id (B2), key, kind, titles, the question it asks, the statement findings speak to, each in
    both languages, and the source statements (ST..) it rests on.

    `bears` names what bears on it (signals.toml), `suggest` a question to begin from where a person must decide.
    `weighed` are the outcomes for which a profile must say what follows; `in_words` says that an override lifts it
    only in words.
    """

    id: str
    key: str
    kind: str
    title_en: str
    title_ja: str
    asks_en: str
    asks_ja: str
    statement_en: str
    statement_ja: str
    sources: tuple[str, ...]
    lifted_by_permission: bool
    weighed: tuple[Outcome, ...]
    bears: tuple[str, ...]
    suggest_en: str
    suggest_ja: str
    in_words: bool = False

    def title(self, lang: str = "en") -> str:
        return self.title_ja if lang == "ja" else self.title_en

    def asks(self, lang: str = "en") -> str:
        return self.asks_ja if lang == "ja" else self.asks_en

    def statement(self, lang: str = "en") -> str:
        return self.statement_ja if lang == "ja" else self.statement_en

    def suggest(self, lang: str = "en") -> str:
        return self.suggest_ja if lang == "ja" else self.suggest_en


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All criteria in order, the names of their kinds, the rule pack's version and the document it reads, and the
    sentences by reason key and language."""

    rule_pack: str
    source_document: str
    source_document_ja: str
    kinds: Mapping[str, Mapping[str, str]]
    criteria: Mapping[str, Criterion]
    sentences: Mapping[str, Mapping[str, str]]

    def __getitem__(self, criterion: str) -> Criterion:
        return self.criteria[criterion]

    def sentence(self, finding: Finding, lang: str = "en") -> str:
        """The finding's reason as a sentence in `en` or `ja`."""
        return self.phrase(finding.reason, finding.params, lang)

    def phrase(self, key: str, params: Mapping[str, str] | None = None, lang: str = "en") -> str:
        """The sentence for a reason key; a missing parameter shows as an ellipsis, an unknown key as itself."""
        texts = self.sentences.get(key)
        if lang == "ja" and params:
            params = {name: in_japanese(name, value) for name, value in params.items()}
        return Formatter().vformat(texts[lang], (), _Gaps(params or {})) if texts else key

    def source(self, lang: str = "en") -> str:
        """The document that the rule pack reads, and that it is not binding."""
        return self.source_document_ja if lang == "ja" else self.source_document


class _Gaps(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "…"


def _load() -> Catalogue:
    folder = resources.files(__package__)
    raw = tomllib.loads(folder.joinpath("catalogue.toml").read_text("utf-8"))
    criteria = {
        name: Criterion(
            id=name,
            **{
                **table,
                "sources": tuple(table["sources"]),
                "bears": tuple(table["bears"]),
                "weighed": tuple(Outcome(outcome) for outcome in table["weighed"]),
            },
        )
        for name, table in raw["criteria"].items()
    }
    sentences = tomllib.loads(folder.joinpath("reasons.toml").read_text("utf-8"))
    return Catalogue(
        rule_pack=raw["rule_pack"],
        source_document=raw["source_document"],
        source_document_ja=raw["source_document_ja"],
        kinds=raw["kinds"],
        criteria=criteria,
        sentences=sentences,
    )


CATALOGUE = _load()
