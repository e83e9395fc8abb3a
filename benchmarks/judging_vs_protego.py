"""From signals to a decision (every criterion, then the profile) beside one `Protego.can_fetch` on the same file.

    python benchmarks/judging_vs_protego.py [DATA]

Nothing is remembered from one judgement to the next: each URL is judged anew from the signals that its site's files
gave. Both are timed side by side in alternating rounds of one run, over the files and paths of `check_vs_protego`.
What counts is the ratio; absolute figures belong to the machine.
"""

from __future__ import annotations

import statistics
import sys
from datetime import UTC, datetime
from pathlib import Path

from check_vs_protego import REPEAT, ROUNDS, TOKEN, made_up, pages, paths, real, timed
from protego import Protego

from crawlgate import Declaration
from crawlgate import url as urls
from crawlgate.assess import Assessor
from crawlgate.flow import replay, survey
from crawlgate.model import Evidence, EvidenceKind
from crawlgate.policy import load_profile
from crawlgate.signals import agents
from crawlgate.site import Site

AT = datetime(2026, 11, 24, tzinfo=UTC)


def site_of(text: str, host: str) -> Site:
    """The site that has this robots.txt, and no other file."""
    start = urls.parse(f"https://{host}/")

    def answer(fetch: object) -> Evidence:
        kind, url = fetch.kind, fetch.url.href  # type: ignore[attr-defined]
        found = kind is EvidenceKind.ROBOTS
        body = text.encode("utf-8", "replace") if found else b""
        return Evidence(
            id=kind, kind=kind, url=url, final_url=url, fetched_at=AT, status=200 if found else 404, body=body
        )

    return Site(replay(survey(start, TOKEN), answer), TOKEN, agents.load())


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    files = made_up() if folder is None else real(folder / "robots")
    ordinary = pages(folder)
    declaration = Declaration(
        operator="Benchmark", token=TOKEN, user_agent=f"{TOKEN}/1.0 (+https://bench.example/bot)", token_published=True
    )
    assessor = Assessor(declaration, load_profile("standard"), lists_loaded=True)
    ours_total = theirs_total = 0.0
    ratios: list[float] = []
    for n, text in enumerate(files):
        site, protego = site_of(text, f"h{n}.example"), Protego.parse(text)
        hrefs = [f"https://h{n}.example{path}" for path in paths(text, n, ordinary)]
        asked = [(url, site.answer(url)) for url in map(urls.parse, hrefs)]
        for url, answer in asked:  # the signals are there
            site.signals(answer, url)
            protego.can_fetch(url.href, TOKEN)

        def ours(asked: list = asked, site: Site = site) -> None:  # type: ignore[type-arg]
            for _ in range(REPEAT):
                for url, answer in asked:
                    assessor.before(site, answer, url, AT)

        def theirs(hrefs: list[str] = hrefs, protego: Protego = protego) -> None:
            for _ in range(REPEAT):
                for href in hrefs:
                    protego.can_fetch(href, TOKEN)

        rounds = [(timed(ours), timed(theirs)) for _ in range(ROUNDS)]
        count = REPEAT * len(asked)
        mine = statistics.median(a for a, _ in rounds) / count
        other = statistics.median(b for _, b in rounds) / count
        ours_total += mine
        theirs_total += other
        ratios.append(mine / other)
    ratios.sort()
    print(f"{len(ratios)} robots.txt files, about 20 URLs each, signals in hand, nothing remembered")
    print(f"signals to decision {ours_total / len(ratios) * 1e6:6.2f} us a URL (mean over files)")
    print(f"Protego.can_fetch   {theirs_total / len(ratios) * 1e6:6.2f} us a URL")
    print(f"ratio of the means  {ours_total / theirs_total:6.2f}")
    print(
        f"ratio by file       median {statistics.median(ratios):.2f}, tenth {ratios[len(ratios) // 10]:.2f}, "
        f"ninetieth {ratios[len(ratios) * 9 // 10]:.2f}"
    )


if __name__ == "__main__":
    main()
