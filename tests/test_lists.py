"""Lists of a home at work: what a gate knows, since when, and what it says when a list is stale or does not verify."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from crawlgate import AsyncGate, Blocklist, ConfigError, Decision, Declaration, FeedError, Gate, Limits, Verdict
from crawlgate.blocklist.history import key_of, knowledge_at
from crawlgate.blocklist.knowledge import NoticeStatus, status
from crawlgate.ledger.query import records
from crawlgate.lists import Lists
from crawlgate.testing import FakeClock, FakeWeb
from tests.blocklist.feeds import DAY, NAME, ONE, ORIGIN, START, TWO, Publisher, entry

A, B = entry("a"), entry("b")
DECLARATION = Declaration(operator="Lab", token="ExampleBot", user_agent="ExampleBot/1.0", token_published=True)


class Home:
    """A collector: a home, a clock, a feed to read."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "home"
        self.publisher = Publisher(folder)
        self.clock = FakeClock(START)

    def lists(self) -> Lists:
        return Lists(self.path, clock=self.clock)

    def add(self, **options: Any) -> None:
        with self.lists() as lists:
            options = {"vouched_by": "A. Reviewer", "issuer_kind": "rights_holder", **options}
            lists.add(self.publisher.web.path, keys=[str(ONE.verifier)], issuer="Rights Holders", **options)

    def update(self) -> str:
        with self.lists() as lists:
            (done,) = lists.update()
        return done.outcome

    def gate(self, **options: Any) -> Gate:
        web = FakeWeb()
        return Gate(DECLARATION, home=self.path, clock=self.clock, evidence_transport=web.transport(), **options)

    def events(self, kind: str = "list") -> list[str]:
        return [str(record.table["event"]) for record in records(self.path / "ledger", kinds={kind})]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path)
    made.publisher.put(A)
    return made


def c1(decision: Decision) -> tuple[str, str]:
    found = decision.basis.finding("C1")
    assert found is not None
    return str(found.outcome), found.reason


def test_a_subscription_is_used_by_every_gate_of_the_home(home: Home) -> None:
    home.add()
    with home.gate() as gate:
        denied = gate.check("https://www.a.example/x")
        assert (denied.verdict, c1(denied)) == (Verdict.DENY, ("met", "c1.known"))
        assert "Rights Holders listed a.example" in denied.explain()
        assert gate.check("https://b.example/").verdict is Verdict.ALLOW
    (head,) = [r.table for r in records(home.path / "ledger", kinds={"segment"}) if r.table.get("lists")]
    (told,) = head["lists"]
    assert (told["version"], told["name"], told["issuer_kind"], told["vouched_by"]) == (
        1,
        NAME,
        "rights_holder",
        "A. Reviewer",
    )
    assert home.events() == ["subscribed", "received"]


def test_nobody_vouched(home: Home) -> None:
    home.add(vouched_by="", issuer_kind="unstated")
    with home.gate() as gate:
        held = gate.check("https://a.example/")
        assert (held.verdict, c1(held)) == (Verdict.REVIEW, ("needs_human", "c1.unverified"))


def test_a_public_list_stays_one_although_it_is_signed(home: Home) -> None:
    home.add(issuer_kind="public")
    with home.gate() as gate:
        denied = gate.check("https://a.example/")
        assert c1(denied) == ("met", "c1.vouched")
        assert "no notice of a rights holder" in denied.explain()
        assert "権利者からの通知ではない" in denied.explain("ja")


def test_a_running_gate_picks_up_a_new_version(home: Home) -> None:
    home.add()
    with home.gate() as gate:
        assert gate.check("https://b.example/").allowed
        home.publisher.put(A, B, now=START + DAY)
        home.clock.advance(DAY.total_seconds())
        assert gate.check("https://b.example/").allowed  # published, not received
        assert home.update() == "new"
        home.clock.advance(1)
        assert gate.check("https://b.example/").allowed  # received, not loaded: within the bounded delay
        home.clock.advance(60)
        denied = gate.check("https://b.example/")
        assert c1(denied) == ("met", "c1.known")
        assert gate.check("https://c.example/").allowed
        assert "loaded" in home.events()
    sub = home.lists().subscription(NAME)
    received = sub.versions[1]
    assert (received.received_at, received.effective_at) == (START + DAY, START + DAY + timedelta(seconds=61))
    at = START + DAY + timedelta(seconds=1)
    (known,) = [n for n in knowledge_at(at, home.lists().versions()) if n.id == "b"]
    assert status(known, at) is NoticeStatus.KNOWN_NOT_LOADED


