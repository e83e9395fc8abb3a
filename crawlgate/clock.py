"""Where time comes from. Everything below the gate takes time as an argument."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """`now()` is wall-clock time in UTC, for records; `ticks()` are seconds that only go forward, for ages."""

    def now(self) -> datetime: ...

    def ticks(self) -> float: ...


class SystemClock:
    """The machine's clocks. Ticks include time asleep where the system offers that, so that a laptop that
    slept for two days does not believe in a fresh robots.txt."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    if hasattr(time, "CLOCK_BOOTTIME"):

        def ticks(self) -> float:
            return time.clock_gettime(time.CLOCK_BOOTTIME)

    else:

        def ticks(self) -> float:
            return time.monotonic()
