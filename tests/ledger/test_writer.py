import base64
import errno
import gc
import os
import signal
import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone

import pytest
from ledgers import AT, HEAD, HOSTILE, abandon, basis, clock, tables, written

from crawlgate.errors import LedgerError
from crawlgate.ledger import current
from crawlgate.ledger.answers import Outcome, Received
from crawlgate.ledger.checkpoint import encode_hash
from crawlgate.ledger.current import System
from crawlgate.ledger.merkle import leaf_hash, root_of
from crawlgate.ledger.query import decisions, records
from crawlgate.ledger.record import RecordError, decision_table
from crawlgate.ledger.upkeep import Upkeep
from crawlgate.ledger.verify import verify
from crawlgate.ledger.writer import LedgerWriter
from crawlgate.model import Verdict


def opened(directory, **options):
    return LedgerWriter(directory, HEAD, now=clock(), **options)


class Disk:
    """`os.write` with a fault at the n-th call (from 0): an error, a short count, or any callable."""

    def __init__(self, at, fault, *, repeat=False):
        self.at, self.fault, self.repeat, self.calls = at, fault, repeat, 0

    def __call__(self, fd, data):
        call, self.calls = self.calls, self.calls + 1
        if call == self.at or (self.repeat and call > self.at):
            if isinstance(self.fault, int):
                return os.write(fd, data[: self.fault])
            if isinstance(self.fault, BaseException):
                raise self.fault
            return self.fault(fd, data)
        return os.write(fd, data)


def full(code=errno.ENOSPC):
    return OSError(code, os.strerror(code))


# -- a segment ------------------------------------------------------------------------------------------


def test_a_segment_from_head_to_seal(tmp_path):
    with opened(tmp_path / "new" / "ledger") as ledger:
        one, same, other = basis(), basis(), basis(Verdict.DENY)
        assert ledger.append_decision(AT, "https://example.com/a", one) == (ledger.segment, 2)
        assert ledger.append_decision(AT, "https://example.com/b", same)[1] == 3
        assert ledger.append_decision(AT, "https://example.com/c", other)[1] == 5
        assert ledger.append("outcome", {"at": AT, "decision": f"{ledger.segment}:2", "sizes": (1, 2)}) == (
            ledger.segment,
            6,
        )
        ledger.sync()
    head, *rest, seal = tables(ledger.path)
    assert [table["kind"] for table in rest] == ["basis", "decision", "decision", "basis", "decision", "outcome"]
    assert rest[1].keys() == {"at", "basis", "kind", "url"}
    assert [table["basis"] for table in rest if "basis" in table] == [1, 1, 4]
    assert rest[-1]["decision"] == 2
    assert head["segment"] == ledger.segment == ledger.path.stem
    assert (head["previous"], head["pid"], head["format"]) == (None, os.getpid(), 2)
    assert head["declaration"]["token"] == "ExampleBot"
    assert (seal["kind"], seal["records"]) == ("seal", 7)
    hashes = [leaf_hash(line) for line in ledger.path.read_bytes().splitlines()[:-1]]
    assert seal["root"] == encode_hash(root_of(hashes))
    assert base64.b64decode(seal["leaves"]) == b"".join(each[:2] for each in hashes)
    assert verify(ledger.path.parent).warnings == ()


@pytest.mark.parametrize(
    ("at", "url", "options"),
    [
        (AT, "https://example.com/", {}),
        (AT.replace(microsecond=0), "https://example.com/", {"enforced": False}),
        (AT.astimezone(timezone(timedelta(hours=9))), HOSTILE, {"problem": "no_host"}),
        (AT, "https://日本.example/", {"user_agent": "Other/1 \udc80", "hop_of": "seg:12"}),
        (AT, "", {"enforced": False, "problem": "p", "user_agent": "u", "hop_of": "h"}),
    ],
)
def test_the_fast_path_writes_what_append_writes(tmp_path, at, url, options):
    with opened(tmp_path) as ledger:
        ledger.append_decision(at, url, basis(), **options)
        ledger.append("decision", decision_table(at, url, 1, **options))
    fast, slow = ledger.path.read_bytes().splitlines()[2:4]
    assert fast == slow
    assert verify(tmp_path).ok


