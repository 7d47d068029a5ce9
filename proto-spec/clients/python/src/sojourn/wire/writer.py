"""Puts columns behind a fixed part and a directory."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from . import integers

_DESCRIPTOR = struct.Struct("<BBHIII")
DESCRIPTOR_BYTES = _DESCRIPTOR.size
_PADDING = tuple(bytes(count) for count in range(8))


class BodyWriter:
    """Gathers columns in ascending order, then writes the body.

    A column is a directory entry of 16 bytes and its data, which begins at a multiple of 8:

        | column 1 | width 1 | parameter 2 | count 4 | offset 4 | length 4 |
    """

    def __init__(self) -> None:
        self._columns: list[tuple[int, int, int, int, bytes]] = []

    def __len__(self) -> int:
        return len(self._columns)

    def add(self, column: int, width: int, count: int, data: bytes, *, parameter: int = 0) -> None:
        self._columns.append((column, width, parameter, count, data))

    def add_integers(
        self,
        column: int,
        values: Sequence[int],
        width: int,
        *,
        signed: bool = False,
        parameter: int = 0,
    ) -> None:
        data = integers.pack(values, width, signed=signed)
        self.add(column, width, len(values), data, parameter=parameter)

    def add_index(self, column: int, values: Sequence[int], highest: int) -> None:
        """`highest` is the highest index that there can be; it settles the width."""
        self.add_integers(column, values, integers.width_unsigned(highest))

    def add_dictionary(self, column: int, entries: Sequence[bytes], *, one_size: bool) -> None:
        """Without ends where `one_size` allows it and all entries have one size."""
        data = b"".join(entries)
        size = len(entries[0]) if entries else 0
        if one_size and all(len(entry) == size for entry in entries):
            self.add(column, 0, len(entries), data, parameter=size)
            return
        width = 2 if len(data) < 1 << 16 else 4
        self.add(column, width, len(entries), ends(entries, width) + data)

    def body(self, fixed: bytes) -> bytes:
        """`fixed` is the fixed part, without its number of columns (2 bytes from byte 4 on)."""
        columns = self._columns
        place = len(fixed) + DESCRIPTOR_BYTES * len(columns)
        parts = [fixed[:4], struct.pack("<H", len(columns)), fixed[6:]]
        data_parts: list[bytes] = []
        for column, width, parameter, count, data in columns:
            padding = -place % 8
            place += padding
            length = len(data)
            parts.append(_DESCRIPTOR.pack(column, width, parameter, count, place, length))
            data_parts += _PADDING[padding], data
            place += length
        return b"".join(parts + data_parts)


def ends(entries: Sequence[bytes], width: int) -> bytes:
    """The number of bytes up to and with each entry."""
    total = 0
    found = []
    for entry in entries:
        total += len(entry)
        found.append(total)
    return integers.pack(found, width)
