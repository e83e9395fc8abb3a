"""Hosts of which a long list speaks are never taken for strangers."""

from __future__ import annotations

import random
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("numba", reason="the audit extra is not installed")

import numpy as np
import pyarrow as pa

from crawlgate import Declaration
from crawlgate.audit import candidate_kernels as kernels
from crawlgate.audit.book import Content, EvidenceBook, micros
from crawlgate.audit.candidates import maybe_listed
from crawlgate.audit.tables import TableJudge
from crawlgate.audit.texts import texts
from crawlgate.blocklist import store
from crawlgate.blocklist.compiled import CompiledList
from crawlgate.blocklist.match import Lists, NoticeIndex
from crawlgate.blocklist.name_filter import build_hints, second
from crawlgate.blocklist.store import ListStore

LISTED_AT = datetime(2026, 5, 1, tzinfo=UTC)
LISTED = """\
pirate.example
www.scans.example
manga-raws7.jp
a.b.deep-books.co.jp
xn--mgbaaaa1234.example
xn--pckua2a7gp15o.jp
video.example/u/raw
https://www.places.example/one?x=1
192.0.2.0/24
198.51.100.7
"""
OF_THESE = [
    *("pirate.example", "a.pirate.example", "www.scans.example", "scans.example", "manga-raws7.jp", "manga-raws.com"),
    *("www.manga-raws12.net", "a.b.deep-books.co.jp", "x.a.b.deep-books.co.jp", "deep-books.com", "b.deep-books.co.jp"),
    *("xn--pckua2a7gp15o.com", "video.example", "www.video.example", "www.places.example", "192.0.2.9", "198.51.100.7"),
]
STRANGERS = [
    "example",
    "co.jp",
    "other.co.jp",
    "raws.example",
    "203.0.113.9",
    "places.example.net",
    "[2001:db8::1]",
    "a_b.c",
]


@pytest.fixture
def listing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CompiledList:
    monkeypatch.setattr(store, "COMPILED_FROM", 0)
    (tmp_path / "list.txt").write_text(LISTED + "".join(f"entry{n}-{n}.example\n" for n in range(300)))
    found = ListStore(tmp_path / "home").receive(tmp_path / "list.txt", at=LISTED_AT).listing
    assert isinstance(found, CompiledList)
    return found


def asked(notices: CompiledList | Lists, hosts: list[str]) -> set[str]:
    origins = [f"{'https' if n % 2 else 'http'}://{host}{':8443' * (n % 3 == 0)}" for n, host in enumerate(hosts)]
    return {hosts[place] for place in maybe_listed(notices, texts(pa.array(origins)), hosts.__getitem__)}


def test_who_is_listed_or_related_is_a_candidate(listing: CompiledList) -> None:
    spoken_of = {host for host in OF_THESE if not listing.for_host(host).empty}
    assert len(spoken_of) == len(OF_THESE) - 3
    assert asked(listing, OF_THESE) >= spoken_of
    assert asked(listing, STRANGERS) <= {"203.0.113.9", "[2001:db8::1]"}  # of addresses the list itself is asked


def test_many_made_up_hosts(listing: CompiledList) -> None:
    rnd = random.Random(3)
    labels = ["www", "entry7", "entry9-9", "pirate", "example", "co", "jp", "deep-books", "manga-raws", "places", "x1"]
    hosts = list({".".join(rnd.choices(labels, k=rnd.randint(1, 5))) for _ in range(3_000)})
    expected = {host for host in hosts if not listing.for_host(host).empty}
    assert expected
    assert asked(listing, hosts) >= expected
    assert asked(Lists([listing, listing]), hosts) >= expected


def test_checksums_and_hints_are_those_of_the_list() -> None:
    table = kernels.crc_table()
    crc = 0xFFFFFFFF
    for byte in b"pirate.example":
        crc = int(table[(crc ^ byte) & 255]) ^ (crc >> 8)
    assert crc ^ 0xFFFFFFFF == zlib.crc32(b"pirate.example")
    assert second(0) == 0
    bits = np.frombuffer(build_hints(["pirate.example", "^名前の長い.example", "#4001"], 3), np.uint8)
    assert int(np.unpackbits(bits).sum()) == 4  # the name, and its label of six letters


def test_few_strangers_are_asked_about(listing: CompiledList) -> None:
    column = texts(pa.array([f"https://stranger{n}x.example" for n in range(5_000)]))
    found = np.zeros(len(column), np.uint8)
    names, hints = (np.frombuffer(bits, np.uint8) for bits in listing.filters)
    kernels.tell_strangers(column.data, column.offsets, names, hints, False, 6, kernels.crc_table(), found)
    assert (found != kernels.STRANGER).mean() < 0.1


def test_a_long_list_says_of_rows_what_a_short_one_says(listing: CompiledList, tmp_path: Path) -> None:
    """Hosts of a long list have the plans of others, and what the list says of all of them."""
    short = NoticeIndex(list(listing), listing.suffixes)
    book = EvidenceBook()
    bodies = b"", b"User-agent: *\nDisallow: /x\n"
    answers = [(Content(200, None, f"{n:064}"), body) for n, body in enumerate(bodies)]
    origins = [f"https://{host}" for host in (*OF_THESE, *STRANGERS[:4])]
    with_file = origins[::2]
    book.add_robots(with_file, [micros(LISTED_AT)] * len(with_file), [n % 2 for n in range(len(with_file))], answers)
    times = [LISTED_AT + timedelta(days=days) for days in (-40, -1, 0, 1, 3, 400)]
    asked = [(f"{origin}{path}", at) for origin in origins for path in ("/", "/x") for at in times]
    table = pa.table({"url": [url for url, _ in asked], "time": [at for _, at in asked]})
    declared = Declaration(operator="x", token="ExampleBot", user_agent="ExampleBot/1.0", purposes=["pretraining"])
    for notices, others in ((listing, short), (Lists([short, listing]), Lists([listing, short]))):
        one, other = (TableJudge(declared, evidence=book, notices=each) for each in (notices, others))
        for _ in range(2):
            assert one(table).drop_columns(["basis"]) == other(table).drop_columns(["basis"])
        named = [plan for plan in one.engine.plans if plan.notices is not None]
        assert len({plan.number for plan in named}) == len(named) > len(OF_THESE)
        assert [one.engine.plans.named.array[plan.number] for plan in named] == [True] * len(named)
