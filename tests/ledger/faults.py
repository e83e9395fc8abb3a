"""A disk that fails: the ledger's work in a child process, with one system call of it failing or killing it (strace).

The child is forked from here, so that nothing has to be imported again, and waits until strace holds it. What it
was told was recorded it writes into memory shared with the parent, which no fault can undo.
"""

import contextlib
import ctypes
import mmap
import os
import re
import select
import shutil
import signal
import struct
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ledgers import AT, HEAD, basis, clock, outcome

from crawlgate.errors import CrawlgateError
from crawlgate.ledger import current, packing, segments
from crawlgate.ledger.answers import Received
from crawlgate.ledger.current import System
from crawlgate.ledger.keys import home_key
from crawlgate.ledger.query import records
from crawlgate.ledger.upkeep import Upkeep
from crawlgate.ledger.verify import verify
from crawlgate.ledger.writer import LedgerWriter

CALLS = (
    "write",
    "fsync",
    "fdatasync",
    "openat",
    "rename",
    "link",
    "linkat",
    "unlink",
    "flock",
    "mkdir",
    "close",
    "lseek",
)
RECORDS = 160
SYSTEM = System()
_ENTRY = struct.Struct("<64s")
_SIZE = 1 << 16
_PR_SET_PTRACER = 0x59616D61


class Told:
    """What the child was told: names of records, in shared memory."""

    def __init__(self):
        self._memory = mmap.mmap(-1, _SIZE)
        self._count = 0

    def add(self, name):
        _ENTRY.pack_into(self._memory, 8 + self._count * _ENTRY.size, name.encode())
        self._count += 1
        struct.pack_into("<q", self._memory, 0, self._count)

    def names(self):
        (count,) = struct.unpack_from("<q", self._memory, 0)
        entries = (_ENTRY.unpack_from(self._memory, 8 + n * _ENTRY.size)[0] for n in range(count))
        return [entry.rstrip(b"\0").decode() for entry in entries]


@dataclass(frozen=True)
class Fault:
    """One system call of the work, and what becomes of it: an errno by name, or SIGKILL."""

    call: str
    number: int
    what: str

    @property
    def injection(self):
        what = "signal=SIGKILL" if self.what == "SIGKILL" else f"error={self.what}"
        return f"inject={self.call}:{what}:when={self.number}"

    def __str__(self):
        return f"{self.call}-{self.number}-{self.what}"


def work(home, told):
    """What a gate does with its ledger: open it, record, commit, sign, rotate, compress, close; on past every error."""
    current.TREE_EVERY = 16
    upkeep = Upkeep(segment_bytes=5_000, checkpoint_interval=1e9, pack_from=1)
    now, ledger, number = clock(), None, 0
    for _ in range(RECORDS * 3):
        try:
            if ledger is None:
                key = home_key(home / "keys")
                ledger = LedgerWriter(home / "ledger", HEAD, now=now, key=key, upkeep=upkeep, tidy=False, system=SYSTEM)
            found, became = basis(evidence=(str(number % 3),)), outcome(number)
            whole = Received("0" * 64, number, complete=True) if number % 5 == 0 else None
            place = ledger.append_decision(AT, f"https://example.com/{number}", found, outcome=became, received=whole)
            if number % 7 == 0:
                ledger.append_received(AT, place, Received("0" * 64, number, complete=True))
            if number % 8 == 0:
                ledger.commit(*place)
            told.add("{}:{}/{}".format(*place, number))
            number += 1
            if number % 50 == 0:
                ledger.checkpoint()
            if number % 20 == 0:
                ledger.tend()
                compress(home)
            if number == RECORDS:
                break
        except CrawlgateError as error:
            assert str(home) in str(error), error  # noqa: PT017
    if ledger is not None:
        with contextlib.suppress(CrawlgateError):
            ledger.close()
    with contextlib.suppress(CrawlgateError):
        compress(home)


def compress(home):
    for path in segments.segments(home / "ledger"):
        packing.pack(path)


