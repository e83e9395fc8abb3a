"""ODRL policies: which permission reaches mining, and at which cost."""

from __future__ import annotations

from typing import Any

import pytest

from crawlgate import url as urls
from crawlgate.model import Polarity
from crawlgate.signals import dataset, odrl
from crawlgate.signals.jsonld import Graph

PRICED, CONDITIONAL, RESERVED, PERMITTED = Polarity.PRICED, Polarity.CONDITIONAL, Polarity.RESERVED, Polarity.PERMITTED
ODRL = ["http://www.w3.org/ns/odrl.jsonld", "http://www.w3.org/ns/tdmrep.jsonld"]


def offer(**rules: Any) -> dict[str, Any]:
    return {"@context": ODRL, "@type": "Offer", **rules}


def purpose(value: str, operator: str = "eq") -> dict[str, str]:
    return {"leftOperand": "purpose", "operator": operator, "rightOperand": value}


def terms(policy: dict[str, Any]) -> odrl.Terms | None:
    graph = Graph([policy])
    return odrl.terms(graph, graph.nodes[0])


@pytest.mark.parametrize(
    ("policy", "polarity", "detail"),
    [
        (offer(permission=[{"action": "tdm:mine", "duty": [{"action": "obtainConsent"}]}]), CONDITIONAL, {"duties": "obtainConsent"}),
        (offer(permission=[{"action": "tdm:mine", "duty": [{"action": "compensate"}]}]), PRICED, {"duties": "compensate"}),
        (offer(permission={"action": "use", "duty": {"action": "odrl:compensate"}}), PRICED, {}),
        (offer(permission=[{"action": "tdm:mine", "constraint": [purpose("tdm:research")]}]), CONDITIONAL, {"purposes": "research"}),
        # Not research is what we are taken for, so this price is ours, and the free one for research is not.
        (
            offer(
                permission=[
                    {"action": "tdm:mine", "constraint": [purpose("tdm:research")]},
                    {"action": "tdm:mine", "duty": [{"action": "compensate"}], "constraint": [purpose("tdm:non-research")]},
                ]
            ),
            PRICED,
            {"duties": "compensate", "purposes": "non-research"},
        ),
        (offer(permission=[{"action": "tdm:mine", "duty": [{"action": "compensate"}]}, {"action": "tdm:mine", "duty": [{"action": "attribute"}]}]), CONDITIONAL, {"duties": "attribute"}),
        (offer(permission=[{"action": "tdm:mine"}]), PERMITTED, {}),
        (offer(prohibition=[{"action": "tdm:mine"}], permission=[{"action": "use"}]), RESERVED, {}),
        (offer(prohibition=[{"action": "use", "constraint": purpose("commercial")}]), RESERVED, {"purposes": "commercial"}),
        (offer(permission=[{"action": "tdm:mine", "constraint": {"leftOperand": "spatial", "operator": "isPartOf", "rightOperand": "JP"}}]), CONDITIONAL, {"purposes": "spatial"}),
        (offer(permission=[{"action": "use"}], obligation=[{"action": "attribute"}]), CONDITIONAL, {"duties": "attribute"}),
        ({"@type": "odrl:Offer", "odrl:permission": {"odrl:action": {"@id": "http://www.w3.org/ns/odrl/2/use"}, "odrl:duty": {"odrl:action": {"@id": "odrl:compensate"}}}}, PRICED, {}),
    ],
)  # fmt: skip
def test_terms(policy: dict[str, Any], polarity: Polarity, detail: dict[str, str]) -> None:
    read = terms(policy)
    assert read is not None
    assert read.polarity is polarity
    assert detail.items() <= read.detail.items()


def test_a_price_is_named() -> None:
    pay = {
        "leftOperand": "payAmount",
        "operator": "eq",
        "rightOperand": {"@value": "5.00"},
        "unit": "http://dbpedia.org/resource/Euro",
    }
    read = terms(offer(permission=[{"action": "use", "duty": [{"action": "compensate", "constraint": [pay]}]}]))
    assert read is not None
    assert (read.polarity, read.price, read.currency) == (PRICED, "5.00", "EUR")
    free = {"leftOperand": "payAmount", "operator": "eq", "rightOperand": "0"}
    read = terms(offer(permission=[{"action": "use", "duty": [{"action": "compensate", "constraint": [free]}]}]))
    assert read is not None
    assert read.polarity is PERMITTED


@pytest.mark.parametrize(
    "policy",
    [
        offer(),
        offer(permission=[{"action": "display"}]),
        offer(permission="x"),
        offer(prohibition=[{"action": "print"}]),
        {},
    ],
)
def test_what_does_not_reach_mining_says_nothing(policy: dict[str, Any]) -> None:
    read = Graph([policy])
    assert odrl.terms(read, read.nodes[0]) is None


def test_a_policy_of_a_page_is_not_one_of_a_data_set() -> None:
    page = urls.parse("https://site.example/a")
    refused = offer(prohibition=[{"action": "tdm:mine", "target": "https://site.example/a"}])
    (signal,) = dataset.read([refused], page=page).signals
    assert (signal.kind, signal.polarity) == ("odrl.policy", RESERVED)
    described = {"@type": "Dataset", "@id": "https://site.example/a", "name": "x"}
    (signal,) = dataset.read([described, refused], page=page).signals
    assert (signal.kind, signal.polarity) == ("dataset.policy", RESERVED)
    other = {**described, "@id": "https://site.example/b"}
    assert [s.kind for s in dataset.read([other, refused], page=page).signals] == ["odrl.policy"]


def test_rules_without_end_are_bounded() -> None:
    rule = {"action": "use", "duty": [{"action": "attribute"}] * 200, "constraint": [purpose("x")] * 200}
    read = terms(offer(permission=[rule] * 2_000))
    assert read is not None
    assert read.polarity is CONDITIONAL
