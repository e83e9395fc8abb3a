"""The robots.txt that stands in an archive is what its pages are judged by, in every kind of archive."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from warcio.archiveiterator import ArchiveIterator  # type: ignore[import-untyped]
from warcio.statusandheaders import StatusAndHeaders  # type: ignore[import-untyped]
from warcio.warcwriter import WARCWriter  # type: ignore[import-untyped]

from crawlgate import ConfigError
from crawlgate import url as urls
from crawlgate.audit.book import EvidenceBook
from crawlgate.audit.readers import Told, evidence_in, read
from crawlgate.audit.readers.records import archives
from crawlgate.audit.tables import TableJudge
from tests.audit.output.audits import DECLARED
from tests.audit.readers.reading import rows_of, written
from tests.shared_data import shared

Files = list[tuple[str, datetime]]
"""Origins, and when their robots.txt was received."""


def origin_of(url: str) -> str:
    return urls.parse(urls.without_userinfo(url)).origin


def body_of(origin: str) -> bytes:
    return f"# of {origin}\nUser-agent: *\nDisallow: /\n".encode()


def as_warc(files: Files, *, packed: bool) -> bytes:
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=packed)
    for origin, at in files:
        body = body_of(origin)
        http = StatusAndHeaders("200 OK", [("Content-Type", "text/plain")], protocol="HTTP/1.1")
        dated = {"WARC-Date": at.strftime("%Y-%m-%dT%H:%M:%SZ")}
        writer.write_record(
            writer.create_warc_record(
                f"{origin}/robots.txt",
                "response",
                io.BytesIO(body),
                length=len(body),
                http_headers=http,
                warc_headers_dict=dated,
            )
        )
    return buffer.getvalue()


def as_arc(files: Files, *, packed: bool) -> bytes:
    made = []
    for origin, at in files:
        answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + body_of(origin)
        head = f"{origin}/robots.txt 192.0.2.1 {at:%Y%m%d%H%M%S} text/plain {len(answer)}\n".encode()
        made.append(head + answer + b"\n")
    return b"".join(map(gzip.compress, made)) if packed else b"".join(made)


def pages(path: Path) -> list[tuple[str, str, datetime]]:
    """The pages of an archive: URL, origin and time; what is no URL or has no time is left out."""
    found = []
    for row in rows_of(path)[0]:
        try:
            at = datetime.fromisoformat(row["time"])
            found.append((row["url"], origin_of(row["url"]), at if at.tzinfo else at.replace(tzinfo=UTC)))
        except (ValueError, urls.UrlError):
            continue
    return found


def robots_for(path: Path) -> Files:
    """A robots.txt an hour before each page."""
    return sorted({(origin, at - timedelta(hours=1)) for _, origin, at in pages(path)})


def require_used(path: Path) -> int:
    """Every page is kept out by the robots.txt of its own origin that stands in the archive; how many there are."""
    book = EvidenceBook()
    told = Told(DECLARED.token)
    evidence_in([path], told, book.add)
    judge = TableJudge(DECLARED, evidence=book, now=datetime(2030, 1, 1, tzinfo=UTC))
    used = 0
    for batch in read(path, told):
        if not len(batch.rows):
            continue
        judged, refused = judge.judge(batch.rows, batch.columns, batch.particulars)
        for row, url in enumerate(batch.rows[batch.columns.url].to_pylist()):
            if row in refused:
                continue
            assert judged.robots[row] >= 0, url
            assert judge.robots(int(judged.robots[row])).body == body_of(origin_of(url)), url
            assert judged.lines[row] == 3, url
            assert "B2=met" in judge.classes[judged.classes[row]].spelled
            used += 1
    return used


def every_archive() -> list[Path]:
    found = sorted(shared("data/archives").rglob("*"))
    return [path for path in found if path.is_file() and any(mark in path.name for mark in (".warc", ".arc", ".wacz"))]


def test_real_archives_are_judged_by_the_robots_txt_that_is_put_into_them(tmp_path: Path) -> None:
    """Good and damaged archives of others, with robots.txt records behind their pages."""
    judged = {}
    for number, path in enumerate(every_archive()):
        try:
            files = robots_for(path)
        except ConfigError:
            continue  # no page in it
        if not files:
            continue  # no page with a URL and a time
        raw = path.read_bytes()
        if path.suffix == ".wacz":
            target = written(tmp_path, f"{number}-{path.name}", raw)
            with zipfile.ZipFile(target, "a") as to:
                to.writestr("archive/robots.warc.gz", as_warc(files, packed=True))
        else:
            packed = raw.startswith(b"\x1f\x8b")
            text = gzip.GzipFile(fileobj=io.BytesIO(raw)).read(8) if packed else raw
            make = as_warc if text.startswith(b"WARC/") else as_arc
            target = written(tmp_path, f"{number}-{path.name.removesuffix('.bad')}", raw + make(files, packed=packed))
        judged[path] = require_used(target)
    assert len(judged) >= 22
    assert all(judged.values()), judged


def test_robots_txt_records_of_real_archives_are_all_taken(tmp_path: Path) -> None:
    """What a plain reader of archives finds under /robots.txt is what the audit takes as evidence, no more, no less."""
    for path in every_archive():
        plain = []
        try:
            for opened in archives(path):
                for record in ArchiveIterator(opened.file, arc2warc=True):
                    url = record.rec_headers.get_header("WARC-Target-URI") or ""
                    if record.rec_type == "response" and url.partition("://")[2].partition("/")[2] == "robots.txt":
                        plain.append(url)
        except Exception:  # the plain reader gives up on damaged ones
            continue
        taken: list[str] = []
        evidence_in([path], Told(DECLARED.token), lambda one, to=taken: to.append(one.url))  # type: ignore[misc]
        assert [url for url in taken if url.endswith("/robots.txt")] == plain, path


@pytest.mark.parametrize("packed", [False, True])
def test_archives_of_every_kind_bring_their_robots_txt(tmp_path: Path, packed: bool) -> None:
    at = datetime(2024, 5, 1, tzinfo=UTC)
    files = [(f"https://h{n}.example", at) for n in range(3)] + [("http://h0.example:8080", at)]
    url = b"https://h0.example/page"
    page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>words</p>"
    record = b"%s 192.0.2.1 20240501120000 text/html %d\n%s\n" % (url, len(page), page)
    head = b"filedesc://x.arc 0.0.0.0 20240501000000 text/plain 8\n1 0 test\n"
    parts = [head, record, record.replace(b"https://h0.example/", b"http://h0.example:8080/")]
    pack = gzip.compress if packed else bytes
    arc = b"".join(map(pack, parts)) + as_arc(files, packed=packed)
    assert require_used(written(tmp_path, "crawl.arc.gz" if packed else "crawl.arc", arc)) == 2
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=packed)
    for origin, when in files:
        http = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
        dated = {"WARC-Date": (when + timedelta(hours=23)).strftime("%Y-%m-%dT%H:%M:%SZ")}
        writer.write_record(
            writer.create_warc_record(
                f"{origin}/p", "response", io.BytesIO(b"<p>"), length=3, http_headers=http, warc_headers_dict=dated
            )
        )
    pages_alone, robots_alone = buffer.getvalue(), as_warc(files, packed=packed)
    path = tmp_path / "crawl.wacz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED) as to:
        to.writestr("datapackage.json", "{}")
        to.writestr("archive/pages.warc.gz" if packed else "archive/pages.warc", pages_alone)
        to.writestr("archive/robots.warc.gz" if packed else "archive/robots.warc", robots_alone)
    assert require_used(path) == 4
    whole = gzip.compress(robots_alone + pages_alone) if not packed else pages_alone + robots_alone
    assert require_used(written(tmp_path, "one.warc.gz", whole)) == 4
