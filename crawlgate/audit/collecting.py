"""Python's search for cyclic garbage, put off while much is made that stays."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def put_off() -> Iterator[None]:
    """Objects that are made in here are not searched for cycles until the end. What is learnt of many hosts stays as
    long as the audit does, so that searching it again and again finds nothing."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
