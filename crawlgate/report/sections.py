"""The parts of the report, each a function of the summary: first what was covered, then what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from ..criteria import CATALOGUE
from ..explain import OUTCOMES
from ..ledger.segments import Fault
from ..model import Outcome, Stage
from . import svg
from .conditions import Conditions
from .examples import Example
from .gist import Answer
from .markup import Child, Figure, Html, bullets, definitions, element, join, quoted, row, table
from .summary import EXAMPLES, CriterionSummary, Summary
from .words import Words, moment, number

VERDICTS = (Answer.ALLOW, Answer.REVIEW, Answer.FOR_NOW, Answer.DENY)
_SHOWN_FAULTS = 20
_SPEAKS_FOR_COLLECTOR = (("D2", Outcome.MET), ("D3", Outcome.MET), ("D4", Outcome.MET))
_WEIGHTY = (Outcome.MET, Outcome.INDICATED, Outcome.NEEDS_HUMAN, Outcome.UNKNOWN, Outcome.NOT_MET)

Section = Callable[[Summary, Words], Html]


# -- who, and whether the record can be trusted ---------------------------------------------------------


def conditions(summary: Summary, words: Words) -> Html:
    """Who asked, under which rules, with which lists."""
    parts: list[Child] = [element("p", words("conditions.lead"), class_="lead")]
    if not summary.conditions:
        parts.append(element("p", words("conditions.nothing")))
    for at, found in enumerate(summary.conditions, start=1):
        if len(summary.conditions) > 1:
            parts.append(element("h3", words("conditions.nth", n=at, all=len(summary.conditions))))
        parts.append(_setting(found, words))
    if summary.more_conditions:
        parts.append(element("p", words("conditions.more", count=number(summary.more_conditions))))
    return join(parts)


def _setting(found: Conditions, words: Words) -> Html:
    said = found.said
    token = words("conditions.published" if said.token_published else "conditions.unpublished")
    used = None
    if found.first is not None and found.last is not None:
        key = "conditions.used_once" if found.segments == 1 else "conditions.used_text"
        used = words(key, segments=number(found.segments), first=moment(found.first), last=moment(found.last))
    licences = [_licence(item.licensor, item.reference, item.valid_from, item.valid_to, item.scope, words)
                for item in said.licences]  # fmt: skip
    lists = [
        join(
            (
                quoted(item.source),
                element(
                    "div",
                    words(
                        "conditions.list",
                        entries=number(item.entries),
                        rejected=number(item.rejected),
                        received=_second(item.received_at),
                    ),
                ),
                quoted(f"sha256:{item.sha256[:16]}"),
            )
        )
        for item in said.lists
    ]
    return definitions(
        (
            (words("conditions.operator"), said.operator or words("page.nobody")),
            (words("conditions.token"), join((quoted(said.token), element("div", token)))),
            (words("conditions.user_agent"), quoted(said.user_agent)),
            (
                words("conditions.purposes"),
                ", ".join(words.known("use", use) for use in said.purposes) or words("page.none"),
            ),
            (words("conditions.basis"), _article(said.legal_basis, words)),
            (words("conditions.licences"), bullets(licences) if licences else words("page.none")),
            (words("conditions.profile"), join((said.profile, quoted(said.profile_hash[:16])), " ")),
            (words("conditions.rule_pack"), quoted(said.rule_pack)),
            (words("conditions.source"), said.source_document or None),
            (words("conditions.lists"), bullets(lists) if lists else words("conditions.no_lists")),
            (words("conditions.mode"), words.known("conditions", said.mode)),
            (words("conditions.program"), said.program),
            (words("conditions.used"), used),
        )
    )


def _article(basis: str, words: Words) -> str:
    first, hyphen, second = basis.partition("-")
    if not (hyphen and first.isdecimal() and second.isdecimal()):
        return basis or words("page.none")
    return words("conditions.basis_text", article=basis, first=first, second=second)


def _licence(licensor: str, reference: str, first: str, last: str, scope: Iterable[str], words: Words) -> Html:
    text = words(
        "conditions.licence",
        licensor=licensor,
        reference=reference or words("conditions.no_reference"),
        first=_second(first) or words("conditions.open"),
        last=_second(last) or words("conditions.open"),
    )
    return join((element("div", text), *(element("div", quoted(pattern)) for pattern in scope)))


def ledger(summary: Summary, words: Words) -> Html:
    """Whether the ledger is what was written."""
    verified = summary.verified
    rows: list[tuple[str, Child]] = [
        (words("ledger.segments"), number(verified.segments)),
        (words("ledger.records"), number(sum(summary.records.values()))),
    ]
    if summary.unreadable_places:
        rows.append((words("ledger.unreadable"), number(summary.unreadable_places)))
    if summary.last is None or summary.last[1] < 0:
        rows.append((words("ledger.last"), words("ledger.no_last")))
    else:
        segment, seq, digest = summary.last
        rows.append((words("ledger.last"), words("ledger.last_text", seq=number(seq), segment=segment)))
        rows.append((words("ledger.sha"), quoted(digest)))
    kinds = ((words.known("kind", kind), count) for kind, count in sorted(summary.records.items()))
    return join(
        (
            ledger_state(summary, words),
            _faults(words("ledger.problems"), verified.problems, words),
            _faults(words("ledger.warnings"), verified.warnings, words),
            definitions(rows),
            element("p", words("ledger.grew")) if summary.grew else None,
            element("p", words("ledger.limit"), class_="lead"),
            table(words("ledger.by_kind"), (words("ledger.kind"), words("ledger.count")), kinds),
        )
    )


def ledger_state(summary: Summary, words: Words) -> Html:
    """Whether the ledger verifies, in one sentence, with the first thing that is wrong."""
    problems = summary.verified.problems
    if not problems:
        return element("p", words("ledger.ok"), class_="state good")
    first = element("span", f"{problems[0]}", class_="first")
    return element("p", words("ledger.bad"), " ", first, class_="state bad")


def _faults(caption: str, faults: tuple[Fault, ...], words: Words) -> Html | None:
    if not faults:
        return None
    head = (words("ledger.place"), words("ledger.line"), words("ledger.byte"), words("ledger.why"))
    rows = (
        row(quoted(fault.segment), fault.line, fault.offset, f"{fault.message} [{fault.code}]")
        for fault in faults[:_SHOWN_FAULTS]
    )
    left = len(faults) - _SHOWN_FAULTS
    more = element("p", words("ledger.more", count=number(left))) if left > 0 else None
    return join((table(caption, head, rows), more))


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
    # The catalogue has statements in English only.
    statement = element("p", known.statement, class_="lead") if known and words.lang == "en" else None
    yield element("div", element("h4", _criterion(found.criterion, words)), statement, *parts, class_="criterion")


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
        question = words.known("question", review.criterion)
        parts += [
            element("h3", _criterion(review.criterion, words)),
            element("p", element("strong", f"{words('reviews.question')}: "), question),
            element("p", since, class_="lead"),
            _examples(review.examples, words),
        ]
    return join((element("p", words("reviews.lead", count=number(waiting)), class_="lead"), *parts))


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


def _second(at: str) -> str:
    """A time as records write it, to the second."""
    return f"{at[:10]} {at[11:19]} UTC" if len(at) == 27 else at


SECTIONS: Mapping[str, Section] = {
    "conditions": conditions,
    "coverage": coverage,
    "verdicts": verdicts,
    "criteria": criteria,
    "sites": sites,
    "reviews": reviews,
    "outcomes": outcomes,
    "evidence": evidence,
    "ledger": ledger,
    "legend": legend,
}
