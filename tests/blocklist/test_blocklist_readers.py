"""Each format, line by line: what it becomes, and what is told of the rest."""

import json
from pathlib import Path

import pytest

from crawlgate.blocklist.entry import Entry
from crawlgate.blocklist.formats import Format, accepted, detect, items, load, read
from crawlgate.errors import ConfigError, FeedError
from tests.shared_data import shared

RENDERINGS = ("blp-piracy.plain.txt", "blp-piracy.hosts", "blp-piracy.adguard.txt", "blp-piracy.dnsmasq.conf")
REAL = {
    **dict(zip(RENDERINGS, (Format.PLAIN, Format.HOSTS, Format.ADGUARD, Format.DNSMASQ), strict=True)),
    "ut1-warez/domains": Format.PLAIN,
    "ut1-warez/urls": Format.URLS,
}


def became(tmp_path: Path, form: Format, text: str, **options: object) -> list[tuple[int, str]]:
    """Line and what it became: `scope value`, `! code`, with `@` before an exception."""
    path = tmp_path / "list"
    path.write_text(text)
    found = []
    for item in items(load(path, form, **options)):
        entry = item.entry
        if isinstance(entry, Entry):
            shown = f"{'@' if entry.exception else ''}{entry.scope} {entry.value}{entry.path_prefix or ''}"
        else:
            shown = f"! {entry.code}"
            assert entry.reason
        found.append((item.line, shown))
    return found


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("||pirate.example^", ["registrable_domain pirate.example"]),
        ("||www.pirate.example^", ["registrable_domain pirate.example"]),
        ("||cdn.pirate.example^", ["subdomain cdn.pirate.example"]),
        ("||*.pirate.example^", ["registrable_domain pirate.example"]),
        ("||pirate.example", ["registrable_domain pirate.example"]),
        ("||pirate.example^|", ["registrable_domain pirate.example"]),
        ("||PIRATE.example^$important", ["registrable_domain pirate.example"]),
        ("||pirate.example^$document", ["registrable_domain pirate.example"]),
        ("||pirate.example^$all", ["registrable_domain pirate.example"]),
        ("||海賊漫画館.example^", ["registrable_domain xn--90w69ab8jho1amxn.example"]),
        ("||192.0.2.7^", ["ip 192.0.2.7"]),
        ("||video.example/u/raw^", ["path_prefix video.example/u/raw"]),
        ("||video.example/u/raw/*", ["path_prefix video.example/u/raw/"]),
        ("||video.example/page?id=3", ["url https://video.example/page?id=3"]),
        ("||video.example/page|", ["url https://video.example/page"]),
        ("||video.example/^", ["registrable_domain video.example"]),
        ("|https://video.example/u/raw/", ["path_prefix video.example/u/raw/"]),
        ("|https://video.example/page|", ["url https://video.example/page"]),
        ("|https://pirate.example^", ["host pirate.example"]),
        ("|pirate.example^", ["host pirate.example"]),
        ("pirate.example", ["registrable_domain pirate.example"]),
        ("*.cdn.pirate.example", ["subdomain cdn.pirate.example"]),
        ("0.0.0.0 pirate.example www.pirate.example", ["registrable_domain pirate.example"] * 2),
        ("@@||shop.pirate.example^", ["@subdomain shop.pirate.example"]),
        ("@@|pirate.example^$important", ["@host pirate.example"]),
        ("@@||pirate.example/legal/*", ["@path_prefix pirate.example/legal/"]),
        ("! comment", []),
        ("[Adblock Plus 2.0]", []),
        ("# comment", []),
        ("#comment", []),
        ("!#include other.txt", ["! include"]),
        ("||pirate.example^$third-party", ["! conditional"]),
        ("||pirate.example^$script,domain=a.example", ["! conditional"]),
        ("||pirate.example^$denyallow=x.example", ["! conditional"]),
        ("pirate.example##.banner", ["! element"]),
        ("##.banner", ["! element"]),
        ("pirate.example#@#.banner", ["! element"]),
        ("/pirate[0-9]+/", ["! pattern"]),
        ("/pirate[0-9]+/$important", ["! pattern"]),
        ("||pirate*.example^", ["! pattern"]),
        ("||pirate.*^", ["! pattern"]),
        ("||video.example/*/raw", ["! pattern"]),
        ("/banner/ads", ["! substring"]),
        ("pirate.example/ads", ["! substring"]),
        ("pirate.example^", ["! substring"]),
        ("-pirate-", ["! no_host"]),
        ("||pirate.example:8080^", ["! port"]),
        ("||co.jp^", ["! public_suffix"]),
        ("||blogspot.com^", ["! shared_hosting"]),
        ("|ftp://pirate.example^", ["! unsupported_scheme"]),
    ],
)
def test_adguard(tmp_path: Path, line: str, expected: list[str]) -> None:
    assert [shown for _, shown in became(tmp_path, Format.ADGUARD, line)] == expected


