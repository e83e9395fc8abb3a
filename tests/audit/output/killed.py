"""Runs an audit again and again, killed each time somewhere else, until one comes to its end. A program, because a
process that was killed cannot be asked; what it forks has loaded everything already.

    killed.py FOLDER SEED HOW     HOW is `anywhere` (after a random time) or `at_the_disk` (before a random sync or rename)
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

import pyarrow as pa

from crawlgate.audit.book import EvidenceBook
from crawlgate.audit.output import draft
from crawlgate.audit.tables import TableJudge
from tests.audit.output.audits import DECLARED, Scene, filled

GROUP, BATCH, ROWS = 300, 110, 3_000
KILLS = 6


def run(scene: Scene, points: int | None) -> int:
    """The audit in a process of its own; with `points`, that one kills itself before so many syncs and renames."""
    child = os.fork()
    if child:
        return child
    draft.GROUP = GROUP
    if points is not None:
        _kill_at(points)
    code = 1
    try:
        scene.audit(sorted(scene.folder.glob("data-*")), resume=True, batch=BATCH)
        code = 0
    finally:
        os._exit(code)


def warm(scene: Scene) -> None:
    """Load what an audit needs, so that what is forked begins at once."""
    judge = TableJudge(DECLARED, evidence=EvidenceBook(scene.evidence))
    judge(pa.table({"url": ["https://h1.example/x"], "time": ["2024-05-01T12:00:00Z"], "status": [200]}))


def _kill_at(points: int) -> None:
    left = [points]
    for place, name in ((os, "fsync"), (Path, "replace"), (Path, "unlink")):
        real = getattr(place, name)

        def counted(*arguments: object, _real: object = real, **named: object) -> object:
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return _real(*arguments, **named)  # type: ignore[operator]

        setattr(place, name, counted)


def main(folder: Path, seed: int, how: str) -> None:
    """Print how many processes were killed before one came to the end, how long it took, and how that one ended."""
    rnd = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)  # names of files stand in the outputs
    scene = filled(Path(), ROWS)
    warm(scene)
    began = time.monotonic()
    if how == "unbroken":
        _, status = os.waitpid(run(scene, None), 0)
        print(0, time.monotonic() - began, status)
        return
    kills = 0
    while True:
        last = kills == KILLS
        child = run(scene, rnd.randrange(1, 14) if how == "at_the_disk" and not last else None)
        if how == "anywhere" and not last:
            time.sleep(rnd.uniform(0, 0.1 * kills))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            print(kills, time.monotonic() - began, status)
            return
        kills += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
