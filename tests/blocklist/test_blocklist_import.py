"""Imports: entries in are entries out and rejects; whose word it is, written down."""

import os
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from crawlgate.blocklist import importing
from crawlgate.blocklist.entries import entry_tables
from crawlgate.blocklist.importing import Imported, import_list
from crawlgate.blocklist.store import ListStore
from crawlgate.errors import ConfigError, FeedError
from crawlgate.model import IssuerKind
from tests.shared_data import shared

AT = datetime(2026, 5, 1, tzinfo=UTC)
TEXT = "pirate.example\nwww.pirate.example\nco.jp\n# note\ncdn.scans.example\nx y\n"


def brought_in(path: Path, folder: Path, **options: object) -> Imported:
    return import_list(path, folder, vouched_by="A. Reviewer", at=AT, **options)  # type: ignore[arg-type]


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    path = tmp_path / "list.txt"
    path.write_text(TEXT)
    return path


def rows(place: Path) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in place.read_bytes().splitlines()]


def test_entries_in_are_entries_out_and_rejects(plain: Path, tmp_path: Path) -> None:
    done = brought_in(plain, tmp_path / "out")
    assert (done.items, done.entries, done.rejected) == (5, 3, 2)
    assert rows(tmp_path / "out" / "entries.jsonl") == [
        {"id": "registrable_domain:pirate.example", "scope": "registrable_domain", "value": "pirate.example"},
        {"id": "registrable_domain:pirate.example#2", "scope": "registrable_domain", "value": "pirate.example"},
        {"id": "subdomain:cdn.scans.example", "scope": "subdomain", "value": "cdn.scans.example"},
    ]
    assert [(r["line"], r["text"], r["code"]) for r in rows(tmp_path / "out" / "rejected.jsonl")] == [
        (3, "co.jp", "public_suffix"),
        (6, "x y", "words"),
    ]
    record = orjson.loads((tmp_path / "out" / "import.json").read_bytes())
    assert record == orjson.loads(orjson.dumps(done.table()))
    told = {n: record[n] for n in ("vouched_by", "issuer", "issuer_kind", "items", "entries", "rejected", "format")}
    assert told == {
        "vouched_by": "A. Reviewer", "issuer": "list.txt", "issuer_kind": "public",
        "items": 5, "entries": 3, "rejected": 2, "format": "plain",
    }  # fmt: skip


def test_the_entries_are_canonical_as_those_of_a_feed(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "_RUN", 2)  # sorted in runs, as a long list is
    brought_in(plain, tmp_path / "out")
    assert len(list(entry_tables((tmp_path / "out" / "entries.jsonl").read_bytes()))) == 3
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["entries.jsonl", "import.json", "rejected.jsonl"]


def test_an_import_holds_and_is_a_public_list(plain: Path, tmp_path: Path) -> None:
    brought_in(plain, tmp_path / "out", issuer="Some project")
    store = ListStore(tmp_path / "home")
    first = store.receive(tmp_path / "out", at=AT).notices[0]
    assert (first.issuer, first.issuer_kind, first.vouched_by) == ("Some project", IssuerKind.PUBLIC, "A. Reviewer")
    assert not first.issuer_verified
    vouched = store.receive(tmp_path / "out", at=AT, verified=True, vouched_by="B. Counsel").notices[0]
    assert (vouched.issuer_verified, vouched.vouched_by, vouched.issuer_kind) == (True, "B. Counsel", "public")


