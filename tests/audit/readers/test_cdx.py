"""Indexes of archives: any order of columns, lines without a head, CDXJ of both schools, clusters with bad blocks."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from crawlgate import ConfigError
from tests.audit.readers.reading import rows_of, urls_of, written

ELEVEN = "com,example)/{0} 20240501100000 https://example.com/{0} text/html 200 ABC - - 100 2{0} a.warc.gz"


def test_the_head_line_names_the_columns_wherever_it_stands(tmp_path: Path) -> None:
    text = (
        " CDX a s b N g\nhttps://a.example/1 404 20240501100000 example,a)/1 a.warc\n"
        " CDX b a s\n20240501100001 https://a.example/2 -\n"
    )
    rows, rejects = rows_of(written(tmp_path, "x.cdx", text))
    assert [(row["url"], row["time"], row["status"]) for row in rows] == [
        ("https://a.example/1", "20240501100000", "404"),
        ("https://a.example/2", "20240501100001", None),
    ]
    assert rejects == []
    tabs = "\tCDX\ta\tb\nhttps://a.example/t\t20240501100000\n"
    assert urls_of(written(tmp_path, "tabs.cdx", tabs)) == ["https://a.example/t"]


def test_lines_of_eleven_and_nine_fields_need_no_head(tmp_path: Path) -> None:
    nine = "com,example)/9 20240501100000 https://example.com/9 text/html 301 ABC https://example.com/ 7 a.warc.gz"
    rows, rejects = rows_of(written(tmp_path, "index.txt", f"{ELEVEN.format(1)}\n{nine}\na b c\n"))
    assert [(row["url"], row["status"]) for row in rows] == [
        ("https://example.com/1", "200"),
        ("https://example.com/9", "301"),
    ]
    assert [(reject.row, reject.reason[:8]) for reject in rejects] == [(2, "3 fields")]


def test_what_has_no_url_is_read_from_its_key(tmp_path: Path) -> None:
    text = " CDX N b a s\ncom,example:8080)/x?y 20240501100000 - 200\nexample.com/ 20240501100000 example.com/z 200\n - - - -\n"
    rows, rejects = rows_of(written(tmp_path, "x.cdx", text))
    assert [row["url"] for row in rows] == ["http://example.com:8080/x?y", "http://example.com/z"]
    assert len(rejects) == 1


def test_cdxj_of_both_schools(tmp_path: Path) -> None:
    text = (
        '!OpenWayback-CDXJ 1.0\ncom,example)/1 2024-05-01T10:00:00Z response {"uri": "https://example.com/1", "hsc": 200}\n'
        'com,example)/2 20240501100000 {"url": "https://example.com/2", "status": "404"}\n'
        'com,example)/3 20240501100000 {"status": "404"}\n'
        'com,example)/4 20240501100000 {"url": \n'
    )
    rows, rejects = rows_of(written(tmp_path, "x.txt", text))
    assert [(row["url"], row["status"]) for row in rows] == [
        ("https://example.com/1", "200"),
        ("https://example.com/2", "404"),
        ("http://example.com/3", "404"),
    ]
    assert [(reject.row, reject.reason[:8]) for reject in rejects] == [(4, "not CDXJ")]


def cluster(folder: Path, damage: bool) -> Path:
    blocks = [gzip.compress("\n".join(ELEVEN.format(n) for n in range(k, k + 2)).encode()) for k in (1, 3, 5)]
    at = [0, len(blocks[0]), len(blocks[0]) + len(blocks[1])]
    index = "".join(
        f"com,example)/ 20240501\tcdx-0\t{place}\t{len(block)}\t{n}\n"
        for n, (place, block) in enumerate(zip(at, blocks, strict=True))
    )
    if damage:
        blocks[1] = b"\x00" * len(blocks[1])
    written(folder, "cdx-0.gz", b"".join(blocks))
    return written(folder, "cluster.idx", index + "com,example)/ 20240501\tmissing\t0\t1\t9\n")


def test_a_cluster_is_read_block_by_block(tmp_path: Path) -> None:
    rows, rejects = rows_of(cluster(tmp_path, damage=False))
    assert [row["url"][-1] for row in rows] == list("123456")
    assert [reject.reason for reject in rejects] == ["the part 'missing' is not beside the index"]
    # Its parts, without line breaks at the ends of blocks, are files of their own as well.
    assert [url[-1] for url in urls_of(tmp_path / "cdx-0.gz")] == list("123456")


def test_a_bad_block_costs_itself(tmp_path: Path) -> None:
    rows, rejects = rows_of(cluster(tmp_path, damage=True))
    assert [row["url"][-1] for row in rows] == list("1256")
    assert "the block at byte" in rejects[0].reason


def test_the_places_file_of_a_cluster_says_where_parts_are(tmp_path: Path) -> None:
    written(tmp_path, "parts.gz", gzip.compress(ELEVEN.format(1).encode()))
    written(tmp_path, "x.loc", "p1\tnowhere\telsewhere/parts.gz\n")
    index = written(tmp_path, "x.idx", "com,example)/ 20240501\tp1\t0\t999\n")
    assert urls_of(index) == ["https://example.com/1"]


def test_an_empty_index_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no row in it"):
        urls_of(written(tmp_path, "x.cdx", " CDX N b a\n"))


def test_lines_that_are_usual_and_lines_that_are_not_stand_in_their_order(tmp_path: Path) -> None:
    usual = 'com,example)/{0} 20240501100000 {{"url": "https://example.com/{0}", "status": "200", "offset": "{0}"}}'
    odd = 'com,example)/{0} 20240501100000 {{"status": "200", "url": "https://example.com/{0}\\u0041"}}'
    lines = [(odd if n % 3 == 0 else ELEVEN if n % 3 == 1 else usual).format(n) for n in range(60)]
    rows, rejects = rows_of(written(tmp_path, "x.cdxj", "\n".join(lines)))
    assert [row["url"] for row in rows] == [f"https://example.com/{n}{'A' * (n % 3 == 0)}" for n in range(60)]
    assert {row["status"] for row in rows} == {"200"}
    assert rejects == []
