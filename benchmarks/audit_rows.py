"""Judging a crawl log beside the loops people write today: same rows, same Parquet file, one core each.

    python benchmarks/audit_rows.py [DATA] [--rows 10000000] [--hosts 200000] [--listed 1000000] [--rounds 3]
    python benchmarks/audit_rows.py [DATA] --rows 100000000 --only crawlgate --rounds 1    # how memory grows

Rows (url, time, status) over hosts whose popularity falls as 1/rank; each host has one robots.txt, every fourth with
a list of AI agents, every tenth none; a third of the paths are made from rules. With a data folder
(`robots/*.jsonl.gz` with a `robots` field) the files are real, otherwise made up. Contestants:

- crawlgate: Parquet in, decisions in Parquet out, all criteria that need no page, robots.txt reading included;
- naive: tldextract, a set of domains, one Protego parser per file, a Python loop; it finds nothing but yes or no;
- datatrove's URLFilter, if it is installed: the list only, no robots.txt;
- halves: crawlgate in two processes, each with some of the sites and their rows, dealt by popularity so that both have
  about as many rows; the time is that of the longer one.

Times are processor seconds of one core each, so that neighbours on the machine count little. The loops run on a sample
and are counted per row; what they need once (parsing robots.txt, loading the list) is spread over all rows. What counts
are the ratios; absolute figures belong to the machine.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import multiprocessing
import os
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

TOKEN = "ExampleBot"
clock = time.process_time  # seconds of one core, whoever else is at work on the machine
START = datetime(2024, 5, 1, tzinfo=UTC)
SAMPLE = 200_000
BATCH = 1_000_000
READ = 1 << 18  # rows: memory of this size is used again, and what is at work on a batch stays in the cache
WORDS = [
    f"{a}{b}" for a in ("news", "item", "photo", "story", "user", "tag", "art") for b in ("", "s", "-a", "2", "_x")
]


# -- the data -------------------------------------------------------------------------------------------------


def bodies_of(folder: Path | None) -> list[str]:
    """Distinct robots.txt files."""
    if folder is None:
        return [
            "User-agent: *\n"
            + "".join(f"Disallow: /{WORDS[(n + i) % len(WORDS)]}{i}/{'*' * (i % 5 == 0)}\n" for i in range(n % 90))
            for n in range(2_000)
        ]
    found: dict[str, None] = {}
    for file in sorted((folder / "robots").glob("protego*.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for line in lines:
                text = json.loads(line).get("robots")
                if text:
                    found[text] = None
    return list(found)


def ai_group() -> str:
    from crawlgate.signals import agents

    return "\n\n" + "".join(f"User-agent: {agent.token}\n" for agent in agents.load()) + "Disallow: /\n"


def label(rnd: random.Random) -> str:
    """A name of its own: numbered names would be successors of each other."""
    return "".join(rnd.choices("abcdefghijklmnopqrstuvwxyz", k=rnd.randint(9, 14)))


def dealt(hosts: int) -> np.ndarray[Any, np.dtype[np.int8]]:
    """Which of the two halves each host belongs to: the most popular first, always to the lighter half."""
    half, weight = np.zeros(hosts, np.int8), [0.0, 0.0]
    for n in range(hosts):
        half[n] = weight[1] < weight[0]
        weight[half[n]] += 1 / (n + 1)
    return half


def make(folder: Path | None, work: Path, rows: int, hosts: int, listed: int, *, halves: bool) -> None:
    """Write rows.parquet (and its halves by host), robots.json (host -> body number, bodies) and list.txt."""
    rnd, rng = random.Random(7), np.random.default_rng(7)
    plain = bodies_of(folder)
    group = ai_group()
    bodies = ["", *plain, *(text + group for text in plain)]
    tops = ("com", "jp", "co.jp", "org", "de")
    names = [f"{rnd.choice(('www', 'news', 'blog', 'img'))}.{label(rnd)}.{rnd.choice(tops)}" for _ in range(hosts)]
    which = [
        0 if r < 0.1 else 1 + rnd.randrange(len(plain)) + (len(plain) if r < 0.325 else 0)
        for r in (rnd.random() for _ in names)
    ]
    domains = [name.partition(".")[2] for name in names[::20]]
    domains += [f"{label(rnd)}.{rnd.choice(tops)}" for _ in range(listed - len(domains))]
    (work / "list.txt").write_text("\n".join(domains) + "\n", encoding="utf-8")
    (work / "robots.json").write_text(json.dumps({"hosts": names, "which": which, "bodies": bodies}), encoding="utf-8")
    from_rules = [
        line.partition(":")[2].strip().rstrip("$")
        for text in plain
        for line in text.split("\n")
        if line.lower().startswith("disallow:")
    ]
    from_rules = [path.replace("*", rnd.choice(WORDS)) for path in from_rules if path.startswith("/")] or ["/x"]
    paths = [
        rnd.choice(from_rules) + rnd.choice(WORDS)
        if rnd.random() < 0.35
        else "/"
        + "/".join(rnd.choice(WORDS) + str(rnd.randrange(99)) for _ in range(rnd.randint(1, 4)))
        + rnd.choice(("", "", ".html", "?id=7&page=2"))
        for _ in range(500_000)
    ]
    paths = [
        path if path.isascii() and path.isprintable() and "#" not in path and " " not in path else "/" for path in paths
    ]
    weights, half = 1 / np.arange(1, hosts + 1), dealt(hosts)
    empty = pa.scalar("", pa.large_string())
    origins, targets = pa.array(["https://" + n for n in names], pa.large_string()), pa.array(paths, pa.large_string())
    start = int(START.timestamp() * 1e6)
    schema = pa.schema([("url", pa.large_string()), ("time", pa.timestamp("us", "UTC")), ("status", pa.int16())])
    with ExitStack() as files:
        names_of_files = ["rows.parquet", *(["rows0.parquet", "rows1.parquet"] if halves else [])]
        out, *parts = [
            files.enter_context(pq.ParquetWriter(work / name, schema, compression="zstd")) for name in names_of_files
        ]
        for first in range(0, rows, BATCH):
            n = min(BATCH, rows - first)
            host = rng.choice(hosts, n, p=weights / weights.sum())
            url = pc.binary_join_element_wise(
                origins.take(pa.array(host)), targets.take(pa.array(rng.integers(0, len(paths), n))), empty
            )
            at = pa.array(start + rng.integers(0, 86_400_000_000, n), pa.int64()).cast(pa.timestamp("us", "UTC"))
            status = pa.array(rng.choice([200, 200, 200, 301, 404], n).astype(np.int16))
            table = pa.table([url, at, status], schema=schema)
            out.write_table(table)
            for number, part in enumerate(parts):
                part.write_table(table.filter(pa.array(half[host] == number)))


# -- contestants: each returns seconds for all rows -----------------------------------------------------------------


def crawlgate(work: Path, _: int, half: int | None = None) -> dict[str, float]:
    from crawlgate import Declaration
    from crawlgate.audit.book import Content, EvidenceBook, micros
    from crawlgate.audit.tables import TableJudge
    from crawlgate.blocklist.store import ListStore

    declared = Declaration(
        operator="x", token=TOKEN, user_agent=f"{TOKEN}/1.0", token_published=True, purposes=["pretraining"]
    )
    told = json.loads((work / "robots.json").read_text("utf-8"))
    bodies = [body.encode() for body in told["bodies"]]
    ours = [n for n, other in enumerate(dealt(len(told["hosts"]))) if half is None or other == half]
    hosts = [told["hosts"][n] for n in ours]
    which = [told["which"][n] for n in ours]
    warm(declared)
    begun = clock()
    book = EvidenceBook()
    answers = [
        (Content(200 if number else 404, None, hashlib.sha256(body).hexdigest()), body)
        for number, body in enumerate(bodies)
    ]
    at = np.full(len(hosts), micros(START))
    book.add_robots(["https://" + host for host in hosts], at, which, answers)
    listed = clock()
    loaded = ListStore(work / "lists").receive(
        work / "list.txt", at=START - timedelta(days=9), verified=True, vouched_by="bench"
    )
    judging = clock()
    judge = TableJudge(declared, evidence=book, notices=loaded.listing)
    out = None
    name = "" if half is None else str(half)
    for batch in pq.ParquetFile(work / f"rows{name}.parquet", pre_buffer=False).iter_batches(READ):
        table = pa.Table.from_batches([batch])
        judged = judge(table)
        judged = judged.add_column(0, "url", table["url"])
        out = out or pq.ParquetWriter(
            work / f"decisions{name}.parquet",
            judged.schema,
            compression={name: "none" if name == "url" else "lz4" for name in judged.column_names},
            use_dictionary=["verdict", "findings", "problem"],
            write_statistics=False,
        )
        out.write_table(judged)
    if out is not None:
        out.close()
    pq.write_table(judge.bases(), work / f"bases{name}.parquet")
    done = clock()
    return {
        "seconds": done - begun - (judging - listed),
        "list": judging - listed,
        "book": listed - begun,
        "classes": len(judge.classes),
    }


def halves(work: Path, rows: int) -> dict[str, float]:
    """Both halves; they share nothing, so that it does not matter that here one runs after the other."""
    parts = [run(partial(crawlgate, half=half), work, rows, max(os.sched_getaffinity(0))) for half in (0, 1)]
    found = [part for part in parts if part is not None]
    return {"seconds": max(part["seconds"] for part in found), "less": min(part["seconds"] for part in found)}


def warm(declared: Any) -> None:
    """Load the compiled kernels, which the first audit on a machine compiles once."""
    from crawlgate.audit import candidate_kernels
    from crawlgate.audit.book import Content, EvidenceBook, micros
    from crawlgate.audit.tables import TableJudge

    origin, bits, table = np.zeros(1, np.uint8), np.frombuffer(bytes(128), np.uint8), candidate_kernels.crc_table()
    found = np.zeros(0, np.uint8)
    candidate_kernels.tell_strangers(origin, np.zeros(1, np.int64), bits, bits, False, 6, table, found)
    body = b"User-agent: *\nDisallow: /a\nDisallow: /*b\n"
    book = EvidenceBook()
    book.add_robots(["https://a.example"], [micros(START)], [0], [(Content(200, None, "0" * 64), body)])
    TableJudge(declared, evidence=book)(
        pa.table(
            {
                "url": pa.array(["https://a.example/b%20c", "https://B.example/"], pa.large_string()),
                "time": pa.array([START, START], pa.timestamp("us", "UTC")),
                "status": pa.array([200, 200], pa.int16()),
            }
        )
    )


def naive(work: Path, rows: int) -> dict[str, float]:
    import tldextract
    from protego import Protego

    told = json.loads((work / "robots.json").read_text("utf-8"))
    once = clock()
    listed = set((work / "list.txt").read_text("utf-8").split())
    loaded = clock() - once
    once = clock()
    parsers = [Protego.parse(body) for body in told["bodies"]]
    parsed = clock() - once
    by_host = {host: parsers[number] for host, number in zip(told["hosts"], told["which"], strict=True)}
    extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)
    sample = next(pq.ParquetFile(work / "rows.parquet").iter_batches(SAMPLE))
    urls = sample["url"].to_pylist()
    begun = clock()
    denied = 0
    for url in urls:
        parts = extract(url)
        if (
            parts.top_domain_under_public_suffix in listed
            or parts.fqdn in listed
            or not by_host[parts.fqdn].can_fetch(url, TOKEN)
        ):
            denied += 1
    per_row = (clock() - begun) / len(urls)
    return {
        "seconds": per_row * rows + parsed,
        "list": loaded,
        "per_row_us": per_row * 1e6,
        "parse": parsed,
        "denied": denied / len(urls),
    }


def datatrove(work: Path, rows: int) -> dict[str, float]:
    from datatrove.data import Document
    from datatrove.pipeline.filters import URLFilter
    from tldextract import TLDExtract

    listed = (work / "list.txt").read_text("utf-8").split()
    judging = URLFilter(extra_domains=listed, use_integrated_lists=False)
    judging.tldextractor = TLDExtract(suffix_list_urls=(), cache_dir=None)  # its bundled suffixes, nothing downloaded
    sample = next(pq.ParquetFile(work / "rows.parquet").iter_batches(SAMPLE))
    documents = [Document(text="", id=str(n), metadata={"url": url}) for n, url in enumerate(sample["url"].to_pylist())]
    judging.filter(documents[0])
    begun = clock()
    for document in documents:
        judging.filter(document)
    per_row = (clock() - begun) / len(documents)
    return {"seconds": per_row * rows, "list": 0.0, "per_row_us": per_row * 1e6}


# -- running --------------------------------------------------------------------------------------------------


def run(
    contestant: Callable[[Path, int], dict[str, float]], work: Path, rows: int, core: int
) -> dict[str, float] | None:
    """One contestant in a process of its own, on one core."""
    ours, theirs = multiprocessing.Pipe()

    def inside() -> None:
        os.sched_setaffinity(0, {core})
        pa.set_cpu_count(1)
        try:
            found = contestant(work, rows)
        except ImportError as error:
            found = {"missing": 1.0}
            print(f"  {contestant.__name__}: {error}", file=sys.stderr)
        found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        theirs.send(found)

    process = multiprocessing.get_context("fork").Process(target=inside)
    process.start()
    theirs.close()
    try:
        found: dict[str, float] = ours.recv()
    except EOFError:
        found = {"missing": 1.0}
    process.join()
    return None if "missing" in found else found


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("data", nargs="?", type=Path)
    arguments.add_argument("--rows", type=int, default=10_000_000)
    arguments.add_argument("--hosts", type=int, default=200_000)
    arguments.add_argument("--listed", type=int, default=1_000_000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--only", choices=["crawlgate"])
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        process = multiprocessing.get_context("fork").Process(
            target=make,
            args=(asked.data, work, asked.rows, asked.hosts, asked.listed),
            kwargs={"halves": asked.only is None},
        )
        process.start()  # so that the makers' memory is not the contestants'
        process.join()
        core = max(os.sched_getaffinity(0))
        rounds: dict[str, list[dict[str, float]]] = {}
        for _ in range(asked.rounds):
            for contestant in (crawlgate,) if asked.only else (naive, crawlgate, datatrove, halves):
                found = run(contestant, work, asked.rows, core)
                if found is not None:
                    rounds.setdefault(contestant.__name__, []).append(found)
                    each = found["seconds"] / asked.rows * 1e6
                    print(f"  {contestant.__name__:10} {each:8.3f} us a row, {found}", file=sys.stderr)
        ours = statistics.median(found["seconds"] for found in rounds["crawlgate"])
        for name, found in rounds.items():
            ratio = statistics.median(one["seconds"] for one in found) / ours
            print(f"{name:10} {ratio:6.2f} times crawlgate's time ({asked.rows:,} rows, median of {asked.rounds})")


if __name__ == "__main__":
    main()
