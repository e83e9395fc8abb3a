"""Rows that may be kept copies are found by a loop that misses none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate import url as urls
from crawlgate.errors import UrlError
from crawlgate.signals.archives import COPY_HOSTS, asked_first, keeps_copies

pa = pytest.importorskip("pyarrow", reason="the audit extra is not installed")

from crawlgate.audit.other_ways import OtherWays  # noqa: E402
from crawlgate.audit.texts import texts  # noqa: E402

HOSTS = [f"x{name}" if name.startswith(".") else name for name in COPY_HOSTS]
OTHERS = ["www.example.com", "h1.example", "example.org", "a.example:8080"]
TARGETS = [
    "/",
    "/a",
    "/web/2024/https://h1.example/a",
    "/2024/HTTP://h1.example/",
    "/a?u=https%3A//h1.example",
    "/http",
]


@given(
    st.sampled_from(HOSTS + OTHERS), st.sampled_from(TARGETS), st.sampled_from(("https://", "HTTP://")), st.booleans()
)
def test_no_copy_is_missed(host: str, target: str, scheme: str, upper: bool) -> None:
    asked = scheme + (host.upper() if upper else host) + target
    (maybe,) = [OtherWays.maybe(texts(pa.array([asked]))).tolist()]
    try:
        url = urls.parse(asked)
    except UrlError:
        return
    copy = (keeps_copies(url.host) or "/http" in url.target) and asked_first(url) is not None
    assert maybe == [0] or not copy
    if host in OTHERS and "http" not in target.lower():
        assert maybe == []
