"""What a row of attempts shows of the collector's behaviour (B5): refusals, and what came after them.

Pure: the gate gives the refusal it remembers and the attempt at hand, a case or an audit the attempts of a log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..declaration import carries_token
from ..model import Outcome
from ..signals.crawlers import foreign_names
from .facts import Trace

# Answers that refuse a crawler. A rate limit refuses too: answering it by a change of identity is avoiding it.
_REFUSING = frozenset((401, 402, 403, 407, 429, 451, 503))
_RATE_LIMITS = frozenset((429, 503))
# Parts of an identity beside the user agent, as logs call them.
_ROUTES = ("proxy", "egress", "ip", "asn", "tls", "headers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One attempt as a log shows it. `status` None means that it is only about to be sent; `route` are the parts of
    the identity beside the user agent (`proxy`, `egress`, `ip`, `asn`, `tls`, `headers`); `record` names the
    record. `refused` says that the answer refused in another way than by its status (a challenge, a login)."""

    status: int | None = None
    user_agent: str | None = None
    route: Mapping[str, str] = field(default_factory=dict)
    credentials: str | None = None
    refused: bool = False
    solved: bool = False
    record: str = ""
    url: str = ""

    @property
    def refuses(self) -> bool:
        return self.refused or self.status in _REFUSING

    @property
    def served(self) -> bool:
        return self.status is not None and 200 <= self.status < 300 and not self.refused

    def told(self) -> str:
        """The step in a few words, for a sentence: record, status, user agent, route."""
        parts = [self.record] if self.record else []
        if self.status is not None:
            parts.append(f"HTTP {self.status}")
        if self.user_agent:
            parts.append(self.user_agent[:120])
        parts += [f"{name} {value}" for name, value in sorted(self.route.items())]
        return ", ".join(parts) or "…"


def changed(before: Step, after: Step, token: str) -> tuple[str, ...]:
    """Which parts of the identity differ. Two versions of our own name are one identity; what a log does not say
    did not change."""
    parts = []
    one, other = before.user_agent, after.user_agent
    if one is not None and other is not None and one != other and not (is_ours(one, token) and is_ours(other, token)):
        parts.append("user agent")
    both = [name for name in _ROUTES if name in before.route and name in after.route]
    parts += [name for name in both if before.route[name] != after.route[name]]
    return tuple(parts)


def is_ours(user_agent: str | None, token: str) -> bool:
    """True if a user agent is one of this crawler's own, in any version, and claims to be nobody else."""
    return user_agent is not None and carries_token(user_agent, token) and not foreign_names(user_agent, token)


def of_steps(steps: Sequence[Step], token: str) -> tuple[Trace, ...]:
    """Traces of the attempts at one URL, in the order in which they were made."""
    found: list[Trace] = []
    refusal: Step | None = None
    for step in steps:
        if step.solved:
            refused = refusal.told() if refusal is not None else "…"
            params = {"refused": refused, "record": step.told()}
            found.append(Trace(reason="b5.challenge_solved", outcome=Outcome.MET, params=params))
        if refusal is not None:
            parts = changed(refusal, step, token)
            if parts:
                found.append(_changed(refusal, step, parts))
        if step.refuses:
            refusal = step
    if refusal is None:
        return (*found, *_rotating(steps, token))
    if not found and not _asked_anew(steps):
        found.append(_conduct(steps, refusal))
    return tuple(found)


def _changed(refusal: Step, step: Step, parts: Iterable[str]) -> Trace:
    params = {"refused": refusal.told(), "record": step.told(), "changed": ", ".join(parts)}
    if step.refuses:
        return Trace(reason="b5.identity_changed_in_vain", outcome=Outcome.INDICATED, params=params)
    return Trace(reason="b5.identity_changed", outcome=Outcome.MET, params=params)


def _asked_anew(steps: Sequence[Step]) -> bool:
    """True if the log ends with an attempt that is about to be sent: nothing can be said of its conduct yet."""
    return bool(steps) and steps[-1].status is None


def _conduct(steps: Sequence[Step], refusal: Step) -> Trace:
    reason = "b5.stopped" if steps[-1] is refusal else "b5.backed_off"
    return Trace(reason=reason, outcome=Outcome.NOT_MET, params={"refused": refusal.told()})


def _rotating(steps: Sequence[Step], token: str) -> tuple[Trace, ...]:
    """Another route or name for each attempt, although nothing was refused: a pool by default."""
    agents = list(dict.fromkeys(step.user_agent for step in steps if step.user_agent))
    if len(agents) > 1 and sum(not is_ours(agent, token) for agent in agents) > 1:
        told = f"user agent {', '.join(agent[:80] for agent in agents[:5])}"
        return (Trace(reason="b5.rotating", outcome=Outcome.INDICATED, params={"told": told}),)
    for name in _ROUTES:
        values = list(dict.fromkeys(step.route[name] for step in steps if name in step.route))
        if len(values) > 1:
            told = f"{name} {', '.join(values[:5])}"
            return (Trace(reason="b5.rotating", outcome=Outcome.INDICATED, params={"told": told}),)
    return ()


def of_name(user_agent: str | None, token: str) -> tuple[Trace, ...]:
    """The trace of a user agent that claims to be another operator's crawler."""
    if user_agent is None:
        return ()
    names = foreign_names(user_agent, token)
    if not names:
        return ()
    params = {"names": ", ".join(names), "sent": user_agent[:200]}
    if carries_token(user_agent, token):
        return (Trace(reason="b5.foreign_name_beside", outcome=Outcome.INDICATED, params=params),)
    return (Trace(reason="b5.foreign_name", outcome=Outcome.MET, params=params),)


def served_later(steps: Sequence[Step], number: int, token: str) -> bool:
    """True if a later attempt with the same identity was served, without solver or new credentials: what refused at
    `number` may have been a passing trouble."""
    refused = steps[number]
    return any(
        step.served
        and not step.solved
        and step.credentials == refused.credentials
        and not changed(refused, step, token)
        for step in steps[number + 1 :]
    )
