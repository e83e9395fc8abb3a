"""What an entry of a feed is taken for, and what is refused."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate.blocklist.entry import (
    EntryDefaults,
    EntryError,
    canonical,
    entry_from_table,
    normalise_host,
    notice_from_table,
    table_of,
)
from crawlgate.errors import FeedError
from crawlgate.url import parse


def entry(**fields: object) -> dict[str, object]:
    return {"id": "1", "scope": "registrable_domain", "value": "pirate.example", **fields}


@pytest.mark.parametrize(
    ("scope", "value", "expected"),
    [
        ("registrable_domain", "Pirate.Example.", "pirate.example"),
        ("registrable_domain", "*.pirate.example", "pirate.example"),
        ("registrable_domain", ".pirate.example", "pirate.example"),
        ("registrable_domain", "www.pirate.example", "pirate.example"),
        ("registrable_domain", "https://pirate.example/", "pirate.example"),
        ("registrable_domain", "海賊漫画館.test", "xn--90w69ab8jho1amxn.test"),
        ("registrable_domain", "海賊漫画館。test", "xn--90w69ab8jho1amxn.test"),
        ("registrable_domain", "ｐｉｒａｔｅ.example", "pirate.example"),
        ("registrable_domain", "pirate.blogspot.com", "pirate.blogspot.com"),
        ("host", "www.pirate.example", "www.pirate.example"),
        ("host", "my_scans.pirate.example", "my_scans.pirate.example"),
        ("host", "192.0.2.7", "192.0.2.7"),
        ("host", "2001:DB8::1", "[2001:db8::1]"),
        ("ip", "192.0.2.7", "192.0.2.7"),
        ("ip", "[2001:DB8:0:0::1]", "2001:db8::1"),
        ("ip", "::ffff:192.0.2.7", "192.0.2.7"),
        ("cidr", "192.0.2.0/24", "192.0.2.0/24"),
        ("cidr", "192.0.2.7/32", "192.0.2.7/32"),
        ("cidr", "2001:DB8:0::/48", "2001:db8::/48"),
        ("url", "HTTP://Pirate.example:80/a/../b?x=1#top", "http://pirate.example/b?x=1"),
        ("url", "pirate.example/page", "https://pirate.example/page"),
        ("url", "https://me:pw@pirate.example/page", "https://pirate.example/page"),
        ("subdomain", "*.IMG.pirate.example.", "img.pirate.example"),
        ("subdomain", "www.pirate.example", "www.pirate.example"),
        ("url", "https://pirate.example:8443/page", "https://pirate.example:8443/page"),
    ],
)
def test_normalised(scope: str, value: str, expected: str) -> None:
    notice = notice_from_table(entry(scope=scope, value=value))
    assert (notice.scope, notice.value, notice.path_prefix) == (scope, expected, None)


@pytest.mark.parametrize(
    ("value", "prefix", "expected"),
    [
        ("s3.amazonaws.com", "/bucket/", ("s3.amazonaws.com", "/bucket/")),
        ("https://videoplace.example/u/a", None, ("videoplace.example", "/u/a")),
        ("videoplace.example/u/a", "/u/a", ("videoplace.example", "/u/a")),
        ("videoplace.example", "/u/%7eraw/./日本", ("videoplace.example", "/u/~raw/%E6%97%A5%E6%9C%AC")),
    ],
)
def test_path_prefix(value: str, prefix: str | None, expected: tuple[str, str]) -> None:
    notice = notice_from_table(entry(scope="path_prefix", value=value, path_prefix=prefix))
    assert (notice.value, notice.path_prefix) == expected


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"scope": None}, "scope is missing"),
        ({"scope": "hots"}, "did you mean 'host'"),
        ({"scope": 3}, "scope must be a string"),
        ({"value": ""}, "value is missing"),
        ({"value": "co.jp"}, "public suffix"),
        ({"value": "com"}, "public suffix"),
        ({"value": "example"}, "public suffix"),
        ({"value": "blogspot.com"}, "shared-hosting suffix"),
        ({"value": "uberspace.de"}, "different owners"),
        ({"scope": "host", "value": "github.io"}, "shared-hosting suffix"),
        ({"value": "img.pirate.example"}, "not a registrable domain"),
        ({"value": "192.0.2.7"}, "IP address"),
        ({"value": "0x7f.1", "scope": "host"}, "127.0.0.1"),
        ({"value": "2130706433", "scope": "host"}, "127.0.0.1"),
        ({"value": "pirate*.example"}, "pattern"),
        ({"value": "pirate.example:8080"}, "port"),
        ({"value": "https://pirate.example:8080"}, "port"),
        ({"value": "https://pirate.example/x"}, "path"),
        ({"value": "pirate.example/x"}, "no host name"),
        ({"value": "two words.example"}, "no host name"),
        ({"value": "a..example"}, "empty label"),
        ({"value": "a" * 64 + ".example"}, "no host name"),
        ({"value": "a@pirate.example"}, "no host name"),
        ({"value": "x\ud800.example"}, "surrogate"),
        ({"value": "a" * 200_000}, "characters"),
        ({"scope": "ip", "value": "pirate.example"}, "scope host"),
        ({"scope": "ip", "value": "192.0.2.0/24"}, "scope cidr"),
        ({"scope": "ip", "value": "0300.0.2.7"}, "192.0.2.7"),
        ({"scope": "ip", "value": "fe80::1%eth0"}, "zone"),
        ({"scope": "cidr", "value": "192.0.2.7"}, "prefix length"),
        ({"scope": "cidr", "value": "192.0.2.7/24"}, "192.0.2.0/24"),
        ({"scope": "cidr", "value": "10.0.0.0/8"}, "at most a /16"),
        ({"scope": "cidr", "value": "2001:db8::/32"}, "at most a /48"),
        ({"scope": "cidr", "value": "pirate.example/24"}, "no range"),
        ({"scope": "url", "value": "https:///x"}, "no host"),
        ({"scope": "url", "value": "ftp://pirate.example/x"}, "http"),
        ({"scope": "url", "value": "https://me:pw@/x"}, "no host"),
        ({"scope": "subdomain", "value": "pirate.example"}, "write scope registrable_domain"),
        ({"scope": "subdomain", "value": "co.jp"}, "public suffix"),
        ({"scope": "subdomain", "value": "192.0.2.7"}, "IP address"),
        ({"exception": "yes"}, "true or false"),
        ({"scope": "url", "value": "https://pirate.example/*"}, "pattern"),
        ({"scope": "url", "value": "https://pi*rate.example/"}, "no host name"),
        ({"scope": "path_prefix"}, "no path_prefix"),
        ({"scope": "path_prefix", "path_prefix": "/"}, "whole host"),
        ({"scope": "path_prefix", "path_prefix": "u/a"}, "start with"),
        ({"scope": "path_prefix", "path_prefix": "/u?x"}, "query"),
        ({"scope": "path_prefix", "path_prefix": "/u/*"}, "pattern"),
        ({"scope": "path_prefix", "value": "pirate.example/a", "path_prefix": "/b"}, "once"),
        ({"path_prefix": "/u/"}, "scope path_prefix"),
        ({"listed_at": "2026-01-01T00:00:00"}, "no zone"),
        ({"listed_at": "last week"}, "ISO 8601"),
        ({"listed_at": 1767225600}, "date or a time"),
        ({"listed_at": "0001-01-01T00:00:00+14:00"}, "beyond the times"),
        ({"listed_at": "2026-02-01", "expires_at": "2026-01-31"}, "expires_at"),
        ({"listed_at": "2026-02-01", "withdrawn_at": "2026-01-31"}, "withdrawn_at"),
    ],
)
def test_refused_with_a_reason(fields: dict[str, object], reason: str) -> None:
    with pytest.raises(EntryError, match=r"^feed, line 3: ") as caught:
        notice_from_table(entry(**fields), where="feed, line 3")
    assert reason in caught.value.reason
    assert isinstance(caught.value, FeedError)
    assert "pw" not in str(caught.value)


def test_times_and_words() -> None:
    notice = notice_from_table(
        entry(
            issuer="RHA",
            reason="scans",
            listed_at="2026-04-01T09:00:00+09:00",
            expires_at="2027-01-31",
            unheard_of=[1],
            works=["One"],
        )
    )
    assert (notice.id, notice.issuer, notice.reason) == ("1", "RHA", "scans")
    assert notice.listed_at == datetime(2026, 4, 1, tzinfo=UTC)
    assert notice.expires_at == datetime(2027, 1, 31, 23, 59, 59, 999999, UTC)


def test_a_table_of_an_entry_is_read_as_the_same_entry() -> None:
    said = {"issuer": "RHA", "listed_at": "2026-04-01T09:00:00+09:00", "expires_at": "2027-01-31", "works": ["One"]}
    for one in (entry(**said), entry(scope="path_prefix", path_prefix="/u//%7Ea", exception=True)):
        read = entry_from_table(one)
        assert entry_from_table(table_of(read)) == read
    assert table_of(entry_from_table(entry(**said)))["listed_at"] == "2026-04-01T00:00:00Z"


def test_an_entry_neither_vouches_for_itself_nor_dates_itself_later() -> None:
    day = datetime(2026, 5, 5, tzinfo=UTC)
    defaults = EntryDefaults(received_at=day, effective_at=day)
    early = notice_from_table(entry(issuer_verified=True, received_at="2026-05-01"), defaults=defaults)
    late = notice_from_table(entry(received_at="2026-05-09", effective_at="2026-05-09"), defaults=defaults)
    assert not early.issuer_verified
    assert early.received_at == datetime(2026, 5, 1, tzinfo=UTC)
    assert (late.received_at, late.effective_at) == (day, day)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("/%7eu", "/~u", True),
        ("/%7Eu", "/%7eu", True),
        ("/a%2fb", "/a%2Fb", True),
        ("/a%2fb", "/a/b", False),
        ("/%", "/%25", False),
        ("//u///a", "/u/a", True),
        ("/u?to=https://a", "/u?to=https:/a", False),
    ],
)
def test_canonical_target(one: str, other: str, same: bool) -> None:
    assert (canonical(one) == canonical(other)) is same


@given(st.text(max_size=40) | st.from_regex(r"[a-zA-Z0-9.\-_*:\[\]%。あ]{1,40}", fullmatch=True))
def test_a_host_is_taken_as_a_url_takes_it_or_refused(text: str) -> None:
    try:
        host = normalise_host(text)
    except EntryError:
        return
    assert parse(f"https://{host}/").host == host
    assert normalise_host(host) == host


@given(
    st.dictionaries(
        st.sampled_from(["id", "scope", "value", "path_prefix", "listed_at", "expires_at", "issuer"]),
        st.none() | st.integers() | st.text(max_size=20) | st.sampled_from(["host", "url", "path_prefix", "a.example"]),
    )
)
def test_any_table_is_a_notice_or_an_entry_error(table: dict[str, object]) -> None:
    with contextlib.suppress(EntryError):
        assert notice_from_table(table).value