@pytest.mark.parametrize(
    "table",
    [
        {"disposition": "released", "media_type": "text/html", "status": 200},
        {"disposition": "released", "media_type": HOSTILE, "status": 200},
        {"disposition": "released", "media_type": "text/html", "status": 200, "creators": ["鏡", HOSTILE]},
        {"disposition": "passed_on", "media_type": "", "status": 301, "to": "https://example.com/"},
    ],
)
def test_a_decision_and_what_became_of_its_body_are_written_as_two_appends_write_them(tmp_path, table):
    body = {"sha256": "0" * 64, "bytes": 12, "complete": False}
    with opened(tmp_path / "one") as ledger:
        name, number = ledger.append_decision(AT, "https://example.com/", basis(), outcome=Outcome(AT, table))
        assert ledger.append_received(AT, (name, number), Received("0" * 64, 12, complete=False)) == (name, 4)
    fast = ledger.path.read_bytes().splitlines()[2:5]
    with opened(tmp_path / "at once") as ledger:
        found, whole = Outcome(AT, table), Received("0" * 64, 12, complete=False)
        ledger.append_decision(AT, "https://example.com/", basis(), outcome=found, received=whole)
    assert ledger.path.read_bytes().splitlines()[2:5] == fast
    with opened(tmp_path / "two") as ledger:
        number = ledger.append_decision(AT, "https://example.com/", basis())[1]
        named = {"at": AT, "decision": f"{ledger.segment}:{number}"}
        ledger.append("outcome", {**named, **table})
        ledger.append("outcome", {**named, "disposition": "read", **body})
    assert ledger.path.read_bytes().splitlines()[2:5] == fast
    assert verify(tmp_path / "one").ok


def test_what_was_read_names_a_decision_of_an_earlier_segment_whole(tmp_path):
    with opened(tmp_path) as ledger:
        name, number = ledger.append_decision(AT, "https://example.com/", basis())
        ledger._current.over = True
        ledger.append_received(AT, (name, number), Received("0" * 64, 1, complete=True))
    assert tables(ledger.path)[-2]["decision"] == f"{name}:{number}"
    assert verify(tmp_path).ok


@pytest.mark.parametrize("taken", [1, 130, 180])
def test_two_lines_of_which_the_system_takes_a_part_are_finished(tmp_path, taken):
    table = {"disposition": "released", "media_type": "text/html", "status": 200}
    with opened(tmp_path, system=System(write=Disk(3, taken)), upkeep=Upkeep(pack_from=None)) as ledger:
        for _ in range(300):  # tree records come in between
            ledger.append_decision(AT, "https://example.com/", basis(), outcome=Outcome(AT, table))
    assert sum(each["kind"] == "outcome" for each in tables(ledger.path)) == 300
    assert verify(tmp_path).ok


def test_two_lines_stand_in_the_ledger_both_or_the_call_fails(tmp_path):
    table = {"disposition": "released", "media_type": "text/html", "status": 200}
    with opened(tmp_path, system=System(write=Disk(2, full()))) as ledger:
        with pytest.raises(LedgerError):
            ledger.append_decision(AT, "https://example.com/", basis(), outcome=Outcome(AT, table))
        ledger.append_decision(AT, "https://example.com/", basis(), outcome=Outcome(AT, table))
    kinds = [each["kind"] for path in sorted(tmp_path.glob("*.jsonl")) for each in tables(path)]
    assert kinds.count("decision") == kinds.count("outcome") == 1


def test_the_declared_user_agent_is_not_repeated(tmp_path):
    with opened(tmp_path) as ledger:
        ledger.append_decision(AT, "https://example.com/", basis(), user_agent="ExampleBot/1.0")
    assert "user_agent" not in tables(ledger.path)[2]


