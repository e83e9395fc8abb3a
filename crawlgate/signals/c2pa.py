"""C2PA manifests: the training and data mining assertion of CAWG 1.1 and of C2PA up to 1.4.

The manifest store is found in its place (PNG `caBX`, JPEG APP11, ISO BMFF `uuid`) or else by its mark anywhere in
the bytes, and only the active manifest counts, the last of the store. Boxes are walked and CBOR is decoded within
bounds; no signature is checked, which every signal says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import cbor2
import orjson

from ..model import Lint, Polarity, Purpose, Scope, Signal, Strength
from . import media
from .media import Part
from .statement import clip, note

MAX_ASSERTION = 64 * 1024
"""Bytes of one assertion that are decoded. Project choice; real ones are below 1 KiB."""

MAX_ASSERTIONS = 16
"""Training assertions of one file that are decoded."""

MAX_UPDATES = 100
"""Update manifests that are passed over on the way to the manifest they update."""

MAX_UNKNOWN = 8
"""Unknown entries of one assertion that are told; the specification defines four keys."""

MAX_STORES = 16
"""Manifest stores of one file that are read; there should be one."""

_TYPE = b"\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71"  # the end of every type UUID of C2PA's boxes
_STORE, _ASSERTIONS = b"c2pa" + _TYPE, b"c2as" + _TYPE
_MANIFEST, _UPDATE, _COMPRESSED = b"c2ma" + _TYPE, b"c2um" + _TYPE, b"c2cm" + _TYPE
_UUID_BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")

_LABEL = re.compile(r"(?:c2pa|cawg)\.training-mining(?:\.v[0-9]{1,3})?(?:__[0-9]{1,9})?")
_LIKE_LABEL = re.compile(r"training[-_. ]?(?:and[-_. ]?)?(?:data[-_. ]?)?mining", re.IGNORECASE)
_MAX_LABEL = 256

_PURPOSES: Mapping[str, Purpose] = {
    "data_mining": Purpose.TDM,
    "ai_training": Purpose.TRAIN,
    "ai_generative_training": Purpose.TRAIN_GEN,
    "ai_inference": Purpose.AI_INPUT,
}
_SAYS: Mapping[str, Polarity] = {
    "allowed": Polarity.PERMITTED,
    "notAllowed": Polarity.RESERVED,
    "constrained": Polarity.RESERVED,
}
_PREFIXES = ("cawg", "c2pa")
_NOT_CHECKED = "not checked"
_RESTRICTS = re.compile(rb"notAllowed|constrained")

# Tags that the library would make dates, numbers, patterns or messages of; a reader of text needs none of them.
_TAGS = (0, 1, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799)
_MAX_DEPTH = 16


class _Place(NamedTuple):
    """A byte range to be read; `in_file` is False where it was put together, `cut` says that its end is missing."""

    data: bytes
    start: int
    end: int
    in_file: bool = True
    cut: bool = False


class _Box(NamedTuple):
    """A JUMBF superbox: its type, its label, and the byte range of the boxes behind its description."""

    type: bytes
    label: str
    start: int
    end: int


class _Unreadable(Exception):
    """The content of an assertion cannot be decoded."""


class _Context(NamedTuple):
    """What is said about every signal of an assertion. `doubt` names why it can only restrict."""

    label: str
    evidence: str
    lint: list[Lint] | None
    span: tuple[int, int] | None = None
    doubt: str | None = None


def read(data: bytes, *, evidence: str = "", lint: list[Lint] | None = None) -> tuple[Signal, ...]:
    """What the active manifest in `data` says about mining and training. Any bytes will do.

    Signals have kind `c2pa.training_mining`. Never raises; time is linear in `data`.
    """
    found: list[Signal] = []
    places = list(_places(data))
    if len(places) > 1:
        note(lint, "several_stores", "more than one manifest store; all of them were read, and none permits")
    left = MAX_ASSERTIONS
    for place in places:
        if place.cut:
            note(lint, "truncated", "the manifest store is cut off, so that the active manifest is not certain")
        for box, doubt in _assertions(place, lint):
            if left == 0:
                note(lint, "assertions_cut", f"only {MAX_ASSERTIONS} assertions were read")
                return tuple(found)
            left -= 1
            span = (box.start, box.end) if place.in_file else None
            whole = "truncated" if place.cut else ("several_stores" if len(places) > 1 else None)
            found += _content(place, box, _Context(box.label, evidence, lint, span, doubt or whole))
    return tuple(found)


def assertion(
    table: Mapping[str, object], *, label: str = "", evidence: str = "", lint: list[Lint] | None = None
) -> tuple[Signal, ...]:
    """The signals of one decoded assertion. Its label is `label`, or the member `label` of the table itself.

    Both forms are read: `entries` (CAWG 1.1), and the entries at the top level (C2PA 1.4). Never raises.
    """
    written = label or table.get("label", "")
    name = written if isinstance(written, str) else ""
    return tuple(_statements(table, _Context(name, evidence, lint)))


# --- Where the manifest store stands -----------------------------------------------------------------------


def _places(data: bytes) -> Iterator[_Place]:
    """Every manifest store: in the place its container has for it, or else wherever its mark stands."""
    found = False
    for place in _contained(data):
        for box in media.boxes(place.data, place.start, place.end):
            superbox = _superbox(place.data, box)
            if superbox is not None and superbox.type in (_STORE, _MANIFEST, _UPDATE, _COMPRESSED):
                found = True
                # A manifest without a store around it is read as a store of one.
                yield place._replace(
                    start=superbox.start if superbox.type == _STORE else place.start,
                    end=superbox.end,
                    cut=box.cut,
                )
                break
    if not found:
        yield from _by_mark(data)


def _contained(data: bytes) -> Iterator[_Place]:
    if data.startswith(media.PNG):
        yield from (_Place(data, part.start, part.end) for part in media.png_chunks(data) if part.kind == b"caBX")
    elif data.startswith(media.JPEG):
        yield from _app11(data)
    elif media.is_bmff(data):
        for box in media.boxes(data):
            if box.kind == b"uuid" and data.startswith(_UUID_BOX, box.start):
                # Version and flags, a purpose that ends with a zero, the offset of the first auxiliary box.
                purpose = box.start + 16 + 4
                start = data.find(b"\x00", purpose, min(box.end, purpose + _MAX_LABEL)) + 1
                if start and data[purpose : start - 1] in (b"manifest", b"original", b"update"):
                    yield _Place(data, start + 8, box.end)
    elif data[4:8] == b"jumb":
        yield _Place(data, 0, len(data))


def _app11(data: bytes) -> Iterator[_Place]:
    """JUMBF boxes of a JPEG; one longer than a segment goes on in the next (ISO/IEC 19566-5 D.2).

    A segment: `JP`, the box's number (2 octets), the segment's number from 1 (4), then the box's header, which
    every segment of one box repeats, and what it adds to the content.
    """
    pieces: dict[bytes, list[tuple[int, Part]]] = {}
    for part in media.jpeg_segments(data):
        if part.kind == b"\xeb" and data.startswith(b"JP", part.start) and part.end - part.start > 16:
            number = int.from_bytes(data[part.start + 4 : part.start + 8], "big")
            piece = part._replace(start=part.start + 8)
            pieces.setdefault(data[part.start + 2 : part.start + 4], []).append((number, piece))
    for numbered in pieces.values():
        first, *others = [part for _, part in sorted(numbered)]
        if not others:
            yield _Place(data, first.start, first.end)
            continue
        long = data[first.start : first.start + 4] == b"\x00\x00\x00\x01"
        skip = 16 if long else 8
        body = b"".join((data[first.start : first.end], *(data[part.start + skip : part.end] for part in others)))
        yield _Place(body, 0, len(body), in_file=False)


def _by_mark(data: bytes) -> Iterator[_Place]:
    at = 0
    for _ in range(MAX_STORES):
        mark = data.find(b"jumd" + _STORE, at)
        if mark < 0:
            return
        at = mark + 1
        if data[mark - 8 : mark - 4] != b"jumb" or mark < 12:
            continue
        box = next(media.boxes(data, mark - 12), None)
        superbox = _superbox(data, box) if box is not None else None
        if box is not None and superbox is not None:
            at = max(at, superbox.end)
            yield _Place(data, superbox.start, superbox.end, cut=box.cut)


def _superbox(data: bytes, box: Part) -> _Box | None:
    """The description of a `jumb` box (ISO/IEC 19566-5 A.3): type, flags, label."""
    if box.kind != b"jumb":
        return None
    described = next(media.boxes(data, box.start, box.end), None)
    if described is None or described.kind != b"jumd" or described.end - described.start < 17:
        return None
    label = b""
    if data[described.start + 16] & 0x02:
        start = described.start + 17
        end = data.find(b"\x00", start, min(described.end, start + _MAX_LABEL))
        label = data[start : end if end >= 0 else min(described.end, start + _MAX_LABEL)]
    return _Box(data[described.start : described.start + 16], label.decode("utf-8", "replace"), described.end, box.end)


# --- The active manifest -----------------------------------------------------------------------------------


def _assertions(place: _Place, lint: list[Lint] | None) -> Iterator[tuple[_Box, str | None]]:
    """The training assertions of the active manifest, each with the doubt about it.

    An update manifest adds to the one before it without touching the content (C2PA 11.2), so that a reservation
    made before it still stands.
    """
    manifests = [box for box in _children(place) if box.type in (_MANIFEST, _UPDATE, _COMPRESSED)]
    if not manifests:
        note(lint, "no_manifest", "the manifest store has no manifest")
        return
    doubt: str | None = None
    for number, manifest in enumerate(reversed(manifests)):
        if number == MAX_UPDATES:
            note(lint, "updates_cut", f"more than {MAX_UPDATES} update manifests; the rest was not read")
            return
        if manifest.type == _COMPRESSED:
            note(lint, "compressed_manifest", "the active manifest is compressed and was not read")
            return
        found = [
            box
            for store in _children(place._replace(start=manifest.start, end=manifest.end))
            if store.type == _ASSERTIONS
            for box in _children(place._replace(start=store.start, end=store.end))
            if _LIKE_LABEL.search(box.label)
        ]
        yield from ((box, doubt) for box in found)
        if found or manifest.type != _UPDATE:
            return
        doubt = "update_manifest"


def _children(place: _Place) -> Iterator[_Box]:
    for part in media.boxes(place.data, place.start, place.end):
        box = _superbox(place.data, part)
        if box is not None:
            yield box


def _content(place: _Place, box: _Box, context: _Context) -> Iterable[Signal]:
    """The signals of one assertion box. What cannot be decoded and plainly refuses is told as a refusal."""
    for part in media.boxes(place.data, box.start, box.end):
        if part.kind not in (b"cbor", b"json"):
            continue
        raw = place.data[part.start : min(part.end, part.start + MAX_ASSERTION + 1)]
        try:
            table = _cbor(raw) if part.kind == b"cbor" else _json(raw)
        except _Unreadable as problem:
            note(context.lint, "unreadable", f"the assertion cannot be decoded: {clip(str(problem))}", name=box.label)
            refusal = _RESTRICTS.search(raw)
            polarity = Polarity.RESERVED if refusal else Polarity.UNSPECIFIED
            text = refusal[0].decode() if refusal else ""
            return (_signal(context._replace(doubt="unreadable"), Purpose.TRAIN, polarity, text, {}),)
        if isinstance(table, Mapping):
            return _statements(table, context)
        break
    note(context.lint, "no_content", "the assertion holds no table", name=box.label)
    return ()


def _cbor(raw: bytes) -> object:
    if len(raw) > MAX_ASSERTION:
        raise _Unreadable("it is too long")
    try:
        return cbor2.loads(
            raw,
            max_depth=_MAX_DEPTH,
            allow_duplicate_keys=False,
            strict_hashable_types=True,
            semantic_decoders=dict.fromkeys(_TAGS, _as_it_is),
            tag_hook=_without_tag,
        )
    except Exception as error:  # whatever a decoder makes of hostile bytes, the assertion is unreadable
        raise _Unreadable(type(error).__name__) from error


def _as_it_is(value: object, _immutable: bool) -> object:
    return value


def _without_tag(tag: cbor2.CBORTag, _immutable: bool) -> object:
    return tag.value


def _json(raw: bytes) -> object:
    if len(raw) > MAX_ASSERTION:
        raise _Unreadable("it is too long")
    try:
        # orjson is strict on NaN, encoding and depth; the second reading sees names that an object repeats.
        orjson.loads(raw)
        return json.loads(raw, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise _Unreadable(type(error).__name__) from error


def _once(members: list[tuple[str, object]]) -> dict[str, object]:
    table = dict(members)
    if len(table) < len(members):
        raise ValueError("a name is repeated")
    return table


# --- What an assertion says --------------------------------------------------------------------------------


def _statements(table: Mapping[object, object] | Mapping[str, object], context: _Context) -> Iterator[Signal]:
    if context.label and not _LABEL.fullmatch(context.label):
        note(context.lint, "unknown_label", "the label should be cawg.training-mining", raw=context.label)
        if not _LIKE_LABEL.search(context.label):
            return
        context = context._replace(doubt=context.doubt or "unknown_label")
    entries = table.get("entries")
    if entries is not None and not isinstance(entries, Mapping):
        note(context.lint, "bad_entries", "entries is no table", name=context.label)
    inside = list(entries.items()) if isinstance(entries, Mapping) else []
    outside = [(key, value) for key, value in table.items() if isinstance(key, str) and _known(key)]
    if not inside and not outside:
        note(context.lint, "entries_missing", "the assertion has no entries and says nothing", name=context.label)
    unknown = 0
    for key, value in (*inside, *outside):
        if not isinstance(key, str):
            continue
        if _known(key):
            yield _entry(key, value, context)
        elif key.partition(".")[0] in _PREFIXES and unknown < MAX_UNKNOWN:
            unknown += 1
            note(context.lint, "unknown_key", f"{key[:80]} is not a key of the assertion", name=context.label)
            use, _ = _use(value)
            if use != "allowed":
                yield _signal(context, Purpose.TRAIN, Polarity.UNSPECIFIED, f"{key}: {use}", {"key": key, "use": use})


def _known(key: str) -> bool:
    prefix, _, name = key.rpartition(".")
    return name in _PURPOSES and prefix in (*_PREFIXES, "")


def _entry(key: str, value: object, context: _Context) -> Signal:
    """One entry. `constrained` without more is `notAllowed` (CAWG 1.1), and what more there is only a person can
    weigh; an unknown `use` is read as `notAllowed` too."""
    use, constraint = _use(value)
    polarity = _SAYS.get(use)
    ambiguity: str | None = None
    if polarity is None:
        note(
            context.lint,
            "unknown_use",
            f"use is not one of {', '.join(_SAYS)}",
            raw=f"{key}: {use}",
            name=context.label,
        )
        polarity, ambiguity = Polarity.RESERVED, "unknown_use"
    elif use == "constrained" and constraint:
        ambiguity = "constrained"
    if "." not in key:
        note(context.lint, "missing_prefix", f"the key is written cawg.{key}", name=context.label)
        context = context._replace(doubt=context.doubt or "missing_prefix")
    detail = {"key": key, "use": use, "constraint_info": constraint}
    purpose = _PURPOSES[key.rpartition(".")[2]]
    return _signal(context, purpose, polarity, f"{key}: {use}", detail, ambiguity)


def _use(value: object) -> tuple[str, str]:
    """`use` and `constraint_info` of an entry; an empty text where it is missing or no text."""
    if isinstance(value, str):  # the value alone, without the table around it
        return clip(value), ""
    if not isinstance(value, Mapping):
        return "", ""
    use, constraint = value.get("use"), value.get("constraint_info")
    return clip(use) if isinstance(use, str) else "", clip(constraint) if isinstance(constraint, str) else ""


def _signal(
    context: _Context,
    purpose: Purpose,
    polarity: Polarity,
    raw: str,
    detail: Mapping[str, str],
    ambiguity: str | None = None,
) -> Signal:
    if context.doubt and polarity is Polarity.PERMITTED:
        polarity = Polarity.UNSPECIFIED
    return Signal(
        kind="c2pa.training_mining",
        purpose=purpose,
        polarity=polarity,
        strength=Strength.PREFERENCE,
        scope=Scope.EMBEDDED,
        raw=clip(raw),
        evidence=context.evidence,
        span=context.span,
        name=clip(context.label) or None,
        detail={key: clip(value) for key, value in detail.items() if value} | {"signature": _NOT_CHECKED},
        ambiguity=context.doubt or ambiguity,
    )
