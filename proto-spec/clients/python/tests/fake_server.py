"""A server that answers what a test tells it to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import zmq

from reply_codec import encode_reply
from request_codec import decode_request
from sojourn.constants import ErrorCode

Json = dict[str, Any]
DEPLOYMENT = "00112233445566778899aabbccddeeff"
SESSION_ID = "01977375-f600-7000-8000-0000ddc0ffee"


def reply_header(header: Json, operation: str | None = None) -> Json:
    return header | {
        "flags": 1,
        "deadline": 0,
        "operation": operation or header["operation"],
        "deployment": str(int(DEPLOYMENT[16:], 16)),
    }


def hello(header: Json, **changes: Any) -> bytes:
    body = {
        "version": 1,
        "features": 0,
        "deployment": DEPLOYMENT,
        "server_time": "1750000000000",
        "message_bytes": 4_194_304,
        "batch_events": 65_535,
        "visitor_key_bytes": 128,
        "text_bytes": 2_048,
        "batch_texts": 65_535,
        "batch_contexts": 65_535,
        "credit": 4,
        "producer_window": 128,
        "partitions": 1,
        "first_partition": 0,
        "last_partition": 0,
        "name": "fake",
        "server_version": "0",
    }
    return encode_reply(reply_header(header), body | changes)


def assigned(header: Json, events: int) -> bytes:
    """All events in one session."""
    body = {
        "clock": "1750000000000",
        "sessions": [
            {
                "id": SESSION_ID,
                "start": "1749988800000",
                "ordinal": 1,
                "boundary": "first",
                "late": False,
                "merged": False,
                "automated": False,
                "ended": False,
                "engaged": False,
            }
        ],
        "events": [
            {"session": 0, "position": event + 1, "outcome": "extended" if event else "new"}
            for event in range(events)
        ],
        "revisions": [],
        "encoding": {
            "columns": {
                "sessionID": {"width": 0, "parameter": 16},
                "ordinal": {"width": 1},
                "sessionState": {"width": 1},
                "session": {"width": 1},
                "position": {"width": 4},
                "outcome": {"width": 1},
            }
        },
    }
    return encode_reply(reply_header(header), body)


def refused(header: Json, code: ErrorCode, *, retriable: bool, retry_after: int = 0) -> bytes:
    body = {
        "code": code.label,
        "retriable": retriable,
        "retry_after": retry_after,
        "offset": 64,
        "lowest_version": 1,
        "highest_version": 1,
        "message": "no, because of the test",
    }
    return encode_reply(reply_header(header, "ERROR"), body)


Handler = Callable[[Json, Json | None], "bytes | list[bytes] | None"]


class FakeServer:
    """Answers HELLO by itself and asks `handler` for the rest: a frame, several, or None.

    `frames` has all that was received, apart from HELLO.
    """

    def __init__(self, curve: tuple[bytes, bytes] | None = None) -> None:
        self.handler: Handler = self.assign_all
        self.hello: Callable[[Json], bytes | None] = hello
        self.frames: list[bytes] = []
        self.hellos: list[Json] = []
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self.context.socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.LINGER, 0)
        if curve is not None:
            self._socket.setsockopt(zmq.CURVE_SERVER, 1)
            self._socket.setsockopt(zmq.CURVE_SECRETKEY, curve[1])
        port = self._socket.bind_to_random_port("tcp://127.0.0.1")
        self.endpoint = f"tcp://127.0.0.1:{port}"
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @staticmethod
    def assign_all(header: Json, body: Json | None) -> bytes:
        assert body is not None
        return assigned(header, len(body["events"]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()
        self._socket.close()
        self.context.term()

    def _run(self) -> None:
        while not self._stopping.is_set():
            if not self._socket.poll(20):
                continue
            peer, frame = self._socket.recv_multipart()
            header, body = decode_request(frame)
            if header["operation"] == "HELLO":
                assert body is not None
                self.hellos.append(body)
                answer: bytes | list[bytes] | None = self.hello(header)
            else:
                self.frames.append(frame)
                answer = self.handler(header, body)
            for reply in [answer] if isinstance(answer, bytes) else answer or []:
                self._socket.send_multipart([peer, reply])
