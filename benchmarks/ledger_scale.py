"""A ledger of many records: how fast its index is made, and how fast it answers.

    python benchmarks/ledger_scale.py --records 10000000 --home /path/with/space

The ledger is written by the real writer, three records a fetch (decision before, decision after, outcome), over hosts
drawn by Zipf's law, evidence for each host. Questions are put in processes of their own, as a user would; each figure
is the median of five. Nothing is asserted; figures depend on the machine.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

from crawlgate.evidence.store import EvidenceStore
from crawlgate.ledger.record import evidence_table
from crawlgate.ledger.writer import LedgerWriter
from crawlgate.model import Basis, Evidence, EvidenceKind, Finding, Outcome, Stage, Verdict

LISTED = 10_000
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
    """Write a ledger of about `records` records about `hosts` hosts, and a list of 10,000 URLs of which it knows four
    in five."""
    draw = random.Random(7)
    weights = list(accumulate(1 / (rank + 10) for rank in range(hosts)))
    known: dict[int, tuple[Basis, Basis, Basis]] = {}
    listed: list[str] = []
    written, fetch = 0, 0
    with LedgerWriter(home / "ledger", HEAD, now=lambda: BEGIN) as ledger, EvidenceStore(home / "evidence") as store:
        while written < records:
            for rank in draw.choices(range(hosts), cum_weights=weights, k=10_000):
                fetch += 1
                at = BEGIN + timedelta(microseconds=fetch * 2_000)
                host = f"www.site-{rank}.example"
                if rank not in known:
                    known[rank] = begin(ledger, store, rank, host, at)
                    written += 4
                before, after, denied = known[rank]
                url = f"https://{host}/news/2026/{draw.randrange(12) + 1:02}/article-{draw.randrange(10**6):06}.html"
                if fetch % max(records // 24_000, 1) == 0 and len(listed) < LISTED * 4 // 5:
                    listed.append(url)
                if fetch % 9 == 0:
                    ledger.append_decision(at, url, denied)
                    written += 1
                    continue
                ledger.append_decision(at, url, before)
                segment, seq = ledger.append_decision(at, url, after)
                table = {"at": at, "decision": f"{segment}:{seq}", "disposition": "released", "status": 200}
                ledger.append("outcome", table)
                written += 3
    while len(listed) < LISTED:
        listed.append(f"https://www.site-{draw.randrange(hosts)}.example/unknown-{len(listed)}.html")
    draw.shuffle(listed)
    (home / "asked.txt").write_text("\n".join(listed) + "\n")


def begin(ledger: LedgerWriter, store: EvidenceStore, rank: int, host: str, at: datetime) -> tuple[Basis, Basis, Basis]:
    """The evidence of a host, one in fifty with its bytes, and what decisions rest on."""
    url = f"https://{host}/robots.txt"
    body = b"User-agent: *\nDisallow: /private-%d\n" % rank
    found = Evidence(
        id=f"{rank:016x}",
        kind=EvidenceKind.ROBOTS,
        url=url,
        final_url=url,
        fetched_at=at,
        status=200,
        body=body,
        sha256=hashlib.sha256(body).hexdigest(),
    )
    ledger.append("evidence", evidence_table(found, store.put(found) if rank % 50 == 0 else None))
    return bases(found.id)


def ran(*arguments: object) -> tuple[float, float]:
    """Seconds of one run of `crawlgate`, and its greatest resident size in MB."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "crawlgate", *map(str, arguments)]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - started
    if os.waitstatus_to_exitcode(status) not in (0, 4):
        sys.exit(child.stderr.read().decode() if child.stderr else "failed")
    return seconds, usage.ru_maxrss / 1024


def asked(name: str, *arguments: object) -> None:
    """Put a question five times, and print the median."""
    runs = [ran("inquire", *arguments) for _ in range(5)]
    print(f"{name}: {statistics.median(s for s, _ in runs):.2f} s, {max(mb for _, mb in runs):.0f} MB resident")


def size_of(*paths: Path) -> float:
    """Megabytes on disk."""
    return sum(path.stat().st_size for path in paths) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--hosts", type=int, default=0, help="default: one for 50 records")
    parser.add_argument("--home", type=Path, help="kept if given; written if it holds no ledger yet")
    parser.add_argument("--write", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    home = options.home or Path(tempfile.mkdtemp(prefix="crawlgate-scale-"))
    hosts = options.hosts or max(options.records // 50, 10)
    if options.write:
        write(home, options.records, hosts)
        return
    try:
        if not (home / "ledger").exists():
            started = time.perf_counter()
            # In a process of its own: what a child is said to take begins with what its parent took.
            again = [
                sys.executable,
                __file__,
                "--write",
                "--home",
                home,
                "--hosts",
                hosts,
                "--records",
                options.records,
            ]
            subprocess.run([str(part) for part in again], check=True)
            print(f"written in {time.perf_counter() - started:.0f} s")
        questions(home, hosts)
    finally:
        if options.home is None:
            shutil.rmtree(home)


def questions(home: Path, hosts: int) -> None:
    """Make the index, put the questions, and print how long each takes."""
    (home / "state.sqlite").unlink(missing_ok=True)
    seconds, peak = ran("ledger", "reindex", "--home", home)
    with sqlite3.connect(home / "state.sqlite") as db:
        lines, segments = db.execute("SELECT sum(lines), count(*) FROM segment").fetchone()
    print(f"ledger: {lines:,} records in {segments} segments, {size_of(*(home / 'ledger').iterdir()):,.0f} MB on disk")
    print(f"index: made in {seconds:.1f} s ({lines / seconds:,.0f} records a second), {peak:.0f} MB resident, "
          f"{size_of(home / 'state.sqlite'):,.0f} MB on disk")  # fmt: skip
    asked("host with the most records", "www.site-0.example", "--home", home)
    asked("host of middling size", f"www.site-{hosts // 10}.example", "--home", home)
    asked("domain of that host", f"site-{hosts // 10}.example", "--home", home)
    asked("unknown host", "nowhere.example", "--home", home)
    asked("file of 10,000 URLs", "--file", home / "asked.txt", "--home", home, "--format", "json")


if __name__ == "__main__":
    main()
