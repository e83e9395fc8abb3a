"""The very lines of robots.txt that keep rows out, as they stood, each once: decisions and removals name a file and a
line number.

Read back from them when they are whole, so that a run that was broken off and resumed says the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..limits import DEFAULT_LIMITS
from ..signals.robots_lines import AGENT, AGENT_WORD, decode, kind_of
from .named_agents import first_refusal

SCHEMA = pa.schema(
    [
        ("robots", pa.string()),
        ("line", pa.int32()),
        ("about", pa.string()),
        ("text", pa.string()),
        ("agents", pa.list_(pa.string())),
    ]
)
"""The columns of lines.parquet: hash of the robots.txt, number of the line from 1, the line, and the `User-agent`
lines above it that begin its group. `about` is `own` for a line that kept our crawler out, `agents` for the first line
of a file that keeps a crawler for AI data out by name."""

OWN, AGENTS = "own", "agents"

_LONGEST = 500
_MOST_AGENTS = 8
_KEY = re.compile(r"\s*([^:#]{0,64}?)\s*(?::|\s\S+\s*$)")


def quotes(
    tables: Iterable[Path],
    body_of: Callable[[str], bytes | None],
    files: Iterable[str] = (),
    named: Collection[str] = (),
) -> Any:
    """A table of the lines that Parquet files refer to (columns `robots` and `robots_line`), and of the first line of
    each of `files` (hashes) that keeps one of the `named` crawlers out; in the order of hash and number. `body_of`
    gives the robots.txt of a hash, None where there is none."""
    used: dict[str, set[int]] = {}
    for path in tables:
        _use(path, used)
    naming = set(files)
    rows = []
    for sha256 in sorted(used.keys() | naming):
        body = body_of(sha256)
        if body is None:
            continue
        text = decode(body, DEFAULT_LIMITS)[0]
        places = [(number, OWN) for number in used.get(sha256, ())]
        if sha256 in naming:
            places.append((first_refusal(text, named), AGENTS))
        lines = text.split("\n")
        rows += [
            {
                "robots": sha256,
                "line": number,
                "about": about,
                "text": _shown(lines[number - 1]),
                "agents": _agents(lines, number),
            }
            for number, about in sorted(places)
            if 0 < number <= len(lines)
        ]
    return pa.Table.from_pylist(rows, SCHEMA)


def _use(path: Path, found: dict[str, set[int]]) -> None:
    """Note the line numbers that a table names, by the hash of their robots.txt."""
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(1 << 17, columns=["robots", "robots_line"]):
            kept_out = batch.filter(pc.is_valid(batch["robots_line"]))
            if not len(kept_out):
                continue
            hashes = kept_out["robots"]
            codes = hashes.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
            pairs = np.unique(codes << 32 | kept_out["robots_line"].to_numpy(zero_copy_only=False))
            for pair in pairs[pairs >= 0].tolist():
                found.setdefault(hashes.dictionary[pair >> 32].as_py(), set()).add(pair & 0xFFFFFFFF)


def _agents(lines: list[str], number: int) -> list[str]:
    """The `User-agent` lines nearest above a line, as far as only comments and blank lines stand between them."""
    found: list[str] = []
    for line in reversed(lines[: number - 1]):
        said = line.partition("#")[0].strip()
        key = _KEY.match(said) if AGENT_WORD.search(said.lower()) else None
        if key is not None and kind_of(key[1].lower()) == AGENT:
            found.append(_shown(line))
            if len(found) == _MOST_AGENTS:
                break
        elif said and found:
            break
    return found[::-1]


def _shown(line: str) -> str:
    text = line.strip().encode("utf-8", "replace").decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
