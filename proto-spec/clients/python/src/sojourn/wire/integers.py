"""Arrays of little-endian integers."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable

_UNSIGNED = {1: "B", 2: "H", 4: "I", 8: "Q"}
_SIGNED = {1: "b", 2: "h", 4: "i", 8: "q"}
_SWAPS = sys.byteorder == "big"


def width_unsigned(highest: int) -> int:
    """The bytes that an unsigned integer up to `highest` needs."""
    return 1 if highest < 1 << 8 else 2 if highest < 1 << 16 else 4 if highest < 1 << 32 else 8


def width_signed(lowest: int, highest: int) -> int:
    for width in (1, 2, 4):
        half = 1 << 8 * width - 1
        if -half <= lowest and highest < half:
            return width
    return 8


def pack(values: Iterable[int], width: int, *, signed: bool = False) -> bytes:
    integers = array((_SIGNED if signed else _UNSIGNED)[width], values)
    if _SWAPS:
        integers.byteswap()
    return integers.tobytes()


def unpack(data: memoryview, width: int, *, signed: bool = False) -> memoryview:
    """A view of the integers, in place where the machine is little-endian itself."""
    code = (_SIGNED if signed else _UNSIGNED)[width]
    if _SWAPS and width > 1:
        integers = array(code, data.tobytes())
        integers.byteswap()
        return memoryview(integers)
    return data.cast(code)  # type: ignore[call-overload, no-any-return]
