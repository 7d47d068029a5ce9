"""Sessions and revisions to and from the content of the golden messages."""

from __future__ import annotations

import uuid

from shared import CONTEXT_NAMES, Json
from sojourn import constants
from sojourn.answer import Revision
from sojourn.constants import Boundary
from sojourn.wire import sessions


def label(code: object) -> str:
    return code.label  # type: ignore[attr-defined, no-any-return]


def member(members: type, label: str) -> int:
    """The code that has this name in the specification."""
    return next(one for one in members if one.label == label)  # type: ignore[attr-defined]


def state_json(state: int) -> Json:
    return {
        "boundary": label(Boundary.of(state & constants.STATE_BOUNDARY_MASK)),
        "late": bool(state & constants.STATE_LATE),
        "merged": bool(state & constants.STATE_MERGED),
        "automated": bool(state & constants.STATE_AUTOMATED),
        "ended": bool(state & constants.STATE_ENDED),
        "engaged": bool(state & constants.STATE_ENGAGED),
    }


def state_of(json: Json) -> int:
    return (
        member(Boundary, json["boundary"])
        | constants.STATE_LATE * json["late"]
        | constants.STATE_MERGED * json["merged"]
        | constants.STATE_AUTOMATED * json["automated"]
        | constants.STATE_ENDED * json["ended"]
        | constants.STATE_ENGAGED * json["engaged"]
    )


def session_json(record: sessions.SessionRecord) -> Json:
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
        "state": state_json(record.state),
        "boundary_out": None
        if record.boundary_out == constants.BOUNDARY_OUT_NONE
        else label(Boundary.of(record.boundary_out)),
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
    return json


def session_record(session: Json, rows: dict[str | None, int], path: list[bytes]) -> bytes:
    """The record of a session, whose steps are added to `path`."""
    start = len(path)
    path += [sessions._PATH.pack(step["after"], rows[step.get("page")]) for step in session["path"]]
    out = session["boundary_out"]
    return sessions._SESSION.pack(
        uuid.UUID(session["id"]).bytes,
        int(session["first_event"]),
        int(session["last_event"]),
        int(session["value"]),
        int(session["engaged"]),
        session["ordinal"],
        session["events"],
        session["views"],
        session["actions"],
        session["conversions"],
        state_of(session["state"]),
        constants.BOUNDARY_OUT_NONE if out is None else member(Boundary, out),
        *(rows[session["context"].get(name)] for name in CONTEXT_NAMES),
        rows[session.get("landing_page")],
        rows[session.get("exit_page")],
        start,
        len(session["path"]),
        int(session["finishes"]),
    )


def revision_json(revision: Revision) -> Json:
    return {
        "number": str(revision.number),
        "from": str(revision.from_id),
        "into": str(revision.into_id),
        "cause": label(revision.cause),
        "partition": revision.partition,
    }
