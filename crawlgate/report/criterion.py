"""A criterion explained: its question, passage, outcomes, what bears on it, its effects, and what is left to people.

As text for a terminal, as Markdown for docs/criteria, and as an object for machines (docs/schemas/criterion.json).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..criteria import CATALOGUE, Criterion
from ..criteria.limits import LIMITS
from ..criteria.passages import bearings, outcome_text, passages, questions_about, statements
from ..explain import EFFECTS, OUTCOMES
from ..model import Outcome, Stage, Verdict
from ..policy.config import BUILT_IN, Profile, load_profile
from .words import Words

SCHEMA = "crawlgate.criterion/1"
_ORDER = (Outcome.MET, Outcome.INDICATED, Outcome.NEEDS_HUMAN, Outcome.UNKNOWN, Outcome.NOT_MET)


def criterion_object(name: str, lang: str = "en") -> dict[str, Any]:
    """Everything about a criterion for machines; texts in `lang`, passages in their exact words."""
    criterion = CATALOGUE[name]
    return {
        "schema": SCHEMA,
        "id": name,
        "key": criterion.key,
        "kind": criterion.kind,
        "title": criterion.title(lang),
        "question": criterion.asks(lang),
        "statement": criterion.statement(lang),
        "source_document": CATALOGUE.source(lang),
        "rule_pack": CATALOGUE.rule_pack,
        "passages": [
            {"id": passage.id, "heading": passage.slide, "quote": passage.quote, "sense_ja": passage.ja}
            for passage in passages(name)
        ],
        "outcomes": {
            str(outcome): {
                "text": outcome_text(name, outcome, lang),
                "effects": {p.name: p.effect(name, outcome, Stage.PRE_FETCH) for p in _profiles()},
                "audit_effects": {p.name: p.effect(name, outcome, Stage.AUDIT) for p in _profiles()},
            }
            for outcome in _ORDER
        },
        "bears": [{"key": key, "text": bearings()[key].text(lang)} for key in criterion.bears],
        "limits": {limit.name: limit.meaning(lang) for limit in LIMITS.values() if limit.criterion == name},
        "lifted_by_permission": criterion.lifted_by_permission,
        "override_in_words": criterion.in_words,
        "for_people": [{"question": q.key, "text": q.text(lang)} for q in questions_about(name)],
        "suggested_question": criterion.suggest(lang),
    }


def criterion_text(name: str, lang: str = "en") -> str:
    """A criterion for a terminal, in `en` or `ja`."""
    criterion, words = CATALOGUE[name], Words(lang)
    lines = [
        f"{name}  {criterion.title(lang)}",
        f"  {criterion.key}, {CATALOGUE.kinds[criterion.kind][lang]}",
        f"  {criterion.asks(lang)}",
        "",
        words("explained.statement"),
        f"  {criterion.statement(lang)}",
        "",
        f"{words('explained.source')} {CATALOGUE.source(lang)}",
    ]
    for passage in passages(name):
        lines += [f"  {passage.id}  {passage.slide}", f"    {passage.quote}"]
        if lang == "ja":
            lines.append(f"    {words('explained.sense')}{passage.ja}")
    lines += ["", words("explained.outcomes")]
    for outcome in _ORDER:
        lines += _outcome_lines(name, outcome, words)
    lines += [f"  {words('explained.error')}", "", words("explained.bears")]
    lines += [f"  - {bearings()[key].text(lang)}" for key in criterion.bears]
    lines += [f"  - {told}" for told in _limits(name, words)]
    lines += ["", words("explained.people")]
    lines += [f"  - {question.text(lang)}" for question in questions_about(name)]
    lines += [f"  - {words('explained.suggested')}{criterion.suggest(lang)}"]
    lines += ["", *_notes(criterion, words)]
    return "\n".join(lines)


def _outcome_lines(name: str, outcome: Outcome, words: Words) -> list[str]:
    text = outcome_text(name, outcome, words.lang)
    effects = {p.name: p.effect(name, outcome, Stage.PRE_FETCH) for p in _profiles()}
    if text is None and all(effect is Verdict.ALLOW for effect in effects.values()):
        return []
    told = ", ".join(f"{profile}: {EFFECTS[words.lang][effect]}" for profile, effect in effects.items())
    return [
        f"  {OUTCOMES[words.lang][outcome]}: {text or words('explained.not_found')}",
        f"    {told}",
        *(f"    {line}" for line in _audit_effects(name, outcome, words)),
    ]


def _audit_effects(name: str, outcome: Outcome, words: Words) -> Iterator[str]:
    audit = {p.name: p.effect(name, outcome, Stage.AUDIT) for p in _profiles()}
    if audit != {p.name: p.effect(name, outcome, Stage.PRE_FETCH) for p in _profiles()}:
        told = ", ".join(f"{profile}: {EFFECTS[words.lang][effect]}" for profile, effect in audit.items())
        yield f"{words('explained.audit')} {told}"


def _limits(name: str, words: Words) -> Iterator[str]:
    for limit in LIMITS.values():
        if limit.criterion == name:
            yield words("explained.limit", name=limit.name, meaning=limit.meaning(words.lang))


def _notes(criterion: Criterion, words: Words) -> Iterator[str]:
    yield words("explained.lifted" if criterion.lifted_by_permission else "explained.not_lifted")
    if criterion.in_words:
        yield words("explained.in_words")


def _profiles() -> list[Profile]:
    return [load_profile(name) for name in BUILT_IN]


# -- Markdown ---------------------------------------------------------------------------------------------


def criterion_markdown(name: str) -> str:
    """The page of a criterion in docs/criteria: English first, then Japanese."""
    criterion = CATALOGUE[name]
    kind = CATALOGUE.kinds[criterion.kind]["en"]
    head = [
        f"# {name}: {criterion.title('en')}",
        "",
        f"{criterion.title('ja')} · `{criterion.key}` · {kind} · [all criteria](README.md)",
        "",
        f"<!-- Generated from crawlgate/criteria: crawlgate explain {name} --format markdown -->",
        "",
    ]
    return (
        "\n".join(
            [
                *head,
                *_part(name, Words("en")),
                "---",
                "",
                f"# {name}：{criterion.title('ja')}",
                "",
                *_part(name, Words("ja")),
            ]
        ).rstrip()
        + "\n"
    )


def _part(name: str, words: Words) -> list[str]:
    criterion, lang = CATALOGUE[name], words.lang
    lines = [f"**{criterion.asks(lang)}**", "", f"{words('explained.statement')} {criterion.statement(lang)}", ""]
    lines += [f"## {words('explained.source_head')}", "", f"{words('explained.source')} {CATALOGUE.source(lang)}", ""]
    for passage in passages(name):
        lines += [f"**{passage.id}** · {passage.slide}", "", f"> {passage.quote}", ""]
        if lang == "ja":
            lines += [f"{words('explained.sense')}{passage.ja}", ""]
    lines += [f"## {words('explained.outcomes')}", ""]
    lines += [
        f"| {words('explained.outcome')} | {words('explained.makes')} | {' | '.join(BUILT_IN)} |",
        "|---|---|---|---|---|",
    ]
    for outcome in _ORDER:
        text = outcome_text(name, outcome, lang)
        effects = [p.effect(name, outcome, Stage.PRE_FETCH) for p in _profiles()]
        if text is None and all(effect is Verdict.ALLOW for effect in effects):
            continue
        cells = [OUTCOMES[lang][outcome], text or words("explained.not_found"), *(EFFECTS[lang][e] for e in effects)]
        lines.append(f"| {' | '.join(cells)} |")
    lines.append("")
    audits = [
        f"{OUTCOMES[lang][outcome]}: {line}" for outcome in _ORDER for line in _audit_effects(name, outcome, words)
    ]
    lines += [*(f"{line}  " for line in audits), words("explained.error"), ""]
    lines += [f"## {words('explained.bears')}", ""]
    lines += [f"- {bearings()[key].text(lang)}{_kinds(key)}" for key in criterion.bears]
    lines += [f"- {told}" for told in _limits(name, words)]
    lines += ["", f"## {words('explained.people')}", ""]
    lines += [f"- {question.text(lang)} {_cited(question.sources, lang)}" for question in questions_about(name)]
    lines += [f"- {words('explained.suggested')}{criterion.suggest(lang)}", ""]
    return [*lines, *_notes(criterion, words), ""]


def _cited(sources: Iterable[str], lang: str) -> str:
    return f"（{'、'.join(sources)}）" if lang == "ja" else f"({', '.join(sources)})"


def _kinds(key: str) -> str:
    kinds = bearings()[key].kinds
    return f" ({', '.join(f'`{kind}.*`' for kind in kinds)})" if kinds else ""


def index_markdown() -> str:
    """The page that lists all criteria (docs/criteria/README.md)."""
    lines = [
        "# Criteria",
        "",
        "<!-- Generated from crawlgate/criteria: crawlgate explain --format markdown -->",
        "",
        f"Rule pack `{CATALOGUE.rule_pack}`. It reads: {CATALOGUE.source('en')}.",
        "A finding speaks to a criterion; it never says legal or illegal.",
        "",
        "| id | criterion | 基準 | kind | rests on |",
        "|---|---|---|---|---|",
    ]
    for name, criterion in CATALOGUE.criteria.items():
        kind = CATALOGUE.kinds[criterion.kind]["en"]
        sources = ", ".join(criterion.sources)
        lines.append(f"| [{name}]({name}.md) | {criterion.title_en} | {criterion.title_ja} | {kind} | {sources} |")
    return "\n".join(lines) + "\n"


def index_text(lang: str = "en") -> str:
    """All criteria, one a line."""
    return "\n".join(f"{name}  {criterion.title(lang)}" for name, criterion in CATALOGUE.criteria.items())


def statement_object(name: str) -> dict[str, Any]:
    """A statement of the source with the criteria that rest on it."""
    found = statements()[name]
    return {
        "schema": "crawlgate.statement/1",
        "id": name,
        "heading": found.slide,
        "quote": found.quote,
        "sense_ja": found.ja,
        "source_document": CATALOGUE.source("en"),
        "criteria": [key for key, criterion in CATALOGUE.criteria.items() if name in criterion.sources],
    }


def statement_text(name: str, lang: str = "en") -> str:
    """A statement of the source for a terminal: its exact words, and the criteria that rest on it."""
    found, words = statements()[name], Words(lang)
    lines = [f"{name}  {found.slide}", f"{words('explained.source')} {CATALOGUE.source(lang)}", f"  {found.quote}"]
    if lang == "ja":
        lines.append(f"  {words('explained.sense')}{found.ja}")
    resting = [f"{key} {c.title(lang)}" for key, c in CATALOGUE.criteria.items() if name in c.sources]
    lines.append(words("explained.resting", criteria="; ".join(resting) or words("page.none")))
    return "\n".join(lines)
