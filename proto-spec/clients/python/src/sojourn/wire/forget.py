"""FORGET: erases what is kept of a visitor. The request is that of a look-up by visitor."""

from __future__ import annotations

import struct
from typing import NamedTuple

from ..constants import ErrorCode
from .fault import Faults, WireFault
from .header import HEADER_BYTES

#     live sessions, reserved, position
_REPLY = struct.Struct("<IIQ")
assert _REPLY.size == 16


class ForgetReply(NamedTuple):
    live_sessions: int
    position: int


def read_forget_reply(body: memoryview) -> ForgetReply:
    if len(body) < _REPLY.size:
        raise WireFault(ErrorCode.TRUNCATED_BODY, HEADER_BYTES + len(body))
    live_sessions, reserved, position = _REPLY.unpack_from(body)
    faults = Faults()
    if reserved:
        faults.add(ErrorCode.BODY_RESERVED_NOT_ZERO, HEADER_BYTES + 4)
    if len(body) > _REPLY.size:
        faults.add(ErrorCode.TRAILING_BYTES, HEADER_BYTES + _REPLY.size)
    faults.check()
    return ForgetReply(live_sessions, position)
