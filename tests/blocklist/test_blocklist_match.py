"""Which notices bear on a URL: the scenarios' traps, and a slow reference that says the same."""

import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate.blocklist.entry import EntryError
from crawlgate.blocklist.formats import read
from crawlgate.blocklist.match import MIN_RELATED_LABEL, NoticeIndex
from crawlgate.domains import Suffixes
from crawlgate.model import Notice, NoticeRelation
from crawlgate.url import parse
from tests.shared_data import ROOT

# Published lists are never part of the project; they are read where they are at hand.
REAL = ROOT / "data" / "blocklists"
SUFFIXES = Suffixes(["test", "blogsuffix.test"])
COVERS, OTHER_PATH = NoticeRelation.COVERS, NoticeRelation.OTHER_PATH
SAME_LABEL, SUCCESSOR = NoticeRelation.SAME_LABEL, NoticeRelation.SUCCESSOR


def notice(scope: str, value: str, prefix: str | None = None) -> Notice:
    return Notice(id=f"{scope}:{value}{prefix or ''}", issuer="RHA", scope=scope, value=value, path_prefix=prefix)


def relations(url: str, *notices: Notice) -> list[NoticeRelation]:
    index = NoticeIndex(notices, SUFFIXES)
    asked = parse(url)
    found = index.matches(asked)
    about = index.for_host(asked.host)
    assert about.matches(asked) == found
    assert all(m.url == asked.href for m in found)
    if about.empty:
        assert not found
    return [m.relation for m in found]


@pytest.mark.parametrize(
    ("url", "listed", "expected"),
    [
        # registrable_domain
        ("https://mangasky.test/", ("registrable_domain", "mangasky.test"), [COVERS]),
        ("https://img3.mangasky.test/one/1/001.webp", ("registrable_domain", "mangasky.test"), [COVERS]),
        ("https://a.b.c.d.mangasky.test/", ("registrable_domain", "mangasky.test"), [COVERS]),
        ("https://mangasky.test:8443/", ("registrable_domain", "mangasky.test"), [COVERS]),
        ("https://notmangasky.test/", ("registrable_domain", "mangasky.test"), []),
        ("https://mangasky.test.other.test/", ("registrable_domain", "mangasky.test"), []),
        ("https://xn--90w69ab8jho1amxn.test/1", ("registrable_domain", "海賊漫画館.test"), [COVERS]),
        ("https://海賊漫画館.test/1", ("registrable_domain", "xn--90w69ab8jho1amxn.test"), [COVERS]),
        ("https://friend.blogsuffix.test/", ("registrable_domain", "pirate.blogsuffix.test"), []),
        # host
        ("https://img.pirates.test/", ("host", "img.pirates.test"), [COVERS]),
        ("https://a.img.pirates.test/", ("host", "img.pirates.test"), []),
        ("https://pirates.test/", ("host", "img.pirates.test"), []),
        ("https://192.0.2.7/x", ("host", "192.0.2.7"), [COVERS]),
        ("https://0xC0000207/x", ("host", "192.0.2.7"), [COVERS]),
        # path_prefix
        ("https://up.video.test/u/raw_uploader/x", ("path_prefix", "up.video.test", "/u/raw_uploader/"), [COVERS]),
        ("https://www.up.video.test/u/raw_uploader/", ("path_prefix", "up.video.test", "/u/raw_uploader/"), [COVERS]),
        ("https://video.test/u/a", ("path_prefix", "www.video.test", "/u/a"), [COVERS]),
        ("https://video.test/u/a/b?c", ("path_prefix", "video.test", "/u/a"), [COVERS]),
        ("https://video.test/u/a?b", ("path_prefix", "video.test", "/u/a"), [COVERS]),
        ("https://video.test/x/../u/%61/", ("path_prefix", "video.test", "/u/a"), [COVERS]),
        ("https://video.test/u/abc", ("path_prefix", "video.test", "/u/a"), [OTHER_PATH]),
        ("https://video.test/u/A", ("path_prefix", "video.test", "/u/a"), [OTHER_PATH]),
        ("https://video.test/?/u/a", ("path_prefix", "video.test", "/u/a"), [OTHER_PATH]),
        ("https://video.test/u/garden_club/7", ("path_prefix", "video.test", "/u/raw_uploader/"), [OTHER_PATH]),
        ("https://other.video.test/u/a", ("path_prefix", "video.test", "/u/a"), []),
        # url
        ("http://forum.test/t/7?p=2#x", ("url", "https://forum.test/t/7?p=2"), [COVERS]),
        ("https://forum.test/t/7?p=3", ("url", "https://forum.test/t/7?p=2"), [OTHER_PATH]),
        ("https://forum.test/t/7/", ("url", "https://forum.test/t/7"), [OTHER_PATH]),
        ("https://forum.test:8443/t/7", ("url", "https://forum.test/t/7"), [OTHER_PATH]),
        ("https://www.forum.test/t/7", ("url", "https://forum.test/t/7"), []),
        # names like it
        ("https://mangasky.example/", ("registrable_domain", "mangasky.test"), [SAME_LABEL]),
        ("https://img.mangasky.co.jp/", ("host", "cdn.mangasky.test"), [SAME_LABEL]),
        ("https://www.mangasky.test/", ("host", "cdn.mangasky.test"), []),
        ("https://mangasky.video.test/", ("registrable_domain", "mangasky.test"), []),
        ("https://mangasky2.test/", ("registrable_domain", "mangasky.test"), [SUCCESSOR]),
        ("https://a.mangasky-3.example/", ("registrable_domain", "mangasky.test"), [SUCCESSOR]),
        ("https://mangasky2.test/", ("registrable_domain", "mangasky1.test"), [SUCCESSOR]),
        ("https://mangasky.test/", ("registrable_domain", "mangasky2.test"), []),
        ("https://mangasky2x.test/", ("registrable_domain", "mangasky.test"), []),
        ("https://manga2.test/", ("registrable_domain", "manga.test"), []),
        ("https://manga.example/", ("registrable_domain", "manga.test"), []),
        ("https://海賊漫画図書館2.test/", ("registrable_domain", "海賊漫画図書館.test"), [SUCCESSOR]),
        ("https://mangasky.example/", ("path_prefix", "mangasky.test", "/u/"), []),
        ("https://mangasky.example/", ("url", "https://mangasky.test/u/"), []),
    ],
)
def test_relation(url: str, listed: tuple[str, ...], expected: list[NoticeRelation]) -> None:
    assert relations(url, notice(*listed)) == expected


