"""What is sent when, and when a client gives up: without sockets, at times of the test's own."""

from __future__ import annotations

from typing import Any

import pytest

from fake_server import assigned, hello, refused
from request_codec import decode_request
from sojourn import (
    Closed,
    Refused,
    SojournError,
    TimedOut,
    UnknownOutcome,
    Unreachable,
    UnsupportedVersion,
    WrongDeployment,
)
from sojourn.batch import Batch
from sojourn.constants import ErrorCode, Operation
from sojourn.dispatcher import Connect, Disconnect, Dispatcher, Request
from sojourn.event import Event
from sojourn.options import Options

BODY = Batch([Event(1, "anna")]).body()
ONE, TWO = "tcp://127.0.0.1:1", "tcp://127.0.0.1:2"


class Bench:
    """A dispatcher with the world around it."""

    def __init__(self, *endpoints: str, greeted: bool = True, **options: Any) -> None:
        self.now = 100.0
        self.dispatcher = Dispatcher(list(endpoints) or [ONE], Options(**options), self.now)
        self.endpoint: str | None = None
        self.greeting: dict[str, Any] = {}
        self.act()
        if greeted:
            self.greet()

    def act(self) -> None:
        while self.dispatcher.actions:
            action = self.dispatcher.actions.popleft()
            if isinstance(action, Disconnect):
                self.endpoint = None
            if isinstance(action, Connect):
                self.endpoint = action.endpoint
                self.greeting, _ = decode_request(action.greeting)

    def greet(self, **changes: Any) -> None:
        self.receive(hello(self.greeting, **changes))

    def receive(self, frame: bytes) -> None:
        self.dispatcher.received(frame, self.now)
        self.act()

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.dispatcher.tick(self.now)
        self.act()

    def submit(self, count: int = 1) -> list[Request]:
        requests = [Request(Operation.ASSIGN, BODY, 1, self.now + 30) for _ in range(count)]
        for request in requests:
            self.dispatcher.submit(request)
        return requests

    def send(self) -> list[bytes]:
        return list(self.dispatcher.sendable(self.now))

    def answer(self, frame: bytes) -> None:
        self.receive(assigned(decode_request(frame)[0], 1))

    def refuse(self, frame: bytes, code: ErrorCode, *, retriable: bool, after: int = 0) -> None:
        header, _ = decode_request(frame)
        self.receive(refused(header, code, retriable=retriable, retry_after=after))


def error_of(request: Request) -> SojournError:
    assert request.error is not None
    return request.error


def test_nothing_is_sent_before_the_greeting() -> None:
    bench = Bench(greeted=False)
    bench.submit()
    assert bench.send() == []
    bench.greet()
    (frame,) = bench.send()
    header, _ = decode_request(frame)
    assert header["sequence"] == "1"
    assert header["producer"] != "0"
    assert header["deployment"] == str(0x8899AABBCCDDEEFF)


def test_no_more_than_the_credit_is_in_flight() -> None:
    bench = Bench()
    bench.submit(6)
    frames = bench.send()
    assert len(frames) == 4
    bench.answer(frames[2])
    assert len(bench.send()) == 1
    assert bench.dispatcher.load == 5


def test_fewer_in_flight_on_wish() -> None:
    bench = Bench(in_flight_max=2)
    bench.submit(6)
    assert len(bench.send()) == 2


def test_the_same_frame_goes_to_the_next_endpoint() -> None:
    bench = Bench(ONE, TWO)
    (request,) = bench.submit()
    first = bench.send()
    bench.pass_time(5)
    assert bench.endpoint == TWO
    assert bench.send() == []
    bench.greet()
    assert bench.send() == first
    bench.answer(first[0])
    assert request.error is None
    assert request.is_done
    assert bench.dispatcher.statistics.resent == 1


def test_after_the_last_attempt_the_outcome_is_unknown() -> None:
    bench = Bench(attempts=2)
    (request,) = bench.submit()
    for _ in range(2):
        assert len(bench.send()) == 1
        bench.pass_time(5)
        bench.greet()
    assert bench.send() == []
    error = error_of(request)
    assert isinstance(error, UnknownOutcome)
    assert error.may_have_been_applied
    assert error.attempts == 2
    assert error.sequence == 1