def test_hostile_text_round_trips_on_one_line(tmp_path):
    with opened(tmp_path) as ledger:
        ledger.append_decision(AT, HOSTILE, basis(), problem=HOSTILE)
        ledger.append("outcome", {"at": AT, "decision": HOSTILE, HOSTILE: [HOSTILE]})
    assert ledger.path.read_bytes().count(b"\n") == 5
    assert verify(tmp_path).ok
    shown = HOSTILE.replace("\udc80", "\\udc80").replace("\ud800", "\\ud800")
    assert [(found.url, found.problem) for found in decisions(tmp_path)] == [(shown, shown)]
    assert [found.table[shown] for found in records(tmp_path, kinds={"outcome"})] == [[shown]]


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        ("nonsense", {}),
        ("seal", {"records": 1}),
        ("segment", {}),
        ("basis", {}),
        ("outcome", {"kind": "x"}),
        ("outcome", {}),
        ("outcome", {"at": "today"}),
        ("outcome", {"at": AT, "size": 0.5}),
        ("outcome", {"at": AT, "text": "x" * 16 * 1024 * 1024}),
    ],
)
def test_what_cannot_be_written_leaves_nothing_behind(tmp_path, kind, table):
    with opened(tmp_path) as ledger:
        with pytest.raises(RecordError):
            ledger.append(kind, table)
        with pytest.raises(RecordError):
            ledger.append_decision(datetime(2026, 1, 1), "https://example.com/", basis())  # noqa: DTZ001
        assert ledger.append("list", {"at": AT})[1] == 1
    assert verify(tmp_path).ok


def test_the_memo_of_bases_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(current, "_MEMO_OBJECTS", 3)
    monkeypatch.setattr(current, "_MEMO_CONTENTS", 5)
    with opened(tmp_path) as ledger:
        for number in range(40):
            ledger.append_decision(AT, f"https://example.com/{number}", basis(evidence=(str(number % 8),)))
        assert len(ledger._current.objects) <= 3
        assert len(ledger._current._contents) <= 5
    assert verify(tmp_path).ok
    assert [found.basis["evidence"] for found in decisions(tmp_path)] == [[str(number % 8)] for number in range(40)]


def test_a_closed_writer_refuses(tmp_path):
    ledger = opened(tmp_path)
    ledger.close()
    ledger.close()
    for call in (
        lambda: ledger.append("list", {"at": AT}),
        lambda: ledger.append_decision(AT, "u", basis()),
        ledger.sync,
    ):
        with pytest.raises(LedgerError, match="closed"):
            call()


# -- other segments -------------------------------------------------------------------------------------


def test_segments_are_chained_and_named_in_order_even_if_the_clock_goes_back(tmp_path):
    first = written(tmp_path)
    with LedgerWriter(tmp_path, HEAD, now=clock(AT - timedelta(days=30))) as ledger:
        pass
    assert ledger.path.name > first.name
    head, closed, _ = tables(ledger.path)
    assert (head["previous"], head["open"]) == (first.stem, [])
    lines = first.read_bytes().splitlines(keepends=True)
    assert (closed["kind"], closed["segment"], closed["sealed"]) == ("closed", first.stem, True)
    assert (closed["records"], closed["bytes"], closed["lost"]) == (7, sum(map(len, lines[:-1])), 0)
    assert closed["root"] == tables(first)[-1]["root"]
    report = verify(tmp_path)
    assert report.ok
    assert report.segments == 2


@pytest.mark.parametrize("bytes_left", [1, 40, 80])
def test_a_cut_tail_is_noted_once_and_not_touched(tmp_path, bytes_left):
    path = written(tmp_path, seal=False)
    whole = path.read_bytes()
    good = whole[: whole.rstrip(b"\n").rfind(b"\n") + 1]
    path.write_bytes(good + whole[len(good) :][:bytes_left])
    before = path.read_bytes()
    assert [fault.code for fault in verify(tmp_path).problems] == ["cut"]
    with opened(tmp_path) as ledger:
        pass
    with opened(tmp_path) as third:
        pass
    assert path.read_bytes() == before
    noted = tables(ledger.path)[1]
    assert (noted["kind"], noted["segment"]) == ("closed", path.stem)
    assert (noted["bytes"], noted["lost"]) == (len(good), len(before) - len(good))
    assert [table.get("segment") for table in tables(third.path)] == [third.segment, ledger.segment, None]
    report = verify(tmp_path)
    assert report.ok
    assert [fault.code for fault in report.warnings] == ["cut"]


