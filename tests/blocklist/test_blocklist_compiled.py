"""Long lists on disk: compiled once, opened many times, made again where they are damaged."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawlgate.blocklist import cache, hashes, store
from crawlgate.blocklist.compiled import FILES, CompiledList
from crawlgate.blocklist.formats import read
from crawlgate.blocklist.store import ListStore, LoadedList
from crawlgate.errors import ConfigError, FeedError
from crawlgate.model import IssuerKind, NoticeRelation
from crawlgate.url import parse

MAY, JUNE = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
TEXT = "pirate.example\nwww.pirate.example\nco.jp\ncdn.scans.example\nvideo.example/u/raw\n" + "".join(
    f"site{n}.example\n" for n in range(500)
)


@pytest.fixture(autouse=True)
def every_list_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "COMPILED_FROM", 0)
    monkeypatch.setattr(hashes, "REMEMBERED_FROM", 0)
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    path = tmp_path / "list.txt"
    path.write_text(TEXT)
    return path


def received(plain: Path, home: Path, **options: object) -> LoadedList:
    return ListStore(home).receive(plain, at=MAY, **options)  # type: ignore[arg-type]


def folder_of(loaded: LoadedList) -> Path:
    assert isinstance(loaded.listing, CompiledList)
    return loaded.listing.folder


def test_it_says_what_the_list_says(plain: Path, tmp_path: Path) -> None:
    loaded = received(plain, tmp_path / "home", issuer="RHA", issuer_kind=IssuerKind.RIGHTS_HOLDER)
    assert isinstance(loaded.listing, CompiledList)
    told = {(n.id, n.scope, n.value, n.path_prefix, n.source) for n in loaded.notices}
    assert told == {(n.id, n.scope, n.value, n.path_prefix, n.source) for n in read(plain).notices}
    assert {(n.issuer, n.received_at, n.effective_at) for n in loaded.notices} == {("RHA", MAY, MAY)}
    assert len(loaded.listing) == 504
    (rejected,) = loaded.rejected
    assert (rejected.line, rejected.text, rejected.code) == (3, "co.jp", "public_suffix")
    assert loaded.rejected[0] == loaded.rejected[-1] == rejected
    (match,) = loaded.listing.matches(parse("https://a.b.pirate.example/x"))  # of the two lines, one is enough
    assert match.notice.id == f"{loaded.sha256[:12]}:1"


def test_what_is_known_of_the_list_is_not_compiled_in(plain: Path, tmp_path: Path) -> None:
    first = received(plain, tmp_path / "home")
    inode = (folder_of(first) / "keys.trie").stat().st_ino
    later = ListStore(tmp_path / "home").receive(plain, at=JUNE, verified=True, vouched_by="A. Reviewer")
    assert folder_of(later) == folder_of(first)
    assert (folder_of(later) / "keys.trie").stat().st_ino == inode
    notice = later.listing.notice(0)
    assert (notice.received_at, notice.issuer_verified, notice.vouched_by) == (MAY, True, "A. Reviewer")


def test_the_second_opening_reads_neither_the_list_nor_its_copy(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = 1_700_000_000
    os.utime(plain, (old, old))
    monkeypatch.setattr(hashes, "_MOMENTS", -1)
    received(plain, tmp_path / "home")
    received(plain, tmp_path / "home")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the list was read again")

    monkeypatch.setattr("crawlgate.blocklist.formats._digest", refuse)
    monkeypatch.setattr("crawlgate.blocklist.cache.compile_list", refuse)
    monkeypatch.setattr("hashlib.file_digest", refuse)
    assert len(received(plain, tmp_path / "home").listing) == 504


@pytest.mark.parametrize("name", [*FILES, "meta.json"])
def test_what_is_damaged_is_made_again(plain: Path, tmp_path: Path, name: str) -> None:
    for damage in ("flip", "cut", "gone"):
        home = tmp_path / damage
        folder = folder_of(received(plain, home))
        place = folder / name
        data = place.read_bytes()
        if damage == "gone":
            place.unlink()
        elif not data:
            place.write_bytes(b"more")
        elif damage == "cut":
            place.write_bytes(data[:-1])
        else:
            place.write_bytes(data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :])
        loaded = received(plain, home)
        assert {n.value for n in loaded.notices} >= {"pirate.example", "site499.example"}
        assert loaded.listing.matches(parse("https://cdn.scans.example/"))
        if name != "meta.json":  # a changed word in it may mean nothing
            assert place.read_bytes() == data


def test_another_version_takes_the_place_of_the_one_before(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = folder_of(received(plain, tmp_path / "home"))
    (before.parent / ".left.tmp").mkdir()
    monkeypatch.setattr(cache, "VERSION", 999)
    after = folder_of(received(plain, tmp_path / "home"))
    assert [path.name for path in after.parent.iterdir() if path.is_dir()] == [after.name]
    assert after != before


def test_a_list_without_an_entry_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("co.jp\n")
    with pytest.raises(FeedError, match=r"line 1, 'co\.jp'"):
        received(path, tmp_path / "home")
    assert not [p for p in (tmp_path / "home" / "compiled").iterdir() if p.is_dir()]
    assert not list((tmp_path / "home").glob("*.txt"))


def test_no_room(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("crawlgate.blocklist.compiling._sealed", full)
    with pytest.raises(ConfigError, match=r"cannot be compiled into .*No space left on device; make room"):
        received(plain, tmp_path / "home")
    assert not [p for p in (tmp_path / "home" / "compiled").iterdir() if p.is_dir()]


def test_many_at_once_compile_once(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    compile_list = cache.compile_list

    def counted(*arguments: object, **options: object) -> object:
        made.append(1)
        return compile_list(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(cache, "compile_list", counted)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: received(plain, tmp_path / "home"), range(8)))
    assert len(made) == 1
    assert {len(loaded.listing) for loaded in found} == {504}


def test_another_process_finds_it(plain: Path, tmp_path: Path) -> None:
    received(plain, tmp_path / "home")
    code = (
        "import sys; from datetime import datetime, UTC; from crawlgate.blocklist import store; store.COMPILED_FROM = 0\n"
        "import crawlgate.blocklist.cache as cache; cache.compile_list = None\n"
        f"found = store.ListStore({str(tmp_path / 'home')!r}).receive({str(plain)!r}, at=datetime.now(UTC))\n"
        "print(len(found.listing), found.received_at.date())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "504 2026-05-01\n"


def test_dates_of_entries_stay_within_reach(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_text(
        '{"id":"a","listed_at":"2026-04-01","scope":"registrable_domain","value":"a.example","works":["One"]}\n'
        '{"id":"b","scope":"registrable_domain","value":"b.example","withdrawn_at":"2026-04-20"}\n'
        '{"id":"c","received_at":"2026-04-10","scope":"host","value":"c.example"}\n'
    )
    loaded = received(path, tmp_path / "home", issuer="RHA")
    listing = loaded.listing
    assert isinstance(listing, CompiledList)
    by_id = {n.id: n for n in loaded.notices}
    assert by_id["a"].listed_at == datetime(2026, 4, 1, tzinfo=UTC)
    assert by_id["b"].withdrawn_at == datetime(2026, 4, 20, tzinfo=UTC)
    assert (by_id["c"].received_at, by_id["a"].received_at) == (datetime(2026, 4, 10, tzinfo=UTC), MAY)
    assert len({listing.terms(number) for number in range(3)}) == 3
    for number in range(3):
        told = listing.notice(number)
        assert listing.told(number) == (told.id, told.scope, told.value, told.path_prefix)
    entry, _ = listing.entry(listing.get("a.example")[0])
    assert entry.said["works"] == ["One"]
    assert [m.relation for m in listing.matches(parse("https://c.example/"))] == [NoticeRelation.COVERS]
