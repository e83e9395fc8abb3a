"""Real pages: how often login pages are told, and whether paywall and robots marks agree with the labels.

Which pages are login pages is our own judgement, in login_pages.txt; the rule stands in docs/login-pages.md.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crawlgate.headers import Headers
from crawlgate.model import Polarity, Scope, Signal
from crawlgate.signals import challenge, login_page, microdata, page_head, paywall, paywall_text, robots_tags, wording
from crawlgate.signals.jsonld import Graph
from tests.shared_data import rows, shared

pytestmark = pytest.mark.slow

NAMES = Path(__file__).with_name("login_pages.txt").read_text(encoding="utf-8").splitlines()
LOGIN = {name for name in NAMES if name and name[0] not in "#?"}
UNCLEAR = {name[2:] for name in NAMES if name.startswith("? ")}
WHOLE = 10_000_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("pages")
    with tarfile.open(shared("data/html/pages.tar.xz")) as packed:
        packed.extractall(target, filter="data")
    return target


@pytest.fixture(scope="module")
def pages(folder: Path) -> list[tuple[dict[str, Any], bytes]]:
    return [(row, (folder / row["file"]).read_bytes()) for row in rows("data/html/labels.jsonl")]


@pytest.fixture(scope="module")
def told(pages: list[tuple[dict[str, Any], bytes]]) -> set[str]:
    return {row["file"] for row, body in pages if login_page.read(body, url=row.get("url", ""))}


@pytest.fixture(scope="module")
def articles(pages: list[tuple[dict[str, Any], bytes]]) -> list[tuple[dict[str, Any], bytes, page_head.PageHead]]:
    return [(row, body, page_head.scan(body, limit=WHOLE)) for row, body in pages if "kind" in row]


def test_login_pages_are_told(told: set[str]) -> None:
    assert len(LOGIN) == 141
    assert len(LOGIN & told) / len(LOGIN) >= 0.95


def test_login_pages_are_told_without_their_address(pages: list[tuple[dict[str, Any], bytes]]) -> None:
    named = [body for row, body in pages if row["file"] in LOGIN]
    assert sum(bool(login_page.read(body)) for body in named) / len(LOGIN) >= 0.95


def test_articles_are_no_login_pages(told: set[str], pages: list[tuple[dict[str, Any], bytes]]) -> None:
    names = {row["file"] for row, _ in pages if "kind" in row}
    with_password = {row["file"] for row, _ in pages if "kind" in row and row["password_inputs"]}
    assert (len(names), len(with_password)) == (258, 92)
    assert len(names & told) / len(names) <= 0.005


def test_other_pages_are_no_login_pages(told: set[str], pages: list[tuple[dict[str, Any], bytes]]) -> None:
    """Home pages, registration, recovery, shops, forums: most have a login form, too."""
    others = {row["file"] for row, _ in pages if "forms" in row} - LOGIN - UNCLEAR
    assert len(others) == 806
    assert len(others & told) / len(others) <= 0.005


def test_no_page_is_a_challenge(pages: list[tuple[dict[str, Any], bytes]]) -> None:
    assert [row["file"] for row, body in pages if challenge.read(200, Headers(), body)] == []


def test_every_usual_page_can_be_parsed(pages: list[tuple[dict[str, Any], bytes]]) -> None:
    refused = [len(body) for _, body in pages if not paywall_text.parseable(body)]
    assert all(size > paywall_text.MAX_BYTES for size in refused)
    assert len(refused) <= 2


def test_paywall_marks_agree_with_the_labels(
    articles: list[tuple[dict[str, Any], bytes, page_head.PageHead]],
) -> None:
    """A mark if and only if the page says isAccessibleForFree false somewhere, or a tier that is not free."""
    wrong = []
    for row, body, head in articles:
        tiers = row["meta"].get("article:content_tier", [])
        expected = "false" in row["isAccessibleForFree"] or any(tier.lower() != "free" for tier in tiers)
        marks = _marks(body, head)
        if any(mark.polarity is not Polarity.UNSPECIFIED for mark in marks) is not expected:
            wrong.append(row["file"])
    assert wrong == []


def _marks(body: bytes, head: page_head.PageHead) -> tuple[Signal, ...]:
    described = Graph((*head.jsonld, *microdata.nodes(body, charset=head.charset)))
    return paywall.read(described, [(tag.name, tag.content) for tag in head.meta], marked=head.marked)


def test_articles_refuse_and_sell_nothing_in_words(
    articles: list[tuple[dict[str, Any], bytes, page_head.PageHead]],
) -> None:
    """None of the 258 articles refuses AI training or sells data; words that do are for terms and footers."""
    assert [(row["file"], signal.raw) for row, _, head in articles for signal in wording.read(head.text)] == []


def test_paid_parts(articles: list[tuple[dict[str, Any], bytes, page_head.PageHead]]) -> None:
    """Of 24 paid articles, one hides its paid part; the others were saved with their text, as metered sites serve it."""
    found = []
    for row, body, head in articles:
        marks = _marks(body, head)
        found += [(row["file"], signal) for signal in paywall_text.hidden(body, marks)]
    assert [signal.scope for _, signal in found] == [Scope.ELEMENT]
    assert [signal.detail["pattern"] for _, signal in found] == ["hidden"]


def test_paywall_words_do_not_stand_on_free_pages(pages: list[tuple[dict[str, Any], bytes]]) -> None:
    paid = {row["file"] for row, _ in pages if "false" in row.get("isAccessibleForFree", ())}
    free = [(row, body) for row, body in pages if row["file"] not in paid]
    said = [row["file"] for row, body in free if paywall_text.words(page_head.scan(body, limit=WHOLE).text)]
    assert said == []


def test_robots_meta_agrees_with_the_labels(
    articles: list[tuple[dict[str, Any], bytes, page_head.PageHead]],
) -> None:
    """Every value of every labelled name is read as it stands, and what it says becomes a signal."""
    values = 0
    for row, _, head in articles:
        for name, expected in row["meta"].items():
            found = [tag.content for tag in head.meta if tag.name == name]
            assert sorted(found) == sorted(expected), row["file"]
            values += len(found)
        kinds = {signal.kind for signal in robots_tags.meta(head, token="ExampleBot")}
        directives = set(_directives(row["meta"].get("robots", [])))
        assert ("robots_tag.noarchive" in kinds) is ("noarchive" in directives), row["file"]
    assert values >= 211


def _directives(values: list[str]) -> Iterator[str]:
    for value in values:
        yield from (part.strip().lower() for part in value.split(","))
