"""FETCH: what happened to sessions, in order; and the entries of the feed."""

from __future__ import annotations

import struct
from typing import NamedTuple

from ..constants import Column, EntryKind, ErrorCode
from .fault import Faults, WireFault
from .header import HEADER_BYTES
from .reader import BodyReader, ColumnView, Rule, integer_column, record_column
from .sessions import SESSION_RULES, SessionRecord, read_sessions

#     entries, partition, reserved, position, index, reserved
_REQUEST = struct.Struct("<IHHQII")
#     entries, columns, reserved, position, index, flags, first partition, last partition, reserved
_REPLY = struct.Struct("<IHHQIIHHI")
#     position, index, property, kind, reserved, row, visitor
_ENTRY = struct.Struct("<QIIB3xI16s")
assert (_REQUEST.size, _REPLY.size, _ENTRY.size) == (24, 32, 40)

FLAG_MORE = 1

_RULES: dict[int, Rule] = {
    **SESSION_RULES,
    Column.REVISION_NUMBER: integer_column(8),
    Column.REVISION_FROM: record_column(16),
    Column.REVISION_INTO: record_column(16),
    Column.REVISION_CAUSE: integer_column(1),
    Column.REVISION_PARTITION: integer_column(2),
    Column.ENTRIES: record_column(_ENTRY.size),
}
_REVISION_COLUMNS = (
    Column.REVISION_NUMBER,
    Column.REVISION_FROM,
    Column.REVISION_INTO,
    Column.REVISION_CAUSE,
    Column.REVISION_PARTITION,
)


def write_fetch(partition: int, position: int, index: int, entries: int) -> bytes:
    return _REQUEST.pack(entries, partition, 0, position, index, 0)


class EntryRecord(NamedTuple):
    place: tuple[int, int]
    """Position and index."""
    property: int
    kind: EntryKind
    row: int
    """Of the sessions, or of the revisions."""
    visitor: bytes


class FetchReply(NamedTuple):
    place: tuple[int, int]
    """Of the last entry."""
    more: bool
    first_partition: int
    """Of those whose order this is."""
    last_partition: int
    """Still one of them."""
    entries: list[EntryRecord]
    sessions: list[SessionRecord]

    revision_number: memoryview
    revision_from: ColumnView | None
    revision_into: ColumnView | None
    revision_cause: memoryview
    revision_partition: memoryview


def read_fetch_reply(body: memoryview, *, is_feed: bool = False) -> FetchReply:
    """`is_feed` lets in entries that only the feed has."""
    faults = Faults()
    if len(body) >= _REPLY.size and any(body[28:32]):
        faults.add(ErrorCode.BODY_RESERVED_NOT_ZERO, HEADER_BYTES + 28)
    reader = BodyReader(body, _REPLY.size, _RULES, faults)
    count, _, _, position, index, flags, first, last, _ = _REPLY.unpack_from(body)
    reader.expect({Column.ENTRIES: count}, (Column.ENTRIES,) if count else ())
    sessions = read_sessions(reader)
    revisions = _count_revisions(reader)

    faults = Faults()
    found = []
    if (view := reader.get(Column.ENTRIES)) is not None:
        for entry, data in enumerate(view.records()):
            fields = _ENTRY.unpack_from(data)
            found.append(fields)
            at = view.offset + entry * view.parameter
            *_, kind, row, _ = fields
            if (
                not EntryKind.FINISHED
                <= kind
                <= (EntryKind.OPENED if is_feed else EntryKind.REVISED)
            ):
                faults.add(ErrorCode.BAD_KIND, at + 16)
            if row >= (revisions if kind == EntryKind.REVISED else len(sessions)):
                faults.add(ErrorCode.INDEX_OUT_OF_RANGE, at + 20)
    faults.check()
    return FetchReply(
        (position, index),
        bool(flags & FLAG_MORE),
        first,
        last,
        [
            EntryRecord((position, index), property, EntryKind(kind), row, visitor)
            for position, index, property, kind, row, visitor in found
        ],
        sessions,
        reader.integers(Column.REVISION_NUMBER),
        reader.get(Column.REVISION_FROM),
        reader.get(Column.REVISION_INTO),
        reader.integers(Column.REVISION_CAUSE),
        reader.integers(Column.REVISION_PARTITION),
    )


def _count_revisions(reader: BodyReader) -> int:
    """All five columns have as many elements as the first."""
    numbers = reader.get(Column.REVISION_NUMBER)
    count = numbers.elements if numbers is not None else 0
    for column in _REVISION_COLUMNS:
        view = reader.get(column)
        if view is None:
            if count:
                raise WireFault(ErrorCode.MISSING_COLUMN)
        elif view.elements != count:
            raise WireFault(ErrorCode.BAD_ELEMENT_COUNT, view.descriptor + 4)
    return count
