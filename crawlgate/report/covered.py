"""Parts of the report: what was covered, and what was answered."""

from __future__ import annotations

from ..model import Stage
from . import svg
from .gist import Answer
from .markup import Figure, Html, element, join, row, table
from .shared import VERDICTS, not_assessed_table
from .summary import Summary
from .words import Words, number


def coverage(summary: Summary, words: Words) -> Html:
    """What was asked, decided, refused and not assessed."""
    asked = summary.asked
    counts = (
        ("asked", asked),
        ("decided", summary.decided),
        ("both", summary.asked_both),
        ("before_only", summary.asked_before - summary.asked_both),
        ("after_only", summary.asked_after - summary.asked_both),
        ("refused", summary.urls.get(Answer.REFUSED, 0)),
        ("unreadable", summary.urls.get(Answer.UNREADABLE, 0)),
    )
    rows = (
        row(words(f"coverage.{key}"), count, Figure(words.percent(count, asked)))
        for key, count in counts
        if count or key not in ("after_only", "unreadable")
    )
    notes = [
        element("p", words(f"coverage.{key}", count=number(count)))
        for key, count in (("observed", summary.observed), ("other_agent", summary.other_agent))
        if count
    ]
    head = (words("coverage.of"), words("coverage.urls"), words("coverage.share"))
    return join(
        (
            element("p", words("coverage.lead"), class_="lead"),
            table(words("coverage.caption"), head, rows),
            _stages(summary, words),
            *notes,
            _problems(summary, words),
            element("h3", words("coverage.not_assessed")),
            element("p", words("coverage.not_assessed_lead"), class_="lead"),
            not_assessed_table(summary.not_assessed, summary.decided, words),
        )
    )


def _stages(summary: Summary, words: Words) -> Html:
    answers = [*VERDICTS, Answer.REFUSED]
    if any(answer is Answer.UNREADABLE for _, answer in summary.answers):
        answers.append(Answer.UNREADABLE)
    order = {str(stage): rank for rank, stage in enumerate(Stage)}
    stages = sorted({stage for stage, _ in summary.answers}, key=lambda stage: (order.get(stage, 99), stage))
    rows = []
    for stage in stages:
        counts = [summary.answers.get((stage, answer), 0) for answer in answers]
        rows.append(row(words.known("stage", stage or "unread"), sum(counts), *counts))
    head = (words("coverage.stage"), words("coverage.answers"), *(words(f"answer.{answer}") for answer in answers))
    return join(
        (
            element("h3", words("coverage.stages")),
            element("p", words("coverage.stages_lead"), class_="lead"),
            table(words("coverage.stages_caption"), head, rows),
        )
    )


def _problems(summary: Summary, words: Words) -> Html | None:
    if not summary.problems:
        return None
    rows = ((words.sentence(f"problem.{code}"), count) for code, count in summary.problems.items())
    return table(words("coverage.problems"), (words("coverage.reason"), words("coverage.urls")), rows)


def verdicts(summary: Summary, words: Words) -> Html:
    """What the gate answered, as a bar and in numbers."""
    decided = summary.decided
    if decided == 0:
        return element("p", words("verdicts.none"))
    counts = [(answer, summary.urls.get(answer, 0)) for answer in VERDICTS]
    shares = ", ".join(
        f"{words(f'answer.{a}')} {number(count)} ({words.percent(count, decided)})" for a, count in counts
    )
    rows = (
        row(
            join((svg.swatch(answer), words(f"answer.{answer}"))),
            count,
            Figure(words.percent(count, decided)),
            words(f"meaning.{answer}"),
        )
        for answer, count in counts
    )
    head = (words("verdicts.verdict"), words("coverage.urls"), words("coverage.share"), words("verdicts.meaning"))
    return join(
        (
            element("p", words("verdicts.lead", count=number(decided)), class_="lead"),
            svg.bar(words("verdicts.bar", shares=shares), [(str(answer), count) for answer, count in counts]),
            table(words("verdicts.caption"), head, rows),
        )
    )
