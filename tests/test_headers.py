from collections.abc import Iterable

import pytest

from crawlgate.headers import Headers
from crawlgate.limits import Limits

LINES = [("Vary", "Accept"), ("X-Robots-Tag", " noai "), ("x-robots-tag", "noindex")]


@pytest.mark.parametrize(
    "source",
    [
        LINES,
        iter(LINES),
        [(name.encode(), value.encode()) for name, value in LINES],
        {"Vary": "Accept", "X-Robots-Tag": [" noai ", "noindex"]},
        Headers(LINES),
    ],
    ids=["pairs", "iterator", "octets", "mapping of lists", "headers"],
)
def test_lines_in_the_order_received(source: Iterable[object]) -> None:
    headers = Headers(source)
    assert list(headers) == [("vary", "Accept"), ("x-robots-tag", "noai"), ("x-robots-tag", "noindex")]
    assert (headers.all("x-robots-tag"), headers.get("vary")) == (("noai", "noindex"), "Accept")
    assert (headers.all("age"), headers.get("age"), "age" in headers, len(headers)) == ((), None, False, 3)
    assert not headers.cut


def test_names_and_values_of_any_kind_are_read() -> None:
    assert list(Headers([(bytearray(b"A"), 5), (7, None)])) == [("bytearray(b'a')", "5"), ("7", "None")]


def test_a_bound_that_is_hit_is_told() -> None:
    few, short = Limits(header_count=2), Limits(header_value=5)
    assert (Headers(LINES, few).cut, len(Headers(LINES, few))) == (True, 2)
    assert (Headers(LINES, short).cut, Headers(LINES, short).get("vary")) == (True, "Accep")
