"""What the ledger costs, beside the plainest way of keeping one: `json.dumps` and a flushed write of a flat record.

    python benchmarks/ledger_cost.py [DATA]

Both are given the same decisions and are timed in alternating rounds of one run; the flat record holds the same content
as ours (ours writes what repeats once). The ledger works as it does behind a gate: tree records, a commit every 50 ms
by its thread, signed checkpoints. With a data folder (`robots/*.google.jsonl.gz`) the URLs are real hosts and paths in
the order of a crawl; without one they are made up. Then the sizes, before and after sealing, and decisions a second
from 200 tasks and 200 threads that wait for the disk. Absolute figures belong to the machine; the ratio is what counts.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import statistics
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from crawlgate import AsyncGate, Declaration, Gate
from crawlgate.ledger.keys import home_key
from crawlgate.ledger.packing import pack
from crawlgate.ledger.query import decisions
from crawlgate.ledger.upkeep import Upkeep
from crawlgate.ledger.verify import verify
from crawlgate.ledger.writer import LedgerWriter
from crawlgate.model import Basis, Decision

COUNT, ROUNDS, TASKS, EACH = 100_000, 7, 200, 200
DECLARED = Declaration(operator="Benchmark", token="Bench", user_agent="Bench/1.0", token_published=True)


def real(folder: Path) -> tuple[list[str], list[str]]:
    """Hosts and paths of real sites."""
    hosts, paths = set(), set()
    for file in sorted(folder.glob("*.google.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for line in lines:
                table = json.loads(line)
                hosts.add(table["host"])
                for _, url, _ in table["paths"]:
                    parts = urlsplit(url)
                    paths.add(parts.path + (f"?{parts.query}" if parts.query else ""))
    return sorted(hosts), sorted(paths)


def made_up() -> tuple[list[str], list[str]]:
    pick = random.Random(2)
    words = ["news", "article", "products", "blog", "archive", "2026", "about", "research", "images", "category"]
    hosts = [f"www.{pick.choice(words)}-{n}.example" for n in range(2_000)]
    paths = ["/" + "/".join(pick.sample(words, 3)) + f"/{pick.randrange(10**6)}.html" for _ in range(20_000)]
    return hosts, paths


def crawl(hosts: list[str], paths: list[str]) -> list[str]:
    """URLs in the order of a crawl: 200 sites at a time, fifty pages of each."""
    pick = random.Random(3)
    live = [[pick.choice(hosts), 0] for _ in range(200)]
    found = []
    while len(found) < COUNT:
        site = live[pick.randrange(200)]
        found.append(f"https://{site[0]}{pick.choice(paths)}")
        site[1] += 1
        if site[1] == 50:
            site[:] = [pick.choice(hosts), 0]
    return found


def flat(decision: Decision, url: str, at: datetime) -> dict[str, object]:
    """The content of a decision in one record that stands alone."""
    return {
        "at": at.isoformat(),
        "url": url,
        "verdict": decision.verdict,
        "temporary": decision.temporary,
        "stage": decision.basis.stage,
        "reasons": [finding.criterion for finding in decision.reasons],
        "findings": {finding.criterion: finding.outcome for finding in decision.findings},
        "evidence": decision.basis.evidence,
        "profile": decision.basis.profile,
        "rule_pack": decision.basis.rule_pack,
        "enforced": decision.enforced,
    }


def bases(urls: list[str], home: Path) -> dict[str, Basis]:
    """What a real gate says of each host."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/robots.txt":
            return httpx.Response(200, text="User-agent: *\nDisallow: /private/\n")
        return httpx.Response(404)

    with Gate(DECLARED, home=home, evidence_transport=httpx.MockTransport(answer)) as gate:
        return {host: gate.check(f"https://{host}/").basis for host in {urlsplit(url).netloc for url in urls}}


