"""A client for code without an event loop."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Self, TypeVar, Unpack
from uuid import UUID

import zmq

from . import calls
from .answer import Answer, Revision
from .batch import Batch
from .calls import Call
from .columns import ColumnArguments
from .connection import Connection
from .dispatcher import Request, Statistics
from .errors import Closed, TimedOut, Unreachable
from .event import Event
from .history import START, Cursor, Forgotten, Page
from .info import Lookup, ServerInfo, Status
from .options import OptionArguments, Options, checked_endpoints
from .report import Question, Report

if TYPE_CHECKING:
    from .buffered import BufferedSender
    from .columnar import ColumnAnswer

T = TypeVar("T")
DEFAULT_PROPERTY = 1


class Pending(Generic[T]):
    """An answer that is still to come."""

    def __init__(self, client: Client, call: Call[T], request: Request) -> None:
        self._client = client
        self._call = call
        self._request = request

    def done(self) -> bool:
        """Whether `result` returns at once."""
        return self._request.is_done

    def result(self) -> T:
        """Waits for the answer; raises `SojournError` when there is none."""
        self._client._pump(lambda: self._request.is_done)
        return self._call.result(self._request)

    @property
    def producer(self) -> int:
        """Of the batch, once it was sent; 0 before."""
        return self._request.producer

    @property
    def sequence(self) -> int:
        """Of the batch, once it was sent; 0 before."""
        return self._request.sequence


class Client:
    """Assigns events to sessions, over one connection that is renewed when it fails.

        with Client("tcp://127.0.0.1:5571") as client:
            answer = client.assign([Event(now, "anna", page="/home")])

    Several endpoints are tried in turn. Any number of threads may share a client. It has no thread
    of its own: messages are sent and received while some call waits. Keyword arguments are those
    of `Options`. Raises `SojournError` when no server can be reached.
    """

    def __init__(self, endpoints: str | Iterable[str], **options: Unpack[OptionArguments]) -> None:
        self._options = Options(**options)
        self._lock = threading.Lock()
        self._turn = threading.Condition(self._lock)
        self._is_polling = False
        self._is_closed = False
        self._connection = Connection(checked_endpoints(endpoints), self._options)
        self._dispatcher = self._connection.dispatcher
        # Wakes the thread that polls when another one has something to send.
        self._waker, self._wakeable = socket.socketpair()
        self._waker.setblocking(False)
        self._wakeable.setblocking(False)
        self._poller = zmq.Poller()
        self._poller_generation = -1
        try:
            self._pump(lambda: self._dispatcher.is_up or not self._dispatcher.is_open)
            if self._dispatcher.first_error is not None:
                raise self._dispatcher.first_error
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection; what still waits for an answer fails with `Closed`."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            self._dispatcher.close()
            self._wake()
            while self._is_polling:
                self._turn.wait()
            self._connection.close()
            self._turn.notify_all()
        self._waker.close()
        self._wakeable.close()

    # What can be asked

    def assign(self, events: Batch | Iterable[Event], property: int = DEFAULT_PROPERTY) -> Answer:
        """Assigns events to sessions: all of them, or none and an error.

        The answer has an assignment for each event, in their order, and the revisions that they
        caused. See "ASSIGN" in the specification.
        """
        return self.submit(events, property).result()

    def submit(
        self, events: Batch | Iterable[Event], property: int = DEFAULT_PROPERTY
    ) -> Pending[Answer]:
        """Sends a batch and does not wait for its answer.

        Waits only for room: when as many requests are in flight as the server allows.
        """
        return self._submit(calls.assign(events, property, self.server))

    def assign_columns(
        self, property: int = DEFAULT_PROPERTY, **columns: Unpack[ColumnArguments]
    ) -> ColumnAnswer:
        """Assigns events that are given as columns, and answers in columns: see
        `ColumnArguments`. Needs numpy."""
        return self.submit_columns(property, **columns).result()

    def submit_columns(
        self, property: int = DEFAULT_PROPERTY, **columns: Unpack[ColumnArguments]
    ) -> Pending[ColumnAnswer]:
        """Like `assign_columns`, without waiting for the answer."""
        return self._submit(calls.assign_columns(dict(columns), property, self.server))

    def lookup(self, visitor: bytes | str, property: int = DEFAULT_PROPERTY) -> Lookup:
        """The unfinished sessions of a visitor."""
        return self._submit(calls.lookup(visitor, property)).result()

    def lookup_session(
        self, session: UUID | str | bytes, property: int = DEFAULT_PROPERTY
    ) -> Lookup:
        """The unfinished session with this id, or that which it is part of now; or none."""
        return self._submit(calls.lookup_session(session, property)).result()

    def status(self) -> Status:
        """What the server counts and measures of itself."""
        return self._submit(calls.status()).result()

    def report(self, question: Question, property: int = DEFAULT_PROPERTY) -> Report:
        """Answers a question over the sessions of a property, finished ones and others; the server
        refuses with `noArchive` where it keeps none."""
        return self._submit(calls.report(question, property)).result()

    def fetch(self, after: Cursor = START, entries: int | None = None) -> Page:
        """What happened to sessions behind a cursor: those that were finished, revisions. Who keeps
        the cursor of the page and goes on from there, until there is no more, gets every entry at
        least once. A page has entries of one worker, in its order; those that have nothing are
        passed over."""
        asking = calls.fetch(after, entries, lambda: self.server)
        call = next(asking)
        while True:
            reply = self._submit(call).result()
            try:
                call = asking.send(reply)
            except StopIteration as end:
                page: Page = end.value
                return page

    def forget(self, visitor: bytes | str, property: int = DEFAULT_PROPERTY) -> Forgotten:
        """Erases all that is kept of a visitor. Where no answer comes it may have happened; it may
        be asked for again."""
        return self._submit(calls.forget(visitor, property)).result()

    def buffered(
        self,
        property: int = DEFAULT_PROPERTY,
        *,
        max_events: int = 1_000,
        max_delay: float = 0.050,
        on_revision: Callable[[Revision], None] | None = None,
    ) -> BufferedSender:
        """A sender for code that meets events one at a time: see `BufferedSender`."""
        from .buffered import BufferedSender

        return BufferedSender(self, property, max_events, max_delay, on_revision)

    # What is known

    @property
    def server(self) -> ServerInfo:
        """The server of the connection and its limits; of the last one while there is none."""
        hello = self._dispatcher.hello
        if hello is None:
            raise Unreachable("no server has answered yet")
        return ServerInfo.of(hello, self._dispatcher.endpoint)

    @property
    def producer(self) -> int:
        """Who numbers the batches."""
        return self._dispatcher.producer

    @property
    def next_sequence(self) -> int:
        """The number that the next batch to be sent will have."""
        return self._dispatcher.next_sequence

    @property
    def statistics(self) -> Statistics:
        return self._dispatcher.statistics

    # How it runs

    def _submit(
        self, call: Call[T], on_done: Callable[[Request], None] | None = None
    ) -> Pending[T]:
        request = Request(
            call.operation,
            call.body,
            call.property,
            time.monotonic() + self._options.timeout,
            on_done,
        )
        if self._dispatcher.load >= self._dispatcher.credit:
            self._pump(lambda: self._dispatcher.load < self._dispatcher.credit, request.deadline)
        with self._lock:
            if self._is_closed:
                raise Closed("the client is closed")
            self._dispatcher.submit(request)
            if self._is_polling:
                self._wake()
            else:
                self._connection.send()
        return Pending(self, call, request)

    def _pump(self, is_enough: Callable[[], bool], until: float | None = None) -> None:
        """Sends and receives until something has happened; raises `TimedOut` after `until`.

        One of the threads that wait does it for all: the socket is its own while it polls, and the
        state is only touched under the lock. `is_enough` is called under the lock.
        """
        with self._lock:
            while not is_enough():
                if self._is_closed:
                    raise Closed("the client is closed")
                if until is not None and until <= time.monotonic():
                    raise TimedOut("no room for another request: the server's credit is used up")
                if self._is_polling:
                    self._turn.wait(None if until is None else until - time.monotonic())
                    continue
                self._connection.exchange()
                if not is_enough():
                    self._poll(until)
            # Somebody else may have waited for what was received here.
            self._turn.notify_all()

    def _poll(self, until: float | None) -> None:
        """Waits, without the lock, until there is something to do."""
        if self._poller_generation != self._connection.generation:
            self._poller = zmq.Poller()
            for pollable in self._connection.pollable:
                self._poller.register(pollable, zmq.POLLIN)
            self._poller.register(self._wakeable.fileno(), zmq.POLLIN)
            self._poller_generation = self._connection.generation
        timers = [timer for timer in (self._dispatcher.next_timer(), until) if timer is not None]
        wait = int(max(0.0, min(timers) - time.monotonic()) * 1000) + 1 if timers else None
        self._is_polling = True
        self._lock.release()
        try:
            ready = self._poller.poll(wait)
        finally:
            self._lock.acquire()
            self._is_polling = False
            self._turn.notify_all()
        if any(pollable == self._wakeable.fileno() for pollable, _ in ready):
            self._wakeable.recv(4_096)

    def _wake(self) -> None:
        if self._is_polling:
            try:
                self._waker.send(b"!")
            except BlockingIOError:
                pass  # It has been woken often enough.
