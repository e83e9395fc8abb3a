"""Parts of the report: what a person must decide, and what must come out of the dataset."""

from __future__ import annotations

from collections.abc import Iterator

from ...criteria.passages import person_questions
from ..gist import Answer
from ..words import Words, number
from .account import Account, Removals
from .asked import share
from .blocks import Block, Cell, Code, Examples, Heading, Named, Table, Text
from .examples import examples, removal_example


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


def removals(account: Account, words: Words) -> Iterator[Block]:
    """The removal list, split by cause and by what was known when."""
    found = account.removals
    if found is None:
        yield Text(words("audit_removals.not_written"))
        return
    if found.rows:
        until = account.summary.get("known_until")
        dated = account.as_of == "fetched" and until
        key = "audit_removals.lead" if dated else "audit_removals.lead_one"
        yield Text(words(key, until=str(until)[:19].replace("T", " ") + " UTC"), "lead")
        yield from _counted(found, words)
    else:
        yield Text(words("audit_removals.none"))
    if found.effects.get(Answer.DENY):
        yield Text(words("audit_removals.apply"))
    if found.looked_again is not None:
        again, never = number(found.looked_again), number(found.not_looked_again or 0)
        yield Text(words("audit_removals.looked", again=again, never=never))
    if found.examples:
        yield Heading(3, words("audit_removals.examples"))
        yield Examples(tuple(removal_example(row, words) for row in found.examples))


def _counted(found: Removals, words: Words) -> Iterator[Block]:
    effects: list[tuple[Cell, ...]] = [
        (words(f"audit_effect.{effect}"), count, share(count, found.rows, words))
        for effect, count in found.effects.items()
    ]
    head = (words("audit_removals.effect"), words("audit.rows"), words("audit.share"))
    yield Table(words("audit_removals.effects_caption"), head, effects)
    split: list[tuple[Cell, ...]] = [
        (
            words.known("audit_cause", cause),
            words.known("audit_known", known) if known else "-",
            words(f"audit_effect.{effect}"),
            count,
        )
        for cause, known, effect, count in found.split
    ]
    parts = tuple(words(f"audit_removals.{key}") for key in ("cause", "known", "effect"))
    yield Table(words("audit_removals.caption"), (*parts, words("audit.rows")), split)
    if found.lists:
        named: list[tuple[Cell, ...]] = [(Code(name), count) for name, count in found.lists]
        yield Table(words("audit_removals.lists_caption"), (words("audit_lists.list"), words("audit.rows")), named)
    yield Text(words("audit_removals.placed", placed=number(found.placed), rows=number(found.rows)))
