"""Keys bring together what is one address, and keep apart what is not."""

from hypothesis import given
from hypothesis import strategies as st

from crawlgate import url as urls
from crawlgate.errors import UrlError
from crawlgate.ledger.index import keys


def test_addresses():
    assert keys.address("https://www.example.com:8080/a?b") == ("www.example.com", "/a?b")
    assert keys.address("http://[::1]:80/") == ("[::1]", "/")
    assert keys.address("http://[::1]/") == ("[::1]", "/")
    assert keys.address("http://192.0.2.1/x") == ("192.0.2.1", "/x")
    for text in (
        "data:,x",
        "",
        "https:/x",
        "ftp://example.com/",
        "http://user:pass@example.com/",
        "mailto:a@b.example",
    ):
        assert keys.address(text).host == "", text


def test_other_spellings_of_one_address():
    asked = "https://www.example.com/News/a?id=7"
    same = (
        asked,
        "http://www.example.com/News/a?id=7",
        "https://example.com/News/a?id=7",
        "https://example.com:8443/News/%61?id=7",
        "https://www.example.com/News/a/?id=7",
        "https://www.example.com/News/a?utm_source=x&id=7&fbclid=abc",
        "https://www.example.com/%4eews/a?id=7",
    )
    other = (
        "https://www.example.com/news/a?id=7",
        "https://www.example.com/News/a?id=8",
        "https://www.example.com/News/a",
        "https://m.example.com/News/a?id=7",
        "https://www.example.com/News/a?id=7&utmost=1",
        "https://www.example.com/News%2Fa?id=7",
        "https://www.example.org/News/a?id=7",
    )
    for url in same:
        assert keys.same_address(asked, url), url
        assert keys.same_address(url, asked), url
        assert keys.url_key(keys.address(url).target) == keys.url_key(keys.address(asked).target)
    for url in other:
        assert not keys.same_address(asked, url), url


def test_hosts_of_a_domain_stand_together():
    assert keys.surt("www.example.co.jp") == "jp,co,example,www"
    for host in ("www.example.co.jp", "localhost", "192.0.2.1", "[2001:db8::1]", "xn--fiq228c.example7"):
        assert keys.host_of_surt(keys.surt(host)) == host
    assert keys.surt("a.example7") == "example7,a"


@given(
    st.text(max_size=60), st.sampled_from(["https://example.com/", "http://www.example.com/a", "", "https://x.test"])
)
def test_keys_of_any_text(text, beginning):
    url = beginning + text
    host, target = keys.address(url)
    assert keys.loosened(keys.loosened(target)) == keys.loosened(target)
    assert keys.same_address(url, url)
    assert 0 <= keys.host_key(host) < 2**48
    assert 0 <= keys.url_key(target) < 2**32
    try:
        parsed = urls.parse(url)
    except (UrlError, UnicodeError):
        return
    assert keys.address(parsed.href) == (parsed.host, parsed.target)
