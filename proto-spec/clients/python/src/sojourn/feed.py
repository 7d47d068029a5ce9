"""What happens to sessions while it happens."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from math import ceil
from types import TracebackType
from typing import NamedTuple, Self

import zmq

from .errors import Closed, InvalidArgument, MalformedReply, WrongDeployment
from .history import Entry, Place, read_entries
from .options import CurveKeys, Options, checked_endpoints, checked_property
from .transport import check_curve, open_subscriber
from .wire.fault import WireFault
from .wire.feed import FeedFrame, read_feed, topic


class FeedMessage(NamedTuple):
    """Some of what happened to sessions of one property."""

    property: int
    gap: bool
    """Messages before this one may have been missed."""
    entries: list[Entry]
    """In the order of their places; none where a gap alone is told."""
    first_partition: int
    """Of those whose order the places are of."""
    place: Place
    """All up to here was told: `cursor.at(first_partition, place)`, and `Client.fetch` goes on from
    there."""


class Feed:
    """Reads the feed: what was opened, what became part of another session, what is finished.

        with Feed("tcp://127.0.0.1:5572", properties=[1]) as feed:
            for message in feed:
                if message.gap:
                    print("some may have been missed")
                for entry in message.entries:
                    print(entry.place, entry.kind.label, entry.session or entry.revision)

    It is for those who may miss some: a reader that is slow, or away, misses messages, and `gap`
    says so. Who may not keeps a `Cursor` at the place of each message, and goes on from there with
    `Client.fetch` where there is a gap. It connects, and connects again, by itself; a server that is not there yet is waited for.
    Of a property that it may not read, it hears nothing.

    `endpoints` are those of all workers where there are several, `deployment` is the id that they
    must have. For one thread at a time.
    """

    def __init__(
        self,
        endpoints: str | Iterable[str],
        properties: Iterable[int],
        *,
        deployment: str | bytes | None = None,
        curve: CurveKeys | None = None,
    ) -> None:
        places = checked_endpoints(endpoints)
        topics = [topic(checked_property(property)) for property in properties]
        if not topics:
            raise InvalidArgument("there is no property to read")
        id = Options(deployment=deployment).deployment_id()
        self._tag = None if id is None else int.from_bytes(id[8:], "big")
        check_curve(curve)
        self._tracker = Tracker(servers_max=len(places))
        self._heard: dict[int, float] = {}
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket: zmq.Socket[bytes] | None = None
        try:
            self._socket = open_subscriber(self._context, places, topics, curve)
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
        """Ends it. May be called more than once."""
        if self._socket is not None:
            self._socket.close(linger=0)
            self._socket = None
        self._context.term()

    def __iter__(self) -> Iterator[FeedMessage]:
        """Messages as they come, without an end."""
        while True:
            message = self.receive()
            assert message is not None
            yield message

    def receive(self, timeout: float | None = None) -> FeedMessage | None:
        """The next message; None when none came within `timeout` seconds. Without one it waits.

        Raises `MalformedReply` for what is not the protocol, and `WrongDeployment`.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            if self._socket is None:
                raise Closed("the feed is closed")
            wait = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not self._socket.poll(None if wait is None else ceil(wait * 1_000)):
                return None
            message = self._read(self._socket.recv_multipart())
            # What only says that the feed lives is not worth telling.
            if message.gap or message.entries:
                return message

    def silence(self, property: int) -> float | None:
        """How many seconds ago the last message of a property was received; None before the first.
        A server sends one a second where nothing happens."""
        heard = self._heard.get(property)
        return None if heard is None else time.monotonic() - heard

    def _read(self, frames: list[bytes]) -> FeedMessage:
        try:
            if len(frames) != 1:
                raise MalformedReply("a message of the feed has more than one frame")
            frame = read_feed(frames[0])
        except WireFault as fault:
            raise MalformedReply(f"a message of the feed is not the protocol: {fault}") from fault
        header, _, content = frame
        if self._tag is not None and header.deployment != self._tag:
            raise WrongDeployment("the feed is of another deployment")
        self._heard[header.property] = time.monotonic()
        return FeedMessage(
            header.property,
            self._tracker.is_gap_before(frame),
            read_entries(content),
            content.first_partition,
            Place(*content.place),
        )


class Tracker:
    """Tells from the numbers of messages whether some were missed."""

    def __init__(self, servers_max: int) -> None:
        self._servers_max = servers_max
        # By property: the last number of each stream, the one that was heard last at the end.
        self._streams: dict[int, dict[int, int]] = {}

    def is_gap_before(self, frame: FeedFrame) -> bool:
        """Whether messages of this property may have been missed before this one."""
        header = frame.header
        streams = self._streams.setdefault(header.property, {})
        last = streams.pop(header.producer, None)
        is_gap = False
        if last is None:
            # One server more, or one that was started again.
            is_gap = len(streams) == self._servers_max
            if is_gap:
                del streams[next(iter(streams))]
        else:
            # A message without entries has the number of the one before it.
            expected = last + 1 if frame.content.entries else last
            is_gap = header.sequence != expected
        streams[header.producer] = header.sequence
        return is_gap
