"""XMP in files: IPTC/PLUS Data Mining, TDMRep, and an embedded RSL licence (ISO 16684-1, IPTC Photo Metadata 2023.1).

Packets are found by scanning, whatever the file is, and read by Expat inside an element of ours: there is no
place for a document type, so no entity can be declared. What stands in a packet that is not well-formed, or
under a wrong namespace, can restrict and never permits.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from xml.parsers import expat

from ..limits import DEFAULT_LIMITS
from ..model import Lint, Polarity, Purpose, Scope, Signal, Strength
from . import media
from .statement import clip, means_no, note

MAX_XML = 512 * 1024
"""Bytes of XML that are read in one file; what follows is looked through for the words alone. Project choice;
the standard packet of a JPEG is at most 65,502."""

MAX_PACKETS = 32
"""Packets of one file that are read, of those that name a property read here."""

MAX_ELEMENTS = 20_000
"""Elements of one file that are read."""

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_PLUS = ("http://ns.useplus.org/ldf/xmp/1.0/", "http://ns.useplus.org/ldf/xmp/1.0")
_IPTC_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
# The specification writes the namespace with `#` for EPUB and with `/` for XMP.
_TDM = tuple(f"{scheme}://www.w3.org/ns/tdmrep{end}" for scheme in ("http", "https") for end in ("/", "#", ""))
_RSL = "https://rslstandard.org/rsl"

_MINING, _RESERVATION, _POLICY, _CONSTRAINT, _LICENCE = "DataMining", "reservation", "policy", "constraint", "rsl"
_PROPERTIES: Mapping[str, str] = {
    **{f"{ns} DataMining": _MINING for ns in _PLUS},
    **{f"{ns} OtherConstraints": _CONSTRAINT for ns in _PLUS},
    f"{_IPTC_EXT} LinkedRightsExpr": _CONSTRAINT,
    **{f"{ns} reservation": _RESERVATION for ns in _TDM},
    **{f"{ns} policy": _POLICY for ns in _TDM},
    f"{_RSL} rsl": _LICENCE,
}
_VALUE_ATTRIBUTES = (f"{_RDF} resource", f"{_RDF} value")

_WORDS = (b"DataMining", b"tdmrep", b"rslstandard.org")
_WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_START = re.compile(rb"<(?:\?xpacket begin|(?:[A-Za-z_][\w.-]{0,31}:)?(?:xmpmeta|xapmeta|RDF)[\s>])")
_ENDS = {
    b"?": re.compile(rb"<\?xpacket end"),
    b"m": re.compile(rb"</(?:[\w.-]{1,32}:)?(?:xmpmeta|xapmeta)\s{0,16}>"),
    b"R": re.compile(rb"</(?:[\w.-]{1,32}:)?RDF\s{0,16}>"),
}
_DECLARATION = re.compile(rb"\s*+<\?xml\s[^>]{0,200}\?>")
# A processing instruction of the packet's wrapper may hold what XML does not allow, such as a byte order mark.
_WRAPPER = b'<packet xmlns:rdf="' + _RDF.encode() + b'" xmlns:x="adobe:ns:meta/">'

# What follows the name of a property where no XML is left to read: an attribute's value, a resource, or text.
_AS_WORDS = re.compile(
    rb"\s{0,8}=\s{0,8}[\"']\s{0,64}([^\"'<>]{1,200})"
    rb"|(?:\s[^<>]{0,200}?)?\s[A-Za-z]{1,32}:(?:resource|value)\s{0,8}=\s{0,8}[\"']([^\"'<>]{1,200})"
    rb"|[^<>]{0,200}>\s{0,64}([^<>]{1,200})"
)
_NAMED = re.compile(rb"(?<=[\s<:])(?:DataMining|(?<=tdm:)reservation)\b")
_MAX_FOUND = 64  # properties of one packet
_BARE = re.compile(rb"^[ \t]*+(?:-?XMP-)?plus:DataMining[ \t]*+[=:][ \t]*+([^\r\n]{1,200})", re.MULTILINE)
_MAX_BARE = 64 * 1024

_VOCABULARY = re.compile(r"(?:https?://ns\.useplus\.org/(?:ldf/)?vocab/|plus-vocab:)?", re.IGNORECASE)
_CODE = re.compile(r"(?:\A|[/#:])(DMI-[\w-]{0,80})\Z", re.IGNORECASE)
_LETTERS = re.compile(r"[^a-z]+")

_Says = tuple[tuple[Purpose, Polarity], ...]
_CODES: Mapping[str, _Says] = {
    "DMI-UNSPECIFIED": ((Purpose.TRAIN, Polarity.UNSPECIFIED),),
    "DMI-ALLOWED": ((Purpose.TRAIN, Polarity.PERMITTED),),
    "DMI-PROHIBITED-AIMLTRAINING": ((Purpose.TRAIN, Polarity.RESERVED),),
    "DMI-PROHIBITED-GENAIMLTRAINING": ((Purpose.TRAIN_GEN, Polarity.RESERVED),),
    "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING": (
        (Purpose.TDM, Polarity.RESERVED),
        (Purpose.SEARCH, Polarity.PERMITTED),
    ),
    "DMI-PROHIBITED": ((Purpose.TDM, Polarity.RESERVED),),
    "DMI-PROHIBITED-SEECONSTRAINT": ((Purpose.TDM, Polarity.RESERVED),),
    "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR": ((Purpose.TDM, Polarity.CONDITIONAL),),
    "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR": ((Purpose.TDM, Polarity.CONDITIONAL),),
}
"""The controlled vocabulary (http://ns.useplus.org/ldf/vocab/) and what each value says."""

_LABELS: Mapping[str, str] = {
    "unspecified": "DMI-UNSPECIFIED",
    "unspecifiednoprohibitiondefined": "DMI-UNSPECIFIED",
    "allowed": "DMI-ALLOWED",
    "prohibitedforaimltraining": "DMI-PROHIBITED-AIMLTRAINING",
    "prohibitedforgenerativeaimltraining": "DMI-PROHIBITED-GENAIMLTRAINING",
    "prohibitedexceptforsearchengineindexing": "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING",
    "prohibited": "DMI-PROHIBITED",
    "prohibitedseeplusotherconstraints": "DMI-PROHIBITED-SEECONSTRAINT",
    "prohibitedseeplusotherconstraintsproperty": "DMI-PROHIBITED-SEECONSTRAINT",
    "prohibitedseeotherconstraints": "DMI-PROHIBITED-SEECONSTRAINT",
    "prohibitedseeotherconstraintsproperty": "DMI-PROHIBITED-SEECONSTRAINT",
    "prohibitedseeiptcextembdencrightsexpr": "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR",
    "prohibitedseeiptcextembdencrightsexprproperty": "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR",
    "prohibitedseeembeddedencodedrightsexpressionproperty": "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR",
    "prohibitedseeiptcextlinkedencrightsexpr": "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR",
    "prohibitedseeiptcextlinkedencrightsexprproperty": "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR",
    "prohibitedseelinkedencodedrightsexpressionproperty": "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR",
}
"""Descriptions of the values, as ExifTool and IPTC print them, letters only."""

_READ_ELSEWHERE = {"DMI-PROHIBITED-SEECONSTRAINT": "see_constraint"}
_TDM_SAYS = {"1": Polarity.RESERVED, "0": Polarity.PERMITTED}


class _Packet(NamedTuple):
    """A packet: a byte range of UTF-8. `whole` is False where the source is not the file as it stands."""

    source: bytes
    start: int
    end: int
    whole: bool = True

    @property
    def span(self) -> tuple[int, int] | None:
        return (self.start, self.end) if self.whole else None

    def says_something(self) -> bool:
        return any(self.source.find(word, self.start, self.end) >= 0 for word in _WORDS)


class _Found(NamedTuple):
    """A property as written. `doubt` names why it can only restrict."""

    name: str
    value: str
    span: tuple[int, int] | None = None
    doubt: str | None = None


class _Enough(Exception):
    """Raised in a handler to stop Expat."""


def read(data: bytes, *, evidence: str = "", lint: list[Lint] | None = None) -> tuple[Signal, ...]:
    """What the XMP of a file says about mining and training. Any bytes will do, also the text of an .xmp file.

    Kinds: `iptc.data_mining`, `tdmrep.xmp`, `rsl.embedded`. Two values that differ are told together, and then
    nothing permits. Never raises; time is linear in `data`.
    """
    found: list[_Found] = []
    budget = _Budget(MAX_XML, MAX_ELEMENTS)
    packets = 0
    for packet in _packets(data):
        if not packet.says_something():
            continue
        if packets == MAX_PACKETS:
            note(lint, "xmp_cut", f"only the first {MAX_PACKETS} packets were read")
            found += _in_words(packet._replace(end=len(packet.source)), "xmp_cut")
            break
        packets += 1
        found += _Reader(packet, budget, lint).read()
    if not packets and len(data) <= _MAX_BARE:
        found += (_Found(_MINING, _text(bare[1]), bare.span()) for bare in _BARE.finditer(data))
    found = list(dict.fromkeys(found))
    return (*_mining(found, evidence, lint), *_tdm(found, evidence, lint), *_licences(found, evidence))


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").strip().strip("\"'").strip()


