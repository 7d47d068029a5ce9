"""Gathers single events into batches, for code without an event loop."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import TYPE_CHECKING, Self

from . import calls
from .answer import Answer, Assignment, Revision
from .batch import Batch
from .errors import BatchTooLarge, Closed, InvalidArgument, SojournError, TimedOut
from .event import Event

if TYPE_CHECKING:
    from .client import Client, Pending

Futures = list["Future[Assignment]"]


class BufferedSender:
    """Gathers events and sends them together.

        with client.buffered(max_events=1_000, max_delay=0.050) as sender:
            future = sender.add(event)          # from any number of threads
            assignment = future.result()

    A batch is sent when it has `max_events`, and `max_delay` seconds after its first event at the
    latest. Batches go out in the order of the events, several in flight. `on_revision` is told of
    each correction to earlier answers, in the order of the batches, on the sender's thread.
    """

    def __init__(
        self,
        client: Client,
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
        self._changed = threading.Condition()
        self._batch = Batch()
        self._futures: Futures = []
        self._due = 0.0
        # Full batches that the thread has not taken yet.
        self._full: deque[tuple[Batch, Futures]] = deque()
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name="sojourn-buffered", daemon=True)
        self._thread.start()

    def add(self, event: Event) -> Future[Assignment]:
        """Adds an event; the future has its assignment, or what happened to its batch.

        Raises `InvalidEvent` at once when the event cannot be sent as it is. Waits for room when
        batches are added faster than the server answers.
        """
        future: Future[Assignment] = Future()
        with self._changed:
            while len(self._full) >= 2 and not self._is_closing:
                self._changed.wait()
            if self._is_closing:
                raise Closed("the sender is closed")
            try:
                self._batch.add(event)
            except BatchTooLarge:
                if not len(self._batch):
                    raise
                self._take_batch()
                self._batch.add(event)
            self._futures.append(future)
            if len(self._batch) >= self._max_events:
                self._take_batch()
            elif len(self._batch) == 1:
                self._due = time.monotonic() + self._max_delay
                self._changed.notify_all()
        return future

    def flush(self) -> None:
        """Sends what was gathered; its futures tell when it is answered."""
        with self._changed:
            self._take_batch()

    def close(self) -> None:
        """Flushes, waits until everything is answered or has failed, and takes no more events."""
        with self._changed:
            self._is_closing = True
            self._take_batch()
            self._changed.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _take_batch(self) -> None:
        if self._futures:
            self._full.append((self._batch, self._futures))
            self._batch, self._futures = Batch(), []
            self._changed.notify_all()

    # The thread: sends batches that are due, and answers those that are done, in order.

    def _run(self) -> None:
        pending: deque[tuple[Pending[Answer], Futures]] = deque()
        while True:
            while pending and pending[0][0].done():
                self._settle(*pending.popleft())
            due = self._next_due(wait=not pending)
            if due is not None:
                batch, futures = due
                try:
                    call = calls.assign(batch, self._property, self._client.server)
                    pending.append((self._client._submit(call), futures))
                except SojournError as error:
                    _fail(futures, error)
                continue
            if not pending:
                return
            # Until the oldest batch is answered, or the next one is due.
            self._await(pending[0][0])

    def _next_due(self, *, wait: bool) -> tuple[Batch, Futures] | None:
        """The next batch to be sent; None for none yet, or none ever when `wait`."""
        with self._changed:
            while True:
                if self._futures and self._due <= time.monotonic():
                    self._take_batch()
                if self._full:
                    self._changed.notify_all()
                    return self._full.popleft()
                if not wait or self._is_closing:
                    return None
                self._changed.wait(self._due - time.monotonic() if self._futures else None)

    def _await(self, first: Pending[Answer]) -> None:
        def is_enough() -> bool:
            return first.done() or bool(self._full)

        # Full batches do not wake the poll, so it never lasts long.
        until = time.monotonic() + min(self._max_delay, 0.005)
        try:
            self._client._pump(is_enough, until)
        except (TimedOut, Closed):
            pass  # The next one may be due; or all that is pending has failed.

    def _settle(self, pending: Pending[Answer], futures: Futures) -> None:
        try:
            answer = pending.result()
        except SojournError as error:
            return _fail(futures, error)
        for future, assignment in zip(futures, answer, strict=True):
            if future.set_running_or_notify_cancel():
                future.set_result(assignment)
        if self._on_revision is not None:
            for revision in answer.revisions:
                self._on_revision(revision)


def _fail(futures: Futures, error: SojournError) -> None:
    for future in futures:
        if future.set_running_or_notify_cancel():
            future.set_exception(error)
