"""The document that a `tdm-policy` names: on which terms mining is licensed (TDMRep, "Expressing a TDM Policy").

A policy is an ODRL offer of the profile `http://www.w3.org/ns/tdmrep`, in JSON. A page in HTML is for people: it
tells a machine nothing. What cannot be had or read leaves the reservation as it stands, with its conditions unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..limits import DEFAULT_LIMITS
from ..model import Evidence, Lint, Polarity, Purpose, Scope, Signal, Strength
from . import odrl
from .jsonld import Graph, Node, decode, prop, texts, types
from .statement import clip
from .vocabulary import local

PROFILE = "http://www.w3.org/ns/tdmrep"
_CONTACTS = ("vcard:hasURL", "vcard:hasEmail", "vcard:hasTelephone")


@dataclass(frozen=True, slots=True)
class TdmPolicy:
    """A policy as read. `terms` is None where it states none that a machine can read, and `problem` says why.

    `contact` is where its author wants to be asked: a page, a mail address, a telephone number.
    """

    terms: odrl.Terms | None = None
    contact: str = ""
    problem: str = ""
    lint: tuple[Lint, ...] = ()
    evidence: str = ""

    def apply(self, reservation: Signal) -> tuple[Signal, ...]:
        """A reservation that names this policy, as the policy qualifies it; with the policy's own words behind it."""
        told = {"contact": self.contact} if self.contact else {}
        if self.terms is None:
            return (_changed(reservation, reservation.polarity, told | {"policy_read": self.problem}, None),)
        polarity, ambiguity = self.terms.polarity, self.terms.ambiguity
        if polarity is Polarity.PERMITTED:  # reserved and permitted: there is a condition that we do not see
            polarity, ambiguity = Polarity.CONDITIONAL, "policy_asks_nothing"
        detail = {**self.terms.detail, **told, "policy_read": str(polarity)}
        said = Signal(
            kind="tdmrep.policy",
            purpose=Purpose.TDM,
            polarity=polarity,
            strength=Strength.OFFER,
            scope=Scope.PATH if reservation.scope is Scope.PATH else reservation.scope,
            raw=clip(self.terms.raw),
            evidence=self.evidence,
            detail={**detail, "policy": reservation.detail.get("policy", "")},
            ambiguity=ambiguity,
        )
        return (_changed(reservation, polarity, detail, ambiguity), said)


def is_policy(document: object) -> bool:
    """True for a JSON object that says it is a TDM policy, by its profile."""
    if not isinstance(document, dict):
        return False
    return any(
        text.rstrip("/#") == PROFILE for name in ("profile", "odrl:profile") for text in texts(document.get(name))
    )


def parse(body: bytes, *, content_type: str = "", evidence: str = "") -> TdmPolicy:
    """Read a policy document. Never raises; time is linear in `body`, of which `Limits.wellknown_bytes` are read."""
    if len(body) > DEFAULT_LIMITS.wellknown_bytes:
        return _unread("too_long", "the policy is longer than is read", evidence)
    media_type = content_type.partition(";")[0].strip().lower()
    beginning = body[:200].removeprefix(b"\xef\xbb\xbf").lstrip()
    if beginning.startswith(b"<") or (
        media_type in ("text/html", "application/xhtml+xml") and beginning[:1] not in b"{["
    ):
        return _unread("for_people", "the policy is a page for people; a machine learns no terms from it", evidence)
    value, repaired = decode(body)
    if value is None:
        return _unread("not_json", "the policy is neither JSON nor a page", evidence)
    graph = Graph([value])
    lint = [*repaired, *graph.lint]
    policy = next((node for node in graph.nodes if odrl.is_policy(node) or _has_rules(node)), None)
    if policy is None:
        return _unread("no_permission", "the policy permits nothing", evidence)
    lint += _form(value, policy)
    terms = odrl.terms(graph, policy)
    if terms is None:
        lint.append(Lint(code="no_permission", message="no permission of the policy is about mining"))
    contact = next(iter(_contacts(graph, policy)), "")
    return TdmPolicy(terms, contact, "" if terms else "no_permission", tuple(lint), evidence)


def from_evidence(evidence: Evidence | None) -> TdmPolicy:
    """The policy of a document that was asked for; None is one that robots.txt keeps us out of."""
    if evidence is None:
        return unobtainable("robots_disallows_it")
    if evidence.status != 200 or evidence.error is not None:
        return unobtainable(evidence.error or f"http_{evidence.status}", evidence=evidence.id)
    media_type = next((value for name, value in evidence.headers if name == "content-type"), "")
    return parse(evidence.body, content_type=media_type, evidence=evidence.id)


def unobtainable(reason: str, *, evidence: str = "") -> TdmPolicy:
    """A policy that is named and cannot be had: under which conditions mining is licensed is not known."""
    return TdmPolicy(problem=clip(reason), evidence=evidence)


def _unread(code: str, message: str, evidence: str) -> TdmPolicy:
    return TdmPolicy(problem=code, lint=(Lint(code=f"policy_{code}", message=message),), evidence=evidence)


def _changed(signal: Signal, polarity: Polarity, detail: dict[str, str], ambiguity: str | None) -> Signal:
    return Signal(
        kind=signal.kind,
        purpose=signal.purpose,
        polarity=polarity,
        strength=signal.strength,
        scope=signal.scope,
        subject=signal.subject,
        raw=signal.raw,
        evidence=signal.evidence,
        line=signal.line,
        span=signal.span,
        name=signal.name,
        detail={**signal.detail, **detail},
        ambiguity=signal.ambiguity or ambiguity,
    )


def _has_rules(node: Node) -> bool:
    return any(rule in node for rule in ("permission", "prohibition"))


def _form(document: object, policy: Node) -> Iterator[Lint]:
    """Where the document is not of the form that TDMRep asks for; it is read as meant."""
    if isinstance(document, dict) and "@context" not in document:
        yield Lint(code="policy_without_context", message="the policy names no JSON-LD context")
    if not any(local(name) == "offer" for name in types(policy)):
        yield Lint(code="policy_type", message="the type of a TDM policy is Offer")
    profiles = {text.rstrip("/#") for text in texts(prop(policy, "odrl:profile", "profile"))}
    if PROFILE not in profiles:
        yield Lint(code="policy_profile", message=f"the profile of a TDM policy is {PROFILE}")


def _contacts(graph: Graph, policy: Node) -> Iterator[str]:
    for party in graph.related(policy, "odrl:assigner", "assigner"):
        for name in _CONTACTS:
            for text in texts(prop(party, name, name.partition(":")[2])):
                yield text[: DEFAULT_LIMITS.raw_text]
