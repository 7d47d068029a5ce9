"""What a server says of itself, and what it knows of visitors."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from .constants import (
    BOUNDARY_OUT_NONE,
    STATE_AUTOMATED,
    STATE_BOUNDARY_MASK,
    STATE_ENDED,
    STATE_ENGAGED,
    STATE_LATE,
    STATE_MERGED,
    Boundary,
)
from .event import Context
from .wire.hello import HelloReply
from .wire.lookup import LookupReply
from .wire.sessions import PathRecord, SessionRecord


class ServerInfo(NamedTuple):
    """The server of the connection and its limits, as HELLO told."""

    endpoint: str
    name: str
    version: str
    deployment: bytes
    """16 bytes; the same for all servers of a deployment."""
    protocol_version: int
    features: int
    server_time: int
    """When HELLO was answered, in milliseconds since the Unix epoch."""
    message_bytes_max: int
    batch_events_max: int
    visitor_key_bytes_max: int
    text_bytes_max: int
    batch_texts_max: int
    batch_contexts_max: int
    credit: int
    """Requests that one client may have in flight."""
    producer_window: int
    """Batches per producer that the server remembers."""
    partitions: int
    """Shares of the visitors that there are."""
    first_partition: int
    """Of those that the server has; not 0 only for a worker behind a router."""
    last_partition: int

    @classmethod
    def of(cls, hello: HelloReply, endpoint: str) -> ServerInfo:
        return cls(
            endpoint,
            hello.name,
            hello.server_version,
            hello.deployment,
            hello.version,
            hello.features,
            hello.server_time,
            hello.message_bytes,
            hello.batch_events,
            hello.visitor_key_bytes,
            hello.text_bytes,
            hello.batch_texts,
            hello.batch_contexts,
            hello.credit,
            hello.producer_window,
            hello.partitions,
            hello.first_partition,
            hello.last_partition,
        )


class KnownSession(NamedTuple):
    """A session with all that is known of it. Times are milliseconds since the Unix epoch."""

    id: UUID
    ordinal: int
    first_event: int
    last_event: int
    value_micros: int
    """Sum of the values of its events, in millionths of a unit."""
    engaged_milliseconds: int
    events: int
    views: int
    actions: int
    conversions: int
    boundary: Boundary | int
    """Why it began."""
    boundary_out: Boundary | int | None
    """Why it ended; None when it has not."""
    late: bool
    merged: bool
    automated: bool
    ended: bool
    engaged: bool
    context: Context
    landing_page: str | None
    exit_page: str | None
    path: list[PathRecord]
    """The first views, each with its milliseconds after the first event."""
    finishes: int
    """The clock at which it finishes if nothing more comes."""

    @classmethod
    def of(cls, record: SessionRecord) -> KnownSession:
        state = record.state
        out = record.boundary_out
        return cls(
            UUID(bytes=record.id),
            record.ordinal,
            record.first_event,
            record.last_event,
            record.value,
            record.engaged,
            record.events,
            record.views,
            record.actions,
            record.conversions,
            Boundary.of(state & STATE_BOUNDARY_MASK),
            None if out == BOUNDARY_OUT_NONE else Boundary.of(out),
            bool(state & STATE_LATE),
            bool(state & STATE_MERGED),
            bool(state & STATE_AUTOMATED),
            bool(state & STATE_ENDED),
            bool(state & STATE_ENGAGED),
            Context.of(record.context),
            record.landing_page,
            record.exit_page,
            record.path,
            record.finishes,
        )


class Lookup(NamedTuple):
    """The unfinished sessions that were asked for, in order of their first event."""

    clock: int
    sessions: list[KnownSession]

    @classmethod
    def of(cls, reply: LookupReply) -> Lookup:
        return cls(reply.clock, [KnownSession.of(record) for record in reply.sessions])


class Status(NamedTuple):
    """What a server counts and measures; names that end in `_total` only grow."""

    server_time: int
    gauges: dict[str, int]