def test_evidence_is_not_fetched_again_for_a_new_list(home: Home) -> None:
    home.add()
    web = FakeWeb()
    with Gate(DECLARATION, home=home.path, clock=home.clock, evidence_transport=web.transport()) as gate:
        gate.check("https://b.example/1")
        home.publisher.put(A, B)
        home.update()
        home.clock.advance(61)
        assert gate.check("https://c.example/").allowed
        assert not gate.check("https://b.example/1").allowed
    assert web.asked("https://b.example/robots.txt") == 1


def test_withdrawn_counts_from_then_on_and_never_backwards(home: Home) -> None:
    home.add()
    with home.gate() as gate:
        before = gate.check("https://a.example/")
        home.publisher.put(A | {"withdrawn_at": "2026-07-10"}, now=START + DAY)
        home.clock.advance(DAY.total_seconds())
        home.update()
        home.clock.advance(60)
        assert gate.check("https://a.example/").allowed
    assert c1(before) == ("met", "c1.known")
    versions = home.lists().versions()
    # Withdrawn ten days ago, says the issuer today; until today we had known it to stand.
    (then,) = knowledge_at(START + timedelta(hours=1), versions)
    assert status(then, START + timedelta(hours=1)) is NoticeStatus.KNOWN


def test_an_entry_expires_while_the_gate_runs(home: Home) -> None:
    home.publisher.put(A | {"expires_at": "2026-07-20T12:00:00Z"})
    home.add()
    with home.gate() as gate:
        assert not gate.check("https://a.example/").allowed
        home.clock.advance(12 * 3600)
        assert gate.check("https://a.example/").allowed


def test_stale_keeps_the_last_good_version_and_says_so(home: Home) -> None:
    home.add()
    with home.gate() as gate:
        assert c1(gate.check("https://c.example/")) == ("not_met", "c1.none")
        home.clock.advance(31 * DAY.total_seconds())
        stale = gate.check("https://c.example/")
        assert c1(stale) == ("not_met", "c1.none_stale")
        assert "not renewed in time" in stale.explain()
        assert stale.basis.finding("C1").params == {"lists": NAME}  # type: ignore[union-attr]
        assert c1(gate.check("https://a.example/")) == ("met", "c1.known")
        gate.check("https://d.example/")
    assert home.events().count("stale") == 1
    assert home.update() == "stale"
    with home.gate() as gate:
        assert c1(gate.check("https://c.example/")) == ("not_met", "c1.none_stale")
    heads = [r.table["lists"] for r in records(home.path / "ledger", kinds={"segment"}) if r.table.get("lists")]
    assert heads[-1][0]["stale"] is True
    home.publisher.put(now=home.clock.now())
    assert home.update() == "new"
    with home.gate() as gate:
        assert c1(gate.check("https://c.example/")) == ("not_met", "c1.none")


def test_a_feed_named_for_the_gate(home: Home) -> None:
    path = home.publisher.web.path
    with pytest.raises(ConfigError, match="has not subscribed to; run `crawlgate blocklist add"):
        home.gate(blocklists=[path])
    with pytest.raises(ConfigError, match="has not subscribed"):
        home.gate(blocklists=["https://rights.example/feed/"])
    subscribed = Blocklist(path, keys=[str(ONE.verifier)], vouched_by="A. Reviewer", verified=True, issuer="RHA")
    with home.gate(blocklists=[subscribed]) as gate:
        assert c1(gate.check("https://a.example/")) == ("met", "c1.known")
    home.publisher.put(A, B)
    with home.gate(blocklists=[path]) as gate:  # a folder is read when the gate opens
        assert not gate.check("https://b.example/").allowed
    with pytest.raises(ConfigError, match="is not what the subscription"):
        home.gate(blocklists=[Blocklist(path, vouched_by="Somebody else", verified=True)])
    with pytest.raises(FeedError, match="does not verify"):
        Gate(
            DECLARATION,
            home=home.path / "other",
            blocklists=[Blocklist(path, keys=[str(TWO.verifier)])],
            clock=home.clock,
        )


