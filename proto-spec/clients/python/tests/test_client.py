"""The synchronous client against a server that is told what to do."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest
import zmq

from conftest import free_port
from fake_server import DEPLOYMENT, SESSION_ID, FakeServer, assigned, hello, refused
from sojourn import (
    BatchTooLarge,
    Client,
    Closed,
    CurveKeys,
    CurveUnavailable,
    EmptyBatch,
    ErrorCode,
    ErrorKind,
    Event,
    InvalidArgument,
    InvalidEvent,
    MalformedReply,
    Outcome,
    Refused,
    SojournError,
    TimedOut,
    UnknownOutcome,
    Unreachable,
    WrongDeployment,
)

EVENTS = [Event(1_749_988_800_000, "anna", page="/home"), Event(1_749_988_801_000, "anna")]


def test_assign(fake: FakeServer) -> None:
    with Client(fake.endpoint, producer=7, first_sequence=3) as client:
        answer = client.assign(EVENTS)
        assert [str(one.session_id) for one in answer] == [SESSION_ID] * 2
        assert [one.outcome for one in answer] == [Outcome.NEW, Outcome.EXTENDED]
        assert [(one.ordinal, one.position) for one in answer] == [(1, 1), (1, 2)]
        assert (answer.producer, answer.sequence) == (7, 3)
        assert client.next_sequence == 4
        assert client.server.name == "fake"
        assert client.server.deployment.hex() == DEPLOYMENT
        assert client.server.credit == 4


def test_columns(fake: FakeServer) -> None:
    with Client(fake.endpoint) as client:
        answer = client.assign_columns(time=np.array([1, 2]), visitor=["anna", "anna"])
    assert answer.session.tolist() == [0, 0]
    assert answer.position.tolist() == [1, 2]
    assert str(answer.session_uuids()[0]) == SESSION_ID


def test_pipelining_waits_for_room_only(fake: FakeServer) -> None:
    held: list[dict[str, Any]] = []

    def hold_four(header: dict[str, Any], _: object) -> list[bytes] | None:
        held.append(header)
        if len(held) < 4:
            return None
        answers = [assigned(one, 2) for one in reversed(held)]
        held.clear()
        return answers

    fake.handler = hold_four
    with Client(fake.endpoint) as client:
        pending = [client.submit(EVENTS) for _ in range(8)]
        assert [len(one.result()) for one in pending] == [2] * 8
        assert [one.sequence for one in pending] == list(range(1, 9))


def test_the_same_frame_is_sent_again_to_the_next_server(fake: FakeServer) -> None:
    with FakeServer() as silent:
        silent.handler = lambda header, body: None
        endpoints = [silent.endpoint, fake.endpoint]
        with Client(endpoints, attempt_timeout=0.1) as client:
            assert len(client.assign(EVENTS)) == 2
            assert client.server.endpoint == fake.endpoint
            assert client.statistics.resent == 1
        assert silent.frames == fake.frames
        assert len(fake.hellos) == 1


def test_no_answer_at_all(fake: FakeServer) -> None:
    fake.handler = lambda header, body: None
    with Client(fake.endpoint, attempt_timeout=0.05, attempts=3) as client:
        with pytest.raises(UnknownOutcome) as caught:
            client.assign(EVENTS)
        assert caught.value.may_have_been_applied
        assert caught.value.attempts == 3
        assert (caught.value.producer, caught.value.sequence) == (client.producer, 1)
        assert len(set(fake.frames)) == 1
        assert len(fake.frames) == 3
        with pytest.raises(TimedOut) as caught_question:
            client.lookup("anna")
        assert not caught_question.value.may_have_been_applied


def test_a_call_has_a_time(fake: FakeServer) -> None:
    fake.handler = lambda header, body: None
    with Client(fake.endpoint, timeout=0.1) as client:
        start = time.monotonic()
        with pytest.raises(UnknownOutcome):
            client.assign(EVENTS)
        assert time.monotonic() - start < 1


def test_overloaded_is_waited_for(fake: FakeServer) -> None:
    refusals = iter([ErrorCode.OVERLOADED, ErrorCode.JOURNAL_UNAVAILABLE])

    def handler(header: dict[str, Any], body: dict[str, Any] | None) -> bytes:
        code = next(refusals, None)
        if code is None:
            return fake.assign_all(header, body)
        return refused(header, code, retriable=True, retry_after=60)

    fake.handler = handler
    with Client(fake.endpoint) as client:
        start = time.monotonic()
        assert len(client.assign(EVENTS)) == 2
        assert time.monotonic() - start >= 0.12
        assert client.statistics.refusals_retried == 2


def test_a_refusal(fake: FakeServer) -> None:
    fake.handler = lambda header, body: refused(header, ErrorCode.BAD_KIND, retriable=False)
    with Client(fake.endpoint) as client, pytest.raises(Refused) as caught:
        client.assign(EVENTS)
    error = caught.value
    assert error.kind == ErrorKind.REFUSED
    assert (error.code, error.name, error.offset) == (ErrorCode.BAD_KIND, "badKind", 64)
    assert "no, because of the test" in str(error)
    assert not error.may_have_been_applied


def test_a_reply_to_something_else_entirely(fake: FakeServer) -> None:
    fake.handler = lambda header, body: assigned(header, 3)
    with Client(fake.endpoint) as client, pytest.raises(MalformedReply) as caught:
        client.assign(EVENTS)
    assert caught.value.may_have_been_applied


def test_a_reply_that_is_not_the_protocol(fake: FakeServer) -> None:
    from sojourn.wire.header import FLAG_REPLY, Header

    def handler(header: dict[str, Any], _: object) -> bytes:
        numbers = (int(header[name]) for name in ("correlation", "producer", "sequence"))
        return Header(2, *numbers, flags=FLAG_REPLY).frame(bytes(23))

    fake.handler = handler
    with Client(fake.endpoint) as client, pytest.raises(MalformedReply, match="truncatedBody"):
        client.assign(EVENTS)


def test_damaged_replies_are_asked_for_again(fake: FakeServer) -> None:
    replies = 0

    def handler(header: dict[str, Any], body: dict[str, Any] | None) -> bytes:
        nonlocal replies
        replies += 1
        reply = bytearray(fake.assign_all(header, body))
        if replies == 1:
            reply[-1] ^= 1
        return bytes(reply)

    fake.handler = handler
    with Client(fake.endpoint, attempt_timeout=0.1) as client:
        assert len(client.assign(EVENTS)) == 2
        assert client.statistics.replies_ignored == 1


def test_a_server_that_went_away_is_noticed_before_the_time_out() -> None:
    first, second = FakeServer(), FakeServer()
    try:
        first.handler = lambda header, body: None
        with Client([first.endpoint, second.endpoint]) as client:
            pending = client.submit(EVENTS)
            while not first.frames:
                time.sleep(0.01)
            first.stop()
            start = time.monotonic()
            assert len(pending.result()) == 2
            assert time.monotonic() - start < 2
    finally:
        second.stop()


def test_nobody_there() -> None:
    endpoint = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(Unreachable, match="is a server running there") as caught:
        Client(endpoint, connect_timeout=0.1)
    assert isinstance(caught.value, ConnectionError)
    assert not caught.value.may_have_been_applied


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "127.0.0.1:5571",
        "tcp://127.0.0.1",
        "tcp://127.0.0.1:0",
        "tcp://127.0.0.1:65536",
        "udp://127.0.0.1:5571",
        "tcp://:5571",
        "ipc://",
        "http://127.0.0.1:80",
        [],
        [7],
    ],
)
def test_bad_endpoints(endpoint: Any) -> None:
    with pytest.raises(InvalidArgument):
        Client(endpoint)


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": 0},
        {"timeout": float("nan")},
        {"attempt_timeout": -1},
        {"attempts": 0},
        {"producer": 0},
        {"producer": 1 << 64},
        {"first_sequence": -1},
        {"name": "x" * 256},
        {"name": "\ud800"},
        {"deployment": "ff"},
        {"deployment": bytes(16)},
        {"in_flight_max": 0},
    ],
    ids=str,
)
def test_bad_options(options: Any) -> None:
    with pytest.raises(InvalidArgument):
        Client("tcp://127.0.0.1:5571", **options)


def test_a_system_that_refuses_an_endpoint() -> None:
    with pytest.raises(Unreachable, match="cannot connect"):
        Client("ipc:///" + "x" * 200)


def test_another_deployment(fake: FakeServer) -> None:
    with pytest.raises(WrongDeployment, match=DEPLOYMENT):
        Client(fake.endpoint, deployment="00" * 15 + "01")
    with Client(fake.endpoint, deployment=DEPLOYMENT):
        pass


def test_bad_use_is_noticed_before_anything_is_sent(fake: FakeServer) -> None:
    fake.hello = lambda header: hello(header, batch_events=2, message_bytes=400)
    with Client(fake.endpoint) as client:
        with pytest.raises(EmptyBatch):
            client.assign([])
        with pytest.raises(EmptyBatch):
            client.assign_columns(time=[], visitor=[])
        with pytest.raises(BatchTooLarge):
            client.assign([*EVENTS, EVENTS[0]])
        with pytest.raises(BatchTooLarge):
            client.assign_columns(time=[1, 2, 3], visitor=["a", "a", "a"])
        with pytest.raises(BatchTooLarge, match="message"):
            client.assign([Event(1, "a", page="x" * 400)])
        with pytest.raises(InvalidEvent):
            client.assign([Event(1, "k" * 129)])
        with pytest.raises(InvalidEvent):
            client.assign([Event(-1, "a")])
        with pytest.raises(InvalidEvent):
            client.lookup(b"")
        with pytest.raises(InvalidArgument):
            client.lookup_session("no uuid")
        for property in (-1, 1 << 32, 1.0, True, "1"):
            with pytest.raises(InvalidArgument):
                client.assign(EVENTS, property)  # type: ignore[arg-type]
        assert client.next_sequence == 1
    assert fake.frames == []


def test_a_closed_client(fake: FakeServer) -> None:
    client = Client(fake.endpoint)
    client.close()
    client.close()
    with pytest.raises(Closed):
        client.assign(EVENTS)
    with pytest.raises(Closed):
        client.status()


def test_closing_while_another_thread_waits(fake: FakeServer) -> None:
    fake.handler = lambda header, body: None
    client = Client(fake.endpoint)
    caught: list[SojournError] = []

    def wait() -> None:
        try:
            client.assign(EVENTS)
        except SojournError as error:
            caught.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    while not fake.frames:
        time.sleep(0.01)
    client.close()
    thread.join(5)
    assert not thread.is_alive()
    assert isinstance(caught[0], Closed)
    assert caught[0].may_have_been_applied


def test_many_threads_share_a_client(fake: FakeServer) -> None:
    with Client(fake.endpoint) as client:
        answered = []

        def work() -> None:
            for _ in range(50):
                answered.append(len(client.assign(EVENTS)))

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len(answered) == 400
        assert client.statistics.resent == 0


def test_buffered(fake: FakeServer) -> None:
    with Client(fake.endpoint) as client:
        with client.buffered(max_events=3, max_delay=60) as sender:
            futures = [sender.add(EVENTS[0]) for _ in range(7)]
            assert [future.result(5).position for future in futures[:6]] == [1, 2, 3] * 2
            assert not futures[6].done()
            with pytest.raises(InvalidEvent):
                sender.add(Event(1, ""))
        assert futures[6].result(0).position == 1
        with pytest.raises(Closed):
            sender.add(EVENTS[0])
        with client.buffered(max_delay=0.05) as sender:
            start = time.monotonic()
            sender.add(EVENTS[0]).result(5)
            assert 0.04 < time.monotonic() - start < 1
            late = sender.add(EVENTS[0])
            sender.flush()
            late.result(5)
    assert [len(frame) for frame in fake.frames] != []


def test_buffered_errors_come_to_every_event(fake: FakeServer) -> None:
    fake.handler = lambda header, body: refused(header, ErrorCode.UNKNOWN_PROPERTY, retriable=False)
    with Client(fake.endpoint) as client, client.buffered(max_events=2) as sender:
        futures = [sender.add(EVENTS[0]) for _ in range(2)]
        for future in futures:
            with pytest.raises(Refused):
                future.result(5)


def test_buffered_when_the_client_closes_first(fake: FakeServer) -> None:
    fake.handler = lambda header, body: None
    client = Client(fake.endpoint)
    sender = client.buffered(max_events=2)
    futures = [sender.add(EVENTS[0]) for _ in range(3)]
    while not fake.frames:
        time.sleep(0.01)
    client.close()
    sender.close()
    for future in futures:
        assert isinstance(future.exception(0), Closed)


def test_curve() -> None:
    if not zmq.has("curve"):
        pytest.skip("libzmq was built without CURVE")
    server_public, server_secret = zmq.curve_keypair()
    public, secret = zmq.curve_keypair()
    keys = CurveKeys(server_public.decode(), public.decode(), secret.decode())
    assert secret.decode() not in repr(keys)
    with FakeServer(curve=(server_public, server_secret)) as server:
        with Client(server.endpoint, curve=keys) as client:
            assert len(client.assign(EVENTS)) == 2
        wrong = CurveKeys(public.decode(), public.decode(), secret.decode())
        with pytest.raises(Unreachable, match="CURVE"):
            Client(server.endpoint, curve=wrong, connect_timeout=0.2)
        with pytest.raises(Unreachable):
            Client(server.endpoint, connect_timeout=0.2)


def test_curve_that_libzmq_cannot_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zmq, "has", lambda capability: False)
    with pytest.raises(CurveUnavailable, match="CURVE"):
        Client("tcp://127.0.0.1:5571", curve=CurveKeys("x" * 40, "x" * 40, "x" * 40))


@pytest.mark.parametrize("key", ["", "x" * 39, "x" * 41, "x" * 39 + " "])
def test_bad_curve_keys(key: str) -> None:
    with pytest.raises(InvalidArgument):
        CurveKeys(key, "x" * 40, "x" * 40)
