"""What puts an item out of a dataset: a notice, a refusal, or a mistake, from what was known at its fetch and since.

Pure, on classes of decisions: millions of rows share a few pairs of them. Weights are the profile's own: C3 is what a
notice comes to that was received after the fetch, D5 a refusal that appeared after it; what was wrong at the fetch
keeps the criterion that said so.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from ...model import Outcome, Stage, Verdict
from ...policy import Profile
from ..classes import DecisionClass, FindingClass

# What B2 says where a statement of the site restricts this collector; D5 asks about those statements.
_REFUSALS = frozenset({"b2.measure", "b2.reservation", "b2.conditional", "b2.part_reserved", "b2.refused_then_served"})
_LISTED = {
    Outcome.MET: ("C3", Outcome.MET),
    Outcome.NEEDS_HUMAN: ("C3", Outcome.NEEDS_HUMAN),
    Outcome.UNKNOWN: ("C3", Outcome.UNKNOWN),
}
_NOT_RECEIVED = frozenset({"c1.published", "c1.public_published"})
_RANK = {Verdict.ALLOW: 0, Verdict.REVIEW: 1, Verdict.DENY: 2}


class Cause(StrEnum):
    """What puts an item out."""

    NOTICE = "notice"
    """A notice that stands covers its source."""

    MISTAKE = "mistake"
    """By what was on record at its fetch it should not have been taken."""

    PERSON = "person"
    """A person decided against its source."""

    OPT_OUT = "opt_out"
    """Its site refuses now, and is not known to have refused at the fetch."""


class Found(NamedTuple):
    """One cause, the finding that carries it, and the effect that the profile gives it."""

    cause: Cause
    criterion: str
    outcome: Outcome | None
    effect: Verdict
    said: FindingClass | None = None
    """The finding that a person who lifts it names: the one that a gate would make."""

    @property
    def spelled(self) -> str:
        """The finding as `C3=met`; empty where a person decided without one."""
        return f"{self.criterion}={self.outcome}" if self.criterion else ""


def causes(then: DecisionClass, now: DecisionClass | None, profile: Profile) -> tuple[Found, ...]:
    """Why an item is out, the strongest cause first; nothing where it stays.

    `then` is the answer for its fetch, `now` what would be said of its URL by what is known now (None: nothing is known
    now that was not known then).
    """
    found = list(_mistakes(then, profile))
    known = {f.criterion: f for f in then.findings}
    if now is not None:
        said = {f.criterion: f for f in now.findings}
        listed = _listed(known.get("C1"), said.get("C1"), profile)
        if listed is not None:
            found = [listed, *(one for one in found if one.criterion != "C1")]
        refused = _refused(known, said.get("B2"), profile)
        if refused is not None:
            # What a licence lifts that is in force now holds nothing back.
            lifted = refused.effect is not Verdict.ALLOW and "B2" not in now.reasons
            found.append(refused._replace(effect=Verdict.ALLOW) if lifted else refused)
    return ranked(found)


def undated(now: DecisionClass, profile: Profile) -> tuple[Found, ...]:
    """Why an item is out by what is said at one instant, where nothing is asked about the time of its fetch: then no
    behaviour can be held against it (B5), and what keeps it out is no mistake of then."""
    found = [one for one in _mistakes(now, profile) if one.criterion != "B5"]
    as_of_now = {"C1": Cause.NOTICE, "B2": Cause.OPT_OUT, "B3": Cause.OPT_OUT, "D1": Cause.OPT_OUT}
    return ranked(one._replace(cause=as_of_now.get(one.criterion, one.cause)) for one in found)


def ranked(found: Iterable[Found]) -> tuple[Found, ...]:
    """Causes with the strongest first."""
    order = list(Cause)
    return tuple(sorted(found, key=lambda one: (-_RANK[one.effect], order.index(one.cause), one.criterion)))


def _mistakes(then: DecisionClass, profile: Profile) -> list[Found]:
    """The findings that denied the fetch by what was known."""
    if then.verdict is not Verdict.DENY or then.temporary:
        return []
    found = []
    for finding in then.findings:
        if finding.criterion in then.reasons and finding.outcome is not Outcome.UNKNOWN:
            effect = profile.effect(finding.criterion, finding.outcome, Stage.AUDIT)
            if effect is Verdict.DENY:
                found.append(Found(Cause.MISTAKE, finding.criterion, finding.outcome, effect, finding))
    if not found and then.overrides:
        found.append(Found(Cause.PERSON, "", None, Verdict.DENY))
    return found


def _listed(then: FindingClass | None, now: FindingClass | None, profile: Profile) -> Found | None:
    """A notice that counts now. Known at the fetch already, it is C1 as it was then; else C3."""
    if now is None or now.outcome not in _LISTED or now.reason in _NOT_RECEIVED:
        return None
    if then is not None and then.outcome is Outcome.MET:
        effect = profile.effect("C1", Outcome.MET, Stage.AUDIT)
        return Found(Cause.NOTICE, "C1", Outcome.MET, effect, then)
    criterion, outcome = _LISTED[now.outcome]
    return Found(Cause.NOTICE, criterion, outcome, profile.effect(criterion, outcome, Stage.RETRO), now)


def _refused(known: dict[str, FindingClass], now: FindingClass | None, profile: Profile) -> Found | None:
    """A refusal that was not there at the fetch (D5 met), or of which that cannot be told (unknown)."""
    if now is None or now.reason not in _REFUSALS:
        return None
    then = known.get("B2")
    if then is not None and then.reason in _REFUSALS:
        return None
    kept = known.get("D4")
    told = kept is not None and kept.outcome is Outcome.MET and then is not None and then.outcome is not Outcome.UNKNOWN
    outcome = Outcome.MET if told else Outcome.UNKNOWN
    return Found(Cause.OPT_OUT, "D5", outcome, profile.effect("D5", outcome, Stage.RETRO), now)