def test_adguard_rules_that_overrule_each_other(tmp_path: Path) -> None:
    text = """\
||pirate.example^
@@||shop.pirate.example^
||deals.shop.pirate.example^
||shop.pirate.example/scans/^
||shop.pirate.example^
||strong.example^$important
@@||a.strong.example^
@@||strong.example^$important
||gone.example^
||gone.example^$badfilter
@@||platform.example/u/
||platform.example/u/a/
||platform.example^
@@|page.example^
||page.example/x^
||must.shop.pirate.example^$important
"""
    assert became(tmp_path, Format.ADGUARD, text) == [
        (1, "registrable_domain pirate.example"),
        (2, "@subdomain shop.pirate.example"),
        (3, "! silenced"),  # by line 2, although it is narrower
        (4, "! silenced"),
        (5, "subdomain shop.pirate.example"),  # what carves it out is an entry beside it
        (6, "registrable_domain strong.example"),
        (7, "! silenced"),  # an exception without $important under a rule with it
        (8, "@registrable_domain strong.example"),
        (9, "! silenced"),
        (10, "! withdraws"),
        (11, "@path_prefix platform.example/u/"),
        (12, "! silenced"),
        (13, "registrable_domain platform.example"),
        (14, "@host page.example"),
        (15, "! silenced"),
        (16, "subdomain must.shop.pirate.example"),  # important: wins over line 2
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("0.0.0.0 pirate.example", ["registrable_domain pirate.example"]),
        ("127.0.0.1\tcdn.pirate.example # note", ["subdomain cdn.pirate.example"]),
        ("::1 pirate.example", ["registrable_domain pirate.example"]),
        (":: pirate.example a.pirate.example", ["registrable_domain pirate.example", "subdomain a.pirate.example"]),
        ("0.0.0.0 pirate.example co.jp", ["registrable_domain pirate.example", "! public_suffix"]),
        ("127.0.0.1 localhost", ["! own_name"]),
        ("::1 localhost ip6-localhost ip6-loopback", ["! own_name"] * 3),
        ("fe80::1%lo0 localhost", ["! own_name"]),
        ("255.255.255.255 broadcasthost", ["! own_name"]),
        ("0.0.0.0 0.0.0.0", ["! own_name"]),
        ("192.0.2.7 pirate.example", ["! maps_somewhere"]),
        ("0.0.0.0", ["! no_host"]),
        ("pirate.example", ["! other_format"]),
        ("# 0.0.0.0 pirate.example", []),
    ],
)
def test_hosts(tmp_path: Path, line: str, expected: list[str]) -> None:
    assert [shown for _, shown in became(tmp_path, Format.HOSTS, line)] == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("server=/pirate.example/", ["registrable_domain pirate.example"]),
        ("local=/cdn.pirate.example/", ["subdomain cdn.pirate.example"]),
        ("address=/pirate.example/0.0.0.0", ["registrable_domain pirate.example"]),
        ("address=/pirate.example/#", ["registrable_domain pirate.example"]),
        ("address=/pirate.example/192.0.2.80", ["registrable_domain pirate.example"]),
        ("address = /a.example/b.example/::", ["registrable_domain a.example", "registrable_domain b.example"]),
        ("server=/*.pirate.example/", ["registrable_domain pirate.example"]),
        ("server=/shop.pirate.example/#", ["@subdomain shop.pirate.example"]),
        ("server=/shop.pirate.example/192.0.2.53 # ours", ["@subdomain shop.pirate.example"]),
        ("address=/#/0.0.0.0", ["! pattern"]),
        ("server=192.0.2.53", ["! other_setting"]),
        ("conf-file=/etc/more", ["! other_setting"]),
        ("no-resolv", ["! other_setting"]),
        ("||pirate.example^", ["! other_format"]),
    ],
)
def test_dnsmasq(tmp_path: Path, line: str, expected: list[str]) -> None:
    assert [shown for _, shown in became(tmp_path, Format.DNSMASQ, line)] == expected


