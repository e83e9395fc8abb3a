"""XMP: where packets stand in files, how a value is written, what it says, and packets that are broken."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate.model import Lint, Polarity, Purpose, Scope, Signal, Strength
from crawlgate.signals import xmp
from tests.effort import assert_linear, assert_within
from tests.shared_data import shared

RESERVED, PERMITTED, CONDITIONAL = Polarity.RESERVED, Polarity.PERMITTED, Polarity.CONDITIONAL
UNSPECIFIED = Polarity.UNSPECIFIED
TDM, TRAIN, TRAIN_GEN, SEARCH = Purpose.TDM, Purpose.TRAIN, Purpose.TRAIN_GEN, Purpose.SEARCH

PLUS = "http://ns.useplus.org/ldf/xmp/1.0/"
VOCABULARY = "http://ns.useplus.org/ldf/vocab/"
NAMESPACES = f'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:plus="{PLUS}"'
PROHIBITED = '<rdf:Description rdf:about="" plus:DataMining="DMI-PROHIBITED"/>'
ALLOWED = '<rdf:Description rdf:about="" plus:DataMining="DMI-ALLOWED"/>'


def packet(*inner: str) -> bytes:
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF {NAMESPACES}>{"".join(inner)}</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def read(data: bytes) -> tuple[tuple[Signal, ...], set[str]]:
    notes: list[Lint] = []
    signals = xmp.read(data, evidence="file-1", lint=notes)
    return signals, {item.code for item in notes}


def said(data: bytes) -> set[tuple[Purpose, Polarity]]:
    return {(signal.purpose, signal.polarity) for signal in xmp.read(data)}


def valued(value: str) -> bytes:
    return packet(f'<rdf:Description plus:DataMining="{value}"/>')


def jpeg(*segments: tuple[int, bytes]) -> bytes:
    body = b"".join(struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data for marker, data in segments)
    return b"\xff\xd8" + body + b"\xff\xda\x00\x02" + bytes(range(256)) + b"\xff\xd9"


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    parts = [(b"IHDR", bytes(13)), *chunks, (b"IDAT", zlib.compress(bytes(99))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


# --- vectors and values -----------------------------------------------------------------------------------------


def test_shared_vectors() -> None:
    cases = json.loads(shared("signals/vectors.json").read_text("utf-8"))["cases"]
    for case in (case for case in cases if case["id"].startswith("iptc-")):
        signals, codes = read(case["in"]["xmp"].encode())
        found = {signal.purpose.value: signal.polarity.value for signal in signals}
        for purpose, polarity in case["expect"].items():
            if purpose != "lint":
                assert found.get(purpose, found.get("tdm", "unspecified")) == polarity, case["id"]
        assert case["expect"].get("lint") in codes or "lint" not in case["expect"], case["id"]


VALUES = [
    ("DMI-UNSPECIFIED", "Unspecified - no prohibition defined", {(TRAIN, UNSPECIFIED)}),
    ("DMI-ALLOWED", "Allowed", {(TRAIN, PERMITTED)}),
    ("DMI-PROHIBITED-AIMLTRAINING", "Prohibited for AI/ML training", {(TRAIN, RESERVED)}),
    ("DMI-PROHIBITED-GENAIMLTRAINING", "Prohibited for Generative AI/ML training", {(TRAIN_GEN, RESERVED)}),
    (
        "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING",
        "Prohibited except for search engine indexing",
        {(TDM, RESERVED), (SEARCH, PERMITTED)},
    ),
    ("DMI-PROHIBITED", "Prohibited", {(TDM, RESERVED)}),
    ("DMI-PROHIBITED-SEECONSTRAINT", "Prohibited, see plus:OtherConstraints", {(TDM, RESERVED)}),
    ("DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR", "Prohibited, see iptcExt:EmbdEncRightsExpr", {(TDM, CONDITIONAL)}),
    ("DMI-PROHIBITED-SEELINKEDRIGHTSEXPR", "Prohibited, see iptcExt:LinkedEncRightsExpr", {(TDM, CONDITIONAL)}),
]


@pytest.mark.parametrize(("code", "label", "expected"), VALUES, ids=[value[0] for value in VALUES])
def test_every_value_in_every_spelling(code: str, label: str, expected: set[tuple[Purpose, Polarity]]) -> None:
    for value in (VOCABULARY + code, code, code.lower(), f" {code}\n", label, label.upper()):
        signals, codes = read(valued(value))
        assert {(s.purpose, s.polarity) for s in signals} == expected, value
        assert {s.detail["code"] for s in signals} == {code}
        assert codes == set()


@pytest.mark.parametrize(
    "inner",
    [
        f'<rdf:Description plus:DataMining="{VOCABULARY}DMI-PROHIBITED"/>',
        f"<rdf:Description><plus:DataMining>{VOCABULARY}DMI-PROHIBITED</plus:DataMining></rdf:Description>",
        "<rdf:Description><plus:DataMining>\n  DMI-PROHIBITED\n</plus:DataMining></rdf:Description>",
        f'<rdf:Description><plus:DataMining rdf:resource="{VOCABULARY}DMI-PROHIBITED"/></rdf:Description>',
        '<rdf:Description><plus:DataMining rdf:value="DMI-PROHIBITED"/></rdf:Description>',
        "<rdf:Description><plus:DataMining><rdf:Bag><rdf:li>DMI-PROHIBITED</rdf:li></rdf:Bag></plus:DataMining>"
        "</rdf:Description>",
        "<rdf:Description><plus:DataMining><rdf:Description><rdf:value>Prohibited</rdf:value></rdf:Description>"
        "</plus:DataMining></rdf:Description>",
        f'<rdf:Description><plus:DataMining><rdf:li rdf:resource="{VOCABULARY}DMI-PROHIBITED"/></plus:DataMining>'
        "</rdf:Description>",
        f'<rdf:Description xmlns:p="{PLUS}" p:DataMining="DMI-PROHIBITED"/>',
        f'<DataMining xmlns="{PLUS}">DMI-PROHIBITED</DataMining>',
        '<rdf:Description plus:DataMining="DMI&#45;PROHIBITED"/>',
        "<rdf:Description><plus:DataMining><![CDATA[DMI-PROHIBITED]]></plus:DataMining></rdf:Description>",
        "<rdf:Description><plus:DataMining>DMI-<!-- a -->PROHIBITED</plus:DataMining></rdf:Description>",
        "<rdf:Description plus:DataMining='DMI-PROHIBITED'/>",
    ],
)
def test_every_form_of_the_property(inner: str) -> None:
    signals, codes = read(packet(inner))
    assert [(s.purpose, s.polarity, s.ambiguity) for s in signals] == [(TDM, RESERVED, None)]
    assert codes == set()


def test_a_signal_says_where_it_stood() -> None:
    data = b"%PDF-1.7\n" + packet(PROHIBITED) + b"\nendstream"
    ((signal,), _) = read(data)
    assert (signal.kind, signal.strength, signal.scope) == ("iptc.data_mining", Strength.PREFERENCE, Scope.EMBEDDED)
    assert (signal.raw, signal.name, signal.evidence) == ("DMI-PROHIBITED", "DataMining", "file-1")
    assert signal.span is not None
    assert data[slice(*signal.span)].startswith(b"<?xpacket begin")
    assert data[slice(*signal.span)].endswith(b"</x:xmpmeta>")


def test_what_a_value_refers_to_is_kept() -> None:
    text = "<plus:OtherConstraints><rdf:Alt><rdf:li xml:lang='x-default'>Ask &amp; pay</rdf:li></rdf:Alt>"
    ((signal,), _) = read(
        packet(
            "<rdf:Description plus:DataMining='DMI-PROHIBITED-SEECONSTRAINT'>",
            f"{text}</plus:OtherConstraints></rdf:Description>",
        )
    )
    assert (signal.detail["constraint"], signal.ambiguity) == ("Ask & pay", "see_constraint")
    ((signal,), _) = read(
        packet(
            '<rdf:Description xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" ',
            'plus:DataMining="DMI-PROHIBITED-SEELINKEDRIGHTSEXPR"><e:LinkedEncRightsExpr><rdf:Bag><rdf:li ',
            'e:LinkedRightsExpr="https://x.example/terms"/></rdf:Bag></e:LinkedEncRightsExpr></rdf:Description>',
        )
    )
    assert signal.detail["constraint"] == "https://x.example/terms"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("DMI-PROHIBITED_AI", "unknown_code"),
        (VOCABULARY + "DMI-NO", "unknown_code"),
        ("no", "unknown_code"),
        ("", "unknown_code"),
        ("DMI-ALLOWED DMI-PROHIBITED", "unknown_code"),
    ],
)
def test_an_unknown_value_says_nothing(value: str, code: str) -> None:
    signals, codes = read(valued(value))
    assert {s.polarity for s in signals} <= {UNSPECIFIED}
    assert codes == {code}


def test_an_unknown_value_hides_no_other() -> None:
    assert said(packet('<rdf:li plus:DataMining="DMI-X"/>', PROHIBITED)) == {(TDM, RESERVED)}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("DMI-ALLOWED", "DMI-PROHIBITED", {(TDM, RESERVED)}),
        ("DMI-PROHIBITED-GENAIMLTRAINING", "DMI-ALLOWED", {(TRAIN_GEN, RESERVED)}),
        ("DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING", "DMI-PROHIBITED", {(TDM, RESERVED)}),
        ("DMI-PROHIBITED-AIMLTRAINING", "DMI-UNSPECIFIED", {(TRAIN, RESERVED), (TRAIN, UNSPECIFIED)}),
        ("DMI-ALLOWED", "DMI-UNSPECIFIED", {(TRAIN, UNSPECIFIED)}),
    ],
)
def test_of_two_values_none_permits(one: str, other: str, expected: set[tuple[Purpose, Polarity]]) -> None:
    inner = [f'<rdf:Description plus:DataMining="{value}"/>' for value in (one, other)]
    for data in (packet(*inner), packet(inner[0]) + b"\x00" * 9 + packet(inner[1])):
        signals, codes = read(data)
        assert {(s.purpose, s.polarity) for s in signals} == expected
        assert {s.ambiguity for s in signals} == {"conflicting_values"}
        assert codes == {"conflicting_values"}


def test_one_value_twice_is_one_value() -> None:
    signals, codes = read(packet(PROHIBITED) + packet(PROHIBITED))
    assert len(signals) == 1
    assert codes == set()


# --- where packets stand ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        jpeg((0xE1, b"http://ns.adobe.com/xap/1.0/\x00" + packet(PROHIBITED)), (0xDB, bytes(65))),
        jpeg((0xE0, b"JFIF\x00")) + packet(PROHIBITED),
        png((b"iTXt", b"XML:com.adobe.xmp\x00\x00\x00\x00\x00" + packet(PROHIBITED))),
        png((b"iTXt", b"XML:com.adobe.xmp\x00\x01\x00en\x00key\x00" + zlib.compress(packet(PROHIBITED)))),
        b"RIFF\x00\x00\x00\x00WEBPXMP \x00\x00\x00\x00" + packet(PROHIBITED),
        b"II*\x00\x08\x00\x00\x00" + packet(PROHIBITED),
        b"\x00\x00\x00\x18ftypmp42" + bytes(12) + b"\x00\x00\x00\x00uuid" + packet(PROHIBITED),
        b"<svg><metadata>" + packet(PROHIBITED) + b"</metadata></svg>",
        packet(PROHIBITED).partition(b"?>")[2].partition(b"<?xpacket")[0],
        b'<?xml version="1.0"?>\n' + packet(PROHIBITED),
        f"<rdf:RDF {NAMESPACES}>{PROHIBITED}</rdf:RDF>".encode(),
        f'<rdf:Description xmlns:plus="{PLUS}" plus:DataMining="DMI-PROHIBITED"/>'.encode(),
        f'\ufeff<?xml version="1.0"?><a xmlns:plus="{PLUS}" plus:DataMining="DMI-PROHIBITED"/>'.encode(),
        b'<?xpacket begin=""?>no end' + packet(PROHIBITED),
        packet() * 50 + packet(PROHIBITED),
        packet(PROHIBITED).decode().encode("utf-16"),
        packet(PROHIBITED).decode().encode("utf-16-le"),
        b"odd" + packet(PROHIBITED).decode().encode("utf-16-be"),
        packet(PROHIBITED).decode().encode("utf-32"),
        b"plus:DataMining=DMI-PROHIBITED",
        b'-XMP-plus:DataMining="Prohibited"\n',
        b"x: 1\r\nXMP-plus:DataMining : Prohibited\r\n",
    ],
    ids=str,
)
def test_a_packet_is_found_in_any_file(data: bytes) -> None:
    signals, codes = read(data)
    assert [(s.purpose, s.polarity, s.ambiguity) for s in signals] == [(TDM, RESERVED, None)]
    assert codes == set()


@pytest.mark.parametrize("shuffled", [False, True])
def test_an_extended_packet_of_a_jpeg_is_put_together(shuffled: bool) -> None:
    pad = "<rdf:li>" + "x" * 70_000 + "</rdf:li>"
    body = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {NAMESPACES}>{pad}{PROHIBITED}</rdf:RDF></x:xmpmeta>'.encode()
    head = b"http://ns.adobe.com/xmp/extension/\x00" + b"0" * 32
    pieces = [
        (0xE1, head + struct.pack(">II", len(body), at) + body[at : at + 60_000]) for at in range(0, len(body), 60_000)
    ]
    pieces = pieces[::-1] if shuffled else pieces
    data = jpeg((0xE1, b"http://ns.adobe.com/xap/1.0/\x00" + packet()), *pieces)
    signals, codes = read(data)
    assert [(s.purpose, s.polarity, s.span) for s in signals] == [(TDM, RESERVED, None)]
    assert codes == set()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        packet(),
        b"DataMining",
        b"A page about plus:DataMining = DMI-ALLOWED and other values.",
        packet("<rdf:Description><rdf:li>plus:DataMining DMI-PROHIBITED</rdf:li></rdf:Description>"),
        packet("<!-- " + PROHIBITED + " -->"),
        packet("<rdf:Description xmlns:tdm='http://tdm.example/' tdm:reservation='1'/>"),
        packet("<rdf:Description plus:DataMiningPolicy='DMI-PROHIBITED'/>"),
    ],
    ids=str,
)
def test_what_says_nothing(data: bytes) -> None:
    assert xmp.read(data) == ()


# --- broken packets ---------------------------------------------------------------------------------------------


BROKEN: list[tuple[Callable[[str], bytes], str]] = [
    (lambda said: packet("<rdf:Description>", said), "not_well_formed"),
    (lambda said: packet(said, "<rdf:li>&nbsp;</rdf:li>"), "not_well_formed"),
    (lambda said: packet(said, "\x00"), "not_well_formed"),
    (lambda said: packet(said).replace(b"rdf:about", b"\xff"), "not_well_formed"),
    (lambda said: packet(said).replace(f'xmlns:plus="{PLUS}"'.encode(), b""), "not_well_formed"),
    (lambda said: packet(said).partition(b"</rdf:RDF>")[0], "not_well_formed"),
    (lambda said: b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + packet(said, "&a;"), "not_well_formed"),
    (lambda said: packet(said).replace(PLUS.encode(), b"http://plus.example/"), "wrong_namespace"),
    (lambda said: packet(said).replace(b"plus:DataMining", b"DataMining"), "wrong_namespace"),
    (lambda said: packet("<a/>" * 30_000, said), "xmp_cut"),
    (lambda said: packet("<rdf:li>" + "x" * 600_000 + "</rdf:li>", said), "xmp_cut"),
]


@pytest.mark.parametrize(("broken", "code"), BROKEN)
def test_a_broken_packet_can_restrict_and_never_permits(broken: Callable[[str], bytes], code: str) -> None:
    for inner, expected in ((PROHIBITED, (TDM, RESERVED)), (ALLOWED, (TRAIN, UNSPECIFIED))):
        signals, codes = read(broken(inner))
        assert {(s.purpose, s.polarity, s.ambiguity) for s in signals} == {(*expected, code)}
        assert codes == {code}


@pytest.mark.parametrize(
    "form",
    [
        '<plus:DataMining rdf:resource="{}"/>',
        "<plus:DataMining>{}</plus:DataMining>",
        '<rdf:li plus:DataMining = "{}"/>',
        "<plus:DataMining>\n{}\n",
    ],
)
def test_the_words_of_a_broken_packet_are_read_in_every_form(form: str) -> None:
    data = packet("<broken><rdf:Description>", form.format(VOCABULARY + "DMI-PROHIBITED-AIMLTRAINING"))
    signals, codes = read(data)
    assert [(s.purpose, s.polarity) for s in signals] == [(TRAIN, RESERVED)]
    assert codes == {"not_well_formed"}


def test_a_strange_vocabulary_can_restrict_and_never_permits() -> None:
    signals, codes = read(valued("https://v.example/DMI-ALLOWED"))
    assert [(s.polarity, s.ambiguity) for s in signals] == [(UNSPECIFIED, "unknown_vocabulary")]
    assert codes == {"unknown_vocabulary"}
    assert said(valued("https://v.example/DMI-PROHIBITED")) == {(TDM, RESERVED)}


def test_too_many_packets_are_looked_through_for_words() -> None:
    signals, codes = read(packet('<rdf:li plus:DataMining="DMI-UNSPECIFIED"/>') * 60 + packet(PROHIBITED))
    assert (TDM, RESERVED) in {(s.purpose, s.polarity) for s in signals}
    assert "xmp_cut" in codes


# --- TDMRep and RSL ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("namespace", ["http://www.w3.org/ns/tdmrep/", "http://www.w3.org/ns/tdmrep#"])
@pytest.mark.parametrize(("value", "expected"), [("1", RESERVED), ("0", PERMITTED)])
def test_tdmrep_in_a_file(namespace: str, value: str, expected: Polarity) -> None:
    for inner in (
        f'<rdf:li xmlns:tdm="{namespace}" tdm:reservation="{value}"/>',
        f'<rdf:li xmlns:tdm="{namespace}"><tdm:reservation> {value} </tdm:reservation></rdf:li>',
    ):
        signals, codes = read(packet(inner))
        assert [(s.kind, s.purpose, s.polarity) for s in signals] == [("tdmrep.xmp", TDM, expected)]
        assert signals[0].scope is Scope.EMBEDDED
        assert codes == set()


@pytest.mark.parametrize(
    ("inner", "expected", "policy", "code"),
    [
        ('tdm:reservation="1" tdm:policy="https://x.example/p"', RESERVED, "https://x.example/p", None),
        ('tdm:reservation="0" tdm:policy="https://x.example/p"', PERMITTED, None, None),
        ('tdm:reservation="yes"', None, None, "malformed_reservation"),
        ('tdm:reservation="2"', None, None, "bad_value"),
        (
            'tdm:reservation="1"><tdm:reservation>0</tdm:reservation></rdf:li><rdf:li',
            RESERVED,
            None,
            "conflicting_values",
        ),
        ('tdm:policy="https://x.example/p"', None, None, None),
    ],
)
def test_tdmrep_values(inner: str, expected: Polarity | None, policy: str | None, code: str | None) -> None:
    signals, codes = read(packet(f'<rdf:Bag xmlns:tdm="http://www.w3.org/ns/tdmrep/"><rdf:li {inner}/></rdf:Bag>'))
    assert [s.polarity for s in signals] == ([] if expected is None else [expected])
    assert [s.detail.get("policy") for s in signals] == ([] if expected is None else [policy])
    assert codes == ({code} if code else set())


def test_tdmrep_in_a_broken_packet() -> None:
    inner = '<rdf:li xmlns:tdm="http://www.w3.org/ns/tdmrep/"><tdm:reservation>{}</tdm:reservation>'
    assert said(packet(inner.format(1))) == {(TDM, RESERVED)}
    assert said(packet(inner.format(0))) == {(TDM, UNSPECIFIED)}


def test_an_embedded_licence_is_read() -> None:
    data = packet(
        '<rsl:rsl xmlns:rsl="https://rslstandard.org/rsl"><rsl:content url="https://x.example/a.jpg"><rsl:license>'
        "<rsl:permits type='usage'>all</rsl:permits></rsl:license></rsl:content></rsl:rsl>"
    )
    (signals, codes) = read(data)
    assert {(s.kind, s.purpose, s.polarity) for s in signals} >= {("rsl.permits", TRAIN, PERMITTED)}
    assert {(s.strength, s.scope) for s in signals} == {(Strength.OFFER, Scope.EMBEDDED)}
    assert codes == set()
    refusing = data.replace(b"permits", b"prohibits")
    assert ("rsl.prohibits", RESERVED) in {(s.kind, s.polarity) for s in xmp.read(refusing)}
    # In a packet that is not well-formed a licence can restrict and permits nothing.
    assert PERMITTED not in {s.polarity for s in xmp.read(data.replace(b"</rdf:RDF>", b"</rdf:R>"))}
    assert [s.kind for s in xmp.read(packet('<rsl xmlns="https://rslstandard.org/rsl"/>'))] == ["rsl.embedded"]


# --- hostile bytes ----------------------------------------------------------------------------------------------

_WORDS = [
    *("<", ">", "/>", "</", '="', '"', " ", "&", "&#45;", "<!--", "-->", "<![CDATA[", "]]>", "<!DOCTYPE a [", "\x00"),
    *("<?xpacket begin", "<?xpacket end", "?>", "x:xmpmeta", "rdf:RDF", "rdf:Description", "plus:DataMining", "rdf:li"),
    *(
        f'xmlns:plus="{PLUS}"',
        "DMI-PROHIBITED",
        "DMI-ALLOWED",
        "rdf:resource",
        "tdm:reservation",
        "1",
        "rslstandard.org",
    ),
]


@given(st.binary())
def test_no_bytes_raise(data: bytes) -> None:
    xmp.read(data)


@given(
    st.lists(st.sampled_from(_WORDS), max_size=40), st.sampled_from([b"", b"\xff\xd8\xff\xe1", b"\x89PNG\r\n\x1a\n"])
)
def test_no_markup_raises(words: list[str], head: bytes) -> None:
    text = "".join(words)
    xmp.read(head + text.encode() + b"DataMining", lint=[])
    xmp.read(head + packet(text), lint=[])
    xmp.read(text.encode("utf-16-le") + "xmpmeta".encode("utf-16-le"), lint=[])


@given(st.data())
def test_no_damaged_packet_permits(data: st.DataObject) -> None:
    body = bytearray(packet(PROHIBITED))
    at = data.draw(st.integers(0, len(body) - 1))
    body[at] = data.draw(st.integers(0, 255))
    assert all(signal.polarity is not PERMITTED for signal in xmp.read(bytes(body)))


HOSTILE: dict[str, Callable[[int], bytes]] = {
    "elements": lambda n: packet(PROHIBITED, "<a/>" * n),
    "nesting": lambda n: packet(PROHIBITED, "<a>" * n),
    "attributes": lambda n: packet("<a ", " ".join(f'b{i}=""' for i in range(n)), "/>", PROHIBITED),
    "namespaces": lambda n: packet("<a ", " ".join(f'xmlns:b{i}="u{i}"' for i in range(n)), "/>", PROHIBITED),
    "properties": lambda n: packet('<rdf:li plus:DataMining="x"/>' * n),
    "packets": lambda n: packet(PROHIBITED) * (n // 10),
    "starts": lambda n: b"<?xpacket begin" * n + b"DataMining",
    "open": lambda n: b"<a:RDF>" * n + b"DataMining",
    "angles": lambda n: b"<" * (10 * n) + b"DataMining",
    "ends": lambda n: packet(PROHIBITED, "</" * n),
    "words": lambda n: packet("<rdf:li>", " DataMining" * n),
    "references": lambda n: packet(PROHIBITED, "&amp;" * n),
    "segments": lambda n: b"\xff\xd8" + b"\xff\xe1\x00\x02" * n + packet(PROHIBITED),
    "chunks": lambda n: b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\x00iTXt\x00\x00\x00\x00" * n + packet(PROHIBITED),
    "wide": lambda n: "<x:xmpmeta>".encode("utf-16-le") * n,
    "bare": lambda n: b"plus:DataMining= \n" * min(n, 3_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_time_grows_with_length_only(name: str) -> None:
    assert_linear(HOSTILE[name], lambda data: xmp.read(data, lint=[]), 10_000)
    large = HOSTILE[name](60_000)
    assert_within(2, lambda: xmp.read(large, lint=[]))


def test_a_compressed_packet_is_inflated_within_bounds() -> None:
    bomb = zlib.compress(packet(PROHIBITED, "x" * 30_000_000))
    data = png((b"iTXt", b"XML:com.adobe.xmp\x00\x01\x00\x00\x00" + bomb))
    signals, _ = read(data)
    assert {(s.purpose, s.polarity) for s in signals} == {(TDM, RESERVED)}
    assert_within(2, lambda: read(data))
