"""What a client reads: replies to and from the content of the golden messages.

Reading is the client's own; writing is here because a client never does it.
"""

from __future__ import annotations

import struct
import uuid

import reports_codec
from session_json import (
    label,
    member,
    revision_json,
    session_json,
    session_record,
    state_of,
)
from shared import (
    ChosenWriter,
    Json,
    encoding_json,
    header_json,
    header_of,
)
from sojourn.answer import Answer
from sojourn.constants import Column, ErrorCode, Operation, Outcome, RevisionCause
from sojourn.wire import assign, error, hello, lookup, status
from sojourn.wire.fetch import read_fetch_reply
from sojourn.wire.header import FLAG_REPLY, read_frame
from sojourn.wire.sessions import SESSION_RULES

_NONE = (1 << 63) * -1


# Reading


def decode_reply(frame: bytes) -> tuple[Json, Json]:
    header, body = read_frame(frame, flags=FLAG_REPLY)
    match header.operation:
        case Operation.HELLO:
            content = _hello_json(hello.read_hello_reply(body))
        case Operation.ASSIGN:
            content = _assign_json(body)
        case Operation.LOOKUP:
            content = _lookup_json(body)
        case Operation.STATUS:
            content = _status_json(body)
        case Operation.REPORT:
            content = reports_codec.report_json(body)
        case Operation.FETCH:
            content = reports_codec.fetch_json(body, read_fetch_reply(body))
        case Operation.FORGET:
            content = reports_codec.forget_json(body)
        case _:
            content = _error_json(error.read_error(body))
    return header_json(header), content


def _hello_json(reply: hello.HelloReply) -> Json:
    json = reply._asdict()
    return json | {"deployment": reply.deployment.hex(), "server_time": str(reply.server_time)}


def _error_json(reply: error.ErrorReply) -> Json:
    return reply._asdict() | {"code": label(ErrorCode.of(reply.code))}


def _assign_json(body: memoryview) -> Json:
    answer = Answer(assign.read_assign_reply(body))
    return {
        "clock": str(_NONE if answer.clock is None else answer.clock),
        "sessions": [
            {
                "id": str(session.id),
                "start": str(session.start),
                "ordinal": session.ordinal,
                "boundary": label(session.boundary),
                "late": session.late,
                "merged": session.merged,
                "automated": session.automated,
                "ended": session.ended,
                "engaged": session.engaged,
            }
            for session in answer.sessions
        ],
        "events": [
            {
                "session": assignment.session_row,
                "position": assignment.position,
                "outcome": label(assignment.outcome),
            }
            for assignment in answer.assignments
        ],
        "revisions": [revision_json(revision) for revision in answer.revisions],
        "encoding": encoding_json(body, 24, assign._REPLY_RULES),
    }


def _lookup_json(body: memoryview) -> Json:
    reply = lookup.read_lookup_reply(body)
    return {
        "clock": str(reply.clock),
        "sessions": [session_json(record) for record in reply.sessions],
        "encoding": encoding_json(body, 16, SESSION_RULES),
    }


def _status_json(body: memoryview) -> Json:
    reply = status.read_status_reply(body)
    return {
        "server_time": str(reply.server_time),
        "gauges": [{"name": name, "value": str(value)} for name, value in reply.gauges.items()],
        "encoding": encoding_json(body, 16, status._RULES, has_texts=False),
    }


# Writing


def encode_reply(header: Json, body: Json) -> bytes:
    head = header_of(header)
    match head.operation:
        case Operation.HELLO:
            content = _write_hello(body)
        case Operation.ASSIGN:
            content = _write_assign(body)
        case Operation.LOOKUP:
            content = _write_lookup(body)
        case Operation.STATUS:
            content = _write_status(body)
        case Operation.REPORT:
            content = reports_codec.write_report_reply(body)
        case Operation.FETCH:
            content = reports_codec.write_fetch_reply(body)
        case Operation.FORGET:
            content = reports_codec.write_forget_reply(body)
        case _:
            content = _write_error(body)
    return head.frame(content)


