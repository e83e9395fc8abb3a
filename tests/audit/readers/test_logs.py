"""Logs of one request a line: what is a request, whose host, which status; lines that cannot be read are told."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from crawlgate.audit.readers import Told
from crawlgate.audit.rows import NO_ANSWER, ROBOTS_PRECLUDED
from tests.audit.readers.reading import rows_of, written

AT = "[01/May/2024:19:00:00 +0900]"
TAIL = '"https://a.example/" "ExampleBot/1.0 (+https://lab.example)"'


def test_a_forward_proxy_logs_absolute_urls(tmp_path: Path) -> None:
    text = (
        f'10.0.0.1 - - {AT} "GET http://a.example/x?q=1 HTTP/1.1" 200 512 {TAIL}\n'
        f'10.0.0.1 - me {AT} "GET http://a.example/y HTTP/1.1" 403 -\n'
        f'10.0.0.1 - - {AT} "CONNECT a.example:443 HTTP/1.1" 200 0 "-" "ExampleBot/1.0"\n'
        f'10.0.0.1 - - {AT} "\\x16\\x03" 400 0 "-" "-"\n'
        f'10.0.0.1 - - {AT} "GET http://a.example/caf\\xc3\\xa9 HTTP/1.1" 200 1 "-" "a \\"quoted\\" name"\n'
        "10.0.0.1 - - [01/May\n"
    )
    rows, rejects = rows_of(written(tmp_path, "access.log", text))
    assert [(row["row"], row["url"], row["status"]) for row in rows] == [
        (0, "http://a.example/x?q=1", "200"),
        (1, "http://a.example/y", "403"),
        (4, "http://a.example/caf%c3%a9", "200"),
    ]
    assert rows[0]["time"] == "2024-05-01T19:00:00+09:00"
    assert rows[0]["user_agent"] == "ExampleBot/1.0 (+https://lab.example)"
    assert rows[1]["user_agent"] is None
    why = {reject.row: reject.reason for reject in rejects}
    assert "shows the host only" in why[2]
    assert why[3] == "the request is none"
    assert "not as a line of an access log" in why[5]
    assert {reject.row: reject.offset for reject in rejects}[3] == sum(len(line) + 1 for line in text.split("\n")[:3])


def test_the_host_of_a_path_stands_in_front_or_is_told(tmp_path: Path) -> None:
    with_host = (
        f'www.a.example:443 10.0.0.1 - - {AT} "GET /x HTTP/2.0" 200 5 {TAIL}\n'
        f'b.example:8080 10.0.0.1 - - {AT} "GET /y HTTP/1.1" 200 5 {TAIL}\n'
        f'c.example 10.0.0.1 - - {AT} "GET /z HTTP/1.1" 200 5 {TAIL}\n'
    )
    rows, _ = rows_of(written(tmp_path, "vhosts.log.gz", gzip.compress(with_host.encode())))
    assert [row["url"] for row in rows] == ["https://www.a.example/x", "http://b.example:8080/y", "https://c.example/z"]
    without = written(tmp_path, "access.log", f'10.0.0.1 - - {AT} "GET /x HTTP/1.1" 200 5 {TAIL}\n')
    rows, rejects = rows_of(without)
    assert rows == []
    assert "pass --host" in rejects[0].reason
    assert [row["url"] for row in rows_of(without, Told("ExampleBot", host="a.example"))[0]] == ["https://a.example/x"]
    assert rows_of(without, Told("ExampleBot", host="http://a.example"))[0][0]["url"] == "http://a.example/x"


def test_squid_tells_what_it_answered_itself(tmp_path: Path) -> None:
    text = (
        "1714557600.123     80 10.0.0.1 TCP_MISS/200 1024 GET http://a.example/x - HIER_DIRECT/192.0.2.1 text/html\n"
        "1714557601.000      0 10.0.0.1 TCP_DENIED/403 1024 GET http://b.example/ - HIER_NONE/- text/html\n"
        "1714557602.000  60000 10.0.0.1 NONE/000 0 GET http://c.example/ - HIER_NONE/- -\n"
        "1714557603.000      3 10.0.0.1 TCP_TUNNEL/200 9 CONNECT d.example:443 - HIER_DIRECT/192.0.2.1 -\n"
    )
    rows, rejects = rows_of(written(tmp_path, "access.log", text))
    assert [(row["url"], row["status"]) for row in rows] == [
        ("http://a.example/x", "200"),
        ("http://b.example/", str(NO_ANSWER)),
        ("http://c.example/", str(NO_ANSWER)),
    ]
    assert rows[0]["time"] == 1714557600.123
    assert [reject.row for reject in rejects] == [3]


def test_heritrix_says_by_its_codes_what_was_never_answered(tmp_path: Path) -> None:
    line = "2024-05-01T10:00:0{n}.123Z {code:>5} {size:>10} {url} LL http://a.example/ text/html #012 20240501100000120+3 sha1:ABC - -\n"
    codes = [
        (200, 512, "http://a.example/x"),
        (-9998, "-", "http://a.example/private"),
        (-50, "-", "http://b.example/"),
    ]
    codes += [(-5000, "-", "http://c.example/"), (1, 50, "dns:a.example"), (404, 5, "http://a.example/gone")]
    text = "".join(line.format(n=n, code=code, size=size, url=url) for n, (code, size, url) in enumerate(codes))
    rows, rejects = rows_of(written(tmp_path, "crawl.log", text + "2024-05-01T10:00:09.0"))
    assert [(row["row"], row["status"]) for row in rows] == [
        (0, 200),
        (1, ROBOTS_PRECLUDED),
        (2, NO_ANSWER),
        (3, NO_ANSWER),
        (5, 404),
    ]
    assert rows[0]["time"] == "2024-05-01T10:00:00.123Z"
    assert [reject.row for reject in rejects] == [6]


def test_scrapy_tells_of_each_request_once(tmp_path: Path) -> None:
    stamp = "2024-05-01 10:00:00 [scrapy.x] DEBUG: "
    lines = [
        "2024-05-01 10:00:00 [scrapy.utils.log] INFO: Scrapy 2.13 started (bot: x)",
        stamp + "Crawled (200) <GET https://a.example/1> (referer: None)",
        stamp + "Scraped from <200 https://a.example/1>",
        "{'title': 'an item\\nover lines'}",
        stamp + "Redirecting (301) to <GET https://b.example/> from <GET https://a.example/2>",
        stamp + "Redirecting (meta refresh) to <GET https://b.example/> from <GET https://a.example/m>",
        stamp + "Retrying <GET https://a.example/3> (failed 1 times): 503 Service Unavailable",
        stamp + "Gave up retrying <GET https://a.example/3> (failed 3 times): 503 Service Unavailable",
        stamp + "Crawled (503) <GET https://a.example/3> (referer: https://a.example/)",
        stamp + "Ignoring response <503 https://a.example/3>: HTTP status code is not handled or not allowed",
        stamp + "Retrying <GET https://a.example/4> (failed 1 times): User timeout caused connection failure.",
        stamp + "Gave up retrying <GET https://a.example/4> (failed 2 times): User timeout caused connection failure.",
        stamp + "Forbidden by robots.txt: <GET https://a.example/private>",
        stamp + "Crawled (200) <GET https://a.exa",
    ]
    rows, rejects = rows_of(written(tmp_path, "spider.log", "\n".join(lines) + "\n"))
    assert [(row["row"], row["url"][-9:], row["status"]) for row in rows] == [
        (1, "example/1", "200"),
        (4, "example/2", "301"),
        (5, "example/m", "200"),
        (6, "example/3", "503"),
        (8, "example/3", "503"),
        (10, "example/4", str(NO_ANSWER)),
        (11, "example/4", str(NO_ANSWER)),
        (12, "e/private", str(ROBOTS_PRECLUDED)),
    ]
    assert [reject.row for reject in rejects] == [13]
