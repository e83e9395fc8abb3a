"""After any fault of the disk, or a kill at any moment: the ledger verifies or names a cut tail, and every record that
was acknowledged is there."""

import contextlib
import errno
import os
import random

import faults
import pytest
from ledgers import AT, HEAD, abandon, basis, clock, outcome

from crawlgate.errors import LedgerError
from crawlgate.ledger import current
from crawlgate.ledger.current import System
from crawlgate.ledger.query import decisions
from crawlgate.ledger.upkeep import Upkeep
from crawlgate.ledger.verify import verify
from crawlgate.ledger.writer import LedgerWriter

WHY_NOT = faults.available()
traced = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))


@traced
def test_a_share_of_all_faults():
    share = faults.a_share(faults.faults(("EIO", "ENOSPC", "SIGKILL")), 20)
    assert sum(faults.check(fault) for fault in share) > 40


@pytest.mark.fault
@traced
def test_every_system_call_failing_and_killing():
    every = faults.faults(("EIO", "ENOSPC", "SIGKILL"))
    done = sum(faults.check(fault) for fault in every)
    print(f"{done} of {len(every)} faults took place")
    assert done >= 1_000


@traced
def test_a_writer_that_believes_its_disk_is_found_out(monkeypatch):
    def believing(fd, data):
        try:
            return os.write(fd, data)
        except OSError:
            return len(data)

    monkeypatch.setattr(faults, "SYSTEM", System(write=believing))
    with pytest.raises((KeyError, AssertionError)):
        faults.check(faults.Fault("write", 40, "EIO"))


# -- what strace cannot do ----------------------------------------------------------------------------------


def opened(directory, **options):
    upkeep = Upkeep(segment_bytes=3_000, pack_from=None)
    return LedgerWriter(directory, HEAD, now=clock(), upkeep=upkeep, tidy=False, **options)


def filled(directory, count, **options):
    """A ledger after that many decisions, some of which failed; names of those that were acknowledged."""
    told = []
    ledger = opened(directory, **options)
    for number in range(count):
        try:
            told.append(
                "{}:{}".format(
                    *ledger.append_decision(AT, f"https://example.com/{number}", basis(), outcome=outcome(number))
                )
            )
        except LedgerError as error:
            assert str(directory) in str(error)  # noqa: PT017
    with contextlib.suppress(LedgerError):
        ledger.close()
    return told


def still_good(directory, told):
    assert {problem.code for problem in verify(directory).problems} <= {"cut"}
    with opened(directory):
        pass
    report = verify(directory)
    assert report.ok, report.problems
    assert set(told) <= {found.record for found in decisions(directory, report=lambda fault: None)}
    return report


class Short:
    """`os.write` that takes `part` of the bytes at the n-th call, and then what `after` says."""

    def __init__(self, at, part, after=None):
        self.at, self.part, self.after, self.calls = at, part, after, 0

    def __call__(self, fd, data):
        call, self.calls = self.calls, self.calls + 1
        if call == self.at:
            return os.write(fd, data[: int(len(data) * self.part)])
        if call == self.at + 1 and self.after is not None:
            raise OSError(self.after, os.strerror(self.after))
        return os.write(fd, data)


@pytest.mark.parametrize("after", [None, errno.EINTR, errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("part", [0.01, 0.5, 0.99])
def test_short_writes_at_every_write(tmp_path, monkeypatch, part, after):
    monkeypatch.setattr(current, "TREE_EVERY", 16)
    at, calls = 0, 1
    while at < calls:
        place = tmp_path / str(at)
        disk = Short(at, part, after)
        if at == 0 and after in (errno.ENOSPC, errno.EIO):
            with pytest.raises(LedgerError):
                opened(place, system=System(write=disk))
            calls = 20
        else:
            told = filled(place, 30, system=System(write=disk))
            assert len(told) >= 29
            still_good(place, told)
            calls = disk.calls
        at += 3


def test_a_power_cut_takes_what_was_not_committed_and_no_more(tmp_path, monkeypatch):
    monkeypatch.setattr(current, "TREE_EVERY", 16)
    chance = random.Random(7)
    for case in range(60):
        place = tmp_path / str(case)
        on_disk = {}

        def sync(fd, on_disk=on_disk):
            path = os.readlink(f"/proc/self/fd/{fd}")  # noqa: PTH115
            on_disk[path] = os.fstat(fd).st_size

        ledger = opened(place, system=System(sync=sync))
        durable = []
        for number in range(chance.randrange(1, 40)):
            where = ledger.append_decision(AT, f"https://example.com/{number}", basis(), outcome=outcome(number))
            if chance.random() < 0.2:
                ledger.commit(*where)
                durable.append("{}:{}".format(*where))
        path = ledger.path
        abandon(ledger)
        size, kept = path.stat().st_size, on_disk.get(str(path), 0)
        end = chance.randrange(kept, size + 1)
        os.truncate(path, end)
        if chance.random() < 0.5:  # the file's new length reached the disk, its bytes did not
            os.truncate(path, size)
        still_good(place, durable)