def test_rpz(tmp_path: Path) -> None:
    text = """\
$TTL 300
@ IN SOA ns.rpz.example. hostmaster.rpz.example. (
    2026110101 ; serial
    3600 600
    86400 300 )
  IN NS ns.rpz.example.
$ORIGIN rpz.example.
pirate.example          CNAME   .           ; NXDOMAIN
*.pirate.example        CNAME   .
cdn.scans.example  300 IN CNAME *.
dropped.example.rpz.example. IN 1h CNAME rpz-drop.
walled.example          A       192.0.2.80
                        AAAA    2001:db8::80
shop.pirate.example     CNAME   rpz-passthru.
*.blog.pirate.example   CNAME   rpz-passthru.
old.pirate.example      CNAME   old.pirate.example.
tcp.example             CNAME   rpz-tcp-only.
txt.example             TXT     "blocked ; by policy"
24.0.2.0.192.rpz-ip     CNAME   .
32.7.2.0.192.rpz-ip     CNAME   .
48.zz.1.db8.2001.rpz-ip CNAME   .
128.1.zz.db8.2001.rpz-ip CNAME  .
32.1.0.0.127.rpz-client-ip CNAME .
ns.bad.example.rpz-nsdname CNAME .
$INCLUDE more
co.jp                   CNAME   .
$ORIGIN deep.example.rpz.example.
www                     CNAME   .
nothing of it
"""
    assert became(tmp_path, Format.RPZ, text) == [
        (8, "registrable_domain pirate.example"),
        (9, "registrable_domain pirate.example"),
        (10, "subdomain cdn.scans.example"),
        (11, "registrable_domain dropped.example"),
        (12, "registrable_domain walled.example"),
        (13, "registrable_domain walled.example"),
        (14, "@host shop.pirate.example"),
        (15, "@subdomain blog.pirate.example"),
        (16, "@host old.pirate.example"),
        (17, "! no_block"),
        (18, "! no_block"),
        (19, "cidr 192.0.2.0/24"),
        (20, "ip 192.0.2.7"),
        (21, "cidr 2001:db8:1::/48"),
        (22, "ip 2001:db8::1"),
        (23, "! trigger"),
        (24, "! trigger"),
        (25, "! directive"),
        (26, "! public_suffix"),
        (28, "registrable_domain deep.example"),
        (29, "! other_format"),
    ]


@pytest.mark.parametrize(
    ("form", "line", "expected"),
    [
        (Format.URLS, "video.example/u/raw", "path_prefix video.example/u/raw"),
        (Format.URLS, "http://www.video.example/u/raw/", "path_prefix www.video.example/u/raw/"),
        (Format.URLS, "192.0.2.7/torrent", "path_prefix 192.0.2.7/torrent"),
        (Format.URLS, "video.example/page?id=3", "url https://video.example/page?id=3"),
        (Format.URLS, "video.example", "registrable_domain video.example"),
        (Format.URLS, "video.example/*.zip", "! pattern"),
        (Format.IP, "192.0.2.7", "ip 192.0.2.7"),
        (Format.IP, "192.0.2.0/24 ; SBL1", "cidr 192.0.2.0/24"),
        (Format.IP, "2001:DB8::1", "ip 2001:db8::1"),
        (Format.IP, "[2001:db8::1]", "ip 2001:db8::1"),
        (Format.IP, "::ffff:192.0.2.7", "ip 192.0.2.7"),
        (Format.IP, "192.0.2.7/24", "! host_bits"),
        (Format.IP, "10.0.0.0/8", "! too_wide"),
        (Format.IP, "0300.0.2.7", "! odd_address"),
        (Format.IP, "192.0.2.1-192.0.2.9", "! range"),
        (Format.IP, "pirate.example", "! no_address"),
        (Format.PLAIN, "192.0.2.7/24", "! host_bits"),
        (Format.PLAIN, "pirate.example CNAME .", "! other_format"),
        (Format.PLAIN, "abuse@pirate.example", "! no_host"),
        (Format.PLAIN, "uberspace.de", "! shared_hosting"),
    ],
)
def test_one_line(tmp_path: Path, form: Format, line: str, expected: str) -> None:
    assert [shown for _, shown in became(tmp_path, form, line)] == [expected]


