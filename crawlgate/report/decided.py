"""Parts of the report: what waits for a person, what only people can decide, and what they decided."""

from __future__ import annotations

from ..criteria.passages import person_questions, raises
from ..model import Outcome
from .gist import Answer
from .markup import Html, bullets, element, join, table
from .shared import criterion_name, examples_list, urls_text
from .standing import override_lines
from .summary import Summary
from .words import Words, moment, number

OVERRIDES_SHOWN = 200
"""Decisions of people that are shown, the latest."""


def reviews(summary: Summary, words: Words) -> Html:
    """What waits for a person, with a question to begin from."""
    waiting = summary.urls.get(Answer.REVIEW, 0)
    if not waiting:
        return element("p", words("reviews.none"))
    parts = []
    for review in summary.reviews:
        since = words("reviews.since", count=number(review.urls), since=moment(review.since))
        question = words.suggest(review.criterion)
        parts += [
            element("h3", criterion_name(review.criterion, words)),
            element("p", element("strong", f"{words('reviews.question')}: "), question),
            element("p", since, class_="lead"),
            examples_list(review.examples, words),
        ]
    return join((element("p", words("reviews.lead", count=number(waiting)), class_="lead"), *parts))


def people(summary: Summary, words: Words) -> Html:
    """What only people can decide, given what was found."""
    rows = []
    for question in person_questions():
        raised = []
        for name in question.criteria:
            found = summary.criteria.get(name)
            count = sum(found.outcomes.get(o, 0) for o in Outcome if raises(name, o)) if found else 0
            if count:
                raised.append(f"{name}: {urls_text(count, words)}")
        if raised:
            rows.append((question.text(words.lang), "; ".join(raised), ", ".join(question.sources)))
    if not rows:
        return element("p", words("people.none"))
    head = (words("people.question"), words("people.raised"), words("people.sources"))
    return join((element("p", words("people.lead"), class_="lead"), table(words("people.caption"), head, rows)))


def overrides(summary: Summary, words: Words) -> Html:
    """What people decided, and how many answers followed it."""
    if not summary.overrides:
        return element("p", words("overrides.none"))
    shown = summary.overrides[-OVERRIDES_SHOWN:]
    items = (
        join(
            (
                *(element("p", line) for line in override_lines(override, summary.made_at, words)),
                element("p", words("overrides.followed", count=number(summary.followed.get(override.record, 0)))),
            )
        )
        for override in reversed(shown)
    )
    left = len(summary.overrides) - len(shown)
    return join(
        (
            element("p", words("overrides.lead"), class_="lead"),
            bullets(items, class_="examples"),
            element("p", words("overrides.more", count=number(left))) if left else None,
        )
    )
