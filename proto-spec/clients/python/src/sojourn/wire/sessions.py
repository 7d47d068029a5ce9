"""Records of sessions, as LOOKUP, FETCH and the feed have them."""

from __future__ import annotations

import struct
from typing import NamedTuple

from ..constants import CONTEXT_TEXTS, Column, ErrorCode
from .fault import Faults
from .reader import DICTIONARY, BodyReader, Rule, record_column
from .texts import read_texts

#     session id, first event, last event, value, engaged, ordinal, events, views, actions,
#     conversions, state, boundary out, reserved, context, landing page, exit page, path start,
#     path length, finishes
_SESSION = struct.Struct("<16sqqqqIIIIIBB2x8IIIIIq")
#     after, page
_PATH = struct.Struct("<II")
assert (_SESSION.size, _PATH.size) == (128, 8)

_CONTEXT_OFFSET, _LANDING_OFFSET, _EXIT_OFFSET, _PATH_OFFSET = 72, 104, 108, 112

SESSION_RULES: dict[int, Rule] = {
    Column.TEXTS: DICTIONARY,
    Column.SESSIONS: record_column(_SESSION.size),
    Column.PATH: record_column(_PATH.size),
}


class PathRecord(NamedTuple):
    """A view on the path of a session."""

    after: int
    """Milliseconds after the session's first event."""
    page: str | None


class SessionRecord(NamedTuple):
    id: bytes
    first_event: int
    last_event: int
    value: int
    engaged: int
    ordinal: int
    events: int
    views: int
    actions: int
    conversions: int
    state: int
    boundary_out: int
    context: tuple[str | None, ...]
    landing_page: str | None
    exit_page: str | None
    path: list[PathRecord]
    finishes: int


def read_sessions(reader: BodyReader) -> list[SessionRecord]:
    """The rows of the column `sessions`, with their texts and paths."""
    texts: list[str | None] = [None]
    texts += read_texts(reader.get(Column.TEXTS))

    faults = Faults()
    path: list[tuple[int, int]] = []
    if (view := reader.get(Column.PATH)) is not None:
        for row, data in enumerate(view.records()):
            after, page = _PATH.unpack_from(data)
            if page >= len(texts):
                at = view.offset + row * view.parameter + 4
                faults.add(ErrorCode.INDEX_OUT_OF_RANGE, at)
            path.append((after, page))

    rows = []
    if (view := reader.get(Column.SESSIONS)) is not None:
        for row, data in enumerate(view.records()):
            fields = _SESSION.unpack_from(data)
            rows.append(fields)
            at = view.offset + row * view.parameter
            *_, landing, exit, path_start, path_length, _ = fields
            for cell, text in enumerate(fields[12 : 12 + CONTEXT_TEXTS]):
                if text >= len(texts):
                    faults.add(ErrorCode.INDEX_OUT_OF_RANGE, at + _CONTEXT_OFFSET + 4 * cell)
            if landing >= len(texts):
                faults.add(ErrorCode.INDEX_OUT_OF_RANGE, at + _LANDING_OFFSET)
            if exit >= len(texts):
                faults.add(ErrorCode.INDEX_OUT_OF_RANGE, at + _EXIT_OFFSET)
            if path_start + path_length > len(path):
                faults.add(ErrorCode.INDEX_OUT_OF_RANGE, at + _PATH_OFFSET)
    faults.check()

    sessions = []
    for fields in rows:
        *counted, landing, exit, path_start, path_length, finishes = fields
        sessions.append(
            SessionRecord._make(
                (
                    *counted[:12],
                    tuple(texts[index] for index in counted[12:]),
                    texts[landing],
                    texts[exit],
                    [
                        PathRecord(after, texts[page])
                        for after, page in path[path_start : path_start + path_length]
                    ],
                    finishes,
                )
            )
        )
    return sessions