def test_a_last_line_of_zeros_or_rubbish_counts_as_cut(tmp_path):
    path = written(tmp_path, seal=False)
    good = path.stat().st_size
    with path.open("ab") as file:
        file.write(b"\0" * 100 + b"\n")
    with opened(tmp_path) as ledger:
        pass
    assert (tables(ledger.path)[1]["bytes"], tables(ledger.path)[1]["records"]) == (good, 7)
    assert verify(tmp_path).ok


def test_an_empty_segment_is_noted(tmp_path):
    (tmp_path / "20200101T000000000000Z-1-abcdef.jsonl").touch()
    assert [fault.code for fault in verify(tmp_path).problems] == ["cut"]
    with opened(tmp_path) as ledger:
        pass
    assert tables(ledger.path)[0]["previous"] is None
    assert (tables(ledger.path)[1]["records"], tables(ledger.path)[1]["bytes"]) == (0, 0)
    assert verify(tmp_path).ok


def test_a_living_writers_tail_is_left_alone(tmp_path):
    with opened(tmp_path) as living:
        os.write(living._current.fd, b'{"half')
        with opened(tmp_path) as other:
            pass
        assert [table["kind"] for table in tables(other.path)] == ["segment", "seal"]
        assert verify(tmp_path).ok
        os.truncate(living.path, living._current.size)
    assert verify(tmp_path).ok


def test_a_writer_that_is_forgotten_is_sealed_or_harmless(tmp_path):
    ledger = opened(tmp_path)
    ledger.append("list", {"at": AT})
    path = ledger.path
    del ledger
    gc.collect()
    assert tables(path)[-1]["kind"] == "seal"
    assert verify(tmp_path).ok


def test_a_writer_open_at_exit_is_sealed(tmp_path):
    script = (
        "import sys\nfrom datetime import UTC, datetime\nfrom pathlib import Path\n"
        "from crawlgate.ledger.writer import LedgerWriter\n"
        "keep = [LedgerWriter(Path(sys.argv[1]), {}, now=lambda: datetime.now(UTC))]\nkeep.append(keep)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
    report = verify(tmp_path)
    assert report.ok
    assert report.records["seal"] == 1


# -- faults ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["a file", "below a file", "read only", "lock"])
def test_a_place_that_cannot_keep_records(tmp_path, how):
    place = tmp_path / "ledger"
    if how == "a file":
        place.write_text("")
    elif how == "below a file":
        place.write_text("")
        place = place / "deeper"
    elif how == "read only":
        place = tmp_path.__class__("/proc/self")
    else:
        (place / ".lock").mkdir(parents=True)
    with pytest.raises(LedgerError) as caught:
        opened(place)
    assert caught.value.path.startswith(str(place))
    assert str(place) in str(caught.value)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT])
