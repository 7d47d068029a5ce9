"""Decides what a client sends when, what it makes of replies, and when it gives up.

The dispatcher has no socket, no clock and no thread: whoever drives it tells it what happened and
when, and carries out what it asks for. A request goes this way:

    submit -> waiting -> in flight -> answered, or refused for good
                 ^           |
                 +- again <--+  refused for now; no answer in time; connection lost

- Requests are sent in the order in which they were submitted; at most `credit` are in flight.
- A batch gets its number when it is sent for the first time and keeps it, as it keeps its bytes:
  the server applies it once, however often it arrives.
- When the server asks to wait, everything waits, so that batches stay in order as far as can be.
- A request that nobody waits for any more keeps its place in flight until it is answered: the
  server is still at work on it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from .constants import PROTOCOL_VERSION, ErrorCode, Operation
from .errors import (
    Closed,
    MalformedReply,
    Refused,
    SojournError,
    TimedOut,
    UnknownOutcome,
    Unreachable,
    UnsupportedVersion,
    WrongDeployment,
)
from .options import Options, random_producer
from .wire.error import ErrorReply, read_error
from .wire.fault import WireFault
from .wire.header import FLAG_REPLY, Header, read_frame
from .wire.hello import ANY_DEPLOYMENT, HelloReply, read_hello_reply, write_hello


class Stage(Enum):
    WAITING = auto()
    """Never sent."""
    IN_FLIGHT = auto()
    AGAIN = auto()
    """Was sent, and is to be sent again."""
    DONE = auto()


class Request:
    """Something that was asked of the server, and what became of it."""

    __slots__ = (
        "body",
        "correlation",
        "deadline",
        "error",
        "frame",
        "is_abandoned",
        "on_done",
        "operation",
        "producer",
        "property",
        "refusal",
        "reply",
        "sends",
        "sequence",
        "stage",
        "unanswered",
        "until",
    )

    def __init__(
        self,
        operation: Operation,
        body: bytes,
        property: int,
        deadline: float,
        on_done: Callable[[Request], None] | None = None,
    ) -> None:
        self.operation = operation
        self.body = body
        self.property = property
        self.deadline = deadline
        self.on_done = on_done
        self.correlation = 0
        self.stage = Stage.WAITING
        self.until = 0.0
        """When the attempt that is in flight has had its time."""
        self.producer = 0
        self.sequence = 0
        self.frame: bytes | None = None
        """As it was sent first, and is sent again."""
        self.sends = 0
        self.unanswered = 0
        """Sends that no answer came to: what was sent so may have been applied."""
        self.is_abandoned = False
        """Nobody waits for it."""
        self.refusal: ErrorReply | None = None
        """What the server said last."""
        self.reply: memoryview | None = None
        self.error: SojournError | None = None

    @property
    def is_batch(self) -> bool:
        return self.operation is Operation.ASSIGN

    @property
    def is_done(self) -> bool:
        return self.stage is Stage.DONE or self.error is not None

    @property
    def may_have_been_applied(self) -> bool:
        return self.is_batch and self.unanswered > 0


@dataclass(frozen=True, slots=True)
class Connect:
    """Close the connection, open one to this endpoint and send it the greeting."""

    endpoint: str
    greeting: bytes


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Close the connection."""


Action = Connect | Disconnect


class LinkState(Enum):
    DOWN = auto()
    """Between two attempts to connect."""
    GREETING = auto()
    """The server is to be reached and to answer HELLO."""
    UP = auto()
    LEAVING = auto()
    """The server is about to stop: what is in flight is still answered, nothing new is sent."""
    ENDED = auto()
    """The client was closed, or its first greeting did not succeed."""


@dataclass(slots=True)
class Statistics:
    """What a client has counted."""

    connections: int = 0
    sent: int = 0
    """Requests, with those that were sent again."""
    resent: int = 0
    refusals_retried: int = 0
    replies_ignored: int = 0
    """Not asked for, too late or not sound."""


_LEAVE_SECONDS = 1.0
_ALL_TRIED_PAUSE, _ALL_TRIED_PAUSE_MAX = 0.1, 1.6
_REFUSAL_PAUSE, _REFUSAL_PAUSE_MAX = 0.010, 0.640


