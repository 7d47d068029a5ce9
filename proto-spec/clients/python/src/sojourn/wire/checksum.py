"""CRC-32C (Castagnoli), by the fastest means at hand.

`google-crc32c` and `crc32c` use the processor's instruction (microseconds for a batch); numpy
folds many lanes of a message at once (tenths of a millisecond); without either, a table is walked
byte by byte (milliseconds).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

_POLYNOMIAL = 0x82F6_3B78


def _table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
        table.append(byte)
    return table


_TABLE = _table()


def crc32c_table(data: bytes | bytearray | memoryview) -> int:
    """Walks a table byte by byte; needs nothing but Python."""
    table = _TABLE
    state = 0xFFFF_FFFF
    for byte in bytes(data):
        state = table[(state ^ byte) & 0xFF] ^ state >> 8
    return state ^ 0xFFFF_FFFF


class _Lanes:
    """CRC-32C of many stretches of a message at once, which are then joined pairwise.

    A message is cut into lanes of 64 bytes. The register of each lane is advanced two bytes a
    step, in one numpy operation for all of them. Two neighbours are joined by moving the left
    register over as many zero bytes as the right stretch has, which is linear: four look-ups.
    """

    LANE = 64

    def __init__(self) -> None:
        import numpy as np

        self._np: Any = np
        table = np.array(_TABLE, dtype=np.uint32)
        pairs = np.arange(65_536, dtype=np.uint32)
        self._pair_table = self._over_byte(table, self._over_byte(table, pairs))
        self._skips: list[np.ndarray[Any, Any]] = [self._skip(table)]

    @staticmethod
    def _over_byte(table: Any, state: Any) -> Any:
        """The register after one more byte of zeros (the byte was mixed in before)."""
        return table[state & 0xFF] ^ (state >> 8)

    def _skip(self, table: Any) -> Any:
        """Four tables that move a register over the zeros of one lane."""
        np = self._np
        states = np.arange(256, dtype=np.uint32) << np.array([[0], [8], [16], [24]], np.uint32)
        states = states.astype(np.uint32)
        for _ in range(self.LANE):
            states = self._over_byte(table, states)
        return states

    def _skip_tables(self, level: int) -> Any:
        """Those for 2**level lanes."""
        while len(self._skips) <= level:
            last = self._skips[-1]
            self._skips.append(self._move(last, last))
        return self._skips[level]

    @staticmethod
    def _move(tables: Any, state: Any) -> Any:
        return (
            tables[0][state & 0xFF]
            ^ tables[1][state >> 8 & 0xFF]
            ^ tables[2][state >> 16 & 0xFF]
            ^ tables[3][state >> 24]
        )

    def checksum(self, data: bytes | bytearray | memoryview) -> int:
        np = self._np
        size = len(data)
        lanes = 1
        while lanes * self.LANE < size:
            lanes *= 2
        # Zeros in front leave a register of zero alone; the initial value is mixed into the
        # first four bytes instead.
        padded = np.zeros(lanes * self.LANE, dtype=np.uint8)
        start = len(padded) - size
        padded[start:] = np.frombuffer(data, dtype=np.uint8)
        padded[start : start + 4] ^= 0xFF
        words = np.ascontiguousarray(
            padded.view("<u2").reshape(lanes, self.LANE // 2).T.astype(np.uint32)
        )
        state = np.zeros(lanes, dtype=np.uint32)
        for word in words:
            state ^= word
            state = self._pair_table[state & 0xFFFF] ^ (state >> 16)
        level = 0
        while len(state) > 1:
            state = self._move(self._skip_tables(level), state[0::2]) ^ state[1::2]
            level += 1
        return int(state[0]) ^ 0xFFFF_FFFF


_LANES_WORTH_IT = 1_024


def numpy_crc32c() -> Callable[[bytes | bytearray | memoryview], int]:
    """A function that uses numpy for long messages; raises ImportError without numpy."""
    lanes = _Lanes()

    def crc32c_numpy(data: bytes | bytearray | memoryview) -> int:
        return lanes.checksum(data) if len(data) >= _LANES_WORTH_IT else crc32c_table(data)

    return crc32c_numpy


def _fastest() -> Callable[[bytes | bytearray | memoryview], int]:
    try:
        import google_crc32c

        if google_crc32c.implementation == "c":
            value: Callable[[bytes], int] = google_crc32c.value
            return lambda data: value(data if isinstance(data, bytes) else bytes(data))
    except ImportError:
        pass
    try:
        from crc32c import crc32c as native  # type: ignore[import-not-found]

        return lambda data: int(native(data))
    except ImportError:
        pass
    try:
        return numpy_crc32c()
    except ImportError:
        return crc32c_table


crc32c: Callable[[bytes | bytearray | memoryview], int] = _fastest()
"""CRC-32C of some bytes; that of none is 0."""
