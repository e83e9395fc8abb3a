"""The story of one recorded decision: what was asked and seen, which criteria and passages, and what is left open.

As text in either language, and as an object for machines (docs/schemas/story.json).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..criteria import CATALOGUE
from ..criteria.passages import leaves_open, passages
from ..explain import EFFECTS, OUTCOMES, not_assessed_lines, override_line, place, printable, questions_text
from ..ledger.query import DecisionRecord, Record
from ..model import Decision, Finding, Override, Verdict
from .gist import mapping, sequence, text, utc
from .json import decision_object
from .provenance import article
from .recorded import decision_of
from .words import Words, age_text, moment

SCHEMA = "crawlgate.story/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What a story is told from: the decision as recorded, the head of its segment, its evidence, what became of
    the body, and the overrides it followed, whole."""

    record: DecisionRecord
    head: Mapping[str, Any]
    evidence: Mapping[str, Record]
    outcomes: Sequence[Record] = ()
    overrides: Sequence[Override] = ()

    @property
    def decision(self) -> Decision:
        """The decision as the value it was; what its basis says of overrides replaced by the overrides whole."""
        decision = decision_of(self.record)
        whole = {override.record: override for override in self.overrides}
        cited = tuple(whole.get(override.record, override) for override in decision.overrides)
        return decision._replace(basis=replace(decision.basis, overrides=cited))


def story_object(story: Story, lang: str = "en") -> dict[str, Any]:
    """The story for machines: the decision with its passages, who asked, the evidence, and what became of the body."""
    decision = story.decision
    told = decision_object(decision, lang)
    named = {finding.criterion for finding in decision.findings}
    return {
        **told,
        "schema": SCHEMA,
        "passages": {
            name: [{"id": passage.id, "heading": passage.slide, "quote": passage.quote} for passage in passages(name)]
            for name in CATALOGUE.criteria
            if name in named
        },
        "overrides": [
            shown | {"reason": override.reason, "scope": override.scope, "value": override.place}
            for shown, override in zip(told["overrides"], decision.overrides, strict=True)
        ],
        "user_agent": story.record.user_agent,
        "hop_of": story.record.hop_of,
        "asked_by": mapping(story.head.get("declaration")) or None,
        "conditions": {
            key: story.head.get(key) for key in ("program", "profile", "rule_pack", "source_document", "mode", "lists")
        },
        "looked_at": [
            {"id": name, "record": record.id if record else None, **(dict(record.table) if record else {})}
            for name in decision.basis.evidence
            for record in [story.evidence.get(name)]
        ],
        "body": [dict(record.table) for record in story.outcomes],
        "note": Words(lang)("story.note"),
    }


def story_text(story: Story, lang: str = "en") -> str:
    """The story for people. Hostile text is shown, not obeyed."""
    decision, words = story.decision, Words(lang)
    parts = (
        ("asked", _asked(story, words)),
        ("answered", _answered(decision, words)),
        ("decided", _decided(decision, words)),
        ("people", _people(decision, words)),
        ("others", _others(decision, words)),
        ("seen", _seen(story, decision, words)),
        ("became", _became(story, words)),
        ("open", questions_text(decision.findings, lang) or [words("story.no_question")]),
        ("not_assessed", not_assessed_lines(decision.not_assessed, lang) or [words("story.all_assessed")]),
    )
    lines: list[str] = []
    for key, told in parts:
        shown = list(told)
        if shown:
            lines += [words(f"story.{key}"), *(f"  {printable(line)}" for line in shown), ""]
    return "\n".join([*lines, words("story.note")])


