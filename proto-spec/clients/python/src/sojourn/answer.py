"""What a server says of the events of a batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple, Protocol, overload
from uuid import UUID

from .constants import (
    STATE_AUTOMATED,
    STATE_BOUNDARY_MASK,
    STATE_ENDED,
    STATE_ENGAGED,
    STATE_LATE,
    STATE_MERGED,
    Boundary,
    Outcome,
    RevisionCause,
)
from .wire.assign import AssignReply
from .wire.reader import ColumnView


class Session(NamedTuple):
    """A session as it stood after the whole batch."""

    id: UUID
    start: int
    """Time of its first event, in milliseconds since the Unix epoch."""
    ordinal: int
    """This is the visitor's n-th session."""
    boundary: Boundary | int
    """Why it began."""
    late: bool
    """An event joined it late."""
    merged: bool
    """It has taken in another session."""
    automated: bool
    """It is a bot's."""
    ended: bool
    """An `end` event closed it."""
    engaged: bool
    """It has 10 seconds, or a conversion, or two views."""


class Assignment(NamedTuple):
    """What became of one event."""

    session: Session | None
    """None for an event that joined none."""
    session_row: int | None
    """Of `session` in `Answer.sessions`."""
    position: int
    """Which event of its session it is, from 1, in order of arrival; 0 for none."""
    outcome: Outcome | int

    @property
    def session_id(self) -> UUID | None:
        return None if self.session is None else self.session.id

    @property
    def ordinal(self) -> int:
        """This is the visitor's n-th session; 0 for none."""
        return 0 if self.session is None else self.session.ordinal

    @property
    def boundary(self) -> Boundary | int | None:
        return None if self.session is None else self.session.boundary


class Revision(NamedTuple):
    """Corrects earlier answers: the session `from_id` is now part of `into_id`.

    Revisions are numbered without gaps per property and partition, from 1.
    """

    number: int
    from_id: UUID
    into_id: UUID
    cause: RevisionCause | int
    partition: int


class Answer(Sequence[Assignment]):
    """The assignments of a batch, in the order of its events, and the revisions that it caused."""

    def __init__(self, reply: AssignReply, *, producer: int = 0, sequence: int = 0) -> None:
        self._reply = reply
        self.producer = producer
        self.sequence = sequence
        """Of the batch."""

    @property
    def clock(self) -> int | None:
        """The property's clock when the batch was admitted, in milliseconds; None before its
        first event."""
        return self._reply.clock

    @cached_property
    def sessions(self) -> list[Session]:
        """The sessions that the batch touched."""
        reply = self._reply
        if reply.session_id is None:
            return []
        shifts = reply.session_shift
        sessions = []
        for row, data in enumerate(reply.session_id.records()):
            id = bytes(data[:16])
            state = reply.session_state[row]
            start = int.from_bytes(id[:6], "big") - (shifts[row] if len(shifts) else 0)
            sessions.append(
                Session(
                    UUID(bytes=id),
                    start,
                    reply.ordinal[row],
                    Boundary.of(state & STATE_BOUNDARY_MASK),
                    bool(state & STATE_LATE),
                    bool(state & STATE_MERGED),
                    bool(state & STATE_AUTOMATED),
                    bool(state & STATE_ENDED),
                    bool(state & STATE_ENGAGED),
                )
            )
        return sessions

    @cached_property
    def assignments(self) -> list[Assignment]:
        """One for each event."""
        reply = self._reply
        sessions = self.sessions
        outcomes = {code: Outcome.of(code) for code in set(reply.outcome)}
        return [
            Assignment(
                sessions[row - 1] if row else None,
                row - 1 if row else None,
                position,
                outcomes[outcome],
            )
            for row, position, outcome in zip(
                reply.session, reply.position, reply.outcome, strict=True
            )
        ]

    @cached_property
    def revisions(self) -> list[Revision]:
        return read_revisions(self._reply)

    def __len__(self) -> int:
        return self._reply.events

    @overload
    def __getitem__(self, index: int) -> Assignment: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Assignment]: ...
    def __getitem__(self, index: int | slice) -> Assignment | Sequence[Assignment]:
        return self.assignments[index]

    def __iter__(self) -> Iterator[Assignment]:
        return iter(self.assignments)

    def __repr__(self) -> str:
        reply = self._reply
        return (
            f"<Answer: {reply.events} events, {reply.sessions} sessions, "
            f"{reply.revisions} revisions>"
        )


class RevisionColumns(Protocol):
    """A reply that may have revisions."""

    @property
    def revision_number(self) -> memoryview: ...
    @property
    def revision_from(self) -> ColumnView | None: ...
    @property
    def revision_into(self) -> ColumnView | None: ...
    @property
    def revision_cause(self) -> memoryview: ...
    @property
    def revision_partition(self) -> memoryview: ...


def read_revisions(reply: RevisionColumns) -> list[Revision]:
    if reply.revision_from is None or reply.revision_into is None:
        return []
    return [
        Revision(number, UUID(bytes=bytes(old[:16])), UUID(bytes=bytes(new[:16])), cause, partition)
        for number, old, new, cause, partition in zip(
            reply.revision_number,
            reply.revision_from.records(),
            reply.revision_into.records(),
            map(RevisionCause.of, reply.revision_cause),
            reply.revision_partition,
            strict=True,
        )
    ]
