"""The loop that finds rows whose URLs may be those of kept copies. Plain Python, compiled at first use."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"

from __future__ import annotations

from numba import njit

_BYTES = 7
_SLASH, _COLON, _CASE = ord("/"), ord(":"), 0x20


def packed_ending(name: str) -> int:
    """The end of a host's name as a number, as `may_be_copies` compares it."""
    found = 0
    for byte in name.encode()[-_BYTES:]:
        found = found << 8 | byte | _CASE
    return found


@njit(cache=True, nogil=True)
def may_be_copies(data, offsets, endings, found):
    """Marks the rows whose URL holds "/http" behind its own beginning, or whose host ends as one of `endings`: all
    copies, and some rows more."""
    for row in range(len(offsets) - 1):
        begin, end = offsets[row], offsets[row + 1]
        place = begin
        while place + 2 < end and not (
            data[place] == _COLON and data[place + 1] == _SLASH and data[place + 2] == _SLASH
        ):
            place += 1
        place += 3
        last = 0
        while place < end and data[place] != _SLASH and data[place] != _COLON:
            last = (last << 8 | data[place] | _CASE) & 0xFFFFFFFFFFFFFF
            place += 1
        for ending in endings:
            if last == ending:
                found[row] = True
                break
        while not found[row] and place + 4 < end:
            if data[place] == _SLASH and data[place + 1] | _CASE == 0x68 and data[place + 2] | _CASE == 0x74:
                found[row] = data[place + 3] | _CASE == 0x74 and data[place + 4] | _CASE == 0x70
            place += 1
