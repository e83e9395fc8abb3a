"""Real data that lives beside a checkout, never inside it; tests that need it skip where it is absent."""

from __future__ import annotations

import base64
import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(os.environ.get("CRAWLGATE_SHARED", Path(__file__).parents[2] / "shared"))


def shared(relative: str) -> Path:
    """The path of a shared file, or a skip that says what is missing."""
    path = ROOT / relative
    if not path.exists():
        pytest.skip(f"shared data is absent: {relative} (set CRAWLGATE_SHARED to its folder)")
    return path


def rows(relative: str) -> Iterator[dict[str, Any]]:
    """The JSON objects of a .jsonl or .jsonl.gz file."""
    path = shared(relative)
    opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")  # noqa: SIM115
    with opened as lines:
        for line in lines:
            yield json.loads(line)


def robots_body(row: dict[str, Any]) -> bytes:
    """The bytes of a robots.txt as it was received."""
    return base64.b64decode(row["robots_b64"]) if "robots_b64" in row else str(row["robots"]).encode("utf-8")
