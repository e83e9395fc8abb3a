"""A list of ten million names beside a Python set and a polars join: compiling, opening, asking, asking in batches.

    python benchmarks/blocklist_scale.py [--entries N] [--names FILE]

Each figure stands beside what it is compared with, measured in alternating rounds of one run; what counts is the
ratio. Names are made up unless a file of real ones is given (one a line); it is repeated under made-up prefixes until
there are enough. Of the hosts asked, one in ten is listed or below a listed one, the others are strangers from the same
source. polars and datatrove's rule take part where what they need is installed. It needs some 2 GB of disk and 4 GB of
memory, nearly all of it for the set.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa

from crawlgate import Blocklist, Declaration, Gate
from crawlgate.blocklist.batch import match_hosts
from crawlgate.blocklist.compiled import CompiledList
from crawlgate.core import Core  # noqa: F401 (what a gate needs is imported before anything is timed)

ROUNDS, ASKED = 5, 1_000_000
DECLARATION = Declaration(operator="Lab", token="ExampleBot", user_agent="ExampleBot/1")
SUFFIXES = ("com", "net", "org", "ru", "to", "jp", "co.jp", "info", "io", "xyz")


def made_up() -> Iterator[str]:
    syllables = [a + b for a in "bcdfghjklmnprstvz" for b in "aeiou"]
    chance = random.Random(1)
    while True:
        label = "".join(chance.choices(syllables, k=chance.randrange(2, 6)))
        yield f"{label}{chance.randrange(1000)}.{chance.choice(SUFFIXES)}"


def repeated(file: Path) -> Iterator[str]:
    real = [name for line in file.read_text("utf-8").splitlines() if (name := line.strip()) and "#" not in name]
    prefix = 0
    while True:
        yield from (f"{prefix or ''}{name}" for name in real)
        prefix += 1


def hosts_to_ask(names: list[str], strangers: Iterator[str]) -> list[str]:
    listed, chance, asked = set(names), random.Random(2), []
    others = (name for name in strangers if name not in listed)
    for _ in range(ASKED):
        kind = chance.random()
        if kind < 0.05:
            asked.append(chance.choice(names))
        elif kind < 0.10:
            asked.append(f"cdn.{chance.choice(names)}")
        else:
            asked.append(f"{'www' if kind < 0.7 else 'img.a'}.{next(others)}")
    return asked


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def resident() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def opened(home: Path, list_file: Path) -> tuple[float, Gate]:
    began = time.perf_counter()
    gate = Gate(DECLARATION, home=home, blocklists=[Blocklist(list_file, vouched_by="the benchmark")])
    return time.perf_counter() - began, gate


def first_time(home: Path, list_file: Path) -> dict[str, float]:
    """In a process of its own: the list is read, kept and compiled."""
    seconds, gate = opened(home, list_file)
    gate.close()
    return {"seconds": seconds, "peak MB": peak()}


def again(home: Path, list_file: Path, asked: Path) -> dict[str, float]:
    """In a process of its own: the list is opened, and asked."""
    hosts = json.loads(asked.read_text())[:200_000]
    gc.collect()
    before = resident()
    seconds, gate = opened(home, list_file)
    after_opening = resident()
    began = time.perf_counter()
    index = compiled_of(gate)
    for host in hosts:
        index.covering(host)
    took = time.perf_counter() - began
    folder, defaults, suffixes = index.folder, index._defaults, index.suffixes
    from crawlgate.blocklist.hashes import FileHashes

    began = time.perf_counter()
    CompiledList(folder, defaults=defaults, suffixes=suffixes, hashes=FileHashes(folder.parent.parent))
    list_alone = time.perf_counter() - began
    gate.close()
    return {
        "gate ms": seconds * 1000,
        "list ms": list_alone * 1000,
        "MB more after opening": after_opening - before,
        "MB more after 200,000 hosts": resident() - before,
        "process MB": resident(),
        "ns a host": took / len(hosts) * 1e9,
    }


def compiled_of(gate: Gate) -> CompiledList:
    assert gate.core.lists.index is not None
    (listing,) = gate.core.lists.index.listings
    assert isinstance(listing, CompiledList)
    return listing


def set_walk(names: set[str], hosts: list[str]) -> int:
    hits = 0
    for host in hosts:
        name, dot = host, "."
        while dot:
            if name in names:
                hits += 1
                break
            _, dot, name = name.partition(".")
    return hits


def compiled_walk(index: CompiledList, hosts: list[str]) -> int:
    return sum(1 for host in hosts if index.covering(host))


def polars_join(names: list[str]) -> Callable[[list[str]], int] | None:
    try:
        import polars as pl
    except ModuleNotFoundError:
        return None
    listed = pl.DataFrame({"name": names}).unique()

    def join(hosts: list[str]) -> int:
        rows = pl.DataFrame({"host": hosts}).with_row_index("row").with_columns(labels=pl.col("host").str.split("."))
        deepest = rows.select(pl.col("labels").list.len().max()).item()
        parents = pl.concat(
            rows.filter(pl.col("labels").list.len() > drop).select(
                "row", name=pl.col("labels").list.slice(drop).list.join(".")
            )
            for drop in range(deepest)
        )
        return parents.join(listed, on="name", how="semi").select("row").n_unique()

    return join


def datatrove_filter(names: set[str]) -> Callable[[list[str]], int] | None:
    """What datatrove's URLFilter does with a domain list: the registered domain and the whole host, no more."""
    try:
        from tldextract import TLDExtract
    except ModuleNotFoundError:
        return None
    extract = TLDExtract(suffix_list_urls=(), cache_dir=None)

    def filtered(hosts: list[str]) -> int:
        hits = 0
        for host in hosts:
            found = extract.extract_str(host)
            hits += found.top_domain_under_public_suffix in names or found.fqdn in names
        return hits

    return filtered


