"""Public suffixes: publicsuffix.org's own cases, the default rule, and no network."""

import pickle
import socket
import subprocess
import sys

import ada_url
import pytest
from tldextract import TLDExtract

from crawlgate.domains import Suffixes, psl_version


@pytest.fixture(scope="module")
def suffixes() -> Suffixes:
    return Suffixes()


@pytest.mark.parametrize(
    ("host", "registrable"),
    [
        ("com", None),
        ("example.com", "example.com"),
        ("b.example.com", "example.com"),
        ("a.b.example.com", "example.com"),
        ("uk.com", None),
        ("b.example.uk.com", "example.uk.com"),
        ("co.jp", None),
        ("img.mangasky.co.jp", "mangasky.co.jp"),
        ("kyoto.jp", None),
        ("ide.kyoto.jp", None),
        ("a.b.ide.kyoto.jp", "b.ide.kyoto.jp"),
        ("c.kobe.jp", None),
        ("a.b.c.kobe.jp", "b.c.kobe.jp"),
        ("www.city.kobe.jp", "city.kobe.jp"),
        ("ck", None),
        ("test.ck", None),
        ("b.test.ck", "b.test.ck"),
        ("www.www.ck", "www.ck"),
        ("blogspot.com", None),
        ("x.pirate.blogspot.com", "pirate.blogspot.com"),
        ("xn--55qx5d.cn", None),
        ("www.xn--85x722f.xn--55qx5d.cn", "xn--85x722f.xn--55qx5d.cn"),
        ("xn--90w69ab8jho1amxn.test", "xn--90w69ab8jho1amxn.test"),
    ],
)
def test_publicsuffix_cases(suffixes: Suffixes, host: str, registrable: str | None) -> None:
    assert suffixes.registrable(host) == registrable
    assert suffixes.is_public_suffix(host) is (registrable is None)


@pytest.mark.parametrize("tld", ["test", "example", "internal", "localhost"])
def test_default_rule_for_unlisted_tlds(suffixes: Suffixes, tld: str) -> None:
    assert suffixes.is_public_suffix(tld)
    assert suffixes.registrable(f"a.b.{tld}") == f"b.{tld}"
    assert suffixes.label(f"a.b.{tld}") == "b"


@pytest.mark.parametrize("host", ["192.0.2.7", "[2001:db8::1]", "", ".", "a..b"])
def test_no_domain_at_all(suffixes: Suffixes, host: str) -> None:
    assert suffixes.registrable(host) is None
    assert suffixes.label(host) is None
    assert not suffixes.is_public_suffix(host)


def test_shared_hosting_is_told_from_a_registry(suffixes: Suffixes) -> None:
    assert suffixes.is_shared_hosting("github.io")
    assert not suffixes.is_shared_hosting("co.jp")
    assert not suffixes.is_shared_hosting("pirate.github.io")


def test_label(suffixes: Suffixes) -> None:
    assert suffixes.label("img.mangasky.co.jp") == "mangasky"
    assert suffixes.label("co.jp") is None


def test_extra_suffixes_and_pickle() -> None:
    extra = Suffixes(["test", "blogsuffix.test"])
    for one in (extra, pickle.loads(pickle.dumps(extra))):
        assert one.registrable("a.pirate.blogsuffix.test") == "pirate.blogsuffix.test"
        assert one.is_public_suffix("blogsuffix.test")
        assert one.registrable("a.other.test") == "other.test"
    assert Suffixes().registrable("a.pirate.blogsuffix.test") == "blogsuffix.test"


def test_version_names_list_and_package() -> None:
    assert "tldextract" in psl_version()
    assert psl_version()[:2] == "20"


def test_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("TLDEXTRACT_PUBLIC_SUFFIX_LIST_URLS", "https://publicsuffix.example/list")
    assert Suffixes(["only-here.test"]).registrable("a.b.only-here.test") == "b.only-here.test"


def test_every_rule_as_tldextract_reads_it(suffixes: Suffixes) -> None:
    """tldextract misses the default rule, and a wildcard beside a longer rule (`*.x.example` and `*.a.x.example`)."""
    reference = TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)
    wildcards = {rule for rule in reference.tlds if rule.startswith("*.")}
    missed = set()
    for rule in reference.tlds:
        plain = rule.removeprefix("!")
        for name in (
            plain.replace("*", "w"),
            plain.removeprefix("*."),
            f"a.{plain.replace('*', 'w')}",
            f"b.a.{plain.replace('*', 'w')}",
        ):
            host = ada_url.idna_to_ascii(name).decode()
            found, ours = reference.extract_str(host), suffixes.split(host)
            theirs = f"{found.domain}.{found.suffix}" if found.domain and found.suffix else None
            if (ours.registrable, ours.is_suffix, ours.is_private) != (theirs, not found.domain, found.is_private):
                missed.add(name)
    assert all("." not in name or "*." + name.partition(".")[2] in wildcards for name in missed), missed
    assert len(missed) < 30


def test_requests_stays_out() -> None:
    code = "import sys; from crawlgate.domains import *; Suffixes().split('a.co.jp'); psl_version(); print('requests' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
