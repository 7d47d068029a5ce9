"""Why a call failed."""

from __future__ import annotations

from enum import StrEnum

from .constants import ErrorCode
from .wire.error import ErrorReply


class ErrorKind(StrEnum):
    """The kinds of failure, one for each class below."""

    INVALID_ARGUMENT = "invalidArgument"
    INVALID_EVENT = "invalidEvent"
    EMPTY_BATCH = "emptyBatch"
    BATCH_TOO_LARGE = "batchTooLarge"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timedOut"
    UNKNOWN_OUTCOME = "unknownOutcome"
    REFUSED = "refused"
    WRONG_DEPLOYMENT = "wrongDeployment"
    UNSUPPORTED_VERSION = "unsupportedVersion"
    MALFORMED_REPLY = "malformedReply"
    CLOSED = "closed"
    CURVE_UNAVAILABLE = "curveUnavailable"


class SojournError(Exception):
    """The base of all errors of this package.

    The one question that a program must ask is whether the events of a failed `assign` may have
    been applied all the same: `may_have_been_applied`. `str(error)` is a sentence for a person.
    """

    kind: ErrorKind

    def __init__(
        self,
        sentence: str,
        *,
        refusal: ErrorReply | None = None,
        may_have_been_applied: bool = False,
        attempts: int = 0,
        event_index: int | None = None,
        producer: int = 0,
        sequence: int = 0,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.may_have_been_applied = may_have_been_applied
        """True when the events may have been applied although the call failed."""
        self.attempts = attempts
        """How many times the request was sent."""
        self.event_index = event_index
        """The event to blame, counted from 0."""
        self.producer = producer
        self.sequence = sequence
        """The number of the batch: sent again with it, the batch is applied once only."""
        self.code: ErrorCode | int | None = None
        """The server's code, if a server refused; codes that this version does not know are
        bare numbers."""
        self.server_sentence: str | None = None
        """The server's own words."""
        self.offset: int | None = None
        """Byte of the request that offended."""
        self.retry_after: float | None = None
        """Seconds that the server asked to wait."""
        self.retriable = False
        """Whether the server said that the same may succeed later."""
        if refusal is not None:
            self.code = ErrorCode.of(refusal.code)
            self.server_sentence = refusal.message
            self.offset = refusal.offset
            self.retry_after = refusal.retry_after / 1000 or None
            self.retriable = refusal.retriable

    @property
    def name(self) -> str:
        """The server's name of the error if it sent one, else that of the kind."""
        if self.code is None:
            return self.kind.value
        return self.code.label if isinstance(self.code, ErrorCode) else f"error{self.code}"


class InvalidArgument(SojournError, ValueError):
    """A parameter makes no sense; nothing was sent."""

    kind = ErrorKind.INVALID_ARGUMENT


class InvalidEvent(SojournError, ValueError):
    """An event cannot be sent as it is; `event_index` says which one. Nothing was sent."""

    kind = ErrorKind.INVALID_EVENT


class EmptyBatch(SojournError, ValueError):
    """There is nothing in the batch."""

    kind = ErrorKind.EMPTY_BATCH


class BatchTooLarge(SojournError, ValueError):
    """More than the server takes at once; a batch is applied as a whole, so it is not split."""

    kind = ErrorKind.BATCH_TOO_LARGE


class Unreachable(SojournError, ConnectionError):
    """No server could be reached; nothing was applied."""

    kind = ErrorKind.UNREACHABLE


class TimedOut(SojournError, TimeoutError):
    """There was no answer in time. Nothing can have been applied."""

    kind = ErrorKind.TIMED_OUT


class UnknownOutcome(SojournError):
    """A batch was sent and its answer never came: it was applied once, or not at all."""

    kind = ErrorKind.UNKNOWN_OUTCOME


class Refused(SojournError):
    """The server refused; nothing was applied."""

    kind = ErrorKind.REFUSED


class WrongDeployment(Refused):
    """The server belongs to another deployment."""

    kind = ErrorKind.WRONG_DEPLOYMENT


class UnsupportedVersion(Refused):
    """Client and server have no version of the protocol in common."""

    kind = ErrorKind.UNSUPPORTED_VERSION


class MalformedReply(SojournError):
    """The server answered something that is not the protocol."""

    kind = ErrorKind.MALFORMED_REPLY


class Closed(SojournError):
    """The client was closed."""

    kind = ErrorKind.CLOSED


class CurveUnavailable(SojournError):
    """libzmq was built without CURVE."""

    kind = ErrorKind.CURVE_UNAVAILABLE
