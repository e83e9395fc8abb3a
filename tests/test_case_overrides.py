"""Decisions of people in cases: dated, so that a replay gives the answer of its time."""

from __future__ import annotations

from typing import Any

import pytest

from crawlgate.cases import judge as judge_case
from crawlgate.cases import read_case
from crawlgate.errors import ConfigError
from crawlgate.policy import load_profile
from tests.test_cases import case

ROBOTS = {"status": 200, "body": "User-agent: GPTBot\nDisallow: /\n", "fetched_at": "2026-11-10T03:00:00Z"}
LIFT = {
    "at": "2026-11-01T00:00:00Z",
    "until": "2026-12-01T00:00:00Z",
    "by": "R. Mori",
    "reason": "the publisher agreed",
    "effect": "allow",
    "scope": "host",
    "value": "example.test",
    "findings": {"B3": ["met"]},
}


def verdict(*overrides: dict[str, Any], **changes: Any) -> str:
    given = case(robots=ROBOTS, overrides=list(overrides), **changes)
    host = read_case(given).url.host
    for override in given["overrides"]:
        override["value"] = host if override.get("value") == "example.test" else override.get("value")
    return str(judge_case(read_case(given), load_profile("standard")).verdict)


def test_it_counts_from_its_time_on_and_never_backwards() -> None:
    assert verdict() == "review"
    assert verdict(dict(LIFT)) == "allow"
    assert verdict(LIFT | {"at": "2026-11-20T00:00:00Z"}) == "review", "decided after the fetch"
    assert verdict(LIFT | {"at": "2026-10-01T00:00:00Z", "until": "2026-10-15T00:00:00Z"}) == "review", (
        "ended before it"
    )
    assert verdict(LIFT | {"revoked_at": "2026-11-05T00:00:00Z"}) == "review"
    assert verdict(LIFT | {"revoked_at": "2026-11-25T00:00:00Z"}) == "allow"
    assert verdict(dict(LIFT), LIFT | {"effect": "deny", "record": "s:2"}) == "deny"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"at": "2026-11-01T00:00:00"}, "overrides[0].at"),
        ({"until": "2026-10-01T00:00:00Z"}, "overrides[0].until is not after at"),
        ({"by": ""}, "overrides[0].by is missing"),
        ({"effect": "review"}, "overrides[0].effect: 'review' is unknown"),
        ({"scope": "hosts"}, "did you mean 'host'"),
        ({"value": "not a host"}, "it would cover nothing"),
        ({"findings": {}}, "overrides[0].findings is empty"),
        ({"findings": {"B33": ["met"]}}, "overrides[0].findings.B33 is no criterion"),
        ({"findings": {"B3": ["mett"]}}, "did you mean 'met'"),
        ({"acknowledged": {"C1": ""}}, "overrides[0].acknowledged.C1 is missing"),
    ],
)
def test_a_broken_one_is_told_where(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_case(case(overrides=[LIFT | change]))
    assert told in str(error.value)
