"""ASSIGN: a batch of events, and the sessions that they belong to."""

from __future__ import annotations

import struct
from typing import NamedTuple

from ..constants import Column, ErrorCode
from .fault import WireFault
from .reader import INDEX, BodyReader, ColumnView, Rule, integer_column, record_column
from .writer import BodyWriter

#     events, columns, reserved, base time
_REQUEST = struct.Struct("<IHHq")
#     events, columns, reserved, sessions, revisions, clock
_REPLY = struct.Struct("<IHHIIq")
assert (_REQUEST.size, _REPLY.size) == (16, 24)

NO_CLOCK = -(1 << 63)

_REPLY_RULES: dict[int, Rule] = {
    Column.SESSION_ID: record_column(16),
    Column.SESSION_SHIFT: integer_column(1, 2, 4, 8),
    Column.ORDINAL: integer_column(1, 2, 4),
    Column.SESSION_STATE: integer_column(1),
    Column.SESSION: INDEX,
    Column.POSITION: integer_column(1, 2, 4),
    Column.OUTCOME: integer_column(1),
    Column.REVISION_NUMBER: integer_column(8),
    Column.REVISION_FROM: record_column(16),
    Column.REVISION_INTO: record_column(16),
    Column.REVISION_CAUSE: integer_column(1),
    Column.REVISION_PARTITION: integer_column(2),
}
_SESSION_COLUMNS = (Column.SESSION_ID, Column.ORDINAL, Column.SESSION_STATE)
_EVENT_COLUMNS = (Column.SESSION, Column.POSITION, Column.OUTCOME)
_REVISION_COLUMNS = (
    Column.REVISION_NUMBER,
    Column.REVISION_FROM,
    Column.REVISION_INTO,
    Column.REVISION_CAUSE,
    Column.REVISION_PARTITION,
)


def write_assign(events: int, base_time: int, writer: BodyWriter) -> bytes:
    return writer.body(_REQUEST.pack(events, 0, 0, base_time))


class AssignReply(NamedTuple):
    """The columns of an answer, as they stand in its bytes."""

    events: int
    sessions: int
    revisions: int
    clock: int | None
    """Of the property when the batch was admitted, in milliseconds; None before its first event."""

    session_id: ColumnView | None
    session_shift: memoryview
    """Empty when no session is shifted."""
    ordinal: memoryview
    session_state: memoryview

    session: memoryview
    """Row of the session plus one, an event each; 0 for none."""
    position: memoryview
    outcome: memoryview

    revision_number: memoryview
    revision_from: ColumnView | None
    revision_into: ColumnView | None
    revision_cause: memoryview
    revision_partition: memoryview


def read_assign_reply(body: memoryview) -> AssignReply:
    reader = BodyReader(body, _REPLY.size, _REPLY_RULES)
    events, _, _, sessions, revisions, clock = _REPLY.unpack_from(body)
    counts: dict[int, int] = dict.fromkeys(_EVENT_COLUMNS, events)
    counts.update(dict.fromkeys(_SESSION_COLUMNS, sessions))
    counts[Column.SESSION_SHIFT] = sessions
    counts.update(dict.fromkeys(_REVISION_COLUMNS, revisions))
    required: tuple[Column, ...] = ()
    if events:
        required += _EVENT_COLUMNS
    if sessions:
        required += _SESSION_COLUMNS
    if revisions:
        required += _REVISION_COLUMNS
    reader.expect(counts, required)
    session = reader.integers(Column.SESSION)
    if events and highest(session) > sessions:
        wrong = next(event for event, row in enumerate(session) if row > sessions)
        view = reader[Column.SESSION]
        raise WireFault(ErrorCode.INDEX_OUT_OF_RANGE, view.offset + wrong * view.width)
    return AssignReply(
        events,
        sessions,
        revisions,
        None if clock == NO_CLOCK else clock,
        reader.get(Column.SESSION_ID),
        reader.integers(Column.SESSION_SHIFT),
        reader.integers(Column.ORDINAL),
        reader.integers(Column.SESSION_STATE),
        session,
        reader.integers(Column.POSITION),
        reader.integers(Column.OUTCOME),
        reader.integers(Column.REVISION_NUMBER),
        reader.get(Column.REVISION_FROM),
        reader.get(Column.REVISION_INTO),
        reader.integers(Column.REVISION_CAUSE),
        reader.integers(Column.REVISION_PARTITION),
    )


try:
    import numpy as _numpy

    def highest(column: memoryview) -> int:
        """The greatest element of a column that has some."""
        return int(_numpy.asarray(column).max())

except ImportError:

    def highest(column: memoryview) -> int:
        """The greatest element of a column that has some."""
        return int(max(column))
