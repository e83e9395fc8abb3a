"""Parts of the report: what was found, by criterion and by site."""

from __future__ import annotations

from collections.abc import Iterator

from ..criteria import CATALOGUE
from ..explain import OUTCOMES
from .markup import Html, element, join, quoted, row, table
from .shared import SPEAKS_FOR_COLLECTOR, VERDICTS, WEIGHTY, criterion_name, examples_list, passages_of, urls_text
from .summary import EXAMPLES, CriterionSummary, Summary
from .words import Words, number


def criteria(summary: Summary, words: Words) -> Html:
    """Outcomes by criterion, and examples of what was read."""
    if not summary.criteria:
        return element("p", words("criteria.none"))
    head = (
        words("criteria.criterion"),
        *(OUTCOMES[words.lang][outcome] for outcome in WEIGHTY),
        words("criteria.not_assessed"),
    )
    rows = (
        row(criterion_name(name, words), *(found.outcomes.get(outcome, 0) for outcome in WEIGHTY), found.not_assessed)
        for name, found in summary.criteria.items()
    )
    shown = [part for found in summary.criteria.values() for part in _found(found, words)]
    return join(
        (
            element("p", words("criteria.lead"), class_="lead"),
            table(words("criteria.caption"), head, rows),
            element("h3", words("criteria.examples")) if shown else None,
            element("p", words("criteria.examples_lead", count=EXAMPLES), class_="lead") if shown else None,
            *shown,
        )
    )


def _found(found: CriterionSummary, words: Words) -> Iterator[Html]:
    parts: list[Html] = []
    for outcome in WEIGHTY:
        examples = found.examples.get(outcome, ())
        if not examples or (found.criterion, outcome) in SPEAKS_FOR_COLLECTOR:
            continue
        count = found.outcomes.get(outcome, 0)
        heading = f"{OUTCOMES[words.lang][outcome]}: {urls_text(count, words)}"
        parts += (element("h5", heading), examples_list(examples, words))
    if not parts:
        return
    known = CATALOGUE.criteria.get(found.criterion)
    statement = element("p", known.statement(words.lang), class_="lead") if known else None
    heading = element("h4", criterion_name(found.criterion, words))
    yield element("div", heading, statement, passages_of(found.criterion, words), *parts, class_="criterion")


def sites(summary: Summary, words: Words) -> Html:
    """The sites with most URLs denied or held."""
    if not summary.sites:
        return element("p", words("sites.none", all=number(summary.site_count)))
    head = (
        words("sites.site"),
        words("coverage.urls"),
        *(words(f"answer.{answer}") for answer in VERDICTS),
        words("sites.criteria"),
    )
    rows = (
        row(
            quoted(site.site),
            site.urls,
            *(site.answers.get(answer, 0) for answer in VERDICTS),
            ", ".join(site.criteria) or words("page.none"),
        )
        for site in summary.sites
    )
    left = summary.sites_with_findings - len(summary.sites)
    return join(
        (
            element(
                "p",
                words("sites.lead", shown=number(len(summary.sites)), all=number(summary.site_count)),
                class_="lead",
            ),
            table(words("sites.caption"), head, rows),
            element("p", words("sites.more", count=number(left))) if left else None,
        )
    )
