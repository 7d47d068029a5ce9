"""STATUS: what a server counts and measures of itself. The request has no body."""

from __future__ import annotations

import struct
from typing import NamedTuple

from ..constants import Column
from .reader import DICTIONARY, BodyReader, Rule, integer_column
from .texts import read_texts

#     gauges, columns, reserved, server time
_REPLY = struct.Struct("<IHHq")

_RULES: dict[int, Rule] = {
    Column.TEXTS: DICTIONARY,
    Column.GAUGES: integer_column(8, signed=True),
}


class StatusReply(NamedTuple):
    server_time: int
    gauges: dict[str, int]


def read_status_reply(body: memoryview) -> StatusReply:
    reader = BodyReader(body, _REPLY.size, _RULES)
    count, _, _, server_time = _REPLY.unpack_from(body)
    columns = (Column.TEXTS, Column.GAUGES)
    reader.expect(dict.fromkeys(columns, count), columns if count else ())
    names = read_texts(reader.get(Column.TEXTS))
    return StatusReply(server_time, dict(zip(names, reader.integers(Column.GAUGES), strict=True)))
