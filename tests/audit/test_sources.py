"""Evidence for the time of each fetch: folders of dated files, homes, tables; what is undated or nobody's is told."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

pa = pytest.importorskip("pyarrow", reason="the audit extra is not installed")

import pyarrow.parquet as pq  # noqa: E402

from crawlgate import ConfigError, Declaration, Gate  # noqa: E402
from crawlgate.audit.book import EvidenceBook, micros  # noqa: E402
from crawlgate.audit.readers import Reject  # noqa: E402
from crawlgate.audit.sources import gather  # noqa: E402
from crawlgate.testing import FakeWeb, Page  # noqa: E402
from tests.audit.readers.reading import written  # noqa: E402

LATEST = datetime(2100, 1, 1, tzinfo=UTC)


def gathered(*names: Path) -> tuple[dict[tuple[str, str], bytes], list[Reject]]:
    """What stands in the book: bodies of robots.txt by origin and time."""
    book = EvidenceBook()
    _, rejects = gather([str(name) for name in names], book, latest=LATEST)
    found = {}
    for origin in book.origins():
        for at in book.times(origin):
            for path, version in book.in_force(origin, at):
                found[origin + path, version.evidence.fetched_at.strftime("%Y%m%d%H%M%S")] = version.evidence.body
    return found, rejects


def test_files_by_host_and_time_are_evidence_of_that_time(tmp_path: Path) -> None:
    names = {
        "www.a.example/20240501T000000Z.txt": ("https://www.a.example/robots.txt", "20240501000000"),
        "www.a.example/robots.txt/2024-05-02T00:00:00Z": ("https://www.a.example/robots.txt", "20240502000000"),
        "20240503000000/www.a.example/robots.txt": ("https://www.a.example/robots.txt", "20240503000000"),
        "b.example:8443/20240501000000_robots.txt": ("https://b.example:8443/robots.txt", "20240501000000"),
        "http%3A%2F%2Fb.example/20240501000000.txt": ("http://b.example/robots.txt", "20240501000000"),
        "a.example/tdmrep.json/20240501000000": ("https://a.example/.well-known/tdmrep.json", "20240501000000"),
        "192.0.2.7/20240501000000.txt": ("https://192.0.2.7/robots.txt", "20240501000000"),
    }
    for name in names:
        written(tmp_path, f"robots/{name}", f"# {name}\n")
    found, rejects = gathered(tmp_path / "robots")
    assert found == {key: f"# {name}\n".encode() for name, key in names.items()}
    assert rejects == []


def test_undated_files_and_files_of_nobody_are_told_and_are_no_evidence(tmp_path: Path) -> None:
    written(tmp_path, "robots/a.example/robots.txt", "User-agent: *\n")
    written(tmp_path, "robots/20240501000000.txt", "User-agent: *\n")
    written(tmp_path, "robots/b.example/20241301000000.txt", "User-agent: *\n")
    written(tmp_path, "robots/c.example/20240501000000.txt", "User-agent: *\n")
    found, rejects = gathered(tmp_path / "robots")
    assert list(found) == [("https://c.example/robots.txt", "20240501000000")]
    told = {Path(reject.file).relative_to(tmp_path / "robots").as_posix(): reject.reason for reject in rejects}
    assert "without a time it is no evidence" in told["a.example/robots.txt"]
    assert "without a time" in told["b.example/20241301000000.txt"]
    assert "nobody knows whose file" in told["20240501000000.txt"]


def test_a_home_is_evidence_with_its_failures(tmp_path: Path) -> None:
    web = FakeWeb(
        {
            "https://a.example/robots.txt": "User-agent: *\nDisallow: /closed",
            "https://b.example/robots.txt": ConnectionError("no answer"),
            "https://c.example/robots.txt": Page(status=503),
        }
    )
    declared = Declaration(
        operator="Example Lab",
        token="ExampleBot",
        token_published=True,
        purposes=["pretraining"],
        user_agent="ExampleBot/1",
    )
    with Gate(declared, home=tmp_path / "home", evidence_transport=web.transport()) as gate:
        for host in "abc":
            gate.check(f"https://{host}.example/")
    book = EvidenceBook()
    used, rejects = gather([str(tmp_path / "home")], book, latest=LATEST)
    assert rejects == []
    assert {path.suffix for path in used} == {".gz", ".jsonl"}

    def robots(host: str) -> tuple[int | None, bool, bytes]:
        known = dict(book.in_force(f"https://{host}.example", micros(LATEST)))
        evidence = known["/robots.txt"].evidence
        return evidence.status, evidence.error is not None, evidence.body

    assert robots("a") == (200, False, b"User-agent: *\nDisallow: /closed")
    assert robots("b")[:2] == (None, True)
    assert robots("c")[0] == 503
    (warc,) = (tmp_path / "home" / "evidence").glob("*.warc.gz")
    warc.write_bytes(warc.read_bytes().replace(b"\x1f\x8b", b"\x1f\x8c"))
    _, rejects = gather([str(tmp_path / "home")], EvidenceBook(), latest=LATEST)
    assert {reject.code for reject in rejects} == {"evidence"}
    assert any("not the one that was stored" in reject.reason for reject in rejects)


def test_what_is_no_evidence_is_an_error_that_says_what_would_be(tmp_path: Path) -> None:
    alone = written(tmp_path, "robots.txt", "User-agent: *\nDisallow: /\n")
    with pytest.raises(ConfigError, match="is no evidence: pass an archive, a table"):
        gathered(alone)
    (tmp_path / "nothing").mkdir()
    with pytest.raises(ConfigError, match="holds no evidence"):
        gathered(tmp_path / "nothing")


def test_statuses_of_tables_are_read_however_they_are_written(tmp_path: Path) -> None:
    """A first row that says less than the others, numbers with a point, hosts as bytes, statuses that are none."""
    at = '"time":"2024-05-01T00:00:00Z"'
    lines = f'{{"host":"a.example",{at},"body":""}}\n{{"host":"b.example",{at},"status":503,"body":"down"}}\n'
    lines += f'{{"host":"c.example",{at},"status":"404.0","body":""}}\n'
    book = EvidenceBook()
    _, rejects = gather([str(written(tmp_path, "robots.jsonl", lines))], book, latest=LATEST)
    assert rejects == []
    statuses = {
        origin: [version.evidence.status for at in book.times(origin) for _, version in book.in_force(origin, at)]
        for origin in book.origins()
    }
    assert statuses == {"https://a.example": [None], "https://b.example": [503], "https://c.example": [404]}
    table = pa.table({"host": [b"d.example", b"e.example"], "time": ["20240501000000"] * 2, "body": [b"#", b"#"]})
    pq.write_table(table.append_column("status", pa.array([[200], [200]])), tmp_path / "odd.parquet")
    found, rejects = gathered(tmp_path / "odd.parquet")
    assert found == {}
    assert ["[200]' is no status" in reject.reason for reject in rejects] == [True, True]
    pq.write_table(table, tmp_path / "bytes.parquet")
    assert set(gathered(tmp_path / "bytes.parquet")[0]) == {
        ("https://d.example/robots.txt", "20240501000000"),
        ("https://e.example/robots.txt", "20240501000000"),
    }
