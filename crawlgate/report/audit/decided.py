"""Parts of the report: what a person must decide, and what must come out."""

from __future__ import annotations

from collections.abc import Iterator

from ...criteria.passages import person_questions
from ..gist import Answer
from ..words import Words, number
from .account import Account
from .blocks import Block, Cell, Examples, Heading, Named, Table, Text
from .examples import examples


def people(account: Account, words: Words) -> Iterator[Block]:
    """Rows held for a person, criterion by criterion, and the questions that only people can answer."""
    held = account.counts.get(Answer.REVIEW, 0)
    if held:
        yield Text(words("audit_people.lead", count=number(held)), "lead")
    else:
        yield Text(words("audit_people.none"))
    for waiting in account.waiting:
        yield Heading(3, Named(waiting.criterion))
        question = words.suggest(waiting.criterion)
        if question:
            yield Text(f"{words('reviews.question')}: {question}", "question")
        yield Text(words("audit_people.rows", count=number(waiting.rows)), "lead")
        if waiting.examples:
            yield Examples(examples(waiting.examples, words, about=waiting.criterion))
    yield Heading(3, words("audit_people.open"))
    rows: list[tuple[Cell, ...]] = []
    for one in person_questions():
        if one.key in account.questions:
            raised, sources = ", ".join(one.criteria), ", ".join(one.sources)
            rows.append((one.text(words.lang), raised, account.questions[one.key], sources))
    if not rows:
        yield Text(words("audit_people.no_question"))
        return
    yield Text(words("audit_people.open_lead"), "lead")
    head = (
        words("people.question"),
        words("coverage.criteria"),
        words("audit_people.raised"),
        words("people.sources"),
    )
    yield Table(words("people.caption"), head, rows)
