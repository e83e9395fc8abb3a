"""The parts of the report that say who asked under which rules, and whether the record can be trusted."""

from __future__ import annotations

from collections.abc import Iterable

from ..criteria.limits import LIMITS, UNITS
from ..ledger.checkpoint import encode_hash
from ..ledger.segments import Fault
from .conditions import Conditions, LimitSet, ListLoaded
from .markup import Child, Html, bullets, definitions, element, join, quoted, row, table
from .speaker import speaker
from .summary import Summary
from .words import Words, moment, number

_SHOWN_FAULTS = 20


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
                element("div", _who(item, words)),
                quoted(f"sha256:{item.sha256[:16]}"),
            )
        )
        for item in said.lists
    ]
    limits = [_limit(limit, words) for limit in said.limits]
    return definitions(
        (
            (words("conditions.operator"), said.operator or words("page.nobody")),
            (words("conditions.token"), join((quoted(said.token), element("div", token)))),
            (words("conditions.user_agent"), quoted(said.user_agent)),
            (
                words("conditions.purposes"),
                ", ".join(words.known("use", use) for use in said.purposes) or words("page.none"),
            ),
            (words("conditions.basis"), article(said.legal_basis, words)),
            (words("conditions.licences"), bullets(licences) if licences else words("page.none")),
            (words("conditions.profile"), join((said.profile, quoted(said.profile_hash[:16])), " ")),
            (words("conditions.limits"), bullets(limits) if limits else words("conditions.no_limits")),
            (words("conditions.rule_pack"), quoted(said.rule_pack)),
            (words("conditions.source"), said.source_document or None),
            (words("conditions.lists"), bullets(lists) if lists else words("conditions.no_lists")),
            (words("conditions.mode"), words.known("conditions", said.mode)),
            (words("conditions.program"), said.program),
            (words("conditions.used"), used),
        )
    )


def _limit(limit: LimitSet, words: Words) -> Html:
    known = LIMITS.get(limit.name)
    figure = f"{number(limit.value)} {UNITS[words.lang].get(limit.unit, limit.unit)}"
    meaning = f"{known.criterion}: {known.meaning(words.lang)}" if known else limit.name
    set_by = words("conditions.limit", owner=limit.owner, date=limit.date, reason=limit.reason)
    return join((element("div", f"{figure} - {meaning}"), element("div", set_by)))


def article(basis: str, words: Words) -> str:
    """The Article that is relied on, spelt out; `basis` is `30-4` or the like."""
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
    last = verified.last
    if last is None or last.size == 0:
        rows.append((words("ledger.last"), words("ledger.no_last")))
    else:
        text = words("ledger.last_text", seq=number(last.size - 1), segment=last.segment)
        rows.append((words("ledger.last"), text))
        rows.append((words("ledger.root"), quoted(encode_hash(last.root))))
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


def _second(at: str) -> str:
    """A time as records write it, to the second."""
    return f"{at[:10]} {at[11:19]} UTC" if len(at) == 27 else at


def _who(item: ListLoaded, words: Words) -> str:
    """By whose word a list stands, which version of it, and whether it was renewed."""
    said = {"issuer_kind": item.issuer_kind, "verified": item.verified, "vouched_by": item.vouched_by}
    parts = [item.issuer, speaker(said, words)]
    if item.version:
        parts.append(words("conditions.list_version", version=number(item.version)))
    if item.stale:
        parts.append(words("conditions.list_stale"))
    return "; ".join(part for part in parts if part)
