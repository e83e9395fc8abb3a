"""Sentences of an answer to an inquiry, in either language, for text and page alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from ...audit.asked import Kind
from ...audit.coverage import Coverage, Outside
from ...audit.inquiry import AddressAnswer, ItemAnswer, Step, UsedEvidence
from ...audit.taken import Answer, Why
from ...explain import EFFECTS, OUTCOMES, not_assessed_text, override_line, place
from ...ledger.query import Record
from ...model import Decision, Finding
from ..gist import text
from ..recorded import decision_of
from ..words import Words, moment, number

_HOSTS = 20
_EVIDENCE = 40
_SIGNALS = 3


def answer_text(answer: Answer, words: Words) -> str:
    """yes, no, not covered ..."""
    return words(f"inquiry.{answer}")


def why_text(why: tuple[Why, ...], words: Words) -> str:
    """What an answer rests on."""
    return ("。" if words.lang == "ja" else "; ").join(words(f"inquiry_why.{one}") for one in why)


def item_why(item: ItemAnswer, words: Words) -> str:
    """What the answer about one thing rests on, or why there is none."""
    if item.asked.kind is Kind.NAME:
        return words("inquiry.name")
    if item.answer is Answer.UNREADABLE:
        return item.asked.problem
    return why_text(item.why, words)


def counts_text(item: ItemAnswer, words: Words) -> str | None:
    """How many addresses of a host there are, by answer; None where only one address was asked for."""
    if not item.counts or item.asked.kind not in (Kind.HOST, Kind.DOMAIN):
        return None
    by = {answer: number(item.counts.get(answer, 0)) for answer in (Answer.YES, Answer.NO, Answer.NOT_COVERED)}
    return words("inquiry.addresses", all=number(sum(item.counts.values())), **by)


def hosts_text(item: ItemAnswer, words: Words) -> str | None:
    """The hosts of a domain of which the ledger speaks."""
    if item.asked.kind is not Kind.DOMAIN or not item.hosts:
        return None
    shown = ", ".join(item.hosts[:_HOSTS])
    more = len(item.hosts) - _HOSTS
    told = words("inquiry.hosts", hosts=shown)
    return f"{told} {words('inquiry.more_hosts', count=number(more))}" if more > 0 else told


def verdict_text(decision: Decision, words: Words) -> str:
    """allow, review, deny, deny for now; and whether it was enforced."""
    verdict = words("answer.for_now") if decision.temporary else EFFECTS[words.lang][decision.verdict]
    if decision.problem is not None:
        verdict = words("answer.refused")
    return verdict if decision.enforced else f"{verdict} ({words('inquiry.not_enforced')})"


def stage_text(step: Step, words: Words) -> str:
    """Before or after the fetch."""
    return words.known("stage", text(step.decision.basis.get("stage")) or "unread")


def finding_text(finding: Finding, words: Words) -> str:
    """Criterion, title, outcome and sentence."""
    sentence = words.sentence(finding.reason, finding.params)
    return f"{finding.criterion} {words.title(finding.criterion)} - {OUTCOMES[words.lang][finding.outcome]}: {sentence}"


def quotes(finding: Finding, words: Words) -> list[str]:
    """Where each signal of a finding stood, and what it said."""
    return [place(signal, words.lang) for signal in finding.signals[:_SIGNALS]]


def decision_notes(step: Step, words: Words, *, rules: bool = True) -> Iterator[str]:
    """What is said of a decision besides its findings; with the rules it was made by."""
    decision = step.decision
    if not decision.basis and decision.problem is None:
        yield words("inquiry.basis_gone")
    if decision.problem is not None:
        yield words("inquiry.refused_url", why=words.sentence(f"problem.{decision.problem}"))
    if not step.exact:
        yield words("inquiry.spelling", url=decision.url)
    if decision.user_agent is not None:
        yield words("inquiry.sent_as", user_agent=decision.user_agent)
    if decision.basis and rules:
        yield words(
            "inquiry.rules", profile=text(decision.basis.get("profile")), pack=text(decision.basis.get("rule_pack"))
        )


def decided(step: Step) -> Decision:
    """The decision as a value."""
    return decision_of(step.decision)


def override_texts(decision: Decision, words: Words) -> list[str]:
    """Decisions of people that it followed."""
    return [override_line(override, words.lang) for override in decision.overrides]


def not_assessed(decision: Decision, words: Words) -> str | None:
    """What was not assessed, on one line."""
    told = not_assessed_text(decision.not_assessed, words.lang)
    return words("inquiry.not_assessed", what=told) if told else None


def evidence_used(item: ItemAnswer, words: Words) -> list[str]:
    """What was looked at for all addresses of a host, each piece once."""
    seen: dict[str, str] = {}
    for address in item.addresses:
        for step in address.steps:
            for used in step.evidence:
                seen.setdefault(used.id, evidence_text(used, words, aged=False))
    more = [words("inquiry.more", count=number(len(seen) - _EVIDENCE))] if len(seen) > _EVIDENCE else []
    return [*seen.values()][:_EVIDENCE] + more


def not_assessed_all(item: ItemAnswer, words: Words) -> list[str]:
    """What was not assessed in the last answer about each address, each text once."""
    decisions = (decided(address.steps[-1]) for address in item.addresses if address.steps)
    told = {not_assessed_text(decision.not_assessed, words.lang): None for decision in decisions}
    return [text for text in told if text][:_EVIDENCE]


def evidence_text(used: UsedEvidence, words: Words, *, aged: bool = True) -> str:
    """What was looked at, how old it was at the decision, and whether it is still what was stored."""
    kept = used.kept
    if kept is None:
        return words("inquiry.evidence_gone", id=used.id)
    got = str(kept.status) if kept.status is not None else words("inquiry.no_answer", error=kept.error or "-")
    told = words(
        "inquiry.evidence" if aged else "inquiry.evidence_any_age",
        kind=words.known("source", kept.source),
        url=kept.url,
        got=got,
        at=moment(kept.at) if kept.at else "-",
        age=age_text(used.age, words),
    )
    state = {True: "intact", False: "changed", None: "unchecked" if kept.stored else "not_kept"}[kept.intact]
    digest = f"sha256:{kept.sha256[:16]}…, " if kept.sha256 else ""
    return f"{told}; {digest}{words(f'inquiry.{state}')}"


def age_text(age: timedelta | None, words: Words) -> str:
    """A span in the largest unit that is not too coarse."""
    if age is None:
        return "-"
    seconds = int(age.total_seconds())
    for unit, size, bound in (("seconds", 1, 120), ("minutes", 60, 7200), ("hours", 3600, 172_800)):
        if seconds < bound:
            return words(f"inquiry.{unit}", count=number(seconds // size))
    return words("inquiry.days", count=number(seconds // 86_400))


def outcome_text(record: Record, words: Words) -> str:
    """What became of a body: where it is, its hash and size."""
    table: Mapping[str, Any] = record.table
    what = words.known("disposition", text(table.get("disposition")))
    told = [words("inquiry.became", what=what, at=moment(record.at) if record.at else "-")]
    told += [str(table[name]) for name in ("status", "media_type") if table.get(name)]
    for name in ("dataset", "shard", "offset", "to", "reason"):
        value = table.get(name)
        if value is not None:
            told.append(words(f"inquiry.{name}", **{name: number(value) if type(value) is int else str(value)}))
    for name in ("length", "bytes"):
        if type(table.get(name)) is int:
            told.append(words("inquiry.bytes", count=number(table[name])))
            break
    if table.get("sha256"):
        told.append(f"sha256:{table['sha256']}")
    if table.get("complete") is False:
        told.append(words("inquiry.cut"))
    return ("、" if words.lang == "ja" else ", ").join(told)


def through_text(through: AddressAnswer, words: Words) -> str:
    """What came of an address that the answer led to."""
    return words("inquiry.through", url=through.url, answer=answer_text(through.answer, words))


def period_text(coverage: Coverage, words: Words) -> str:
    """The period asked for."""
    if coverage.since is None and coverage.until is None:
        return words("inquiry.period_all")
    return words(
        "inquiry.period", since=_bound(coverage.since, words), until=_bound(coverage.until, words, before=True)
    )


def _bound(at: datetime | None, words: Words, *, before: bool = False) -> str:
    if at is None:
        return words("inquiry.open")
    return moment(at - timedelta(seconds=1) if before else at)


def coverage_texts(coverage: Coverage, words: Words) -> Iterator[str]:
    """The coverage statement, sentence by sentence."""
    say = _Say(words)
    if coverage.first is None or coverage.latest is None:
        yield say("none")
    else:
        key = "run" if coverage.runs == 1 else "runs"
        yield say(
            key,
            runs=number(coverage.runs),
            decisions=number(coverage.decisions),
            first=moment(coverage.first),
            latest=moment(coverage.latest),
        )
    if coverage.observed_runs:
        yield say("observed", count=number(coverage.observed_runs))
    yield say("beyond")
    for outside in coverage.outside:
        yield _outside(outside, words)
    if not coverage.outside:
        yield say("no_outside")
    if coverage.gaps:
        spans = [say("gap", since=moment(since), until=moment(until)) for since, until in coverage.gaps]
        more = [say("more_gaps", count=number(coverage.more_gaps))] if coverage.more_gaps else []
        yield f"{say('gaps')} {'; '.join(spans + more)}"
    yield from _missing(coverage, say)
    verified = {True: "verified", False: "not_verified", None: "unverified"}[coverage.verified]
    yield say(verified)


def _missing(coverage: Coverage, say: _Say) -> Iterator[str]:
    for gone in coverage.deletions:
        yield say(
            "deleted",
            segments=number(len(gone.segments)),
            records=number(gone.records),
            at=moment(gone.at) if gone.at else "-",
            by=gone.by,
            reason=gone.reason,
        )
    for segment in coverage.missing:
        yield say("missing", segment=segment)
    for segment, lost in coverage.lost:
        yield say("lost", segment=segment, bytes=number(lost))
    if coverage.unreadable:
        yield say("unreadable", count=number(coverage.unreadable)) + " " + "; ".join(map(str, coverage.faults[:5]))
    for file in coverage.evidence_files:
        yield say("evidence_file", file=file)
    if coverage.open:
        yield say("open", count=number(len(coverage.open)))
    if coverage.whole:
        yield say("whole")


def _outside(outside: Outside, words: Words) -> str:
    told = words(
        "inquiry_coverage.outside",
        name=outside.name,
        since=_bound(outside.since, words),
        until=_bound(outside.until, words),
        by=outside.by,
        reason=outside.reason,
    )
    dataset = outside.dataset
    return f"{told}; {words('inquiry_coverage.outside_dataset', dataset=dataset)}" if dataset else told


class _Say:
    def __init__(self, words: Words) -> None:
        self._words = words

    def __call__(self, key: str, **params: object) -> str:
        return self._words(f"inquiry_coverage.{key}", **params)
