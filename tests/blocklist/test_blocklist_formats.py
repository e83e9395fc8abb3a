"""Lists as they come: nothing lost, nothing guessed, junk refused."""

import json
import os
from pathlib import Path

import pytest

from crawlgate.blocklist.formats import MAX_LINE, Format, ParsedList, read
from crawlgate.errors import ConfigError, FeedError

EXAMPLE = Path(__file__).parents[2] / "blocklists" / "example"


def plain(tmp_path: Path, data: str | bytes) -> ParsedList:
    path = tmp_path / "list.txt"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read(path)


def feed(tmp_path: Path, *lines: str) -> ParsedList:
    path = tmp_path / "feed.jsonl"
    path.write_text("\n".join(lines))
    return read(path)


def said(parsed: ParsedList) -> list[tuple[str, str, str | None]]:
    return [(n.scope, n.value, n.path_prefix) for n in parsed.notices]


GOOD = '{"id":"a","scope":"host","value":"a.pirate.example"}'


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("pirate.example", ("registrable_domain", "pirate.example", None)),
        ("www.pirate.example", ("registrable_domain", "pirate.example", None)),
        ("*.pirate.example", ("registrable_domain", "pirate.example", None)),
        ("https://www.pirate.example/", ("registrable_domain", "pirate.example", None)),
        ("http://pirate.example", ("registrable_domain", "pirate.example", None)),
        ("pirate.example/ # site", ("registrable_domain", "pirate.example", None)),
        ("pirate.blogspot.com ! blog", ("registrable_domain", "pirate.blogspot.com", None)),
        ("img.pirate.example", ("subdomain", "img.pirate.example", None)),
        ("*.img.pirate.example", ("subdomain", "img.pirate.example", None)),
        ("www.img.pirate.example", ("subdomain", "www.img.pirate.example", None)),
        ("192.0.2.7", ("ip", "192.0.2.7", None)),
        ("2001:db8::1", ("ip", "2001:db8::1", None)),
        ("192.0.2.0/24", ("cidr", "192.0.2.0/24", None)),
        ("[2001:db8:1::]/48", ("cidr", "2001:db8:1::/48", None)),
        ("192.0.2.7/24/", ("path_prefix", "192.0.2.7", "/24/")),
        ("https://me:pw@pirate.example/", ("registrable_domain", "pirate.example", None)),
        ("192.0.2.7/torrent", ("path_prefix", "192.0.2.7", "/torrent")),
        ("a.example/u/x/#top", ("path_prefix", "a.example", "/u/x/")),
        ("a.example/page.php?id=3", ("url", "https://a.example/page.php?id=3", None)),
        ("https://a.example/page#x", ("url", "https://a.example/page", None)),
        ("https://a.example/?u=http://b.example/", ("url", "https://a.example/?u=http://b.example/", None)),
        ("https://a.example:8443/", ("url", "https://a.example:8443/", None)),
    ],
)
def test_plain_line(tmp_path: Path, line: str, expected: tuple[str, str, str | None]) -> None:
    assert said(plain(tmp_path, line)) == [expected]


def test_every_line_is_an_entry_a_comment_or_a_reject(tmp_path: Path) -> None:
    parsed = plain(
        tmp_path,
        b"\xef\xbb\xbf# head\r\n\r\n  pirate.example\t# note\r\n! note\rco.jp\n\xff.example\n0.0.0.0 x.example\n"
        b"||x.example^\nserver=/x.example/\n/x[0-9]/\nx.example y.example\nx.example:80\nftp://x.example/\n"
        + b"x" * (MAX_LINE + 1)
        + b"\nlast.example",
    )
    assert said(parsed) == [
        ("registrable_domain", "pirate.example", None),
        ("registrable_domain", "last.example", None),
    ]
    assert [(r.line, r.reason.split(";")[0].split(",")[0][:24]) for r in parsed.rejected] == [
        (5, "'co.jp' is a public suff"),
        (6, "the line is not UTF-8"),
        (7, "a line of a hosts file"),
        (8, "a filter rule"),
        (9, "a dnsmasq setting"),
        (10, "a path or a pattern with"),
        (11, "more than one word"),
        (12, "'x.example:80' holds a p"),
        (13, "scheme 'ftp' is not read"),
        (14, "the line is longer than "),
    ]
    assert parsed.rejected[1].text == "\\xff.example"
    assert all(len(r.text) <= 400 for r in parsed.rejected)


