"""Whether the service can answer: live, the process is there; ready, answers can be recorded and the lists are read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from ..errors import CrawlgateError
from ..gate import AsyncGate

_WAIT = 5.0
"""Seconds for a disk to say that it takes a file; a hanging one is none."""


async def readiness(gate: AsyncGate) -> dict[str, Any]:
    """`status` is `ready`, `degraded` (feeds are out of their term: answers say so) or `unready`, with the reasons."""
    core = gate.core
    ledger = await _ledger(gate)
    try:
        ticks = core.clock.ticks()
        if ticks >= core.lists.due:
            core.look_for_lists(ticks)
        lists_error = None
    except CrawlgateError as error:
        lists_error = str(error)
    lists = core.lists
    well = ledger is None and lists_error is None
    return {
        "status": ("degraded" if lists.stale else "ready") if well else "unready",
        "mode": "enforce" if core.enforcing else "observe",
        "ledger": {"writable": ledger is None, "error": ledger},
        "lists": {
            "loaded": len(lists.lists),
            "entries": sum(len(loaded.listing) for loaded in lists.lists),
            "stale": list(lists.stale),
            "error": lists_error,
        },
    }


async def _ledger(gate: AsyncGate) -> str | None:
    """Why records cannot be kept, or None: what was written comes to the disk, and the disk takes a new file."""
    with anyio.move_on_after(_WAIT):
        try:
            await anyio.to_thread.run_sync(_try, gate, abandon_on_cancel=True)
        except CrawlgateError as error:
            return str(error)
        except OSError as error:
            return f"{gate.core.home.path}: {error.strerror or error}"
        return None
    return f"{gate.core.home.path}: the disk did not answer within {_WAIT:g} s"


def _try(gate: AsyncGate) -> None:
    gate.core.ledger.sync()
    path = Path(gate.core.home.path) / f".probe-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        with path.open("xb") as file:
            file.write(b"\0" * 4096)
            file.flush()
            os.fsync(file.fileno())
    finally:
        path.unlink(missing_ok=True)
