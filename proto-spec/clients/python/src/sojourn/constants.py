"""Names and numbers of the protocol: what `constants.json` of the specification lists."""

from __future__ import annotations

from enum import IntEnum
from typing import Self

PROTOCOL_VERSION = 1


class _Open(IntEnum):
    """Codes to which later versions of the protocol may add."""

    @classmethod
    def of(cls, code: int) -> Self | int:
        """The member with this code, or the bare number if there is none."""
        return cls._value2member_map_.get(code, code)  # type: ignore[return-value]


class Operation(IntEnum):
    HELLO = 1
    ASSIGN = 2
    LOOKUP = 3
    STATUS = 4
    ERROR = 5
    REPORT = 6
    FETCH = 7
    FORGET = 8


class Kind(IntEnum):
    """What an event is. `HEARTBEAT` extends a session and never starts one."""

    VIEW = 1
    ACTION = 2
    CONVERSION = 3
    HEARTBEAT = 4
    START = 5
    END = 6

    @property
    def label(self) -> str:
        """The name in the specification: `view`."""
        return self.name.lower()


class Outcome(_Open):
    """What became of an event."""

    NEW = 0
    EXTENDED = 1
    LATE_JOINED = 2
    MERGED = 3
    TOO_LATE = 4
    DUPLICATE = 5
    REJECTED_NO_SESSION = 16
    REJECTED_CLOCK_SKEW = 17
    REJECTED_VISITOR_LIMIT = 18
    REJECTED_SESSION_LIMIT = 19

    @property
    def label(self) -> str:
        """The name in the specification: `lateJoined`."""
        return _camel(self.name)


class Boundary(_Open):
    """Why a session began, and the one before it ended."""

    FIRST = 0
    IDLE = 1
    MAX_DURATION = 2
    MAX_EVENTS = 3
    CAMPAIGN = 4
    MIDNIGHT = 5
    EXPLICIT = 6

    @property
    def label(self) -> str:
        return _camel(self.name)


class RevisionCause(_Open):
    BRIDGE = 1

    @property
    def label(self) -> str:
        return _camel(self.name)


class ErrorCode(_Open):
    """The registry of errors, in order of precedence."""

    BAD_FRAMING = 1
    TRUNCATED_HEADER = 2
    BAD_MAGIC = 3
    UNSUPPORTED_VERSION = 4
    BAD_HEADER_CHECKSUM = 5
    UNEXPECTED_REPLY = 6
    UNKNOWN_OPERATION = 7
    UNKNOWN_FLAGS = 8
    RESERVED_NOT_ZERO = 9
    MESSAGE_TOO_LARGE = 10
    BAD_BODY_LENGTH = 11
    BAD_BODY_CHECKSUM = 12
    WRONG_DEPLOYMENT = 13
    UNKNOWN_PROPERTY = 14
    NOT_PERMITTED = 15
    NO_ARCHIVE = 16
    OVERLOADED = 20
    DRAINING = 21
    DEADLINE_EXPIRED = 22
    JOURNAL_UNAVAILABLE = 23
    UNAVAILABLE = 24
    INCOMPLETE = 25
    ARCHIVE_UNAVAILABLE = 26
    TRUNCATED_BODY = 30
    BODY_RESERVED_NOT_ZERO = 31
    BAD_EVENT_COUNT = 32
    BAD_COLUMN_COUNT = 33
    BAD_COLUMN_ORDER = 34
    COLUMN_MISALIGNED = 35
    COLUMN_OVERLAP = 36
    COLUMN_GAP = 37
    COLUMN_OUT_OF_BOUNDS = 38
    TRAILING_BYTES = 39
    PADDING_NOT_ZERO = 40
    MISSING_COLUMN = 41
    BAD_COLUMN_WIDTH = 42
    BAD_ELEMENT_COUNT = 43
    BAD_COLUMN_LENGTH = 44
    BAD_KEY_LENGTH = 45
    BAD_TEXT_LENGTH = 46
    TEXTS_TOO_LARGE = 47
    BAD_UTF8 = 48
    BAD_KIND = 49
    INDEX_OUT_OF_RANGE = 50
    TIME_OUT_OF_RANGE = 51
    BAD_SCALE = 52
    BAD_NAME = 53
    BAD_LOOKUP = 54
    NOT_OWNER = 55
    BAD_REPORT = 56
    REPORT_TOO_LONG = 57
    SEQUENCE_TOO_OLD = 60
    SEQUENCE_GAP = 61
    SEQUENCE_REUSED = 62
    INTERNAL = 90

    @property
    def label(self) -> str:
        """The name in the specification: `badKind`."""
        return "badUTF8" if self is ErrorCode.BAD_UTF8 else _camel(self.name)


