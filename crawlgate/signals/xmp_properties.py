"""The properties of an XMP packet that are read here, each as written, by Expat within bounds.

A packet is read inside an element of ours: there is no place for a document type, so no entity can be declared. What
stands in a packet that is not well-formed, or under a wrong namespace, is doubtful: it can restrict and never permits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from xml.parsers import expat

from ..limits import DEFAULT_LIMITS
from ..model import Lint
from . import data_mining
from .statement import clip, note
from .xmp_packets import Packet

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_PLUS = ("http://ns.useplus.org/ldf/xmp/1.0/", "http://ns.useplus.org/ldf/xmp/1.0")
_IPTC_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
# The specification writes the namespace with `#` for EPUB and with `/` for XMP.
_TDM = tuple(f"{scheme}://www.w3.org/ns/tdmrep{end}" for scheme in ("http", "https") for end in ("/", "#", ""))
_RSL = "https://rslstandard.org/rsl"

MINING, RESERVATION, POLICY, CONSTRAINT, LICENCE = "DataMining", "reservation", "policy", "constraint", "rsl"
_PROPERTIES: Mapping[str, str] = {
    **{f"{ns} DataMining": MINING for ns in _PLUS},
    **{f"{ns} OtherConstraints": CONSTRAINT for ns in _PLUS},
    f"{_IPTC_EXT} LinkedRightsExpr": CONSTRAINT,
    **{f"{ns} reservation": RESERVATION for ns in _TDM},
    **{f"{ns} policy": POLICY for ns in _TDM},
    f"{_RSL} rsl": LICENCE,
}
_VALUE_ATTRIBUTES = (f"{_RDF} resource", f"{_RDF} value")

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


class Found(NamedTuple):
    """A property as written. `doubt` names why it can only restrict."""

    name: str
    value: str
    span: tuple[int, int] | None = None
    doubt: str | None = None


class _Enough(Exception):
    """Raised in a handler to stop Expat."""


class Budget:
    """What is left to be read in one file."""

    __slots__ = ("elements", "octets")

    def __init__(self, octets: int, elements: int) -> None:
        self.octets = octets
        self.elements = elements


class PacketReader:
    """One packet, read by Expat element by element."""

    def __init__(self, packet: Packet, budget: Budget, lint: list[Lint] | None) -> None:
        self._budget = budget
        self._packet = packet
        self._lint = lint
        self._found: list[Found] = []
        self._depth = 0
        self._inside: tuple[str, int, str | None] | None = None  # property, depth, doubt
        self._words: list[str] = []

    def read(self) -> list[Found]:
        """Every property in document order; from a packet in error they are doubtful, and so are its mere words."""
        problem = self._parse()
        if problem is None:
            return self._found
        note(self._lint, *problem)
        doubt = problem[0]
        certain = [found._replace(doubt=found.doubt or doubt) for found in self._found]
        return [*certain, *in_words(self._packet, doubt)]

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
        if self._inside is not None and self._inside[0] == LICENCE and name == f"{_RSL} content":
            urls = [attributes[i + 1] for i in range(0, len(attributes), 2) if attributes[i] == "url"]
            self._add(LICENCE, "".join(urls[:1]), None)

    def _end(self, _name: str) -> None:
        if self._inside is not None and self._inside[1] == self._depth:
            known, _, doubt = self._inside
            text = " ".join("".join(self._words).split())
            if known == LICENCE:
                if not any(found.name == LICENCE for found in self._found):
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
        self._found.append(Found(name, clip(value.strip()), self._packet.span, doubt))


def in_words(packet: Packet, doubt: str) -> Iterator[Found]:
    """Properties and values by their words alone."""
    for _, named in zip(range(_MAX_FOUND), _NAMED.finditer(packet.source, packet.start, packet.end), strict=False):
        match = _AS_WORDS.match(packet.source, named.end(), packet.end)
        if match is None:
            continue
        name, value = named[0].decode(), bare_text(match[match.lastindex or 0])
        if value in ("1", "0") if name == RESERVATION else data_mining.code(value)[0] is not None:
            yield Found(name, value, packet.span, doubt)


def _property(name: str) -> tuple[str | None, str | None]:
    """The property of an expanded name, and the doubt about it."""
    known = _PROPERTIES.get(name)
    if known is None and name.endswith("DataMining") and name.rpartition(" ")[2] == "DataMining":
        return MINING, "wrong_namespace"
    return known, None


def bare_text(raw: bytes) -> str:
    """A value that stands among words, without quotes."""
    return raw.decode("utf-8", "replace").strip().strip("\"'").strip()
