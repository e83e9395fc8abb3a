"""The lists received: bytes kept, first receipt kept, nobody vouched for without a name."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from crawlgate.blocklist.store import ListStore
from crawlgate.errors import ConfigError, FeedError
from crawlgate.model import IssuerKind

MAY, JUNE = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> ListStore:
    return ListStore(tmp_path / "home" / "lists")


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    path = tmp_path / "list.txt"
    path.write_bytes(b"pirate.example\r\nco.jp\r\n")
    return path


def index(store: ListStore) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in (store.directory / "received.jsonl").read_bytes().splitlines()]


def test_first_receipt(store: ListStore, plain: Path) -> None:
    loaded = store.receive(plain, at=MAY, issuer="RHA")
    (told,) = loaded.notices
    assert (loaded.first_time, loaded.received_at, loaded.source) == (True, MAY, str(plain))
    assert (told.received_at, told.effective_at, told.issuer, told.issuer_verified) == (MAY, MAY, "RHA", False)
    assert len(loaded.rejected) == 1
    data = plain.read_bytes()
    assert loaded.sha256 == hashlib.sha256(data).hexdigest()
    assert (store.directory / f"{loaded.sha256}.txt").read_bytes() == data
    assert index(store) == [
        {
            "bytes": len(data),
            "entries": 1,
            "force": None,
            "format": "plain",
            "issuer": "RHA",
            "issuer_kind": "unstated",
            "received_at": "2026-05-01T00:00:00Z",
            "rejected": 1,
            "sha256": loaded.sha256,
            "source": str(plain),
            "verified": False,
            "vouched_by": None,
        }
    ]
    assert not list(store.directory.glob("*.tmp"))


def test_knowledge_keeps_its_date(store: ListStore, plain: Path, tmp_path: Path) -> None:
    store.receive(plain, at=MAY)
    again = ListStore(store.directory).receive(plain, at=JUNE)
    assert (again.first_time, again.received_at) == (False, MAY)
    assert (again.notices[0].received_at, again.notices[0].effective_at) == (MAY, MAY)
    assert len(index(store)) == 1
    copy = tmp_path / "copy.txt"
    copy.write_bytes(plain.read_bytes())
    assert store.receive(copy, at=JUNE).received_at == MAY
    plain.write_text("pirate.example\nother.example\n")
    assert store.receive(plain, at=JUNE).received_at == JUNE


def test_vouching_needs_a_name_and_is_written_down(store: ListStore, plain: Path) -> None:
    for nobody in (None, "", "  "):
        with pytest.raises(ConfigError, match="vouched_by"):
            store.receive(plain, at=MAY, verified=True, vouched_by=nobody)
    assert not store.directory.exists()
    store.receive(plain, at=MAY)
    vouched = store.receive(plain, at=JUNE, verified=True, vouched_by="A. Counsel")
    assert vouched.notices[0].issuer_verified
    assert [(line["verified"], line["vouched_by"], line["received_at"]) for line in index(store)] == [
        (False, None, "2026-05-01T00:00:00Z"),
        (True, "A. Counsel", "2026-05-01T00:00:00Z"),
    ]
    assert not store.receive(plain, at=JUNE, vouched_by="A. Counsel").notices[0].issuer_verified


def test_a_feed_directory(store: ListStore, tmp_path: Path) -> None:
    entries = tmp_path / "feed" / "entries.jsonl"
    entries.parent.mkdir()
    entries.write_text(
        '{"id":"1","issuer":"internal reviewer","received_at":"2026-04-01","scope":"host","value":"a.pirate.example"}\n'
        '{"id":"2","received_at":"2027-01-01","scope":"host","value":"b.pirate.example"}\n'
    )
    loaded = store.receive(entries.parent, at=MAY, issuer="RHA")
    assert loaded.sha256 == hashlib.sha256(entries.read_bytes()).hexdigest()
    assert (store.directory / f"{loaded.sha256}.jsonl").exists()
    assert [(n.issuer, n.received_at) for n in loaded.notices] == [
        ("internal reviewer", datetime(2026, 4, 1, tzinfo=UTC)),
        ("RHA", MAY),
    ]


def test_a_list_that_cannot_be_read_leaves_no_trace(store: ListStore, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.touch()
    with pytest.raises(FeedError):
        store.receive(empty, at=MAY)
    assert not list(store.directory.glob("*.txt"))
    assert not (store.directory / "received.jsonl").exists()


def test_naive_time(store: ListStore, plain: Path) -> None:
    with pytest.raises(ConfigError, match="no zone"):
        store.receive(plain, at=datetime(2026, 5, 1))  # noqa: DTZ001
    with pytest.raises(ConfigError, match="vouched_by"):
        store.receive(plain, at=MAY, vouched_by="two\nlines")


def test_damage_is_not_passed_over(store: ListStore, plain: Path) -> None:
    loaded = store.receive(plain, at=MAY)
    kept = store.directory / f"{loaded.sha256}.txt"
    kept.write_bytes(b"damaged")
    store.receive(plain, at=JUNE)
    assert kept.read_bytes() == plain.read_bytes()
    log = store.directory / "received.jsonl"
    log.write_bytes(log.read_bytes() + b'{"sha256": "torn')
    with pytest.raises(ConfigError, match=r"received\.jsonl, line 2"):
        store.receive(plain, at=JUNE)


def test_a_directory_that_cannot_be_written(plain: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(ConfigError, match=str(blocked / "lists")):
        ListStore(blocked / "lists").receive(plain, at=MAY)


def test_a_write_that_fails_leaves_the_old_index(
    store: ListStore, plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.receive(plain, at=MAY)
    before = sorted((p.name, p.read_bytes()) for p in store.directory.iterdir())

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    other = tmp_path / "other.txt"
    other.write_text("other.example\n")
    with pytest.raises(ConfigError, match="No space left"):
        store.receive(other, at=JUNE)
    assert sorted((p.name, p.read_bytes()) for p in store.directory.iterdir()) == before


def test_receipts_at_once_lose_nothing(store: ListStore, tmp_path: Path) -> None:
    lists = []
    for number in range(16):
        path = tmp_path / f"{number}.txt"
        path.write_text(f"pirate{number}.example\n")
        lists.append(path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda path: ListStore(store.directory).receive(path, at=MAY), lists))
    assert len({line["sha256"] for line in index(store)}) == 16


def test_file_names_that_are_no_utf8(store: ListStore, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"list\xff.txt")
    path.write_text("pirate.example\n")
    assert store.receive(path, at=MAY).source.endswith("list\\xff.txt")


def test_a_list_that_names_nobody_is_a_public_one(store: ListStore, plain: Path, tmp_path: Path) -> None:
    (public,) = store.receive(plain, at=MAY).notices
    assert (public.issuer_kind, public.issuer) == ("public", "list.txt")
    (named,) = store.receive(plain, at=MAY, issuer="RHA", issuer_kind=IssuerKind.RIGHTS_HOLDER).notices
    assert (named.issuer_kind, named.issuer) == ("rights_holder", "RHA")
    feed = tmp_path / "feed.jsonl"
    feed.write_text('{"id":"a","issuer":"RHA","scope":"host","value":"a.example","issuer_kind":"rights_holder"}')
    (claimed,) = store.receive(feed, at=MAY).notices
    assert (claimed.issuer_kind, claimed.issuer, claimed.issuer_verified) == ("unstated", "RHA", False)