class Column(IntEnum):
    TIME = 1
    KIND = 2
    VISITOR = 3
    VISITOR_KEYS = 4
    NAME = 5
    TEXTS = 6
    TEXT_PREFIXES = 7
    CONTEXT = 8
    CONTEXTS = 9
    VALUE = 10
    EVENT_ID = 11
    SESSION_ID = 32
    SESSION_SHIFT = 33
    ORDINAL = 34
    SESSION_STATE = 35
    SESSION = 36
    POSITION = 37
    OUTCOME = 38
    REVISION_NUMBER = 39
    REVISION_FROM = 40
    REVISION_INTO = 41
    REVISION_CAUSE = 42
    REVISION_PARTITION = 43
    SESSIONS = 64
    PATH = 65
    GAUGES = 96
    FILTERS = 112
    STEPS = 113
    REPORT_ROWS = 114
    ENTRIES = 115


class QuestionKind(IntEnum):
    """What a report is asked for."""

    SUMMARY = 1
    BREAKDOWN = 2
    SERIES = 3
    TRANSITIONS = 4
    PATHS = 5
    FUNNEL = 6

    @property
    def label(self) -> str:
        return self.name.lower()


class Dimension(IntEnum):
    """What sessions are told apart by."""

    DEVICE = 1
    CHANNEL = 2
    COUNTRY = 3
    REGION = 4
    REFERRER = 5
    CAMPAIGN_SOURCE = 6
    CAMPAIGN_MEDIUM = 7
    CAMPAIGN_NAME = 8
    LANDING_PAGE = 9
    EXIT_PAGE = 10

    @property
    def label(self) -> str:
        """The name in the specification: `landingPage`."""
        return _camel(self.name)


class Interval(IntEnum):
    """Of the property's calendar."""

    HOUR = 1
    DAY = 2

    @property
    def label(self) -> str:
        return self.name.lower()


class RowKind(IntEnum):
    """What a row of a report counts."""

    TOTAL = 0
    PART = 1
    REST = 2

    @property
    def label(self) -> str:
        return self.name.lower()


class StepMatch(IntEnum):
    PAGE = 1
    PREFIX = 2

    @property
    def label(self) -> str:
        return self.name.lower()


class EntryKind(IntEnum):
    """What happened to a session. `OPENED` is told by the feed alone."""

    FINISHED = 1
    REVISED = 2
    OPENED = 3

    @property
    def label(self) -> str:
        return self.name.lower()


class LookupBy(IntEnum):
    VISITOR = 1
    SESSION = 2


# Bits of a session's state; the lowest three are its boundary.
STATE_BOUNDARY_MASK = 7
STATE_LATE = 8
STATE_MERGED = 16
STATE_AUTOMATED = 32
STATE_ENDED = 64
STATE_ENGAGED = 128

BOUNDARY_OUT_NONE = 255

# A row of `contexts`: eight texts plus one, then flags.
CONTEXT_TEXTS = 8
CONTEXT_CELLS = 9
CONTEXT_KNOWN_BOT = 1

BATCH_EVENTS_MAX = 65_535
BATCH_TEXTS_MAX = 65_535
BATCH_CONTEXTS_MAX = 65_535
BATCH_TEXT_BYTES_MAX = 8_388_608
VISITOR_KEY_BYTES_MAX = 128
TEXT_BYTES_MAX = 2_048
COLUMNS_MAX = 64
CLIENT_NAME_BYTES_MAX = 255
MESSAGE_BYTES_MAX = 4_194_304
EVENT_TIME_END = 1 << 48
VALUE_SCALE_MAX = 9
MICROS_PER_UNIT = 1_000_000

REPORT_AUTOMATED = 1
REPORT_COMPARE = 2
REPORT_LOCAL = 4
REPORT_ROWS_MAX = 65_535
REPORT_FILTERS_MAX = 64
FUNNEL_STEPS_MAX = 32


def _camel(name: str) -> str:
    first, *rest = name.lower().split("_")
    return first + "".join(word.capitalize() for word in rest)
