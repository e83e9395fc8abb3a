"""Parts of the report: what was kept, and how to read it all."""

from __future__ import annotations

from ..explain import OUTCOMES
from .markup import Html, definitions, element, join, row, table
from .shared import VERDICTS, WEIGHTY
from .summary import Summary
from .words import Words, number


def outcomes(summary: Summary, words: Words) -> Html:
    """What became of bodies."""
    if not summary.dispositions:
        return element("p", words("outcomes.none"))
    known = ("released", "read", "passed_on", "held", "discarded", "failed")
    names = (*known, *sorted(summary.dispositions.keys() - set(known)))
    rows = (
        row(words.known("disposition", name), summary.dispositions.get(name, 0), words.known("event", name))
        for name in names
    )
    head = (words("outcomes.event"), words("outcomes.count"), words("outcomes.meaning"))
    return join(
        (
            element("p", words("outcomes.lead"), class_="lead"),
            table(words("outcomes.caption"), head, rows),
            element("p", words("outcomes.size", size=number(summary.bytes_read), cut=number(summary.cut_bodies))),
        )
    )


def evidence(summary: Summary, words: Words) -> Html:
    """Evidence by kind."""
    if not summary.evidence:
        return element("p", words("evidence.none"))
    head = (
        words("evidence.kind"),
        words("evidence.records"),
        "2xx",
        "3xx",
        "4xx",
        "5xx",
        words("evidence.other"),
        words("evidence.no_answer"),
        words("evidence.stored"),
        words("evidence.truncated"),
        words("evidence.size"),
    )
    columns = ("2xx", "3xx", "4xx", "5xx", "1xx", "none")
    rows = (
        row(
            words.known("source", found.kind),
            found.records,
            *(found.statuses.get(status, 0) for status in columns),
            found.stored,
            found.truncated,
            found.size,
        )
        for found in summary.evidence
    )
    return join((element("p", words("evidence.lead"), class_="lead"), table(words("evidence.caption"), head, rows)))


def legend(_summary: Summary, words: Words) -> Html:
    """What the words of the report mean."""
    answers = ((words(f"answer.{answer}"), words(f"meaning.{answer}")) for answer in VERDICTS)
    found = [(OUTCOMES[words.lang][outcome], words(f"meaning.{outcome}")) for outcome in WEIGHTY]
    found.append((words("criteria.not_assessed"), words("meaning.not_assessed")))
    return join(
        (
            element("h3", words("legend.verdict")),
            definitions(answers),
            element("h3", words("legend.outcome")),
            definitions(found),
        )
    )
