"""D1, D2: refusal in words, and a licence in force."""

from __future__ import annotations

import re
from functools import lru_cache

from ..model import Finding, Licence, Outcome, Polarity, Scope, Signal
from .facts import Facts
from .outcomes import NotAssessed, finding, quote

_D1_NONE = finding("D1", Outcome.NOT_MET, "d1.none")
_NO_LICENCE = NotAssessed("not_assessed.no_licence")
# Words on a page other than this one that is not the site's terms speak of that page first.
_OF_ANOTHER_PAGE = "of another page"
# A paid product beside an openly licensed text takes nothing back of the licence.
_OFFERS = ("dataset.", "wording.paid_database", "wording.licence_offer")


def d1_refusal(facts: Facts) -> Finding | NotAssessed:
    """D1: AI training or scraping is refused in natural language, without a measure (ST20).

    met: in the page or in the site's terms; indicated: on another page of the site.
    """
    words = [s for s in (*facts.signals, *facts.elsewhere) if s.kind == "wording.refusal"]
    if words:
        refusals = facts.bearing(tuple(words))
        plain = tuple(s for s in refusals if s.detail.get("place") != _OF_ANOTHER_PAGE)
        if plain:
            return finding("D1", Outcome.MET, "d1.refusal", plain, quote=quote(plain[0]))
        if refusals:
            page = refusals[0].detail.get("page", "")
            return finding("D1", Outcome.INDICATED, "d1.elsewhere", refusals, quote=quote(refusals[0]), page=page)
    if "terms" in facts.not_looked:
        return NotAssessed(facts.not_looked["terms"])
    return _D1_NONE


def d2_permission(facts: Facts) -> Finding | NotAssessed:
    """D2: a licence covers this URL, every declared purpose and this date (ST03, ST08).

    met: a licence that was declared, or an open licence that the resource itself names and that covers the use.
    needs_human: an open licence whose terms need a reading (no derivatives, non-commercial), that stands beside a
    narrower one or a reservation of the same site, or that is the credit of a part (a picture). A licence that does
    not fit is not_met, and the part that does not fit is told.
    """
    fitting = fitting_licence(facts)
    if fitting is not None:
        return finding("D2", Outcome.MET, "d2.in_force", licensor=fitting.licensor, reference=fitting.reference or "…")
    found = _open_licence(facts)
    if found is not None and found.outcome is not Outcome.NOT_MET:
        return found
    licences = facts.declaration.held
    if not licences:
        return found or _NO_LICENCE
    nearest, misfit = min(((lic, misfits(lic, facts)) for lic in licences), key=lambda pair: len(pair[1]))
    return finding(
        "D2",
        Outcome.NOT_MET,
        f"d2.{misfit[0]}",
        licensor=nearest.licensor,
        reference=nearest.reference or "…",
        parts=", ".join(misfit),
    )


def _open_licence(facts: Facts) -> Finding | None:
    """What the resource's own open licence comes to; None where it names none."""
    marks = facts.open_licences
    if not marks:
        return None
    whole = tuple(s for s in marks if s.scope is not Scope.ELEMENT)
    if not whole:
        return finding("D2", Outcome.NEEDS_HUMAN, "d2.open_part", marks, licence=_name(marks[0]))
    marks = whole
    free = tuple(s for s in marks if s.polarity is Polarity.PERMITTED)
    narrower = tuple(s for s in marks if s.polarity is Polarity.CONDITIONAL and s.detail.get("terms"))
    if free and narrower:  # which one speaks of the text is not said
        return finding("D2", Outcome.NEEDS_HUMAN, "d2.open_terms", narrower + free, licence=_name(narrower[0]))
    if free:
        restricted = tuple(s for s in facts.restricting if not s.kind.startswith(_OFFERS))
        if restricted:
            both = {"quote": quote(free[0]), "against": quote(restricted[0])}
            return finding("D2", Outcome.NEEDS_HUMAN, "d2.open_conflict", free + restricted[:1], **both)
        return finding("D2", Outcome.MET, "d2.open", free, quote=quote(free[0]), licence=_name(free[0]))
    conditional = tuple(s for s in marks if s.polarity is Polarity.CONDITIONAL)
    non_commercial = tuple(s for s in conditional if "nc" in s.detail.get("terms", "").split("-"))
    if non_commercial and facts.declaration.commercial is not False:
        mark = non_commercial[0]
        return finding("D2", Outcome.NOT_MET, "d2.open_nc", non_commercial, licence=_name(mark))
    mark = (conditional or marks)[0]
    return finding("D2", Outcome.NEEDS_HUMAN, "d2.open_terms", (mark,), licence=_name(mark))


def _name(mark: Signal) -> str:
    return mark.detail.get("licence", "…")


def fitting_licence(facts: Facts) -> Licence | None:
    """The first declared licence that fits, or None."""
    licences = facts.declaration.held
    if not licences:
        return None
    return next((lic for lic in licences if not misfits(lic, facts)), None)


def misfits(licence: Licence, facts: Facts) -> list[str]:
    """Which parts of a licence do not fit: `scope`, `no_purpose`, `purpose`, `no_start`, `not_yet`, `expired`,
    `credentials`. A licence that names no purpose or no beginning is no D2."""
    found: list[str] = []
    if not any(_pattern(scope).match(facts.url) for scope in licence.scope):
        found.append("scope")
    if not licence.purposes:
        found.append("no_purpose")
    elif "*" not in licence.purposes and not set(facts.declaration.uses) <= set(licence.purposes):
        found.append("purpose")
    if licence.valid_from is None:
        found.append("no_start")
    elif facts.at < licence.valid_from:
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
