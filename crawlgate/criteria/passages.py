"""What a criterion rests on and leaves open, kept as data: the exact words of the source, what makes each outcome,
what bears on it, and the questions that only people can answer. Read when first asked for.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from ..model import Finding, Outcome
from .catalogue import CATALOGUE

_OPEN = (Outcome.MET, Outcome.INDICATED, Outcome.NEEDS_HUMAN)
# Where an outcome speaks for the collector, nothing is left to be asked; a licence has to be read by a person first.
_SETTLED: Mapping[str, tuple[Outcome, ...]] = {"D3": (Outcome.MET,), "D4": (Outcome.MET,)}
_ASKED_IF_UNKNOWN = ("D4", "D5")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement of the source: its exact words (`quote`), the heading they stand under, and the sense in Japanese
    in our own words (`ja`), which is no quotation."""

    id: str
    slide: str
    quote: str
    ja: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonQuestion:
    """A question that only people can answer, the criteria at whose findings it is asked, and where it comes from.

    `unless` are kinds of signals that answer it by themselves, because the source names them.
    """

    key: str
    en: str
    ja: str
    criteria: tuple[str, ...]
    sources: tuple[str, ...]
    unless: tuple[str, ...] = ()

    def text(self, lang: str = "en") -> str:
        return self.ja if lang == "ja" else self.en


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearing:
    """Something that bears on criteria; `kinds` are families of signals, none for what the collector says itself."""

    key: str
    en: str
    ja: str
    kinds: tuple[str, ...] = ()

    def text(self, lang: str = "en") -> str:
        return self.ja if lang == "ja" else self.en


@cache
def statements() -> Mapping[str, Statement]:
    """The statements of the source by id, in its order."""
    return {name: Statement(id=name, **table) for name, table in _read("statements").items()}


@cache
def person_questions() -> tuple[PersonQuestion, ...]:
    """Every question that only people can answer."""
    return tuple(PersonQuestion(key=key, **_tuples(table)) for key, table in _read("people").items())


@cache
def bearings() -> Mapping[str, Bearing]:
    """What bears on criteria, by the names that `Criterion.bears` uses."""
    return {key: Bearing(key=key, **_tuples(table)) for key, table in _read("signals").items()}


@cache
def _outcomes() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    return _read("outcomes")


def passages(criterion: str) -> tuple[Statement, ...]:
    """The statements that a criterion rests on."""
    known = statements()
    return tuple(known[source] for source in CATALOGUE[criterion].sources)


def outcome_text(criterion: str, outcome: Outcome, lang: str = "en") -> str | None:
    """What makes an outcome; None for one that this rule pack does not find."""
    found = _outcomes().get(criterion, {}).get(str(outcome))
    return found[lang] if found else None


def questions_about(criterion: str) -> tuple[PersonQuestion, ...]:
    """What only people can decide about a criterion."""
    return tuple(question for question in person_questions() if criterion in question.criteria)


def open_questions(findings: Iterable[Finding]) -> dict[PersonQuestion, tuple[str, ...]]:
    """What a person must still decide, given these findings: questions with the criteria that raise them."""
    asked: dict[str, list[str]] = {}
    for finding in findings:
        if not leaves_open(finding):
            continue
        for question in questions_about(finding.criterion):
            kinds = [signal.kind for signal in finding.signals]
            if not (question.unless and kinds and all(kind.startswith(question.unless) for kind in kinds)):
                asked.setdefault(question.key, []).append(finding.criterion)
    return {question: tuple(asked[question.key]) for question in person_questions() if question.key in asked}


def leaves_open(finding: Finding) -> bool:
    """True if a finding raises questions for people; not where it speaks for the collector, or found nothing."""
    return raises(finding.criterion, finding.outcome)


def raises(criterion: str, outcome: Outcome) -> bool:
    """True if this outcome of a criterion raises questions for people."""
    settled = _SETTLED.get(criterion)
    if settled is not None:
        return outcome not in settled
    return outcome in _OPEN or (outcome is Outcome.UNKNOWN and criterion in _ASKED_IF_UNKNOWN)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath(f"{name}.toml").read_text("utf-8"))


def _tuples(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