def _write_hello(body: Json) -> bytes:
    name = body["name"].encode()
    version = body["server_version"].encode()
    return (
        struct.pack(
            "<B3xI16sqIIHHIIIIIHHHH",
            body["version"],
            body["features"],
            bytes.fromhex(body["deployment"]),
            int(body["server_time"]),
            body["message_bytes"],
            body["batch_events"],
            body["visitor_key_bytes"],
            body["text_bytes"],
            body["batch_texts"],
            body["batch_contexts"],
            body["credit"],
            body["producer_window"],
            body["partitions"],
            len(name),
            len(version),
            body["first_partition"],
            body["last_partition"],
        )
        + name
        + version
    )


def _write_error(body: Json) -> bytes:
    message = body["message"].encode()
    return (
        struct.pack(
            "<HBxIIBBH",
            member(ErrorCode, body["code"]),
            error.FLAG_RETRIABLE if body["retriable"] else 0,
            body["retry_after"],
            error.NO_OFFSET if body["offset"] is None else body["offset"],
            body["lowest_version"],
            body["highest_version"],
            len(message),
        )
        + message
    )


def _uuid_bytes(text: str) -> bytes:
    return uuid.UUID(text).bytes


def _write_assign(body: Json) -> bytes:
    chosen = ChosenWriter(body["encoding"])
    sessions, events, revisions = body["sessions"], body["events"], body["revisions"]
    ids = [_uuid_bytes(session["id"]) for session in sessions]
    chosen.records(Column.SESSION_ID, ids)
    shifts = [
        int.from_bytes(id[:6], "big") - int(session["start"])
        for id, session in zip(ids, sessions, strict=True)
    ]
    chosen.integers(Column.SESSION_SHIFT, shifts)
    chosen.integers(Column.ORDINAL, [session["ordinal"] for session in sessions])
    chosen.integers(Column.SESSION_STATE, [state_of(session) for session in sessions])
    rows = [0 if event["session"] is None else event["session"] + 1 for event in events]
    chosen.integers(Column.SESSION, rows)
    chosen.integers(Column.POSITION, [event["position"] for event in events])
    chosen.integers(Column.OUTCOME, [member(Outcome, event["outcome"]) for event in events])
    chosen.integers(Column.REVISION_NUMBER, [int(entry["number"]) for entry in revisions])
    chosen.records(Column.REVISION_FROM, [_uuid_bytes(entry["from"]) for entry in revisions])
    chosen.records(Column.REVISION_INTO, [_uuid_bytes(entry["into"]) for entry in revisions])
    causes = [member(RevisionCause, entry["cause"]) for entry in revisions]
    chosen.integers(Column.REVISION_CAUSE, causes)
    chosen.integers(Column.REVISION_PARTITION, [entry["partition"] for entry in revisions])
    fixed = struct.pack(
        "<IHHIIq", len(events), 0, 0, len(sessions), len(revisions), int(body["clock"])
    )
    return chosen.writer().body(fixed)


def _write_lookup(body: Json) -> bytes:
    chosen = ChosenWriter(body["encoding"])
    words = body["encoding"].get("texts", [])
    rows = {word: row + 1 for row, word in enumerate(words)} | {None: 0}
    chosen.dictionary(Column.TEXTS, [word.encode() for word in words])
    path: list[bytes] = []
    records = [session_record(session, rows, path) for session in body["sessions"]]
    chosen.records(Column.SESSIONS, records)
    chosen.records(Column.PATH, path)
    fixed = struct.pack("<IHHq", len(records), 0, 0, int(body["clock"]))
    return chosen.writer().body(fixed)


def _write_status(body: Json) -> bytes:
    chosen = ChosenWriter(body["encoding"])
    gauges = body["gauges"]
    chosen.dictionary(Column.TEXTS, [gauge["name"].encode() for gauge in gauges])
    chosen.integers(Column.GAUGES, [int(gauge["value"]) for gauge in gauges], signed=True)
    fixed = struct.pack("<IHHq", len(gauges), 0, 0, int(body["server_time"]))
    return chosen.writer().body(fixed)
