"""ERROR: a refusal."""

from __future__ import annotations

import struct
from typing import NamedTuple

from ..constants import ErrorCode
from .fault import Faults, WireFault
from .header import HEADER_BYTES
from .hello import read_text

#     code, flags, reserved, retry after, offset, lowest version, highest version, message length
_FIXED = struct.Struct("<HBBIIBBH")
assert _FIXED.size == 16

NO_OFFSET = 0xFFFF_FFFF
FLAG_RETRIABLE = 1


class ErrorReply(NamedTuple):
    code: int
    retriable: bool
    retry_after: int
    """Milliseconds."""
    offset: int | None
    lowest_version: int
    highest_version: int
    message: str


def read_error(body: memoryview) -> ErrorReply:
    if len(body) < _FIXED.size:
        raise WireFault(ErrorCode.TRUNCATED_BODY, HEADER_BYTES + len(body))
    code, flags, reserved, retry_after, offset, lowest, highest, length = _FIXED.unpack_from(body)
    end = _FIXED.size + length
    if len(body) < end:
        raise WireFault(ErrorCode.TRUNCATED_BODY, HEADER_BYTES + len(body))
    faults = Faults()
    if reserved:
        faults.add(ErrorCode.BODY_RESERVED_NOT_ZERO, HEADER_BYTES + 3)
    if len(body) > end:
        faults.add(ErrorCode.TRAILING_BYTES, HEADER_BYTES + end)
    faults.check()
    return ErrorReply(
        code,
        bool(flags & FLAG_RETRIABLE),
        retry_after,
        None if offset == NO_OFFSET else offset,
        lowest,
        highest,
        read_text(body, _FIXED.size, end),
    )
