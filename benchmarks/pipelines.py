"""The gate inside Hugging Face `filter(batched=True)` beside datatrove's URLFilter, on the same URLs, one core each.

    python benchmarks/pipelines.py [DATA] [--rows 1000000] [--hosts 50000] [--listed 1000000] [--batch 50000]

Rows as in `audit_rows.py`. What each reads: the gate a list of `--listed` domains, the robots.txt of each row's host
as it stood at the row's time, and the row's status, and it answers all criteria that need no page; URLFilter the same
list, and nothing else. It needs pyahocorasick and fasteners beside datatrove.

- gate, cold: a gate that has seen no row; the compiled list and the evidence are in memory, the kernels are compiled;
- gate, warm: the same filter again, as in a second epoch or a later shard of the same hosts, in large batches and in
  those that `filter` makes by itself;
- allowed: what docs/pipelines.md shows, with its own choice of batches, its tally and its cache file;
- URLFilter: `filter(document)` over documents that stand ready, its fastest way;
- URLFilter in filter: the same inside `filter(batched=True)`.

The format of the dataset is told in each line: `arrow` hands tables to the function, `python` lists. URLFilter is
measured on a sample. What counts are the ratios; absolute figures belong to the machine.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from audit_rows import START, TOKEN, make, warm

SAMPLE = 100_000
Seconds = dict[str, float]


def rows_of(work: Path, count: int | None = None) -> Any:
    import datasets

    datasets.disable_progress_bars()
    table = pq.read_table(work / "rows.parquet") if count is None else None
    if table is None:
        table = pa.Table.from_batches([next(pq.ParquetFile(work / "rows.parquet").iter_batches(count))])
    return datasets.Dataset(table)


def gate_of(work: Path) -> Any:
    from crawlgate import Declaration, TableGate
    from crawlgate.audit.book import EvidenceBook
    from crawlgate.blocklist.store import ListStore
    from crawlgate.model import Evidence, EvidenceKind

    told = json.loads((work / "robots.json").read_text("utf-8"))
    bodies = [body.encode() for body in told["bodies"]]
    digests = [hashlib.sha256(body).hexdigest() for body in bodies]
    book = EvidenceBook()
    for host, number in zip(told["hosts"], told["which"], strict=True):
        url = f"https://{host}/robots.txt"
        book.add(
            Evidence(
                id=f"robots:{digests[number][:16]}",
                kind=EvidenceKind.ROBOTS,
                url=url,
                final_url=url,
                fetched_at=START,
                status=200 if number else 404,
                body=bodies[number],
                sha256=digests[number],
            )
        )
    listed = ListStore(work / "lists").receive(
        work / "list.txt", at=START - timedelta(days=9), verified=True, vouched_by="bench"
    )
    declared = Declaration(
        operator="x", token=TOKEN, user_agent=f"{TOKEN}/1.0", token_published=True, purposes=["pretraining"]
    )
    warm(declared)
    return TableGate(declared, evidence=book, notices=listed.listing)


def timed(rows: Any, function: Callable[..., Any], batch: int) -> float:
    """Seconds for a row of `filter`, with its own fingerprint so that hashing and the cache stay out of it."""
    begun = time.perf_counter()
    rows.filter(
        function,
        batched=True,
        batch_size=batch,
        load_from_cache_file=False,
        keep_in_memory=True,
        new_fingerprint=os.urandom(8).hex(),
    )
    return (time.perf_counter() - begun) / len(rows)


def ours(work: Path, batch: int) -> Seconds:
    from crawlgate.integrations.datasets import GateFilter, allowed

    gate = gate_of(work)
    rows, found = rows_of(work), {}
    arrow = rows.with_format("arrow")
    found["gate, cold (arrow)"] = timed(arrow, GateFilter(gate), batch)
    found["gate, warm (arrow)"] = timed(arrow, GateFilter(gate), batch)
    found["gate, warm (python)"] = timed(rows, GateFilter(gate), batch)
    found["gate, warm (python), batches of 1,000"] = timed(rows, GateFilter(gate), 1000)
    begun = time.perf_counter()
    allowed(rows, gate)
    found["allowed(rows, gate), warm"] = (time.perf_counter() - begun) / len(rows)
    return found


def theirs(work: Path, batch: int) -> Seconds:
    from datatrove.data import Document
    from datatrove.pipeline.filters import URLFilter
    from tldextract import TLDExtract

    judging = URLFilter(extra_domains=(work / "list.txt").read_text("utf-8").split(), use_integrated_lists=False)
    judging.tldextractor = TLDExtract(suffix_list_urls=(), cache_dir=None)  # its bundled suffixes, nothing downloaded
    rows = rows_of(work, SAMPLE)
    documents = [Document(text="", id=str(n), metadata={"url": url}) for n, url in enumerate(rows["url"][:])]
    judging.filter(documents[0])
    begun = time.perf_counter()
    for document in documents:
        judging.filter(document)
    found = {"URLFilter": (time.perf_counter() - begun) / len(documents)}

    def judge(batch: dict[str, list[str]]) -> list[bool]:
        return [judging.filter(Document(text="", id="", metadata={"url": url})) is True for url in batch["url"]]

    found["URLFilter in filter (python)"] = timed(rows, judge, batch)
    return found


def empty(work: Path, batch: int) -> Seconds:
    rows = rows_of(work).with_format("arrow")
    return {"a filter that keeps all (arrow)": timed(rows, lambda table: [True] * len(table), batch)}


def run(contestant: Callable[[Path, int], Seconds], work: Path, batch: int, core: int) -> Seconds:
    """One contestant in a process of its own, on one core."""
    here, there = multiprocessing.Pipe()

    def inside() -> None:
        os.sched_setaffinity(0, {core})
        pa.set_cpu_count(1)
        there.send(contestant(work, batch))

    process = multiprocessing.get_context("fork").Process(target=inside)
    process.start()
    there.close()
    try:
        found: Seconds = here.recv()
    except EOFError:
        found = {}
    process.join()
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("data", nargs="?", type=Path)
    for name, value in {"rows": 1_000_000, "hosts": 50_000, "listed": 1_000_000, "batch": 50_000, "rounds": 3}.items():
        arguments.add_argument(f"--{name}", type=int, default=value)
    asked = arguments.parse_args()
    os.environ["HF_HUB_OFFLINE"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        maker = multiprocessing.get_context("fork").Process(
            target=make, args=(asked.data, work, asked.rows, asked.hosts, asked.listed), kwargs={"halves": False}
        )
        maker.start()
        maker.join()
        core = max(os.sched_getaffinity(0))
        rounds: dict[str, list[float]] = {}
        for _ in range(asked.rounds):
            for contestant in (theirs, ours, empty):
                for name, seconds in run(contestant, work, asked.batch, core).items():
                    rounds.setdefault(name, []).append(seconds)
                    print(f"  {name:40} {seconds * 1e6:8.3f} us a row", file=sys.stderr)
        medians = {name: statistics.median(found) for name, found in rounds.items()}
        base = medians.get("URLFilter")
        for name, seconds in medians.items():
            ratio = f", {base / seconds:6.1f} times URLFilter's rate" if base else ""
            print(f"{name:40} {1 / seconds:12,.0f} rows/s{ratio}")


if __name__ == "__main__":
    main()
