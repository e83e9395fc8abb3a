"""Answers to an inquiry as one HTML page: no script, nothing loaded, fit for paper and for handing on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from ... import __version__
from ...audit.coverage import Conditions, Coverage
from ...audit.inquiry import AddressAnswer, ItemAnswer, Step, UsedEvidence
from ...audit.taken import Answer
from ..document import document
from ..markup import Child, Html, bullets, element, join, quoted, table
from ..words import Words, moment, number
from . import phrases

IN_FULL = 500
"""Answers that are told in full on a page; the table names all."""

_URL = 2_000


def page(answers: Sequence[ItemAnswer], coverage: Coverage, home: Path, made_at: datetime, lang: str = "en") -> str:
    """The whole page. All that came from elsewhere is escaped."""
    words = Words(lang)
    told = answers[:IN_FULL]
    details: list[Child] = [_item(place, item, words) for place, item in enumerate(told)]
    if len(answers) > len(told):
        details.append(element("p", words("inquiry.omitted_items", count=number(len(answers) - len(told)))))
    body = element(
        "body",
        element("a", words("page.skip"), href="#answers", class_="skip"),
        element(
            "div",
            _header(answers, coverage, home, made_at, words),
            element(
                "main",
                _section("summary", words("inquiry.summary"), _summary(answers, words)),
                _section("coverage", words("inquiry_coverage.title"), _coverage(coverage, words)),
                _section("details", words("inquiry.details"), join(details)),
                id="answers",
            ),
            element("footer", element("p", words("page.hostile")), element("p", words("page.footer"))),
            class_="wrap",
        ),
    )
    return document(words("inquiry.title"), body, lang)


def _header(answers: Sequence[ItemAnswer], coverage: Coverage, home: Path, made_at: datetime, words: Words) -> Html:
    made = words("inquiry.made", at=moment(made_at), version=__version__)
    counts = Counter(item.answer for item in answers)
    figures = [
        element("li", element("strong", number(counts[answer])), element("span", phrases.answer_text(answer, words)))
        for answer in Answer
        if counts[answer] or answer in (Answer.YES, Answer.NO, Answer.NOT_COVERED)
    ]
    note = element(
        "div",
        element("h2", words("inquiry.note_title"), id="h-note"),
        element("p", words("inquiry.note")),
        element("p", words("inquiry.yes_note")),
        class_="note",
        role="note",
        aria_labelledby="h-note",
    )
    return element(
        "header",
        element("p", words("inquiry.title"), class_="kind"),
        element("h1", words("inquiry.what")),
        element("p", phrases.period_text(coverage, words), class_="meta"),
        element("p", join((made, quoted(str(home))), " "), class_="meta"),
        note,
        element("ul", *figures, class_="figures", aria_label=words("inquiry.summary")),
    )


def _section(name: str, title: str, body: Html) -> Html:
    return element("section", element("h2", title, id=f"h-{name}"), body, id=name, aria_labelledby=f"h-{name}")


def _summary(answers: Sequence[ItemAnswer], words: Words) -> Html:
    head = [words(f"inquiry.{key}") for key in ("asked", "answer", "why", "decisions", "latest")]
    return table(words("inquiry.summary_caption"), head, (_row(n, item, words) for n, item in enumerate(answers)))


def _row(place: int, item: ItemAnswer, words: Words) -> list[Child]:
    latest = max((address.latest for address in item.addresses), default=None)
    shown: Child = quoted(item.asked.text, limit=_URL)
    if place < IN_FULL:
        shown = element("a", shown, href=f"#item-{place}")
    return [
        shown,
        _say(item.answer, words),
        phrases.item_why(item, words),
        sum((item.decisions or {}).values()),
        moment(latest) if latest else "-",
    ]


def _say(answer: Answer, words: Words) -> Html:
    return element("span", phrases.answer_text(answer, words), class_=f"say say-{answer}")


def _coverage(coverage: Coverage, words: Words) -> Html:
    parts: list[Child] = [bullets(phrases.coverage_texts(coverage, words))]
    if coverage.conditions:
        keys = ("operator", "mode", "profile", "lists", "count", "decisions", "first", "latest")
        head = [words(f"inquiry_coverage.{key}") for key in keys]
        rows = (_conditions(group, words) for group in coverage.conditions)
        parts.append(table(words("inquiry_coverage.conditions"), head, rows))
    if coverage.more_conditions:
        parts.append(element("p", words("inquiry_coverage.more_conditions", count=number(coverage.more_conditions))))
    return join(parts)


def _conditions(group: Conditions, words: Words) -> list[Child]:
    operator = group.operator or words("inquiry_coverage.nobody")
    return [
        join((operator, element("div", quoted(group.token), class_="where"))) if group.token else operator,
        words.known("inquiry_coverage", group.mode),
        join((group.profile, element("div", quoted(group.profile_sha256[:16]), class_="where"))),
        "-" if group.lists is None else group.lists,
        group.segments,
        group.decisions,
        moment(group.first),
        moment(group.latest),
    ]


def _item(place: int, item: ItemAnswer, words: Words) -> Html:
    kind = words(f"inquiry_kind.{item.asked.kind}")
    told: list[Child] = [
        element("p", join((_say(item.answer, words), phrases.item_why(item, words)), " ")),
        element("p", kind, class_="where"),
    ]
    told += [
        element("p", text)
        for text in (phrases.counts_text(item, words), phrases.hosts_text(item, words))
        if text is not None
    ]
    told += [_address(address, words, whole=item.one_address, under=item.asked.text) for address in item.addresses]
    if item.omitted:
        told.append(element("p", words("inquiry.omitted_addresses", count=number(item.omitted))))
    if not item.one_address:
        for title, facts in (
            ("inquiry.evidence_used", phrases.evidence_used(item, words)),
            ("inquiry.not_assessed_all", phrases.not_assessed_all(item, words)),
        ):
            told += [element("p", words(title)), bullets(facts, "facts")] if facts else []
    if item.faults:
        told += [element("p", words("inquiry.faults")), bullets([str(fault) for fault in item.faults], "facts")]
    title = element("h3", quoted(item.asked.text, limit=_URL))
    return element("article", title, *told, class_="item", id=f"item-{place}")


def _address(found: AddressAnswer, words: Words, *, whole: bool, under: str = "") -> Html:
    parts: list[Child] = []
    if not whole or found.url != under:
        parts.append(element("h4", quoted(found.url, limit=_URL)))
    if not whole:
        parts.append(element("p", join((_say(found.answer, words), phrases.why_text(found.why, words)), " ")))
    if found.omitted:
        parts.append(element("p", words("inquiry.omitted_steps", count=number(found.omitted)), class_="where"))
    parts.append(element("ol", *(_step(step, words, whole=whole) for step in found.steps), class_="examples"))
    for through in found.through:
        parts += [element("p", phrases.through_text(through, words)), _address(through, words, whole=False)]
    return join(parts)


def _step(step: Step, words: Words, *, whole: bool) -> Html:
    decision = phrases.decided(step)
    verdict = phrases.verdict_text(decision, words) if step.decision.basis or decision.problem else "?"
    head = f"{moment(step.decision.at)}  {phrases.stage_text(step, words)}  {verdict}"
    parts: list[Child] = [element("p", head, class_="url")]
    for finding in decision.reasons:
        parts.append(element("p", phrases.finding_text(finding, words)))
        parts += [quoted(quote, "raw") for quote in phrases.quotes(finding, words)]
    if not decision.reasons and step.decision.basis and decision.problem is None:
        parts.append(element("p", words("inquiry.no_finding")))
    facts: list[Child] = [*phrases.override_texts(decision, words)]
    facts += [_evidence(used, words) for used in step.evidence if whole]
    facts += [join((phrases.outcome_text(outcome, words), quoted(outcome.id)), " ") for outcome in step.outcomes]
    facts += list(phrases.decision_notes(step, words, rules=whole))
    not_assessed = phrases.not_assessed(decision, words) if whole else None
    if not_assessed is not None:
        facts.append(not_assessed)
    if facts:
        parts.append(bullets(facts, "facts"))
    parts.append(element("p", words("inquiry.record", record=step.decision.record), class_="where"))
    return element("li", *parts)


def _evidence(used: UsedEvidence, words: Words) -> Html:
    changed = used.kept is not None and used.kept.intact is False
    return element("span", phrases.evidence_text(used, words), class_="changed" if changed else None)
