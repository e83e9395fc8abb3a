"""`Gate.check` with warm evidence, its ledger line included, beside one `Protego.can_fetch` on the same file.

    python benchmarks/check_vs_protego.py [DATA]

Both are timed side by side in alternating rounds of one run. With a data folder (`robots/*.jsonl.gz` with a
`robots` field, `html/labels.jsonl` with a `url` field) over real robots.txt files and the paths of real pages;
without one over made-up files and paths. What counts is the ratio; absolute figures belong to the machine.
"""

from __future__ import annotations

import gzip
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
from protego import Protego

from crawlgate import Declaration, Gate

FILES, URLS, ROUNDS, REPEAT = 200, 20, 5, 20
TOKEN = "ExampleBot"


def real(folder: Path) -> list[str]:
    """Distinct robots.txt bodies that have rules for everybody or for somebody."""
    bodies: set[str] = set()
    for file in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for line in lines:
                text = json.loads(line).get("robots") or ""
                if "disallow" in text.lower() and "user-agent" in text.lower():
                    bodies.add(text)
    return random.Random(1).sample(sorted(bodies), FILES)


def made_up() -> list[str]:
    """Files from one rule to a few hundred, with and without an AI list."""
    ai = "".join(f"User-agent: {name}\n" for name in ("GPTBot", "CCBot", "ClaudeBot", "Bytespider")) + "Disallow: /\n\n"
    files = []
    for n in range(FILES):
        rules = "".join(f"Disallow: /area{i}/{'*' if i % 3 == 0 else ''}\n" for i in range(1 + n % 120))
        files.append((ai if n % 4 == 0 else "") + "User-agent: *\n" + rules)
    return files


def pages(folder: Path | None) -> list[str]:
    """Path and query of real pages, or made-up ones with the same share of queries (one in five)."""
    if folder is None:
        return [f"/{2000 + n}/article-{n}" + (f"?id={n}&page=2" if n % 5 == 0 else "") for n in range(500)]
    found = []
    for line in (folder / "html" / "labels.jsonl").read_text("utf-8").splitlines():
        parts = urlsplit(json.loads(line).get("url") or "")
        if parts.path:
            found.append(
                quote(parts.path, safe="/%:@!$&'()*+,;=~")
                + (f"?{quote(parts.query, safe='/%:@!$&*+,;=~?')}" if parts.query else "")
            )
    return found


def paths(text: str, seed: int, ordinary: list[str]) -> list[str]:
    """Three quarters ordinary pages, a quarter next to the file's own rules."""
    pick = random.Random(seed)
    rules = [line.partition(":")[2].strip() for line in text.splitlines() if "allow" in line.lower()[:9]]
    found = pick.sample(ordinary, URLS * 3 // 4)
    for rule in pick.sample(rules, min(len(rules), URLS)):
        clean = quote(rule.replace("*", "x").rstrip("$"), safe="/?&=%+,;:@~-._")
        if clean.startswith("/"):
            found.append(clean + "page")
    return found[:URLS]


def timed(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    files = made_up() if folder is None else real(folder / "robots")
    ordinary = pages(folder)
    hosts = {f"h{n}.example": text for n, text in enumerate(files)}

    def answer(request: httpx.Request) -> httpx.Response:
        # Paths of some pages hold the URL of another site, which is asked about first.
        if request.url.path == "/robots.txt" and request.url.host in hosts:
            return httpx.Response(200, content=hosts[request.url.host].encode("utf-8", "replace"))
        return httpx.Response(404)

    declaration = Declaration(
        operator="Benchmark", token=TOKEN, user_agent=f"{TOKEN}/1.0 (+https://bench.example/bot)", token_published=True
    )
    ratios: list[float] = []
    gate_total = protego_total = 0.0
    with (
        tempfile.TemporaryDirectory() as home,
        Gate(declaration, home=home, evidence_transport=httpx.MockTransport(answer)) as gate,
    ):
        for n, (host, text) in enumerate(hosts.items()):
            protego = Protego.parse(text)
            urls = [f"https://{host}{path}" for path in paths(text, n, ordinary)]
            for url in urls:  # warm both
                gate.check(url)
                protego.can_fetch(url, TOKEN)

            def ours(urls: list[str] = urls) -> None:
                for _ in range(REPEAT):
                    for url in urls:
                        gate.check(url)

            def theirs(urls: list[str] = urls, protego: Protego = protego) -> None:
                for _ in range(REPEAT):
                    for url in urls:
                        protego.can_fetch(url, TOKEN)

            rounds = [(timed(ours), timed(theirs)) for _ in range(ROUNDS)]
            count = REPEAT * len(urls)
            mine = statistics.median(a for a, _ in rounds) / count
            other = statistics.median(b for _, b in rounds) / count
            gate_total += mine
            protego_total += other
            ratios.append(mine / other)
    ratios.sort()
    print(f"{len(ratios)} robots.txt files, about {URLS} URLs each, evidence warm, ledger line written")
    print(f"Gate.check         {gate_total / len(ratios) * 1e6:6.2f} us a URL (mean over files)")
    print(f"Protego.can_fetch  {protego_total / len(ratios) * 1e6:6.2f} us a URL")
    print(f"ratio of the means {gate_total / protego_total:6.2f}")
    print(
        f"ratio by file      median {statistics.median(ratios):.2f}, tenth {ratios[len(ratios) // 10]:.2f}, "
        f"ninetieth {ratios[len(ratios) * 9 // 10]:.2f}"
    )


if __name__ == "__main__":
    main()
