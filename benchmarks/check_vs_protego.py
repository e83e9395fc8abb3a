"""`Gate.check` with warm evidence, its ledger line included, beside one `Protego.can_fetch` on the same file.

    python benchmarks/check_vs_protego.py [FOLDER OF ROBOTS JSONL]

Both are timed side by side in alternating rounds of one run, over real robots.txt files where the folder is
given (the rows of *.jsonl.gz with a `robots` field), over made-up ones of several shapes otherwise. What
counts is the ratio; absolute figures belong to the machine and the hour.
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
from urllib.parse import quote

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


def paths(text: str, seed: int) -> list[str]:
    """Half ordinary paths, half next to the file's own rules."""
    pick = random.Random(seed)
    rules = [line.partition(":")[2].strip() for line in text.splitlines() if "allow" in line.lower()[:9]]
    found = ["/", "/index.html"] + [
        f"/{2015 + n}/{pick.randint(1, 12):02}/article-{pick.randint(1, 99999)}" for n in range(8)
    ]
    for rule in pick.sample(rules, min(len(rules), URLS // 4)):
        clean = quote(rule.replace("*", "x").rstrip("$"), safe="/?&=%+,;:@~-._")
        if clean.startswith("/"):
            found += [clean, clean + "page"]
    return found[:URLS]


def timed(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    files = real(Path(sys.argv[1])) if len(sys.argv) > 1 else made_up()
    hosts = {f"h{n}.example": text for n, text in enumerate(files)}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/robots.txt":
            return httpx.Response(200, content=hosts[request.url.host].encode("utf-8", "replace"))
        return httpx.Response(404)

    declaration = Declaration(
        operator="Benchmark", token=TOKEN, user_agent=f"{TOKEN}/1.0 (+https://bench.example/bot)", token_published=True
    )
    ratios: list[float] = []
    gate_total = protego_total = 0.0
    with tempfile.TemporaryDirectory() as home:
        with Gate(declaration, home=home, evidence_transport=httpx.MockTransport(answer)) as gate:
            for n, (host, text) in enumerate(hosts.items()):
                protego = Protego.parse(text)
                urls = [f"https://{host}{path}" for path in paths(text, n)]
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
