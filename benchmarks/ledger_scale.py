"""A ledger of many records: how fast its index is made, and how fast it answers.

    python benchmarks/ledger_scale.py --records 10000000 --home /path/with/space

The ledger is written by the real writer, three records a fetch (decision before, decision after, outcome), over hosts
drawn by Zipf's law, evidence for each host. Questions are put in processes of their own, as a user would; each figure
is the median of five. Nothing is asserted; figures depend on the machine.
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

from crawlgate.evidence.store import EvidenceStore
from crawlgate.ledger.index.store import Index
from crawlgate.ledger.record import evidence_table
from crawlgate.ledger.writer import LedgerWriter
from crawlgate.model import Basis, Evidence, EvidenceKind, Finding, Outcome, Stage, Verdict

BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
HEAD = {
    "program": "crawlgate benchmark",
    "declaration": {"operator": "Example Lab", "token": "ExampleBot", "user_agent": "ExampleBot/1.0"},
    "profile": {"name": "standard", "sha256": "00" * 32},
    "mode": "enforce",
    "lists": [],
}


def bases(evidence: str) -> tuple[Basis, Basis, Basis]:
    """What decisions about one host rest on: allow before, allow after, deny before."""
    silent = tuple(Finding(criterion=c, outcome=Outcome.NOT_MET, reason="b2.nothing") for c in ("B1", "B2", "B3", "B5"))
    against = Finding(criterion="B2", outcome=Outcome.MET, reason="b2.measure", params={"quote": "Disallow: /"})
    made = []
    for stage, verdict in (
        (Stage.PRE_FETCH, Verdict.ALLOW),
        (Stage.POST_FETCH, Verdict.ALLOW),
        (Stage.PRE_FETCH, Verdict.DENY),
    ):
        denied = verdict is Verdict.DENY
        made.append(
            Basis(
                stage=stage,
                verdict=verdict,
                temporary=False,
                findings=(against, *silent[2:]) if denied else silent,
                reasons=(against,) if denied else (),
                not_assessed={"A4": "not_assessed.corpus"},
                evidence=(evidence,),
                profile="standard",
                rule_pack="jp-30-4/2024-05/1",
            )
        )
    return made[0], made[1], made[2]


def write(home: Path, records: int, hosts: int) -> None:
    """Write a ledger of about `records` records about `hosts` hosts."""
    draw = random.Random(7)
    weights = list(accumulate(1 / (rank + 10) for rank in range(hosts)))
    known: dict[int, tuple[Basis, Basis, Basis]] = {}
    written, fetch = 0, 0
    with LedgerWriter(home / "ledger", HEAD, now=lambda: BEGIN) as ledger, EvidenceStore(home / "evidence") as store:
        while written < records:
            for rank in draw.choices(range(hosts), cum_weights=weights, k=10_000):
                fetch += 1
                at = BEGIN + timedelta(microseconds=fetch * 2_000)
                host = f"www.site-{rank}.example"
                if rank not in known:
                    body = b"User-agent: *\nDisallow: /private-%d\n" % rank
                    url = f"https://{host}/robots.txt"
                    found = Evidence(id=f"{rank:016x}", kind=EvidenceKind.ROBOTS, url=url, final_url=url, fetched_at=at,
                                     status=200, body=body, sha256=f"{rank:064x}")  # fmt: skip
                    ledger.append("evidence", evidence_table(found, store.put(found) if rank % 50 == 0 else None))
                    known[rank] = bases(found.id)
                    written += 4
                before, after, denied = known[rank]
                url = f"https://{host}/news/2026/{draw.randrange(12) + 1:02}/article-{draw.randrange(10**6):06}.html"
                if fetch % 9 == 0:
                    ledger.append_decision(at, url, denied)
                    written += 1
                    continue
                ledger.append_decision(at, url, before)
                segment, seq = ledger.append_decision(at, url, after)
                ledger.append(
                    "outcome", {"at": at, "decision": f"{segment}:{seq}", "disposition": "released", "status": 200}
                )
                written += 3


def timed(*arguments: str) -> tuple[float, int, str]:
    """Median seconds of five runs of `crawlgate`, and the greatest resident size in KiB; the last output."""
    seconds, out = [], ""
    for _ in range(5):
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "crawlgate", *arguments], capture_output=True, text=True, check=False
        )
        seconds.append(time.perf_counter() - started)
        out = done.stdout
        if done.returncode not in (0, 1, 4):
            sys.exit(done.stderr)
    return statistics.median(seconds), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--hosts", type=int, default=0, help="default: one for 50 records")
    parser.add_argument("--home", type=Path, help="kept if given; written if it holds no ledger yet")
    options = parser.parse_args()
    home = options.home or Path(tempfile.mkdtemp(prefix="crawlgate-scale-"))
    hosts = options.hosts or max(options.records // 50, 10)
    try:
        if not (home / "ledger").exists():
            started = time.perf_counter()
            write(home, options.records, hosts)
            print(f"written in {time.perf_counter() - started:.0f} s")
        size = sum(path.stat().st_size for path in (home / "ledger").iterdir())
        started = time.perf_counter()
        with Index(home) as index:
            index.rebuild()
            taken = time.perf_counter() - started
            states = index.ask(lambda lookup: lookup.segments())
        lines = sum(state.lines for state in states)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"ledger: {lines:,} records in {len(states)} segments, {size / 1e6:,.0f} MB on disk")
        print(f"index made in {taken:.1f} s ({lines / taken:,.0f} records a second), peak {peak:.0f} MB resident,")
        print(f"  {(home / 'state.sqlite').stat().st_size / 1e6:,.0f} MB on disk")
        # questions(home, hosts)
    finally:
        if options.home is None:
            shutil.rmtree(home)


def questions(home: Path, hosts: int) -> None:
    """Put the questions of the issue at hand, and print how long they take."""
    draw = random.Random(3)
    listed = home / "asked.txt"
    with listed.open("w") as file:
        for _ in range(10_000):
            host = f"www.site-{draw.randrange(hosts)}.example"
            file.write(
                f"https://{host}/news/2026/{draw.randrange(12) + 1:02}/article-{draw.randrange(10**6):06}.html\n"
            )
    for name, arguments in (
        ("host with the most records", ("inquire", "www.site-0.example", "--home", str(home))),
        ("host of middling size", ("inquire", f"www.site-{hosts // 10}.example", "--home", str(home))),
        ("unknown host", ("inquire", "nowhere.example", "--home", str(home))),
        ("file of 10,000 URLs", ("inquire", "--file", str(listed), "--home", str(home), "--format", "json")),
    ):
        seconds, peak, _ = timed(*arguments)
        print(f"{name}: {seconds:.2f} s, peak so far {peak / 1024:.0f} MB resident")
    listed.unlink()


if __name__ == "__main__":
    main()