def test_ids_point_into_the_bytes(tmp_path: Path) -> None:
    parsed = plain(tmp_path, "# x\na.example\na.example\n")
    assert [n.id for n in parsed.notices] == [f"{parsed.sha256[:12]}:2", f"{parsed.sha256[:12]}:3"]
    assert parsed.notices[0].source == f"list.txt@sha256:{parsed.sha256[:16]}"
    assert (parsed.format, parsed.bytes) == (Format.PLAIN, 24)
    assert parsed.notices[0].received_at is None


def test_feed_rejects_line_by_line(tmp_path: Path) -> None:
    parsed = feed(
        tmp_path,
        GOOD,
        "",
        '{"id":"b","scope":"host","scope":"url","value":"b.pirate.example"}',
        '{"id":"c","scope":"host","value":"c.pirate.example","evidence":[{"x":1,"x":2}]}',
        "[1]",
        "# note",
        '{"id":"d","scope":"host","value":"d.pirate.example","n":NaN}',
        GOOD,
        "[" * 5_000,
        '{"id":"e","scope":"host","value":"\\ud800.example"}',
        '{"id":"f","scope":"host","value":"f.pirate.example","schema":1,"later":{"field":1}}',
    )
    assert [n.id for n in parsed.notices] == ["a", "f"]
    assert [r.line for r in parsed.rejected] == [3, 4, 5, 6, 7, 8, 9, 10]
    assert "stands twice" in parsed.rejected[0].reason
    assert "stands on line 1" in parsed.rejected[5].reason


@pytest.mark.parametrize("schema", ["2", '"1"', "true", "null"])
def test_unknown_schema_refuses_the_feed(tmp_path: Path, schema: str) -> None:
    with pytest.raises(FeedError, match=r"line 2: schema .* is unknown; this version reads 1"):
        feed(tmp_path, GOOD, f'{{"id":"b","schema":{schema},"scope":"host","value":"b.example"}}')


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "holds no entry"),
        (b"# only words\n\n", "holds no entry"),
        (b"co.jp\n", "line 1, 'co.jp'"),
        ("pirate.example".encode("utf-16"), "UTF-16"),
        (b"\x1f\x8b\x08\x00", "compressed"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "binary"),
        (b"\xfe\xed\xfa\xce" * 9, "rejected"),
    ],
)
def test_junk(tmp_path: Path, data: bytes, reason: str) -> None:
    with pytest.raises(FeedError, match=r"list .*list\.txt") as caught:
        plain(tmp_path, data)
    assert reason in str(caught.value)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        read(tmp_path / "none.txt")
    with pytest.raises(ConfigError, match=r"no entries\.jsonl"):
        read(tmp_path)
    with pytest.raises(ConfigError, match="no path"):
        read("a\0b")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="no ordinary file"):
        read(tmp_path / "pipe")


def test_the_example_feed() -> None:
    parsed = read(EXAMPLE)
    assert parsed.rejected == ()
    assert {n.scope for n in parsed.notices} == {"registrable_domain", "host", "path_prefix", "url"}
    assert sum(n.withdrawn_at is not None for n in parsed.notices) == 1
    for line in (EXAMPLE / "entries.jsonl").read_text().splitlines():
        assert line == json.dumps(json.loads(line), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def test_the_example_plain_list() -> None:
    parsed = read(EXAMPLE / "plain.txt")
    assert parsed.rejected == ()
    assert [n.value for n in parsed.notices][-1] == "xn--90w69ab8jho1amxn.example"
    # A bare name below a registrable domain stands for what is below it, too; a feed can say `host`.
    feed_targets = {(n.scope.replace("host", "subdomain"), n.value, n.path_prefix) for n in read(EXAMPLE).notices}
    assert set(said(parsed)) <= feed_targets
