"""How much work something is: comparisons that hold on a busy machine."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

ROUNDS = 12
"""Rounds in which the least time of both is looked for. Noise only ever adds, so that a reader that is linear passes
in some round, and one that is not passes in none."""

JITTER = 0.001
"""Seconds below which processor time tells nothing."""


def seconds(work: Callable[[], object]) -> float:
    """Processor time of one run; the collector does not run meanwhile."""
    gc.disable()
    try:
        start = time.process_time()
        work()
        return time.process_time() - start
    finally:
        gc.enable()


def assert_linear(make: Callable[[int], T], read: Callable[[T], object], size: int, *, most: float = 3.0) -> None:
    """Twice the input is at most `most` times the work: the least processor time of several runs of each.

    Where that fails, neighbours that take the caches away may be why: four and eight times the input then decide, for
    which quadratic work is sixteen and sixty-four times as much.
    """
    read(make(size))  # what is loaded or compiled at first is no part of it
    told = ""
    for power in (1, 2, 3):
        told = _grows(make, read, size, 2**power, most**power, rounds=ROUNDS >> (power - 1))
        if not told:
            return
    raise AssertionError(told)


def _grows(
    make: Callable[[int], T], read: Callable[[T], object], size: int, times: int, most: float, *, rounds: int
) -> str:
    """What is wrong with the work for `times` the input; empty if it is at most `most` times as much."""
    few, many = make(size), make(times * size)
    single = several = float("inf")
    for _ in range(rounds):
        single = min(single, seconds(lambda: read(few)))
        several = min(several, seconds(lambda: read(many)))
        if several <= most * single + JITTER:
            return ""
    return f"{several * 1000:.1f} ms for {times} times the input, {single * 1000:.1f} ms for the input"


def assert_within(most: float, work: Callable[[], object]) -> None:
    """Some run takes at most `most` seconds of processor time: a generous bound, far from what is measured."""
    least = float("inf")
    for _ in range(3):
        least = min(least, seconds(work))
        if least <= most:
            return
    raise AssertionError(f"{least:.2f} s of processor time, more than {most:.2f}")