def test_what_does_not_verify_keeps_a_gate_from_opening(home: Home) -> None:
    home.add()
    home.publisher.put(A, B)
    data = (home.publisher.web.path / "manifest.note").read_bytes()
    home.publisher.restore({"manifest.note": data.replace(b"version 2", b"version 3")})
    with pytest.raises(FeedError, match=r"bad|not over this text") as error:
        home.gate(blocklists=[home.publisher.web.path])
    assert "known all the same: version 1 of 2026-07-20" in str(error.value)
    assert "1 of 1 entries taken" in str(error.value)
    # The home's own copy is good, and a gate that does not insist on the folder works with it.
    with home.gate() as gate:
        assert not gate.check("https://a.example/").allowed


def test_a_copy_that_was_tampered_with(home: Home) -> None:
    home.add()
    home.publisher.put(A, B)
    home.update()
    current = home.lists().subscription(NAME).current
    assert current is not None
    kept = home.path / "lists" / f"{current.sha256}.jsonl"
    kept.write_bytes(kept.read_bytes().replace(b"b.example", b"x.example"))
    with pytest.raises(FeedError, match="were altered") as error:
        home.gate()
    assert "known all the same: version 1" in str(error.value)
    with home.lists() as lists:
        assert lists.repair(NAME) == (current.version,)
    with home.gate() as gate:
        assert not gate.check("https://b.example/").allowed