def cost(urls: list[str], place: Path) -> None:
    found = bases(urls, place / "gate")
    work = [(datetime.now(UTC), url, found[urlsplit(url).netloc]) for url in urls]
    records = [flat(Decision(url, at, basis), url, at) for at, url, basis in work]
    ledger = LedgerWriter(place / "ledger", {}, now=lambda: datetime.now(UTC), key=home_key(place / "keys"))
    for at, url, basis in work:  # every basis is written once
        ledger.append_decision(at, url, basis)
    step = COUNT // ROUNDS
    ours, theirs = [], []
    with (place / "flat.jsonl").open("w") as file:
        for n in range(ROUNDS):
            part, same = work[n * step : (n + 1) * step], records[n * step : (n + 1) * step]
            start = time.perf_counter()
            for record in same:
                file.write(json.dumps(record) + "\n")
                file.flush()
            middle = time.perf_counter()
            for at, url, basis in part:
                ledger.append_decision(at, url, basis)
            end = time.perf_counter()
            theirs.append((middle - start) / step * 1e6)
            ours.append((end - middle) / step * 1e6)
    ledger.close()
    mean = (place / "flat.jsonl").stat().st_size / (ROUNDS * step)
    print(f"json.dumps, write, flush   {statistics.median(theirs):5.2f} us a decision, {mean:.0f} bytes")
    print(f"append_decision            {statistics.median(ours):5.2f} us a decision")
    ratios = sorted(a / b for a, b in zip(ours, theirs, strict=True))
    print(f"ratio                      {statistics.median(ratios):5.2f}  [{ratios[0]:.2f} .. {ratios[-1]:.2f}]")


def sizes(urls: list[str], place: Path) -> None:
    found = bases(urls, place / "gate")
    ledger = LedgerWriter(
        place / "ledger", {}, now=lambda: datetime.now(UTC), key=home_key(place / "keys"), upkeep=Upkeep(pack_from=None)
    )
    for url in urls:
        ledger.append_decision(datetime.now(UTC), url, found[urlsplit(url).netloc])
    ledger.close()
    plain = ledger.path.stat().st_size
    start = time.perf_counter()
    packed = pack(ledger.path)
    took = time.perf_counter() - start
    assert packed is not None
    mean = sum(map(len, urls)) / len(urls)
    count = len({id(basis) for basis in found.values()})
    print(f"URLs                       {mean:5.1f} bytes each, {count} bases among {len(urls)} decisions")
    print(f"on disk                    {plain / len(urls):5.1f} bytes a decision, bases and roots included")
    print(f"sealed                     {packed.stat().st_size / len(urls):5.1f} bytes a decision")
    print(f"compressing                {took / len(urls) * 1e6:5.2f} us a decision, once, by a thread of its own")
    start = time.perf_counter()
    assert verify(place / "ledger").ok
    took = time.perf_counter() - start
    print(f"verify, compressed         {plain / took / 1e6 * 60:5.0f} MB a minute")
    assert sum(1 for _ in decisions(place / "ledger")) == len(urls)


def durable(place: Path) -> None:
    site = "https://site.example"

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text="User-agent: *\nDisallow: /private\n")

    async def tasks() -> float:
        async with AsyncGate(
            DECLARED, home=place / "tasks", evidence_transport=httpx.MockTransport(answer), durability="disk"
        ) as gate:
            await gate.check(f"{site}/")

            async def work(name: int) -> None:
                for number in range(EACH):
                    await gate.check(f"{site}/{name}/{number}")

            start = time.perf_counter()
            await asyncio.gather(*(work(name) for name in range(TASKS)))
            return TASKS * EACH / (time.perf_counter() - start)

    def threads() -> float:
        with Gate(
            DECLARED, home=place / "threads", evidence_transport=httpx.MockTransport(answer), durability="disk"
        ) as gate:
            gate.check(f"{site}/")

            def work(name: int) -> None:
                for number in range(EACH):
                    gate.check(f"{site}/{name}/{number}")

            crowd = [threading.Thread(target=work, args=(name,)) for name in range(TASKS)]
            start = time.perf_counter()
            for one in crowd:
                one.start()
            for one in crowd:
                one.join()
            return TASKS * EACH / (time.perf_counter() - start)

    print(f"durability=disk, {TASKS} tasks    {asyncio.run(tasks()):7.0f} decisions a second (AsyncGate.check)")
    print(f"durability=disk, {TASKS} threads  {threads():7.0f} decisions a second (Gate.check)")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    urls = crawl(*(made_up() if folder is None else real(folder / "robots")))
    for part in (cost, sizes):
        with tempfile.TemporaryDirectory() as place:
            part(urls, Path(place))
    with tempfile.TemporaryDirectory() as place:
        durable(Path(place))


if __name__ == "__main__":
    main()
