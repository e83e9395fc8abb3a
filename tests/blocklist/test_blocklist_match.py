"""Which notices bear on a URL: the traps, one by one. The slow reference is in test_blocklist_reference."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from crawlgate.blocklist.entry import EntryError
from crawlgate.blocklist.match import Lists, NoticeIndex
from crawlgate.domains import Suffixes
from crawlgate.model import Notice, NoticeRelation
from crawlgate.url import parse

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
        ("https://mangasky.test./", ("registrable_domain", "mangasky.test"), [COVERS]),
        ("https://MANGASKY.test/", ("registrable_domain", "mangasky.test"), [COVERS]),
        # subdomain
        ("https://img.pirates.test/", ("subdomain", "img.pirates.test"), [COVERS]),
        ("https://a.b.img.pirates.test/", ("subdomain", "img.pirates.test"), [COVERS]),
        ("https://pirates.test/", ("subdomain", "img.pirates.test"), []),
        ("https://notimg.pirates.test/", ("subdomain", "img.pirates.test"), []),
        # addresses
        ("https://192.0.2.7/x", ("ip", "192.0.2.7"), [COVERS]),
        ("https://0300.0.2.7/x", ("ip", "192.0.2.7"), [COVERS]),
        ("https://3221225991/x", ("ip", "192.0.2.7"), [COVERS]),
        ("https://192.0.519/x", ("ip", "192.0.2.7"), [COVERS]),
        ("https://[::ffff:192.0.2.7]/x", ("ip", "192.0.2.7"), [COVERS]),
        ("https://[::ffff:c000:207]/x", ("host", "192.0.2.7"), [COVERS]),
        ("https://[2001:db8::1]:8443/x", ("ip", "2001:DB8:0:0::1"), [COVERS]),
        ("https://[2001:db8:0:0:0:0:0:1]/x", ("host", "2001:db8::1"), [COVERS]),
        ("https://192.0.2.77/x", ("ip", "192.0.2.7"), []),
        ("https://192.0.2.7/x", ("cidr", "192.0.2.0/24"), [COVERS]),
        ("https://192.0.3.7/x", ("cidr", "192.0.2.0/24"), []),
        ("https://[2001:db8:1:2::9]/x", ("cidr", "2001:db8:1::/48"), [COVERS]),
        ("https://[2001:db8:2::9]/x", ("cidr", "2001:db8:1::/48"), []),
        ("https://[::ffff:192.0.2.9]/x", ("cidr", "192.0.2.0/24"), [COVERS]),
        ("https://192.0.2.7.pirates.test/x", ("cidr", "192.0.2.0/24"), []),
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
        ("https://video.test//u///a/b", ("path_prefix", "video.test", "/u/a"), [COVERS]),
        ("https://video.test/x/%2e%2E/u/a", ("path_prefix", "video.test", "/u/a"), [COVERS]),
        ("https://video.test/u%2Fa", ("path_prefix", "video.test", "/u/a"), [OTHER_PATH]),
        ("https://VIDEO.test.:443/u/a", ("path_prefix", "video.test", "/u/a"), [COVERS]),
        ("https://video.testing.test/u/a", ("path_prefix", "video.test", "/u/a"), []),
        ("https://video.test/u/abc", ("path_prefix", "video.test", "/u/a"), [OTHER_PATH]),
        ("https://video.test/u/A", ("path_prefix", "video.test", "/u/a"), [OTHER_PATH]),
        ("https://video.test/?/u/a", ("path_prefix", "video.test", "/u/a"), [OTHER_PATH]),
        ("https://video.test/u/garden_club/7", ("path_prefix", "video.test", "/u/raw_uploader/"), [OTHER_PATH]),
        ("https://other.video.test/u/a", ("path_prefix", "video.test", "/u/a"), []),
        # url
        ("http://forum.test/t/7?p=2#x", ("url", "https://forum.test/t/7?p=2"), [COVERS]),
        ("https://forum.test:443//t/7?p=2", ("url", "http://forum.test:80/t/7?p=2"), [COVERS]),
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


def test_one_of_many_places_is_named_for_each_set_of_dates() -> None:
    day = datetime(2026, 5, 1, tzinfo=UTC)
    early = [replace(notice("path_prefix", "video.test", f"/u/{n}"), received_at=day) for n in range(200)]
    late = [notice("path_prefix", "video.test", f"/v/{n}") for n in range(200)]
    index = NoticeIndex([*early, *late], SUFFIXES)
    found = index.matches(parse("https://video.test/u/0/page"))
    assert [m.relation for m in found] == [COVERS, OTHER_PATH, OTHER_PATH]
    assert [m.notice for m in found] == [early[0], early[1], late[0]]
    assert list(index.for_host("video.test").notices()) == [early[0], late[0]]


def test_an_exception_carves_out_what_it_names_and_no_more() -> None:
    domain = notice("registrable_domain", "pirates.test")
    shop = replace(notice("subdomain", "shop.pirates.test"), id="x", exception=True)
    deeper = notice("host", "scans.shop.pirates.test")
    other_list = replace(domain, id="other", source="other.txt@sha256:00")
    index = NoticeIndex([domain, shop, deeper, other_list], SUFFIXES)

    def carved(url: str) -> dict[str, list[str]]:
        return {m.notice.id: [e.id for e in m.exceptions] for m in index.matches(parse(url))}

    assert carved("https://pirates.test/") == {domain.id: [], "other": []}
    assert carved("https://a.shop.pirates.test/x") == {domain.id: ["x"], "other": []}
    assert carved("https://scans.shop.pirates.test/") == {domain.id: ["x"], deeper.id: [], "other": []}
    assert index.for_host("shop.pirates.test").path_dependent
    assert set(index.for_host("shop.pirates.test").notices()) == {domain, shop, other_list}
    assert index.for_host("shop.pirates.test").anywhere == ((domain, COVERS), (other_list, COVERS))
    alone = NoticeIndex([shop], SUFFIXES)
    assert alone.for_host("shop.pirates.test").empty
    assert alone.matches(parse("https://shop.pirates.test/")) == ()


def test_a_site_that_most_people_use_is_nobody_s_mirror() -> None:
    listed = [notice("registrable_domain", "wikipedia.test"), notice("registrable_domain", "youtube.test")]
    index = NoticeIndex(listed, SUFFIXES)
    assert index.matches(parse("https://en.wikipedia.org/")) == ()
    assert [m.relation for m in index.matches(parse("https://wikipedia2.test/"))] == [SUCCESSOR]


def test_several_lists_are_asked_as_one() -> None:
    one, two = notice("registrable_domain", "a.test"), notice("path_prefix", "video.test", "/u/")
    lists = Lists([NoticeIndex([one], SUFFIXES), NoticeIndex([one, two], SUFFIXES)])
    assert len(lists) == 3
    assert [m.notice for m in lists.matches(parse("https://img.a.test/"))] == [one, one]
    assert [m.relation for m in lists.matches(parse("https://video.test/x"))] == [OTHER_PATH]
    assert lists.for_host("c.test").empty


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
