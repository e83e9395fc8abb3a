"""The sweep: what is kept although its source is listed by now, and what was known when it was fetched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from crawlgate import Blocklist, Declaration, Gate
from crawlgate.audit.sweep import Known, SweepItem, sweep
from crawlgate.lists import Lists
from crawlgate.testing import FakeClock, FakeWeb
from tests.blocklist.feeds import DAY, ONE, START, Publisher, entry

DECLARATION = Declaration(operator="Lab", token="ExampleBot", user_agent="ExampleBot/1.0", token_published=True)
SECONDS = DAY.total_seconds()


class Scene:
    """A collector with a feed that names a.example from the beginning."""

    def __init__(self, folder: Path) -> None:
        self.home, self.clock, self.publisher = folder / "home", FakeClock(START), Publisher(folder)
        self.publisher.put(entry("a"))
        with self.lists() as lists:
            lists.add(self.publisher.web.path, keys=[str(ONE.verifier)], vouched_by="A. Reviewer", issuer="RHA")

    def lists(self) -> Lists:
        return Lists(self.home, clock=self.clock)

    def gate(self, mode: str = "enforce", blocklists: Sequence[Blocklist] = ()) -> Gate:
        return Gate(
            DECLARATION,
            home=self.home,
            clock=self.clock,
            mode=mode,
            blocklists=blocklists,
            evidence_transport=FakeWeb().transport(),
        )

    def fetch(self, gate: Gate, url: str, offset: int = 0) -> str:
        """Take a page and store it; the record of the decision."""
        decision = gate.inspect(url, status=200, headers={"content-type": "text/html"}, body=b"<title>x</title>")
        gate.stored(decision, dataset="d1", shard="s-0", offset=offset, length=10, sha256="ab" * 32)
        return decision.record

    def receive(self, *entries: dict[str, object]) -> None:
        self.publisher.put(*entries, now=self.clock.now())
        with self.lists() as lists:
            lists.update()

    def swept(self) -> list[SweepItem]:
        with self.lists() as lists:
            return list(sweep(self.home / "ledger", lists.knowledge(), now=self.clock.now()))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def said(items: list[SweepItem]) -> list[tuple[str, str, bool]]:
    return [(item.url, str(item.known), item.published) for item in items]


def test_split_by_what_was_known(scene: Scene) -> None:
    b = entry("b", listed_at="2026-07-20T12:00:00Z")
    with scene.gate(mode="observe") as gate:
        first = scene.fetch(gate, "https://b.example/1", offset=100)
        scene.clock.advance(SECONDS)  # listed at noon, not received yet
        scene.fetch(gate, "https://b.example/2")
        scene.clock.advance(1)
        scene.receive(entry("a"), b)
        scene.clock.advance(1)  # received, and this gate looks again in a minute
        scene.fetch(gate, "https://b.example/3")
        scene.clock.advance(60)
        scene.fetch(gate, "https://b.example/4")
        scene.fetch(gate, "https://c.example/")
    items = scene.swept()
    assert said(items) == [
        ("https://b.example/1", "before_receipt", False),
        ("https://b.example/2", "before_receipt", True),
        ("https://b.example/3", "between_receipt_and_load", False),
        ("https://b.example/4", "after_load", False),
    ]
    item = items[0]
    assert dict(item.place) == {"dataset": "d1", "shard": "s-0", "offset": 100, "length": 10}
    assert (item.sha256, item.fetched, item.fetched_at, item.outcome) == ("ab" * 32, first, START, "stored")
    assert (item.notice.issuer, item.notice.received_at) == ("RHA", START + DAY + timedelta(seconds=1))


def test_another_gate_that_had_it_does_not_answer_for_this_one(scene: Scene) -> None:
    with scene.gate(mode="observe") as slow:
        slow.check("https://x.example/")
        scene.receive(entry("a"), entry("b"))
        scene.clock.advance(1)
        with scene.gate() as fast:
            assert not fast.check("https://b.example/").allowed
        scene.clock.advance(1)
        scene.fetch(slow, "https://b.example/")
    assert said(scene.swept()) == [("https://b.example/", "between_receipt_and_load", False)]


def test_what_was_removed_or_withdrawn_is_not_on_the_list(scene: Scene) -> None:
    with scene.gate() as gate:
        record = scene.fetch(gate, "https://b.example/1", offset=0)
        gate.stored(record, dataset="d2", shard="s-1")
        scene.fetch(gate, "https://b.example/2")
    scene.clock.advance(SECONDS)
    scene.receive(entry("a"), entry("b"))
    assert len(scene.swept()) == 3
    with scene.gate() as gate:
        gate.removed(record, reason="notice", dataset="d1")
    assert [(item.url, item.place["dataset"]) for item in scene.swept()] == [
        ("https://b.example/1", "d2"),
        ("https://b.example/2", "d1"),
    ]
    scene.receive(entry("a"), entry("b", withdrawn_at=scene.clock.now().isoformat()))
    scene.clock.advance(1)
    assert scene.swept() == []


def test_a_body_that_was_handed_out(scene: Scene) -> None:
    with scene.gate() as gate:
        decision = gate.inspect("https://b.example/", status=200, headers={"content-type": "text/html"}, body=b"<p>")
        assert decision.allowed
    scene.receive(entry("a"), entry("b"))
    scene.clock.advance(1)
    (item,) = scene.swept()
    assert (item.outcome, dict(item.place)) == ("released", {})


def test_a_denied_page_is_not_kept(scene: Scene) -> None:
    with scene.gate() as gate:
        gate.inspect("https://a.example/", status=200, headers={"content-type": "text/html"}, body=b"<p>")
    assert scene.swept() == []


def test_paths_and_several_notices(scene: Scene) -> None:
    with scene.gate() as gate:
        scene.fetch(gate, "https://p.example/u/raw/1")
        scene.fetch(gate, "https://p.example/u/other")
    scene.clock.advance(SECONDS)
    with scene.lists() as lists:
        lists.add_notice(issuer="somebody", scope="host", value="p.example")
    scene.clock.advance(SECONDS)
    scene.receive(entry("a"), entry("p", scope="path_prefix", path_prefix="/u/raw/"))
    items = scene.swept()
    # The verified notice binds, although it came later.
    assert [(item.url, item.notice.issuer, item.notice.issuer_verified) for item in items] == [
        ("https://p.example/u/raw/1", "RHA", True),
        ("https://p.example/u/other", "somebody", False),
    ]


def test_a_long_list_that_somebody_vouches_for(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawlgate.blocklist.store.COMPILED_FROM", 0)
    path = tmp_path / "list.txt"
    blocklist = Blocklist(path, vouched_by="A. Reviewer", verified=True)
    with scene.gate(mode="observe") as gate:
        for name in "bcde":
            scene.fetch(gate, f"https://{name}.example/")
    scene.clock.advance(SECONDS)
    path.write_text("b.example\nc.example\n")
    with scene.gate(mode="observe", blocklists=[blocklist]) as gate:
        scene.fetch(gate, "https://c.example/2")
    scene.clock.advance(SECONDS)
    path.write_text("c.example\nd.example\n")
    with scene.gate(blocklists=[blocklist]) as gate:
        gate.check("https://x.example/")
    assert said(scene.swept()) == [
        ("https://c.example/", "before_receipt", False),
        ("https://d.example/", "before_receipt", False),
        ("https://c.example/2", "after_load", False),
    ]
    assert {str(item.notice.issuer_kind) for item in scene.swept()} == {"public"}


def test_nothing_known(tmp_path: Path) -> None:
    with Gate(DECLARATION, home=tmp_path, evidence_transport=FakeWeb().transport()) as gate:
        gate.check("https://a.example/")
    with Lists(tmp_path) as lists:
        assert list(sweep(tmp_path / "ledger", lists.knowledge(), now=START + timedelta(days=999))) == []


def test_known_words() -> None:
    assert [str(known) for known in Known] == ["before_receipt", "between_receipt_and_load", "after_load"]
