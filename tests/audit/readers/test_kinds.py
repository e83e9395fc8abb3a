"""Which files are read as what: by content, then by name, or as told; folders, homes, and files behind fsspec."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import pytest

pa = pytest.importorskip("pyarrow", reason="the audit extra is not installed")

import pyarrow.parquet as pq  # noqa: E402

from crawlgate import ConfigError, Declaration, Gate  # noqa: E402
from crawlgate.audit.readers import Told, evidence_in, files, read  # noqa: E402
from crawlgate.audit.readers.kinds import kind_of  # noqa: E402
from crawlgate.audit.rows import NO_ANSWER  # noqa: E402
from crawlgate.testing import FakeWeb, Page  # noqa: E402
from tests.audit.readers.reading import rows_of, urls_of, written  # noqa: E402
from tests.audit.readers.test_warc import PAGES  # noqa: E402

JSON = '{"url": "https://a.example/", "time": "2024-05-01T10:00:00Z"}\n'
CONTENTS = {
    "warc": PAGES[0],
    "json": JSON.encode(),
    "cdx": b" CDX N b a m s k r M S V g\n",
    "cdxj": b'com,example)/ 20240501100000 {"url": "https://example.com/"}\n',
    "zipnum": b"com,example)/ 20240501100000\tcdx-0\t0\t10\t1\n",
    "access": b'10.0.0.1 - - [01/May/2024:10:00:00 +0000] "GET http://a.example/ HTTP/1.1" 200 5\n',
    "squid": b"1714557600.123     80 10.0.0.1 TCP_MISS/200 1 GET http://a.example/x - HIER_DIRECT/192.0.2.1 text/html\n",
    "heritrix": b"2024-05-01T10:00:00.123Z   200   5 http://a.example/ - - text/html #1 20240501100000120+3 sha1:A - -\n",
    "scrapy": b"2024-05-01 10:00:00 [scrapy.core.engine] DEBUG: Crawled (200) <GET https://a.example/> (referer: None)\n",
}


@pytest.mark.parametrize("name", CONTENTS)
def test_content_counts_before_the_name_packed_or_not(tmp_path: Path, name: str) -> None:
    for path in (
        written(tmp_path, "wrong.csv", CONTENTS[name]),
        written(tmp_path, "without", gzip.compress(CONTENTS[name])),
    ):
        found = kind_of(path)
        assert found is not None
        assert found.name == name
        assert kind_of(path, "csv").name == "csv"  # type: ignore[union-attr]


def test_the_name_counts_where_the_content_says_nothing(tmp_path: Path) -> None:
    assert kind_of(written(tmp_path, "x.CSV.gz", gzip.compress(b"a;b\n"))).name == "csv"  # type: ignore[union-attr]
    assert kind_of(written(tmp_path, "empty.cdx", b"")).name == "cdx"  # type: ignore[union-attr]
    assert kind_of(written(tmp_path, "notes.md", b"# notes\n")) is None
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as other:
        other.writestr("a.txt", "x")
    assert kind_of(tmp_path / "some.zip") is None
    with pytest.raises(ConfigError, match="--input-format word: not a kind that is read; kinds are parquet, arrow"):
        kind_of(tmp_path / "some.zip", "word")


def test_a_folder_is_read_with_all_its_kinds_and_what_is_of_none_is_told(tmp_path: Path) -> None:
    for name, data in CONTENTS.items():
        written(tmp_path, f"mixed/{name}", data)
    written(tmp_path, "mixed/deep/notes.md", b"# notes\n")
    for passed_over in ("_SUCCESS", ".log.crc", "empty", "part.loc", "cdx-0.idx", "00000_stats.json"):
        written(tmp_path, f"mixed/{passed_over}", b"x" if passed_over != "empty" else b"")
    sources, rejects = files([str(tmp_path / "mixed")])
    assert [source.name for source in sources] == sorted(CONTENTS)
    assert [(Path(reject.file).name, reject.code) for reject in rejects] == [("notes.md", "unknown_kind")]
    again, _ = files([str(tmp_path / "mixed" / "*"), str(tmp_path / "mixed" / "json")])
    assert len(again) == len({str(source) for source in again})
    with pytest.raises(ConfigError, match="holds no file of a kind that is read"):
        files([str(tmp_path / "mixed" / "deep")])
    with pytest.raises(ConfigError, match="is not there"):
        files([str(tmp_path / "nowhere" / "*.csv")])


def test_files_behind_fsspec_are_read_like_files(tmp_path: Path) -> None:
    fsspec = pytest.importorskip("fsspec", reason="the fsspec extra is not installed")
    memory = fsspec.filesystem("memory")
    memory.pipe("/crawl/log.jsonl", JSON.encode())
    memory.pipe("/crawl/x.warc.gz", b"".join(gzip.compress(page) for page in PAGES))
    with memory.open("/crawl/t.parquet", "wb") as to:
        pq.write_table(pa.table({"url": ["https://p.example/"]}), to)
    memory.pipe("/crawl/x.idx", b"com,example)/ 20240501\tpart\t0\t999\n")
    memory.pipe("/crawl/part.gz", gzip.compress(b'com,example)/ 20240501100000 {"url": "https://z.example/"}'))
    try:
        sources, rejects = files(["memory://crawl"])
        assert [str(source) for source in sources] == [
            f"memory:///crawl/{name}" for name in ("log.jsonl", "part.gz", "t.parquet", "x.warc.gz")
        ]
        assert rejects == []
        assert [len(urls_of(source)) for source in sources] == [1, 1, 1, len(PAGES)]
        (index,), _ = files(["memory://crawl/*.idx"])
        assert urls_of(index) == ["https://z.example/"]
        with pytest.raises(ConfigError, match="is not there"):
            files(["memory://crawl/missing.csv"])
    finally:
        memory.rm("/crawl", recursive=True)
    with zipfile.ZipFile(tmp_path / "logs.zip", "w") as to:
        to.writestr("in/log.jsonl", JSON)
    (inside,), _ = files([f"zip://in/log.jsonl::{tmp_path}/logs.zip"])
    assert urls_of(inside) == ["https://a.example/"]
    with pytest.raises(ConfigError, match="nosuch"):
        files(["nosuch://bucket/x"])


DECLARED = Declaration(
    operator="Example Lab",
    token="ExampleBot",
    token_published=True,
    purposes=["pretraining"],
    user_agent="ExampleBot/1.0",
)


def test_a_home_stands_for_its_ledger_and_brings_its_evidence(tmp_path: Path) -> None:
    web = FakeWeb(
        {
            "https://a.example/robots.txt": "User-agent: *\nDisallow: /closed",
            "https://a.example/open": Page("words", headers={"Content-Type": "text/plain"}),
            "https://a.example/forbidden": Page(status=403),
        }
    )
    home = tmp_path / "home"
    gate = Gate(DECLARED, home=home, evidence_transport=web.transport())
    with gate, gate.httpx_client(transport=web.transport()) as client:
        client.get("https://a.example/open")
        for refused in ("forbidden", "closed"):
            with pytest.raises(Exception, match="deny"):
                client.get(f"https://a.example/{refused}")
    sources, _ = files([str(home)])
    (segment,) = sources
    assert kind_of(segment).name == "ledger"  # type: ignore[union-attr]
    rows, rejects = rows_of(segment)
    assert [(row["url"], row["status"], row["user_agent"]) for row in rows] == [
        ("https://a.example/open", 200, "ExampleBot/1.0"),
        ("https://a.example/forbidden", 403, "ExampleBot/1.0"),
        ("https://a.example/closed", NO_ANSWER, "ExampleBot/1.0"),
    ]
    assert rejects == []
    taken: list[tuple[str, int | None]] = []
    evidence_in(sources, Told("ExampleBot"), lambda evidence: taken.append((evidence.url, evidence.status)))
    assert sorted(taken) == [("https://a.example/.well-known/tdmrep.json", 404), ("https://a.example/robots.txt", 200)]
    assert isinstance(segment, Path)
    lines = segment.read_bytes().split(b"\n")
    lines[4] = lines[4][:-9]
    segment.write_bytes(b"\n".join(lines))
    rows, rejects = rows_of(segment)
    assert len(rejects) == 1
    assert {row["url"][-4:] for row in rows} == {"open", "dden", "osed"}


def test_every_batch_says_which_columns_it_has(tmp_path: Path) -> None:
    path = written(tmp_path, "x.jsonl", json.dumps({"link": "https://a.example/", "egress": "p1", "ua": "x"}) + "\n")
    (batch,) = read(path, Told("ExampleBot"))
    assert batch.columns.names == ["link", "ua", "egress"]
