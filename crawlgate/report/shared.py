"""Pieces that several parts of the reports show alike: names of criteria, passages, what was not assessed, examples."""

from __future__ import annotations

from collections.abc import Iterable

from ..criteria import CATALOGUE
from ..criteria.passages import passages
from ..model import Outcome
from .examples import Example
from .gist import Answer
from .markup import Figure, Html, bullets, element, join, quoted, row, table
from .totals import NotAssessed
from .words import Words, moment, number

VERDICTS = (Answer.ALLOW, Answer.REVIEW, Answer.FOR_NOW, Answer.DENY)
WEIGHTY = (Outcome.MET, Outcome.INDICATED, Outcome.NEEDS_HUMAN, Outcome.UNKNOWN, Outcome.NOT_MET)
SPEAKS_FOR_COLLECTOR = (("D2", Outcome.MET), ("D3", Outcome.MET), ("D4", Outcome.MET))
"""Outcomes that are no finding against a criterion."""


def criterion_name(name: str, words: Words) -> Html:
    """A criterion with its title."""
    title = words.title(name) or words("criteria.unknown_criterion")
    return join((element("b", name), title), " ")


def check_name(name: str, words: Words) -> Html:
    """A criterion with its title, or a check."""
    if name.startswith("check."):
        return join((words.known("check", name.removeprefix("check.")),))
    return criterion_name(name, words)


def passages_of(criterion: str, words: Words) -> Html | None:
    """The exact words that findings against a criterion rest on."""
    if criterion not in CATALOGUE.criteria:
        return None
    return join(
        element(
            "blockquote",
            element("p", element("b", passage.id), " ", passage.quote, lang="en"),
            element("p", words("explained.sense"), passage.ja) if words.lang == "ja" else None,
        )
        for passage in passages(criterion)
    )


def urls_text(count: int, words: Words) -> str:
    """A number of URLs."""
    return words("criteria.url") if count == 1 else words("criteria.urls", count=number(count))


def not_assessed_table(items: Iterable[NotAssessed], decided: int, words: Words) -> Html:
    """What was not assessed and why, with its share of `decided` URLs."""
    rows = []
    for item in items:
        names = bullets((check_name(name, words) for name in item.names), class_="plain")
        share = Figure(words.percent(item.urls, decided))
        rows.append(row(names, words.sentence(item.why), item.urls, share))
    if not rows:
        return element("p", words("page.nothing"))
    head = (
        words("coverage.criteria"),
        words("coverage.why"),
        words("coverage.urls"),
        words("coverage.of_decided"),
    )
    return table(words("coverage.not_assessed_caption"), head, rows)


def examples_list(examples: Iterable[Example], words: Words) -> Html:
    """Examples: URL, the line that said so, and where it stood."""
    return bullets((_example(example, words) for example in examples), class_="examples")


def _example(example: Example, words: Words) -> Html:
    where = [
        element("code", example.statement, dir="ltr") if example.statement else None,
        element("span", words("example.name", name=example.name)) if example.name else None,
        element("span", words("example.line", line=example.line)) if example.line is not None else None,
        element("span", words.known("stage", example.stage)),
        element("time", moment(example.at), datetime=example.at.isoformat()),
        element("span", words("example.record", record=example.record)),
        element("span", words("example.evidence", evidence=example.evidence)) if example.evidence else None,
    ]
    return join(
        (
            element("p", quoted(example.url), class_="url"),
            quoted(example.raw, "raw") if example.raw else None,
            element("p", words.sentence(example.reason, example.params)),
            element("p", *where, class_="where"),
        )
    )
