"""The report of a large audit: how long it takes, and how much memory, from outputs made up at the size asked for.

    python benchmarks/audit_report.py [--rows 10000000] [--hosts 200000] [--form html] [--group 1000000]

Rows lie on hosts whose popularity falls as 1/rank, over two years, with forty kinds of decisions, a twentieth on a
list,
an eighth with a line of robots.txt; row groups hold `--group` rows. Each report runs in a process of its own: what is
printed is the median of three, and the largest memory any of them held.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

KINDS = 40
START = 1_672_531_200_000_000
SPAN = 730 * 86_400_000_000


def make(folder: Path, rows: int, hosts: int, group: int) -> None:
    """The outputs of an audit that never was."""
    from crawlgate.audit.output.bases import SCHEMA as BASES
    from crawlgate.audit.output.decisions import SCHEMA as DECISIONS
    from crawlgate.audit.quotes import SCHEMA as LINES

    rng = np.random.default_rng(7)
    weights = 1 / np.arange(1, hosts + 1)
    cumulated = np.cumsum(weights / weights.sum())
    kinds = [kind(n) for n in range(KINDS)]
    pq.write_table(pa.Table.from_pylist(kinds, BASES), folder / "bases.parquet")
    hashes = [f"{n:064x}" for n in range(500)]
    lines = [
        {"robots": h, "line": 7, "about": "own", "text": "Disallow: /private/", "agents": ["User-agent: *"]}
        for h in hashes
    ]
    pq.write_table(pa.Table.from_pylist(lines, LINES), folder / "lines.parquet")
    (folder / "rejects.jsonl").write_text("")
    summary = {"coverage": {"judged": rows, "rejected": 0, "rejected_by": {}}, "as_of": "fetched", "declaration": {}}
    (folder / "summary.json").write_text(json.dumps(summary))
    with pq.ParquetWriter(folder / "decisions.parquet", DECISIONS, compression="zstd") as to:
        for first in range(0, rows, group):
            table = piece(rng, first, min(group, rows - first), cumulated, hashes, kinds)
            for field in DECISIONS:
                if field.name not in table.column_names:
                    table = table.append_column(field, pa.nulls(len(table), field.type))
            to.write_table(table.select(DECISIONS.names).cast(DECISIONS))


def kind(number: int) -> dict[str, object]:
    """One kind of decision: a fifth denied, a fifth held."""
    verdict = ("deny", "review", "allow", "allow", "allow")[number % 5]
    outcome = {"deny": "met", "review": "unknown", "allow": "not_met"}[verdict]
    findings = [{"criterion": "B2", "outcome": outcome, "reason": f"b2.{outcome}"}]
    findings += [{"criterion": f"B{n}", "outcome": "not_met", "reason": f"b{n}.none"} for n in (3, 4, 5)]
    return {
        "basis": number,
        "stage": "audit",
        "verdict": verdict,
        "temporary": False,
        "criteria": 0,
        "findings": findings,
        "reasons": [] if verdict == "allow" else ["B2"],
        "not_assessed": [("A1", "not_assessed.no_additional_training"), (f"check.{number % 3}", "x")],
        "overrides": [],
        "profile": "standard",
        "rule_pack": "x",
        "rows": 0,
    }


def piece(
    rng: np.random.Generator,
    first: int,
    count: int,
    cumulated: np.ndarray,
    hashes: list[str],
    kinds: list[dict[str, object]],
) -> pa.Table:
    """Some rows on end."""
    host = np.minimum(np.searchsorted(cumulated, rng.random(count)), len(cumulated) - 1)
    used, places = np.unique(host, return_inverse=True)
    basis = (host * 7 + rng.integers(0, 4, count)) % KINDS
    named = pa.array([f"www.host{n:06}.example" for n in used])
    hosts = pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int32)), named)
    number = pa.array(np.arange(first, first + count))
    urls = pa.compute.binary_join_element_wise("https://www.example/some/path/", number.cast(pa.string()), ".html", "")
    verdicts = pa.array([str(one["verdict"]) for one in kinds])
    codes = pa.array(basis.astype(np.int32))
    robots = pa.DictionaryArray.from_arrays(
        pa.array((host % len(hashes)).astype(np.int32), mask=host % 11 == 0), pa.array(hashes)
    )
    listed = pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32), mask=host % 20 != 0), ["list.txt@1"])
    notices = pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int32), mask=host % 20 != 0), named)
    times = pa.array((START + rng.random(count) * SPAN).astype(np.int64)).cast(pa.timestamp("us", "UTC"))
    return pa.table(
        {
            "file": pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), ["crawl.parquet"]),
            "row": number,
            "url": urls,
            "host": hosts,
            "surt": hosts,
            "time": times,
            "verdict": pa.DictionaryArray.from_arrays(codes, verdicts),
            "findings": pa.DictionaryArray.from_arrays(codes, verdicts),
            "criteria": pa.array(np.zeros(count, np.uint64)),
            "basis": codes,
            "robots": robots,
            "robots_at": times,
            "robots_line": pa.array(np.full(count, 7, np.int32), mask=(basis % 5 != 0) | (host % 11 == 0)),
            "list": listed,
            "notice": notices,
        }
    )


def report(folder: Path, form: str, to: object) -> None:
    """One report; seconds, and the most memory held in MiB."""
    from crawlgate.report.audit.forms import Form, make_report

    began = time.perf_counter()
    _, text = make_report(folder, form=Form(form))
    took = time.perf_counter() - began
    to.put((took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, len(text)))  # type: ignore[attr-defined]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--rows", type=int, default=10_000_000)
    options.add_argument("--hosts", type=int, default=200_000)
    options.add_argument("--group", type=int, default=1_000_000)
    options.add_argument("--form", default="html")
    given = options.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    context = get_context("spawn")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        make(folder, given.rows, given.hosts, given.group)
        size = (folder / "decisions.parquet").stat().st_size
        told = []
        for _ in range(3):
            queue = context.Queue()
            run = context.Process(target=report, args=(folder, given.form, queue))
            run.start()
            told.append(queue.get())
            run.join()
    seconds = statistics.median(took for took, _, _ in told)
    memory = max(held for _, held, _ in told)
    print(f"{given.rows:,} rows, {given.hosts:,} hosts, {size / 1e6:,.0f} MB of decisions")
    print(f"{given.form}: {seconds:.1f} s, {memory:,.0f} MiB, {told[0][2]:,} characters", file=sys.stdout)


if __name__ == "__main__":
    main()
