"""A zipnum cluster without some of its lines: blocks that lose none are copied as they are, others are packed anew."""

from __future__ import annotations

import gzip
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from ...errors import ConfigError
from ..readers import Source, Told, read
from ..readers.cdx import cluster_blocks, location_file
from .checked import Check
from .chosen import Going
from .copying import check_rows, rows_of


def without_cluster_lines(source: Source, target: Path, going: Going, told: Told, check: Check) -> int:
    """Write a zipnum index and its parts (beside the target) without lines; how many there were."""
    rows = 0
    for batch in read(source, told):
        rows += rows_of(batch)
        check_rows(batch, going, check)
    gone = frozenset(going.rows.tolist())
    number = 0
    counted: int | None = None
    with ExitStack() as stack, target.open("wb") as index:
        parts = _Parts(stack, target.parent)
        for block in cluster_blocks(source):
            if not block.fields or block.part is None:
                if block.lines is not None and not block.raw:
                    raise ConfigError(f"{source}: {block.lines}; a damaged file cannot be copied, repair it first")
                index.write(block.raw + b"\n")
                continue
            first, part = number, block.part
            offset, size = int(block.fields[2]), int(block.fields[3])
            if isinstance(block.lines, list):
                number += len(block.lines)
                stays = [line for n, line in enumerate(block.lines, first) if n not in gone]
                if not stays:
                    continue
                packed = None if len(stays) == len(block.lines) else gzip.compress(_text(stays), 6, mtime=0)
            else:
                stays, packed = None, None  # nobody knows what is in it: it stays as it is
            data = packed if packed is not None else _piece(part, offset, size)
            head = block.fields[0] if packed is None or stays is None else _key(stays[0], block.fields[0])
            fields = [head, block.fields[1], str(parts.add(part, data)), str(len(data)), *block.fields[4:]]
            if len(fields) == 5 and fields[4].isdecimal():
                counted = int(fields[4]) if counted is None else counted + 1
                fields[4] = str(counted)
            index.write("\t".join(fields).encode() + b"\n")
    write_locations(source, target.parent)
    return rows


def write_locations(source: Source, folder: Path) -> None:
    """Write the `.loc` file of an index, where it has one: the parts are beside it now, whatever it said before."""
    old = location_file(source)
    if not old.exists():
        return
    with old.open("rb") as file:
        lines = file.read().decode("utf-8", "replace").splitlines()
    made = []
    for line in lines:
        name, *paths = line.split("\t")
        here = [path for path in (one.rpartition("/")[2] for one in paths) if (folder / path).is_file()]
        made.append("\t".join([name, *(here or ([name] if paths else []))]) + "\n")
    (folder / old.name).write_bytes("".join(made).encode())


class _Parts:
    """The parts as they are written, each under its own name."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._stack, self._folder = stack, folder
        self._open: dict[str, BinaryIO] = {}
        self._at: dict[str, int] = {}

    def add(self, part: Source, data: bytes) -> int:
        """Write a block of a part; where it begins."""
        name = part.name
        if name not in self._open:
            self._open[name] = self._stack.enter_context((self._folder / name).open("wb"))
            self._at[name] = 0
        self._open[name].write(data)
        self._at[name] += len(data)
        return self._at[name] - len(data)


def _piece(part: Source, offset: int, size: int) -> bytes:
    with part.open("rb") as file:
        file.seek(offset)
        return file.read(size)


def _text(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def _key(line: bytes, old: str) -> str:
    """Key and time of the line with which a block begins now."""
    words = line.decode("utf-8", "replace").split(" ")
    return " ".join(words[:2]) if " " in old and len(words) > 1 else words[0]
