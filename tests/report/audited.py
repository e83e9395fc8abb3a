"""Audits for the tests of their reports: a small one with something of everything, and written ones of any size."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from click.testing import CliRunner

from crawlgate.cli.main import cli

DECLARATION = """
operator = "Example Lab"
token = "ExampleBot"
user_agent = "ExampleBot/1.0 (+https://lab.example/bot)"
token_published = true
purposes = ["pretraining"]
"""
START = datetime(2024, 1, 31, 10, tzinfo=UTC)
CLOSED = "# ours\nUser-agent: other\nUser-agent: *\nDisallow: /x # not here\nAllow: /y\n"
NAMED = "User-agent: GPTBot\nDisallow: /\n"
HOSTILE = '</script></style><img src=x onerror="a()"> \u202eevil\u202c\u2028 &amp; "\'>|`` [a](http://b) {0} *b*'


def robots(host: str, body: str | None, days: int) -> list[dict[str, Any]]:
    """Evidence for some days on end: a robots.txt, or none there."""
    return [
        {
            "url": f"https://{host}/robots.txt",
            "time": (START + timedelta(days=day, hours=-1)).isoformat(),
            "status": 404 if body is None else 200,
            "body": body or "",
        }
        for day in range(days)
    ]


def log() -> list[dict[str, Any]]:
    """Rows over three months: closed, named, open, listed, without evidence; some are no rows at all."""
    rows = [("https://closed.example/x/1", 0), ("https://a.closed.example/x/2", 1), ("https://closed.example/y", 1)]
    rows += [("https://named.example/n", 30), ("https://open.example/o", 31), ("https://nothing.example/q", 40)]
    rows += [(f"https://closed.example/x/{HOSTILE}", 2), (f"https://open.example/{'long/' * 300}", 2)]
    rows += [("https://img.listed.example/p", 45), ("no url", 0)]
    found = [{"url": url, "time": (START + timedelta(days=days)).isoformat(), "status": 200} for url, days in rows]
    return [*found, {"url": "https://open.example/", "time": "yesterday", "status": 200}]


def audited(
    folder: Path,
    *,
    more: Sequence[str] = (),
    rows: Sequence[dict[str, Any]] | None = None,
    later: Sequence[dict[str, Any]] = (),
) -> Path:
    """The outputs of an audit of `log()` in `folder`, by the command itself."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "me.toml").write_text(DECLARATION, "utf-8")
    evidence = [
        *robots("closed.example", CLOSED, 4),
        *robots("a.closed.example", CLOSED, 4),
        *robots("named.example", NAMED, 60),
        *robots("open.example", None, 60),
        *robots("img.listed.example", None, 60),
        *later,
    ]
    for name, lines in (("robots.jsonl", evidence), ("log.jsonl", log() if rows is None else rows)):
        (folder / name).write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
    arguments = ["audit", folder / "log.jsonl", "--declaration", folder / "me.toml", "--home", folder / "home"]
    arguments += ["--evidence", folder / "robots.jsonl", "--out", folder / "out", *more]
    ran = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert ran.exit_code in (0, 4), ran.output + str(ran.exception)
    return folder / "out"


def decisions(out: Path) -> list[dict[str, Any]]:
    """Every row of decisions.parquet."""
    rows: list[dict[str, Any]] = pq.read_table(out / "decisions.parquet").to_pylist()
    return rows


def bases(out: Path) -> dict[int, dict[str, Any]]:
    """What the column `basis` numbers."""
    return {row["basis"]: row for row in pq.read_table(out / "bases.parquet").to_pylist()}


def rewritten(out: Path, to: Path, rows: list[dict[str, Any]], *, group: int = 1 << 20) -> Path:
    """The audit in `out` with other rows, written to `to` in row groups of `group`."""
    to.mkdir()
    for name in ("bases.parquet", "lines.parquet", "rejects.jsonl", "summary.json"):
        (to / name).write_bytes((out / name).read_bytes())
    edited(to, outputs={})  # no hash is noted, so none is compared
    schema = pq.read_schema(out / "decisions.parquet")
    pq.write_table(pa.Table.from_pylist(rows, schema), to / "decisions.parquet", row_group_size=group)
    pq.write_table(pq.read_table(out / "removals.parquet"), to / "removals.parquet", row_group_size=group)
    return to


def edited(out: Path, **changes: Any) -> Path:
    """The audit in `out` with changes to its summary."""
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    summary.update(changes)
    (out / "summary.json").write_text(json.dumps(summary), "utf-8")
    return out