@pytest.mark.parametrize("partly", [False, True])
def test_a_failing_disk_poisons_the_writer(tmp_path, code, partly):
    def some_bytes_then_error(fd, data):
        if partly and disk.calls == disk.at + 1:
            return os.write(fd, data[:30])
        raise full(code)

    disk = Disk(4, some_bytes_then_error, repeat=True)
    ledger = opened(tmp_path, system=System(write=disk))
    for number in range(2):
        ledger.append_decision(AT, f"https://example.com/{number}", basis())
    with pytest.raises(LedgerError) as caught:
        ledger.append_decision(AT, "https://example.com/lost", basis())
    assert os.strerror(code) in str(caught.value)
    assert caught.value.path == str(ledger.path)
    first, size = ledger.path, ledger.path.stat().st_size
    with pytest.raises(LedgerError, match=str(tmp_path)):  # still no room: no segment is left behind
        ledger.append("list", {"at": AT})
    assert list(tmp_path.glob("*.jsonl")) == [first]
    disk.at, disk.repeat = 10**9, False  # the disk is well again; the segment is not
    ledger.append_decision(AT, "https://example.com/again", basis())
    assert ledger.path != first
    ledger.close()
    assert first.stat().st_size == size
    closed = tables(ledger.path)[1]
    assert (closed["kind"], closed["segment"]) == ("closed", first.stem)
    assert os.strerror(code) in closed["problem"]
    report = verify(tmp_path)
    assert report.ok
    assert [fault.code for fault in report.warnings] == ["cut" if partly else "open"]
    assert [found.url[20:] for found in decisions(tmp_path)] == ["0", "1", "again"]


@pytest.mark.parametrize("fault", [0, 1, 50, InterruptedError()])
@pytest.mark.parametrize("at", range(4))
def test_short_writes_and_interrupts_are_completed(tmp_path, at, fault):
    with opened(tmp_path, system=System(write=Disk(at, fault))) as ledger:
        for number in range(3):
            ledger.append_decision(AT, f"https://example.com/{number}", basis())
    report = verify(tmp_path)
    assert report.ok
    assert report.warnings == ()
    assert report.records["decision"] == 3


def test_a_disk_that_takes_nothing_is_given_up(tmp_path):
    ledger = opened(tmp_path, system=System(write=Disk(1, 0, repeat=True)))
    with pytest.raises(LedgerError):
        ledger.append("list", {"at": AT})


def test_a_head_that_cannot_be_written_leaves_no_file(tmp_path):
    with pytest.raises(LedgerError):
        opened(tmp_path, system=System(write=Disk(0, full())))
    assert list(tmp_path.glob("*.jsonl")) == []


def test_a_failed_fsync_is_never_believed(tmp_path):
    failing = [False]

    def fsync(fd):
        if failing[0]:
            raise full(errno.EIO)

    ledger = opened(tmp_path, system=System(sync=fsync, sync_directory=fsync))
    ledger.append("list", {"at": AT})
    first = ledger.path
    failing[0] = True
    with pytest.raises(LedgerError, match=str(first)):
        ledger.sync()
    with pytest.raises(LedgerError):  # the new segment's name cannot be kept either
        ledger.append("list", {"at": AT})
    failing[0] = False
    ledger.append("list", {"at": AT})
    ledger.close()
    assert "bring to the disk" in tables(ledger.path)[1]["problem"]
    assert [table["kind"] for table in tables(first)] == ["segment", "list"]
    assert verify(tmp_path).ok
    failing[0] = True
    with pytest.raises(LedgerError), opened(tmp_path / "other", system=System(sync=fsync, sync_directory=fsync)):
        pass


@pytest.mark.parametrize("wrote", [False, True])
def test_an_interrupt_within_a_write_leaves_the_count_right(tmp_path, wrote):
    def interrupted(fd, data):
        if wrote:
            os.write(fd, data)
        raise KeyboardInterrupt

    with opened(tmp_path, system=System(write=Disk(2, interrupted))) as ledger:
        with pytest.raises(KeyboardInterrupt):
            ledger.append_decision(AT, "https://example.com/0", basis())
        ledger.append_decision(AT, "https://example.com/1", basis())
    report = verify(tmp_path)
    assert report.ok
    assert report.records["decision"] == (2 if wrote else 1)


def test_an_interrupt_that_leaves_half_a_line_ends_the_segment(tmp_path):
    def interrupted(fd, data):
        os.write(fd, data[:20])
        raise KeyboardInterrupt

    ledger = opened(tmp_path, system=System(write=Disk(1, interrupted)))
    first = ledger.path
    with pytest.raises(KeyboardInterrupt):
        ledger.append("list", {"at": AT})
    ledger.append("list", {"at": AT})
    ledger.close()
    assert ledger.path != first
    assert [(fault.code, fault.segment) for fault in verify(tmp_path).warnings] == [("cut", first.stem)]


