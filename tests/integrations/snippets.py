"""The snippets of docs/pipelines.md, run in a folder that holds what they read."""

from __future__ import annotations

import csv
import re
import shlex
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.integrations.pages import COLUMNS

DOCS = Path(__file__).parents[2] / "docs" / "pipelines.md"
GATE = "The gate"
SITES = {"open.example": (404, ""), "closed.example": (200, "User-agent: *\nDisallow: /x\n")}
KEPT = [1, 3]


def sections() -> dict[str, list[str]]:
    """The blocks of Python by heading."""
    parts = re.split(r"^## (.+)\n", DOCS.read_text("utf-8"), flags=re.MULTILINE)
    return {
        heading: re.findall(r"^```python\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)
        for heading, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def fill(folder: Path) -> None:
    """Write what the snippets read."""
    pq.write_table(pa.table(COLUMNS), folder / "pages.parquet")
    with (folder / "robots.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["host", "time", "status", "body"])
        rows.writerows([host, "2024-05-01T12:00:00Z", status, body] for host, (status, body) in SITES.items())
    urls = ["https://open.example/1.jpg", "https://closed.example/x/1.jpg"]
    odd = ["http://plain.example/1.jpg", "nothing", None]
    pq.write_table(pa.table({"url": [*urls, *odd]}), folder / "urls.parquet")
    (folder / "images").mkdir()
    results = {"key": ["0", "1"], "url": urls, "status": ["success", "failed_to_download"]}
    pq.write_table(pa.table(results), folder / "images" / "00000.parquet")


def run(heading: str, **given: Any) -> dict[str, Any]:
    """Run the snippets of a section after that of the gate; the names that stand afterwards."""
    blocks = sections()
    names = dict(given)
    for block in [*blocks[GATE], *blocks[heading]]:
        exec(compile(block, f"{DOCS.name}: {heading}", "exec"), names)
    return names


def command(heading: str) -> list[str]:
    """The words of the command line in a section."""
    found = re.search(r'return "(crawlgate .*?)"', "".join(sections()[heading]))
    assert found is not None
    return shlex.split(found[1])
