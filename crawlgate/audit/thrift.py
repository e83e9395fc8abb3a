"""Thrift's compact protocol, as far as the footer of a Parquet file needs it: structs to values by field, and back.

A struct is a dict of field number to `Field`; a list is its element type and its elements. What is not understood is
kept as it is, since every type of the protocol is (thrift-compact-protocol.md).
"""

from __future__ import annotations

from typing import Any, NamedTuple

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)


class Field(NamedTuple):
    """A value with its type; booleans are values of type 1."""

    type: int
    value: Any


Struct = dict[int, Field]


class Elements(NamedTuple):
    """A list or set: the type of its elements, and these."""

    type: int
    values: list[Any]


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def at(self) -> int:
        """How many bytes were read."""
        return self._at

    def byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def take(self, count: int) -> bytes:
        self._at += count
        if self._at > len(self._data):
            raise IndexError
        return self._data[self._at - count : self._at]

    def value(self, kind: int) -> Any:
        if kind == _BYTE or kind in (_TRUE, _FALSE):  # of a list: booleans are bytes there
            return self.byte()
        if kind in (_I16, _I32, _I64):
            raw = self.varint()
            return (raw >> 1) ^ -(raw & 1)
        if kind == _DOUBLE:
            return self.take(8)
        if kind == _BINARY:
            return self.take(self.varint())
        if kind in (_LIST, _SET):
            head = self.byte()
            size = head >> 4 if head >> 4 != 15 else self.varint()
            return Elements(head & 15, [self.value(head & 15) for _ in range(size)])
        if kind == _STRUCT:
            return self.struct()
        raise ValueError(f"type {kind} of the compact protocol")

    def struct(self) -> Struct:
        found: Struct = {}
        number = 0
        while head := self.byte():
            kind = head & 15
            number = number + (head >> 4) if head >> 4 else self.value(_I16)
            found[number] = Field(_TRUE, kind == _TRUE) if kind in (_TRUE, _FALSE) else Field(kind, self.value(kind))
        return found


def read(data: bytes) -> Struct:
    """The struct that `data` begins with. Raises `ValueError` for what is none."""
    try:
        return _Reader(data).struct()
    except (IndexError, RecursionError):
        raise ValueError("the data are no struct of the compact protocol") from None


def read_sized(data: bytes) -> tuple[Struct, int]:
    """The struct that `data` begins with, and how many bytes it takes. Raises `ValueError` for what is none."""
    reader = _Reader(data)
    try:
        return reader.struct(), reader.at
    except (IndexError, RecursionError):
        raise ValueError("the data are no struct of the compact protocol") from None


def write(struct: Struct) -> bytes:
    """The struct as bytes; those that were read, if nothing changed."""
    out = bytearray()
    _struct(out, struct)
    return bytes(out)


def _struct(out: bytearray, struct: Struct) -> None:
    before = 0
    for number, (kind, value) in sorted(struct.items()):
        marked = kind if kind != _TRUE else _TRUE if value else _FALSE
        if 0 < number - before < 16:
            out.append((number - before) << 4 | marked)
        else:
            out.append(marked)
            _varint(out, number << 1)
        if kind != _TRUE:
            _value(out, kind, value)
        before = number
    out.append(0)


def _value(out: bytearray, kind: int, value: Any) -> None:
    if kind in (_BYTE, _TRUE, _FALSE):
        out.append(value)
    elif kind in (_I16, _I32, _I64):
        _varint(out, (value << 1) ^ (value >> 63))
    elif kind == _DOUBLE:
        out += value
    elif kind == _BINARY:
        _varint(out, len(value))
        out += value
    elif kind in (_LIST, _SET):
        size = len(value.values)
        out.append(min(size, 15) << 4 | value.type)
        if size >= 15:
            _varint(out, size)
        for one in value.values:
            _value(out, value.type, one)
    else:
        _struct(out, value)


def _varint(out: bytearray, value: int) -> None:
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
