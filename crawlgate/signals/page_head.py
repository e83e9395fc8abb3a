"""The head of an HTML page, and its visible text, as far as signals are read from them.

One linear pass over a bounded number of bytes (WHATWG HTML 13.2.5). Scripting is taken to be off, so what
stands in `noscript` counts; what stands in comments, scripts, styles and templates does not.
"""

from __future__ import annotations

import codecs
import html
import re
from dataclasses import dataclass
from typing import NamedTuple

from ..limits import DEFAULT_LIMITS
from ..model import Lint
from .markup import END, HOLDS_TEXT, OPEN, START, Token, attributes, tokens

_HEAD_ELEMENTS = frozenset(
    b"html head base basefont bgsound link meta title noscript noframes style script template".split()
)
INLINE = frozenset(
    b"a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark q rb ruby s samp small "
    b"span strike strong sub sup time tt u var wbr".split()
)
NAMING = ((b"name", "name"), (b"property", "property"), (b"http-equiv", "http-equiv"), (b"itemprop", "itemprop"))

_CODECS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "ms_kanji": "cp932",
    "windows-31j": "cp932",
    "euc-jp": "euc_jp",
    "x-euc-jp": "euc_jp",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5hkscs",
    "euc-kr": "cp949",
    "koi8-r": "koi8-r",
    **{f"windows-{page}": f"cp{page}" for page in range(1250, 1259)},
    **{f"iso-8859-{part}": f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    "iso-8859-9": "cp1254",
}

# Codings in which octets below 0x40 are not ASCII characters: such a page is read in UTF-8 form.
# The labels are those of the WHATWG Encoding Standard.
_RECODED = {
    "iso-2022-jp": "iso2022_jp",
    "utf-16": "utf-16",
    "utf-16be": "utf-16-be",
    "unicodefffe": "utf-16-be",
    **dict.fromkeys(("utf-16le", "unicode", "ucs-2", "iso-10646-ucs-2", "csunicode", "unicodefeff"), "utf-16-le"),
}

MAX_MARKED = 64
"""Elements of one page that are told for bearing an attribute of a protocol; further ones repeat the first."""

_AMP_GATES = (b"amp-access", b"amp-subscriptions")
MARKS = re.compile(rb"mlnoindex|id\s*+=\s*+[\"']?amp-(?:access|subscriptions)", re.IGNORECASE)
_BLANK_OR_BOM = b"\t\n\f\r " + codecs.BOM_UTF8
_CHARSET = re.compile(r"charset\s*+=\s*+[\"']?([A-Za-z0-9_-]{1,40})", re.IGNORECASE)


class MetaTag(NamedTuple):
    """A meta tag: the value of its `name` (or `property`, `http-equiv`, `itemprop`) in lower case, and its content.

    `span` is its byte range; `in_body` tells that it stands where HTML has no metadata. `attribute` is the
    attribute that named it.
    """

    name: str
    content: str
    span: tuple[int, int]
    in_body: bool = False
    attribute: str = "name"


class LinkTag(NamedTuple):
    """A link tag; `rel` and `type` in lower case, `href` as written."""

    rel: str
    type: str
    href: str
    span: tuple[int, int]
    in_body: bool = False


class Marked(NamedTuple):
    """An element that bears `mlnoindex`, or is the configuration of an AMP gate (`id`), with the attribute's value."""

    element: str
    attribute: str
    value: str
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class PageHead:
    """What was found. `jsonld` and `rsl` are the texts of data scripts (`application/ld+json`,
    `application/rsl+xml`) in UTF-8; `text` is the visible text, one line a block; `marked` are elements that bear
    `mlnoindex`.

    `complete` is True if the head was seen to end, with its tag or with the first thing that belongs to the body, or
    the document ended within the bytes that were read.
    """

    meta: tuple[MetaTag, ...] = ()
    links: tuple[LinkTag, ...] = ()
    jsonld: tuple[bytes, ...] = ()
    rsl: tuple[bytes, ...] = ()
    marked: tuple[Marked, ...] = ()
    title: str = ""
    text: str = ""
    charset: str = "utf-8"
    complete: bool = False
    lint: tuple[Lint, ...] = ()


def scan(
    body: bytes, *, content_type: str = "", limit: int = DEFAULT_LIMITS.page_head_bytes, whole: bool = True
) -> PageHead:
    """Read the first `limit` bytes of a page. `content_type` is the header; `whole` False says that `body` is cut."""
    data = body[:limit]
    lint: list[Lint] = []
    recoded = recoding(data, content_type)
    if recoded is not None:
        lint.append(Lint(code="transcoded", message=f"byte ranges count in the UTF-8 form of {recoded}"))
        data = _to_utf8(data, recoded)
    scanner = _Scanner(data, "utf-8" if recoded or data.startswith(codecs.BOM_UTF8) else codec(content_type), lint)
    scanner.run()
    return scanner.result(ended=whole and len(body) <= limit)


