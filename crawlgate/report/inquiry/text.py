"""Answers to an inquiry as text, for a terminal or a letter. Hostile text is shown, not obeyed."""

from __future__ import annotations

from collections.abc import Iterator

from ...audit.coverage import Coverage
from ...audit.inquiry import AddressAnswer, ItemAnswer, Step
from ...explain import printable
from ..words import Words, moment, number
from . import phrases


def item_text(item: ItemAnswer, words: Words) -> str:
    """The answer about one thing asked for, some lines."""
    answer = phrases.answer_text(item.answer, words).upper()
    kind = words(f"inquiry_kind.{item.asked.kind}")
    lines = [f"{item.asked.text}  ({kind})", f"  {answer}: {phrases.item_why(item, words)}"]
    lines += [
        f"  {told}" for told in (phrases.counts_text(item, words), phrases.hosts_text(item, words)) if told is not None
    ]
    for address in item.addresses:
        lines += [f"  {line}" for line in _address(address, words, alone=item.one_address)]
    if item.omitted:
        lines.append(f"  {words('inquiry.omitted_addresses', count=number(item.omitted))}")
    if not item.one_address:
        for title, told in (
            ("inquiry.evidence_used", phrases.evidence_used(item, words)),
            ("inquiry.not_assessed_all", phrases.not_assessed_all(item, words)),
        ):
            lines += [f"  {words(title)}", *(f"    {line}" for line in told)] if told else []
    if item.faults:
        lines.append(f"  {words('inquiry.faults')}")
        lines += [f"    {fault}" for fault in item.faults]
    return "\n".join(map(printable, lines))


def coverage_text(coverage: Coverage, words: Words) -> str:
    """The coverage statement."""
    lines = [words("inquiry_coverage.title"), f"  {phrases.period_text(coverage, words)}"]
    lines += [f"  {told}" for told in phrases.coverage_texts(coverage, words)]
    lines += ["", words("inquiry.note")]
    return "\n".join(map(printable, lines))


def _address(found: AddressAnswer, words: Words, *, alone: bool) -> Iterator[str]:
    indent = ""
    if not alone:
        answer = phrases.answer_text(found.answer, words)
        yield f"{found.url}  {answer}: {phrases.why_text(found.why, words)}"
        indent = "  "
    if found.omitted:
        yield indent + words("inquiry.omitted_steps", count=number(found.omitted))
    for step in found.steps:
        for line in _step(step, words, whole=alone):
            yield indent + line
    for through in found.through:
        yield indent + phrases.through_text(through, words)
        for line in _address(through, words, alone=False):
            yield f"{indent}  {line}"


def _step(step: Step, words: Words, *, whole: bool) -> Iterator[str]:
    """One decision; `whole` with its evidence and what was not assessed, which are told for all together otherwise."""
    decision = phrases.decided(step)
    verdict = phrases.verdict_text(decision, words) if step.decision.basis or decision.problem else "?"
    yield f"{moment(step.decision.at)}  {phrases.stage_text(step, words)}  {verdict}  [{step.decision.record}]"
    for note in phrases.decision_notes(step, words, rules=whole):
        yield f"    {note}"
    for finding in decision.reasons:
        yield f"    {phrases.finding_text(finding, words)}"
        for quote in phrases.quotes(finding, words):
            yield f"      {quote}"
    if not decision.reasons and step.decision.basis and decision.problem is None:
        yield f"    {words('inquiry.no_finding')}"
    for told in phrases.override_texts(decision, words):
        yield f"    {told}"
    for used in step.evidence if whole else ():
        yield f"    {phrases.evidence_text(used, words)}"
    not_assessed = phrases.not_assessed(decision, words) if whole else None
    if not_assessed is not None:
        yield f"    {not_assessed}"
    for outcome in step.outcomes:
        yield f"    -> {phrases.outcome_text(outcome, words)}  [{outcome.id}]"
