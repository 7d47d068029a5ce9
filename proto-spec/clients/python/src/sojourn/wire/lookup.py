"""LOOKUP: what is known of a visitor, or of a session."""

from __future__ import annotations

import struct
from typing import NamedTuple

from ..constants import Column, LookupBy
from .reader import BodyReader
from .sessions import SESSION_RULES, SessionRecord, read_sessions

#     by, reserved, key length, reserved
_REQUEST = struct.Struct("<BBHI")
#     sessions, columns, reserved, clock
_REPLY = struct.Struct("<IHHq")
assert (_REQUEST.size, _REPLY.size) == (8, 16)


def write_lookup(by: LookupBy, key: bytes) -> bytes:
    return _REQUEST.pack(by, 0, len(key), 0) + key


class LookupReply(NamedTuple):
    clock: int
    sessions: list[SessionRecord]


def read_lookup_reply(body: memoryview) -> LookupReply:
    reader = BodyReader(body, _REPLY.size, SESSION_RULES)
    count, _, _, clock = _REPLY.unpack_from(body)
    reader.expect({Column.SESSIONS: count}, (Column.SESSIONS,) if count else ())
    return LookupReply(clock, read_sessions(reader))
