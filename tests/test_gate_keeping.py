"""What the gate promises about its ledger: how durable an answer is, who signs, where bodies went."""

from __future__ import annotations

import errno
import os
import resource
import threading
from pathlib import Path
from typing import Any

import anyio
import pytest

from crawlgate import AsyncGate, ConfigError, Declaration, Gate, LedgerError
from crawlgate.ledger.keys import public_key
from crawlgate.ledger.query import records
from crawlgate.ledger.record import RecordError
from crawlgate.ledger.verify import verify
from crawlgate.testing import FakeWeb

SITE = "https://site.example"
WEB = {f"{SITE}/robots.txt": "User-agent: *\nDisallow: /private"}
DECLARED = Declaration(operator="Example Lab", token="ExampleBot", user_agent="ExampleBot/1.0", token_published=True)


def gate(home: Path, **options: Any) -> Gate:
    return Gate(DECLARED, home=home, evidence_transport=FakeWeb(WEB).transport(), **options)


class Disk:
    """Counts commits of a gate's segment, and fails when told to."""

    def __init__(self, gate: Gate | AsyncGate) -> None:
        self.commits, self.fails = 0, False
        current = gate.core.ledger._current
        assert current is not None
        current._system = type(current._system)(sync=self)

    def __call__(self, fd: int) -> None:
        self.commits += 1
        if self.fails:
            raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_an_answer_waits_for_the_disk_where_that_is_promised(tmp_path: Path) -> None:
    with gate(tmp_path, durability="disk", commit_interval=1000.0) as opened:
        disk = Disk(opened)
        first = opened.check(f"{SITE}/a")
        assert opened.core.ledger.committed(first.segment, first.seq)
        assert disk.commits == 1
        inspected = opened.inspect(f"{SITE}/a", status=200, headers={"content-type": "text/html"}, body=b"<p>x")
        assert opened.core.ledger.committed(inspected.segment, inspected.seq)
        disk.fails = True
        with pytest.raises(LedgerError, match=first.segment):
            opened.check(f"{SITE}/b")
        again = opened.check(f"{SITE}/c")  # in a segment of its own
        assert again.segment != first.segment


def test_an_answer_does_not_wait_where_it_is_not(tmp_path: Path) -> None:
    with gate(tmp_path, commit_interval=1000.0) as opened:
        disk = Disk(opened)
        opened.check(f"{SITE}/a")
        assert disk.commits == 0


