"""Content codings: what decodes, what is refused, and that the cap holds."""

import gzip
import io
import time
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlgate.evidence.inflate import Inflater, inflate

CAP = 512 * 1024
TEXT = b"User-agent: *\nDisallow: /private\n" * 50


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    block = bytes(1 << 20)
    return b"".join(packer.compress(block) for _ in range(size >> 20)) + packer.flush()


CODED = [
    pytest.param(None, TEXT, id="none"),
    pytest.param("", TEXT, id="empty"),
    pytest.param("identity", TEXT, id="identity"),
    pytest.param("gzip", gzip.compress(TEXT), id="gzip"),
    pytest.param("X-GZip", gzip.compress(TEXT), id="x-gzip"),
    pytest.param(" gzip , identity,", gzip.compress(TEXT), id="identity-is-nothing"),
    pytest.param("deflate", zlib.compress(TEXT), id="zlib"),
    pytest.param("deflate", zlib.compress(TEXT, 1), id="zlib-fast"),
    pytest.param("deflate", raw_deflate(TEXT), id="raw-deflate"),
    pytest.param("gzip", gzip.compress(TEXT[:99]) + gzip.compress(TEXT[99:]), id="two-members"),
    pytest.param("gzip", gzip.compress(TEXT) + b"\n", id="stray-line-end"),
    pytest.param("gzip", gzip.compress(TEXT) + bytes(700), id="padding"),
    pytest.param("gzip", gzip.compress(TEXT) + b"\x1f", id="half-a-magic"),
    pytest.param("gzip", gzip.compress(TEXT) + b"\0" + gzip.compress(b"not read"), id="garbage-ends-it"),
    pytest.param("deflate", zlib.compress(TEXT) + b"\x1f\x8b\x08", id="deflate-has-no-members"),
]


@pytest.mark.parametrize(("coding", "wire"), CODED)
@pytest.mark.parametrize("step", [1, 2, 7, 1 << 20])
def test_every_coding_decodes_however_it_is_cut(coding, wire, step):
    chunks = (wire[at : at + step] for at in range(0, len(wire), step))
    assert inflate(chunks, coding, CAP) == (TEXT, False, None)


@pytest.mark.parametrize("coding", ["gzip, gzip", "gzip,gzip", "deflate, gzip", "br", "zstd", "compress", "utf-8", "*"])
def test_refused_codings_decode_nothing(coding):
    body, truncated, error = inflate([gzip.compress(TEXT)], coding, CAP)
    assert (body, truncated) == (b"", False)
    assert error is not None
    assert error.startswith("encoding_refused: ")
    inflater = Inflater(coding, CAP)
    assert inflater.error == error
    assert inflater.feed(TEXT) == b""


def test_a_long_coding_is_quoted_in_part():
    assert len(Inflater("x" * 10_000, 1).error) < 200


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_no_body_is_an_empty_body(coding):
    assert inflate([], coding, CAP) == (b"", False, None)
    assert inflate([b""], coding, CAP) == (b"", False, None)


@pytest.mark.parametrize(
    ("coding", "wire"),
    [("gzip", gzip.compress(TEXT)), ("deflate", zlib.compress(TEXT)), ("deflate", raw_deflate(TEXT))],
    ids=["gzip", "zlib", "raw-deflate"],
)
def test_every_truncation_is_noticed(coding, wire):
    for length in range(1, len(wire)):
        body, truncated, error = inflate([wire[:length]], coding, CAP)
        assert TEXT.startswith(body)
        assert not truncated
        assert error is not None, length
        assert error.startswith("incomplete: "), length


def test_a_second_member_cut_short_is_incomplete():
    body, _, error = inflate([gzip.compress(TEXT) + gzip.compress(b"more" * 100)[:-4]], "gzip", CAP)
    assert body.startswith(TEXT)
    assert error.startswith("incomplete: ")


@pytest.mark.parametrize("step", [1, 1 << 20])
def test_a_wrong_checksum_keeps_what_was_decoded(step):
    wire = bytearray(gzip.compress(TEXT))
    wire[-6] ^= 0xFF
    chunks = [bytes(wire[at : at + step]) for at in range(0, len(wire), step)]
    body, truncated, error = inflate(chunks, "gzip", CAP)
    assert (body, truncated) == (TEXT, False)
    assert error.startswith("incomplete: ")


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_plain_text_under_a_coding_is_incomplete(coding):
    body, _, error = inflate([b"\xff\xfeUser-agent: *\n"], coding, CAP)
    assert body == b""
    assert error.startswith("incomplete: ")


@pytest.mark.parametrize(("coding", "pack"), [(None, bytes), ("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_the_cap_is_exact(coding, pack):
    assert inflate([pack(TEXT)], coding, len(TEXT)) == (TEXT, False, None)
    assert inflate([pack(TEXT)], coding, len(TEXT) - 1) == (TEXT[:-1], True, None)
    assert inflate([pack(TEXT)], coding, 0) == (b"", True, None)
    assert inflate([pack(b"")], coding, 0) == (b"", False, None)


def test_a_negative_cap_is_a_mistake():
    with pytest.raises(ValueError, match="below 0"):
        Inflater(None, -1)


def test_nothing_comes_after_the_cap():
    inflater = Inflater("gzip", 10)
    wire = gzip.compress(TEXT)
    assert inflater.feed(wire) == TEXT[:10]
    assert inflater.feed(wire) == b""
    inflater.finish()
    assert (inflater.truncated, inflater.error) == (True, None)


def test_a_bomb_costs_the_cap_and_no_more():
    wire = bomb(64 << 20)
    tracemalloc.start()
    try:
        body, truncated, error = inflate([wire], "gzip", CAP)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (len(body), truncated, error) == (CAP, True, None)
    assert peak < 6 * CAP


def test_many_tiny_members_take_linear_time():
    wire = gzip.compress(b"") * 50_000
    start = time.perf_counter()
    assert inflate([wire], "gzip", CAP) == (b"", False, None)
    assert time.perf_counter() - start < 5


def test_it_agrees_with_the_standard_library():
    packed = io.BytesIO()
    with gzip.GzipFile("robots.txt", "wb", fileobj=packed, mtime=1) as file:  # a header with a name in it
        file.write(TEXT)
    assert inflate([packed.getvalue()], "gzip", CAP).body == gzip.decompress(packed.getvalue())


@settings(max_examples=150, deadline=None)
@given(
    noise=st.binary(max_size=400),
    coding=st.sampled_from([None, "gzip", "deflate", "gzip, br"]),
    cap=st.integers(0, 50),
    prefix=st.booleans(),
)
def test_no_input_raises_or_passes_the_cap(noise, coding, cap, prefix):
    wire = (gzip.compress(TEXT)[:60] if prefix else b"") + noise
    assert len(inflate([wire[:70], wire[70:]], coding, cap).body) <= cap
