"""Indexes of web archives as logs: CDX in any order of columns, CDXJ, and zipnum clusters of either."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from ...errors import ConfigError
from .batch import Batch, Row, Told, row_batches
from .lines import blocks
from .source import Source, beside

# Letters of the head line, as the Internet Archive's legend has them; what has no letter here is not needed.
_LETTERS = {"a": "url", "b": "time", "s": "status", "k": "digest", "g": "shard", "V": "offset", "N": "key", "A": "key"}
_USUAL = {len(letters): letters for letters in (list("NbamskrMSVg"), list("NbamskrMVg"), list("NbamskrVg"))}


_BEGINS = re.compile(rb"[^ \n]+ [0-9]{14} ")


def read_cdx(path: Source, said: Told) -> Iterator[Batch]:
    """The rows of a CDX or CDXJ file; lines of both kinds may stand in one."""
    return row_batches(path, said, _rows(_lines(path)))


def read_cluster(path: Source, said: Told) -> Iterator[Batch]:
    """The rows of the parts that a zipnum index (`.idx`) names, block by block; a damaged block costs itself.

    A part is looked for beside the index: under its name, with `.gz` or `.cdx.gz` behind it, or where the `.loc` file
    says."""
    return row_batches(path, said, _rows(_cluster(path)))


def is_cdx(lines: list[str]) -> bool:
    """True if some lines of text are those of a CDX."""
    if lines and lines[0][1:5] == "CDX " and not lines[0][0].isalnum():
        return True
    return any(
        len(fields) in _USUAL and fields[1].isdecimal() and len(fields[1]) == 14
        for fields in (line.split(" ") for line in lines)
    )


def is_cdxj(lines: list[str]) -> bool:
    """True if some lines of text are those of a CDXJ."""
    return any(line.startswith("!OpenWayback-CDXJ") or (line[:1] not in "{[" and _cdxj_parts(line)) for line in lines)


def is_cluster(lines: list[str]) -> bool:
    """True if some lines of text are those of a zipnum index: key and time, part, offset, length."""
    return any(
        len(fields) in (4, 5) and " " in fields[0] and fields[2].isdecimal() and fields[3].isdecimal()
        for fields in (line.rstrip("\n").split("\t") for line in lines)
    )


Line = tuple[int, int, bytes | str]
"""Number, offset, and the line, or why it cannot be read."""


def _lines(path: Source) -> Iterator[Line]:
    for block in blocks(path, line=_BEGINS):
        yield from block.troubles
        yield from block.lines()


def _rows(lines: Iterable[Line]) -> Iterator[Row]:
    order: list[str] | None = None
    split = " "
    for number, offset, raw in lines:
        if isinstance(raw, str):
            yield number, offset, raw
            continue
        line = raw.decode("utf-8", "replace")
        if line[1:5] == "CDX " or line[1:5] == "CDX\t":
            split = line[0]
            order = line[5:].strip().split(line[4])
        elif line and not line.startswith("!"):
            parts = _cdxj_parts(line)
            yield number, offset, _of_json(*parts) if parts else _of_fields(line.split(split), order)


def _cdxj_parts(line: str) -> tuple[str, str, str] | None:
    """Key, time and JSON of a line of CDXJ; None for another line."""
    head, brace, rest = line.partition(" {")
    words = head.split(" ")
    if not brace or len(words) < 2 or not words[1][:4].isdecimal():
        return None
    return words[0], words[1], brace[1] + rest


def _of_json(key: str, at: str, text: str) -> dict[str, Any] | str:
    try:
        said = orjson.loads(text)
    except ValueError as error:
        return f"not CDXJ: {str(error)[:120]}"
    if not isinstance(said, dict):
        return "not CDXJ: no JSON object behind the time"
    url = said.get("url") or said.get("uri") or _unsurt(key)
    status, offset = said.get("status") or said.get("hsc"), said.get("offset")
    found = {"url": url, "time": at, "status": _status(status), "digest": said.get("digest") or said.get("sha")}
    return found | {"shard": said.get("filename"), "offset": offset}


def _of_fields(fields: list[str], order: list[str] | None) -> Mapping[str, Any] | str:
    letters = order if order is not None else _USUAL.get(len(fields))
    if letters is None:
        return f"{len(fields)} fields and no head line that names them (` CDX N b a ...`)"
    if len(fields) != len(letters):
        return f"{len(fields)} fields where the head line names {len(letters)}"
    named = {_LETTERS[letter]: value for letter, value in zip(letters, fields, strict=True) if letter in _LETTERS}
    url = named.get("url") or ""
    if "://" not in url:
        # Old files leave the scheme out; of those without a URL the key says what was meant.
        url = f"http://{url}" if url and url != "-" else _unsurt(named.get("key") or "") or ""
    if not url:
        return "no URL: the line has neither an original URL nor a key in SURT form"
    found = {name: named.get(name) for name in ("time", "digest", "shard", "offset")}
    return {"url": url, "status": _status(named.get("status"))} | {n: None if v == "-" else v for n, v in found.items()}


def _status(value: Any) -> str | None:
    return None if value in (None, "", "-") else str(value)


def _unsurt(key: str) -> str | None:
    """The URL of a key in SURT form (`com,example)/path`); the scheme is not in it, so that http is taken."""
    host, bracket, path = key.partition(")")
    if not bracket:
        return None
    name, colon, port = host.partition(":")
    return f"http://{'.'.join(reversed(name.strip(',').split(',')))}{colon}{port}{path or '/'}"


def _cluster(path: Source) -> Iterator[Line]:
    """The lines of all blocks, numbered through."""
    places = _locations(path)
    number = 0
    for _, offset, raw in _lines(path):
        if isinstance(raw, str):
            yield number, offset, raw
            continue
        fields = raw.decode("utf-8", "replace").split("\t")
        if len(fields) < 4 or not (fields[2].isdecimal() and fields[3].isdecimal()):
            if raw and not raw.startswith(b"!"):
                yield number, offset, "not a line of a zipnum index: key and time, part, offset, length"
            continue
        part = _part(path, fields[1], places)
        if part is None:
            yield number, offset, f"the part {fields[1]!r} is not beside the index"
            continue
        lines = _block(part, int(fields[2]), int(fields[3]))
        if isinstance(lines, str):
            yield number, offset, lines
            continue
        place = int(fields[2])
        for line in lines:
            yield number, place, line
            number += 1


def _block(part: Source, offset: int, length: int) -> list[bytes] | str:
    try:
        with part.open("rb") as file:
            file.seek(offset)
            data = zlib.decompressobj(31).decompress(file.read(length))
    except (OSError, zlib.error) as error:
        return f"the block at byte {offset} of {part.name} cannot be read: {error}"
    return data.rstrip(b"\n").split(b"\n")


def _part(path: Source, name: str, places: Mapping[str, list[str]]) -> Source | None:
    candidates = [*places.get(name, ()), name, f"{name}.gz", f"{name}.cdx.gz"]
    try:
        found = (beside(path, one.rpartition("/")[2]) for one in candidates if one.rpartition("/")[2])
        return next((one for one in found if one.exists()), None)
    except (OSError, ValueError):
        return None


def _locations(path: Source) -> dict[str, list[str]]:
    """What the `.loc` file of an index says: paths by part; nothing without one."""
    found: dict[str, list[str]] = {}
    loc = beside(path, path.name.removesuffix(".idx") + ".loc")
    if loc.exists():
        try:
            for _, _, raw in _lines(loc):
                name, *paths = (raw if isinstance(raw, str) else raw.decode("utf-8", "replace")).split("\t")
                found[name] = paths
        except ConfigError:
            return found
    return found
