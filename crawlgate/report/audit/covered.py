"""Parts of the report: coverage first, then the verdicts, in all and over time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...criteria import CATALOGUE
from ...explain import OUTCOMES
from ...model import Outcome
from ..shared import WEIGHTY
from ..totals import is_criterion
from ..words import Words, number
from .account import Account, denied
from .asked import share
from .blocks import Bar, Block, Cell, Code, Columns, Facts, Heading, Key, Named, Stack, Table, Text, shares
from .examples import place, reason_text, url_of
from .outputs import Found
from .places import ANSWERS


def coverage(account: Account, words: Words) -> Iterator[Block]:
    """What could be judged, what could not be looked at, what nobody looked at, what was rejected."""
    found = account.coverage
    yield Text(words("audit_coverage.lead"), "lead")
    parts = (
        ("known", found.known),
        ("unknown", found.unknown),
        ("not_covered", found.not_covered),
        ("rejected", found.rejected),
    )
    yield Bar(
        words("audit_coverage.bar", rows=number(found.rows), **{key: number(count) for key, count in parts}),
        tuple((f"covered-{key}", count) for key, count in parts),
        tuple((f"covered-{key}", words(f"audit_key.{key}")) for key, _ in parts),
    )
    rows = (
        ("rows", found.rows),
        ("judged", found.judged),
        ("known", found.known),
        ("unknown", found.unknown),
        ("not_covered", found.not_covered),
        ("rejected", found.rejected),
        ("some_unknown", found.some_unknown),
    )
    yield Table(
        words("audit_coverage.caption"),
        (words("audit_coverage.what"), words("audit.rows"), words("audit.share")),
        [(words(f"audit_coverage.{key}"), count, share(count, found.rows, words)) for key, count in rows],
    )
    yield from _unknown(account, words)
    yield from _not_assessed(account, words)
    yield from _rejected(account, words)


def _unknown(account: Account, words: Words) -> Iterator[Block]:
    reasons: list[tuple[Found, int]] = [
        (found, count)
        for figures in account.criteria.values()
        for found, count in figures.reasons
        if found.outcome is Outcome.UNKNOWN
    ]
    if not reasons:
        return
    rows: list[tuple[Cell, ...]] = [
        (Named(found.criterion), reason_text(found, words), count, share(count, account.coverage.judged, words))
        for found, count in reasons
    ]
    yield Heading(3, words("audit_coverage.unknown_title"))
    head = (words("criteria.criterion"), words("coverage.why"), words("audit.rows"), words("audit_coverage.of_judged"))
    yield Table(words("audit_coverage.unknown_caption"), head, rows)


def _not_assessed(account: Account, words: Words) -> Iterator[Block]:
    yield Heading(3, words("coverage.not_assessed"))
    if not account.coverage.not_assessed:
        yield Text(words("page.nothing"))
        return
    yield Text(words("audit_coverage.not_assessed_lead"), "lead")
    rows: list[tuple[Cell, ...]] = [
        (
            Stack(tuple(_name(name, words) for name in item.names)),
            words.sentence(item.why),
            item.urls,
            share(item.urls, account.coverage.judged, words),
        )
        for item in account.coverage.not_assessed
    ]
    head = (words("coverage.criteria"), words("coverage.why"), words("audit.rows"), words("audit_coverage.of_judged"))
    yield Table(words("audit_coverage.not_assessed_caption"), head, rows)


def _name(name: str, words: Words) -> Cell:
    return Named(name) if is_criterion(name) else words.known("check", name.removeprefix("check."))


def _rejected(account: Account, words: Words) -> Iterator[Block]:
    found = account.coverage
    if not found.rejected_by:
        return
    yield Heading(3, words("audit_coverage.rejected_title"))
    yield Text(words("audit_coverage.rejected_lead"), "lead")
    if found.beside:
        yield Text(words("audit_coverage.beside", count=number(found.beside)))
    by_code: list[tuple[Cell, ...]] = [
        (reject_text(code, words), Code(code), count) for code, count in found.rejected_by.items()
    ]
    kinds = (words("coverage.reason"), words("audit_coverage.code"), words("audit.rows"))
    yield Table(words("audit_coverage.rejected_caption"), kinds, by_code)
    rows: list[tuple[Cell, ...]] = [
        (Code(str(table.get("file", ""))), place(table, words), _why(table, words), url_of(table))
        for table in found.rejects
    ]
    head = (words("audit_asked.file"), words("audit_coverage.place"), words("coverage.reason"), "URL")
    yield Table(words("audit_coverage.rejects_caption"), head, rows)


def reject_text(code: str, words: Words) -> str:
    """What a code of rejects.jsonl means; the code itself where the report does not know it."""
    if f"problem.{code}" in CATALOGUE.sentences:
        return words.sentence(f"problem.{code}")
    return words.known("audit_reject", code)


def _why(table: Mapping[str, object], words: Words) -> Cell:
    """The reason of one reject: its code in the language of the report, and the words of rejects.jsonl as they are."""
    said, reason = reject_text(str(table.get("code", "")), words), str(table.get("reason", ""))
    return reason if words.lang == "en" or not reason else Stack((said, Code(reason)))


def verdicts(account: Account, words: Words) -> Iterator[Block]:
    """What the audit says of the rows, as a bar and in numbers."""
    judged = account.coverage.judged
    if judged == 0:
        yield Text(words("audit_verdicts.none"))
        return
    yield Text(words("audit_verdicts.lead", count=number(judged)), "lead")
    counts = [(answer, account.counts.get(answer, 0)) for answer in account.answers]
    told = ", ".join(f"{words(f'answer.{a}')} {number(n)} ({words.percent(n, judged)})" for a, n in counts)
    yield Bar(words("verdicts.bar", shares=told), shares(account.counts, ANSWERS))
    rows: list[tuple[Cell, ...]] = [
        (Key(answer), count, share(count, judged, words), words(f"audit_meaning.{answer}")) for answer, count in counts
    ]
    head = (words("verdicts.verdict"), words("audit.rows"), words("audit.share"), words("verdicts.meaning"))
    yield Table(words("audit_verdicts.caption"), head, rows)


def over_time(account: Account, words: Words) -> Iterator[Block]:
    """Rows by period and verdict."""
    if not account.periods:
        yield Text(words("audit_time.none"))
        return
    if account.as_of != "fetched":
        yield Text(words("audit_time.one_time", at=account.as_of))
        return
    yield Text(words("audit_time.lead", unit=words(f"audit_time.{account.unit}")), "lead")
    answers = tuple(answer for answer in ANSWERS if account.counts.get(answer))
    if len(account.periods) > 1:
        yield Columns(_chart_text(account, words), account.periods, answers)
    head = (
        words("audit_time.period"),
        words("audit.rows"),
        *(words(f"answer.{answer}") for answer in answers),
        words("audit_time.denied_share"),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            period.name,
            period.rows,
            *(period.counts.get(answer, 0) for answer in answers),
            share(denied(period.counts), period.rows, words),
        )
        for period in account.periods
    ]
    bars = [shares(period.counts, answers) for period in account.periods]
    yield Table(words("audit_time.caption"), head, rows, bars, words("audit_criteria.bar"))


def _chart_text(account: Account, words: Words) -> str:
    filled = [period for period in account.periods if period.rows]
    peak = max(filled, key=lambda period: period.rows)
    told = {
        "first": account.periods[0].name,
        "last": account.periods[-1].name,
        "most": number(peak.rows),
        "peak": peak.name,
    }
    worst = max(filled, key=lambda period: denied(period.counts) / period.rows)
    if not denied(worst.counts):
        return words("audit_time.chart_no_denial", **told)
    part = words.percent(denied(worst.counts), worst.rows)
    return words("audit_time.chart", share=part, worst=worst.name, **told)


def legend(_account: Account, words: Words) -> Iterator[Block]:
    """What the words of the report mean."""
    yield Heading(3, words("legend.verdict"))
    yield Facts([(words(f"answer.{answer}"), words(f"audit_meaning.{answer}")) for answer in ANSWERS])
    yield Heading(3, words("legend.outcome"))
    found: list[tuple[str, Cell | None]] = [
        (OUTCOMES[words.lang][outcome], words(f"meaning.{outcome}")) for outcome in WEIGHTY
    ]
    yield Facts([*found, (words("criteria.not_assessed"), words("meaning.not_assessed"))])
