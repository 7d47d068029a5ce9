"""REPORT, FETCH, FORGET and the feed: to and from the content of the golden messages.

Requests are written, and replies read, by the client's own code.
"""

from __future__ import annotations

import struct
import uuid

from session_json import member, revision_json, session_json, session_record
from shared import (
    ChosenWriter,
    Json,
    encoding_json,
    header_json,
    header_of,
    read_lookup,
)
from sojourn import constants, report
from sojourn.answer import read_revisions
from sojourn.constants import (
    Column,
    Dimension,
    EntryKind,
    ErrorCode,
    Interval,
    LookupBy,
    QuestionKind,
    RevisionCause,
    RowKind,
    StepMatch,
)
from sojourn.wire import feed, fetch, forget
from sojourn.wire import report as wire_report
from sojourn.wire.fault import Faults, WireFault
from sojourn.wire.header import HEADER_BYTES
from sojourn.wire.lookup import write_lookup
from sojourn.wire.reader import DICTIONARY, BodyReader, Rule, record_column
from sojourn.wire.texts import read_texts

_REPORT_RULES: dict[int, Rule] = {
    Column.TEXTS: DICTIONARY,
    Column.FILTERS: record_column(8),
    Column.STEPS: record_column(8),
}
FIGURES = (
    "sessions", "visitors", "new_visitors", "views", "actions", "conversions", "converted",
    "engaged", "value", "duration", "median",
)  # fmt: skip


# REPORT


def read_report(body: memoryview) -> Json:
    reader = BodyReader(body, wire_report._REQUEST.size, _REPORT_RULES)
    question, grouping, flags, _, _, start, end, rows, page = wire_report._REQUEST.unpack_from(body)
    is_funnel = question == QuestionKind.FUNNEL
    most = {
        Column.FILTERS: constants.REPORT_FILTERS_MAX,
        Column.STEPS: constants.FUNNEL_STEPS_MAX if is_funnel else 0,
    }
    reader.expect({}, (Column.STEPS,) if is_funnel else (), most)
    texts = ["", *read_texts(reader.get(Column.TEXTS))]
    filters, steps = _conditions(reader, Column.FILTERS), _conditions(reader, Column.STEPS)

    faults = Faults()
    for at, (dimension, negated, _, _) in filters:
        if not Dimension.DEVICE <= dimension <= Dimension.EXIT_PAGE:
            faults.add(ErrorCode.BAD_KIND, at)
        if negated > wire_report.FLAG_NEGATED:
            faults.add(ErrorCode.BAD_KIND, at + 1)
    for at, (match, *_) in steps:
        if not StepMatch.PAGE <= match <= StepMatch.PREFIX:
            faults.add(ErrorCode.BAD_KIND, at)
    if page >= len(texts):
        faults.add(ErrorCode.INDEX_OUT_OF_RANGE, HEADER_BYTES + 28)
    for at, (*_, text) in filters + steps:
        if text >= len(texts):
            faults.add(ErrorCode.INDEX_OUT_OF_RANGE, at + 4)
    known = QuestionKind.SUMMARY <= question <= QuestionKind.FUNNEL
    if not known or (is_funnel and not steps):
        faults.add(ErrorCode.BAD_REPORT, HEADER_BYTES)
    highest = {QuestionKind.BREAKDOWN: Dimension.EXIT_PAGE, QuestionKind.SERIES: Interval.DAY}
    if not (question in highest) <= grouping <= highest.get(question, 0):
        faults.add(ErrorCode.BAD_REPORT, HEADER_BYTES + 1)
    compares = flags & constants.REPORT_COMPARE and question > QuestionKind.SERIES
    if flags > 7 or compares:
        faults.add(ErrorCode.BAD_REPORT, HEADER_BYTES + 2)
    if end < start:
        faults.add(ErrorCode.BAD_REPORT, HEADER_BYTES + 16)
    if rows > constants.REPORT_ROWS_MAX:
        faults.add(ErrorCode.BAD_REPORT, HEADER_BYTES + 24)
    if page and question != QuestionKind.PATHS:
        faults.add(ErrorCode.BAD_REPORT, HEADER_BYTES + 28)
    faults.check()

    json: Json = {"question": QuestionKind(question).label}
    if question == QuestionKind.BREAKDOWN:
        json["dimension"] = Dimension(grouping).label
    if question == QuestionKind.SERIES:
        json["interval"] = Interval(grouping).label
    json |= {
        "start": str(start),
        "end": str(end),
        "local": bool(flags & constants.REPORT_LOCAL),
        "automated": bool(flags & constants.REPORT_AUTOMATED),
        "compare": bool(flags & constants.REPORT_COMPARE),
        "rows": rows,
        "filters": [
            {
                "dimension": Dimension(dimension).label,
                "value": texts[text],
                "negated": bool(negated),
            }
            for _, (dimension, negated, _, text) in filters
        ],
    }
    if question == QuestionKind.PATHS:
        json["page"] = texts[page]
    if is_funnel:
        json["steps"] = [
            {"page": texts[text], "match": StepMatch(match).label}
            for _, (match, _, _, text) in steps
        ]
    encoding = encoding_json(body, wire_report._REQUEST.size, _REPORT_RULES)
    return json | {"encoding": encoding}


