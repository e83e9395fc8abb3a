"""What a data set says of its access and use beyond a price: access rights, conditions, policies, usage terms.

schema.org, DCAT 3 with the access rights of the EU's authority table, Croissant 1.1 with DUO codes, ODRL. These
describe a product and decide no use of the page that describes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from .. import url as urls
from ..errors import UrlError
from ..limits import DEFAULT_LIMITS
from ..model import Polarity, Purpose, Scope, Signal, Strength
from ..url import Url
from . import odrl
from .jsonld import Graph, Node, excerpt, prop, texts, types
from .vocabulary import local

MAX_DATASETS = 1_000
"""Data sets of one page whose policies are looked for."""

MAX_ABOUT_ALL = 4
"""Policies without a target that count for every data set of a page."""

MAX_LOOSE = 50
"""Policies beside the data sets of a page that are read."""

_RIGHTS: Mapping[str, Polarity] = {
    "public": Polarity.PERMITTED,
    "open": Polarity.PERMITTED,
    "restricted": Polarity.CONDITIONAL,
    "sensitive": Polarity.CONDITIONAL,
    "confidential": Polarity.RESERVED,
    "non_public": Polarity.RESERVED,
    "non-public": Polarity.RESERVED,
    "restricted public": Polarity.CONDITIONAL,
}
"""dct:accessRights (authority table access-right of the EU) and accessLevel (Project Open Data)."""

_DUO: Mapping[str, Polarity] = {"duo_0000004": Polarity.PERMITTED}
"""Data Use Ontology: everything but "no restriction" is a condition."""

# Hosts and beginnings of paths under which open licences live (Creative Commons, Open Data Commons, public bodies).
_OPEN_LICENCES: tuple[tuple[str, str], ...] = (
    ("creativecommons.org", "/licenses/"),
    ("creativecommons.org", "/publicdomain/"),
    ("opendatacommons.org", "/licenses/"),
    ("opendefinition.org", "/licenses/"),
    ("data.gov", "/"),
    ("usa.gov", "/publicdomain/"),
    ("usa.gov", "/government-works"),
    ("usa.gov", "/government-copyright"),
    ("nationalarchives.gov.uk", "/doc/open-government-licence"),
    ("open.canada.ca", "/en/open-government-licence"),
    ("open.canada.ca", "/fr/licence-du-gouvernement-ouvert"),
    ("etalab.gouv.fr", "/licence-ouverte"),
    ("govdata.de", "/dl-de/"),
    ("data.norge.no", "/nlod/"),
    ("digital.go.jp", "/resources/open_data/public_data_license"),
)


class Policies:
    """The ODRL policies of a page by the node they are about; `others` are about none of `nodes`.

    A policy stands in a data set, or beside it and names it as its target; one that names no target is about all.
    """

    __slots__ = ("_about_all", "_graph", "_of", "_terms", "others")

    def __init__(self, graph: Graph, nodes: Iterable[Node]) -> None:
        self._graph = graph
        self._terms: dict[int, odrl.Terms | None] = {}
        self._about_all: list[Node] = []
        self.others: list[Node] = []
        nodes = list(islice(nodes, MAX_DATASETS))
        self._of: dict[int, list[Node]] = {id(node): list(_held(graph, node)) for node in nodes}
        known = {id(policy) for held in self._of.values() for policy in held}
        named: dict[str, list[Node]] = {}
        for node in nodes:
            for name in ("@id", "url", "identifier"):
                for text in texts(prop(node, name)):
                    named.setdefault(text, []).append(node)
        loose = (node for node in graph.nodes if odrl.is_policy(node) and id(node) not in known)
        for policy in islice(loose, MAX_LOOSE):
            targets = dict.fromkeys(odrl.targets(graph, policy))
            about = {id(node): node for target in targets for node in named.get(target, ())}
            for key in about:
                self._of[key].append(policy)
            if not targets and nodes and len(self._about_all) < MAX_ABOUT_ALL:
                self._about_all.append(policy)
            elif not about:
                self.others.append(policy)

    def of(self, node: Node) -> Iterator[odrl.Terms]:
        """The terms of the policies of one of the nodes, as far as they reach mining."""
        for policy in (*self._of.get(id(node), ()), *self._about_all):
            if id(policy) not in self._terms:
                self._terms[id(policy)] = odrl.terms(self._graph, policy)
            terms = self._terms[id(policy)]
            if terms is not None:
                yield terms


def read(graph: Graph, node: Node, policies: Iterable[odrl.Terms], *, evidence: str = "") -> tuple[Signal, ...]:
    """What a data set says of who may have it and what for. Never raises."""
    found = [*_access_rights(graph, node, evidence), *_usage(graph, node, evidence)]
    for name, kind in (("conditionsOfAccess", "dataset.conditions"), ("acquireLicensePage", "dataset.licence_page")):
        found += (
            _signal(kind, Polarity.CONDITIONAL, text, evidence, {name: text})
            for text in texts(prop(node, name), at_most=4)
        )
    found += (
        _signal("dataset.policy", terms.polarity, terms.raw, evidence, terms.detail, terms.ambiguity)
        for terms in policies
    )
    return tuple(found)


def _held(graph: Graph, node: Node) -> Iterator[Node]:
    """The ODRL policies that stand in a data set, under whichever property."""
    for name in ("odrl:hasPolicy", "hasPolicy"):
        yield from graph.related(node, name)
    for held in graph.related(node, "usageInfo", "license", "dct:license", "dct:rights", "offers"):
        if odrl.is_policy(held):
            yield held


def open_licences(graph: Graph, node: Node, page: Url) -> Iterator[str]:
    """The URLs of open licences that a data set names."""
    named = [*texts(prop(node, "license")), *texts(prop(node, "dct:license"))]
    for document in graph.related(node, "license", "dct:license"):
        named.extend(texts(prop(document, "url")))
    for text in named:
        try:
            licence = urls.join(page, text)
        except UrlError:
            continue
        host = licence.host.removeprefix("www.")
        if any(host == known and licence.target.lower().startswith(path) for known, path in _OPEN_LICENCES):
            yield licence.href


def _access_rights(graph: Graph, node: Node, evidence: str) -> Iterator[Signal]:
    value = prop(node, "dct:accessRights", "accessRights", "accessLevel")
    named = list(texts(value, at_most=4))
    for document in graph.related(node, "dct:accessRights", "accessRights"):
        named.extend(texts(prop(document, "rdfs:label", "label", "skos:prefLabel", "name"), at_most=4))
    for text in dict.fromkeys(named):
        word = local(text) if "/" in text or ":" in text else text.strip().casefold()[:100]
        polarity = _RIGHTS.get(word)
        if polarity is not None:
            yield _signal("dataset.access_rights", polarity, text, evidence, {"rights": word})


def _usage(graph: Graph, node: Node, evidence: str) -> Iterator[Signal]:
    """Croissant's usageInfo as terms of the Data Use Ontology."""
    codes: dict[str, str] = {}
    for text in texts(prop(node, "usageInfo"), at_most=20):
        codes.setdefault(local(text), text)
    for term in graph.related(node, "usageInfo"):
        if "DefinedTerm" in types(term) or "termCode" in term:
            for text in (*texts(prop(term, "termCode")), *texts(prop(term, "url")), *texts(prop(term, "@id"))):
                codes.setdefault(local(text), excerpt(term))
    for code, raw in codes.items():
        if code.startswith("duo_"):
            polarity = _DUO.get(code, Polarity.CONDITIONAL)
            yield _signal("dataset.usage", polarity, raw, evidence, {"term": code.upper()[:20]})


def _signal(
    kind: str,
    polarity: Polarity,
    raw: str,
    evidence: str,
    detail: Mapping[str, str],
    ambiguity: str | None = None,
) -> Signal:
    bound = DEFAULT_LIMITS.raw_text
    return Signal(
        kind=kind,
        purpose=Purpose.TDM,
        polarity=polarity,
        strength=Strength.OFFER,
        scope=Scope.RESPONSE,
        raw=raw[:bound],
        evidence=evidence,
        detail={key: value[:bound] for key, value in detail.items() if value},
        ambiguity=ambiguity,
    )
