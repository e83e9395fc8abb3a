"""Several processes write to one home at full speed: nothing is lost, and all of it verifies."""

import json
import os
import subprocess
import sys

from ledgers import HEAD, basis, clock

from crawlgate.ledger.keys import home_key, public_key
from crawlgate.ledger.packing import PACK_FROM
from crawlgate.ledger.query import decisions
from crawlgate.ledger.upkeep import Upkeep
from crawlgate.ledger.verify import verify
from crawlgate.ledger.writer import LedgerWriter

PROCESSES, EACH = 8, 4_000
WORK = """
import json, sys
from datetime import UTC, datetime
from pathlib import Path
from crawlgate.ledger.open import open_ledger
from crawlgate.ledger.upkeep import Upkeep
from crawlgate.model import Basis, Stage, Verdict
home, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
now = lambda: datetime.now(UTC)
basis = Basis(stage=Stage.PRE_FETCH, verdict=Verdict.ALLOW, temporary=False, findings=(), reasons=(),
              not_assessed={}, evidence=(), profile="p", rule_pack="r")
upkeep = Upkeep(segment_bytes=100_000, commit_interval=0.01, checkpoint_interval=0.05)
told = []
with open_ledger(home / "ledger", home / "keys", {}, now=now, upkeep=upkeep) as ledger:
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(count):
        told.append("%s:%d" % ledger.append_decision(now(), f"https://{name}.example/{number}", basis))
print(json.dumps(told))
"""


def test_eight_processes_at_full_speed(tmp_path):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WORK, str(tmp_path), f"p{n}", str(EACH)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * PROCESSES
    found = {decision.record: decision.url for decision in decisions(tmp_path / "ledger")}
    assert len(found) == PROCESSES * EACH
    for n, names in enumerate(map(json.loads, told)):
        assert [found[name] for name in names] == [f"https://p{n}.example/{number}" for number in range(EACH)]
    report = verify(tmp_path / "ledger", keys=[public_key(str(tmp_path / "keys" / "ledger.pub"))])
    assert (report.problems, report.warnings) == ((), ())
    assert report.segments > 2 * PROCESSES
    assert all(path.stat().st_size < PACK_FROM for path in (tmp_path / "ledger").glob("*.jsonl"))


def test_workers_that_are_forked_have_segments_of_their_own(tmp_path):
    key = home_key(tmp_path / "keys")
    with LedgerWriter(tmp_path / "ledger", HEAD, now=clock(), key=key, upkeep=Upkeep(pack_from=None)) as ledger:
        shared = basis()
        for generation in range(3):
            ledger.append_decision(clock()(), f"https://parent.example/{generation}", shared)
            children = []
            for name in range(4):
                child = os.fork()
                if child == 0:
                    status = 1
                    try:
                        for number in range(50):
                            ledger.append_decision(clock()(), f"https://{generation}.{name}.example/{number}", shared)
                        ledger.close()
                        status = 0
                    finally:
                        os._exit(status)
                children.append(child)
            assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 4
    report = verify(tmp_path / "ledger", keys=[key.verifier])
    assert (report.problems, report.warnings) == ((), ())
    assert report.records["decision"] == 3 + 3 * 4 * 50
    assert report.segments == 13
