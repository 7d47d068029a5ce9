"""Questions over the sessions of a property, and their answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple, Self, TypedDict, Unpack

from .constants import (
    FUNNEL_STEPS_MAX,
    REPORT_AUTOMATED,
    REPORT_COMPARE,
    REPORT_FILTERS_MAX,
    REPORT_LOCAL,
    REPORT_ROWS_MAX,
    TEXT_BYTES_MAX,
    Dimension,
    Interval,
    QuestionKind,
    RowKind,
    StepMatch,
)
from .errors import InvalidArgument
from .wire.assign import NO_CLOCK
from .wire.report import (
    FLAG_NEGATED,
    NO_END,
    NO_START,
    Condition,
    ReportReply,
    ReportRequest,
    RowRecord,
    write_report,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Filter:
    """Sessions with this value, or (`negated`) without it; None is *not known*."""

    dimension: Dimension
    value: str | None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a funnel: this page, or (`prefix`) any that begins so."""

    page: str
    prefix: bool = False

    @classmethod
    def of(cls, page: str | Step) -> Step:
        """From a page as people write it: one that ends in `*` stands for all that begin so."""
        if isinstance(page, Step):
            return page
        return cls(page[:-1], prefix=True) if page.endswith("*") else cls(page)


class Scope(TypedDict, total=False):
    """Which sessions a question is about.

    - `start`, `end`: those that began in `start <= time < end`. Milliseconds since the Unix epoch,
      or an aware `datetime`; a `datetime` without a zone is what a clock in the property's time
      zone shows. None is open.
    - `filters`: all of which must hold.
    - `automated`: bots count as well.
    - `rows`: parts at most; the others become one rest. None leaves it to the server.
    """

    start: int | datetime | None
    end: int | datetime | None
    filters: Iterable[Filter]
    automated: bool
    rows: int | None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked over the sessions of a property.

        Question.breakdown(Dimension.CHANNEL, start=datetime(2026, 3, 2), rows=10)

    Keyword arguments are those of `Scope`. With `compare` the answer has the period before as well.
    """

    kind: QuestionKind
    grouping: int = 0
    start: int = NO_START
    end: int = NO_END
    local: bool = False
    filters: tuple[Filter, ...] = ()
    automated: bool = False
    compare: bool = False
    rows: int = 0
    page: str = ""
    steps: tuple[Step, ...] = field(default=())

    @classmethod
    def summary(cls, *, compare: bool = False, **scope: Unpack[Scope]) -> Self:
        """The figures of all sessions together."""
        return cls._of(QuestionKind.SUMMARY, scope, compare=compare)

    @classmethod
    def breakdown(
        cls, dimension: Dimension, *, compare: bool = False, **scope: Unpack[Scope]
    ) -> Self:
        """A part a value, most sessions first."""
        return cls._of(QuestionKind.BREAKDOWN, scope, grouping=dimension, compare=compare)

    @classmethod
    def series(cls, interval: Interval, *, compare: bool = False, **scope: Unpack[Scope]) -> Self:
        """A part an hour, or a day, of the property's calendar."""
        return cls._of(QuestionKind.SERIES, scope, grouping=interval, compare=compare)

    @classmethod
    def transitions(cls, **scope: Unpack[Scope]) -> Self:
        """A part a pair of pages, one of which came next after the other."""
        return cls._of(QuestionKind.TRANSITIONS, scope)

    @classmethod
    def paths(cls, page: str = "", **scope: Unpack[Scope]) -> Self:
        """The paths of sessions that landed on a page, or of all of them, as a tree."""
        return cls._of(QuestionKind.PATHS, scope, page=page)

    @classmethod
    def funnel(cls, steps: Iterable[str | Step], **scope: Unpack[Scope]) -> Self:
        """How far sessions come. A page that ends in `*` stands for all pages that begin so."""
        if isinstance(steps, str):
            raise InvalidArgument("the steps of a funnel are several pages, not one text")
        return cls._of(QuestionKind.FUNNEL, scope, steps=tuple(map(Step.of, steps)))

    @classmethod
    def _of(
        cls,
        kind: QuestionKind,
        scope: Scope,
        *,
        grouping: int = 0,
        compare: bool = False,
        page: str = "",
        steps: tuple[Step, ...] = (),
    ) -> Self:
        start, end = scope.get("start"), scope.get("end")
        bounds = [bound for bound in (start, end) if bound is not None]
        local = [isinstance(bound, datetime) and bound.tzinfo is None for bound in bounds]
        if len(set(local)) > 1:
            raise InvalidArgument("start and end both have a time zone, or neither has one")
        rows = scope.get("rows")
        return cls(
            kind,
            grouping,
            NO_START if start is None else _milliseconds(start),
            NO_END if end is None else _milliseconds(end),
            any(local),
            tuple(scope.get("filters", ())),
            scope.get("automated", False),
            compare,
            0 if rows is None else _checked_rows(rows),
            page,
            steps,
        )

    def body(self) -> bytes:
        """As it is sent; raises `InvalidArgument` for what no server would take."""
        if self.end < self.start:
            raise InvalidArgument("the period ends before it starts")
        if len(self.filters) > REPORT_FILTERS_MAX:
            raise InvalidArgument(f"there are at most {REPORT_FILTERS_MAX} filters")
        if self.kind == QuestionKind.FUNNEL and not 1 <= len(self.steps) <= FUNNEL_STEPS_MAX:
            raise InvalidArgument(f"a funnel has 1 to {FUNNEL_STEPS_MAX} steps")
        flags = (
            REPORT_AUTOMATED * self.automated
            | REPORT_COMPARE * self.compare
            | REPORT_LOCAL * self.local
        )
        return write_report(
            ReportRequest(
                self.kind,
                self.grouping,
                flags,
                self.start,
                self.end,
                self.rows,
                _checked_text(self.page),
                [
                    Condition(
                        one.dimension,
                        FLAG_NEGATED if one.negated else 0,
                        "" if one.value is None else _checked_text(one.value),
                    )
                    for one in self.filters
                ],
                [
                    Condition(
                        StepMatch.PREFIX if step.prefix else StepMatch.PAGE,
                        0,
                        _checked_text(step.page),
                    )
                    for step in self.steps
                ],
            )
        )