def timed(candidates: dict[str, Callable[[], int]]) -> None:
    gc.collect()
    gc.freeze()  # ten million strings are nobody's garbage
    took: dict[str, list[float]] = {name: [] for name in candidates}
    hits = {}
    for _ in range(ROUNDS):
        for name, run in candidates.items():
            began = time.perf_counter()
            hits[name] = run()
            took[name].append(time.perf_counter() - began)
    base = statistics.median(next(iter(took.values())))
    for name, times in took.items():
        middle = statistics.median(times)
        print(f"  {name:<40} {middle / ASKED * 1e9:8,.0f} ns a host  x{middle / base:.2f}   {hits[name]:,} hits")


def child(*arguments: object) -> dict[str, float]:
    run = subprocess.run([sys.executable, __file__, *map(str, arguments)], stdout=subprocess.PIPE, text=True)
    run.check_returncode()
    return dict(json.loads(run.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=10_000_000)
    parser.add_argument("--names", type=Path)
    parser.add_argument("--child", nargs="+")
    options = parser.parse_args()
    if options.child:
        kind, *paths = options.child
        print(json.dumps({"first": first_time, "again": again}[kind](*map(Path, paths))))
        return
    source = repeated(options.names) if options.names else made_up()
    names = [next(source) for _ in range(options.entries)]
    with tempfile.TemporaryDirectory() as folder:
        home, list_file, asked = Path(folder, "home"), Path(folder, "names.txt"), Path(folder, "hosts.json")
        list_file.write_text("\n".join(names) + "\n")
        hosts = hosts_to_ask(names, source)
        asked.write_text(json.dumps(hosts))
        print(f"{options.entries:,} names, {list_file.stat().st_size / 1e6:.0f} MB of text")
        time.sleep(3)  # a file that changed this moment is not taken for one that stays
        for title, what in (
            ("first time (read, kept, compiled)", child("--child", "first", home, list_file)),
            ("again", child("--child", "again", home, list_file, asked)),
            ("once more", child("--child", "again", home, list_file, asked)),
        ):
            print(title, ", ".join(f"{name} {value:,.1f}" for name, value in what.items()))
        _, gate = opened(home, list_file)
        index = compiled_of(gate)
        size = sum(path.stat().st_size for path in index.folder.iterdir())
        print(
            f"on disk {size / 1e6:,.0f} MB, of which the names {(index.folder / 'keys.trie').stat().st_size / 1e6:,.0f}"
        )
        began = time.perf_counter()
        listed = set(names)
        print(f"a set of them: {time.perf_counter() - began:.1f} s")
        print("one host after another:")
        alone: dict[str, Callable[[], int]] = {
            "Python set, host and parents": lambda: set_walk(listed, hosts),
            "compiled list": lambda: compiled_walk(index, hosts),
        }
        trove = datatrove_filter(listed)
        if trove is not None:
            alone["registered domain and host (datatrove)"] = lambda: trove(hosts)
        timed(alone)
        print("in batches, with the ids of the entries:")
        column = pa.array(hosts)
        join = polars_join(names)
        batches: dict[str, Callable[[], int]] = {} if join is None else {"polars join": lambda: join(hosts)}
        batches["match_hosts"] = lambda: match_hosts(index, column).matches.num_rows
        timed(batches)
        gate.close()


if __name__ == "__main__":
    main()
