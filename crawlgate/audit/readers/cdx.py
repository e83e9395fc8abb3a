"""Indexes of web archives as logs: CDX in any order of columns, CDXJ, and zipnum clusters of either."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import orjson
import pyarrow as pa

from ...errors import ConfigError
from ..tables import Columns
from .batch import ROW_NUMBER, Batch, Reject, Row, Told, exact_batch, row_batches
from .cdx_columns import take
from .lines import Block, blocks
from .source import Source, beside

# Letters of the head line, as the Internet Archive's legend has them; what has no letter here is not needed.
_LETTERS = {"a": "url", "b": "time", "s": "status", "k": "digest", "g": "shard", "V": "offset", "N": "key", "A": "key"}
_USUAL = {len(letters): letters for letters in (list("NbamskrMSVg"), list("NbamskrMVg"), list("NbamskrVg"))}


BEGINS = re.compile(rb"[^ \n]+ [0-9]{14} ")
_HEADS = re.compile(rb"(?:(?<=\n)|\A)[^A-Za-z0-9]CDX[ \t]")


_COLUMNS = Columns("url", "time", "status", shard="shard", offset="offset", content_hash="digest")


def read_cdx(path: Source, said: Told) -> Iterator[Batch]:
    """The rows of a CDX or CDXJ file; lines of both kinds may stand in one. Raises `ConfigError` where there is no row
    in it, or none that can be read."""
    del said  # the columns are known
    head = _Head()
    waiting: list[Reject] = []
    rows = 0
    for block in blocks(path, line=BEGINS):
        batch = _batch(path, block, head)
        rows += len(batch.rows)
        waiting += batch.rejects
        if rows:
            yield replace(batch, rejects=tuple(waiting))
            waiting = []
    if not rows:
        why = f"no row can be read; the first: {waiting[0].reason}" if waiting else "there is no row in it"
        raise ConfigError(f"{path}: {why}")


def read_cluster(path: Source, said: Told) -> Iterator[Batch]:
    """The rows of the parts that a zipnum index (`.idx`) names, block by block; a damaged block costs itself.

    A part is looked for beside the index: under its name, with `.gz` or `.cdx.gz` behind it, or where the `.loc` file
    says."""
    return row_batches(path, said, _rows(_cluster(path), _Head()))


def _batch(path: Source, block: Block, head: _Head) -> Batch:
    """The rows of a block in the order of their lines."""
    first = block.data[: block.data.find(b"\n") + 1 or None].decode("utf-8", "replace").rstrip("\r\n")
    heads = len(_HEADS.findall(block.data)) if b"CDX" in block.data else 0
    if heads == 1 and head.takes(first):
        heads = 0
    letters = head.order if head.order is not None else _USUAL.get(len(first.split(" ")))
    taken = take(block, letters if head.split == " " and not heads else None, _LETTERS)
    left: list[Line] = list(block.troubles)
    if heads:
        left += block.lines()
    elif taken.left.any():
        left += [line for line, wanted in zip(block.lines(), taken.left.tolist(), strict=False) if wanted]
    exact = exact_batch(path, _COLUMNS, _rows(left, head))
    if heads or not len(taken.table):
        return exact
    table = pa.concat_tables([taken.table, exact.rows.select(taken.table.column_names)])
    starts = np.concatenate([taken.starts, np.array([exact.offsets[n] for n in range(len(exact.rows))], np.int64)])
    order = np.argsort(table[ROW_NUMBER].to_numpy(), kind="stable")
    return Batch(
        path,
        0,
        table.take(pa.array(order)),
        _COLUMNS,
        offsets=dict(enumerate(starts[order].tolist())),
        rejects=exact.rejects,
    )


class _Head:
    """What the last head line said: the letters of its columns, and what parts them."""

    def __init__(self) -> None:
        self.order: list[str] | None = None
        self.split = " "

    def takes(self, line: str) -> bool:
        """True if a line is a head line; it counts from here on."""
        if line[1:5] not in ("CDX ", "CDX\t") or line[:1].isalnum():
            return False
        self.split, self.order = line[0], line[5:].strip().split(line[4])
        return True


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
    for block in blocks(path, line=BEGINS):
        yield from block.troubles
        yield from block.lines()


def _rows(lines: Iterable[Line], head: _Head) -> Iterator[Row]:
    for number, offset, raw in lines:
        if isinstance(raw, str):
            yield number, offset, raw
            continue
        line = raw.decode("utf-8", "replace")
        if line and not line.startswith("!") and not head.takes(line):
            parts = _cdxj_parts(line)
            yield number, offset, _of_json(*parts) if parts else _of_fields(line.split(head.split), head.order)


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
    status, offset = said.get("status", said.get("hsc")), said.get("offset")
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


class ClusterBlock(NamedTuple):
    """A line of a zipnum index: its place, the line, its fields where it names a block, the part in which the block is,
    and the lines of the block or why they cannot be read; None for a line that names none (a head, an empty one)."""

    offset: int
    raw: bytes
    fields: tuple[str, ...] = ()
    part: Source | None = None
    lines: list[bytes] | str | None = None


def cluster_blocks(path: Source) -> Iterator[ClusterBlock]:
    """The blocks that a zipnum index names, in its order."""
    places = _locations(path)
    for _, offset, raw in _lines(path):
        if isinstance(raw, str):
            yield ClusterBlock(offset, b"", lines=raw)
            continue
        fields = tuple(raw.decode("utf-8", "replace").split("\t"))
        if len(fields) < 4 or not (fields[2].isdecimal() and fields[3].isdecimal()):
            why = "not a line of a zipnum index: key and time, part, offset, length"
            yield ClusterBlock(offset, raw, lines=why if raw and not raw.startswith(b"!") else None)
            continue
        part = _part(path, fields[1], places)
        if part is None:
            yield ClusterBlock(offset, raw, fields, None, f"the part {fields[1]!r} is not beside the index")
        else:
            yield ClusterBlock(offset, raw, fields, part, _block(part, int(fields[2]), int(fields[3])))


def cluster_parts(path: Source) -> list[Source]:
    """The files that belong to a zipnum index: its parts, as far as they are there, and its `.loc`, in the order of
    their names."""
    places = _locations(path)
    found: dict[str, Source] = {}
    for _, _, raw in _lines(path):
        fields = [] if isinstance(raw, str) else raw.decode("utf-8", "replace").split("\t")
        part = _part(path, fields[1], places) if len(fields) > 3 else None
        if part is not None:
            found[part.name] = part
    loc = location_file(path)
    if loc.exists():
        found[loc.name] = loc
    return [found[name] for name in sorted(found)]


def location_file(path: Source) -> Source:
    """Where the `.loc` file of an index is, if it has one."""
    return beside(path, path.name.removesuffix(".idx") + ".loc")


def _cluster(path: Source) -> Iterator[Line]:
    """The lines of all blocks, numbered through."""
    number = 0
    for block in cluster_blocks(path):
        if isinstance(block.lines, str):
            yield number, block.offset, block.lines
        for line in block.lines if isinstance(block.lines, list) else ():
            yield number, int(block.fields[2]), line
            number += 1


def _block(part: Source, offset: int, length: int) -> list[bytes] | str:
    try:
        with part.open("rb") as file:
            file.seek(offset)
            packed, data = file.read(length), b""
        while packed:
            machine = zlib.decompressobj(31)
            data += machine.decompress(packed)
            if not machine.eof:
                return f"the block at byte {offset} of {part.name} ends in the middle"
            packed = machine.unused_data
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
    loc = location_file(path)
    if loc.exists():
        try:
            for _, _, raw in _lines(loc):
                name, *paths = (raw if isinstance(raw, str) else raw.decode("utf-8", "replace")).split("\t")
                found[name] = paths
        except ConfigError:
            return found
    return found
