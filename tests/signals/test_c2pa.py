"""C2PA manifests: where the store stands, which manifest counts, and what the training assertion says."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlgate.model import Lint, Polarity, Purpose, Scope, Signal, Strength
from crawlgate.signals import c2pa
from tests.effort import assert_linear, assert_within
from tests.shared_data import shared

RESERVED, PERMITTED, UNSPECIFIED = Polarity.RESERVED, Polarity.PERMITTED, Polarity.UNSPECIFIED
TDM, TRAIN, TRAIN_GEN, AI_INPUT = Purpose.TDM, Purpose.TRAIN, Purpose.TRAIN_GEN, Purpose.AI_INPUT

LABEL = "cawg.training-mining"
REFUSED = {"entries": {"cawg.ai_training": {"use": "notAllowed"}}}
ALLOWED = {"entries": {"cawg.ai_training": {"use": "allowed"}}}


# --- building files ---------------------------------------------------------------------------------------------


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", len(body) + 8) + kind + body


def superbox(kind: bytes, label: str, *content: bytes) -> bytes:
    uuid = kind + bytes.fromhex("0011001080000 0aa00389b71".replace(" ", ""))
    return box(b"jumb", box(b"jumd", uuid, b"\x03", label.encode(), b"\x00"), *content)


def stated(content: object, label: str = LABEL, kind: bytes = b"cbor") -> bytes:
    if isinstance(content, bytes):
        raw = content
    else:
        raw = cbor2.dumps(content) if kind == b"cbor" else json.dumps(content).encode()
    return superbox(kind, label, box(kind, raw))


def manifest(*assertions: bytes, kind: bytes = b"c2ma", label: str = "urn:c2pa:1") -> bytes:
    other = stated({"actions": []}, "c2pa.actions.v2")
    claim = superbox(b"c2cl", "c2pa.claim.v2", box(b"cbor", cbor2.dumps({"alg": "sha256"})))
    signature = superbox(b"c2cs", "c2pa.signature", box(b"cbor", bytes(20)))
    return superbox(kind, label, superbox(b"c2as", "c2pa.assertions", other, *assertions), claim, signature)


def store(*manifests: bytes) -> bytes:
    return superbox(b"c2pa", "c2pa", *manifests)


def png(data: bytes) -> bytes:
    chunks = ((b"IHDR", bytes(13)), (b"caBX", data), (b"IDAT", b"x"), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def jpeg(data: bytes, *, size: int = 60_000, backwards: bool = False) -> bytes:
    """A JPEG whose APP11 segments carry `size` octets each; every segment repeats the header of the box."""
    body = data[8:]
    pieces = [
        b"JP\x00\x01" + struct.pack(">I", number) + data[:8] + body[at : at + size]
        for number, at in enumerate(range(0, len(body), size), 1)
    ]
    if backwards:
        pieces.reverse()
    segments = b"".join(b"\xff\xeb" + struct.pack(">H", len(piece) + 2) + piece for piece in pieces)
    return b"\xff\xd8\xff\xe0\x00\x07JFIF\x00" + segments + b"\xff\xda\x00\x02\x00\xff\x00\xff\xd9"


def bmff(data: bytes, purpose: bytes = b"manifest") -> bytes:
    usertype = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
    ours = box(b"uuid", usertype, bytes(4), purpose, b"\x00", bytes(8), data)
    return box(b"ftyp", b"mp42", bytes(8)) + box(b"free") + ours + box(b"mdat", bytes(100))


CONTAINERS: dict[str, Callable[[bytes], bytes]] = {
    "png": png,
    "jpeg": jpeg,
    "jpeg, split": lambda data: jpeg(data, size=50),
    "jpeg, split, backwards": lambda data: jpeg(data, size=50, backwards=True),
    "bmff": bmff,
    "bmff, original": lambda data: bmff(data, b"original"),
    "alone": lambda data: data,
    "webp": lambda data: b"RIFF\x00\x00\x00\x00WEBPC2PA" + struct.pack("<I", len(data)) + data,
    "tiff": lambda data: b"II*\x00" + bytes(50) + data,
    "pdf": lambda data: b"%PDF-1.7\n<</Type/EmbeddedFile>>stream\n" + data + b"\nendstream",
    "behind a broken png": lambda data: b"\x89PNG\r\n\x1a\n\x00\x00\x00\xff" + data,
    "behind a mark that is none": lambda data: b"jumdc2pa" + data[12:40] + bytes(20) + data,
    "with another uuid box": lambda data: box(b"ftyp", b"avif") + box(b"uuid", bytes(16)) + bmff(data)[20:],
}


def read(data: bytes) -> tuple[tuple[Signal, ...], set[str]]:
    notes: list[Lint] = []
    signals = c2pa.read(data, evidence="file-1", lint=notes)
    return signals, {item.code for item in notes}


def asserted(table: dict[str, object], label: str = LABEL) -> tuple[tuple[Signal, ...], set[str]]:
    notes: list[Lint] = []
    return c2pa.assertion(table, label=label, lint=notes), {item.code for item in notes}


def said(signals: tuple[Signal, ...]) -> set[tuple[Purpose, Polarity]]:
    return {(signal.purpose, signal.polarity) for signal in signals}


# --- what an assertion says -------------------------------------------------------------------------------------


def test_shared_vectors() -> None:
    cases = json.loads(shared("signals/vectors.json").read_text("utf-8"))["cases"]
    for case in (case for case in cases if case["id"].startswith("c2pa-")):
        notes: list[Lint] = []
        found = {s.purpose.value: s.polarity.value for s in c2pa.assertion(case["in"]["assertion"], lint=notes)}
        lint = case["expect"].pop("lint", None)
        assert case["expect"].items() <= found.items(), case["id"]
        assert lint is None or lint in {item.code for item in notes}, case["id"]


def test_the_example_of_the_specification() -> None:
    signals, codes = asserted(
        {
            "entries": {
                "cawg.ai_training": {"use": "allowed"},
                "cawg.ai_generative_training": {"use": "notAllowed"},
                "cawg.data_mining": {"use": "constrained", "constraint_info": "ask us"},
                "cawg.ai_inference": {"use": "allowed"},
            },
            "metadata": {"dateTime": "2025-05-16"},
        }
    )
    assert said(signals) == {(TRAIN, PERMITTED), (TRAIN_GEN, RESERVED), (TDM, RESERVED), (AI_INPUT, PERMITTED)}
    constrained = next(signal for signal in signals if signal.purpose is TDM)
    assert constrained.detail == {
        "key": "cawg.data_mining",
        "use": "constrained",
        "constraint_info": "ask us",
        "signature": "not checked",
    }
    assert constrained.ambiguity == "constrained"
    assert {signal.ambiguity for signal in signals} == {None, "constrained"}
    assert codes == set()


@pytest.mark.parametrize("prefix", ["cawg", "c2pa"])
@pytest.mark.parametrize(
    ("key", "purpose"),
    [("data_mining", TDM), ("ai_training", TRAIN), ("ai_generative_training", TRAIN_GEN), ("ai_inference", AI_INPUT)],
)
@pytest.mark.parametrize(
    ("use", "expected"), [("allowed", PERMITTED), ("notAllowed", RESERVED), ("constrained", RESERVED)]
)
def test_every_key_and_use(prefix: str, key: str, purpose: Purpose, use: str, expected: Polarity) -> None:
    for table in ({"entries": {f"{prefix}.{key}": {"use": use}}}, {f"{prefix}.{key}": {"use": use}}):
        signals, codes = asserted(dict(table))
        assert [(s.purpose, s.polarity, s.ambiguity) for s in signals] == [(purpose, expected, None)]
        assert codes == set()


@pytest.mark.parametrize(
    ("label", "codes"),
    [
        ("cawg.training-mining", set()),
        ("c2pa.training-mining", set()),
        ("cawg.training-mining__1", set()),
        ("cawg.training-mining.v2__12", set()),
        ("cawg.training_mining", {"unknown_label"}),
        ("CAWG.training-mining", {"unknown_label"}),
        ("com.example.training-mining", {"unknown_label"}),
        ("cawg.training-and-data-mining", {"unknown_label"}),
    ],
)
def test_labels(label: str, codes: set[str]) -> None:
    signals, lint = asserted(dict(REFUSED), label)
    assert said(signals) == {(TRAIN, RESERVED)}
    assert lint == codes
    signals, _ = asserted(dict(ALLOWED), label)
    assert said(signals) == {(TRAIN, UNSPECIFIED if codes else PERMITTED)}


def test_another_assertion_says_nothing() -> None:
    assert asserted(dict(REFUSED), "c2pa.actions") == ((), {"unknown_label"})
    assert said(c2pa.assertion({"label": LABEL, **REFUSED})) == {(TRAIN, RESERVED)}
    assert said(c2pa.assertion(REFUSED)) == {(TRAIN, RESERVED)}


@pytest.mark.parametrize(
    ("table", "expected", "codes"),
    [
        ({"entries": {"cawg.ai_training": {"use": "denied"}}}, {(TRAIN, RESERVED)}, {"unknown_use"}),
        ({"entries": {"cawg.ai_training": {"use": "Allowed"}}}, {(TRAIN, RESERVED)}, {"unknown_use"}),
        ({"entries": {"cawg.ai_training": {}}}, {(TRAIN, RESERVED)}, {"unknown_use"}),
        ({"entries": {"cawg.ai_training": {"use": 1}}}, {(TRAIN, RESERVED)}, {"unknown_use"}),
        ({"entries": {"cawg.ai_training": None}}, {(TRAIN, RESERVED)}, {"unknown_use"}),
        ({"entries": {"cawg.ai_training": "notAllowed"}}, {(TRAIN, RESERVED)}, set()),
        ({"entries": {"ai_training": {"use": "notAllowed"}}}, {(TRAIN, RESERVED)}, {"missing_prefix"}),
        ({"entries": {"ai_training": {"use": "allowed"}}}, {(TRAIN, UNSPECIFIED)}, {"missing_prefix"}),
        ({"entries": {"cawg.ai_other": {"use": "notAllowed"}}}, {(TRAIN, UNSPECIFIED)}, {"unknown_key"}),
        ({"entries": {"cawg.ai_other": {"use": "allowed"}}}, set(), {"unknown_key"}),
        ({"entries": {"com.example.ai_training": {"use": "notAllowed"}}}, set(), set()),
        ({"entries": {}}, set(), {"entries_missing"}),
        ({}, set(), {"entries_missing"}),
        ({"metadata": {}}, set(), {"entries_missing"}),
        ({"entries": [{"use": "notAllowed"}]}, set(), {"bad_entries", "entries_missing"}),
        ({"entries": "notAllowed"}, set(), {"bad_entries", "entries_missing"}),
        ({"entries": {"cawg.data_mining": {"use": "constrained"}}}, {(TDM, RESERVED)}, set()),
        (
            {"entries": {"cawg.ai_training": {"use": "allowed"}}, "c2pa.ai_training": {"use": "notAllowed"}},
            {(TRAIN, PERMITTED), (TRAIN, RESERVED)},
            set(),
        ),
    ],
)
def test_malformed_assertions(
    table: dict[str, object], expected: set[tuple[Purpose, Polarity]], codes: set[str]
) -> None:
    signals, lint = asserted(table)
    assert said(signals) == expected
    assert lint == codes


# --- where the store stands -------------------------------------------------------------------------------------


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_store_is_found_in_its_container(container: str) -> None:
    signals, codes = read(CONTAINERS[container](store(manifest(stated(REFUSED)))))
    assert [(s.purpose, s.polarity, s.ambiguity) for s in signals] == [(TRAIN, RESERVED, None)]
    assert codes == set()


def test_a_signal_says_where_it_stood() -> None:
    data = png(store(manifest(stated(REFUSED))))
    ((signal,), _) = read(data)
    assert (signal.kind, signal.strength, signal.scope) == (
        "c2pa.training_mining",
        Strength.PREFERENCE,
        Scope.EMBEDDED,
    )
    assert (signal.raw, signal.name, signal.evidence) == ("cawg.ai_training: notAllowed", LABEL, "file-1")
    assert signal.detail["signature"] == "not checked"
    assert signal.span is not None
    assert b"notAllowed" in data[slice(*signal.span)]


@pytest.mark.parametrize("kind", [b"cbor", b"json"])
def test_content_is_cbor_or_json(kind: bytes) -> None:
    signals, codes = read(store(manifest(stated(REFUSED, kind=kind))))
    assert said(signals) == {(TRAIN, RESERVED)}
    assert codes == set()


def test_large_boxes_and_open_ends() -> None:
    inner = store(manifest(stated(REFUSED)))
    long = struct.pack(">I4sQ", 1, b"jumb", len(inner) + 8) + inner[8:]
    open_end = struct.pack(">I", 0) + inner[4:]
    for data in (png(long), png(open_end), bmff(long), jpeg(long, size=1_000)):
        assert said(read(data)[0]) == {(TRAIN, RESERVED)}


def test_only_the_active_manifest_counts() -> None:
    one, other = manifest(stated(REFUSED)), manifest(stated(ALLOWED), label="urn:c2pa:2")
    assert said(read(png(store(one, other)))[0]) == {(TRAIN, PERMITTED)}
    assert said(read(png(store(other, one)))[0]) == {(TRAIN, RESERVED)}
    assert read(png(store(one, manifest()))) == ((), set())


def test_an_update_manifest_leaves_the_one_before_in_force() -> None:
    update = manifest(kind=b"c2um", label="urn:c2pa:2")
    signals, _ = read(png(store(manifest(stated(REFUSED)), update)))
    assert [(s.polarity, s.ambiguity) for s in signals] == [(RESERVED, "update_manifest")]
    signals, _ = read(png(store(manifest(stated(ALLOWED)), update)))
    assert [(s.polarity, s.ambiguity) for s in signals] == [(UNSPECIFIED, "update_manifest")]
    spoken = manifest(stated(REFUSED), kind=b"c2um", label="urn:c2pa:2")
    signals, _ = read(png(store(manifest(stated(ALLOWED)), spoken)))
    assert [(s.polarity, s.ambiguity) for s in signals] == [(RESERVED, None)]


def test_several_assertions_are_all_told() -> None:
    data = store(manifest(stated(ALLOWED), stated(REFUSED, LABEL + "__1"), stated(REFUSED, "c2pa.training-mining")))
    signals, codes = read(data)
    assert [s.polarity for s in signals] == [PERMITTED, RESERVED, RESERVED]
    assert codes == set()


def test_of_two_stores_none_permits() -> None:
    signals, codes = read(bytes(9) + store(manifest(stated(ALLOWED))) + bytes(9) + store(manifest(stated(REFUSED))))
    assert said(signals) == {(TRAIN, UNSPECIFIED), (TRAIN, RESERVED)}
    assert codes == {"several_stores"}


def test_a_manifest_without_a_store() -> None:
    for data in (manifest(stated(REFUSED)), png(manifest(stated(REFUSED)))):
        assert said(read(data)[0]) == {(TRAIN, RESERVED)}


def test_a_store_that_is_cut_off_does_not_permit() -> None:
    for content, expected in ((ALLOWED, UNSPECIFIED), (REFUSED, RESERVED)):
        whole = store(manifest(stated(content)), manifest(label="urn:c2pa:2"))
        for data in (png(whole), whole, bytes(3) + whole):
            at = data.index(b"urn:c2pa:2") - 40
            signals, codes = read(data[:at])
            assert [(s.polarity, s.ambiguity) for s in signals] == [(expected, "truncated")]
            assert codes == {"truncated"}


@pytest.mark.parametrize(
    ("content", "kind", "expected", "code"),
    [
        (b"\xa1", b"cbor", UNSPECIFIED, "unreadable"),
        (b"\x9f" * 1000, b"cbor", UNSPECIFIED, "unreadable"),
        (b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff", b"cbor", UNSPECIFIED, "unreadable"),
        (b"\x7b\x7f\xff\xff\xff\xff\xff\xff\xffnotAllowed", b"cbor", RESERVED, "unreadable"),
        (b"\xa2\x61a\x01\x61a\x6anotAllowed", b"cbor", RESERVED, "unreadable"),
        (cbor2.dumps(REFUSED)[:-3] + b"\xff", b"cbor", UNSPECIFIED, "unreadable"),
        (cbor2.dumps({"x": bytes(70_000)}), b"cbor", UNSPECIFIED, "unreadable"),
        (b'{"entries": {"cawg.ai_training": {"use": "notAllowed"}},}', b"json", RESERVED, "unreadable"),
        (b'{"entries": {}, "entries": {"cawg.ai_training": {"use": "constrained"}}}', b"json", RESERVED, "unreadable"),
        (b"[" * 60_000, b"json", UNSPECIFIED, "unreadable"),
        (b"\x80", b"cbor", None, "no_content"),
        (b"[]", b"json", None, "no_content"),
        (b"", b"bidb", None, "no_content"),
        (cbor2.dumps({1: 2}), b"cbor", UNSPECIFIED, "unreadable"),
        (cbor2.dumps({}), b"cbor", None, "entries_missing"),
    ],
)
def test_content_that_cannot_be_read(content: bytes, kind: bytes, expected: Polarity | None, code: str) -> None:
    signals, codes = read(store(manifest(stated(content, kind=kind))))
    assert [(s.polarity, s.ambiguity) for s in signals] == ([] if expected is None else [(expected, "unreadable")])
    assert codes == {code}


def test_tags_are_not_acted_upon() -> None:
    content = {
        "entries": {"cawg.ai_training": {"use": cbor2.CBORTag(35, "notAllowed"), "x": cbor2.CBORTag(0, "never")}}
    }
    assert said(read(store(manifest(stated(cbor2.dumps(cbor2.CBORTag(55799, content))))))[0]) == {(TRAIN, RESERVED)}
    unknown = cbor2.CBORTag(70_000, REFUSED)
    assert said(read(store(manifest(stated(cbor2.dumps(unknown)))))[0]) == {(TRAIN, RESERVED)}


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        (b"", set()),
        (b"notAllowed cawg.training-mining", set()),
        (store(), {"no_manifest"}),
        (store(stated(REFUSED)), {"no_manifest"}),
        (store(manifest(kind=b"c2cm")), {"compressed_manifest"}),
        (png(b""), set()),
        (png(store(manifest())), set()),
        (bmff(store(manifest(stated(REFUSED))), b"merkle").replace(b"jumdc2pa", b"jumdxxxx"), set()),
        (box(b"jumb", box(b"jumd", bytes(16))), set()),
        (box(b"jumb"), set()),
    ],
)
def test_what_says_nothing(data: bytes, codes: set[str]) -> None:
    assert read(data) == ((), codes)


# --- hostile bytes ----------------------------------------------------------------------------------------------


@given(st.binary())
def test_no_bytes_raise(data: bytes) -> None:
    c2pa.read(data)


@given(st.binary(max_size=300), st.sampled_from([b"cbor", b"json"]))
def test_no_content_raises(content: bytes, kind: bytes) -> None:
    c2pa.read(store(manifest(stated(content, kind=kind))), lint=[])


@given(st.data())
def test_no_damaged_file_raises(data: st.DataObject) -> None:
    container = CONTAINERS[data.draw(st.sampled_from(sorted(CONTAINERS)))]
    body = bytearray(container(store(manifest(stated(REFUSED)), manifest(stated(REFUSED), kind=b"c2um"))))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    signals = c2pa.read(bytes(body[: data.draw(st.integers(0, len(body)))]), lint=[])
    assert all(signal.polarity is not PERMITTED for signal in signals)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.sampled_from(["allowed", "notAllowed"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["entries", "cawg.ai_training", "c2pa.x", "data_mining", "use", "constraint_info", "label", ""]
            ),
            inner,
        )
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["entries", "label", "cawg.data_mining", "x"]), _VALUES))
def test_no_table_raises(table: dict[str, object]) -> None:
    c2pa.assertion(table, lint=[])
    c2pa.read(store(manifest(stated(table))), lint=[])


HOSTILE: dict[str, Callable[[int], bytes]] = {
    "boxes": lambda n: store(box(b"free") * n, manifest(stated(REFUSED))),
    "superboxes": lambda n: store(superbox(b"cbor", "x") * n),
    "manifests": lambda n: store(manifest(kind=b"c2um") * (n // 10)),
    "assertions": lambda n: store(manifest(stated(REFUSED) * (n // 10))),
    "stores": lambda n: store() * n,
    "marks": lambda n: store()[12:33] * n,
    "chunks": lambda n: b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\x00caBX\x00\x00\x00\x00" * n,
    "segments": lambda n: b"\xff\xd8" + b"\xff\xeb\x00\x02" * n,
    "pieces": lambda n: jpeg(store(manifest(stated({"x": bytes(n)}))), size=10),
    "numbers": lambda n: (
        b"\xff\xd8" + b"".join(b"\xff\xeb\x00\x20JP" + struct.pack(">I", i) + bytes(24) for i in range(n))
    ),
    "fill": lambda n: b"\xff\xd8" + b"\xff" * n,
    "bmff": lambda n: box(b"ftyp", b"mp42") + box(b"uuid", bytes(16)) * n,
    "empty arrays": lambda n: store(manifest(stated(b"\x9f" + b"\x80" * n + b"\xff"))),
    "patterns": lambda n: store(manifest(stated(b"\x9f" + b"\xd8\x23\x62a*" * (n // 5) + b"\xff"))),
    "keys": lambda n: store(manifest(stated({f"cawg.{i}": "no" for i in range(n // 10)}))),
    "nested": lambda n: store(manifest(stated(b"\x81" * n))),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_time_grows_with_length_only(name: str) -> None:
    assert_linear(HOSTILE[name], lambda data: c2pa.read(data, lint=[]), 10_000)
    large = HOSTILE[name](60_000)
    assert_within(2, lambda: c2pa.read(large, lint=[]))