def _conditions(reader: BodyReader, column: Column) -> list[tuple[int, tuple[int, ...]]]:
    """Each with its offset."""
    view = reader.get(column)
    if view is None:
        return []
    return [
        (view.offset + row * view.parameter, wire_report._CONDITION.unpack_from(data))
        for row, data in enumerate(view.records())
    ]


def write_report(body: Json) -> bytes:
    """As a program would ask."""
    kind = QuestionKind[body["question"].upper()]
    grouping = 0
    if "dimension" in body:
        grouping = member(Dimension, body["dimension"])
    if "interval" in body:
        grouping = member(Interval, body["interval"])
    return report.Question(
        kind,
        grouping,
        int(body["start"]),
        int(body["end"]),
        body["local"],
        tuple(
            report.Filter(
                Dimension(member(Dimension, entry["dimension"])),
                entry["value"] or None,
                entry["negated"],
            )
            for entry in body["filters"]
        ),
        body["automated"],
        body["compare"],
        body["rows"],
        body.get("page", ""),
        tuple(
            report.Step(step["page"], step["match"] == "prefix") for step in body.get("steps", [])
        ),
    ).body()


def report_json(body: memoryview) -> Json:
    reply = wire_report.read_report_reply(body)
    rows = []
    for row in reply.rows:
        json = {
            "kind": row.kind.label,
            "previous": row.is_previous,
            "text": row.text or "",
            "next": row.next_text or "",
            "parent": row.parent,
            "time": None if row.time is None else str(row.time),
        }
        rows.append(json | {name: str(getattr(row, name)) for name in FIGURES})
    return {
        "clock": str(reply.clock),
        "start": str(reply.start),
        "end": str(reply.end),
        "time_zone": reply.time_zone or "",
        "live_sessions": str(reply.live_sessions),
        "automated_sessions": str(reply.automated_sessions),
        "rows": rows,
        "encoding": encoding_json(body, wire_report._REPLY.size, wire_report._RULES),
    }


def write_report_reply(body: Json) -> bytes:
    chosen = ChosenWriter(body["encoding"])
    index = _text_index(chosen, body)
    chosen.records(
        Column.REPORT_ROWS,
        [
            wire_report._ROW.pack(
                member(RowKind, row["kind"]),
                row["previous"],
                0,
                index[row["text"]],
                index[row["next"]],
                0 if row["parent"] is None else row["parent"] + 1,
                wire_report.NO_START if row["time"] is None else int(row["time"]),
                *(int(row[name]) for name in FIGURES),
            )
            for row in body["rows"]
        ],
    )
    fixed = wire_report._REPLY.pack(
        len(body["rows"]),
        0,
        0,
        int(body["clock"]),
        int(body["start"]),
        int(body["end"]),
        int(body["live_sessions"]),
        int(body["automated_sessions"]),
        index[body["time_zone"]],
        0,
    )
    return chosen.writer().body(fixed)


def _text_index(chosen: ChosenWriter, body: Json) -> dict[str | None, int]:
    """Adds the texts; each with its index plus one, and what stands for none with 0."""
    words = body["encoding"].get("texts", [])
    chosen.dictionary(Column.TEXTS, [word.encode() for word in words])
    return {word: row + 1 for row, word in enumerate(words)} | {None: 0, "": 0}


# FETCH


def read_fetch(body: memoryview) -> Json:
    _fixed(body, fetch._REQUEST, ((6, 8), (20, 24)))
    entries, partition, _, position, index, _ = fetch._REQUEST.unpack(body)
    return {
        "partition": partition,
        "position": str(position),
        "index": index,
        "entries": entries,
    }


def write_fetch(body: Json) -> bytes:
    return fetch.write_fetch(
        body["partition"], int(body["position"]), body["index"], body["entries"]
    )


