"""Both indexes against a slow obvious reference: everything in lists, compared one by one."""

import ipaddress
import os
import random
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crawlgate.blocklist.cache import open_compiled
from crawlgate.blocklist.entry import Entry, EntryDefaults, EntryError, entry_from_table, notice, table_of
from crawlgate.blocklist.formats import Format, load, read
from crawlgate.blocklist.hashes import FileHashes
from crawlgate.blocklist.match import MIN_RELATED_LABEL, Listing, NoticeIndex
from crawlgate.domains import Suffixes
from crawlgate.errors import UrlError
from crawlgate.model import Notice, NoticeRelation
from crawlgate.url import parse
from tests.shared_data import shared

SUFFIXES = Suffixes(["test", "blogsuffix.test"])
COVERS, OTHER_PATH = NoticeRelation.COVERS, NoticeRelation.OTHER_PATH
SAME_LABEL, SUCCESSOR = NoticeRelation.SAME_LABEL, NoticeRelation.SUCCESSOR
DAY = datetime(2026, 5, 1, tzinfo=UTC)
DEFAULTS = EntryDefaults(issuer="RHA", source="list.jsonl", received_at=DAY, effective_at=DAY)

LABELS = st.sampled_from(
    [
        "a",
        "img",
        "www",
        "mangasky",
        "mangasky2",
        "mangasky-3",
        "pirates",
        "blogsuffix",
        "co",
        "海賊漫画図書館",
        "海賊漫画図書館2",
    ]
)
HOSTS = st.builds(
    lambda labels, tld: ".".join([*labels, tld]),
    st.lists(LABELS, min_size=1, max_size=4),
    st.sampled_from(["test", "jp"]),
)
ADDRESSES = st.sampled_from(["192.0.2.7", "192.0.2.8", "192.0.3.7", "2001:db8::1", "2001:db8:1::1"])
NETWORKS = st.sampled_from(
    ["192.0.2.0/24", "192.0.0.0/16", "192.0.2.7/32", "192.0.2.6/31", "2001:db8::/48", "2001:db8::1/128"]
)
PATHS = st.lists(st.sampled_from(["u", "a", "ab", "u%2Fa", ""]), max_size=4).map(lambda parts: "/" + "/".join(parts))
SAID = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from(["one", "two"]),
        "listed_at": st.sampled_from(["2026-04-01", "2026-04-02"]),
        "withdrawn_at": st.just("2026-06-01"),
        "exception": st.booleans(),
    },
)
TARGETS = st.one_of(
    st.fixed_dictionaries({"scope": st.sampled_from(["registrable_domain", "subdomain", "host"]), "value": HOSTS}),
    st.fixed_dictionaries({"scope": st.just("path_prefix"), "value": HOSTS, "path_prefix": PATHS}),
    st.fixed_dictionaries({"scope": st.just("url"), "value": st.builds("http://{}{}".format, HOSTS, PATHS)}),
    st.fixed_dictionaries({"scope": st.sampled_from(["ip", "host"]), "value": ADDRESSES}),
    st.fixed_dictionaries({"scope": st.just("cidr"), "value": NETWORKS}),
)
TABLES = st.builds(lambda target, said: {**target, **said}, TARGETS, SAID)
URLS = st.one_of(
    st.builds("{}://{}{}".format, st.sampled_from(["http", "https"]), HOSTS, PATHS),
    st.builds(lambda a, p: f"https://{f'[{a}]' if ':' in a else a}{p}", ADDRESSES, PATHS),
)


@pytest.fixture(scope="module", autouse=True)
def no_waiting_for_the_disk() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


# -- the reference ------------------------------------------------------------------------------------------


def one_slash(path: str) -> str:
    while "//" in path:
        path = path.replace("//", "/")
    return path


def covers(n: Notice, host: str, path: str) -> bool:
    asked, listed = host.split("."), n.value.split(".")
    path = one_slash(path)
    if n.scope in ("ip", "cidr") or (n.scope == "host" and (n.value[0] == "[" or n.value[-1].isdigit())):
        network = ipaddress.ip_network(n.value.strip("[]"))
        try:
            return ipaddress.ip_address(host.strip("[]")) in network
        except ValueError:
            return False
    if n.scope in ("registrable_domain", "subdomain"):
        return asked[-len(listed) :] == listed
    if n.scope == "host":
        return asked == listed
    if n.scope == "url":
        return f"{host}{path}" == one_slash(n.value.partition("://")[2])
    if n.value not in (host, f"www.{host}") and host != f"www.{n.value}":
        return False
    prefix = one_slash(n.path_prefix or "")
    if prefix.endswith("/"):
        return path.startswith(prefix)
    return path == prefix or path.startswith(prefix + "/")


def same_host(n: Notice, host: str) -> bool:
    if n.scope == "url":
        return n.value.split("/")[2] == host
    return n.scope == "path_prefix" and (n.value in (host, f"www.{host}") or host == f"www.{n.value}")


