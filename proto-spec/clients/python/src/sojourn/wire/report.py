"""REPORT: a question over sessions, and the figures that answer it."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from ..constants import Column, ErrorCode, RowKind
from .fault import Faults
from .header import HEADER_BYTES
from .reader import DICTIONARY, BodyReader, Rule, record_column
from .texts import read_texts
from .writer import BodyWriter

#     question, grouping, flags, columns, reserved, start, end, rows, page
_REQUEST = struct.Struct("<BBHHHqqII")
#     dimension or match, flags, reserved, text
_CONDITION = struct.Struct("<BBHI")
#     rows, columns, reserved, clock, start, end, live sessions, automated, time zone, reserved
_REPLY = struct.Struct("<IHHqqqQQII")
#     kind, flags, reserved, text, next text, parent, time, sessions, visitors, new visitors, views,
#     actions, conversions, converted, engaged, value, duration, median
_ROW = struct.Struct("<BBHIIIq8Qqqq")
assert (_REQUEST.size, _CONDITION.size, _REPLY.size, _ROW.size) == (32, 8, 56, 112)

NO_START = -(1 << 63)
NO_END = (1 << 63) - 1
FLAG_NEGATED = 1
FLAG_PREVIOUS = 1

_RULES: dict[int, Rule] = {
    Column.TEXTS: DICTIONARY,
    Column.REPORT_ROWS: record_column(_ROW.size),
}


class Condition(NamedTuple):
    """A record of the columns `filters` and `steps`."""

    code: int
    """The dimension, or how the text is matched."""
    flags: int
    text: str
    """Of no characters for what is not known."""


class ReportRequest(NamedTuple):
    question: int
    grouping: int
    flags: int
    start: int
    end: int
    rows: int
    page: str
    filters: Sequence[Condition]
    steps: Sequence[Condition]


def write_report(request: ReportRequest) -> bytes:
    rows: dict[str, int] = {}

    def reference(text: str) -> int:
        """Text plus one; 0 for the text of no characters."""
        return rows.setdefault(text, len(rows) + 1) if text else 0

    def records(conditions: Sequence[Condition]) -> list[bytes]:
        return [
            _CONDITION.pack(code, flags, 0, reference(text)) for code, flags, text in conditions
        ]

    page = reference(request.page)
    columns = {
        Column.FILTERS: records(request.filters),
        Column.STEPS: records(request.steps),
    }
    writer = BodyWriter()
    if rows:
        writer.add_dictionary(Column.TEXTS, [text.encode() for text in rows], one_size=False)
    for column, data in columns.items():
        if data:
            writer.add(column, 0, len(data), b"".join(data), parameter=_CONDITION.size)
    # The number of columns stands at byte 4, as everywhere.
    fixed = _REQUEST.pack(
        request.question,
        request.grouping,
        request.flags,
        0,
        0,
        request.start,
        request.end,
        request.rows,
        page,
    )
    return writer.body(fixed)


class RowRecord(NamedTuple):
    kind: RowKind
    is_previous: bool
    text: str | None
    next_text: str | None
    parent: int | None
    time: int | None
    sessions: int
    visitors: int
    new_visitors: int
    views: int
    actions: int
    conversions: int
    converted: int
    engaged: int
    value: int
    duration: int
    median: int


class ReportReply(NamedTuple):
    clock: int
    start: int
    end: int
    live_sessions: int
    automated_sessions: int
    time_zone: str | None
    rows: list[RowRecord]


def read_report_reply(body: memoryview) -> ReportReply:
    faults = Faults()
    if len(body) >= _REPLY.size and any(body[52:56]):
        faults.add(ErrorCode.BODY_RESERVED_NOT_ZERO, HEADER_BYTES + 52)
    reader = BodyReader(body, _REPLY.size, _RULES, faults)
    count, _, _, clock, start, end, live, automated, zone, _ = _REPLY.unpack_from(body)
    reader.expect({Column.REPORT_ROWS: count}, (Column.REPORT_ROWS,) if count else ())
    texts: list[str | None] = [None]
    texts += read_texts(reader.get(Column.TEXTS))

    faults = Faults()
    if zone >= len(texts):
        faults.add(ErrorCode.INDEX_OUT_OF_RANGE, HEADER_BYTES + 48)
    found = []
    if (view := reader.get(Column.REPORT_ROWS)) is not None:
        for row, data in enumerate(view.records()):
            fields = _ROW.unpack_from(data)
            found.append(fields)
            at = view.offset + row * view.parameter
            kind, _, _, text, next_text, parent, *_ = fields
            if kind > RowKind.REST:
                faults.add(ErrorCode.BAD_KIND, at)
            if text >= len(texts):
                faults.add(ErrorCode.INDEX_OUT_OF_RANGE, at + 4)
            if next_text >= len(texts):
                faults.add(ErrorCode.INDEX_OUT_OF_RANGE, at + 8)
            if parent > row:
                faults.add(ErrorCode.INDEX_OUT_OF_RANGE, at + 12)
    faults.check()

    rows = [
        RowRecord(
            RowKind(kind),
            bool(flags & FLAG_PREVIOUS),
            texts[text],
            texts[next_text],
            parent - 1 if parent else None,
            None if time == NO_START else time,
            *figures,
        )
        for kind, flags, _, text, next_text, parent, time, *figures in found
    ]
    return ReportReply(clock, start, end, live, automated, texts[zone], rows)
