"""Keys, checkpoints, rotation, compression, waiting for the disk: what happens beside writing."""

import errno
import os
import stat
import subprocess
import sys
import threading

import pytest
from ledgers import AT, HEAD, basis, clock, tables, written

from crawlgate import signed_note
from crawlgate.errors import ConfigError, LedgerError
from crawlgate.ledger import keys, packing
from crawlgate.ledger.anchor import anchor, read_notes
from crawlgate.ledger.checkpoint import Checkpoint, read
from crawlgate.ledger.current import System
from crawlgate.ledger.query import decisions, read_at, records
from crawlgate.ledger.upkeep import Upkeep
from crawlgate.ledger.verify import verify
from crawlgate.ledger.writer import LedgerWriter
from crawlgate.signed_note import NoteError, SigningKey

KEY = SigningKey("crawlgate-ledger/test", bytes(32))


def opened(directory, **options):
    return LedgerWriter(directory, HEAD, now=clock(), **{"key": KEY, **options})


def fill(ledger, count, start=0):
    for number in range(start, start + count):
        ledger.append_decision(AT, f"https://example.com/{number}", basis())


# -- keys ---------------------------------------------------------------------------------------------------


def test_a_homes_key_is_made_once_and_is_its_owners(tmp_path):
    place = tmp_path / "home" / "keys"
    key = keys.home_key(place)
    assert keys.home_key(place) == key
    assert stat.S_IMODE((place / "ledger.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert keys.public_key(str(place / "ledger.pub")) == keys.public_key(str(key.verifier)) == key.verifier
    assert sorted(file.name for file in place.iterdir()) == ["ledger.key", "ledger.pub"]
    assert keys.home_key(tmp_path / "other").name != key.name


def test_processes_that_come_at_once_agree_on_a_key(tmp_path):
    found = []
    threads = [threading.Thread(target=lambda: found.append(keys.home_key(tmp_path / "keys"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({key.encoded for key in found}) == 1


def test_a_key_that_is_replaced_stays_beside_the_new_one(tmp_path):
    old = keys.home_key(tmp_path)
    new = SigningKey.generate(old.name)
    keys.replace(new, tmp_path)
    assert keys.home_key(tmp_path) == new
    assert keys.load(tmp_path / f"{old.verifier.id.hex()}-ledger.key") == old
    with pytest.raises(FileExistsError):
        keys.save(old, tmp_path)


@pytest.mark.parametrize("bad", ["", "hello", "a+b+c", "\xff"])
def test_what_is_no_key(tmp_path, bad, caplog):
    place = tmp_path / "ledger.key"
    place.write_text(bad, "latin-1")
    with pytest.raises(ConfigError, match="signing key"):
        keys.load(place)
    with pytest.raises(ConfigError, match="verifier key"):
        keys.public_key(str(place))
    assert "can be read by others" in caplog.text
    with pytest.raises(ConfigError, match="ledger keygen"):
        keys.load(tmp_path / "missing")
    with pytest.raises(ConfigError):
        keys.home_key(place)


# -- checkpoints --------------------------------------------------------------------------------------------


def test_checkpoints_are_notes_that_a_known_key_signed(tmp_path):
    seen = []
    ledger = opened(tmp_path, upkeep=Upkeep(anchors=[seen.append]))
    fill(ledger, 3)
    note = ledger.checkpoint()
    assert ledger.checkpoint() is None  # nothing was written since
    fill(ledger, 1)
    ledger.close()
    assert [len(seen), seen[0]] == [2, note]
    text, signers = signed_note.verify(note, [KEY.verifier])
    checkpoint = Checkpoint.parse(text)
    assert (checkpoint.origin, checkpoint.size) == (f"crawlgate-ledger/test/{ledger.segment}", 5)
    assert (checkpoint.ledger, checkpoint.segment) == ("crawlgate-ledger/test", ledger.segment)
    assert read(seen[1]).size == 7
    assert signers == (KEY.verifier,)
    report = verify(tmp_path, keys=[KEY.verifier], checkpoints=[checkpoint, read(seen[1])])
    assert report.ok
    assert report.keys == {str(KEY.verifier): 2}
    assert report.records["checkpoint"] == 1
    assert tables(ledger.path)[0]["key"] == str(KEY.verifier)


def test_a_checkpoint_is_due_after_its_interval(tmp_path):
    seen = []
    ledger = opened(tmp_path, tidy=False, upkeep=Upkeep(checkpoint_interval=0.0, anchors=[seen.append]))
    fill(ledger, 2)
    ledger.tend()
    ledger.tend()
    assert [table["kind"] for table in tables(ledger.path)].count("checkpoint") == 1
    ledger.close()


@pytest.mark.parametrize(
    "text",
    ["", "a\n", "a\n1\n", "a\n01\nx\n", "a\n-1\nx\n", "a\n1\nAAAA\n", "\n1\n" + "A" * 43 + "=\n", "a\n1\nb\nc\n"],
)
def test_what_is_no_checkpoint(text):
    with pytest.raises(NoteError):
        Checkpoint.parse(text)


# -- anchors ------------------------------------------------------------------------------------------------


def test_a_checkpoint_goes_to_a_file_and_to_a_command(tmp_path):
    file, other = tmp_path / "notes", tmp_path / "other"
    anchors = [anchor(f"file:{file}"), anchor(f"command:tee -a {other}")]
    with opened(tmp_path / "ledger", upkeep=Upkeep(anchors=anchors)) as ledger:
        ledger.checkpoint()
        fill(ledger, 1)
    notes = read_notes(file.read_bytes())
    assert [read(note).size for note in notes] == [1, 4]
    assert other.read_bytes() == b"".join(notes)
    assert verify(tmp_path / "ledger", checkpoints=[read(note) for note in notes]).ok


def test_a_checkpoint_goes_into_a_commit(tmp_path):
    def git(*words):
        return subprocess.run(["git", "-C", str(tmp_path), *words], check=True, capture_output=True, text=True).stdout

    git("init", "-q")
    git("config", "user.email", "a@b.example")
    git("config", "user.name", "A")
    with opened(tmp_path / "ledger", upkeep=Upkeep(anchors=[anchor(f"git:{tmp_path}")])) as ledger:
        ledger.checkpoint()
    assert git("log", "--format=%s").splitlines() == [
        f"Checkpoint of {count} records of crawlgate-ledger/test/{ledger.segment}" for count in (2, 1)
    ]
    assert read(git("show", f"HEAD:{ledger.segment}.checkpoint")).size == 2
    assert git("status", "--porcelain").split() == ["??", "ledger/"]


def test_an_anchor_that_fails_is_told_and_harms_nothing(tmp_path, caplog):
    def broken(note):
        raise RuntimeError("no line")

    anchors = [broken, anchor("command:false"), anchor("command:/no/such/thing"), anchor(f"file:{tmp_path}")]
    with opened(tmp_path / "ledger", upkeep=Upkeep(anchors=anchors)) as ledger:
        fill(ledger, 1)
    assert verify(tmp_path / "ledger").warnings == ()
    for words in ("no line", "exit code 1", "/no/such/thing", "Is a directory"):
        assert words in caplog.text


@pytest.mark.parametrize("spec", ["", "file:", "paper:x", "git:/no/such/place", "command:'"])
def test_what_is_no_anchor(spec):
    with pytest.raises(ConfigError, match="anchor"):
        anchor(spec)


def test_what_holds_no_notes():
    with pytest.raises(NoteError):
        read_notes(b"\n\n")


# -- rotation and compression -------------------------------------------------------------------------------


def test_a_full_segment_is_sealed_compressed_and_followed(tmp_path):
    with opened(tmp_path, upkeep=Upkeep(segment_bytes=20_000, pack_from=1)) as ledger:
        first = ledger.segment
        fill(ledger, 1_000)
        last = ledger.segment
    names = sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("."))
    assert first != last
    assert len(names) > 3
    assert all(name.endswith(".jsonl.zst") for name in names)
    report = verify(tmp_path, keys=[KEY.verifier])
    assert (report.ok, report.warnings) == (True, ())
    assert report.records["decision"] == 1_000
    assert report.records["closed"] == report.segments - 1
    assert [found.url for found in decisions(tmp_path)] == [f"https://example.com/{n}" for n in range(1_000)]
    for record in list(records(tmp_path))[::97]:
        assert read_at(tmp_path, record.segment, record.seq, record.offset) == record
    assert read_at(tmp_path, first, 0, 10**6) is None
    assert read_at(tmp_path, "nowhere", 0, 0) is None


def test_an_old_segment_ends_with_the_next_record(tmp_path):
    with opened(tmp_path, tidy=False, upkeep=Upkeep(segment_age=0.0)) as ledger:
        first = ledger.segment
        ledger.tend()
        fill(ledger, 1)
        assert ledger.segment != first
    assert verify(tmp_path).records["seal"] == 2


def test_small_segments_stay_readable_as_they_are(tmp_path):
    path = written(tmp_path)
    assert packing.pack(path, smallest=10_000) is None
    plain = path.read_bytes()
    packed = packing.pack(path)
    assert [file.name for file in tmp_path.iterdir() if not file.name.startswith(".")] == [packed.name]
    assert packing.pack(packed) is None
    out = subprocess.run(["zstd", "-dc", packed], capture_output=True, check=True).stdout
    assert out == plain
    assert verify(tmp_path).ok


def test_what_is_not_sealed_is_not_compressed(tmp_path):
    with opened(tmp_path) as living:
        assert packing.pack(living.path) is None
    dead = written(tmp_path, seal=False)
    assert packing.pack(dead) is None


def test_a_compression_that_fails_leaves_the_segment(tmp_path, monkeypatch):
    path = written(tmp_path)

    def broken(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(packing.os, "fsync", broken)
        with pytest.raises(LedgerError, match=str(path)):
            packing.pack(path)
    with monkeypatch.context() as patched:
        patched.setattr(packing, "_digest", lambda segment: segment.path)
        with pytest.raises(LedgerError, match="does not hold"):
            packing.pack(path)
    assert [file.name for file in tmp_path.iterdir() if not file.name.startswith(".")] == [path.name]


# -- the disk -----------------------------------------------------------------------------------------------


class Disk:
    """Counts commits; `fails` makes them fail."""

    def __init__(self):
        self.commits, self.fails = 0, False

    def sync(self, fd):
        self.commits += 1
        if self.fails:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    @property
    def system(self):
        return System(sync=self.sync)


def test_one_commit_serves_all_that_was_written(tmp_path):
    disk = Disk()
    with opened(tmp_path, tidy=False, system=disk.system) as ledger:
        places = [ledger.append_decision(AT, f"https://example.com/{n}", basis()) for n in range(5)]
        assert not ledger.committed(*places[0])
        ledger.commit(*places[2])
        assert all(ledger.committed(*place) for place in places)
        for place in places:
            ledger.commit(*place)
        assert disk.commits == 1
    assert disk.commits == 2  # the seal
    ledger.commit(*places[4])


def test_a_failed_commit_is_told_to_everybody_whose_record_it_was(tmp_path):
    disk = Disk()
    with opened(tmp_path, tidy=False, system=disk.system) as ledger:
        good = ledger.append_decision(AT, "https://example.com/good", basis())
        ledger.commit(*good)
        lost = [ledger.append_decision(AT, f"https://example.com/{n}", basis()) for n in range(3)]
        disk.fails = True
        with pytest.raises(LedgerError, match=str(ledger.path)):
            ledger.commit(*lost[0])
        disk.fails = False
        again = ledger.append_decision(AT, "https://example.com/again", basis())
        assert again[0] != good[0]
        for place in lost:
            assert not ledger.committed(*place)
            with pytest.raises(LedgerError, match=good[0]):
                ledger.commit(*place)
        ledger.commit(*good)
        ledger.commit(*again)
    report = verify(tmp_path)
    assert report.ok
    assert "bring to the disk" in report.warnings[0].message


def test_the_thread_commits_what_nobody_waits_for(tmp_path):
    done = threading.Event()
    with opened(tmp_path, upkeep=Upkeep(commit_interval=0.001), system=System(sync=lambda fd: done.set())) as ledger:
        fill(ledger, 1)
        assert done.wait(10)


@pytest.mark.parametrize("how", ["removed", "replaced", "unlocked"])
def test_a_segment_that_is_not_ours_any_more_is_noticed(tmp_path, how):
    with opened(tmp_path, tidy=False) as ledger:
        fill(ledger, 2)
        first = ledger.path
        if how == "unlocked":
            import fcntl

            fcntl.flock(ledger._current.fd, fcntl.LOCK_UN)
        else:
            kept = first.read_bytes()
            first.unlink()
            if how == "replaced":
                first.write_bytes(kept)
        with pytest.raises(LedgerError, match="was moved, removed"):
            ledger.tend()
        fill(ledger, 1)
        assert ledger.path != first
    assert {fault.code for fault in verify(tmp_path).problems} == ({"missing_segment"} if how == "removed" else set())


def test_a_writer_that_is_forgotten_takes_its_thread_along(tmp_path):
    before = threading.active_count()
    writers = [opened(tmp_path, upkeep=Upkeep(commit_interval=0.001)) for _ in range(3)]
    assert threading.active_count() == before + 3
    threads = [writer._keeper._thread for writer in writers]
    del writers
    for thread in threads:
        thread.join(10)
    assert threading.active_count() == before


def test_the_thread_stops_for_a_fork_and_goes_on_after_it(tmp_path):
    with opened(tmp_path) as ledger:
        thread = ledger._keeper._thread
        child = os.fork()
        if child == 0:
            os._exit(0 if threading.active_count() == 1 else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert not thread.is_alive()
        assert ledger._keeper._thread.is_alive()


def test_at_exit_everything_is_sealed_and_compressed(tmp_path):
    script = (
        "import sys\nfrom datetime import UTC, datetime\nfrom pathlib import Path\n"
        "from crawlgate.ledger.writer import LedgerWriter\n"
        "keep = LedgerWriter(Path(sys.argv[1]), {}, now=lambda: datetime.now(UTC))\n"
        "for n in range(3000): keep.append('list', {'at': datetime.now(UTC), 'source': str(n)})\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
    assert [path.suffix for path in tmp_path.iterdir() if not path.name.startswith(".")] == [".zst"]
    assert verify(tmp_path).records["list"] == 3000
