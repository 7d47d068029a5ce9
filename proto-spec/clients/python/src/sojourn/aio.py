"""A client for asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar, Unpack
from uuid import UUID

import zmq

from . import calls
from .answer import Answer, Assignment, Revision
from .batch import Batch
from .calls import Call
from .client import DEFAULT_PROPERTY
from .columns import ColumnArguments
from .connection import Connection
from .dispatcher import Request, Statistics
from .errors import BatchTooLarge, Closed, InvalidArgument, SojournError, Unreachable
from .event import Event
from .history import START, Cursor, Forgotten, Page
from .info import Lookup, ServerInfo, Status
from .options import OptionArguments, Options, checked_endpoints
from .report import Question, Report

if TYPE_CHECKING:
    from .columnar import ColumnAnswer

T = TypeVar("T")


class AsyncClient:
    """Assigns events to sessions, over one connection that is renewed when it fails.

        async with AsyncClient("tcp://127.0.0.1:5571") as client:
            answer = await client.assign([Event(now, "anna", page="/home")])

    Calls that run at the same time are pipelined, up to the server's credit; batches are sent in
    the order of the calls. Belongs to the event loop in which it was entered, which must be able
    to watch file descriptors (on Windows: a selector loop). Keyword arguments are those of
    `Options`.
    """

    def __init__(self, endpoints: str | Iterable[str], **options: Unpack[OptionArguments]) -> None:
        self._options = Options(**options)
        self._endpoints = checked_endpoints(endpoints)
        self._connection: Connection | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._greeted: asyncio.Event = asyncio.Event()
        self._watched: list[int] = []
        self._watched_generation = -1
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def connect(self) -> Self:
        """Connects; `async with` does so by itself. Raises when no server can be reached."""
        if self._is_closed:
            raise Closed("the client is closed")
        if self._connection is None:
            self._loop = asyncio.get_running_loop()
            self._connection = Connection(self._endpoints, self._options)
            try:
                self._step()
                await self._greeted.wait()
            except BaseException:
                await self.close()
                raise
            error = self._connection.dispatcher.first_error
            if error is not None:
                await self.close()
                raise error
        return self

    async def __aenter__(self) -> Self:
        return await self.connect()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the connection; what still waits for an answer fails with `Closed`."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._unwatch()
        if self._connection is not None:
            self._connection.close()
        self._greeted.set()

    # What can be asked

    async def assign(
        self, events: Batch | Iterable[Event], property: int = DEFAULT_PROPERTY
    ) -> Answer:
        """Assigns events to sessions: all of them, or none and an error."""
        return await self._ask(calls.assign(events, property, self.server))

    async def assign_columns(
        self, property: int = DEFAULT_PROPERTY, **columns: Unpack[ColumnArguments]
    ) -> ColumnAnswer:
        """Assigns events that are given as columns, and answers in columns: see
        `ColumnArguments`. Needs numpy."""
        return await self._ask(calls.assign_columns(dict(columns), property, self.server))

    async def lookup(self, visitor: bytes | str, property: int = DEFAULT_PROPERTY) -> Lookup:
        """The unfinished sessions of a visitor."""
        return await self._ask(calls.lookup(visitor, property))

    async def lookup_session(
        self, session: UUID | str | bytes, property: int = DEFAULT_PROPERTY
    ) -> Lookup:
        """The unfinished session with this id, or that which it is part of now; or none."""
        return await self._ask(calls.lookup_session(session, property))

    async def status(self) -> Status:
        """What the server counts and measures of itself."""
        return await self._ask(calls.status())

    async def report(self, question: Question, property: int = DEFAULT_PROPERTY) -> Report:
        """Answers a question over the sessions of a property, finished ones and others; the server
        refuses with `noArchive` where it keeps none."""
        return await self._ask(calls.report(question, property))

    async def fetch(self, after: Cursor = START, entries: int | None = None) -> Page:
        """What happened to sessions behind a cursor: those that were finished, revisions. Who keeps
        the cursor of the page and goes on from there, until there is no more, gets every entry at
        least once. A page has entries of one worker, in its order; those that have nothing are
        passed over."""
        asking = calls.fetch(after, entries, lambda: self.server)
        call = next(asking)
        while True:
            reply = await self._ask(call)
            try:
                call = asking.send(reply)
            except StopIteration as end:
                page: Page = end.value
                return page

    async def forget(self, visitor: bytes | str, property: int = DEFAULT_PROPERTY) -> Forgotten:
        """Erases all that is kept of a visitor. Where no answer comes it may have happened; it may
        be asked for again."""
        return await self._ask(calls.forget(visitor, property))

    def buffered(
        self,
        property: int = DEFAULT_PROPERTY,
        *,
        max_events: int = 1_000,
        max_delay: float = 0.050,
        on_revision: Callable[[Revision], None] | None = None,
    ) -> AsyncBufferedSender:
        """A sender for code that meets events one at a time: see `AsyncBufferedSender`."""
        return AsyncBufferedSender(self, property, max_events, max_delay, on_revision)

    # What is known

    @property
    def server(self) -> ServerInfo:
        """The server of the connection and its limits; of the last one while there is none."""
        dispatcher = self._open().dispatcher
        if dispatcher.hello is None:
            raise Unreachable("no server has answered yet")
        return ServerInfo.of(dispatcher.hello, dispatcher.endpoint)

    @property
    def producer(self) -> int:
        """Who numbers the batches."""
        return self._open().dispatcher.producer

    @property
    def next_sequence(self) -> int:
        """The number that the next batch to be sent will have."""
        return self._open().dispatcher.next_sequence

    @property
    def statistics(self) -> Statistics:
        return self._open().dispatcher.statistics

    # How it runs

    def _open(self) -> Connection:
        if self._is_closed:
            raise Closed("the client is closed")
        if self._connection is None:
            raise Unreachable("the client is not connected: use `async with`, or `connect`")
        return self._connection

    async def _ask(self, call: Call[T]) -> T:
        dispatcher = self._open().dispatcher
        assert self._loop is not None
        answered: asyncio.Future[None] = self._loop.create_future()

        def on_done(_: Request) -> None:
            if not answered.done():
                answered.set_result(None)

        deadline = time.monotonic() + self._options.timeout
        request = Request(call.operation, call.body, call.property, deadline, on_done)
        dispatcher.submit(request)
        self._step()
        try:
            await answered
        except asyncio.CancelledError:
            dispatcher.abandon(request)
            raise
        return call.result(request)

    def _step(self) -> None:
        """All that can be done now; is called again when there is something to do."""
        connection = self._connection
        if connection is None or self._is_closed:
            return
        assert self._loop is not None
        connection.exchange()
        dispatcher = connection.dispatcher
        if dispatcher.is_up or not dispatcher.is_open:
            self._greeted.set()
        if self._watched_generation != connection.generation:
            self._unwatch()
            for pollable in connection.pollable:
                file = int(pollable.getsockopt(zmq.FD))
                self._loop.add_reader(file, self._step)
                self._watched.append(file)
            self._watched_generation = connection.generation
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = dispatcher.next_timer()
        if due is not None:
            self._timer = self._loop.call_later(max(0.0, due - time.monotonic()), self._step)

    def _unwatch(self) -> None:
        assert self._loop is not None or not self._watched
        for file in self._watched:
            assert self._loop is not None
            self._loop.remove_reader(file)
        self._watched.clear()


class AsyncBufferedSender:
    """Gathers events and sends them together.

        async with client.buffered(max_events=1_000, max_delay=0.050) as sender:
            assignment = await sender.assign(event)     # from any number of tasks

    A batch is sent when it has `max_events`, and `max_delay` seconds after its first event at the
    latest. `on_revision` is told of each correction to earlier answers, in the order of the
    batches.
    """

    def __init__(
        self,
        client: AsyncClient,
        property: int,
        max_events: int,
        max_delay: float,
        on_revision: Callable[[Revision], None] | None,
    ) -> None:
        if max_events < 1 or max_delay < 0:
            raise InvalidArgument("a batch has at least one event and waits no negative time")
        self._client = client
        self._property = property
        self._max_events = min(max_events, client.server.batch_events_max)
        self._max_delay = max_delay
        self._on_revision = on_revision
        self._batch = Batch()
        self._futures: list[asyncio.Future[Assignment]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._last_delivery: asyncio.Task[None] | None = None
        self._is_closed = False

    async def assign(self, event: Event) -> Assignment:
        """Assigns an event to a session, together with others.

        When the task is cancelled its wait ends at once, but the event stays in its batch.
        """
        return await self.add(event)

    def add(self, event: Event) -> asyncio.Future[Assignment]:
        """Adds an event; the future has its assignment, or what happened to its batch."""
        if self._is_closed:
            raise Closed("the sender is closed")
        loop = asyncio.get_running_loop()
        try:
            self._batch.add(event)
        except BatchTooLarge:
            if not len(self._batch):
                raise
            self._send()
            self._batch.add(event)
        future: asyncio.Future[Assignment] = loop.create_future()
        self._futures.append(future)
        if len(self._batch) >= self._max_events:
            self._send()
        elif len(self._batch) == 1:
            self._timer = loop.call_later(self._max_delay, self._send)
        return future

    async def flush(self) -> None:
        """Sends what was gathered, and returns when all that was sent is answered or failed."""
        self._send()
        if self._last_delivery is not None:
            await asyncio.shield(self._last_delivery)

    async def close(self) -> None:
        """Flushes, and takes no more events."""
        self._is_closed = True
        await self.flush()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def _send(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._futures:
            return
        batch, self._batch = self._batch, Batch()
        futures, self._futures = self._futures, []
        delivery = self._deliver(batch, futures, self._last_delivery)
        self._last_delivery = asyncio.get_running_loop().create_task(delivery)

    async def _deliver(
        self,
        batch: Batch,
        futures: list[asyncio.Future[Assignment]],
        previous: asyncio.Task[None] | None,
    ) -> None:
        answer: Answer | None = None
        try:
            answer = await self._client.assign(batch, self._property)
            for future, assignment in zip(futures, answer, strict=True):
                if not future.done():
                    future.set_result(assignment)
        except SojournError as error:
            for future in futures:
                if not future.done():
                    future.set_exception(error)
        if previous is not None:
            await previous
        if answer is not None and self._on_revision is not None:
            for revision in answer.revisions:
                self._on_revision(revision)
