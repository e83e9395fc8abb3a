"""img2dataset by recipe: the table of URLs before, its own metadata after. The tool itself is run where it is installed;
it brings OpenCV, wandb and an old pandas, so the tests' own environment leaves it out."""

from __future__ import annotations

import hashlib
import os
import struct
import subprocess
import sys
import zlib
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

pa = pytest.importorskip("pyarrow", reason="the audit extra is not installed")
import pyarrow.parquet as pq  # noqa: E402

from crawlgate import Gate  # noqa: E402
from crawlgate.testing import FakeWeb  # noqa: E402
from tests.integrations.pages import DECLARED, gate  # noqa: E402
from tests.webserver import Answer, WebServer, robots  # noqa: E402


def before(urls: Path, allowed: Path, home: Path) -> Any:
    """The recipe: what may be fetched by what the home has on record of the hosts, as a table for img2dataset."""
    one = gate(evidence=[home], notices=None, stage="pre_fetch", as_of=datetime.now(UTC))
    pq.write_table(one.allowed(pq.read_table(urls)), allowed)
    return one


def after(results: Path, at: datetime, home: Path) -> tuple[Any, Any]:
    """The recipe: what was fetched, judged by what was on record when the run began."""
    one = gate(evidence=[home], notices=None, as_of=at)
    tables = [pq.read_table(file, columns=["key", "url", "status"]) for file in sorted(results.glob("*.parquet"))]
    taken = pa.concat_tables(tables).filter(pa.compute.field("status") == "success").select(["key", "url"])
    return one, one.judged(taken)


def test_a_table_of_urls_is_cut_to_what_may_be_fetched(tmp_path: Path) -> None:
    web = FakeWeb({"https://shut.example/robots.txt": "User-agent: *\nDisallow: /"})
    urls = [f"https://{host}/{n}.jpg" for host in ("open.example", "shut.example", "unasked.example") for n in range(3)]
    with Gate(DECLARED, home=tmp_path / "home", evidence_transport=web.transport()) as live:
        for host in ("open.example", "shut.example"):
            live.check(f"https://{host}/")
    pq.write_table(pa.table({"url": urls, "caption": ["a picture"] * 9}), tmp_path / "urls.parquet")
    one = before(tmp_path / "urls.parquet", tmp_path / "allowed.parquet", tmp_path / "home")
    kept = pq.read_table(tmp_path / "allowed.parquet")
    assert kept["url"].to_pylist() == urls[:3]
    assert kept.column_names == ["url", "caption"]
    assert dict(one.tally.dropped) == {"B2": 6}
    assert [method for method, url in web.requests if url.endswith(".jpg")] == []


def test_metadata_in_the_layout_of_img2dataset(tmp_path: Path) -> None:
    web = FakeWeb({"https://shut.example/robots.txt": "User-agent: *\nDisallow: /"})
    with Gate(DECLARED, home=tmp_path / "home", evidence_transport=web.transport()) as live:
        live.check("https://shut.example/")
        live.check("https://open.example/")
    rows = [
        ("000000000", "https://open.example/0.jpg", "success", None),
        ("000000001", "https://shut.example/1.jpg", "success", None),
        ("000000002", "https://open.example/2.jpg", "failed_to_download", "HTTP Error 404: Not Found"),
    ]
    columns = dict(zip(("key", "url", "status", "error_message"), map(list, zip(*rows, strict=True)), strict=True))
    (tmp_path / "images").mkdir()
    pq.write_table(pa.table(columns), tmp_path / "images" / "00000.parquet")
    one, judged = after(tmp_path / "images", datetime.now(UTC), tmp_path / "home")
    assert dict(zip(judged["key"].to_pylist(), judged["verdict"].to_pylist(), strict=True)) == {
        "000000000": "allow",
        "000000001": "deny",
    }
    assert dict(one.tally.dropped) == {"B2": 1}


def picture() -> bytes:
    """A PNG of one grey dot."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    dots = zlib.compress(b"\x00\x80")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", dots) + chunk(b"IEND", b"")


RUN = """
import sys, img2dataset
if __name__ == "__main__":
    img2dataset.download(
        url_list=sys.argv[1], output_folder=sys.argv[2], input_format="parquet", url_col="url", caption_col="caption",
        output_format="parquet", processes_count=1, thread_count=2, resize_mode="no", user_agent_token="ExampleBot",
        disable_all_reencoding=True, enable_wandb=False,
    )
"""


@pytest.mark.slow
@pytest.mark.skipif(find_spec("img2dataset") is None, reason="img2dataset is not installed beside the tests")
def test_img2dataset_fetches_what_is_left_and_its_results_are_judged(tmp_path: Path) -> None:
    image = Answer(picture(), content_type="image/png")
    page = {f"/{n}.png": image for n in range(3)}
    sites = {"127.0.0.1": page, "localhost": {"/robots.txt": robots("User-agent: *\nDisallow: /"), **page}}
    with WebServer(sites) as web:
        hosts = [f"http://{host}:{web.port}" for host in ("127.0.0.1", "localhost")]
        with Gate(DECLARED, home=tmp_path / "home", allow_addresses=["127.0.0.0/8", "::1/128"]) as live:
            for host in hosts:
                live.check(host + "/")
        urls = [f"{host}/{n}.png" for host in hosts for n in range(4)]
        pq.write_table(pa.table({"url": urls, "caption": ["a dot"] * 8}), tmp_path / "urls.parquet")
        begun = datetime.now(UTC)
        before(tmp_path / "urls.parquet", tmp_path / "allowed.parquet", tmp_path / "home")
        (tmp_path / "run.py").write_text(RUN)
        subprocess.run(
            [sys.executable, "run.py", "allowed.parquet", "images"],
            cwd=tmp_path,
            env={**os.environ, "NO_ALBUMENTATIONS_UPDATE": "1", "WANDB_MODE": "disabled"},
            check=True,
            capture_output=True,
            timeout=300,
        )
        assert {hit.target for hit in web.hits("localhost")} <= {"/robots.txt", "/.well-known/tdmrep.json"}
    results = pq.read_table(tmp_path / "images" / "00000.parquet")
    assert sorted(results["status"].to_pylist()) == ["failed_to_download"] + ["success"] * 3
    assert set(results["sha256"].to_pylist()) == {hashlib.sha256(picture()).hexdigest(), None}
    one, judged = after(tmp_path / "images", begun, tmp_path / "home")
    assert judged["verdict"].to_pylist() == ["allow"] * 3
    assert one.tally.rows == 3