def test_what_a_public_list_says_of_issuers_stays_its_own_word(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("domain,source\npirate.example,A Publisher\n")
    brought_in(path, tmp_path / "out", issuer="Some project")
    (told,) = ListStore(tmp_path / "home").receive(tmp_path / "out", at=AT).notices
    assert (told.issuer, told.issuer_kind) == ("A Publisher, as told by Some project", IssuerKind.PUBLIC)
    brought_in(path, tmp_path / "out", issuer="A Publisher", issuer_kind=IssuerKind.RIGHTS_HOLDER)
    (told,) = ListStore(tmp_path / "home").receive(tmp_path / "out", at=AT).notices
    assert (told.issuer, told.issuer_kind, told.issuer_verified) == ("A Publisher", IssuerKind.RIGHTS_HOLDER, False)


def test_exceptions_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("||pirate.example^\n@@||shop.pirate.example^\n")
    done = brought_in(path, tmp_path / "out")
    assert (done.entries, done.exceptions) == (2, 1)
    (kept,) = [r for r in rows(tmp_path / "out" / "entries.jsonl") if r.get("exception")]
    assert kept == {
        "exception": True,
        "id": "except:subdomain:shop.pirate.example",
        "scope": "subdomain",
        "value": "shop.pirate.example",
    }
    loaded = ListStore(tmp_path / "home").receive(tmp_path / "out", at=AT)
    assert [n.exception for n in loaded.notices] == [True, False]


def test_an_import_again_replaces_and_nothing_else_is_touched(plain: Path, tmp_path: Path) -> None:
    brought_in(plain, tmp_path / "out")
    plain.write_text("other.example\n")
    assert brought_in(plain, tmp_path / "out").entries == 1
    assert len(rows(tmp_path / "out" / "entries.jsonl")) == 1
    with pytest.raises(ConfigError, match=r"holds other files \(list\.txt, out\)"):
        brought_in(plain, tmp_path)


@pytest.mark.parametrize(
    ("text", "options", "error", "reason"),
    [
        ("", {}, FeedError, "holds no entry"),
        ("pirate.example\n", {"options": {"utc": True}}, ConfigError, "is read as plain"),
        ("pirate.example\n", {"issuer": "a\x1bb"}, ConfigError, "cannot be shown"),
    ],
)
def test_a_failed_import_leaves_nothing(
    plain: Path, tmp_path: Path, text: str, options: dict[str, object], error: type[Exception], reason: str
) -> None:
    plain.write_text(text)
    with pytest.raises(error, match=reason):
        brought_in(plain, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_of_a_list_without_an_entry_the_rejects_are_written(plain: Path, tmp_path: Path) -> None:
    plain.write_text("com\nco.uk\n")
    with pytest.raises(FeedError, match=r"2 rejected.*each with its line and reason: .*rejected\.jsonl"):
        brought_in(plain, tmp_path / "out")
    lines = (tmp_path / "out" / "rejected.jsonl").read_text().splitlines()
    assert [(line["line"], line["code"]) for line in map(orjson.loads, lines)] == [
        (1, "public_suffix"),
        (2, "public_suffix"),
    ]
    plain.write_text("pirate.example\n")
    brought_in(plain, tmp_path / "out")
    before = {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()}
    plain.write_text("com\n")
    with pytest.raises(FeedError, match="1 rejected"):
        brought_in(plain, tmp_path / "out")
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()} == before


def test_nobody_vouches(plain: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--vouched-by"):
        import_list(plain, tmp_path / "out", vouched_by=" ", at=AT)


def test_a_disk_that_is_full(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    brought_in(plain, tmp_path / "out")
    before = {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()}

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    plain.write_text("other.example\n")
    with pytest.raises(ConfigError, match="No space left"):
        brought_in(plain, tmp_path / "out")
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()} == before


def test_a_record_that_cannot_be_read(plain: Path, tmp_path: Path) -> None:
    brought_in(plain, tmp_path / "out")
    (tmp_path / "out" / "import.json").write_text("{")
    with pytest.raises(FeedError, match="import the list again"):
        ListStore(tmp_path / "home").receive(tmp_path / "out", at=AT)


def test_real_lists_import_without_loss_and_alike(tmp_path: Path) -> None:
    names = ("blp-piracy.plain.txt", "blp-piracy.hosts", "blp-piracy.adguard.txt", "blp-piracy.dnsmasq.conf")
    written = set()
    for name in names:
        done = brought_in(shared(f"data/blocklists/{name}"), tmp_path / name)
        assert done.items == done.entries == 2154
        written.add((tmp_path / name / "entries.jsonl").read_bytes())
    assert len(written) == 1
