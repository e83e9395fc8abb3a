"""Eight octets of a text at once, for loops that compare, order or hash texts. Compiled code only."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"
from __future__ import annotations

import sys
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .compiled import loop


def _place(builder: Any, context: Any, kind: Any, args: Any) -> Any:
    return builder.gep(context.make_array(kind)(context, builder, args[0]).data, [args[1]])


def _reading(*, first_octet_highest: bool) -> Any:
    swapped = first_octet_highest == (sys.byteorder == "little")

    def read(_: Any, data: Any, at: Any) -> Any:  # noqa: ARG001 - types
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            place = _place(builder, context, signature.args[0], args)
            found = builder.load(builder.bitcast(place, ir.IntType(64).as_pointer()), align=1)
            return builder.bswap(found) if swapped else found

        return types.uint64(data, types.int64), code

    return intrinsic(read)


def _reading_one(_: Any, data: Any, at: Any) -> Any:  # noqa: ARG001 - types
    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_place(builder, context, signature.args[0], args))

    return data.dtype(data, types.int64), code


at_place: Any = intrinsic(_reading_one)
"""`data[at]` for a place that is known to be there, without asking whether it is counted from the end."""


word: Any = _reading(first_octet_highest=False)
"""`word(data, at)`: the octets from `at` on, the first one lowest. `data` has eight there: nothing checks it."""

ordered_word: Any = _reading(first_octet_highest=True)
"""The same with the first octet highest: such numbers are in the order of the texts."""


@loop(inline="always")
def head(data, begin, end):
    """The first eight octets of a text as a number in the order of texts; what is shorter is filled up with zeros."""
    if end - begin >= 8:
        return ordered_word(data, begin)
    found = np.uint64(0)
    for n in range(8):
        found <<= np.uint64(8)
        if begin + n < end:
            found |= np.uint64(data[begin + n])
    return found


@loop(inline="always")
def alike(data, at, others, place, size):
    """True if `size` octets of two texts are the same."""
    if size < 8:
        for n in range(size):  # noqa: SIM110 - a generator is slow to compile
            if data[at + n] != others[place + n]:
                return False
        return True
    last = size - 8  # the last eight overlap those before
    n = 0
    while n < last:
        if word(data, at + n) != word(others, place + n):
            return False
        n += 8
    return word(data, at + last) == word(others, place + last)


_FACTOR = np.uint64(0x9E3779B97F4A7C15)


@loop(inline="always")
def hashed(data, begin, end):
    """A 64-bit hash of a text."""
    mixed = np.uint64(end - begin) * _FACTOR
    if end - begin < 8:
        for n in range(begin, end):
            mixed = (mixed ^ np.uint64(data[n])) * _FACTOR
    else:
        at = begin
        while at < end - 8:
            mixed = (mixed ^ word(data, at)) * _FACTOR
            mixed ^= mixed >> np.uint64(32)
            at += 8
        mixed = (mixed ^ word(data, end - 8)) * _FACTOR
    mixed = (mixed ^ (mixed >> np.uint64(29))) * _FACTOR
    return mixed ^ (mixed >> np.uint64(32))