def test_misp(tmp_path: Path) -> None:
    def document(kind: str) -> str:
        return json.dumps({"name": "n", "type": kind, "list": ["cdn.pirate.example", "192.0.2.0/24", 3, "co.jp"]})

    assert became(tmp_path, Format.MISP, document("hostname")) == [
        (1, "subdomain cdn.pirate.example"),
        (2, "! no_host"),
        (3, "! bad_field"),
        (4, "! public_suffix"),
    ]
    assert became(tmp_path, Format.MISP, document("string"))[:2] == [
        (1, "host cdn.pirate.example"),
        (2, "cidr 192.0.2.0/24"),
    ]
    assert became(tmp_path, Format.MISP, document("cidr"))[:2] == [(1, "! no_address"), (2, "cidr 192.0.2.0/24")]
    for kind in ("substring", "regex", "later"):
        assert [shown for _, shown in became(tmp_path, Format.MISP, document(kind))] == [
            "! pattern", "! pattern", "! bad_field", "! pattern",
        ]  # fmt: skip
    with pytest.raises(FeedError, match="stands twice"):
        became(tmp_path, Format.MISP, '{"list":[],"list":[]}')
    with pytest.raises(FeedError, match="no `list`"):
        became(tmp_path, Format.MISP, '{"name":"n"}')


def test_csv_with_provenance(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "id,Domain,Category,Date Added,Reported By,Reference,Colour\n"
        'a1,pirate.example,"scans, whole volumes",2026-07-01,Desk,https://desk.example/1|https://desk.example/2,red\n'
        "a2,https://video.example/u/raw,,2026-07-01T09:00:00+09:00,,,\n"
        "a2,other.example,,,,,\n"
        "a4,late.example,,2026-07-01 09:00:00,,,\n"
        "a5,doubt.example,,3/4/2026,,,\n"
        "a6,,,,,,\n"
    )
    found = list(accepted(load(path)))
    assert [i.line for i in found] == [2, 3, 4, 5, 6, 7]
    first, page, *rejected = [i.entry for i in found]
    assert isinstance(first, Entry)
    assert isinstance(page, Entry)
    assert (first.value, page.value) == ("pirate.example", "https://video.example/u/raw")
    assert {name: first.said[name] for name in ("id", "issuer", "reason", "evidence")} == {
        "id": "a1",
        "issuer": "Desk",
        "reason": "scans, whole volumes",
        "evidence": ["https://desk.example/1", "https://desk.example/2"],
    }
    assert first.said["listed_at"].isoformat() == "2026-07-01T00:00:00+00:00"
    assert page.said["listed_at"].isoformat() == "2026-07-01T00:00:00+00:00"
    assert [e.code for e in rejected if not isinstance(e, Entry)] == ["doubled_id", "bad_time", "bad_time", "missing"]
    dated = list(items(load(path, utc=True)))[3].entry
    assert isinstance(dated, Entry)
    assert dated.said["listed_at"].isoformat() == "2026-07-01T09:00:00+00:00"