def _asked(story: Story, words: Words) -> Iterator[str]:
    record, head = story.record, story.head
    declared, profile = mapping(head.get("declaration")), mapping(head.get("profile"))
    yield record.url
    yield f"{moment(utc(record.at))}  {words.known('stage', text(record.basis.get('stage')))}  {record.record}"
    if declared:
        purposes = ", ".join(words.known("use", text(use)) for use in sequence(declared.get("purposes")))
        operator, token = text(declared.get("operator")), text(declared.get("token"))
        yield words("story.by", operator=operator, token=token, purposes=purposes)
        licences = sequence(declared.get("licences"))
        held = words("story.licences", count=len(licences)) if licences else words("story.no_licence")
        yield f"{article(text(declared.get('legal_basis')), words)}; {held}"
    else:
        yield words("story.undeclared")
    if record.user_agent is not None:
        yield words("story.sent", user_agent=text(record.user_agent))
    yield words(
        "story.rules",
        profile=text(record.basis.get("profile")),
        hash=text(profile.get("sha256"))[:16],
        pack=text(record.basis.get("rule_pack")),
    )
    if record.hop_of:
        yield words("story.hop", record=record.hop_of)


def _answered(decision: Decision, words: Words) -> Iterator[str]:
    notes = [
        words(f"story.{key}")
        for key, on in (("temporary", decision.temporary), ("observed", not decision.enforced))
        if on
    ]
    verdict = EFFECTS[words.lang][decision.verdict]
    yield verdict + (f" ({'; '.join(notes)})" if notes else "")
    if decision.problem is not None:
        yield words("story.refused", why=words.sentence(f"problem.{decision.problem}"))


def _decided(decision: Decision, words: Words) -> Iterator[str]:
    if not decision.reasons and decision.problem is None:
        yield words("story.nothing")
    for finding in decision.reasons:
        yield from _finding(finding, words, whole=True)


def _others(decision: Decision, words: Words) -> Iterator[str]:
    deciding = {finding.criterion for finding in decision.reasons}
    for finding in decision.findings:
        if finding.criterion not in deciding:
            yield from _finding(finding, words, whole=leaves_open(finding))


def _finding(finding: Finding, words: Words, *, whole: bool) -> Iterator[str]:
    title = CATALOGUE[finding.criterion].title(words.lang)
    sentence = words.sentence(finding.reason, finding.params)
    yield f"{finding.criterion} {title} - {OUTCOMES[words.lang][finding.outcome]}: {sentence}"
    for signal in finding.signals:
        evidence = f"  {words('example.evidence', evidence=signal.evidence)}" if signal.evidence else ""
        yield f"   {place(signal, words.lang)}{evidence}"
    rests = passages(finding.criterion)
    if not whole:
        yield f"   [{', '.join(passage.id for passage in rests)}]"
        return
    for passage in rests:
        yield f"   {passage.id}: {passage.quote}"
        if words.lang == "ja":
            yield f"      {words('explained.sense')}{passage.ja}"


def _people(decision: Decision, words: Words) -> Iterator[str]:
    for override in decision.overrides:
        yield override_line(override, words.lang)
        if override.reason:
            effect = words("review.allowed" if override.effect is Verdict.ALLOW else "review.denied")
            scope = words.known("review_scope", override.scope)
            yield f"   {effect}: {scope} {override.place}; {override.reason}"


def _seen(story: Story, decision: Decision, words: Words) -> Iterator[str]:
    for name in decision.basis.evidence:
        record = story.evidence.get(name)
        if record is None:
            yield words("story.gone", id=name)
            continue
        table = record.table
        answer = str(table["status"]) if type(table.get("status")) is int else text(table.get("error")) or "-"
        told = {
            "kind": words.known("source", text(table.get("source"))),
            "url": text(table.get("url"), 2000),
            "answer": answer,
            "at": moment(utc(record.at)) if record.at else "-",
        }
        age = age_text(record.at, decision.at, words)
        yield words("story.evidence", **told, age=age) if age else words("story.evidence_later", **told)
        location, sha256 = mapping(table.get("location")), text(table.get("sha256"))
        kept = words("story.stored", sha256=sha256[:16], file=text(location.get("file")))
        yield f"   {kept if location else words('story.not_stored')}  {name}"


def _became(story: Story, words: Words) -> Iterator[str]:
    for record in story.outcomes:
        table = record.table
        what = words.known("disposition", text(table.get("disposition")))
        more = [str(table[key]) for key in ("status", "media_type", "dataset", "shard", "sha256") if table.get(key)]
        yield "  ".join([what, *more, record.id])
