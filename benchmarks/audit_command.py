"""What `crawlgate audit` needs for a large Parquet log: processor seconds of one core, and the most memory resident.

    python benchmarks/audit_command.py [DATA] [--rows 2000000] [--hosts 40000] [--listed 100000] [--rounds 3]

Rows, hosts and robots.txt are those of `audit_rows.py`; here the files come from a table of evidence, a row
for each host, and everything is written: decisions, bases, quotes, removals twice, and a summary. Beside it stands the
judgement alone (`audit_rows.crawlgate`) on the same rows, in turns.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from audit_rows import START, TOKEN, crawlgate, make, run

_HOSTS = 2_000  # written at once: files are large
_DECLARATION = f"""operator = "x"
token = "{TOKEN}"
user_agent = "{TOKEN}/1.0"
token_published = true
purposes = ["pretraining"]
"""


def make_all(folder: Path | None, work: Path, rows: int, hosts: int, listed: int) -> None:
    """The rows, and beside them evidence.parquet and me.toml."""
    make(folder, work, rows, hosts, listed, halves=False)
    (work / "me.toml").write_text(_DECLARATION, encoding="utf-8")
    told = json.loads((work / "robots.json").read_text("utf-8"))
    schema = pa.schema(
        [("host", pa.string()), ("time", pa.timestamp("us", "UTC")), ("status", pa.int16()), ("body", pa.string())]
    )
    with pq.ParquetWriter(work / "evidence.parquet", schema, compression="zstd") as out:
        for first in range(0, hosts, _HOSTS):
            names, which = (told[name][first : first + _HOSTS] for name in ("hosts", "which"))
            statuses = [200 if number else 404 for number in which]
            bodies = [told["bodies"][number] for number in which]
            out.write_table(pa.table([names, [START] * len(names), statuses, bodies], schema=schema))


def command(work: Path, core: int) -> dict[str, float]:
    """The command in a process of its own, as a user starts it."""
    with tempfile.TemporaryDirectory(dir=work) as out:
        asked = [work / "rows.parquet", "--declaration", work / "me.toml", "--evidence", work / "evidence.parquet"]
        asked += ["--blocklist", work / "list.txt", "--home", Path(out) / "home", "--out", Path(out) / "out", "--quiet"]
        start = "from crawlgate.cli import main; main()"
        process = subprocess.Popen(
            ["taskset", "-c", str(core), sys.executable, "-c", start, "audit", *map(str, asked)],
            stdout=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"crawlgate audit: exit code {process.returncode}")
    return {"seconds": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024}


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("data", nargs="?", type=Path)
    arguments.add_argument("--rows", type=int, default=2_000_000)
    arguments.add_argument("--hosts", type=int, default=40_000)
    arguments.add_argument("--listed", type=int, default=100_000)
    arguments.add_argument("--rounds", type=int, default=3)
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        maker = multiprocessing.get_context("fork").Process(
            target=make_all, args=(asked.data, work, asked.rows, asked.hosts, asked.listed)
        )
        maker.start()
        maker.join()
        core = max(os.sched_getaffinity(0))
        rounds: dict[str, list[dict[str, float]]] = {"command": [], "judgement": []}
        for _ in range(asked.rounds):
            rounds["command"].append(command(work, core))
            judged = run(crawlgate, work, asked.rows, core)
            if judged is not None:
                rounds["judgement"].append(judged)
        for name, found in rounds.items():
            seconds = statistics.median(one["seconds"] for one in found)
            peak = max(one["peak_mb"] for one in found)
            each = seconds / asked.rows * 1e6
            print(f"{name:10} {seconds:8.1f} s, {each:6.2f} us a row, {peak:7,.0f} MB ({asked.rows:,} rows)")


if __name__ == "__main__":
    main()