class ReportRow(NamedTuple):
    """The figures of some sessions. What each means stands in the specification's `reports.md`."""

    kind: RowKind
    previous: bool
    """Of the period before."""
    text: str | None
    """The value, page or step; None: not known."""
    next_text: str | None
    """Transitions: the page that came next; None: the path ended."""
    parent: int | None
    """Paths: the row of the step before, in `Report.rows`; None at the first page."""
    time: int | None
    """Series: when the interval begins, in milliseconds since the Unix epoch."""
    sessions: int
    visitors: int
    new_visitors: int
    views: int
    actions: int
    conversions: int
    converted: int
    """Sessions with a conversion."""
    engaged: int
    """Sessions."""
    value_micros: int
    """In millionths of a unit."""
    duration_milliseconds: int
    median_milliseconds: int

    @classmethod
    def of(cls, record: RowRecord) -> ReportRow:
        return cls(*record)

    @property
    def returning_visitors(self) -> int:
        return self.visitors - self.new_visitors

    @property
    def bounced(self) -> int:
        """Sessions."""
        return self.sessions - self.engaged

    @property
    def conversion_rate(self) -> float:
        return self._a_session(self.converted)

    @property
    def engagement_rate(self) -> float:
        return self._a_session(self.engaged)

    @property
    def bounce_rate(self) -> float:
        return self._a_session(self.bounced)

    @property
    def views_per_session(self) -> float:
        return self._a_session(self.views)

    @property
    def mean_milliseconds(self) -> float:
        return self._a_session(self.duration_milliseconds)

    def _a_session(self, sum: int) -> float:
        return sum / self.sessions if self.sessions else 0.0


class Report(NamedTuple):
    """The answer to a question."""

    clock: int | None
    """The property's, in milliseconds since the Unix epoch; None before its first event."""
    start: int | None
    """Of the period; None where it is open."""
    end: int | None
    time_zone: str | None
    """Whose days and hours are meant: an IANA name."""
    live_sessions: int
    """Of those counted, how many are not finished."""
    automated_sessions: int
    """That were left out."""
    rows: list[ReportRow]
    """As they came: the total, the parts, the rest; and the same of the period before."""

    @classmethod
    def of(cls, reply: ReportReply) -> Report:
        return cls(
            None if reply.clock == NO_CLOCK else reply.clock,
            None if reply.start == NO_START else reply.start,
            None if reply.end == NO_END else reply.end,
            reply.time_zone,
            reply.live_sessions,
            reply.automated_sessions,
            [ReportRow.of(record) for record in reply.rows],
        )

    @property
    def total(self) -> ReportRow | None:
        return self._first(RowKind.TOTAL, previous=False)

    @property
    def previous_total(self) -> ReportRow | None:
        """Of the period before, where that was asked for."""
        return self._first(RowKind.TOTAL, previous=True)

    @property
    def rest(self) -> ReportRow | None:
        """What the parts leave out; None when that is nothing."""
        return self._first(RowKind.REST, previous=False)

    @property
    def parts(self) -> list[ReportRow]:
        return [row for row in self.rows if row.kind == RowKind.PART and not row.previous]

    @property
    def previous_parts(self) -> list[ReportRow]:
        return [row for row in self.rows if row.kind == RowKind.PART and row.previous]

    def _first(self, kind: RowKind, *, previous: bool) -> ReportRow | None:
        rows = (row for row in self.rows if row.kind == kind and row.previous == previous)
        return next(rows, None)


def _milliseconds(time: int | datetime) -> int:
    """Since the Unix epoch; of a time without a zone as if its zone were UTC."""
    if isinstance(time, datetime):
        aware = time.replace(tzinfo=UTC) if time.tzinfo is None else time
        difference = aware - _EPOCH
        # Without fractions of floats.
        time = (difference.days * 86_400 + difference.seconds) * 1_000
        time += difference.microseconds // 1_000
    elif isinstance(time, bool) or not isinstance(time, int):
        raise InvalidArgument(f"a bound of a period is an int or a datetime, not {time!r}")
    if not NO_START <= time <= NO_END:
        raise InvalidArgument(f"a bound of a period has 64 bits, not {time}")
    return time


def _checked_rows(rows: int) -> int:
    if isinstance(rows, bool) or not isinstance(rows, int) or not 1 <= rows <= REPORT_ROWS_MAX:
        raise InvalidArgument(f"rows is from 1 to {REPORT_ROWS_MAX:,}, not {rows!r}")
    return rows


def _checked_text(text: str) -> str:
    try:
        length = len(text.encode())
    except (AttributeError, UnicodeEncodeError):
        raise InvalidArgument(
            f"a page or value is a str of whole characters, not {text!r}"
        ) from None
    if length > TEXT_BYTES_MAX:
        raise InvalidArgument(f"a page or value has at most {TEXT_BYTES_MAX} bytes, not {length:,}")
    return text