def test_a_running_gate_keeps_what_it_has_when_a_copy_breaks(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    home.add()
    with home.gate() as gate:
        home.publisher.put(A, B)
        home.update()
        current = home.lists().subscription(NAME).current
        (home.path / "lists" / f"{current.sha256}.jsonl").unlink()  # type: ignore[union-attr]
        home.clock.advance(60)
        assert not gate.check("https://a.example/").allowed
        assert gate.check("https://b.example/").allowed
        assert "stay in force" in caplog.text


def test_a_large_list_is_loaded_in_a_thread(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawlgate.loaded.LARGE", 0)
    home.add()
    with home.gate() as gate:
        home.publisher.put(A, B)
        home.update()
        home.clock.advance(60)
        gate.check("https://c.example/")
        gate.core.lists.wait()
        assert not gate.check("https://b.example/").allowed


def test_nothing_hangs_on_the_index(home: Home) -> None:
    """Without state.sqlite and without what was computed, everything is as before."""
    home.add()
    home.publisher.put(A, B)
    home.update()
    with home.gate() as gate:
        gate.check("https://a.example/")
    before = home.lists().versions()
    (home.path / "state.sqlite").write_bytes(b"")
    (home.path / "state.sqlite").unlink()
    folder = home.path / "lists" / "feeds" / NAME
    (folder / "dates.json").unlink()
    (folder / "state.json").unlink()
    assert home.lists().versions() == before
    with home.gate() as gate:
        found = gate.check("https://b.example/").basis.finding("C1")
        assert found is not None
        assert found.params["received"] == "2026-07-20"


def test_everything_is_made_again_from_the_ledger_and_the_versions_kept(home: Home, tmp_path: Path) -> None:
    plain = tmp_path / "list.txt"
    plain.write_text("plain.example\n")
    home.add()
    with home.lists() as lists:
        told = lists.add_notice(issuer="RHA", scope="host", value="n.example", vouched_by="A. Reviewer")
    with home.gate(blocklists=[Blocklist(plain, vouched_by="A. Reviewer", verified=True)]) as gate:
        gate.check("https://a.example/")
        home.clock.advance(DAY.total_seconds())
        home.publisher.put(A | {"reason": "more"}, B, now=home.clock.now())
        home.update()
        home.clock.advance(60)
        gate.check("https://b.example/")
    with home.lists() as lists:
        lists.withdraw_notice(told["id"], reason="their letter")
        before, terms = lists.versions(), lists.subscription(NAME).terms
    for lost in (f"feeds/{NAME}/received.jsonl", f"feeds/{NAME}/subscription.json", "notices.jsonl", "received.jsonl"):
        (home.path / "lists" / lost).unlink()
    with home.lists() as lists:
        assert lists.versions() == ()
        assert lists.rebuild() == (NAME, "notices.jsonl", "received.jsonl")
        assert sorted(map(str, lists.versions())) == sorted(map(str, before))
        assert lists.subscription(NAME).terms == terms
        assert lists.verify(NAME).problems == ()
        again = lists.versions()
        lists.rebuild()
        assert lists.versions() == again
    with home.gate() as gate:
        assert not gate.check("https://b.example/").allowed


def test_a_gate_that_does_not_open_has_loaded_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise ConfigError("no space left")

    home.add()
    with home.lists() as lists:
        lists.add_notice(issuer="RHA", scope="host", value="n.example", vouched_by="A. Reviewer")
    with monkeypatch.context() as patch:
        patch.setattr("crawlgate.core.open_ledger", full)
        with pytest.raises(ConfigError, match="no space"):
            home.gate()
    with home.lists() as lists:
        assert [version.effective_at for version in lists.versions()] == [None, None]
    with home.gate(), home.lists() as lists:
        assert [version.effective_at for version in lists.versions()] == [home.clock.now(), home.clock.now()]


def test_first_receipt_is_what_dates_an_entry(home: Home) -> None:
    home.add()
    home.clock.advance(DAY.total_seconds())
    home.publisher.put(A, B, now=home.clock.now())
    home.update()
    home.clock.advance(DAY.total_seconds())
    home.publisher.put(A, B, entry("c"), now=home.clock.now())
    home.update()
    for dates in (True, False):
        if not dates:
            (home.path / "lists" / "feeds" / NAME / "dates.json").unlink()
        with home.gate() as gate:
            received = []
            for name in "abc":
                found = gate.check(f"https://{name}.example/").basis.finding("C1")
                assert found is not None
                received.append(found.params["received"])
        assert received == ["2026-07-20", "2026-07-21", "2026-07-22"]


def test_a_long_feed_is_compiled_and_says_the_same(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawlgate.blocklist.subscription.COMPILED_FROM", 0)
    home.publisher.put(A | {"received_at": "2020-01-01", "issuer": "A member"}, entry("z", value="co.jp"))
    home.add()
    home.clock.advance(DAY.total_seconds())
    home.publisher.put(A, B, entry("z", value="co.jp"), now=home.clock.now())
    home.update()
    sub = home.lists().subscription(NAME)
    assert [received.rejected for received in sub.versions] == [1, 1]
    assert list((home.path / "lists" / "compiled").iterdir())
    with home.gate() as gate:
        found = gate.check("https://www.a.example/").basis.finding("C1")
        assert found is not None
        assert (found.reason, found.params["received"], found.params["issuer"]) == (
            "c1.known",
            "2026-07-20",
            "Rights Holders",
        )
        assert found.params["source"] == f"{ORIGIN} version 3"
        later = gate.check("https://b.example/").basis.finding("C1")
        assert later is not None
        assert later.params["received"] == "2026-07-21"
        assert gate.check("https://c.example/").allowed
    kept = home.path / "lists" / f"{sub.versions[1].sha256}.jsonl"
    kept.write_bytes(kept.read_bytes().replace(b"b.example", b"x.example"))
    with pytest.raises(FeedError, match="were altered"):
        home.gate()


def test_an_ended_subscription_counts_for_the_time_before(home: Home) -> None:
    home.add()
    before = home.clock.now()
    home.clock.advance(DAY.total_seconds())
    with home.lists() as lists:
        with pytest.raises(ConfigError, match="a person's decision"):
            lists.remove(NAME, by="", reason="x")
        lists.remove(NAME, by="A. Reviewer", reason="the keys were sold")
        with pytest.raises(ConfigError, match="ended already"):
            lists.remove(NAME, by="A. Reviewer", reason="again")
        with pytest.raises(ConfigError, match="was removed"):
            lists.update([NAME])
    with home.gate() as gate:
        assert gate.check("https://a.example/").allowed
    versions = home.lists().versions()
    assert [status(n, before) for n in knowledge_at(before, versions)] == [NoticeStatus.KNOWN_NOT_LOADED]
    assert knowledge_at(home.clock.now(), versions) == ()
    assert home.events() == ["subscribed", "received", "removed"]

    home.clock.advance(DAY.total_seconds())
    home.add()
    with home.gate() as gate:
        found = gate.check("https://a.example/").basis.finding("C1")
        assert found is not None
        assert (found.outcome, found.params["received"]) == ("met", "2026-07-22")
    assert knowledge_at(before + DAY, home.lists().versions()) == ()
    assert [n.id for n in knowledge_at(home.clock.now(), home.lists().versions())] == ["a"]


def test_a_feed_added_again_keeps_its_history(home: Home) -> None:
    home.add(vouched_by="", issuer_kind="unstated")
    home.publisher.put(A, B)
    home.add()
    sub = home.lists().subscription(NAME)
    assert [received.version for received in sub.versions] == [1, 2]
    assert (sub.terms.vouched_by, sub.terms.added_at) == ("A. Reviewer", START)
    with home.gate() as gate:
        assert not gate.check("https://b.example/").allowed


def test_what_a_crash_leaves_half_done_is_finished(home: Home) -> None:
    home.add()
    sub = home.lists().subscription(NAME)
    journal = sub.folder / "received.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    last = lines[-1].replace(b'"record":', b'"x":')
    assert b'"event":"received"' in last
    # As after a crash between the ledger and the journal, and again before the ledger.
    journal.write_bytes(b"".join(lines[:-1]) + b'{"event":"rec')
    pending = {k: v for k, v in __import__("json").loads(lines[-1]).items() if k != "record"}
    (sub.folder / "pending.json").write_text(__import__("json").dumps(pending))
    assert home.update() == "unchanged"
    again = home.lists().subscription(NAME)
    assert [received.version for received in again.versions] == [1]
    assert again.versions == sub.versions
    assert not (sub.folder / "pending.json").exists()


def test_a_journal_that_was_damaged_is_not_passed_over(home: Home) -> None:
    home.add()
    journal = home.path / "lists" / "feeds" / NAME / "received.jsonl"
    journal.write_bytes(b'{"event":17}\n' + journal.read_bytes())
    with pytest.raises(ConfigError, match="restore it from a copy"):
        home.gate()


def test_diff(home: Home) -> None:
    home.add()
    home.publisher.put(A | {"reason": "more"}, B)
    home.update()
    with home.lists() as lists:
        assert [(c.what, c.id) for c in lists.diff(NAME)] == [("changed", "a"), ("added", "b")]
        assert [(c.what, c.id) for c in lists.diff(NAME, 2, 1)] == [("changed", "a"), ("removed", "b")]
        with pytest.raises(ConfigError, match="version 9 was not received"):
            lists.diff(NAME, 9)


def test_a_home_can_be_copied(home: Home, tmp_path: Path) -> None:
    home.add()
    shutil.copytree(home.path, tmp_path / "copy")
    with Gate(DECLARATION, home=tmp_path / "copy", clock=home.clock, evidence_transport=FakeWeb().transport()) as gate:
        assert not gate.check("https://a.example/").allowed
    assert ORIGIN in Lists(tmp_path / "copy").subscription(NAME).terms.origin


def test_the_delay_is_bounded_by_a_limit(home: Home) -> None:
    home.add()
    with home.gate(limits=Limits(lists_recheck=5)) as gate:
        gate.check("https://c.example/")
        home.publisher.put(A, B)
        home.update()
        home.clock.advance(5)
        assert not gate.check("https://b.example/").allowed


def test_many_at_once(home: Home) -> None:
    """Updates from several threads and a gate at work: each version is received once, in one order."""
    home.add()
    home.publisher.put(A, B)
    with home.gate() as gate, ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(home.update) for _ in range(6)]
        jobs += [pool.submit(lambda n=n: gate.check(f"https://x{n}.example/").verdict) for n in range(20)]
        results = [job.result() for job in jobs]
    assert sorted(results[:6]) == ["new", *["unchanged"] * 5]
    sub = home.lists().subscription(NAME)
    assert [(received.n, received.version) for received in sub.versions] == [(1, 1), (2, 2)]
    with home.lists() as lists:
        assert lists.verify(NAME).problems == ()


async def _asked(home: Home) -> tuple[bool, bool]:
    web = FakeWeb()
    async with AsyncGate(DECLARATION, home=home.path, clock=home.clock, evidence_transport=web.transport()) as gate:
        before = (await gate.check("https://b.example/")).allowed
        home.publisher.put(A, B)
        home.update()
        home.clock.advance(60)
        return before, (await gate.check("https://b.example/")).allowed


def test_an_asynchronous_gate_picks_up_a_new_version(home: Home) -> None:
    home.add()
    assert anyio.run(_asked, home) == (True, False)


def test_what_feeds_said_in_spans_answers_as_their_history_does(home: Home) -> None:
    home.add()
    with home.gate():
        pass
    home.clock.advance(DAY.total_seconds())
    home.publisher.put(A | {"withdrawn_at": START.isoformat()}, B, now=home.clock.now())
    home.update()
    home.clock.advance(DAY.total_seconds())
    home.publisher.put(A | {"reason": "again"}, B, now=home.clock.now())
    home.update()
    with home.lists() as lists:
        said, claims = lists.said(), lists.history().claims
    assert len(said) == 4
    for day in (0.5, 1.5, 2.5):
        at = START + day * DAY
        for claim in claims:
            met = {status(notice, at) for notice in said if key_of(NAME, notice) == claim.key}
            assert claim.status(at).counts == any(found.counts for found in met), (day, claim.key)
