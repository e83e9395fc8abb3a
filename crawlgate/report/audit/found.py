"""Parts of the report: what was found, by criterion, by site and by list, and how it is spread over sites."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...criteria import CATALOGUE
from ...explain import OUTCOMES
from ...model import Outcome
from ..markup import Figure
from ..shared import SPEAKS_FOR_COLLECTOR, WEIGHTY
from ..words import Words, number
from .account import Account, CriterionFigures, ListFigures
from .asked import share
from .blocks import (
    Block,
    Cell,
    Code,
    Curve,
    Examples,
    Heading,
    Named,
    Passages,
    Stack,
    Table,
    Text,
    shares,
)
from .examples import examples, reason_text
from .gather import EXAMPLES, SITES
from .outputs import Found
from .places import ANSWERS

_DETAILED = 10
_DECIDING = 5


def criteria(account: Account, words: Words) -> Iterator[Block]:
    """Outcomes by criterion, the reasons, and rows as examples with the lines that said so."""
    figures = account.criteria.values()
    if account.coverage.judged == 0:
        yield Text(words("criteria.none"))
        return
    yield Text(words("audit_criteria.lead"), "lead")
    head = (
        words("criteria.criterion"),
        *(OUTCOMES[words.lang][outcome] for outcome in WEIGHTY),
        words("criteria.not_assessed"),
    )
    rows: list[tuple[Cell, ...]] = [
        (Named(one.criterion), *(one.outcomes.get(outcome, 0) for outcome in WEIGHTY), one.not_assessed)
        for one in figures
    ]
    yield Table(words("audit_criteria.caption"), head, rows)
    told = [block for one in figures for block in _criterion(one, account, words)]
    if told:
        yield Heading(3, words("audit_criteria.examples"))
        yield Text(words("audit_criteria.examples_lead", count=EXAMPLES), "lead")
        yield from told


def _criterion(figures: CriterionFigures, account: Account, words: Words) -> Iterator[Block]:
    against = [(found, count) for found, count in figures.reasons if _speaks_against(found)]
    if not against:
        return
    name = figures.criterion
    yield Heading(4, Named(name))
    if name in CATALOGUE.criteria:
        yield Text(CATALOGUE.criteria[name].statement(words.lang), "lead")
        yield Passages(name)
    rows: list[tuple[Cell, ...]] = [
        (
            OUTCOMES[words.lang][found.outcome],
            reason_text(found, words),
            count,
            share(count, account.coverage.judged, words),
        )
        for found, count in against
    ]
    head = (
        words("audit_criteria.outcome"),
        words("audit_criteria.reason"),
        words("audit.rows"),
        words("audit_coverage.of_judged"),
    )
    yield Table(words("audit_criteria.reasons_caption", criterion=f"{name} {words.title(name)}".strip()), head, rows)
    shown = [row for outcome in WEIGHTY for row in figures.examples.get(outcome, ())]
    if shown:
        yield Examples(examples(shown, words, about=name))


def _speaks_against(found: Found) -> bool:
    pair = (found.criterion, found.outcome)
    return pair not in SPEAKS_FOR_COLLECTOR and (
        found.outcome is not Outcome.NOT_MET or found.criterion in {name for name, _ in SPEAKS_FOR_COLLECTOR}
    )


def sites(account: Account, words: Words) -> Iterator[Block]:
    """The sites with most rows denied or held, and rows of the worst."""
    everything = number(account.concentration.sites)
    shown = account.sites[:SITES]
    if not shown:
        yield Text(words("audit_sites.none", all=everything))
        return
    yield Text(words("audit_sites.lead", shown=number(len(shown)), all=everything), "lead")
    head = (
        words("sites.site"),
        words("audit_sites.hosts"),
        words("audit.rows"),
        *(words(f"answer.{answer}") for answer in account.answers),
        words("sites.criteria"),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            Code(site.name),
            site.hosts,
            site.rows,
            *(site.counts.get(answer, 0) for answer in account.answers),
            ", ".join(dict.fromkeys(found.criterion for _, found, _ in site.found[:_DECIDING])) or words("page.none"),
        )
        for site in shown
    ]
    bars = [shares(site.counts, ANSWERS) for site in shown]
    yield Table(words("audit_sites.caption"), head, rows, bars, words("audit_criteria.bar"))
    left = account.sites_stopped - len(shown)
    if left > 0:
        yield Text(words("audit_sites.more", count=number(left)))
    yield Heading(3, words("audit_sites.rows_title"))
    yield Text(words("audit_sites.rows_lead", count=number(min(_DETAILED, len(shown)))), "lead")
    for site in shown[:_DETAILED]:
        held = site.rows - site.denied - site.counts.get(ANSWERS[0], 0)
        yield Heading(4, Code(site.name))
        yield Text(
            words("audit_sites.numbers", denied=number(site.denied), held=number(held), rows=number(site.rows)), "lead"
        )
        yield Examples(examples(site.examples, words))


def concentration(account: Account, words: Words) -> Iterator[Block]:
    """How few sites make how much of the denials."""
    found = account.concentration
    if not found.denied:
        yield Text(words("audit_concentration.none"))
        return
    told = {"denied": number(found.denied), "sites": number(found.sites_denied), "all": number(found.sites)}
    yield Text(words("audit_concentration.lead", **told), "lead")
    needed = dict(found.needed)
    if len(found.curve) > 2:
        yield Curve(
            words(
                "audit_concentration.chart",
                half=number(needed.get(50, 0)),
                ninety=number(needed.get(90, 0)),
                sites=number(found.sites_denied),
            ),
            found.curve,
            found.denied,
        )
    rows: list[tuple[Cell, ...]] = [
        (Figure(f"{percent} %"), sites, share(sites, found.sites, words)) for percent, sites in found.needed
    ]
    head = (
        words("audit_concentration.part"),
        words("audit_concentration.needed"),
        words("audit_concentration.of_sites"),
    )
    yield Table(words("audit_concentration.caption"), head, rows)


def lists(account: Account, words: Words) -> Iterator[Block]:
    """Rows by list and verdict, and the entries that speak of most rows."""
    if not account.lists:
        yield Text(words("audit_lists.none"))
        return
    yield Text(words("audit_lists.lead"), "lead")
    head = (
        words("audit_lists.list"),
        words("audit_lists.entries"),
        words("audit.rows"),
        *(words(f"answer.{answer}") for answer in account.answers),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            _list(one, words),
            int(one.noted.get("entries") or 0),
            one.rows,
            *(one.counts.get(answer, 0) for answer in account.answers),
        )
        for one in account.lists
    ]
    yield Table(words("audit_lists.caption"), head, rows)
    entries: list[tuple[Cell, ...]] = [
        (Code(notice), Code(one.name), count) for one in account.lists for notice, count in one.notices
    ]
    if entries:
        head = (words("audit_lists.notice"), words("audit_lists.list"), words("audit.rows"))
        yield Table(words("audit_lists.notices_caption"), head, entries)


def _list(one: ListFigures, words: Words) -> Cell:
    parts: list[Cell] = [Code(one.name)]
    noted: Mapping[str, Any] = one.noted
    if noted.get("received_at"):
        parts.append(words("audit_lists.received", at=str(noted["received_at"])[:10]))
    if noted.get("vouched_by"):
        parts.append(words("audit_lists.vouched", by=noted["vouched_by"]))
    elif "vouched_by" in noted:
        parts.append(words("audit_lists.unvouched"))
    return Stack(tuple(parts))