def like(n: Notice, host: str) -> NoticeRelation | None:
    if n.scope not in ("registrable_domain", "subdomain", "host"):
        return None
    listed, asked = SUFFIXES.label(n.value), SUFFIXES.label(host)
    if not listed or not asked:
        return None
    listed, asked = (label.encode().decode("idna") for label in (listed, asked))
    base, asked_base = (label.rstrip("0123456789").rstrip("-") for label in (listed, asked))
    if base != asked_base or len(base) < MIN_RELATED_LABEL:
        return None
    if listed == asked:
        return SAME_LABEL if SUFFIXES.registrable(n.value) != SUFFIXES.registrable(host) else None
    return SUCCESSOR if asked != asked_base else None


def dates(n: Notice) -> tuple[object, ...]:
    return n.listed_at, n.received_at, n.effective_at, n.expires_at, n.withdrawn_at


def narrow(n: Notice) -> tuple[int, int]:
    kinds = ["registrable_domain subdomain cidr", "host ip", "path_prefix", "url"]
    return next(k for k, names in enumerate(kinds) if n.scope in names.split()), len(n.path_prefix or n.value)


def expected(notices: list[Notice], host: str, path: str) -> tuple[set[object], set[object]]:
    """What covers, with what is carved out of it; and the other relations with the dates they come with."""
    covering = [n for n in notices if covers(n, host, path)]
    carving = [n for n in covering if n.exception]
    covered = {
        (told(n), frozenset(told(e) for e in carving if narrow(e) >= narrow(n))) for n in covering if not n.exception
    }
    others = set()
    for n in notices:
        if n.exception:
            continue
        if same_host(n, host) and n not in covering:
            others.add((OTHER_PATH, dates(n)))
        if (relation := like(n, host)) is not None:
            others.add((relation, dates(n)))
    return covered, others


def told(n: Notice) -> object:
    return n.scope, n.value, n.path_prefix, n.exception, dates(n)


# -- both indexes -------------------------------------------------------------------------------------------


def compiled(tables: list[dict[str, object]], folder: Path, suffixes: Suffixes = SUFFIXES) -> Listing:
    place = folder / "list.jsonl"
    place.write_bytes(b"".join(orjson.dumps(table) + b"\n" for table in tables))
    return open_compiled(
        load(place, Format.FEED),
        folder / "compiled",
        hashes=FileHashes(folder),
        defaults=DEFAULTS,
        suffixes=suffixes,
        force="tests",
    )


def taken(tables: list[dict[str, object]]) -> list[Entry]:
    """The tables that are entries; an id that stands twice is none."""
    found, ids = [], set()
    for table in tables:
        try:
            entry = entry_from_table(table, SUFFIXES)
        except EntryError:
            continue
        name = entry.said.get("id")
        if name is None or name not in ids:
            ids.add(name)
            found.append(entry)
    return found


@settings(max_examples=200)
@example([{"scope": "url", "value": "http://a.test/"}] * 2, ["http://a.test/"])
@example([{"scope": "host", "value": "2001:db8::1"}], ["https://[2001:db8::1]/"])
@given(st.lists(TABLES, min_size=1, max_size=8), st.lists(URLS, min_size=1, max_size=6))
def test_as_the_obvious_reference_says(tables: list[dict[str, object]], urls: list[str]) -> None:
    entries = taken(tables)
    if not entries:
        return
    notices = [notice(entry, replace(DEFAULTS, id=str(n))) for n, entry in enumerate(entries)]
    with tempfile.TemporaryDirectory() as folder:
        indexes = [NoticeIndex(notices, SUFFIXES), compiled([table_of(e) for e in entries], Path(folder))]
        for url in urls:
            asked = parse(url)
            covered, others = expected(notices, asked.host, asked.target)
            for index in indexes:
                found = index.matches(asked)
                assert {
                    (told(m.notice), frozenset(map(told, m.exceptions))) for m in found if m.relation is COVERS
                } == covered
                related = [(m.relation, dates(m.notice)) for m in found if m.relation is not COVERS]
                assert len(related) == len(set(related))  # one is named for each set of dates
                assert set(related) == others


@pytest.mark.parametrize("name", ["blp-piracy.adguard.txt", "ut1-warez/urls", "ut1-warez/domains"])
def test_real_lists_against_the_reference(name: str, tmp_path: Path) -> None:
    place, suffixes, chance = shared(f"data/blocklists/{name}"), Suffixes(), random.Random(7)
    listed = read(place).notices
    both = [
        NoticeIndex(listed, suffixes),
        open_compiled(load(place), tmp_path, hashes=FileHashes(tmp_path), defaults=EntryDefaults(), suffixes=suffixes),
    ]
    for one in chance.sample(listed, min(60, len(listed))):
        for host in (one.value, f"cdn.{one.value}", f"not{one.value}", one.value.partition(".")[2] or one.value):
            try:
                asked = parse(f"https://{host}{chance.choice(['/', one.path_prefix or '/x'])}")
            except UrlError:
                continue
            wanted = {(n.scope, n.value, n.path_prefix) for n in listed if covers(n, asked.host, asked.target)}
            for index in both:
                found = [m.notice for m in index.matches(asked) if m.relation is COVERS]
                assert {(n.scope, n.value, n.path_prefix) for n in found} == wanted
