"""What is kept for the next process: where, from whom it is taken, and what is no file to be trusted."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from crawlgate import kept

NAME, DATA = "automaton-1", b"octets" * 1000


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CRAWLGATE_CACHE", str(tmp_path / "deep" / "cache"))
    return tmp_path / "deep" / "cache"


@pytest.fixture
def filled(cache: Path) -> Path:
    assert kept.write(NAME, DATA)
    assert kept.read(NAME) == DATA
    return cache


def test_the_folder_is_where_users_keep_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    def where(**given: str) -> Path | None:
        for name in ("CRAWLGATE_CACHE", "XDG_CACHE_HOME"):
            monkeypatch.delenv(name, raising=False)
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        return kept.folder()

    monkeypatch.setenv("HOME", "/home/k")
    monkeypatch.setattr(sys, "platform", "linux")
    assert where() == where(CRAWLGATE_CACHE="", XDG_CACHE_HOME="") == Path("/home/k/.cache/crawlgate")
    assert where(XDG_CACHE_HOME="/var/x") == Path("/var/x/crawlgate")
    assert where(XDG_CACHE_HOME="var/x") == Path("/home/k/.cache/crawlgate")
    assert where(CRAWLGATE_CACHE="/srv/c", XDG_CACHE_HOME="/var/x") == Path("/srv/c")
    assert where(CRAWLGATE_CACHE="off") is where(CRAWLGATE_CACHE="OFF") is None
    monkeypatch.setattr(sys, "platform", "darwin")
    assert where() == Path("/home/k/Library/Caches/crawlgate")


def test_a_user_without_a_home_has_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("CRAWLGATE_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    assert kept.folder() is None
    assert not kept.write(NAME, DATA)
    assert kept.read(NAME) is None


def test_off_keeps_and_takes_nothing(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRAWLGATE_CACHE", "off")
    assert kept.read(NAME) is None
    assert not kept.write("automaton-2", DATA)
    assert names(filled) == [NAME]


def test_what_is_kept_is_the_users_alone(filled: Path) -> None:
    assert stat.S_IMODE(filled.stat().st_mode) == 0o700
    assert stat.S_IMODE((filled / NAME).stat().st_mode) == 0o600
    assert names(filled) == [NAME]  # nothing half-written beside it


@pytest.mark.parametrize("mode", [0o020, 0o002])
def test_what_others_may_write_is_not_taken(filled: Path, mode: int) -> None:
    (filled / NAME).chmod(0o600 | mode)
    assert kept.read(NAME) is None
    (filled / NAME).chmod(0o644)
    assert kept.read(NAME) == DATA
    filled.chmod(0o700 | mode)
    assert kept.read(NAME) is None
    assert not kept.write("automaton-2", DATA)


def test_what_belongs_to_another_is_not_taken(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    assert kept.read(NAME) is None
    assert not kept.write("automaton-2", DATA)
    assert names(filled) == [NAME]


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a file away takes root")
def test_a_file_of_another_user_in_ones_own_folder_is_not_taken(filled: Path) -> None:
    os.chown(filled / NAME, 1, 1)
    assert kept.read(NAME) is None


@pytest.mark.parametrize("place", [0, 31, 32, 3000, -1])
def test_a_damaged_file_is_none(filled: Path, place: int) -> None:
    octets = bytearray((filled / NAME).read_bytes())
    octets[place] ^= 1
    (filled / NAME).write_bytes(octets)
    assert kept.read(NAME) is None
    assert kept.write(NAME, DATA)  # it is replaced
    assert kept.read(NAME) == DATA


@pytest.mark.parametrize("size", [0, 5, 32, 6000])
def test_a_file_that_was_cut_is_none(filled: Path, size: int) -> None:
    os.truncate(filled / NAME, size)
    assert kept.read(NAME) is None


def test_a_file_under_another_name_is_none(filled: Path) -> None:
    (filled / NAME).rename(filled / "automaton-2")
    assert kept.read("automaton-2") is None


def test_what_is_no_ordinary_file_is_none(filled: Path) -> None:
    (filled / NAME).rename(filled / "kept")
    (filled / NAME).symlink_to(filled / "kept")
    assert kept.read(NAME) is None
    (filled / NAME).unlink()
    os.mkfifo(filled / NAME, 0o600)
    assert kept.read(NAME) is None
    (filled / NAME).unlink()
    (filled / NAME).mkdir()
    assert kept.read(NAME) is None
    assert not kept.write(NAME, DATA)
    assert sorted(names(filled)) == [NAME, "kept"]


def test_where_nothing_can_be_kept_nothing_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/nowhere/c")):
        monkeypatch.setenv("CRAWLGATE_CACHE", str(path))
        assert not kept.write(NAME, DATA)
        assert kept.read(NAME) is None


def test_a_full_disk_leaves_nothing_behind(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", full)
        assert not kept.write(NAME, DATA)
    assert names(cache) == []
    assert kept.write(NAME, DATA)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_disk_that_fills_up_while_it_is_written(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.open

    def to_a_full_disk(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        handle = opened(path, flags, mode, dir_fd=dir_fd)
        if flags & os.O_CREAT:
            full = opened("/dev/full", os.O_WRONLY)
            os.dup2(full, handle)
            os.close(full)
        return handle

    monkeypatch.setattr(os, "open", to_a_full_disk)
    assert not kept.write(NAME, DATA)
    monkeypatch.undo()
    assert names(cache) == []


def test_what_is_too_large_is_not_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_MOST", 6031)
    assert not kept.write(NAME, DATA)
    assert not cache.exists()


def test_what_nobody_uses_any_more_goes_when_something_is_kept(filled: Path) -> None:
    (filled / ".0123456789abcdef.tmp").write_bytes(b"")
    for old in (NAME, ".0123456789abcdef.tmp"):
        os.utime(filled / old, (0, 0))
    assert kept.write("automaton-2", DATA)
    assert names(filled) == ["automaton-2"]


def test_many_processes_at_once(cache: Path) -> None:
    code = (
        "from crawlgate import kept\n"
        "for n in range(200):\n"
        "    assert kept.write('same', bytes([n]) * 100_000)\n"
        "    data = kept.read('same')\n"
        "    assert data is not None and len(set(data)) == 1 and len(data) == 100_000\n"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0, 0, 0, 0]
    assert names(cache) == ["same"]
