"""Headers known again are read as they would be read anew."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from crawlgate import url as urls
from crawlgate.headers import Headers
from crawlgate.signals import response

NAMES = [
    *("content-type", "date", "server", "x-robots-tag", "robots-tag", "tdm-reservation", "tdm-policy", "link", "age"),
    *("content-usage", "content-signal", "www-authenticate", "crawler-price", "cf-mitigated", "set-cookie", "etag"),
    *("location", "content-range", "retry-after", "payment-required", "crawler-charged", "x-amzn-waf-action"),
]
VALUES = [
    *("text/html", "image/png", "noai", "otherbot: noai", "1", "0", "challenge", "train-ai=n", "ai-train=no", ""),
    *('<https://a.example/l.xml>; rel="license"; type="application/rsl+xml"', "USD 0.10", "nonsense", "Basic"),
    *('<https://creativecommons.org/licenses/by/4.0/>; rel="license"', "/login", "bytes 0-1/9", "text/html; charset=x"),
]
PAIRS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=6)
PATHS = st.sampled_from(["/", "/login", "/account/login?next=/a", "/a.png", "/.well-known/x"])


@settings(max_examples=400, deadline=None)
@given(status=st.sampled_from([200, 204, 206, 301, 402, 403, 500]), pairs=PAIRS, path=PATHS)
def test_what_was_read_before_is_what_would_be_read(status: int, pairs: list[tuple[str, str]], path: str) -> None:
    url, headers = urls.parse(f"https://a.example{path}"), Headers(pairs)
    anew = response._read_headers(status, headers, url, "ExampleBot", "e")
    for _ in range(2):
        assert response.read_headers(status, headers, url=url, token="ExampleBot", evidence="e") == anew


def test_headers_that_differ_in_what_nobody_reads_are_known_again() -> None:
    url = urls.parse("https://a.example/")
    first = response.read_headers(200, Headers({"content-type": "text/html", "date": "a"}), url=url, token="ExampleBot")
    second = response.read_headers(
        200, Headers({"content-type": "text/html", "etag": "b"}), url=url, token="ExampleBot"
    )
    assert second is first
    told = Headers({"content-type": "text/html", "etag": "b", "x-robots-tag": "noai"})
    assert response.read_headers(200, told, url=url, token="ExampleBot").signals


def test_a_clients_headers_are_read_alike_with_and_without_a_way_to_their_bytes() -> None:
    class Slow:
        def __init__(self, pairs: list[tuple[bytes, bytes]]) -> None:
            self.raw = pairs

        def multi_items(self) -> list[tuple[str, str]]:
            return [(name.decode().lower(), value.decode("utf-8")) for name, value in self.raw]

    for value in (b"plain", "größer".encode()):
        pairs = [(b"X-A", value), (b"x-a", b"again")]
        assert list(Headers(Slow(pairs))) == [("x-a", value.decode()), ("x-a", "again")]
