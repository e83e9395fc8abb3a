"""Entries that would hit sites which very many people use."""

import tomllib
from datetime import date
from importlib.resources import files

import pytest

from crawlgate.blocklist.check import check_entry
from crawlgate.blocklist.entry import Entry
from crawlgate.blocklist.popular import is_popular, popular
from crawlgate.blocklist.target import NAME
from crawlgate.domains import Suffixes


@pytest.mark.parametrize(
    ("entry", "covered"),
    [
        (Entry("registrable_domain", "google.com"), "google.com"),
        (Entry("registrable_domain", "archive.org"), "archive.org"),
        (Entry("host", "www.google.com"), "google.com"),
        (Entry("host", "google.com"), "google.com"),
        (Entry("subdomain", "www.google.com"), "google.com"),
        (Entry("subdomain", "docs.google.com"), "docs.google.com"),
        (Entry("subdomain", "jst.go.jp"), "jstage.jst.go.jp"),
        (Entry("host", "jst.go.jp"), None),
        (Entry("host", "uploads.google.com"), None),
        (Entry("registrable_domain", "notgoogle.com"), None),
        (Entry("registrable_domain", "google.pirate.example"), None),
        (Entry("path_prefix", "archive.org", "/details/scans"), None),
        (Entry("url", "https://archive.org/details/scans"), None),
        (Entry("ip", "192.0.2.7"), None),
        (Entry("registrable_domain", "google.com", exception=True), None),
    ],
)
def test_a_popular_site_needs_a_reason(entry: Entry, covered: str | None) -> None:
    problem = check_entry(entry)
    assert (problem is not None) is (covered is not None)
    if problem is not None:
        assert problem.code == "popular_site"
        assert f"covers {covered}," in problem.reason
        assert popular().date in problem.reason
        assert "force" in problem.way_out


def test_the_list_is_dated_and_holds_names_that_an_entry_can_have() -> None:
    table = tomllib.loads(files("crawlgate.blocklist").joinpath("popular.toml").read_text("utf-8"))
    date.fromisoformat(table["date"])
    names, suffixes = table["names"], Suffixes()
    assert len(names) == len(set(names)) > 300
    for name in names:
        assert NAME.match(name), name
        assert not suffixes.is_public_suffix(name), name
    assert is_popular("www.wikipedia.org")
    assert not is_popular("wikipedia.org.pirate.example")