def test_a_cover_comes_first_and_silences_nothing() -> None:
    like = notice("registrable_domain", "mangasky.example")
    assert relations("https://mangasky.test/", like, notice("registrable_domain", "mangasky.test")) == [
        COVERS,
        SAME_LABEL,
    ]
    path = notice("path_prefix", "mangasky.test", "/u/a/")
    assert relations("https://mangasky.test/u/a/1", like, path) == [COVERS, SAME_LABEL]
    assert relations("https://mangasky.test/u/b/1", like, path) == [SAME_LABEL, OTHER_PATH]
    other = notice("path_prefix", "mangasky.test", "/x/")
    assert relations("https://mangasky.test/u/a/1", other, path) == [COVERS, OTHER_PATH]


def test_host_notices_say_what_they_depend_on() -> None:
    index = NoticeIndex([notice("registrable_domain", "a.test"), notice("url", "https://b.test/x")], SUFFIXES)
    covered, by_path, free = (index.for_host(h) for h in ("img.a.test", "b.test", "c.test"))
    assert (covered.empty, covered.path_dependent) == (False, False)
    assert (by_path.empty, by_path.path_dependent) == (False, True)
    assert (free.empty, free.path_dependent) == (True, False)
    assert len(index) == 2


def test_time_is_not_judged() -> None:
    withdrawn = replace(notice("registrable_domain", "a.test"), withdrawn_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert relations("https://a.test/", withdrawn) == [COVERS]


def test_version_is_over_the_entries_not_their_order_or_loading() -> None:
    one, two = notice("registrable_domain", "a.test"), notice("host", "b.test")
    version = NoticeIndex([one, two], SUFFIXES).version
    loaded = replace(one, effective_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert NoticeIndex([two, loaded], SUFFIXES).version == version
    assert NoticeIndex([one], SUFFIXES).version != version
    assert NoticeIndex([one, replace(two, issuer_verified=True)], SUFFIXES).version != version


@pytest.mark.parametrize(
    "bad",
    [
        notice("host", "no host"),
        notice("domain", "a.test"),
        notice("path_prefix", "a.test"),
        notice("path_prefix", "a.test", ".evil.test/"),
        notice("url", "https:///x"),
    ],
)
def test_a_notice_that_names_nothing_is_an_error(bad: Notice) -> None:
    with pytest.raises(EntryError):
        NoticeIndex([bad], SUFFIXES)


# The reference: everything in lists, compared one by one.

LABELS = st.sampled_from(["a", "img", "www", "mangasky", "mangasky2", "mangasky-3", "pirates", "blogsuffix", "co"])
HOSTS = st.builds(
    lambda labels, tld: ".".join([*labels, tld]),
    st.lists(LABELS, min_size=1, max_size=4),
    st.sampled_from(["test", "jp"]),
)
PATHS = st.lists(st.sampled_from(["u", "a", "ab", "u%2Fa", ""]), max_size=4).map(lambda parts: "/" + "/".join(parts))
NOTICES = st.one_of(
    st.builds(notice, st.sampled_from(["registrable_domain", "host"]), HOSTS),
    st.builds(lambda host, path: notice("path_prefix", host, path), HOSTS, PATHS.filter(lambda p: one_slash(p) != "/")),
    st.builds(lambda host, path: notice("url", f"http://{host}{path}"), HOSTS, PATHS),
)


def one_slash(path: str) -> str:
    while "//" in path:
        path = path.replace("//", "/")
    return path


def covers(n: Notice, scheme: str, host: str, path: str) -> bool:
    asked, listed = host.split("."), n.value.split(".")
    path = one_slash(path)
    if n.scope == "registrable_domain":
        return asked[-len(listed) :] == listed
    if n.scope == "host":
        return asked == listed
    if n.scope == "url":
        return f"{host}{path}" == one_slash(n.value.removeprefix("http://"))
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
    if n.scope not in ("registrable_domain", "host"):
        return None
    listed, asked = SUFFIXES.label(n.value), SUFFIXES.label(host)
    if not listed or not asked:
        return None
    base, asked_base = (label.rstrip("0123456789").rstrip("-") for label in (listed, asked))
    if base != asked_base or len(base) < MIN_RELATED_LABEL:
        return None
    if listed == asked:
        return SAME_LABEL if SUFFIXES.registrable(n.value) != SUFFIXES.registrable(host) else None
    return SUCCESSOR if asked != asked_base else None


@given(st.lists(NOTICES, max_size=8), st.sampled_from(["http", "https"]), HOSTS, PATHS)
def test_as_the_obvious_reference_says(notices: list[Notice], scheme: str, host: str, path: str) -> None:
    expected = [(n, COVERS) for n in notices if covers(n, scheme, host, path)]
    others = [(n, OTHER_PATH) for n in notices if same_host(n, host) and not covers(n, scheme, host, path)]
    others += [(n, relation) for n in notices if (relation := like(n, host))]
    found = NoticeIndex(notices, SUFFIXES).matches(parse(f"{scheme}://{host}{path}"))
    assert sorted((m.notice.id, m.relation) for m in found if m.relation is COVERS) == sorted(
        (n.id, r) for n, r in expected
    )
    # Of the others, one of each kind is named as long as dates and issuer are the same.
    named = [(m.notice, m.relation) for m in found if m.relation is not COVERS]
    assert all(pair in others for pair in named)
    assert sorted(relation for _, relation in named) == sorted({relation for _, relation in others})


@pytest.mark.skipif(not REAL.is_dir(), reason=f"the real lists are not at {REAL}")
def test_real_list_against_the_reference() -> None:
    listed = read(REAL / "blp-piracy.plain.txt").notices + read(REAL / "ut1-warez" / "urls").notices
    index, chance = NoticeIndex(listed, Suffixes()), random.Random(7)
    for one in chance.sample(listed, 150):
        for host in (one.value, f"cdn.{one.value}", f"not{one.value}", one.value.partition(".")[2] or one.value):
            path = chance.choice(["/", one.path_prefix or "/x"])
            try:
                asked = parse(f"https://{host}{path}")
            except ValueError:
                continue
            found = {m.notice.id for m in index.matches(asked) if m.relation is COVERS}
            assert found == {n.id for n in listed if covers(n, "https", asked.host, asked.target)}
