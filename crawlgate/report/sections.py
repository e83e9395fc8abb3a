"""The parts of the report, each a function of the summary: first what was covered, then what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from ..criteria import CATALOGUE
from ..criteria.passages import passages, person_questions, raises
from ..explain import OUTCOMES
from ..model import Outcome, Stage
from . import svg
from .examples import Example
from .gist import Answer
from .markup import Figure, Html, bullets, definitions, element, join, quoted, row, table
from .provenance import conditions, ledger
from .standing import override_lines
from .summary import EXAMPLES, CriterionSummary, Summary
from .words import Words, moment, number

VERDICTS = (Answer.ALLOW, Answer.REVIEW, Answer.FOR_NOW, Answer.DENY)
_SPEAKS_FOR_COLLECTOR = (("D2", Outcome.MET), ("D3", Outcome.MET), ("D4", Outcome.MET))
_WEIGHTY = (Outcome.MET, Outcome.INDICATED, Outcome.NEEDS_HUMAN, Outcome.UNKNOWN, Outcome.NOT_MET)

OVERRIDES_SHOWN = 200
"""Decisions of people that are shown, the latest."""

Section = Callable[[Summary, Words], Html]


# -- what was covered, and what was answered --------------------------------------------------------------


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
            _not_assessed(summary, words),
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


def _not_assessed(summary: Summary, words: Words) -> Html:
    rows = []
    for item in summary.not_assessed:
        names = bullets((_name(name, words) for name in item.names), class_="plain")
        share = Figure(words.percent(item.urls, summary.decided))
        rows.append(row(names, words.sentence(item.why), item.urls, share))
    head = (
        words("coverage.criteria"),
        words("coverage.why"),
        words("coverage.urls"),
        words("coverage.of_decided"),
    )
    return join(
        (
            element("h3", words("coverage.not_assessed")),
            element("p", words("coverage.not_assessed_lead"), class_="lead"),
            table(words("coverage.not_assessed_caption"), head, rows) if rows else element("p", words("page.nothing")),
        )
    )


def _name(name: str, words: Words) -> Html:
    """A criterion with its title, or a check."""
    if name.startswith("check."):
        return join((words.known("check", name.removeprefix("check.")),))
    return _criterion(name, words)


def _criterion(name: str, words: Words) -> Html:
    title = words.title(name) or words("criteria.unknown_criterion")
    return join((element("b", name), title), " ")


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


# -- what was found ---------------------------------------------------------------------------------------


def criteria(summary: Summary, words: Words) -> Html:
    """Outcomes by criterion, and examples of what was read."""
    if not summary.criteria:
        return element("p", words("criteria.none"))
    head = (
        words("criteria.criterion"),
        *(OUTCOMES[words.lang][outcome] for outcome in _WEIGHTY),
        words("criteria.not_assessed"),
    )
    rows = (
        row(_criterion(name, words), *(found.outcomes.get(outcome, 0) for outcome in _WEIGHTY), found.not_assessed)
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
    for outcome in _WEIGHTY:
        examples = found.examples.get(outcome, ())
        if not examples or (found.criterion, outcome) in _SPEAKS_FOR_COLLECTOR:
            continue
        count = found.outcomes.get(outcome, 0)
        heading = f"{OUTCOMES[words.lang][outcome]}: {_urls(count, words)}"
        parts += (element("h5", heading), _examples(examples, words))
    if not parts:
        return
    known = CATALOGUE.criteria.get(found.criterion)
    statement = element("p", known.statement(words.lang), class_="lead") if known else None
    heading = element("h4", _criterion(found.criterion, words))
    yield element("div", heading, statement, _passages(found.criterion, words), *parts, class_="criterion")


def _passages(criterion: str, words: Words) -> Html | None:
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


def _urls(count: int, words: Words) -> str:
    return words("criteria.url") if count == 1 else words("criteria.urls", count=number(count))


def _examples(examples: Iterable[Example], words: Words) -> Html:
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
            element("h3", _criterion(review.criterion, words)),
            element("p", element("strong", f"{words('reviews.question')}: "), question),
            element("p", since, class_="lead"),
            _examples(review.examples, words),
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
                raised.append(f"{name}: {_urls(count, words)}")
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


# -- what was kept ------------------------------------------------------------------------------------------


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
    found = [(OUTCOMES[words.lang][outcome], words(f"meaning.{outcome}")) for outcome in _WEIGHTY]
    found.append((words("criteria.not_assessed"), words("meaning.not_assessed")))
    return join(
        (
            element("h3", words("legend.verdict")),
            definitions(answers),
            element("h3", words("legend.outcome")),
            definitions(found),
        )
    )


SECTIONS: Mapping[str, Section] = {
    "conditions": conditions,
    "coverage": coverage,
    "verdicts": verdicts,
    "criteria": criteria,
    "sites": sites,
    "reviews": reviews,
    "overrides": overrides,
    "people": people,
    "outcomes": outcomes,
    "evidence": evidence,
    "ledger": ledger,
    "legend": legend,
}