class Dispatcher:
    """The state machine of one client.

    `actions` and `sendable` are to be looked at after every call, `next_timer` tells when `tick`
    is due if nothing happens before. Times are seconds of a clock that only moves on.
    """

    def __init__(self, endpoints: list[str], options: Options, now: float) -> None:
        self._endpoints = endpoints
        self._options = options
        self.statistics = Statistics()
        self.actions: deque[Action] = deque()

        self._requests: dict[int, Request] = {}
        self._waiting: deque[Request] = deque()
        # Those that were sent and are not done, in order.
        self._sent: dict[int, Request] = {}
        self._in_flight = 0
        self._correlation = 0
        self._first_timer: float | None = None
        """No later than the first deadline of a request."""

        self.producer = options.producer or random_producer()
        self.next_sequence = options.first_sequence
        self._applied_sequence = options.first_sequence - 1
        self.credit = 1

        self.hello: HelloReply | None = None
        """What the server of the connection said last."""
        self.first_error: SojournError | None = None
        """Why the first greeting did not succeed."""
        self._deployment = options.deployment_id()
        self._link = LinkState.ENDED
        self._link_until = 0.0
        self._endpoint = 0
        self._greeting = 0
        """Correlation of the HELLO that is to be answered."""
        self._connect_deadline: float | None = now + options.connect_timeout
        self._failures = 0
        self._permanent_failures = 0
        self._fault: SojournError | None = None
        self._paused_until: float | None = None
        self._refusal_streak = 0
        self._connect(0, now)

    # Requests come and go

    @property
    def is_open(self) -> bool:
        return self._link is not LinkState.ENDED

    @property
    def is_up(self) -> bool:
        return self._link is LinkState.UP

    @property
    def load(self) -> int:
        """Requests that are not done."""
        return len(self._requests)

    def submit(self, request: Request) -> None:
        self._correlation += 1
        request.correlation = self._correlation
        self._requests[request.correlation] = request
        self._waiting.append(request)
        self._note(request.deadline)

    def abandon(self, request: Request) -> None:
        """Nobody waits for the reply any more."""
        if request.stage is Stage.IN_FLIGHT:
            request.is_abandoned = True
        elif request.stage is not Stage.DONE:
            self._end(request)

    def close(self) -> None:
        """Fails everything that is not done."""
        for request in list(self._requests.values()):
            self._fail(request, self._closed(request))
        self._link = LinkState.ENDED
        self.actions.append(Disconnect())

    def _end(self, request: Request) -> None:
        del self._requests[request.correlation]
        self._sent.pop(request.correlation, None)
        if request.stage is Stage.IN_FLIGHT:
            self._in_flight -= 1
        request.stage = Stage.DONE
        if request.on_done is not None and not request.is_abandoned:
            request.on_done(request)

    def _fail(self, request: Request, error: SojournError) -> None:
        if not request.is_abandoned:
            request.error = error
        self._end(request)

    def _expire(self, request: Request) -> None:
        """Out of time; what is in flight keeps its place until it is answered."""
        error = self._given_up(request)
        if request.stage is not Stage.IN_FLIGHT:
            return self._fail(request, error)
        request.error = error
        request.is_abandoned = True
        if request.on_done is not None:
            request.on_done(request)

    # Sending

    @property
    def has_to_send(self) -> bool:
        return len(self._sent) > self._in_flight or bool(self._waiting)

    def sendable(self, now: float) -> Iterator[bytes]:
        """The frames to be sent now; each counts as sent once it was handed out."""
        while (
            self._link is LinkState.UP
            and self._in_flight < self.credit
            and (self._paused_until is None or self._paused_until <= now)
            and (request := self._next()) is not None
        ):
            assert request.frame is not None
            request.stage = Stage.IN_FLIGHT
            request.until = now + self._options.attempt_timeout
            if request.sends:
                self.statistics.resent += 1
            request.sends += 1
            request.unanswered += 1
            self._in_flight += 1
            self.statistics.sent += 1
            self._note(request.until)
            yield request.frame

    def _next(self) -> Request | None:
        if len(self._sent) > self._in_flight:
            return next(one for one in self._sent.values() if one.stage is Stage.AGAIN)
        while self._waiting and self._waiting[0].stage is Stage.DONE:
            self._waiting.popleft()
        if not self._waiting:
            return None
        request = self._waiting[0]
        if request.is_batch and not self._number(request):
            return None
        self._waiting.popleft()
        self._sent[request.correlation] = request
        assert self._deployment is not None
        header = Header(
            request.operation,
            request.correlation,
            request.producer,
            request.sequence,
            min(round(self._options.attempt_timeout * 1000), 0xFFFF_FFFF),
            request.property,
            int.from_bytes(self._deployment[8:], "big"),
        )
        request.frame = header.frame(request.body)
        return request

    def _number(self, request: Request) -> bool:
        """Gives a batch its number; False while an earlier one must be settled first.

        A server remembers a window of batches behind its highest and takes as many beyond it. So
        a batch that may have to be sent again must not fall out of that window; nor must refused
        batches, which leave holes, carry the numbers beyond it: then there is a new producer,
        unless the caller has chosen this one.
        """
        window = self.hello.producer_window if self.hello else 1
        oldest = self._oldest_unsettled()
        if oldest is not None and self.next_sequence - oldest >= window:
            return False
        if self._options.producer is None and self.next_sequence > self._applied_sequence + window:
            if oldest is not None:
                return False
            self.producer = random_producer()
            self.next_sequence = 1
            self._applied_sequence = 0
        request.producer = self.producer
        request.sequence = self.next_sequence
        self.next_sequence += 1
        return True

    def _oldest_unsettled(self) -> int | None:
        for request in self._sent.values():
            if request.is_batch and not request.is_abandoned and request.producer == self.producer:
                return request.sequence
        return None

    # Replies

    def received(self, frame: bytes, now: float) -> None:
        """A message came; anything that is not a sound reply to what was asked is ignored."""
        try:
            header, body = read_frame(frame, flags=FLAG_REPLY)
        except WireFault:
            self.statistics.replies_ignored += 1
            return None
        if header.correlation == self._greeting and self._link is LinkState.GREETING:
            return self._greeting_answered(header, body, now)
        request = self._requests.get(header.correlation)
        if (
            request is None
            or request.stage is not Stage.IN_FLIGHT
            or header.operation not in (request.operation, Operation.ERROR)
            or (header.producer, header.sequence) != (request.producer, request.sequence)
        ):
            self.statistics.replies_ignored += 1
            return None
        if header.operation == Operation.ERROR:
            try:
                refusal = read_error(body)
            except WireFault:
                self.statistics.replies_ignored += 1
                return None
            return self._refused(request, refusal, now)
        self._refusal_streak = 0
        if request.is_batch and request.producer == self.producer:
            self._applied_sequence = max(self._applied_sequence, request.sequence)
        request.reply = body
        self._end(request)

    def _refused(self, request: Request, refusal: ErrorReply, now: float) -> None:
        # What may have been applied in part says no more than silence.
        if refusal.code != ErrorCode.INCOMPLETE:
            request.unanswered -= 1
        request.refusal = refusal
        if request.is_abandoned:
            return self._end(request)
        pause = self._pause_after(refusal) if refusal.retriable else 0.0
        if not refusal.retriable or now + pause >= request.deadline:
            return self._fail(request, self._given_up(request))
        self.statistics.refusals_retried += 1
        request.stage = Stage.AGAIN
        self._in_flight -= 1
        self._paused_until = max(self._paused_until or now, now + pause)
        if refusal.code == ErrorCode.DRAINING and self._link is LinkState.UP:
            self._link = LinkState.LEAVING
            self._link_until = now + _LEAVE_SECONDS
            self._tick_link(now)

    def _pause_after(self, refusal: ErrorReply) -> float:
        """What the server asks for; where it says nothing, more from refusal to refusal."""
        self._refusal_streak += 1
        if refusal.retry_after:
            return refusal.retry_after / 1000
        if refusal.code == ErrorCode.DRAINING and self._refusal_streak < len(self._endpoints):
            return 0.0
        return float(min(_REFUSAL_PAUSE * 2 ** (self._refusal_streak - 1), _REFUSAL_PAUSE_MAX))

    # The connection

    def _connect(self, endpoint: int, now: float) -> None:
        self._endpoint = endpoint
        self._link = LinkState.GREETING
        self._link_until = now + self._options.greeting_timeout
        self.statistics.connections += 1
        self._correlation += 1
        self._greeting = self._correlation
        hello = write_hello(self._options.name, self._deployment or ANY_DEPLOYMENT)
        frame = Header(Operation.HELLO, self._greeting).frame(hello)
        self.actions.append(Connect(self._endpoints[endpoint], frame))

    @property
    def _next_endpoint(self) -> int:
        return (self._endpoint + 1) % len(self._endpoints)

    @property
    def endpoint(self) -> str:
        """That of the connection."""
        return self._endpoints[self._endpoint]

    def link_lost(self, now: float) -> None:
        """The connection broke; has no effect while there is none."""
        if self._link in (LinkState.UP, LinkState.LEAVING):
            self._replace_link(now)

    def cannot_connect(self, reason: str, now: float) -> None:
        """The system refused to open the connection at all."""
        if self._link is LinkState.GREETING:
            error = Unreachable(f"cannot connect to {self.endpoint}: {reason}")
            self._greeting_failed(error, is_permanent=True, now=now)

    def _replace_link(self, now: float) -> None:
        """The connection has not answered, or is broken: a new one, to the next endpoint."""
        for request in list(self._sent.values()):
            if request.stage is not Stage.IN_FLIGHT:
                continue
            if request.is_abandoned:
                self._end(request)
            elif request.unanswered >= self._options.attempts:
                self._fail(request, self._given_up(request))
            else:
                request.stage = Stage.AGAIN
                self._in_flight -= 1
        self._connect(self._next_endpoint, now)

    def _greeting_answered(self, header: Header, body: memoryview, now: float) -> None:
        try:
            if header.operation == Operation.ERROR:
                return self._greeting_refused(read_error(body), now)
            if header.operation != Operation.HELLO:
                self.statistics.replies_ignored += 1
                return None
            hello = read_hello_reply(body)
        except WireFault as fault:
            error: SojournError = MalformedReply(f"{self.endpoint} answers no HELLO: {fault}")
            return self._greeting_failed(error, is_permanent=True, now=now)
        if hello.version != PROTOCOL_VERSION:
            error = UnsupportedVersion(
                f"{self.endpoint} chose version {hello.version} of the protocol, which this client "
                "does not speak"
            )
            return self._greeting_failed(error, is_permanent=True, now=now)
        if self._deployment is not None and self._deployment != hello.deployment:
            error = WrongDeployment(
                f"{self.endpoint} belongs to another deployment: it is {hello.deployment.hex()}, "
                f"expected was {self._deployment.hex()}"
            )
            return self._greeting_failed(error, is_permanent=True, now=now)
        self.hello = hello
        self._deployment = hello.deployment
        self._link = LinkState.UP
        self._connect_deadline = None
        self._failures = self._permanent_failures = 0
        self._fault = None
        self.credit = max(1, min(hello.credit, self._options.in_flight_max or hello.credit))

    def _greeting_refused(self, refusal: ErrorReply, now: float) -> None:
        error: SojournError
        match refusal.code:
            case ErrorCode.WRONG_DEPLOYMENT:
                sentence = f"{self.endpoint} belongs to another deployment: {refusal.message}"
                error = WrongDeployment(sentence, refusal=refusal)
            case ErrorCode.UNSUPPORTED_VERSION:
                error = UnsupportedVersion(
                    f"{self.endpoint} speaks versions {refusal.lowest_version} to "
                    f"{refusal.highest_version} of the protocol, this client {PROTOCOL_VERSION}",
                    refusal=refusal,
                )
            case _:
                sentence = f"{self.endpoint} refuses this client: {refusal.message}"
                error = Refused(sentence, refusal=refusal)
        self._greeting_failed(error, is_permanent=not refusal.retriable, now=now)

    def _greeting_failed(self, error: SojournError, *, is_permanent: bool, now: float) -> None:
        self._fault = error
        self._failures += 1
        self._permanent_failures = self._permanent_failures + 1 if is_permanent else 0
        count = len(self._endpoints)
        if self._connect_deadline is not None and self._permanent_failures >= count:
            self._give_up(error)
        elif self._failures % count == 0:
            # All have been tried: not at once again.
            rounds = self._failures // count - 1
            pause = min(_ALL_TRIED_PAUSE * 2 ** min(rounds, 8), _ALL_TRIED_PAUSE_MAX)
            self._link = LinkState.DOWN
            self._link_until = now + pause
            self.actions.append(Disconnect())
        else:
            self._connect(self._next_endpoint, now)

    def _give_up(self, error: SojournError) -> None:
        self.first_error = error
        self._link = LinkState.ENDED
        self.actions.append(Disconnect())

    # Time

    def next_timer(self) -> float | None:
        """When `tick` is due, if nothing happens before."""
        timers = [self._first_timer, self._connect_deadline]
        if self._link in (LinkState.DOWN, LinkState.GREETING, LinkState.LEAVING):
            timers.append(self._link_until)
        if self._paused_until is not None and self.has_to_send:
            timers.append(self._paused_until)
        return min((timer for timer in timers if timer is not None), default=None)

    def tick(self, now: float) -> None:
        """Looks at the clock; what was received by `now` is to be told before."""
        if self._paused_until is not None and self._paused_until <= now:
            self._paused_until = None
        self._tick_link(now)
        if self._first_timer is None or self._first_timer > now:
            return
        self._first_timer = None
        is_link_dead = False
        for request in list(self._requests.values()):
            is_late = request.stage is Stage.IN_FLIGHT and request.until <= now
            if is_late and request.is_abandoned:
                self._end(request)
                continue
            is_link_dead = is_link_dead or is_late
            if request.deadline <= now and not request.is_abandoned:
                self._expire(request)
                if request.stage is Stage.DONE:
                    continue
            if not request.is_abandoned:
                self._note(request.deadline)
            if request.stage is Stage.IN_FLIGHT:
                self._note(request.until)
        if is_link_dead and self._link in (LinkState.UP, LinkState.LEAVING):
            self._replace_link(now)

    def _tick_link(self, now: float) -> None:
        if self._connect_deadline is not None and self._connect_deadline <= now:
            self._connect_deadline = None
            return self._give_up(
                self._fault
                or Unreachable(
                    f"no answer from {', '.join(self._endpoints)} within "
                    f"{self._options.connect_timeout:g} s; is a server running there"
                    + (", and does it take these CURVE keys?" if self._options.curve else "?")
                )
            )
        match self._link:
            case LinkState.DOWN if self._link_until <= now:
                self._connect(self._next_endpoint, now)
            case LinkState.GREETING if self._link_until <= now:
                self._failures += 1
                self._connect(self._next_endpoint, now)
            case LinkState.LEAVING if self._link_until <= now or not self._in_flight:
                self._replace_link(now)

    def _note(self, timer: float) -> None:
        if self._first_timer is None or timer < self._first_timer:
            self._first_timer = timer

    # Errors

    def _given_up(self, request: Request) -> SojournError:
        """Refused for good, sent as often as is allowed, or out of time."""
        refusal = request.refusal
        times = "once" if request.sends == 1 else f"{request.sends} times"
        if request.may_have_been_applied:
            said = f"; the last refusal was: {refusal.message}" if refusal else ""
            return self._error(
                UnknownOutcome,
                request,
                f"no answer from {self.endpoint} to a batch that was sent {times}; it was applied "
                f"once or not at all{said}",
            )
        if refusal is not None and request.unanswered == 0:
            kind: type[SojournError] = Refused
            if refusal.code == ErrorCode.WRONG_DEPLOYMENT:
                kind = WrongDeployment
            elif refusal.code == ErrorCode.UNSUPPORTED_VERSION:
                kind = UnsupportedVersion
            code = ErrorCode.of(refusal.code)
            name = code.label if isinstance(code, ErrorCode) else f"error {code}"
            return self._error(
                kind, request, f"{self.endpoint} refused: {refusal.message} ({name})"
            )
        if request.sends:
            sentence = f"no answer from {self.endpoint}, which was asked {times}"
            return self._error(TimedOut, request, sentence)
        timeout = f"{self._options.timeout:g} s"
        if self._link is LinkState.UP:
            sentence = f"not sent within {timeout}: earlier requests took all the credit"
            return self._error(TimedOut, request, sentence)
        if self._fault is not None:
            return self._error(type(self._fault), request, self._fault.sentence)
        sentence = f"no connection to {', '.join(self._endpoints)} within {timeout}"
        return self._error(Unreachable, request, sentence)

    def _closed(self, request: Request) -> SojournError:
        if request.may_have_been_applied:
            sentence = "the client was closed before the answer came; it may have been applied"
        else:
            sentence = "the client was closed before it was answered; nothing was applied"
        return self._error(Closed, request, sentence)

    def _error(self, kind: type[SojournError], request: Request, sentence: str) -> SojournError:
        return kind(
            sentence,
            refusal=request.refusal,
            may_have_been_applied=request.may_have_been_applied,
            attempts=request.sends,
            producer=request.producer,
            sequence=request.sequence,
        )