# -- processes and threads ------------------------------------------------------------------------------

KILLED = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from crawlgate.ledger.writer import LedgerWriter
from crawlgate.model import Basis, Stage, Verdict
now = lambda: datetime.now(UTC)
basis = Basis(stage=Stage.PRE_FETCH, verdict=Verdict.ALLOW, temporary=False, findings=(), reasons=(),
              not_assessed={}, evidence=(), profile="p", rule_pack="r")
ledger = LedgerWriter(Path(sys.argv[1]), {}, now=now)
while True:
    segment, seq = ledger.append_decision(now(), "https://example.com/" + "x" * 300, basis)
    sys.stdout.write(f"{segment}:{seq}\\n")
    sys.stdout.flush()
"""


@pytest.mark.parametrize("after", [1, 500, 3000])
def test_every_acknowledged_record_survives_kill_9(tmp_path, after):
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    acknowledged = [process.stdout.readline() for _ in range(after)]
    process.send_signal(signal.SIGKILL)
    acknowledged += process.stdout.readlines()
    process.stdout.close()
    process.wait()
    told = [line.strip() for line in acknowledged if line.endswith("\n")]
    report = verify(tmp_path)
    assert {fault.code for fault in report.problems} <= {"cut"}
    assert {fault.code for fault in report.warnings} <= {"open"}
    kept = [found.record for found in decisions(tmp_path, report=lambda fault: None)]
    assert kept[: len(told)] == told
    assert len(kept) - len(told) <= 1
    with opened(tmp_path):
        pass
    assert verify(tmp_path).ok


def in_child(work):
    """Run `work` in a forked child; whether it went well."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_forked_child_gets_a_segment_of_its_own(tmp_path):
    with opened(tmp_path) as ledger:
        shared = basis()
        parent, _ = ledger.append_decision(AT, "https://example.com/parent", shared)

        def work():
            segment, seq = ledger.append_decision(AT, "https://example.com/child", shared)
            assert segment != parent
            assert seq == 2
            ledger.close()

        with ledger._lock:  # another thread may hold it at the moment of the fork
            assert in_child(work)
        assert in_child(ledger.close)  # a child that wrote nothing must not seal for its parent
        assert ledger.append_decision(AT, "https://example.com/again", shared) == (parent, 3)
    report = verify(tmp_path)
    assert report.ok
    assert report.warnings == ()
    assert report.segments == 2
    assert {found.url.rpartition("/")[2] for found in decisions(tmp_path)} == {"parent", "child", "again"}


def test_a_fork_does_not_open_a_closed_writer(tmp_path):
    ledger = opened(tmp_path)
    ledger.close()

    def work():
        with pytest.raises(LedgerError):
            ledger.append("list", {"at": AT})

    assert in_child(work)
    assert verify(tmp_path).segments == 1


def test_threads_share_a_writer(tmp_path):
    with opened(tmp_path) as ledger:
        bases = [basis(evidence=(str(number),)) for number in range(4)]
        seqs = []

        def work(name):
            for number in range(100):
                seqs.append(ledger.append_decision(AT, f"https://{name}.example/{number}", bases[number % 4])[1])
                ledger.append("outcome", {"at": AT, "decision": "x"})

        threads = [threading.Thread(target=work, args=(name,)) for name in "abcdefgh"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(set(seqs)) == 800
    report = verify(tmp_path)
    assert report.ok
    assert report.records == {"segment": 1, "basis": 4, "decision": 800, "outcome": 800, "tree": 6, "seal": 1}


def test_writers_that_open_at_once_form_one_chain(tmp_path):
    opened_writers = []
    threads = [threading.Thread(target=lambda: opened_writers.append(opened(tmp_path))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for ledger in opened_writers[:6]:
        ledger.close()
    for ledger in opened_writers[6:]:
        abandon(ledger)
    report = verify(tmp_path)
    assert report.ok
    assert report.segments == 12
    assert len(report.warnings) == 6