def test_threads_share_commits(tmp_path: Path) -> None:
    with gate(tmp_path, durability="disk", commit_interval=1000.0) as opened:
        opened.check(f"{SITE}/warm")
        disk = Disk(opened)

        def work(name: int) -> None:
            for number in range(20):
                decision = opened.check(f"{SITE}/{name}/{number}")
                assert opened.core.ledger.committed(decision.segment, decision.seq)

        threads = [threading.Thread(target=work, args=(name,)) for name in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 0 < disk.commits <= 200
    assert verify(tmp_path / "ledger").records["decision"] == 201


def test_tasks_share_commits_and_none_is_left_waiting(tmp_path: Path) -> None:
    async def main() -> None:
        async with AsyncGate(
            DECLARED,
            home=tmp_path,
            evidence_transport=FakeWeb(WEB).transport(),
            durability="disk",
            commit_interval=1000.0,
        ) as opened:
            await opened.check(f"{SITE}/warm")
            disk = Disk(opened)
            failed = []

            async def work(name: int) -> None:
                try:
                    decision = await opened.check(f"{SITE}/{name}")
                    assert opened.core.ledger.committed(decision.segment, decision.seq)
                except LedgerError:
                    failed.append(name)

            async with anyio.create_task_group() as group:
                for name in range(200):
                    group.start_soon(work, name)
            assert 0 < disk.commits <= 20
            assert not failed
            disk.fails = True
            async with anyio.create_task_group() as group:
                for name in range(20):
                    group.start_soon(work, name)
            assert failed
            with anyio.CancelScope() as scope:
                scope.cancel()
                await opened.check(f"{SITE}/cancelled")
            await opened.check(f"{SITE}/after")

    anyio.run(main)


def test_checkpoints_are_signed_with_the_homes_key_or_a_given_one(tmp_path: Path) -> None:
    notes: list[bytes] = []
    with gate(tmp_path, anchors=[notes.append, f"file:{tmp_path / 'notes'}"]) as opened:
        opened.check(f"{SITE}/a")
    assert len(notes) == 1
    assert (tmp_path / "notes").read_bytes() == notes[0] + b"\n"
    own = public_key(str(tmp_path / "keys" / "ledger.pub"))
    assert verify(tmp_path / "ledger", keys=[own]).ok
    with gate(tmp_path / "other", ledger_key=tmp_path / "keys" / "ledger.key") as opened:
        opened.check(f"{SITE}/a")
    assert verify(tmp_path / "other" / "ledger", keys=[own]).ok
    assert not (tmp_path / "other" / "keys").exists()


def test_where_a_body_went_is_on_record(tmp_path: Path) -> None:
    with gate(tmp_path) as opened:
        decision = opened.check(f"{SITE}/a")
        where = {"dataset": "web-2026", "shard": "part-7.warc.gz", "offset": 0, "length": 12, "sha256": "ab" * 32}
        stored = opened.stored(decision, **where, size=10)
        removed = opened.removed(decision.record, dataset="web-2026", reason="notice N-7")
    found = {record.id: dict(record.table) for record in records(tmp_path / "ledger", kinds={"outcome"})}
    assert {key: found[stored][key] for key in where} == where
    assert (found[stored]["bytes"], found[stored]["disposition"]) == (10, "stored")
    assert (found[removed]["disposition"], found[removed]["reason"]) == ("removed", "notice N-7")
    assert found[stored]["decision"] == found[removed]["decision"] == decision.record

    async def main() -> str:
        async with AsyncGate(DECLARED, home=tmp_path, durability="disk") as other:
            await other.removed(decision.record, dataset="d", reason="r")
            return await other.stored(decision.record, dataset="d")

    last = anyio.run(main)
    assert {record.id for record in records(tmp_path / "ledger", kinds={"outcome"})} > {last}


@pytest.mark.parametrize(
    ("of", "where"),
    [
        ("nothing", {"dataset": "d"}),
        ("a:-1", {"dataset": "d"}),
        (":1", {"dataset": "d"}),
        ("a:1", {"dataset": ""}),
        ("a:1", {"dataset": "d", "sha256": "AB" * 32}),
        ("a:1", {"dataset": "d", "offset": -1}),
        ("a:1", {"dataset": "d", "length": -1}),
        ("a:1", {"dataset": "d", "size": 1.5}),
    ],
)
def test_a_place_that_cannot_be(tmp_path: Path, of: str, where: dict[str, Any]) -> None:
    with gate(tmp_path) as opened, pytest.raises(RecordError):
        opened.stored(of, **where)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"durability": "disc"}, "did you mean 'disk'"),
        ({"commit_interval": 0}, "seconds above 0"),
        ({"checkpoint_interval": float("nan")}, "seconds above 0"),
        ({"commit_interval": "1"}, "seconds above 0"),
        ({"anchors": "file:x"}, "write a list"),
        ({"anchors": ["paper:x"]}, "anchor"),
        ({"ledger_key": "/no/such/key"}, "signing key /no/such/key"),
    ],
)
def test_options_that_cannot_be(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        gate(tmp_path, **options)


def test_a_site_is_not_asked_again_and_again_for_what_cannot_be_recorded(tmp_path: Path) -> None:
    web = FakeWeb(WEB)
    with Gate(DECLARED, home=tmp_path, evidence_transport=web.transport()) as opened:
        usual = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, usual[1]))  # no file grows any more, as on a disk that is full
        try:
            for number in range(5):
                with pytest.raises(LedgerError):
                    opened.check(f"{SITE}/{number}")
            asked = len(web.requests)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert asked == 2  # robots.txt and tdmrep.json, for the first of them
    with pytest.raises(LedgerError):  # closed by now
        opened.check("https://other.example/")
    assert len(web.requests) == asked