def test_a_question_without_an_answer_timed_out() -> None:
    bench = Bench(attempts=1)
    request = Request(Operation.STATUS, b"", 0, bench.now + 30)
    bench.dispatcher.submit(request)
    bench.send()
    bench.pass_time(5)
    error = error_of(request)
    assert isinstance(error, TimedOut)
    assert not error.may_have_been_applied


def test_a_refusal_for_good() -> None:
    bench = Bench()
    (request,) = bench.submit()
    bench.refuse(bench.send()[0], ErrorCode.UNKNOWN_PROPERTY, retriable=False)
    error = error_of(request)
    assert isinstance(error, Refused)
    assert (error.code, error.name) == (ErrorCode.UNKNOWN_PROPERTY, "unknownProperty")
    assert error.offset == 64
    assert error.server_sentence == "no, because of the test"
    assert not error.may_have_been_applied


def test_overloaded_waits_as_long_as_the_server_asks() -> None:
    bench = Bench()
    first, second = bench.submit(2)
    frames = bench.send()
    bench.refuse(frames[0], ErrorCode.OVERLOADED, retriable=True, after=250)
    assert bench.send() == []
    assert bench.dispatcher.next_timer() == pytest.approx(bench.now + 0.25)
    bench.submit()
    bench.pass_time(0.2)
    assert bench.send() == []
    bench.pass_time(0.05)
    again = bench.send()
    assert again[0] == frames[0], "what was refused goes first"
    assert len(again) == 2
    bench.answer(frames[0])
    bench.answer(frames[1])
    assert first.error is second.error is None


def test_refusals_without_a_time_to_wait_are_retried_ever_more_slowly() -> None:
    bench = Bench()
    bench.submit()
    waits = []
    for _ in range(9):
        (frame,) = bench.send()
        bench.refuse(frame, ErrorCode.INTERNAL, retriable=True)
        timer = bench.dispatcher.next_timer()
        assert timer is not None
        waits.append(round(timer - bench.now, 3))
        bench.pass_time(waits[-1])
    assert waits == [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 0.64, 0.64]


def test_refusals_end_with_the_time_of_the_call() -> None:
    bench = Bench()
    (request,) = bench.submit()
    bench.refuse(bench.send()[0], ErrorCode.OVERLOADED, retriable=True, after=30_000)
    error = error_of(request)
    assert isinstance(error, Refused)
    assert error.retriable
    assert error.retry_after == 30.0
    assert not error.may_have_been_applied


def test_a_refused_retry_says_nothing_of_the_first_attempt() -> None:
    bench = Bench()
    (request,) = bench.submit()
    bench.send()
    bench.pass_time(5)
    bench.greet()
    bench.refuse(bench.send()[0], ErrorCode.OVERLOADED, retriable=True, after=60_000)
    error = error_of(request)
    assert isinstance(error, UnknownOutcome)
    assert error.code == ErrorCode.OVERLOADED
    assert error.may_have_been_applied


def test_a_draining_server_is_left_when_all_is_answered() -> None:
    bench = Bench(ONE, TWO)
    bench.submit(2)
    frames = bench.send()
    bench.refuse(frames[1], ErrorCode.DRAINING, retriable=True)
    assert bench.endpoint == ONE, "the other batch may still be answered"
    bench.submit()
    assert bench.send() == []
    bench.answer(frames[0])
    bench.pass_time(0)
    assert bench.endpoint == TWO
    bench.greet()
    bench.pass_time(0.01)
    assert bench.send()[0] == frames[1]


def test_a_lost_connection_is_renewed_at_once() -> None:
    bench = Bench(ONE, TWO)
    bench.submit()
    frames = bench.send()
    bench.dispatcher.link_lost(bench.now)
    bench.act()
    assert bench.endpoint == TWO
    bench.greet()
    assert bench.send() == frames


def test_no_endpoint_answers() -> None:
    bench = Bench(ONE, TWO, greeted=False, connect_timeout=5)
    bench.pass_time(2)
    assert bench.endpoint == TWO
    bench.pass_time(2)
    assert bench.endpoint == ONE
    bench.pass_time(1)
    assert bench.endpoint is None
    assert isinstance(bench.dispatcher.first_error, Unreachable)


def test_time_is_up_while_there_is_no_connection() -> None:
    bench = Bench()
    bench.dispatcher.link_lost(bench.now)
    (request,) = bench.submit()
    for _ in range(31):
        bench.pass_time(1)
    error = error_of(request)
    assert isinstance(error, Unreachable)
    assert error.attempts == 0
    assert not error.may_have_been_applied