# --- Where packets stand -----------------------------------------------------------------------------------


def _packets(data: bytes) -> Iterator[_Packet]:
    if any(word in data for word in _WORDS):
        extended = list(_extended(data)) if data.startswith(media.JPEG) else []
        nothing = True
        for packet in _scan(data, [part for parts in extended for part in parts]):
            nothing = False
            yield packet
        for parts in extended:
            nothing = False
            yield from _elsewhere(b"".join(data[part.start : part.end] for part in parts))
        if nothing and data[:200].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
            yield _Packet(data, 0, len(data))
    if data.startswith(media.PNG):
        yield from _inflated(data)
    for encoding in _WIDE:
        wide = data.find("xmpmeta".encode(encoding))
        if wide >= 0:
            width = len("x".encode(encoding))
            start = wide - min(wide // width, 256) * width
            text = data[start : wide + width * MAX_XML].decode(encoding, "replace")
            yield from _elsewhere(text.encode("utf-8", "replace"))


def _elsewhere(body: bytes) -> Iterator[_Packet]:
    """Packets of bytes that do not stand in the file like this."""
    return (packet._replace(whole=False) for packet in _scan(body, ()))


def _scan(data: bytes, without: Iterable[media.Part]) -> Iterator[_Packet]:
    """Packets in one piece: from the header, or else the outermost element, to where it ends."""
    holes = sorted(((part.start, part.end) for part in without), reverse=True)
    missing: set[bytes] = set()  # ends that do not come any more
    at = 0
    while (start := _START.search(data, at)) is not None:
        at = start.end()
        while holes and holes[-1][1] <= start.start():
            holes.pop()
        if holes and holes[-1][0] <= start.start():
            at = holes[-1][1]
            continue
        kind = b"?" if start[0].startswith(b"<?") else (b"R" if start[0][:-1].endswith(b"RDF") else b"m")
        end = None if kind in missing else _ENDS[kind].search(data, at)
        if end is not None:
            at = end.end()
            yield _Packet(data, start.start(), end.start() if kind == b"?" else at)
        elif kind != b"?":  # an open element is read as far as it goes; a header alone says nothing
            yield _Packet(data, start.start(), len(data))
            return
        else:
            missing.add(kind)


def _extended(data: bytes) -> Iterator[list[media.Part]]:
    """The pieces of each extended packet of a JPEG in order (XMP specification part 3, 1.1.3.1)."""
    head = b"http://ns.adobe.com/xmp/extension/\x00"
    skip = len(head) + 32 + 4 + 4  # then the packet's digest, its length and this piece's offset
    packets: dict[bytes, list[tuple[int, media.Part]]] = {}
    for part in media.jpeg_segments(data):
        if part.kind == b"\xe1" and part.end - part.start > skip and data.startswith(head, part.start):
            digest = data[part.start + len(head) : part.start + len(head) + 32]
            body = part.start + skip
            offset = int.from_bytes(data[body - 4 : body], "big")
            packets.setdefault(digest, []).append((offset, part._replace(start=body)))
    for pieces in packets.values():
        yield [part for _, part in sorted(pieces)]


def _inflated(data: bytes) -> Iterator[_Packet]:
    """The packet of a PNG that is compressed (iTXt with the compression flag, PNG 3rd edition 11.3.3.4)."""
    key = b"XML:com.adobe.xmp\x00\x01\x00"
    for part in media.png_chunks(data):
        if part.kind != b"iTXt" or not data.startswith(key, part.start):
            continue
        after = part.start + len(key)
        for _ in range(2):  # language tag and translated keyword
            after = data.find(b"\x00", after, part.end) + 1 or part.end
        try:
            inflater = zlib.decompressobj()
            body = inflater.decompress(data[after : part.end], MAX_XML)
        except zlib.error:
            continue
        yield from _elsewhere(body)
        return


# --- What a packet holds -----------------------------------------------------------------------------------


class _Budget:
    """What is left to be read in one file."""

    __slots__ = ("elements", "octets")

    def __init__(self, octets: int, elements: int) -> None:
        self.octets = octets
        self.elements = elements


class _Reader:
    """One packet, read by Expat element by element."""

    def __init__(self, packet: _Packet, budget: _Budget, lint: list[Lint] | None) -> None:
        self._budget = budget
        self._packet = packet
        self._lint = lint
        self._found: list[_Found] = []
        self._depth = 0
        self._inside: tuple[str, int, str | None] | None = None  # property, depth, doubt
        self._words: list[str] = []

    def read(self) -> list[_Found]:
        """Every property in document order; from a packet in error they are doubtful, and so are its mere words."""
        problem = self._parse()
        if problem is None:
            return self._found
        note(self._lint, *problem)
        doubt = problem[0]
        certain = [found._replace(doubt=found.doubt or doubt) for found in self._found]
        return [*certain, *_in_words(self._packet, doubt)]

    def _parse(self) -> tuple[str, str] | None:
        packet = self._packet
        body = packet.source[packet.start : min(packet.end, packet.start + self._budget.octets)]
        cut = len(body) < packet.end - packet.start
        self._budget.octets -= len(body)
        body = body.removeprefix(b"\xef\xbb\xbf")
        prolog = _DECLARATION.match(body)
        parser = expat.ParserCreate("UTF-8", " ")
        parser.ordered_attributes = True
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        try:
            parser.Parse(_WRAPPER + body[prolog.end() if prolog else 0 :] + b"</packet>", True)
        except expat.ExpatError as error:
            if not cut:
                return "not_well_formed", f"the XMP packet is not well-formed: {clip(str(error))}"
        except _Enough:
            cut = True
        return ("xmp_cut", "there is more XMP than is read") if cut else None

    def _start(self, name: str, attributes: list[str]) -> None:
        self._depth += 1
        if self._budget.elements == 0:
            raise _Enough
        self._budget.elements -= 1
        for index in range(0, len(attributes), 2):
            known, doubt = _property(attributes[index])
            if known is not None:
                self._add(known, attributes[index + 1], doubt)
            elif self._inside is not None and attributes[index] in _VALUE_ATTRIBUTES:
                self._add(self._inside[0], attributes[index + 1], self._inside[2])
        if self._inside is None:
            known, doubt = _property(name)
            if known is not None:
                self._inside = (known, self._depth, doubt)
                self._words = []
                for index in range(0, len(attributes), 2):
                    if attributes[index] in _VALUE_ATTRIBUTES:
                        self._add(known, attributes[index + 1], doubt)
        if self._inside is not None and self._inside[0] == _LICENCE and name == f"{_RSL} content":
            urls = [attributes[i + 1] for i in range(0, len(attributes), 2) if attributes[i] == "url"]
            self._add(_LICENCE, "".join(urls[:1]), None)

    def _end(self, _name: str) -> None:
        if self._inside is not None and self._inside[1] == self._depth:
            known, _, doubt = self._inside
            text = " ".join("".join(self._words).split())
            if known == _LICENCE:
                if not any(found.name == _LICENCE for found in self._found):
                    self._add(known, "", None)
            elif text:
                self._add(known, text, doubt)
            self._inside = None
        self._depth -= 1

    def _characters(self, text: str) -> None:
        if self._inside is not None and len(self._words) < DEFAULT_LIMITS.raw_text:
            self._words.append(text[: DEFAULT_LIMITS.raw_text])

    def _add(self, name: str, value: str, doubt: str | None) -> None:
        if len(self._found) >= _MAX_FOUND:
            return
        if doubt is not None:
            note(self._lint, doubt, f"{name} stands under a namespace that is not its own", raw=value)
        self._found.append(_Found(name, clip(value.strip()), self._packet.span, doubt))


def _in_words(packet: _Packet, doubt: str) -> Iterator[_Found]:
    """Properties and values by their words alone."""
    for _, named in zip(range(_MAX_FOUND), _NAMED.finditer(packet.source, packet.start, packet.end), strict=False):
        match = _AS_WORDS.match(packet.source, named.end(), packet.end)
        if match is None:
            continue
        name, value = named[0].decode(), _text(match[match.lastindex or 0])
        if value in _TDM_SAYS if name == _RESERVATION else code(value)[0] is not None:
            yield _Found(name, value, packet.span, doubt)


def _property(name: str) -> tuple[str | None, str | None]:
    """The property of an expanded name, and the doubt about it."""
    known = _PROPERTIES.get(name)
    if known is None and name.endswith("DataMining") and name.rpartition(" ")[2] == "DataMining":
        return _MINING, "wrong_namespace"
    return known, None


# --- What it says ------------------------------------------------------------------------------------------


def code(value: str) -> tuple[str | None, bool]:
    """The `DMI-` code of a value (URI, bare code or printed description), and whether it is in the right vocabulary.

    None for a value that is none of these; an unknown code is returned as it is written.
    """
    text = value.strip()
    written = _CODE.search(text)
    if written is not None:
        vocabulary = _VOCABULARY.match(text)
        return written[1].upper(), vocabulary is not None and vocabulary.end() == written.start(1)
    return _LABELS.get(_LETTERS.sub("", text.casefold())), True


def _mining(found: Iterable[_Found], evidence: str, lint: list[Lint] | None) -> Iterator[Signal]:
    said: dict[str, _Found] = {}
    unknown: list[_Found] = []
    notes = {item.value: None for item in found if item.name == _CONSTRAINT and item.value}
    for item in found:
        if item.name != _MINING:
            continue
        known, in_vocabulary = code(item.value)
        if known is None or known not in _CODES:
            note(
                lint,
                "unknown_code",
                "the value is not in the vocabulary and says nothing",
                raw=item.value,
                name=_MINING,
            )
            unknown.append(item)
            continue
        if not in_vocabulary:
            note(lint, "unknown_vocabulary", "the code stands under a strange URI", raw=item.value, name=_MINING)
            item = item._replace(doubt=item.doubt or "unknown_vocabulary")
        # A value that is certain explains one that is not.
        if known not in said or (said[known].doubt and not item.doubt):
            said[known] = item
    conflict = len(said) > 1
    if conflict:
        note(lint, "conflicting_values", "plus:DataMining has several values; no permission counts", name=_MINING)
    for known, item in said.items():
        for purpose, polarity in _CODES[known]:
            if conflict and polarity is Polarity.PERMITTED:
                continue
            detail = {"code": known}
            if "-SEE" in known and notes:
                detail["constraint"] = clip(next(iter(notes)))
            ambiguity = item.doubt or ("conflicting_values" if conflict else _READ_ELSEWHERE.get(known))
            yield _signal("iptc.data_mining", purpose, _weak(polarity, item), item, evidence, detail, ambiguity)
    if not said and unknown:
        yield _signal("iptc.data_mining", Purpose.TRAIN, Polarity.UNSPECIFIED, unknown[0], evidence, {}, None)


def _tdm(found: Iterable[_Found], evidence: str, lint: list[Lint] | None) -> Iterator[Signal]:
    said: dict[Polarity, _Found] = {}
    for item in found:
        if item.name != _RESERVATION:
            continue
        polarity = _TDM_SAYS.get(item.value)
        if polarity is None:
            meant = means_no(item.value) or item.value.lower() in ("yes", "true", "on", "y")
            problem = "malformed_reservation" if meant else "bad_value"
            note(lint, problem, "tdm:reservation is neither 1 nor 0 and stays unset", raw=item.value, name=_RESERVATION)
        elif polarity not in said or (said[polarity].doubt and not item.doubt):
            said[polarity] = item
    if not said:
        return
    conflict = len(said) > 1
    if conflict:
        note(lint, "conflicting_values", "tdm:reservation is both 1 and 0", name=_RESERVATION)
    polarity = Polarity.RESERVED if Polarity.RESERVED in said else Polarity.PERMITTED
    item = said[polarity]
    policy = next((other.value for other in found if other.name == _POLICY and other.value), "")
    detail = {"policy": policy} if policy and polarity is Polarity.RESERVED else {}
    ambiguity = item.doubt or ("conflicting_values" if conflict else None)
    yield _signal("tdmrep.xmp", Purpose.TDM, _weak(polarity, item), item, evidence, detail, ambiguity)


def _licences(found: Iterable[_Found], evidence: str) -> Iterator[Signal]:
    """A licence document inside the packet: that it is there. Its terms are for whoever reads RSL."""
    item = next((item for item in found if item.name == _LICENCE), None)
    if item is not None:
        detail = {"url": item.value} if item.value else {}
        yield _signal(
            "rsl.embedded", Purpose.TRAIN, Polarity.CONDITIONAL, item, evidence, detail, item.doubt or "terms_not_read"
        )


def _weak(polarity: Polarity, item: _Found) -> Polarity:
    return Polarity.UNSPECIFIED if item.doubt and polarity is Polarity.PERMITTED else polarity


def _signal(
    kind: str,
    purpose: Purpose,
    polarity: Polarity,
    item: _Found,
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
