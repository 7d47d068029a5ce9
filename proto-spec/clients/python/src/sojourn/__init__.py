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
from .constants import (
    Boundary,
    Dimension,
    EntryKind,
    ErrorCode,
    Interval,
    Kind,
    Outcome,
    RevisionCause,
    RowKind,
)
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
from .feed import Feed, FeedMessage
from .history import START, Cursor, Entry, Forgotten, Page, Place
from .info import KnownSession, Lookup, ServerInfo, Status
from .options import CurveKeys, Options
from .report import Filter, Question, Report, ReportRow, Scope, Step
from .wire.sessions import PathRecord

__version__ = "0.1.0"

__all__ = [
    "START",
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
    "Cursor",
    "CurveKeys",
    "CurveUnavailable",
    "Dimension",
    "EmptyBatch",
    "Entry",
    "EntryKind",
    "ErrorCode",
    "ErrorKind",
    "Event",
    "Feed",
    "FeedMessage",
    "Filter",
    "Forgotten",
    "Interval",
    "InvalidArgument",
    "InvalidEvent",
    "Kind",
    "KnownSession",
    "Lookup",
    "MalformedReply",
    "Options",
    "Outcome",
    "Page",
    "PathRecord",
    "Pending",
    "Place",
    "Question",
    "Refused",
    "Report",
    "ReportRow",
    "Revision",
    "RevisionCause",
    "RowKind",
    "Scope",
    "ServerInfo",
    "Session",
    "SojournError",
    "Statistics",
    "Status",
    "Step",
    "TimedOut",
    "UnknownOutcome",
    "Unreachable",
    "UnsupportedVersion",
    "WrongDeployment",
]
