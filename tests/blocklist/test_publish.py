"""The publisher's end: versions, signatures, keys, a web root."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawlgate.blocklist.draft import read_draft
from crawlgate.blocklist.feed import FeedInvalid, read_manifest
from crawlgate.blocklist.folder import FeedFolder
from crawlgate.blocklist.publish import begin, check_folder, cosign, publish, rotate, sign_version
from crawlgate.errors import ConfigError, FeedError
from crawlgate.signed_note import SigningKey

NOW = datetime(2026, 7, 20, 0, 0, 0, 999, tzinfo=UTC)
MONTH = timedelta(days=30)
ONE, TWO, THREE, SAFE = (SigningKey(f"rights.example/{n}", bytes([n] * 32)) for n in (1, 2, 3, 9))


def entry(name: str, **fields: str) -> dict[str, str]:
    return {"id": name, "scope": "registrable_domain", "value": f"{name}.example", **fields}


A, B = entry("a"), entry("b")


@pytest.fixture
def folder(tmp_path: Path) -> FeedFolder:
    place = FeedFolder(tmp_path / "feed")
    begin(place, "rights.example/list", [ONE], now=NOW)
    return place


def test_versions_follow_each_other(folder: FeedFolder) -> None:
    first = sign_version(folder, [A, B], [ONE], now=NOW, valid=MONTH, issuer="RHA", contact="desk@rha.example")
    assert (first.manifest.version, first.manifest.entries, first.wanting) == (1, 2, ())
    assert [change.what for change in first.changes] == ["added", "added"]
    again = sign_version(folder, None, [ONE], now=NOW + MONTH, valid=MONTH)
    assert (again.manifest.version, again.manifest.sha256, again.changes) == (2, first.manifest.sha256, ())
    assert again.manifest.expires > first.manifest.expires
    assert (again.manifest.issuer, again.manifest.contact) == ("RHA", "desk@rha.example")
    data = folder.manifest()
    assert data is not None
    assert read_manifest(data, [ONE.verifier], 1) == again.manifest
    assert sorted(p.name for p in (folder.path / "manifests").iterdir()) == ["1.note", "2.note"]


def test_listed_at_is_kept_once_given(folder: FeedFolder) -> None:
    sign_version(folder, [A], [ONE], now=NOW, valid=MONTH)
    sign_version(folder, [A, B], [ONE], now=NOW + MONTH, valid=MONTH)
    dates = {table["id"]: table["listed_at"] for table in read_draft(folder).entries}
    assert dates == {"a": "2026-07-20T00:00:00Z", "b": "2026-08-19T00:00:00Z"}


def test_no_entry_goes_without_a_word(folder: FeedFolder) -> None:
    sign_version(folder, [A, B], [ONE], now=NOW, valid=MONTH)
    with pytest.raises(FeedError, match=r"1 entries of version 1 are missing \(b\)"):
        sign_version(folder, [A], [ONE], now=NOW, valid=MONTH)
    assert read_draft(folder).manifest.version == 1  # type: ignore[union-attr]
    done = sign_version(folder, [A], [ONE], now=NOW, valid=MONTH, withdraw_missing=True)
    (change,) = done.changes
    assert (change.what, change.after["withdrawn_at"]) == ("withdrawn", "2026-07-20T00:00:00Z")  # type: ignore[index]
    # One that was withdrawn may go; so may one that is dropped on purpose.
    assert [c.what for c in sign_version(folder, [A], [ONE], now=NOW, valid=MONTH).changes] == ["removed"]
    done = sign_version(folder, [B], [ONE], now=NOW, valid=MONTH, drop_missing=True)
    assert [(c.what, c.id) for c in done.changes] == [("removed", "a"), ("added", "b")]


def test_an_id_that_moves_is_told(folder: FeedFolder) -> None:
    sign_version(folder, [A], [ONE], now=NOW, valid=MONTH)
    done = sign_version(folder, [{**A, "value": "other.example"}], [ONE], now=NOW + MONTH, valid=MONTH)
    assert done.changes[0].moved
    assert done.changes[0].after["listed_at"] == "2026-08-19T00:00:00Z"  # type: ignore[index]


def test_who_may_sign(folder: FeedFolder) -> None:
    with pytest.raises(ConfigError, match="not in key set 1"):
        sign_version(folder, [A], [TWO], now=NOW, valid=MONTH)
    with pytest.raises(ConfigError, match="no key"):
        sign_version(folder, [A], [], now=NOW, valid=MONTH)
    with pytest.raises(ConfigError, match="no version yet"):
        sign_version(folder, None, [ONE], now=NOW, valid=MONTH)
    with pytest.raises(ConfigError, match="no feed yet"):
        sign_version(FeedFolder(folder.path / "x"), [A], [ONE], now=NOW, valid=MONTH)


def test_a_clock_that_went_back(folder: FeedFolder) -> None:
    sign_version(folder, [A], [ONE], now=NOW, valid=MONTH)
    with pytest.raises(ConfigError, match="set it right"):
        sign_version(folder, [A], [ONE], now=NOW - MONTH, valid=MONTH)


def test_two_of_three(tmp_path: Path) -> None:
    place = FeedFolder(tmp_path / "feed")
    begin(place, "rights.example/list", [ONE], now=NOW, others=[TWO.verifier, THREE.verifier], threshold=2)
    done = sign_version(place, [A], [ONE], now=NOW, valid=MONTH)
    assert done.wanting == ("key set 1 lacks a signature", "version 1 lacks a signature")
    with pytest.raises(FeedError, match="version 1 lacks a signature"):
        publish(place, FeedFolder(tmp_path / "web"))
    assert cosign(place, [THREE]) == ("key set 1, by rights.example/3", "version 1, by rights.example/3")
    with pytest.raises(ConfigError, match="nothing"):
        cosign(place, [THREE])
    with pytest.raises(ConfigError, match="nothing"):
        cosign(place, [SAFE])
    manifest, _ = publish(place, FeedFolder(tmp_path / "web"))
    assert manifest.version == 1


def test_other_keys(tmp_path: Path, folder: FeedFolder) -> None:
    sign_version(folder, [A], [ONE], now=NOW, valid=MONTH)
    keys, wanting = rotate(folder, [ONE], now=NOW, add=[TWO.verifier], drop=["rights.example/1"])
    assert (keys.serial, keys.keys) == (2, (TWO.verifier,))
    assert wanting == ("key set 2 lacks a signature of its own keys",)
    with pytest.raises(ConfigError, match="still lacks signatures"):
        rotate(folder, [ONE], now=NOW, add=[THREE.verifier])
    assert cosign(folder, [TWO]) == ("key set 2, by rights.example/2",)
    assert read_draft(folder).wanting == ("version 1 is signed under key set 1; sign anew",)
    with pytest.raises(ConfigError, match="not in key set 2"):
        sign_version(folder, None, [ONE], now=NOW, valid=MONTH)
    done = sign_version(folder, None, [TWO], now=NOW, valid=MONTH)
    assert (done.manifest.version, done.manifest.keys, done.wanting) == (2, 2, ())
    _, written = publish(folder, FeedFolder(tmp_path / "web"))
    assert written[:2] == ("keys/1.note", "keys/2.note")
    with pytest.raises(ConfigError, match="is not in key set 2"):
        rotate(folder, [TWO], now=NOW, drop=["rights.example/1"])
    with pytest.raises(ConfigError, match="neither among"):
        rotate(folder, [SAFE], now=NOW, add=[THREE.verifier])


def test_recovery_after_misuse(tmp_path: Path) -> None:
    place = FeedFolder(tmp_path / "feed")
    begin(place, "rights.example/list", [ONE], now=NOW, recovery=[SAFE.verifier])
    sign_version(place, [A], [ONE], now=NOW, valid=MONTH)
    _, wanting = rotate(place, [ONE], now=NOW, add=[TWO.verifier])
    assert wanting == ("key set 2 lacks a signature of the recovery keys",)
    (place.path / "keys" / "2.note").unlink()
    keys, wanting = rotate(place, [SAFE, TWO], now=NOW, add=[TWO.verifier], drop=["rights.example/1"], resume=1)
    assert (keys.resume, keys.recovery) == (1, (SAFE.verifier,))
    assert wanting == ("version 1 is signed under key set 1; sign anew",)
    assert sign_version(place, None, [TWO], now=NOW, valid=MONTH).manifest.version == 2


def test_publish_is_idempotent_and_never_goes_back(tmp_path: Path, folder: FeedFolder) -> None:
    web = FeedFolder(tmp_path / "web")
    sign_version(folder, [A], [ONE], now=NOW, valid=MONTH)
    _, written = publish(folder, web)
    assert written[-1] == "manifest.note"
    assert publish(folder, web)[1] == ()
    old = {p.relative_to(folder.path): p.read_bytes() for p in folder.path.rglob("*") if p.is_file()}
    sign_version(folder, [A, B], [ONE], now=NOW, valid=MONTH)
    publish(folder, web)
    for name, data in old.items():
        (folder.path / name).write_bytes(data)
    with pytest.raises(FeedError, match="sign anew"):
        publish(folder, web)
    other = FeedFolder(tmp_path / "other")
    begin(other, "rights.example/other", [ONE], now=NOW)
    sign_version(other, [A], [ONE], now=NOW, valid=MONTH)
    with pytest.raises(FeedError, match="choose another folder"):
        publish(other, web)


def test_a_folder_is_checked_as_readers_will(folder: FeedFolder) -> None:
    with pytest.raises(FeedError, match="nothing is signed yet"):
        check_folder(folder)
    done = sign_version(folder, [A], [ONE], now=NOW, valid=MONTH)
    check_folder(folder)
    secret = folder.path / "keys" / "one.key"
    secret.write_text(ONE.encoded)
    with pytest.raises(FeedError, match=r"one\.key holds a signing key"):
        check_folder(folder)
    secret.unlink()
    entries = folder.path / "entries" / f"{done.manifest.sha256}.jsonl"
    entries.write_bytes(entries.read_bytes().replace(b"a.example", b"c.example"))
    with pytest.raises(FeedInvalid, match="altered"):
        check_folder(folder)
    entries.unlink()
    with pytest.raises(FeedInvalid, match="is not there"):
        check_folder(folder)
