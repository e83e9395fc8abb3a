"""What the steps of an audit in parts cost (`crawlgate.audit.partition`), without the cost of Ray or Spark themselves.

    python benchmarks/audit_parts.py [DATA] [--rows 1000000] [--hosts 20000] [--parts 4]

Rows and robots.txt are made as in `audit_rows.py`. Printed are processor seconds of one core, in microseconds a row, or
a file of evidence: placing rows, placing evidence, judging all parts with their evidence, robots.txt reading included.
The parts are judged one after another, each with everything to learn, so that the sum is what a cluster spends.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from audit_rows import TOKEN, bodies_of, label

from crawlgate import Declaration, TableGate
from crawlgate.audit.partition import PART, Parts, judge_part

START = datetime(2024, 5, 1, tzinfo=UTC)


def made(folder: Path | None, rows: int, hosts: int) -> tuple[pa.Table, pa.Table]:
    chance = random.Random(1)
    names = [f"{label(chance)}{n}.example" for n in range(hosts)]
    bodies = bodies_of(folder)
    evidence = pa.table({
        "host": names,
        "time": pa.array([START] * hosts, pa.timestamp("us", "UTC")),
        "status": [200] * hosts,
        "body": [bodies[n % len(bodies)].encode("utf-8", "replace") for n in range(hosts)],
    })  # fmt: skip
    popularity = 1 / np.arange(1, hosts + 1)
    which = np.random.default_rng(1).choice(hosts, rows, p=popularity / popularity.sum())
    table = pa.table({
        "url": [f"https://{names[n]}/news/item{k % 977}/{k}" for k, n in enumerate(which.tolist())],
        "time": pa.array([START + timedelta(hours=1)] * rows, pa.timestamp("us", "UTC")),
        "status": pa.array(np.full(rows, 200, np.int16)),
    })  # fmt: skip
    return table, evidence


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--hosts", type=int, default=20_000)
    parser.add_argument("--parts", type=int, default=4)
    told = parser.parse_args()
    rows, evidence = made(told.data, told.rows, told.hosts)
    declared = Declaration(operator="Lab", token=TOKEN, user_agent=f"{TOKEN}/1.0", purposes=["pretraining"])
    gate = TableGate(declared)
    judge_part(gate, rows.slice(0, 100), evidence.slice(0, 10))  # compiled loops are loaded before anything is timed
    placing = Parts(told.parts)

    def took(what: str, count: int, began: float) -> None:
        print(f"{what:<28} {(time.process_time() - began) / count * 1e6:8.2f} us each of {count:,}")

    began = time.process_time()
    parts = placing.rows(rows["url"])
    took("placing rows", told.rows, began)
    began = time.process_time()
    beside = placing.evidence(evidence)
    took("placing evidence", told.hosts, began)
    began = time.process_time()
    verdicts = 0
    for part in range(told.parts):
        its = beside.filter(pa.array(np.asarray(beside[PART]) == part))
        answered, _ = judge_part(gate, rows.filter(pa.array(parts == part)), its)
        verdicts += len(answered) - answered["verdict"].null_count
    took("judging, evidence included", told.rows, began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{verdicts:,} rows judged; at most {peak:,.0f} MB")


if __name__ == "__main__":
    main()
