"""What a client can ask: the body of each request, and how its reply is read."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import UUID

from .answer import Answer
from .batch import Batch, visitor_key
from .constants import LookupBy, Operation
from .dispatcher import Request
from .errors import BatchTooLarge, InvalidArgument, MalformedReply
from .event import Event
from .history import Cursor, Forgotten, Page, read_entries
from .info import Lookup, ServerInfo, Status
from .options import checked_property
from .report import Question, Report
from .wire.assign import AssignReply, read_assign_reply
from .wire.fault import WireFault
from .wire.fetch import FetchReply, read_fetch_reply, write_fetch
from .wire.forget import read_forget_reply
from .wire.header import HEADER_BYTES
from .wire.lookup import read_lookup_reply, write_lookup
from .wire.report import read_report_reply
from .wire.status import read_status_reply

if TYPE_CHECKING:
    from .columnar import ColumnAnswer

T = TypeVar("T")
AnswerT = TypeVar("AnswerT")


@dataclass(slots=True)
class Call(Generic[T]):
    """A request before it is submitted."""

    operation: Operation
    property: int
    body: bytes
    read: Callable[[Request, memoryview], T]

    def result(self, request: Request) -> T:
        """Of a request that is done."""
        if request.error is not None:
            raise request.error
        assert request.reply is not None
        try:
            return self.read(request, request.reply)
        except WireFault as fault:
            raise MalformedReply(
                f"the server's reply is not the protocol: {fault}",
                may_have_been_applied=request.is_batch,
                attempts=request.sends,
                producer=request.producer,
                sequence=request.sequence,
            ) from fault


def assign(events: Batch | Iterable[Event], property: int, server: ServerInfo) -> Call[Answer]:
    batch = (
        events if isinstance(events, Batch) else Batch(events, events_max=server.batch_events_max)
    )
    if len(batch) > server.batch_events_max:
        raise BatchTooLarge(f"this server takes at most {server.batch_events_max:,} events a batch")

    def make(reply: AssignReply, request: Request) -> Answer:
        return Answer(reply, producer=request.producer, sequence=request.sequence)

    return _assign(batch.body(), len(batch), property, server, make)


def assign_columns(
    columns: dict[str, Any], property: int, server: ServerInfo
) -> Call[ColumnAnswer]:
    try:
        from .columnar import ColumnAnswer, encode_columns
    except ImportError as error:
        raise ImportError("columns need numpy: pip install 'sojourn[numpy]'") from error

    body, events = encode_columns(events_max=server.batch_events_max, **columns)

    def make(reply: AssignReply, request: Request) -> ColumnAnswer:
        return ColumnAnswer(reply, producer=request.producer, sequence=request.sequence)

    return _assign(body, events, property, server, make)


def _assign(
    body: bytes,
    events: int,
    property: int,
    server: ServerInfo,
    make: Callable[[AssignReply, Request], AnswerT],
) -> Call[AnswerT]:
    if HEADER_BYTES + len(body) > server.message_bytes_max:
        raise BatchTooLarge(
            f"the batch makes a message of {HEADER_BYTES + len(body):,} bytes; this server takes "
            f"{server.message_bytes_max:,}"
        )

    def read(request: Request, data: memoryview) -> AnswerT:
        reply = read_assign_reply(data)
        if reply.events != events:
            raise MalformedReply(
                f"an answer for {reply.events} events to a batch of {events}",
                may_have_been_applied=True,
            )
        return make(reply, request)

    return Call(Operation.ASSIGN, checked_property(property), body, read)


def lookup(visitor: bytes | str, property: int) -> Call[Lookup]:
    return _lookup(LookupBy.VISITOR, visitor_key(visitor), property)


def lookup_session(session: UUID | str | bytes, property: int) -> Call[Lookup]:
    try:
        id = (
            session.bytes
            if isinstance(session, UUID)
            else (UUID(session).bytes if isinstance(session, str) else session)
        )
    except ValueError:
        raise InvalidArgument(f"a session id is a UUID, not {session!r}") from None
    if len(id) != 16:
        raise InvalidArgument(f"a session id has 16 bytes, not {len(id)}")
    return _lookup(LookupBy.SESSION, id, property)


def _lookup(by: LookupBy, key: bytes, property: int) -> Call[Lookup]:
    def read(_: Request, data: memoryview) -> Lookup:
        return Lookup.of(read_lookup_reply(data))

    return Call(Operation.LOOKUP, checked_property(property), write_lookup(by, key), read)


def status() -> Call[Status]:
    return Call(Operation.STATUS, 0, b"", lambda _, data: Status(*read_status_reply(data)))


def report(question: Question, property: int) -> Call[Report]:
    def read(_: Request, data: memoryview) -> Report:
        return Report.of(read_report_reply(data))

    return Call(Operation.REPORT, checked_property(property), question.body(), read)


def fetch(
    after: Cursor, entries: int | None, server: Callable[[], ServerInfo]
) -> Generator[Call[FetchReply], FetchReply, Page]:
    """Yields what is to be asked next, until an order has entries or all of them have been asked.

    Each worker has an order of its own, and answers for its partitions: see "FETCH" in the
    specification.
    """
    if entries is not None and not 1 <= entries < 1 << 32:
        raise InvalidArgument(f"entries is at least 1, not {entries!r}")
    cursor = after
    while True:
        info = server()
        cursor, partition = cursor.next(info.first_partition, info.last_partition)
        reply = yield _entries(partition, cursor, entries)
        if (first := reply.first_partition) != partition:
            # The partitions are shared out in another way than they were, and the place is none of
            # this order.
            reply = yield _entries(first, cursor, entries)
            if reply.first_partition != first:
                raise MalformedReply(
                    f"partition {first} is the first of an order, and then "
                    f"{reply.first_partition} is"
                )
        cursor, more = cursor.take(reply, info.last_partition)
        if reply.entries or not more:
            return Page(
                read_entries(reply), reply.first_partition, reply.last_partition, cursor, more
            )


def _entries(partition: int, cursor: Cursor, entries: int | None) -> Call[FetchReply]:
    """Of the order in which a partition stands."""

    def read(_: Request, data: memoryview) -> FetchReply:
        reply = read_fetch_reply(data)
        # So it goes on with each answer.
        if not reply.first_partition <= partition <= reply.last_partition:
            raise MalformedReply(
                f"partition {partition} was asked for, and those from {reply.first_partition} to "
                f"{reply.last_partition} came"
            )
        return reply

    place = cursor.place(partition)
    body = write_fetch(partition, place.position, place.index, entries or 0)
    return Call(Operation.FETCH, 0, body, read)


def forget(visitor: bytes | str, property: int) -> Call[Forgotten]:
    def read(_: Request, data: memoryview) -> Forgotten:
        return Forgotten(*read_forget_reply(data))

    body = write_lookup(LookupBy.VISITOR, visitor_key(visitor))
    return Call(Operation.FORGET, checked_property(property), body, read)
