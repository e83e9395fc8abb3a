"""Yes, no, or not covered: what the decisions about one address, and what came of them, say about the question
whether its body was taken.

"No" is said only where every answer that would have let a body through is accounted for. Where an answer let it
through and nothing was reported afterwards, the ledger does not cover what happened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum

from ..ledger.index.lookup import Asked as Place
from ..model import Stage, Verdict

TAKEN = frozenset({"released", "read", "stored", "quarantined", "removed"})
"""What became of a body that was handed out or kept."""


class Answer(StrEnum):
    """The answer about one thing. `needs_person`: a machine cannot look it up; `unreadable`: it could not be asked."""

    YES = "yes"
    NO = "no"
    NOT_COVERED = "not_covered"
    NEEDS_PERSON = "needs_person"
    UNREADABLE = "unreadable"


class Why(StrEnum):
    """What an answer rests on; the first word that applies comes first.

    Yes: `stored` in a dataset, `removed` from it later, `released` to the caller, `through_redirect` (another address
    that this one leads to was taken). No: `refused`, `held` for a person, `passed_on` (a redirect, an error,
    no content), `failed`, `url_refused`. Not covered: `never_asked`, `unreported` (let through, and nothing is known of
    what came of it), `observed` (not enforced, and nothing is known), `unreadable` (records that cannot be read).
    """

    STORED = "stored"
    REMOVED = "removed"
    RELEASED = "released"
    THROUGH_REDIRECT = "through_redirect"
    NEVER_ASKED = "never_asked"
    UNREPORTED = "unreported"
    OBSERVED = "observed"
    UNREADABLE = "unreadable"
    REFUSED = "refused"
    HELD = "held"
    PASSED_ON = "passed_on"
    FAILED = "failed"
    URL_REFUSED = "url_refused"


_ORDER = {why: rank for rank, why in enumerate(Why)}


def judge(places: Iterable[Place]) -> tuple[Answer, tuple[Why, ...]]:
    """The answer about one address, from its decisions in the order of their records."""
    why: set[Why] = set()
    let_through: Counter[str] = Counter()
    observed: Counter[str] = Counter()
    for place in places:
        outcomes = set(place.outcomes)
        if outcomes & TAKEN:
            why |= {Why(name) for name in ("stored", "removed") if name in outcomes}
            why.add(Why.RELEASED)
        if place.refused:
            why.add(Why.URL_REFUSED)
        elif place.stage == Stage.PRE_FETCH:
            _before(place, outcomes, why, let_through, observed)
        else:
            _after(place, outcomes, why, let_through, observed)
    if Why.RELEASED in why:
        if Why.STORED in why or Why.REMOVED in why:
            why.discard(Why.RELEASED)
        return Answer.YES, _sorted(why & {Why.STORED, Why.REMOVED, Why.RELEASED})
    if +let_through:
        why.add(Why.UNREPORTED)
    if +observed:
        why.add(Why.OBSERVED)
    open_ends = why & {Why.UNREPORTED, Why.OBSERVED, Why.UNREADABLE}
    if open_ends:
        return Answer.NOT_COVERED, _sorted(why)
    if why:
        return Answer.NO, _sorted(why)
    return Answer.NOT_COVERED, (Why.NEVER_ASKED,)


def _before(place: Place, outcomes: set[str], why: set[Why], let_through: Counter[str], observed: Counter[str]) -> None:
    """An answer before the fetch: what it let through must be accounted for by an answer after it, or by an outcome."""
    if "failed" in outcomes:
        why.add(Why.FAILED)
    elif place.verdict == Verdict.ALLOW:
        let_through[place.segment] += not outcomes
    elif place.verdict in (Verdict.DENY, Verdict.REVIEW):
        if place.observed:  # nothing was stopped by it
            observed[place.segment] += not outcomes
        else:
            why.add(Why.REFUSED if place.verdict == Verdict.DENY else Why.HELD)
    else:
        why.add(Why.UNREADABLE)


def _after(place: Place, outcomes: set[str], why: set[Why], let_through: Counter[str], observed: Counter[str]) -> None:
    """An answer with the response in hand, and so an account of one answer before it."""
    for pending in (let_through, observed):
        if pending[place.segment] > 0:
            pending[place.segment] -= 1
            break
    told = {"passed_on": Why.PASSED_ON, "discarded": Why.REFUSED, "held": Why.HELD, "failed": Why.FAILED}
    found = {reason for name, reason in told.items() if name in outcomes}
    why |= found
    if not place.verdict:
        why.add(Why.UNREADABLE)
    elif not found and not outcomes & TAKEN:
        why.add(Why.UNREPORTED if place.verdict == Verdict.ALLOW or place.observed else Why.REFUSED)


def _sorted(why: set[Why]) -> tuple[Why, ...]:
    return tuple(sorted(why, key=_ORDER.__getitem__))


def merged(answers: Iterable[tuple[Answer, tuple[Why, ...]]]) -> tuple[Answer, tuple[Why, ...]]:
    """One answer about several addresses: yes if any was taken, not covered if any of the others is not."""
    found = list(answers)
    for wanted in (Answer.YES, Answer.NOT_COVERED, Answer.NO):
        reasons = {why for answer, whys in found if answer is wanted for why in whys}
        if reasons or any(answer is wanted for answer, _ in found):
            return wanted, _sorted(reasons)
    return Answer.NOT_COVERED, (Why.NEVER_ASKED,)