def run(home, fault=None):
    """The work in a child, under strace; what it was told, its exit status and the trace."""
    told = Told()
    gate, opened = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(opened)
            ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)
            os.read(gate, 1)
            os.close(gate)
            work(home, told)
            status = 0
        finally:
            os._exit(status)
    os.close(gate)
    trace = home / "trace"
    command = ["strace", "-q", "-p", str(child), "-o", str(trace), "-e", f"trace={','.join(CALLS)}"]
    strace = subprocess.Popen(command + (["-e", fault.injection] if fault else []), stderr=subprocess.PIPE)
    try:
        if not _held(child, strace):
            raise Unavailable(strace.stderr.read().decode())
        os.write(opened, b"go")
    finally:
        os.close(opened)
        status = os.waitpid(child, 0)[1]
        strace.communicate()
    return told.names(), os.waitstatus_to_exitcode(status), trace.read_text()


class Unavailable(Exception):
    """strace is not here or may not trace."""


def _held(child, strace):
    """Wait until strace holds the child; False if it gave up."""
    status = Path(f"/proc/{child}/status")
    tracer = f"TracerPid:\t{strace.pid}\n"
    for _ in range(10_000):
        if tracer in status.read_text():
            return True
        if strace.poll() is not None:
            return False
        select.select([], [], [], 0.001)
    return False


def available():
    """None if faults can be injected here, or why not."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    with tempfile.TemporaryDirectory() as home:
        try:
            _, status, trace = run(Path(home))
        except Unavailable as error:
            return f"strace may not trace here: {error}".strip()
    if status or "fdatasync" not in trace:
        return f"strace traced nothing: the work ended with {status}"
    return None


def faults(whats):
    """Every system call of the work, with each of `whats`."""
    with tempfile.TemporaryDirectory() as home:
        _, status, trace = run(Path(home))
    assert status == 0, trace[-2000:]
    calls = Counter(re.findall(r"^(?:\d+ +)?(\w+)\(", trace, re.MULTILINE))
    return [
        Fault(call, number, what)
        for call in CALLS
        for number in range(1, calls[call] + 1)
        for what in whats
        if not (call in ("close", "lseek") and what != "SIGKILL")
    ]


def check(fault):
    """Do the work with one fault, and look at what is left. True if the fault took place."""
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        told, status, trace = run(home, fault)
        took_place = "(INJECTED)" in trace or "killed by SIGKILL" in trace
        if fault.what == "SIGKILL" and took_place:
            assert status == -signal.SIGKILL, trace[-2000:]
        else:
            assert status == 0, trace[-3000:]
        if not (home / "ledger").exists() or not any((home / "ledger").glob("*.jsonl*")):
            assert told == []
            return took_place
        problems = verify(home / "ledger").problems
        assert {problem.code for problem in problems} <= {"cut"}, (problems, trace[-3000:])
        _all_there(home, told)
        LedgerWriter(home / "ledger", HEAD, now=clock(), key=home_key(home / "keys"), tidy=False).close()
        report = verify(home / "ledger")
        assert report.ok, (report.problems, trace[-3000:])
        _all_there(home, told)
    return took_place


def _all_there(home, told):
    """What was told is kept; and every decision, told or not, has the outcome that was written with it."""
    kept = {record.id: record.table for record in records(home / "ledger", report=lambda fault: None)}
    for entry in told:
        name, _, number = entry.rpartition("/")
        assert kept[name]["url"] == f"https://example.com/{number}", entry
    became = {table["decision"] for table in kept.values() if table.get("disposition") in ("released", "passed_on")}
    for name, table in kept.items():
        if table["kind"] == "decision" and outcome(int(table["url"].rpartition("/")[2])) is not None:
            assert name in became, name


def a_share(all_faults, most):
    """A bounded share that has every call and every kind of fault in it."""
    step = max(1, len(all_faults) // most)
    first = {(fault.call, fault.what): fault for fault in reversed(all_faults)}
    return sorted({*all_faults[:: step | 1], *first.values()}, key=str)