def test_time_is_up_while_others_have_the_credit() -> None:
    bench = Bench(in_flight_max=1, attempt_timeout=60.0)
    first, second = bench.submit(2)
    bench.send()
    bench.pass_time(30)
    assert isinstance(error_of(first), UnknownOutcome)
    error = error_of(second)
    assert isinstance(error, TimedOut)
    assert not error.may_have_been_applied


def test_what_nobody_waits_for_keeps_its_credit_until_it_is_answered() -> None:
    bench = Bench(in_flight_max=1)
    first, _ = bench.submit(2)
    (frame,) = bench.send()
    bench.dispatcher.abandon(first)
    assert bench.send() == []
    bench.answer(frame)
    assert len(bench.send()) == 1


def test_a_deployment_is_insisted_on() -> None:
    bench = Bench(greeted=False, deployment="ff" * 16)
    bench.greet()
    assert isinstance(bench.dispatcher.first_error, WrongDeployment)


def test_a_client_stays_with_the_deployment_that_it_met_first() -> None:
    bench = Bench(ONE, TWO)
    bench.dispatcher.link_lost(bench.now)
    bench.act()
    bench.greet(deployment="ff" * 16)
    assert not bench.dispatcher.is_up
    assert bench.endpoint == ONE
    bench.greet()
    assert bench.dispatcher.is_up


def test_no_version_in_common() -> None:
    bench = Bench(greeted=False)
    bench.receive(refused(bench.greeting, ErrorCode.UNSUPPORTED_VERSION, retriable=False))
    assert isinstance(bench.dispatcher.first_error, UnsupportedVersion)


def test_a_server_that_refuses_for_now_is_asked_again() -> None:
    bench = Bench(greeted=False)
    bench.receive(refused(bench.greeting, ErrorCode.DRAINING, retriable=True))
    assert bench.dispatcher.first_error is None
    bench.pass_time(0.1)
    assert bench.endpoint == ONE
    bench.greet()
    assert bench.dispatcher.is_up


def test_replies_that_do_not_belong_are_ignored() -> None:
    bench = Bench()
    (request,) = bench.submit()
    (frame,) = bench.send()
    header, _ = decode_request(frame)
    sound = assigned(header, 1)
    damaged = bytearray(sound)
    damaged[-1] ^= 1
    for wrong in (
        b"",
        b"SOJN",
        frame,
        bytes(damaged),
        assigned(header | {"correlation": "99"}, 1),
        assigned(header | {"sequence": "2"}, 1),
        assigned(header | {"producer": "2"}, 1),
        hello(header | {"operation": "HELLO"}),
    ):
        bench.receive(wrong)
    assert not request.is_done
    assert bench.dispatcher.statistics.replies_ignored == 8
    bench.receive(sound)
    assert request.is_done
    bench.receive(sound)
    assert bench.dispatcher.statistics.replies_ignored == 9


def test_numbers_begin_and_go_on_as_told() -> None:
    bench = Bench(producer=7, first_sequence=41)
    bench.submit(2)
    headers = [decode_request(frame)[0] for frame in bench.send()]
    assert [header["producer"] for header in headers] == ["7", "7"]
    assert [header["sequence"] for header in headers] == ["41", "42"]


def test_a_batch_that_may_be_sent_again_stays_in_the_window() -> None:
    bench = Bench(greeted=False)
    bench.greet(producer_window=3, credit=64)
    bench.submit(5)
    frames = bench.send()
    assert len(frames) == 3
    bench.answer(frames[1])
    assert bench.send() == []
    bench.answer(frames[0])
    assert len(bench.send()) == 2


def test_holes_lead_to_a_new_producer() -> None:
    bench = Bench(greeted=False)
    bench.greet(producer_window=3)
    producers = set()
    for _ in range(5):
        bench.submit()
        (frame,) = bench.send()
        producers.add(decode_request(frame)[0]["producer"])
        bench.refuse(frame, ErrorCode.UNKNOWN_PROPERTY, retriable=False)
    assert len(producers) == 2


def test_closing_fails_what_is_not_done() -> None:
    bench = Bench()
    first, second = bench.submit(2)
    bench.dispatcher.credit = 1
    bench.send()
    bench.dispatcher.close()
    assert isinstance(error_of(first), Closed)
    assert error_of(first).may_have_been_applied
    assert isinstance(error_of(second), Closed)
    assert not error_of(second).may_have_been_applied
