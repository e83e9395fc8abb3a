"""The documents that tdm-policy names, and what they make of a reservation."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate import url as urls
from crawlgate.headers import Headers
from crawlgate.model import Polarity, Signal
from crawlgate.signals import page_head, tdm_policy, tdmrep

BASE = urls.parse("https://site.example/a/b")
PRICED, CONDITIONAL, RESERVED, PERMITTED = Polarity.PRICED, Polarity.CONDITIONAL, Polarity.RESERVED, Polarity.PERMITTED
POLICY = "https://site.example/p.json"


def policy(*permissions: dict[str, Any], **changes: Any) -> bytes:
    document = {
        "@context": ["http://www.w3.org/ns/odrl.jsonld", "http://www.w3.org/ns/tdmrep.jsonld"],
        "@type": "Offer",
        "profile": "http://www.w3.org/ns/tdmrep",
        "uid": "https://site.example/policies/1",
        "permission": list(permissions),
    }
    return json.dumps(document | changes).encode()


def duty(action: str) -> dict[str, Any]:
    return {"action": "tdm:mine", "duty": [{"action": action}]}


def research(value: str) -> dict[str, Any]:
    return {"action": "tdm:mine", "constraint": [{"leftOperand": "purpose", "operator": "eq", "rightOperand": value}]}


def reserved(path: str = "/p.json") -> tuple[Signal, ...]:
    return tdmrep.header(Headers({"tdm-reservation": "1", "tdm-policy": path}), base=BASE)


def under(body: bytes, **named: Any) -> list[tuple[str, Polarity]]:
    read = tdm_policy.parse(body, evidence="p1", **named)
    return [(s.kind, s.polarity) for s in tdmrep.combine((), reserved(), (), policies={POLICY: read})]


@pytest.mark.parametrize(
    ("body", "polarity"),
    [
        (policy(duty("obtainConsent")), CONDITIONAL),
        (policy(duty("compensate")), PRICED),
        (policy(research("tdm:research")), CONDITIONAL),
        (policy({**duty("compensate"), "constraint": research("tdm:non-research")["constraint"]}), PRICED),
        (policy({"action": "tdm:mine"}), CONDITIONAL),  # reserved, and permitted for nothing: something is not told
        (policy(prohibition=[{"action": "tdm:mine"}]), RESERVED),
        (b'{"permission": [{"action": "tdm:mine", "duty": [{"action": "compensate"}]}]}', PRICED),
        (b"\xef\xbb\xbf" + policy(duty("compensate")), PRICED),
    ],
)
def test_a_policy_qualifies_the_reservation(body: bytes, polarity: Polarity) -> None:
    assert under(body) == [("tdmrep.header", polarity), ("tdmrep.policy", polarity)]


@pytest.mark.parametrize(
    ("body", "media_type", "problem"),
    [
        (b"<!doctype html><p>Write to us.", "text/html", "for_people"),
        (b"Write to us.", "text/html", "for_people"),
        (b"", "application/json", "not_json"),
        (b"{", "application/json", "not_json"),
        (b"[]", "application/json", "no_permission"),
        (policy(), "application/json", "no_permission"),
        (policy({"action": "display"}), "application/json", "no_permission"),
        (b" " * 600_000, "application/json", "too_long"),
        (b"[" * 100_000, "application/json", "not_json"),
    ],
)
def test_what_states_no_terms_leaves_the_reservation(body: bytes, media_type: str, problem: str) -> None:
    read = tdm_policy.parse(body, content_type=media_type)
    assert read.problem == problem
    assert under(body, content_type=media_type) == [("tdmrep.header", RESERVED)]


def test_form_is_lint_and_a_contact_is_told() -> None:
    read = tdm_policy.parse(
        b'{"assigner": {"vcard:hasEmail": "mailto:a@b.example"}, "permission": {"action": "tdm:mine"}}'
    )
    assert {lint.code for lint in read.lint} == {"policy_without_context", "policy_type", "policy_profile"}
    assert read.contact == "mailto:a@b.example"
    assert tdm_policy.parse(policy(duty("compensate"))).lint == ()


def test_reservation_and_policy_are_superseded_each_on_its_own() -> None:
    body = b'[{"location": "/", "tdm-reservation": 1, "tdm-policy": "/file.json"}]'
    file = tdmrep.parse_file(body, base=BASE).all_signals()
    (kept,) = tdmrep.combine(file, tdmrep.header(Headers({"tdm-reservation": "1"}), base=BASE), ())
    assert (kept.kind, kept.detail["policy"]) == ("tdmrep.header", "https://site.example/file.json")
    (replaced,) = tdmrep.combine(file, tdmrep.header(Headers({"tdm-policy": "/header.json"}), base=BASE), ())
    assert (replaced.kind, replaced.detail["policy"]) == ("tdmrep.file", "https://site.example/header.json")
    page = page_head.scan(b"<meta name=tdm-reservation content=0>")
    (freed,) = tdmrep.combine(file, (), tdmrep.meta(page, base=BASE))
    assert (freed.kind, freed.polarity, "policy" in freed.detail) == ("tdmrep.meta", PERMITTED, False)
    assert tdmrep.combine((), tdmrep.header(Headers({"tdm-policy": "/p.json"}), base=BASE), ()) == ()


def test_policies_are_resolved_and_bounded() -> None:
    entries = [{"location": f"/{n}/", "tdm-reservation": 1, "tdm-policy": f"/{n}.json"} for n in range(40)]
    file = tdmrep.parse_file(json.dumps(entries).encode(), base=BASE)
    assert "relative_policy" in {lint.code for lint in file.lint}
    named = tdmrep.policies_named(file.all_signals())
    assert named[0].href == "https://site.example/0.json"
    assert len(named) == tdmrep.MAX_POLICIES


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["permission", "action", "duty", "@context", "@type", "constraint", "target"]), inner
            )
        ),
        max_leaves=12,
    ).map(lambda value: json.dumps(value).encode())
)
def test_no_document_raises(body: bytes) -> None:
    tdm_policy.parse(body).apply(reserved()[0])