def _fixed(
    body: memoryview, form: struct.Struct, reserved: tuple[tuple[int, int], ...]
) -> None:
    """Parts of `reserved` go from a byte to a byte."""
    if len(body) < form.size:
        raise WireFault(ErrorCode.TRUNCATED_BODY, HEADER_BYTES + len(body))
    faults = Faults()
    for at, end in reserved:
        if any(body[at:end]):
            faults.add(ErrorCode.BODY_RESERVED_NOT_ZERO, HEADER_BYTES + at)
    if len(body) > form.size:
        faults.add(ErrorCode.TRAILING_BYTES, HEADER_BYTES + form.size)
    faults.check()


def fetch_json(body: memoryview, reply: fetch.FetchReply) -> Json:
    revisions = read_revisions(reply)
    entries = []
    for record in reply.entries:
        position, index = record.place
        json: Json = {"position": str(position), "index": index, "property": record.property}
        if record.kind == EntryKind.REVISED:
            json["revision"] = revision_json(revisions[record.row])
        else:
            json["visitor"] = record.visitor.hex()
            json["session"] = session_json(reply.sessions[record.row])
        if record.kind == EntryKind.OPENED:
            json["opened"] = True
        entries.append(json)
    position, index = reply.place
    return {
        "first_partition": reply.first_partition,
        "last_partition": reply.last_partition,
        "position": str(position),
        "index": index,
        "more": reply.more,
        "entries": entries,
        "encoding": encoding_json(body, fetch._REPLY.size, fetch._RULES),
    }


def write_fetch_reply(body: Json) -> bytes:
    chosen = ChosenWriter(body["encoding"])
    index = _text_index(chosen, body)
    sessions: list[bytes] = []
    path: list[bytes] = []
    revisions, entries = [], []
    for entry in body["entries"]:
        visitor = bytes(16)
        if "revision" in entry:
            kind, row = EntryKind.REVISED, len(revisions)
            revisions.append(entry["revision"])
        else:
            kind = EntryKind.OPENED if "opened" in entry else EntryKind.FINISHED
            row = len(sessions)
            visitor = bytes.fromhex(entry["visitor"])
            sessions.append(session_record(entry["session"], index, path))
        entries.append(
            fetch._ENTRY.pack(
                int(entry["position"]), entry["index"], entry["property"], kind, row, visitor
            )
        )
    chosen.integers(Column.REVISION_NUMBER, [int(one["number"]) for one in revisions])
    chosen.records(Column.REVISION_FROM, [uuid.UUID(one["from"]).bytes for one in revisions])
    chosen.records(Column.REVISION_INTO, [uuid.UUID(one["into"]).bytes for one in revisions])
    causes = [member(RevisionCause, one["cause"]) for one in revisions]
    chosen.integers(Column.REVISION_CAUSE, causes)
    chosen.integers(Column.REVISION_PARTITION, [one["partition"] for one in revisions])
    chosen.records(Column.SESSIONS, sessions)
    chosen.records(Column.PATH, path)
    chosen.records(Column.ENTRIES, entries)
    fixed = fetch._REPLY.pack(
        len(entries),
        0,
        0,
        int(body["position"]),
        body["index"],
        fetch.FLAG_MORE * body["more"],
        body["first_partition"],
        body["last_partition"],
        0,
    )
    return chosen.writer().body(fixed)


# FORGET


def read_forget(body: memoryview) -> Json:
    request = read_lookup(body)
    if request["by"] != LookupBy.VISITOR.name.lower():
        raise WireFault(ErrorCode.BAD_LOOKUP, HEADER_BYTES)
    return {"key": request["key"]}


def write_forget(body: Json) -> bytes:
    return write_lookup(LookupBy.VISITOR, bytes.fromhex(body["key"]))


def forget_json(body: memoryview) -> Json:
    reply = forget.read_forget_reply(body)
    return {"live_sessions": reply.live_sessions, "position": str(reply.position)}


def write_forget_reply(body: Json) -> bytes:
    return forget._REPLY.pack(body["live_sessions"], 0, int(body["position"]))


# The feed


def decode_feed(message: bytes) -> tuple[Json, Json]:
    frame = feed.read_feed(message)
    return header_json(frame.header), fetch_json(frame.body, frame.content)


def encode_feed(header: Json, body: Json) -> bytes:
    return feed.topic(header["property"]) + header_of(header).frame(write_fetch_reply(body))
