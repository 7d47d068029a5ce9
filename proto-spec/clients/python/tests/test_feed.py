"""The reader of a feed against a socket that is told what to send."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import zmq

import vectors as golden
from conftest import free_port
from sojourn import Closed, CurveKeys, EntryKind, Feed, InvalidArgument, MalformedReply, Place
from sojourn import WrongDeployment as OtherDeployment
from sojourn.wire.feed import topic
from sojourn.wire.header import FLAG_REPLY, Header, read_frame
from test_codec import VECTORS

PROPERTY = 3
DEPLOYMENT_TAG = 0x8899_AABB_CCDD_EEFF


class FakeFeed:
    """An XPUB socket that knows when it is read."""

    def __init__(self) -> None:
        self.endpoint = f"tcp://127.0.0.1:{free_port()}"
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.socket = self.context.socket(zmq.XPUB)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.bind(self.endpoint)

    def await_reader(self) -> bytes:
        """The subscription of a reader."""
        assert self.socket.poll(10_000)
        return self.socket.recv()

    def send(self, number: int, *, entries: bool = True, tag: int = DEPLOYMENT_TAG) -> None:
        name = "feed-message" if entries else "feed-heartbeat"
        frame = golden.Vector.load(VECTORS / "feed" / "valid" / f"{name}.json").frame
        _, body = read_frame(frame[8:], flags=FLAG_REPLY)
        header = Header(7, 0, 42, number, 0, PROPERTY, tag, FLAG_REPLY)
        self.socket.send(topic(PROPERTY) + header.frame(bytes(body)))

    def close(self) -> None:
        self.socket.close(linger=0)
        self.context.term()


@pytest.fixture
def server() -> Iterator[FakeFeed]:
    feed = FakeFeed()
    yield feed
    feed.close()


def test_messages_gaps_and_silence(server: FakeFeed) -> None:
    with Feed(server.endpoint, [PROPERTY], deployment="00" * 8 + "8899aabbccddeeff") as feed:
        assert feed.silence(PROPERTY) is None
        assert server.await_reader() == b"\1" + topic(PROPERTY)
        server.send(4, entries=False)
        server.send(5)
        message = feed.receive(10)
        assert message is not None
        assert (message.property, message.gap) == (PROPERTY, False)
        assert (message.first_partition, message.place) == (32, Place(8, (1 << 32) - 1))
        opened, finished, revised = message.entries
        assert [entry.kind for entry in message.entries] == [
            EntryKind.OPENED,
            EntryKind.FINISHED,
            EntryKind.REVISED,
        ]
        assert opened.session is not None
        assert opened.session.landing_page == "/"
        assert finished.visitor == bytes.fromhex("0f" * 16)
        assert revised.revision is not None
        assert revised.revision.number == 5

        server.send(7)
        message = feed.receive(10)
        assert message is not None
        assert message.gap
        # That nothing happened is not told, but that something was missed is.
        server.send(7, entries=False)
        server.send(9, entries=False)
        message = next(iter(feed))
        assert (message.gap, message.entries) == (True, [])
        silence = feed.silence(PROPERTY)
        assert silence is not None
        assert silence >= 0
        assert feed.receive(0) is None


def test_a_server_that_comes_later_is_waited_for() -> None:
    server = FakeFeed()
    server.socket.unbind(server.endpoint)

    def begin() -> None:
        time.sleep(0.3)
        server.socket.bind(server.endpoint)
        server.await_reader()
        server.send(1)

    thread = threading.Thread(target=begin)
    with Feed(server.endpoint, [PROPERTY]) as feed:
        thread.start()
        message = feed.receive(20)
        thread.join()
        assert message is not None
        assert not message.gap
    server.close()


def test_what_is_not_the_protocol_is_an_error(server: FakeFeed) -> None:
    with Feed(server.endpoint, [PROPERTY]) as feed:
        server.await_reader()
        server.socket.send(topic(PROPERTY) + b"SOJN")
        with pytest.raises(MalformedReply, match="truncatedHeader"):
            feed.receive(10)
        server.socket.send_multipart([topic(PROPERTY), b"more"])
        with pytest.raises(MalformedReply, match="one frame"):
            feed.receive(10)


def test_another_deployment_is_an_error(server: FakeFeed) -> None:
    with Feed(server.endpoint, [PROPERTY], deployment="11" * 16) as feed:
        server.await_reader()
        server.send(1)
        with pytest.raises(OtherDeployment):
            feed.receive(10)


def test_bad_arguments() -> None:
    with pytest.raises(InvalidArgument, match="endpoint"):
        Feed("http://localhost", [1])
    with pytest.raises(InvalidArgument, match="property"):
        Feed("tcp://127.0.0.1:5572", [])
    with pytest.raises(InvalidArgument, match="32 bits"):
        Feed("tcp://127.0.0.1:5572", [-1])
    with pytest.raises(InvalidArgument, match="deployment"):
        Feed("tcp://127.0.0.1:5572", [1], deployment="xyz")
    if zmq.has("curve"):
        with pytest.raises(InvalidArgument, match="CURVE"):
            Feed("tcp://127.0.0.1:5572", [1], curve=CurveKeys("0" * 40, "0" * 40, "#" * 40))


def test_a_closed_feed_says_so() -> None:
    feed = Feed("tcp://127.0.0.1:5572", [1])
    feed.close()
    feed.close()
    with pytest.raises(Closed):
        feed.receive(1)
