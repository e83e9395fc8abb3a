"""D1, D2: refusal in words, and a licence in force."""

from __future__ import annotations

import re
from functools import lru_cache

from ..model import Finding, Licence, Outcome
from .facts import Facts
from .outcomes import NotAssessed, finding, quote


def d1_refusal(facts: Facts) -> Finding | NotAssessed:
    """D1: AI training or scraping is refused in natural language, without a measure (ST20)."""
    refusals = tuple(s for s in facts.bearing(facts.signals + facts.elsewhere) if s.kind == "wording.refusal")
    if refusals:
        return finding("D1", Outcome.MET, "d1.refusal", refusals, quote=quote(refusals[0]))
    if "terms" in facts.not_looked:
        return NotAssessed(facts.not_looked["terms"])
    return finding("D1", Outcome.NOT_MET, "d1.none")


def d2_permission(facts: Facts) -> Finding | NotAssessed:
    """D2: a licence covers this URL, every declared purpose and this date (ST03, ST08)."""
    licences = facts.declaration.licences
    if not licences:
        return NotAssessed("not_assessed.no_licence")
    fitting = fitting_licence(facts)
    if fitting is not None:
        return finding(
            "D2", Outcome.MET, "d2.in_force", licensor=fitting.licensor, reference=fitting.reference or "no reference"
        )
    nearest, misfit = min(((lic, misfits(lic, facts)) for lic in licences), key=lambda pair: len(pair[1]))
    return finding(
        "D2",
        Outcome.NOT_MET,
        f"d2.{misfit[0]}",
        licensor=nearest.licensor,
        reference=nearest.reference or "no reference",
    )


def fitting_licence(facts: Facts) -> Licence | None:
    """The first declared licence that fits, or None."""
    return next((lic for lic in facts.declaration.licences if not misfits(lic, facts)), None)


def misfits(licence: Licence, facts: Facts) -> list[str]:
    """Which parts of a licence do not fit: `scope`, `purpose`, `not_yet`, `expired`, `credentials`."""
    found: list[str] = []
    if not any(_pattern(scope).match(facts.url) for scope in licence.scope):
        found.append("scope")
    if "*" not in licence.purposes and not set(facts.declaration.uses) <= set(licence.purposes):
        found.append("purpose")
    if licence.valid_from is not None and facts.at < licence.valid_from:
        found.append("not_yet")
    if licence.valid_to is not None and facts.at > licence.valid_to:
        found.append("expired")
    if facts.attempt.credentials is not None and not licence.credentials_allowed:
        found.append("credentials")
    return found


@lru_cache(maxsize=1024)
def _pattern(scope: str) -> re.Pattern[str]:
    """A scope pattern: `*` is any run of characters, within the host of dots and labels only; the rest is literal."""
    scheme, _, rest = scope.partition("://")
    host, slash, path = rest.partition("/")
    return re.compile(f"{re.escape(scheme)}://{_any(host, '[^/?#]*')}{slash}{_any(path, '.*')}\\Z", re.DOTALL)


def _any(text: str, run: str) -> str:
    return run.join(re.escape(part) for part in re.split(r"\*+", text))