def head_complete(buffer: bytes) -> bool:
    """True if the end of the head, or the beginning of the body, stands in `buffer`: enough has been held back."""
    recoded = recoding(buffer, "")
    if recoded is not None:
        buffer = _to_utf8(buffer, recoded)
    lower = buffer.lower()
    if b"<body" not in lower and b"<frameset" not in lower and b"</head" not in lower and b"</html" not in lower:
        return False
    return any(_ends_head(token) for token in tokens(buffer))


def head_length(buffer: bytes) -> int:
    """Bytes of `buffer` that are the page's head: up to its end, or to the first thing that belongs to the body.

    0 for a page in a coding whose octets are not read as ASCII (UTF-16, ISO-2022-JP).
    """
    if recoding(buffer, "") is not None:
        return 0
    end, in_text = 0, False
    for token in tokens(buffer):
        kind, name, start, stop = token
        if not in_text and buffer[end:start].strip(_BLANK_OR_BOM):
            return end
        if _ends_head(token):
            return stop if kind == END else start
        if kind == OPEN or (kind == START and name not in _HEAD_ELEMENTS and name not in (b"html", b"head")):
            return start
        end, in_text = stop, kind == START and name in HOLDS_TEXT
    return end


def _ends_head(token: Token) -> bool:
    kind, name = token[:2]
    if kind == START:
        return name in (b"body", b"frameset")
    return kind == END and name in (b"head", b"html")


class _Scanner:
    """The state of one pass. Octets are decoded at the end, when the page's own charset is known."""

    __slots__ = (
        "begun",
        "charset",
        "data",
        "declared",
        "head_ended",
        "in_body",
        "links",
        "lint",
        "marked",
        "may_mark",
        "meta",
        "noscript",
        "scripts",
        "text",
        "title",
    )

    def __init__(self, data: bytes, charset: str | None, lint: list[Lint]) -> None:
        self.data = data
        self.declared = charset
        self.charset = charset or "utf-8"
        self.lint = lint
        self.head_ended = self.in_body = self.noscript = False
        self.begun = False  # text that stands in no element of the head
        self.meta: list[tuple[dict[bytes, bytes], tuple[int, int], bool]] = []
        self.links: list[tuple[dict[bytes, bytes], tuple[int, int], bool]] = []
        self.marked: list[tuple[Token, str, bytes]] = []
        self.may_mark = MARKS.search(data) is not None
        self.scripts: list[tuple[bytes, bytes]] = []
        self.text: list[bytes] = []
        self.title: bytes | None = None

    def run(self) -> None:
        data, text = self.data, self.text
        last = 0
        holder: Token | None = None
        for token in tokens(data):
            kind, name, start, end = token
            if holder is not None:
                self._content(holder, token)
                holder = None
            elif start > last:
                self._text(last, start)
            last = end
            if kind == START:
                if name not in INLINE:
                    text.append(b"\0")
                if name in _HEAD_ELEMENTS:
                    self._head_element(token)
                elif not (self.in_body and self.head_ended):
                    self._body_element(name)
                if self.may_mark and name != b"meta" and MARKS.search(data, start, end):
                    self._mark(token)
                if name in HOLDS_TEXT:
                    holder = token
            elif kind == END:
                if name not in INLINE:
                    text.append(b"\0")
                    self.noscript = self.noscript and name != b"noscript"
                    self.head_ended = self.head_ended or name in (b"head", b"html")
            elif kind == OPEN:
                self._open(name)
        if holder is None:
            self._text(last, len(data))

    def _text(self, start: int, end: int) -> None:
        said = self.data[start:end]
        self.text.append(said)
        self.begun = self.begun or (not self.noscript and bool(said.strip(_BLANK_OR_BOM)))

    def result(self, *, ended: bool) -> PageHead:
        return PageHead(
            meta=tuple(self._metas()),
            links=tuple(
                LinkTag(
                    self._value(found.get(b"rel", b"")).lower(),
                    self._value(found.get(b"type", b"")).lower(),
                    self._value(found.get(b"href", b"")),
                    span,
                    in_body,
                )
                for found, span, in_body in self.links
            ),
            jsonld=tuple(self._scripts("application/ld+json")),
            rsl=tuple(self._scripts("application/rsl+xml")),
            marked=tuple(
                Marked(token[1].decode("latin-1")[:40], attribute, self._value(value), token[2:])
                for token, attribute, value in self.marked
            ),
            title=" ".join(unescape(self._decode(self.title or b"")).split()),
            text=visible(b"".join(self.text), self.charset),
            charset=self.charset,
            complete=self.head_ended or self.in_body or self.begun or ended,
            lint=tuple(dict.fromkeys(self.lint)),
        )

    def _head_element(self, token: Token) -> None:
        _, name, start, end = token
        if name == b"meta":
            found = self._attributes(token)
            self._charset_of(found)
            self.meta.append((found, (start, end), self.in_body))
        elif name == b"link":
            self.links.append((self._attributes(token), (start, end), self.in_body))
        elif name == b"noscript":
            self.noscript = True

    def _body_element(self, name: bytes) -> None:
        # A pixel image in a noscript of the head is common; with scripting on it closes nothing.
        if name in (b"body", b"frameset"):
            self.in_body = self.head_ended = True
        elif not self.noscript:
            self.in_body = True

    def _mark(self, token: Token) -> None:
        found = self._attributes(token)
        if len(self.marked) >= MAX_MARKED:
            return
        if b"mlnoindex" in found:
            self.marked.append((token, "mlnoindex", found[b"mlnoindex"]))
        elif token[1] == b"script" and found.get(b"id", b"").lower() in _AMP_GATES:
            self.marked.append((token, "id", found[b"id"]))

    def _content(self, holder: Token, following: Token) -> None:
        """What stands between a START that holds text and the token after it."""
        _, name, _, begin = holder
        kind, _, start, end = following
        content = slice(begin, end if kind == OPEN else start)
        if name == b"script":
            found = self._attributes(holder)
            if kind == END and b"type" in found:
                self.scripts.append((found[b"type"], self.data[content]))
        elif name == b"title":
            self.title = self.data[content] if self.title is None else self.title
        elif name in (b"textarea", b"plaintext", b"xmp"):
            self.text.append(self.data[content])

    def _open(self, name: bytes) -> None:
        what = "comment" if name == b"!--" else "element" if name in HOLDS_TEXT else "tag"
        self.lint.append(Lint(code=f"unclosed_{what}", message=f"a {what} is open where the bytes end"))

    def _attributes(self, token: Token) -> dict[bytes, bytes]:
        found, cut = attributes(self.data, token)
        if cut:
            self.lint.append(Lint(code="attributes_cut", message="a tag has more attributes than are read"))
        return found

    def _charset_of(self, found: dict[bytes, bytes]) -> None:
        if self.declared is not None:
            return
        self.declared = codec_of_meta(found)
        self.charset = self.declared or self.charset

    def _metas(self) -> list[MetaTag]:
        tags = []
        for found, span, in_body in self.meta:
            for attribute, label in NAMING:
                if found.get(attribute):
                    name = self._value(found[attribute]).lower()
                    tags.append(MetaTag(name, self._value(found.get(b"content", b"")), span, in_body, label))
                    break
        return tags

    def _scripts(self, wanted: str) -> list[bytes]:
        found = [
            content for kind, content in self.scripts if self._value(kind).partition(";")[0].strip().lower() == wanted
        ]
        if self.charset != "utf-8":
            found = [self._decode(content).encode("utf-8", "replace") for content in found]
        return found

    def _value(self, raw: bytes) -> str:
        if len(raw) > DEFAULT_LIMITS.header_value:
            self.lint.append(Lint(code="value_cut", message="an attribute value is longer than is read"))
            raw = raw[: DEFAULT_LIMITS.header_value]
        return unescape(self._decode(raw)).strip()

    def _decode(self, raw: bytes) -> str:
        return raw.decode(self.charset, "replace")


