"""Prints the client's constants, `GROUP NAME NUMBER` a line, by the names of `constants.json`."""

from __future__ import annotations

from enum import IntEnum

from sojourn import constants

GROUPS: dict[str, type[IntEnum]] = {
    "operations": constants.Operation,
    "columns": constants.Column,
    "eventKinds": constants.Kind,
    "outcomes": constants.Outcome,
    "boundaries": constants.Boundary,
    "revisionCauses": constants.RevisionCause,
    "errors": constants.ErrorCode,
    "lookupBy": constants.LookupBy,
    "reportQuestions": constants.QuestionKind,
    "reportDimensions": constants.Dimension,
    "reportIntervals": constants.Interval,
    "reportRowKinds": constants.RowKind,
    "stepMatches": constants.StepMatch,
    "entryKinds": constants.EntryKind,
}
LIMITS = (
    "BATCH_EVENTS_MAX BATCH_TEXTS_MAX BATCH_CONTEXTS_MAX BATCH_TEXT_BYTES_MAX VISITOR_KEY_BYTES_MAX"
    " TEXT_BYTES_MAX COLUMNS_MAX CLIENT_NAME_BYTES_MAX MESSAGE_BYTES_MAX EVENT_TIME_END"
    " VALUE_SCALE_MAX REPORT_ROWS_MAX REPORT_FILTERS_MAX FUNNEL_STEPS_MAX"
)
STATES = ("late", "merged", "automated", "ended", "engaged")


def camel(name: str) -> str:
    first, *rest = name.lower().split("_")
    return first + "".join(word.capitalize() for word in rest)


def label(group: str, member: IntEnum) -> str:
    if group == "operations":
        return member.name
    own = getattr(member, "label", None)
    if own is not None:
        return str(own)
    return camel(member.name).replace("eventId", "eventID").replace("sessionId", "sessionID")


for group, members in GROUPS.items():
    for member in members:
        print(group, label(group, member), int(member))
for limit in LIMITS.split():
    print("limits", camel(limit), getattr(constants, limit))
print("sessionState boundaryMask", constants.STATE_BOUNDARY_MASK)
for flag in ("automated", "compare", "local"):
    print("reportFlags", flag, getattr(constants, f"REPORT_{flag.upper()}"))
for state in STATES:
    print("sessionState", state, getattr(constants, f"STATE_{state.upper()}"))
