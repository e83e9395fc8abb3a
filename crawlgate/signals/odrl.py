"""ODRL policies, as far as they speak about mining and training (ODRL Information Model 2.2, W3C).

A policy permits or prohibits actions, with duties and constraints. What is read is the answer for one collector: which
permission reaches text and data mining, and at which cost. Whoever cannot say that its purpose is research is read as
one whose purpose is not (the stricter of two readings).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ..limits import DEFAULT_LIMITS
from ..model import Polarity, Purpose, Scope, Signal, Strength
from .jsonld import Graph, Node, excerpt, prop, scalar, texts, types
from .prices import amount
from .vocabulary import local

MAX_RULES = 50
"""Rules of one policy that are read; a policy of a site has one or two."""

_POLICY_TYPES = ("odrl:Policy", "odrl:Set", "odrl:Offer", "odrl:Agreement", "odrl:Ticket", "odrl:Privacy")
_RULES = ("permission", "prohibition", "obligation")
# Actions that mining is, or is a part of. `use` includes every other one.
_REACHES = frozenset(("mine", "use", "reproduce", "extract", "tdm", "textanddatamining", "datamining", "textmining"))
_TRAINING = ("train", "machinelearning", "aiuse")
_CONSENT = frozenset(("obtainconsent", "consent", "grantuse", "ensureexclusivity"))
_RESEARCH = frozenset(("research", "scientificresearch", "academic", "duo_0000042", "duo_0000006"))
_NOT_RESEARCH = frozenset(("non-research", "nonresearch", "commercial", "commercialuse"))


@dataclass(frozen=True, slots=True)
class Terms:
    """What a policy says about mining for us. `duties` and `purposes` in ODRL's words, `price` where it is named;
    `ambiguity` names a second reading. `detail` is what a signal tells of it."""

    polarity: Polarity
    duties: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    price: str = ""
    currency: str = ""
    ambiguity: str | None = None
    raw: str = ""
    detail: Mapping[str, str] = field(default_factory=dict)


def is_policy(node: Node) -> bool:
    """True for a node that is an ODRL policy by its type or its rules. schema.org has an `Offer` of its own."""
    if any(name in _POLICY_TYPES for name in types(node)):
        return True
    return any(f"odrl:{rule}" in node for rule in _RULES)


def targets(graph: Graph, policy: Node) -> Iterator[str]:
    """What a policy and its rules are about, by name."""
    for node in (policy, *(rule for kind in _RULES for rule in _rules(graph, policy, kind))):
        yield from texts(prop(node, "odrl:target", "target"), at_most=20)
        for target in graph.related(node, "odrl:target", "target"):
            yield from texts(prop(target, "@id", "odrl:uid", "uid"), at_most=1)


def read(graph: Graph, policies: Iterable[Node], *, evidence: str = "") -> tuple[Signal, ...]:
    """What policies say of the page that they stand on, or that names them. Never raises."""
    found = []
    for policy in policies:
        said = terms(graph, policy)
        if said is not None:
            found.append(
                Signal(
                    kind="odrl.policy",
                    purpose=Purpose.TDM,
                    polarity=said.polarity,
                    strength=Strength.OFFER,
                    scope=Scope.RESPONSE,
                    raw=said.raw,
                    evidence=evidence,
                    detail=said.detail,
                    ambiguity=said.ambiguity,
                )
            )
    return tuple(found)


def terms(graph: Graph, policy: Node) -> Terms | None:
    """The terms of a policy; None where no rule of it reaches mining. Never raises."""
    refused = next((rule for rule in _rules(graph, policy, "prohibition") if _reaches(graph, rule)), None)
    if refused is not None:
        limited = _constraints(graph, refused)[1]
        return _told(
            Terms(
                Polarity.RESERVED,
                purposes=tuple(limited),
                ambiguity="the prohibition is limited" if limited else None,
                raw=excerpt(refused),
            )
        )
    general = [name for name, _, _ in _duties(graph, policy, "obligation")]
    offers = [_permitted(graph, rule, general) for rule in _rules(graph, policy, "permission") if _reaches(graph, rule)]
    if not offers:
        return None
    open_to_us = [offer for research, offer in offers if not research]
    if open_to_us:
        # Permissions are alternatives, of which a collector takes the best.
        return _told(min(open_to_us, key=lambda offer: -list(Polarity).index(offer.polarity)))
    return _told(offers[0][1])


def _told(terms: Terms) -> Terms:
    detail = {
        "duties": " ".join(terms.duties),
        "purposes": " ".join(terms.purposes),
        "price": " ".join(filter(None, (terms.price, terms.currency))),
    }
    kept = {key: value[: DEFAULT_LIMITS.raw_text] for key, value in detail.items() if value}
    return Terms(
        terms.polarity, terms.duties, terms.purposes, terms.price, terms.currency, terms.ambiguity, terms.raw, kept
    )


def _permitted(graph: Graph, rule: Node, general: list[str]) -> tuple[bool, Terms]:
    """One permission: whether it is for research only, and its terms."""
    duties, price, currency = list(general), "", ""
    for name, found, unit in _duties(graph, rule, "duty", "obligation"):
        duties.append(name)
        price, currency = price or found, currency or unit
    limits, purposes = _constraints(graph, rule)
    research = bool(purposes) and all(name in _RESEARCH for name in purposes)
    others = [name for name in limits if name != "purpose"]
    polarity = Polarity.PERMITTED
    if "compensate" in duties and price.strip("0.") == "" and price:
        duties.remove("compensate")  # a price of zero is none
    if "compensate" in duties:
        polarity = Polarity.PRICED
    elif duties or others or purposes:
        polarity = Polarity.CONDITIONAL
    # A permission for everything but research is one for us, and a price of its own.
    if polarity is Polarity.CONDITIONAL and not duties and not others and not research:
        polarity = Polarity.PERMITTED if all(name in _NOT_RESEARCH for name in purposes) else polarity
    return research, Terms(
        polarity,
        duties=tuple(dict.fromkeys(duties)),
        purposes=tuple(dict.fromkeys((*purposes, *others))),
        price=price,
        currency=currency,
        raw=excerpt(rule),
    )


def _rules(graph: Graph, policy: Node, kind: str) -> Iterator[Node]:
    for count, rule in enumerate(graph.related(policy, f"odrl:{kind}", kind)):
        if count >= MAX_RULES:
            return
        yield rule


def _reaches(graph: Graph, rule: Node) -> bool:
    """True if a rule is about mining or about everything; a rule without an action is about everything."""
    names = list(_names(graph, rule, "action"))
    return not names or any(name in _REACHES or any(word in name for word in _TRAINING) for name in names)


def _names(graph: Graph, node: Node, name: str) -> Iterator[str]:
    """The values of a property as local names; an action with a refinement stands in `rdf:value`."""
    value = prop(node, f"odrl:{name}", name)
    for text in texts(value):
        yield local(text)
    for inner in graph.related(node, f"odrl:{name}", name):
        for key in ("rdf:value", "value", "@id", "odrl:value"):
            for text in texts(prop(inner, key)):
                yield local(text)


def _duties(graph: Graph, node: Node, *kinds: str) -> Iterator[tuple[str, str, str]]:
    """Each duty with the price and unit it names. Asking for consent is told in ODRL's own word."""
    for kind in kinds:
        for duty in _rules(graph, node, kind):
            price = unit = ""
            holders = [duty, *graph.related(duty, "odrl:action", "action")]
            for holder in holders:
                for constraint in graph.related(
                    holder, "odrl:constraint", "constraint", "odrl:refinement", "refinement"
                ):
                    if "payamount" in _names(graph, constraint, "leftOperand"):
                        price, paid = amount(scalar(prop(constraint, "odrl:rightOperand", "rightOperand")))
                        price = price if paid is not None else ""
                        unit = next(iter(texts(prop(constraint, "odrl:unit", "unit"))), "")
            for name in dict.fromkeys(_names(graph, duty, "action")):
                yield ("obtainConsent" if name in _CONSENT else name), price, _currency(unit)


def _currency(unit: str) -> str:
    name = local(unit)
    known = {"euro": "EUR", "yen": "JPY", "japanese_yen": "JPY", "us_dollar": "USD", "united_states_dollar": "USD"}
    return known.get(name, name.upper()[:16])


def _constraints(graph: Graph, rule: Node) -> tuple[list[str], list[str]]:
    """What a rule is limited by, and of a limit of purpose the purposes."""
    limits: list[str] = []
    purposes: list[str] = []
    holders = [rule, *graph.related(rule, "odrl:action", "action")]
    for holder in holders:
        for count, constraint in enumerate(
            graph.related(holder, "odrl:constraint", "constraint", "odrl:refinement", "refinement")
        ):
            if count >= MAX_RULES:
                break
            named = next(_names(graph, constraint, "leftOperand"), "") or "constraint"
            limits.append(named)
            if named == "purpose":
                negated = next(_names(graph, constraint, "operator"), "eq") in ("neq", "isnoneof")
                values = _names(graph, constraint, "rightOperand")
                purposes.extend(f"not-{value}" if negated else value for value in values)
    return limits, ["non-research" if name == "not-research" else name for name in dict.fromkeys(purposes)]
