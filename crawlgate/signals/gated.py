"""Data sets behind a gate of a hub: terms to accept before the files are handed out, told by card or interface.

A card is a Markdown file with metadata in front (`gated:`, `extra_gated_prompt:`); interfaces tell the same in JSON.
The answer of a gated file itself is read by `access`.
"""

from __future__ import annotations

import re

import orjson

from ..limits import DEFAULT_LIMITS
from ..model import Polarity, Purpose, Scope, Signal, Strength

MAX_BYTES = 256 * 1024
_FRONT = re.compile(rb"(?:\xef\xbb\xbf)?---\r?\n(.{0,32768}?)\r?\n---", re.DOTALL)
_GATED = re.compile(
    rb"^(?:gated\s*+:\s*+[\"']?(auto|manual|true)\b.*|(extra_gated_\w+)\s*+:.*)$", re.MULTILINE | re.IGNORECASE
)


def read_card(body: bytes, *, evidence: str = "") -> tuple[Signal, ...]:
    """`access.gated` if the metadata in front of a card say so. Never raises."""
    front = _FRONT.match(body[:MAX_BYTES])
    found = _GATED.search(front[1]) if front is not None else None
    return () if found is None else (_signal(found[0].decode("utf-8", "replace").strip(), evidence),)


def read_json(body: bytes, *, evidence: str = "") -> tuple[Signal, ...]:
    """`access.gated` if an interface's description of a data set says so. Never raises."""
    if len(body) > MAX_BYTES or b'"gated"' not in body:
        return ()
    try:
        document = orjson.loads(body)
    except ValueError:
        return ()
    value = document.get("gated") if isinstance(document, dict) else None
    return (_signal(f'"gated": {value}', evidence),) if value is True or value in ("auto", "manual") else ()


def _signal(raw: str, evidence: str) -> Signal:
    return Signal(
        kind="access.gated",
        purpose=Purpose.ACCESS,
        polarity=Polarity.CONDITIONAL,
        strength=Strength.OFFER,
        scope=Scope.RESPONSE,
        raw=raw[: DEFAULT_LIMITS.raw_text],
        evidence=evidence,
    )