def test_csv_columns_by_name(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("Where;What;Value\npirate.example;x;ignored.example\n")
    (item,) = items(load(path, Format.CSV, columns={"value": "where", "reason": "What"}))
    assert isinstance(item.entry, Entry)
    assert (item.entry.value, item.entry.said["reason"]) == ("pirate.example", "x")
    for columns, reason in (
        ({"valeu": "where"}, "did you mean 'value'"),
        ({"value": "host"}, "no column has this name"),
    ):
        with pytest.raises(ConfigError, match=reason):
            list(items(load(path, Format.CSV, columns=columns)))
    path.write_text("where;what\npirate.example;x\n")
    with pytest.raises(FeedError, match="no column is named value"):
        read(path)


def test_csv_with_its_names_in_a_comment(tmp_path: Path) -> None:
    path = tmp_path / "dump.txt"
    path.write_text('# A list\n# id,dateadded,url\n"1","2026-07-01","https://video.example/page"\n')
    assert detect(path, "dump.txt") is Format.CSV
    assert became(tmp_path, Format.CSV, path.read_text()) == [(3, "url https://video.example/page")]


def test_csv_from_a_japanese_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes("ドメイン,理由,掲載日\n海賊漫画館.example,漫画の無断掲載,2026年7月1日\n".encode("cp932"))
    (item,) = items(load(path))
    assert isinstance(item.entry, Entry)
    assert item.entry.value == "xn--90w69ab8jho1amxn.example"
    assert item.entry.said["reason"] == "漫画の無断掲載"


@pytest.mark.parametrize(
    ("name", "text", "form"),
    [
        ("x.txt", "pirate.example\nother.example\n", Format.PLAIN),
        ("x.txt", "# one domain, host or path a line\npirate.example\n", Format.PLAIN),
        ("x.txt", "! Title: x\n\n||pirate.example^\n", Format.ADGUARD),
        ("x.txt", "0.0.0.0 pirate.example\n", Format.HOSTS),
        ("x", "server=/pirate.example/\n", Format.DNSMASQ),
        ("x.zone", "$TTL 60\n@ SOA a. b. 1 2 3 4 5\npirate.example CNAME .\n", Format.RPZ),
        ("x", "192.0.2.7\n192.0.2.0/24\n2001:db8::1\n", Format.IP),
        ("urls", "pirate.example/u/\n", Format.URLS),
        ("x.json", '{\n "list": ["pirate.example"],\n "type": "hostname"\n}', Format.MISP),
        ("x.json", '{"list":["pirate.example"],"type":"hostname"}', Format.MISP),
        ("x.jsonl", "", Format.FEED),
        ("x", '{"scope":"host","value":"a.pirate.example"}\n', Format.FEED),
        ("x.csv", "pirate.example\n", Format.CSV),
        ("x.txt", "domain,reason\npirate.example,scans\n", Format.CSV),
        ("x.txt", "", Format.PLAIN),
    ],
)
def test_detection(tmp_path: Path, name: str, text: str, form: Format) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert detect(path, str(path)) is form


@pytest.mark.parametrize("name", REAL)
def test_real_lists_lose_no_line(name: str) -> None:
    path = shared(f"data/blocklists/{name}")
    raw = load(path)
    assert raw.format is REAL[name]
    found = list(accepted(raw))
    entries = [
        line for line in path.read_text().split("\n") if line.strip() and not line.lstrip().startswith(("#", "!"))
    ]
    assert len(found) == len(entries)
    assert not [item for item in found if not isinstance(item.entry, Entry)]


def test_four_renderings_of_one_list_give_the_same_entries() -> None:
    found = {name: [item.entry for item in accepted(load(shared(f"data/blocklists/{name}")))] for name in RENDERINGS}
    first, *others = found.values()
    assert len(first) > 2000
    assert all(other == first for other in others)


def test_a_popular_site_is_taken_with_a_reason_only(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("pirate.example\nwww.google.com\narchive.org/details/scans\n")
    parsed = read(path)
    assert [n.value for n in parsed.notices] == ["pirate.example", "archive.org"]
    assert [(r.line, r.code) for r in parsed.rejected] == [(2, "popular_site")]
    assert len(read(path, force="the court's order of 1 May").notices) == 3