def visible(text: bytes, charset: str) -> str:
    """The visible text of a page, one line a block; in `text` blocks end with a NUL."""
    decoded = text.decode(charset, "replace").removeprefix("\ufeff")
    blocks = (" ".join(block.split()) for block in unescape(decoded).split("\0"))
    return "\n".join(block for block in blocks if block)


def recoding(data: bytes, content_type: str) -> str | None:
    """The coding of a page whose octets are not read as ASCII (UTF-16, ISO-2022-JP); None for any other page."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if data.startswith(codecs.BOM_UTF8):
        return None
    label = _label(content_type)
    if label in _RECODED:
        return _RECODED[label]
    # A page cannot name a coding of 16 bits about itself in octets (WHATWG HTML 13.2.3.2).
    inside = _label(data[:1024].decode("latin-1")) if label is None else None
    return "iso2022_jp" if inside == "iso-2022-jp" else None


def _to_utf8(data: bytes, coding: str) -> bytes:
    return data.decode(coding, "replace").encode("utf-8", "replace")


def _label(text: str) -> str | None:
    match = _CHARSET.search(text)
    return None if match is None else match[1].lower()


def codec(text: str) -> str | None:
    return _CODECS.get(_label(text) or "")


def codec_of_meta(found: dict[bytes, bytes]) -> str | None:
    """The coding that a meta tag with these attributes declares, if it is one that is read."""
    label = found.get(b"charset")
    if label is not None:
        return _CODECS.get(label.decode("latin-1").strip().lower())
    if found.get(b"http-equiv", b"").lower() == b"content-type":
        return codec(found.get(b"content", b"")[:200].decode("latin-1"))
    return None


def unescape(text: str) -> str:
    if "&" not in text:
        return text
    try:
        return html.unescape(text)
    except ValueError:  # a decimal reference of thousands of digits
        return text
