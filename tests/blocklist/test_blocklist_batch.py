"""Columns of hosts and URLs: the same answers as one at a time."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from crawlgate.blocklist.batch import Found, match_hosts, match_urls
from crawlgate.blocklist.knowledge import status
from crawlgate.blocklist.match import Lists, NoticeIndex
from crawlgate.domains import Suffixes
from crawlgate.errors import ConfigError
from crawlgate.model import Notice, NoticeRelation
from crawlgate.url import parse
from tests.blocklist.test_blocklist_reference import DEFAULTS, compiled

DAY = datetime(2026, 5, 1, tzinfo=UTC)
TABLES: list[dict[str, object]] = [
    {"id": "d", "scope": "registrable_domain", "value": "pirate.example", "listed_at": "2026-04-01"},
    {"id": "w", "scope": "registrable_domain", "value": "gone.example", "withdrawn_at": "2026-05-20"},
    {"id": "x", "scope": "subdomain", "value": "shop.pirate.example", "exception": True},
    {"id": "h", "scope": "host", "value": "img.scans.example"},
    {"id": "p", "scope": "path_prefix", "value": "video.example", "path_prefix": "/u/raw"},
    {"id": "u", "scope": "url", "value": "https://video.example/page?id=3"},
    {"id": "c", "scope": "cidr", "value": "192.0.2.0/24"},
]
HOSTS = ["a.pirate.example", "gone.example", None, "PIRATE.example.", "shop.pirate.example", "x.img.scans.example",
         "img.scans.example", "www.video.example", "192.0.2.9", "stranger.example", "a.pirate.example", "no host", "[::1"]  # fmt: skip


@pytest.fixture
def both(tmp_path: Path) -> list[Any]:
    held = compiled(TABLES, tmp_path, Suffixes())
    notices = [held.notice(number) for number in range(len(held))]
    return [held, NoticeIndex(notices, Suffixes())]


def rows(found: Found) -> set[tuple[int, str, bool]]:
    return {(r["row"], r["id"], r["needs_url"]) for r in found.matches.to_pylist()}


def test_hosts(both: list[Any]) -> None:
    for listing in both:
        found = match_hosts(listing, HOSTS)
        assert rows(found) == {
            (0, "d", False), (1, "w", False), (3, "d", False), (6, "h", False), (7, "p", True), (8, "c", False),
            (10, "d", False),
        }  # fmt: skip
        assert [r["row"] for r in found.matches.to_pylist()] == sorted(r["row"] for r in found.matches.to_pylist())
        assert [r["row"] for r in found.unreadable.to_pylist()] == [11, 12]
        assert "no host" in found.unreadable.to_pylist()[0]["reason"]
        assert {r["status"] for r in found.matches.to_pylist()} == {None}


def test_times(both: list[Any]) -> None:
    times = [datetime(2026, month, 10, tzinfo=UTC) for month in (4, 6, 5, 6, 6, 6, 6, 6, 3, 6, 6, 6, 6)]
    for listing in both:
        states = {(r["row"], r["id"]): r["status"] for r in match_hosts(listing, HOSTS, at=times).matches.to_pylist()}
        assert states[0, "d"] == "published"
        assert states[10, "d"] == "known"
        assert states[1, "w"] == "withdrawn"
        assert states[8, "c"] == "later"
        assert {r["status"] for r in match_hosts(listing, ["gone.example"], at=DAY).matches.to_pylist()} == {"known"}
        # An exception counts from when it was known, as everything does.
        early = match_hosts(listing, ["shop.pirate.example"], at=DAY - timedelta(days=1))
        assert [(r["id"], r["status"]) for r in early.matches.to_pylist()] == [("d", "published")]


def test_urls(both: list[Any]) -> None:
    urls = ["http://www.video.example/u//raw/1", "https://video.example/page?id=3", "https://video.example/u/rawer",
            "https://me:pw@a.pirate.example/", "https://shop.pirate.example/x", "ftp://pirate.example/", None,
            "https://[::ffff:192.0.2.1]/"]  # fmt: skip
    for listing in both:
        found = match_urls(listing, urls, at=DAY)
        assert rows(found) == {(0, "p", False), (1, "u", False), (3, "d", False), (7, "c", False)}
        assert [r["row"] for r in found.unreadable.to_pylist()] == [5]


def test_any_kind_of_column(both: list[Any]) -> None:
    expected = rows(match_hosts(both[0], HOSTS))
    chunked = pa.chunked_array([pa.array(HOSTS[:5]), pa.array(HOSTS[5:])])
    for column in (tuple(HOSTS), pa.array(HOSTS), pa.array(HOSTS, pa.large_string()), pa.array(HOSTS, pa.string_view()),
                   chunked, pa.array(HOSTS).dictionary_encode(), pa.chunked_array([pa.array(HOSTS).dictionary_encode()])):  # fmt: skip
        assert rows(match_hosts(both[0], column)) == expected
    for empty in ([], pa.array([], pa.string()), pa.chunked_array([], pa.string()), [None, None]):
        found = match_hosts(both[0], empty, at=DAY)
        assert (found.matches.num_rows, found.unreadable.num_rows) == (0, 0)
        assert found.matches.column_names == ["row", "id", "list", "scope", "value", "status", "needs_url"]


@pytest.mark.parametrize(
    ("column", "at", "reason"),
    [
        ([1, 2], None, "of type int64"),
        (3, None, "a column of texts"),
        (["a.example"], datetime(2026, 5, 1), "has no zone"),  # noqa: DTZ001
        (["a.example"], [datetime(2026, 5, 1)], "with a zone"),  # noqa: DTZ001
        (["a.example"], ["2026-05-01"], "with a zone"),
        (["a.example"], [DAY, DAY], "2 times for 1 rows"),
        (["a.example"], 7, "a column of times"),
    ],
)
def test_columns_that_are_none(both: list[Any], column: Any, at: Any, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        match_hosts(both[0], column, at=at)


def test_a_column_is_asked_as_each_of_its_hosts_would_be(tmp_path: Path) -> None:
    chance = random.Random(3)
    labels = ["a", "b", "cdn", "pirate", "scans"]

    def name() -> str:
        return ".".join([*chance.choices(labels, k=chance.randrange(1, 4)), "example"])

    tables: list[dict[str, object]] = []
    for number in range(60):
        made = name()
        scope = "registrable_domain" if made.count(".") == 1 else chance.choice(["subdomain", "host"])
        extra = {"withdrawn_at": "2026-06-01"} if chance.random() < 0.3 else {}
        tables.append({"id": f"{number}", "scope": scope, "value": made, "exception": chance.random() < 0.2, **extra})
    listing = compiled(tables, tmp_path, Suffixes())
    hosts = [name() for _ in range(300)]
    times = [DAY + timedelta(days=chance.randrange(-10, 60)) for _ in hosts]
    wanted = set()
    for row, (host, at) in enumerate(zip(hosts, times, strict=True)):
        for match in listing.matches(parse(f"https://{host}/")):
            carved = any(status(e, at).counts for e in match.exceptions)
            if match.relation is NoticeRelation.COVERS and not carved:
                wanted.add((row, match.notice.id, str(status(match.notice, at))))
    found = match_hosts(listing, hosts, at=pa.array(times)).matches.to_pylist()
    assert {(r["row"], r["id"], r["status"]) for r in found} == wanted
    assert {r["status"] for r in found} == {"known", "withdrawn", "later"}
    assert {r["list"] for r in found} == {listing.name}


def test_several_lists(both: list[Any]) -> None:
    other = Notice(id="o", issuer="B", scope="host", value="stranger.example", source="other")
    lists = Lists([*both, NoticeIndex([replace(other, received_at=DEFAULTS.received_at)], Suffixes())])
    found = match_hosts(lists, ["stranger.example", "a.pirate.example"]).matches.to_pylist()
    assert [(r["row"], r["id"], r["list"]) for r in found] == [
        (0, "o", "other"), (1, "d", both[0].name), (1, "d", both[1].name),
    ]  # fmt: skip
