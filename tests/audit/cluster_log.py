"""A log with all that an audit in parts has to keep together, its evidence, and what one machine says of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from click.testing import CliRunner

from crawlgate.batch import TableGate
from crawlgate.cli.main import cli
from tests.integrations.pages import DECLARED, LISTED

AT = datetime(2024, 5, 1, 12, tzinfo=UTC)
ROBOTS = [
    ("{}", 200, "User-agent: *\nDisallow: /x\n"),
    ("{}", 404, ""),
    ("{}", 200, "User-agent: ExampleBot\nDisallow: /\n"),
    ("https://{}/robots.txt", 200, "User-agent: *\nAllow: /\nContent-Signal: ai-train=no\n"),
    ("{}", 503, ""),
]
HOSTS = [f"{'www.' if n % 3 else ''}site{n}.{'example' if n % 7 else 'co.jp'}" for n in range(40)]
HOSTS.append("img.pirate.example")


def evidence() -> pa.Table:
    rows = []
    for n, host in enumerate(HOSTS[:-3]):
        form, status, body = ROBOTS[n % len(ROBOTS)]
        rows.append((form.format(host), AT - timedelta(minutes=n), status, body.encode()))
    rows.append((None, AT, 200, b"of nobody"))
    names = ("url", "time", "status", "body")
    return pa.table({name: [row[place] for row in rows] for place, name in enumerate(names)})


def pages(*, agents: bool = True) -> pa.Table:
    rows: list[dict[str, Any]] = []
    for n in range(400):
        host = HOSTS[n * 7 % len(HOSTS)]
        rows.append({
            "id": n,
            "url": f"https://{host}/{'x' if n % 4 == 0 else 'page'}/{n % 5}" if n % 50 else ["", "no url", None][n % 3],
            "time": AT + timedelta(minutes=n // 3),
            "status": [200, 200, 403, 200, 429][n % 5],
            "user_agent": ["ExampleBot/1.0", "ExampleBot/1.0", "Mozilla/5.0"][n % 3],
        })  # fmt: skip
    table = pa.Table.from_pylist(rows)
    return table if agents else table.drop_columns(["user_agent"])


def gate(**options: Any) -> TableGate:
    return TableGate(DECLARED, **{"notices": [LISTED], **options})


def on_one_machine(folder: Path, log: pa.Table) -> dict[int, tuple[Any, ...]]:
    """What `crawlgate audit` says of each row of the log that it can judge."""
    pq.write_table(log, folder / "log.parquet")
    pq.write_table(evidence(), folder / "robots.parquet")
    (folder / "me.toml").write_text(
        'operator = "Example Lab"\ntoken = "ExampleBot"\nuser_agent = "ExampleBot/1.0"\n'
        'token_published = true\npurposes = ["pretraining"]\n'
    )
    asked = ["audit", "log.parquet", "--declaration", "me.toml", "--evidence", "robots.parquet", "--out", "out"]
    done = CliRunner().invoke(cli, [*(str(folder / a) if "." in a or a == "out" else a for a in asked)])
    assert done.exit_code == 4, done.output
    (found,) = (folder / "out").rglob("decisions*.parquet")
    table = pq.read_table(found).to_pylist()
    return {row["row"]: (row["verdict"], row["findings"], row["robots_line"]) for row in table}


def told(rows: list[dict[str, Any]]) -> dict[int, tuple[Any, ...]]:
    """What an audit in parts says of each row that it can judge."""
    return {
        row["id"]: (row["verdict"], row["findings"], row["robots_line"]) for row in rows if row["verdict"] is not None
    }
