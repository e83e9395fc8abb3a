"""XMP in files: IPTC/PLUS Data Mining, TDMRep, and an embedded RSL licence (ISO 16684-1, IPTC Photo Metadata 2023.1).

`xmp_packets` finds the packets, `xmp_properties` reads what is in them; here it becomes statements.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from .. import url as urls
from ..errors import UrlError
from ..model import Lint, Polarity, Purpose, Scope, Signal, Strength
from . import rsl
from .data_mining import CODES, code
from .statement import clip, means_no, note
from .xmp_packets import MAX_XML, Packet, packets
from .xmp_properties import (
    CONSTRAINT,
    LICENCE,
    MINING,
    POLICY,
    RESERVATION,
    Budget,
    Found,
    PacketReader,
    bare_text,
    in_words,
)

MAX_PACKETS = 32
"""Packets of one file that are read, of those that name a property read here."""

MAX_ELEMENTS = 20_000
"""Elements of one file that are read."""

_BARE = re.compile(
    rb"^[ \t]*+(?:-?XMP-)?(?:plus:)?(?:DataMining|Data Mining)[ \t]*+[=:][ \t]*+([^\r\n]{1,200})", re.MULTILINE
)
_MAX_BARE = 64 * 1024
_READ_ELSEWHERE = {"DMI-PROHIBITED-SEECONSTRAINT": "see_constraint"}
_TDM_SAYS = {"1": Polarity.RESERVED, "0": Polarity.PERMITTED}


def read(data: bytes, *, evidence: str = "", lint: list[Lint] | None = None) -> tuple[Signal, ...]:
    """What the XMP of a file says about mining and training. Any bytes will do, also the text of an .xmp file.

    Kinds: `iptc.data_mining`, `tdmrep.xmp`, and those of RSL; `rsl.embedded` is a licence that cannot be read. Two
    values that differ are told together, and then nothing permits. Never raises; time is linear in `data`.
    """
    found: list[Found] = []
    licensed: list[Packet] = []
    budget = Budget(MAX_XML, MAX_ELEMENTS)
    count = 0
    for packet in packets(data):
        if not packet.says_something():
            continue
        if count == MAX_PACKETS:
            note(lint, "xmp_cut", f"only the first {MAX_PACKETS} packets were read")
            found += in_words(packet._replace(end=len(packet.source)), "xmp_cut")
            break
        count += 1
        licensed.append(packet)
        found += PacketReader(packet, budget, lint).read()
    if not count and len(data) <= _MAX_BARE:
        found += (Found(MINING, bare_text(bare[1]), bare.span()) for bare in _BARE.finditer(data))
    found = list(dict.fromkeys(found))
    return (*_mining(found, evidence, lint), *_tdm(found, evidence, lint), *_licences(found, licensed, evidence, lint))


def _mining(found: Iterable[Found], evidence: str, lint: list[Lint] | None) -> Iterator[Signal]:
    said: dict[str, Found] = {}
    unknown: list[Found] = []
    notes = {item.value: None for item in found if item.name == CONSTRAINT and item.value}
    for item in found:
        if item.name != MINING:
            continue
        known, in_vocabulary = code(item.value)
        if known is None or known not in CODES:
            note(
                lint,
                "unknown_code",
                "the value is not in the vocabulary and says nothing",
                raw=item.value,
                name=MINING,
            )
            unknown.append(item)
            continue
        if not in_vocabulary:
            note(lint, "unknown_vocabulary", "the code stands under a strange URI", raw=item.value, name=MINING)
            item = item._replace(doubt=item.doubt or "unknown_vocabulary")
        # A value that is certain explains one that is not.
        if known not in said or (said[known].doubt and not item.doubt):
            said[known] = item
    conflict = len(said) > 1
    if conflict:
        note(lint, "conflicting_values", "plus:DataMining has several values; no permission counts", name=MINING)
    for known, item in said.items():
        for purpose, polarity in CODES[known]:
            if conflict and polarity is Polarity.PERMITTED:
                continue
            detail = {"code": known}
            if "-SEE" in known and notes:
                detail["constraint"] = clip(next(iter(notes)))
            ambiguity = item.doubt or ("conflicting_values" if conflict else _READ_ELSEWHERE.get(known))
            yield _signal("iptc.data_mining", purpose, _weak(polarity, item), item, evidence, detail, ambiguity)
    if not said and unknown:
        yield _signal("iptc.data_mining", Purpose.TRAIN, Polarity.UNSPECIFIED, unknown[0], evidence, {}, None)


def _tdm(found: Iterable[Found], evidence: str, lint: list[Lint] | None) -> Iterator[Signal]:
    said: dict[Polarity, Found] = {}
    for item in found:
        if item.name != RESERVATION:
            continue
        polarity = _TDM_SAYS.get(item.value)
        if polarity is None:
            meant = means_no(item.value) or item.value.lower() in ("yes", "true", "on", "y")
            problem = "malformed_reservation" if meant else "bad_value"
            note(lint, problem, "tdm:reservation is neither 1 nor 0 and stays unset", raw=item.value, name=RESERVATION)
        elif polarity not in said or (said[polarity].doubt and not item.doubt):
            said[polarity] = item
    if not said:
        return
    conflict = len(said) > 1
    if conflict:
        note(lint, "conflicting_values", "tdm:reservation is both 1 and 0", name=RESERVATION)
    polarity = Polarity.RESERVED if Polarity.RESERVED in said else Polarity.PERMITTED
    item = said[polarity]
    policy = next((other.value for other in found if other.name == POLICY and other.value), "")
    detail = {"policy": _absolute(policy)} if policy and polarity is Polarity.RESERVED else {}
    ambiguity = item.doubt or ("conflicting_values" if conflict else None)
    yield _signal("tdmrep.xmp", Purpose.TDM, _weak(polarity, item), item, evidence, detail, ambiguity)


def _licences(
    found: Iterable[Found], licensed: list[Packet], evidence: str, lint: list[Lint] | None
) -> Iterator[Signal]:
    """A licence document inside a packet: its terms, or that it is there and cannot be read."""
    item = next((item for item in found if item.name == LICENCE), None)
    if item is None:
        return
    for packet in licensed:
        document = rsl.embedded(packet.source[packet.start : packet.end], evidence=evidence)
        if lint is not None:
            lint.extend(document.lint)
        if document:
            for signal in document.signals(document.all):
                unsure = item.doubt is not None and signal.polarity is Polarity.PERMITTED
                polarity = Polarity.UNSPECIFIED if unsure else signal.polarity
                yield replace(
                    signal, polarity=polarity, span=packet.span, line=None, ambiguity=signal.ambiguity or item.doubt
                )
            return
    detail = {"url": item.value} if item.value else {}
    yield _signal(
        "rsl.embedded", Purpose.TRAIN, Polarity.CONDITIONAL, item, evidence, detail, item.doubt or "terms_not_read"
    )


def _absolute(policy: str) -> str:
    try:
        return urls.parse(policy).href
    except UrlError:
        return policy


def _weak(polarity: Polarity, item: Found) -> Polarity:
    return Polarity.UNSPECIFIED if item.doubt and polarity is Polarity.PERMITTED else polarity


def _signal(
    kind: str,
    purpose: Purpose,
    polarity: Polarity,
    item: Found,
    evidence: str,
    detail: Mapping[str, str],
    ambiguity: str | None,
) -> Signal:
    return Signal(
        kind=kind,
        purpose=purpose,
        polarity=polarity,
        strength=Strength.OFFER if kind == "rsl.embedded" else Strength.PREFERENCE,
        scope=Scope.EMBEDDED,
        raw=clip(item.value),
        evidence=evidence,
        span=item.span,
        name=item.name,
        detail=detail,
        ambiguity=ambiguity,
    )
