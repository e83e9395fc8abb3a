"""TDMRep and RSL in the package document of an EPUB (TDMRep, "TDM Metadata in EPUB 2 / 3 files"; RSL 1.0 4.2).

Read is the package document alone: a few kilobytes of XML in a ZIP, inflated within bounds, without entities. What is
said there covers every resource in the book.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from xml.parsers import expat

from ..model import Lint, Polarity, Purpose, Scope, Signal, Strength
from . import feed, rsl
from .statement import clip, note

MAX_PACKAGE = 512 * 1024
"""Bytes of a package document that are read. Project choice; real ones have some 10 KiB."""

MAX_ENTRIES = 20_000
"""Entries of a book's ZIP; one with more is not opened."""

_MIMETYPE = b"mimetypeapplication/epub+zip"
_DIRECTORY_END = b"PK\x05\x06"
_SAYS = {"1": Polarity.RESERVED, "0": Polarity.PERMITTED}
_BAD = (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, ValueError, OSError, EOFError, LookupError)


def read(data: bytes, *, evidence: str = "", lint: list[Lint] | None = None) -> tuple[Signal, ...]:
    """What a book says in its package document; also of that document alone. Never raises."""
    if data.startswith(b"PK\x03\x04") and _MIMETYPE in data[:120]:
        package = _package(data, lint)
    elif feed.root_name(data) == "package":
        package = data[:MAX_PACKAGE]
    else:
        return ()
    document = rsl.embedded(package, evidence=evidence)
    if lint is not None:
        lint.extend(document.lint)
    return (*_reservation(package, evidence, lint), *document.signals(document.all))


def _package(data: bytes, lint: list[Lint] | None) -> bytes:
    end = data.rfind(_DIRECTORY_END)
    try:
        if end < 0 or struct.unpack_from("<H", data, end + 10)[0] > MAX_ENTRIES:
            raise zipfile.BadZipFile("no directory, or one that is too long")
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            for entry in book.infolist()[:MAX_ENTRIES]:
                plain = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
                if entry.filename.lower().endswith(".opf") and plain:
                    with book.open(entry) as opened:
                        return opened.read(MAX_PACKAGE)
    except (*_BAD, struct.error) as error:
        note(lint, "epub_unreadable", f"the package document of the book cannot be read: {clip(str(error))}")
    return b""


def _reservation(package: bytes, evidence: str, lint: list[Lint] | None) -> tuple[Signal, ...]:
    said = _Package(package).properties()
    values = said.get("tdm:reservation", [])
    polarities = {_SAYS[value] for value in values if value in _SAYS}
    for value in values:
        if value not in _SAYS:
            note(
                lint,
                "bad_value",
                "tdm:reservation is neither 1 nor 0 and stays unset",
                raw=value,
                name="tdm:reservation",
            )
    if len(polarities) > 1:
        note(lint, "conflicting_values", "tdm:reservation is both 1 and 0", name="tdm:reservation")
    policy = next(iter(said.get("tdm:policy", ())), "")
    if not polarities:
        return ()
    polarity = Polarity.RESERVED if Polarity.RESERVED in polarities else Polarity.PERMITTED
    return (
        Signal(
            kind="tdmrep.epub",
            purpose=Purpose.TDM,
            polarity=polarity,
            strength=Strength.PREFERENCE,
            scope=Scope.EMBEDDED,
            raw=f"tdm:reservation {', '.join(values)}"[:200],
            evidence=evidence,
            name="tdm:reservation",
            detail={"policy": policy} if policy and polarity is Polarity.RESERVED else {},
            ambiguity="conflicting_values" if len(polarities) > 1 else None,
        ),
    )


class _Stop(Exception):
    """Raised in a handler to stop Expat."""


class _Package:
    """The `meta` elements of a package document, by Expat; stops at an error and keeps what it has."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._found: dict[str, list[str]] = {}
        self._name: str | None = None
        self._text: list[str] = []
        self._left = 20_000

    def properties(self) -> dict[str, list[str]]:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        try:
            parser.Parse(self._data, False)
        except (expat.ExpatError, _Stop):
            pass
        finally:
            parser.StartElementHandler = parser.EndElementHandler = parser.CharacterDataHandler = None
        return self._found

    def _start(self, element: str, attributes: dict[str, str]) -> None:
        self._left -= 1
        if self._left <= 0:
            raise _Stop
        if element.rpartition(":")[2] != "meta":
            return
        name = attributes.get("name") or attributes.get("property") or ""
        if name.startswith("tdm:"):
            if "content" in attributes:
                self._add(name, attributes["content"])
            else:
                self._name, self._text = name, []

    def _characters(self, text: str) -> None:
        if self._name is not None and len(self._text) < 100:
            self._text.append(text[:2_000])

    def _end(self, element: str) -> None:
        if self._name is not None and element.rpartition(":")[2] == "meta":
            self._add(self._name, "".join(self._text))
            self._name = None

    def _add(self, name: str, value: str) -> None:
        values = self._found.setdefault(name, [])
        if len(values) < 10:
            values.append(value.strip()[:2_000])


def _doctype(_name: str, _system: str | None, _public: str | None, internal: int) -> None:
    if internal:  # entities could be declared in it
        raise _Stop
