"""C2PA manifests: the training and data mining assertion of CAWG 1.1 and of C2PA up to 1.4.

`manifest_store` finds the assertions; here they are decoded within bounds and become statements. No signature is
checked, which every signal says.
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
from .manifest_store import LIKE_LABEL, Box, Place, assertions, places
from .statement import clip, note

MAX_ASSERTION = 64 * 1024
"""Bytes of one assertion that are decoded. Project choice; real ones are below 1 KiB."""

MAX_ASSERTIONS = 16
"""Training assertions of one file that are decoded."""

MAX_UNKNOWN = 8
"""Unknown entries of one assertion that are told; the specification defines four keys."""

_LABEL = re.compile(r"(?:c2pa|cawg)\.training-mining(?:\.v[0-9]{1,3})?(?:__[0-9]{1,9})?")

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
    stores = list(places(data))
    if len(stores) > 1:
        note(lint, "several_stores", "more than one manifest store; all of them were read, and none permits")
    left = MAX_ASSERTIONS
    for place in stores:
        if place.cut:
            note(lint, "truncated", "the manifest store is cut off, so that the active manifest is not certain")
        for box, doubt in assertions(place, lint):
            if left == 0:
                note(lint, "assertions_cut", f"only {MAX_ASSERTIONS} assertions were read")
                return tuple(found)
            left -= 1
            span = (box.start, box.end) if place.in_file else None
            whole = "truncated" if place.cut else ("several_stores" if len(stores) > 1 else None)
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


def _content(place: Place, box: Box, context: _Context) -> Iterable[Signal]:
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
        if not LIKE_LABEL.search(context.label):
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
