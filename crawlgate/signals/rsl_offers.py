"""What the licences of an RSL document offer for one usage, and which offer decides (RSL 1.0 3.1.1, 3.4 to 3.7)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..model import Polarity
from .rsl_terms import USAGES, Content, License, Rule
from .rsl_xml import Place

# Among alternative offers a collector takes the best; one without terms is no offer beside others.
_BEST = (Polarity.PERMITTED, Polarity.CONDITIONAL, Polarity.PRICED, Polarity.RESERVED, Polarity.UNSPECIFIED)

_EU = frozenset(re.findall("..", "ATBEBGCYCZDEDKEEESFIFRGRHRHUIEITLTLULVMTNLPLPTROSESISK"))


class Offer(NamedTuple):
    """What one licence says of one usage. `forbids` marks a prohibition of the usage itself."""

    polarity: Polarity
    kind: str
    place: Place
    detail: Mapping[str, str]
    ambiguity: str | None = None
    forbids: bool = False


class Us(NamedTuple):
    """Who asks: user types and countries. None is unknown."""

    user: frozenset[str] | None
    geo: frozenset[str] | None


def asking(user_types: Iterable[str], geo: str | None) -> Us:
    """Who asks, in RSL's words; a member state of the EU is in `EU` too."""
    users = frozenset(user.strip().lower() for user in user_types)
    if not geo:
        return Us(users or None, None)
    country = geo.strip().upper()
    country = "GB" if country == "UK" else country
    return Us(users or None, frozenset((country, "EU")) if country in _EU else frozenset((country,)))


def settle(group: list[Content], usage: str, us: Us) -> tuple[Offer, Content, list[tuple[Offer, Content]]]:
    """The offer that decides for contents of one scope, and every offer."""
    offers = [(_offer(license_, content, usage, us), content) for content in group for license_ in content.licenses]
    if not offers:
        none = Offer(Polarity.RESERVED, "rsl.no_licence", group[0].place, {}, "no_licence")
        return none, group[0], []
    forbidding = next((pair for pair in offers if pair[0].forbids), None)
    # Permitted and prohibited in one scope is not licensed (RSL 1.0 3.1.1).
    deciding, content = forbidding or min(offers, key=lambda pair: _BEST.index(pair[0].polarity))
    return deciding, content, offers


def _offer(license_: License, content: Content, usage: str, us: Us) -> Offer:
    """What one licence says of one usage (RSL 1.0 3.4 to 3.7)."""
    refused = _refusal(license_, usage, us)
    if refused is not None:
        return refused
    doubt = license_.doubt or content.doubt
    payment = license_.payment
    detail: dict[str, str] = {}
    standing: list[tuple[str, str, Place]] = []
    if content.server is not None or content.encrypted:
        standing.append(("token", "rsl.token_required", content.place))
    if payment is not None and payment.polarity is not Polarity.PERMITTED:
        detail |= payment.detail
        if payment.polarity is Polarity.CONDITIONAL:
            standing.append((detail["type"], "rsl.payment", payment.place))
    if license_.reporting is not None:
        standing.append(("reporting", "rsl.reporting", license_.reporting))
    if standing:
        detail["conditions"] = " ".join(name for name, _, _ in standing)
    if payment is not None and payment.polarity is Polarity.PRICED:
        return Offer(Polarity.PRICED, "rsl.payment", payment.place, detail, payment.ambiguity or doubt)
    if standing:
        _, kind, place = standing[0]
        return Offer(Polarity.CONDITIONAL, kind, place, detail, doubt)
    if doubt is not None:
        return Offer(Polarity.CONDITIONAL, "rsl.licence", license_.place, detail, doubt)
    if license_.empty:
        return Offer(Polarity.UNSPECIFIED, "rsl.licence", license_.place, detail, "empty_license")
    listed = license_.permits.get("usage")
    if listed is not None:
        return Offer(Polarity.PERMITTED, "rsl.permits", listed.place, detail)
    return Offer(Polarity.PERMITTED, "rsl.licence", license_.place, detail)


def _refusal(license_: License, usage: str, us: Us) -> Offer | None:
    """The reason why a licence does not reach this usage or us."""
    covering = USAGES[usage]
    prohibited, permitted = license_.prohibits.get("usage"), license_.permits.get("usage")
    if prohibited is not None and prohibited.tokens & covering:
        return Offer(Polarity.RESERVED, "rsl.prohibits", prohibited.place, {"type": "usage"}, None, True)
    if permitted is not None and not permitted.tokens & covering:
        return Offer(Polarity.RESERVED, "rsl.permits", permitted.place, {"type": "usage"})
    if not (license_.permits or license_.prohibits):
        return None
    for kind, ours in (("user", us.user), ("geo", us.geo)):
        for rule, prohibits in ((license_.prohibits.get(kind), True), (license_.permits.get(kind), False)):
            if rule is not None and (excluded := _excludes(rule, ours, prohibits=prohibits)) is not None:
                name = "rsl.prohibits" if prohibits else "rsl.permits"
                ambiguity = f"{kind}_unknown" if excluded == "unknown" else None
                return Offer(Polarity.RESERVED, name, rule.place, {"type": kind}, ambiguity)
    return None


def _excludes(rule: Rule, ours: frozenset[str] | None, *, prohibits: bool) -> str | None:
    """`yes` or `unknown` where a rule about users or countries keeps us out."""
    if "all" in rule.tokens:
        return "yes" if prohibits else None
    if not rule.tokens:
        return None if prohibits else "yes"
    if ours is None:
        return "unknown"
    if prohibits and ours == {"EU"} and rule.tokens & _EU:
        return "unknown"
    return "yes" if bool(rule.tokens & ours) is prohibits else None
