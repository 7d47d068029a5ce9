"""A client of Sojourn, a service that assigns events to sessions.

`Client` is for code without an event loop, `AsyncClient` for asyncio; both send the same messages
and decide the same way.
"""

from .aio import AsyncBufferedSender, AsyncClient
from .answer import Answer, Assignment, Revision, Session
from .batch import Batch
from .buffered import BufferedSender
from .client import Client, Pending
from .columns import Coded, ColumnArguments
from .constants import Boundary, ErrorCode, Kind, Outcome, RevisionCause
from .dispatcher import Statistics
from .errors import (
    BatchTooLarge,
    Closed,
    CurveUnavailable,
    EmptyBatch,
    ErrorKind,
    InvalidArgument,
    InvalidEvent,
    MalformedReply,
    Refused,
    SojournError,
    TimedOut,
    UnknownOutcome,
    Unreachable,
    UnsupportedVersion,
    WrongDeployment,
)
from .event import Context, Event
from .info import KnownSession, Lookup, ServerInfo, Status
from .options import CurveKeys, Options
from .wire.lookup import PathRecord

__version__ = "0.1.0"

__all__ = [
    "Answer",
    "Assignment",
    "AsyncBufferedSender",
    "AsyncClient",
    "Batch",
    "BatchTooLarge",
    "Boundary",
    "BufferedSender",
    "Client",
    "Closed",
    "Coded",
    "ColumnArguments",
    "Context",
    "CurveKeys",
    "CurveUnavailable",
    "EmptyBatch",
    "ErrorCode",
    "ErrorKind",
    "Event",
    "InvalidArgument",
    "InvalidEvent",
    "Kind",
    "KnownSession",
    "Lookup",
    "MalformedReply",
    "Options",
    "Outcome",
    "PathRecord",
    "Pending",
    "Refused",
    "Revision",
    "RevisionCause",
    "ServerInfo",
    "Session",
    "SojournError",
    "Statistics",
    "Status",
    "TimedOut",
    "UnknownOutcome",
    "Unreachable",
    "UnsupportedVersion",
    "WrongDeployment",
]
