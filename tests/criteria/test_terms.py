"""Words of ours inside Japanese sentences are Japanese; words of others stay as they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import crawlgate
from crawlgate.criteria import CATALOGUE
from crawlgate.criteria.conduct import _ROUTES
from crawlgate.criteria.limits import LIMITS, UNITS
from crawlgate.criteria.terms import in_japanese, terms


@pytest.mark.parametrize(
    ("name", "value", "japanese"),
    [
        ("quote", "Disallow: / (line 2)", "Disallow: /（2行目）"),
        ("quote", "User-agent: *", "User-agent: *"),
        ("against", "tdm-reservation: 1 (line 12)", "tdm-reservation: 1（12行目）"),
        ("why", "http_503", "HTTP 503"),
        ("why", "timeout: The read operation timed out", "時間切れ: The read operation timed out"),
        ("why", "no evidence", "証拠なし"),
        ("why", "something new", "something new"),
        ("changed", "user agent, proxy", "User-Agent、プロキシ"),
        ("parts", "scope, expired", "URLの範囲、有効期限"),
        ("agents", "CCBot, GPTBot and 3 more", "CCBot、GPTBot、ほか3件"),
        ("refused", "attempt 1, HTTP 403", "試行1, HTTP 403"),
        ("told", "site_pages 6000 > 5000 pages (A. pages, 2026-04-01)", "同一サイトのページ数 6000 > 5000 ページ (A. pages, 2026-04-01)"),
        ("told", "user agent A/1, B/2", "User-Agent A/1, B/2"),
        ("told", "proxy a, b", "プロキシ a, b"),
        ("told", "anything else", "anything else"),
        ("age", "25.5 h", "25.5時間"),
        ("creator", "user agent", "user agent"),
    ],
)  # fmt: skip
def test_gaps_of_japanese_sentences(name: str, value: str, japanese: str) -> None:
    assert in_japanese(name, value) == japanese


def test_every_word_that_the_code_can_say_has_its_term() -> None:
    assert set(terms()["limits"]) == set(LIMITS)
    assert terms()["units"] == UNITS["ja"]
    assert set(terms()["changed"]) == {"user agent", *_ROUTES}
    package = Path(crawlgate.__file__).parent
    misfits = re.findall(r'found\.append\("(\w+)"\)', (package / "criteria" / "permission.py").read_text("utf-8"))
    assert set(misfits) == set(terms()["parts"])
    fetch = "".join((package / "evidence" / f"{name}.py").read_text("utf-8") for name in ("fetch", "pin", "inflate"))
    codes = set(re.findall(r'\bcode = "(\w+)"|PinError\(\s*"(\w+)"|error = f?"(\w+):', fetch))
    told = {code for group in codes for code in group if code} | set(re.findall(r'else "(\w+)"$', fetch, re.MULTILINE))
    assert told - set(terms()["why"]) == set()


def test_a_sentence_takes_them() -> None:
    params = {"why": "http_503"}
    assert CATALOGUE.phrase("b2.robots_unknown", params, "ja").startswith("robots.txt を取得できなかった（HTTP 503）")
    assert "(http_503)" in CATALOGUE.phrase("b2.robots_unknown", params, "en")
