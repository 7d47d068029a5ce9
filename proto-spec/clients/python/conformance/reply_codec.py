"""What a client reads: replies to and from the content of the golden messages.

Reading is the client's own; writing is here because a client never does it.
"""

from __future__ import annotations

import struct
import uuid

from request_codec import (
    CONTEXT_NAMES,
    ChosenWriter,
    Json,
    columns_json,
    header_json,
    header_of,
    unknown_json,
)
from sojourn import constants
from sojourn.answer import Answer
from sojourn.constants import Boundary, Column, ErrorCode, Operation, Outcome, RevisionCause
from sojourn.wire import assign, error, hello, lookup, status
from sojourn.wire.header import FLAG_REPLY, read_frame
from sojourn.wire.reader import Rule

_NONE = (1 << 63) * -1


def _label(code: object) -> str:
    return code.label  # type: ignore[attr-defined, no-any-return]


def _member(members: type, label: str) -> int:
    return next(member for member in members if member.label == label)  # type: ignore[attr-defined]


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
        case _:
            content = _error_json(error.read_error(body))
    return header_json(header), content


def _hello_json(reply: hello.HelloReply) -> Json:
    json = reply._asdict()
    return json | {"deployment": reply.deployment.hex(), "server_time": str(reply.server_time)}


def _error_json(reply: error.ErrorReply) -> Json:
    return reply._asdict() | {"code": _label(ErrorCode.of(reply.code))}


def _encoding(body: memoryview, fixed_bytes: int, rules: dict[int, Rule]) -> Json:
    json: Json = {"columns": columns_json(body, fixed_bytes, rules)}
    if unknown := unknown_json(body, fixed_bytes, rules):
        json["unknown"] = unknown
    return json


def _assign_json(body: memoryview) -> Json:
    answer = Answer(assign.read_assign_reply(body))
    return {
        "clock": str(_NONE if answer.clock is None else answer.clock),
        "sessions": [
            {
                "id": str(session.id),
                "start": str(session.start),
                "ordinal": session.ordinal,
                "boundary": _label(session.boundary),
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
                "outcome": _label(assignment.outcome),
            }
            for assignment in answer.assignments
        ],
        "revisions": [
            {
                "number": str(revision.number),
                "from": str(revision.from_id),
                "into": str(revision.into_id),
                "cause": _label(revision.cause),
                "partition": revision.partition,
            }
            for revision in answer.revisions
        ],
        "encoding": _encoding(body, 24, assign._REPLY_RULES),
    }


def _state_json(state: int) -> Json:
    return {
        "boundary": _label(Boundary.of(state & constants.STATE_BOUNDARY_MASK)),
        "late": bool(state & constants.STATE_LATE),
        "merged": bool(state & constants.STATE_MERGED),
        "automated": bool(state & constants.STATE_AUTOMATED),
        "ended": bool(state & constants.STATE_ENDED),
        "engaged": bool(state & constants.STATE_ENGAGED),
    }


def _state_of(json: Json) -> int:
    return (
        _member(Boundary, json["boundary"])
        | constants.STATE_LATE * json["late"]
        | constants.STATE_MERGED * json["merged"]
        | constants.STATE_AUTOMATED * json["automated"]
        | constants.STATE_ENDED * json["ended"]
        | constants.STATE_ENGAGED * json["engaged"]
    )


def _lookup_json(body: memoryview) -> Json:
    reply = lookup.read_lookup_reply(body)
    sessions = []
    for record in reply.sessions:
        json = {
            "id": str(uuid.UUID(bytes=record.id)),
            "ordinal": record.ordinal,
            "first_event": str(record.first_event),
            "last_event": str(record.last_event),
            "value": str(record.value),
            "engaged": str(record.engaged),
            "events": record.events,
            "views": record.views,
            "actions": record.actions,
            "conversions": record.conversions,
            "state": _state_json(record.state),
            "boundary_out": None
            if record.boundary_out == constants.BOUNDARY_OUT_NONE
            else _label(Boundary.of(record.boundary_out)),
            "context": {
                name: text
                for name, text in zip(CONTEXT_NAMES, record.context, strict=True)
                if text is not None
            },
            "path": [
                {"after": step.after} | ({} if step.page is None else {"page": step.page})
                for step in record.path
            ],
            "finishes": str(record.finishes),
        }
        if record.landing_page is not None:
            json["landing_page"] = record.landing_page
        if record.exit_page is not None:
            json["exit_page"] = record.exit_page
        sessions.append(json)
    encoding = _encoding(body, 16, lookup._RULES)
    if "texts" in encoding["columns"]:
        reader = lookup.BodyReader(body, 16, lookup._RULES)
        encoding["texts"] = lookup.read_texts(reader[Column.TEXTS])
    return {"clock": str(reply.clock), "sessions": sessions, "encoding": encoding}


def _status_json(body: memoryview) -> Json:
    reply = status.read_status_reply(body)
    return {
        "server_time": str(reply.server_time),
        "gauges": [{"name": name, "value": str(value)} for name, value in reply.gauges.items()],
        "encoding": _encoding(body, 16, status._RULES),
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
            _member(ErrorCode, body["code"]),
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
    chosen.integers(Column.SESSION_STATE, [_state_of(session) for session in sessions])
    rows = [0 if event["session"] is None else event["session"] + 1 for event in events]
    chosen.integers(Column.SESSION, rows)
    chosen.integers(Column.POSITION, [event["position"] for event in events])
    chosen.integers(Column.OUTCOME, [_member(Outcome, event["outcome"]) for event in events])
    chosen.integers(Column.REVISION_NUMBER, [int(entry["number"]) for entry in revisions])
    chosen.records(Column.REVISION_FROM, [_uuid_bytes(entry["from"]) for entry in revisions])
    chosen.records(Column.REVISION_INTO, [_uuid_bytes(entry["into"]) for entry in revisions])
    causes = [_member(RevisionCause, entry["cause"]) for entry in revisions]
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
    records, path = [], []
    for session in body["sessions"]:
        state = _state_of(session["state"])
        out = session["boundary_out"]
        records.append(
            struct.pack(
                "<16sqqqqIIIIIBB2x8IIIIIq",
                _uuid_bytes(session["id"]),
                int(session["first_event"]),
                int(session["last_event"]),
                int(session["value"]),
                int(session["engaged"]),
                session["ordinal"],
                session["events"],
                session["views"],
                session["actions"],
                session["conversions"],
                state,
                constants.BOUNDARY_OUT_NONE if out is None else _member(Boundary, out),
                *(rows[session["context"].get(name)] for name in CONTEXT_NAMES),
                rows[session.get("landing_page")],
                rows[session.get("exit_page")],
                len(path),
                len(session["path"]),
                int(session["finishes"]),
            )
        )
        path += [
            struct.pack("<II", step["after"], rows[step.get("page")]) for step in session["path"]
        ]
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
