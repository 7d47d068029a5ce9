"""Batches that are given, and answered, as columns: for numpy, pandas and pyarrow."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt

from .answer import Revision, read_revisions
from .batch import value_form
from .coded import Codes, Entries, encode_column
from .columns import CONTEXT_COLUMNS, Coded, ColumnArguments
from .constants import (
    BATCH_EVENTS_MAX,
    BATCH_TEXT_BYTES_MAX,
    BATCH_TEXTS_MAX,
    CONTEXT_CELLS,
    CONTEXT_KNOWN_BOT,
    EVENT_TIME_END,
    MICROS_PER_UNIT,
    STATE_AUTOMATED,
    STATE_BOUNDARY_MASK,
    STATE_ENDED,
    STATE_ENGAGED,
    STATE_LATE,
    STATE_MERGED,
    TEXT_BYTES_MAX,
    VISITOR_KEY_BYTES_MAX,
    Column,
    Kind,
)
from .errors import BatchTooLarge, EmptyBatch, InvalidArgument, InvalidEvent
from .event import micro_units
from .wire.assign import AssignReply, write_assign
from .wire.integers import width_unsigned
from .wire.texts import prefixes_pay
from .wire.writer import BodyWriter

_UNSIGNED = {1: "<u1", 2: "<u2", 4: "<u4", 8: "<u8"}
_SIGNED = {1: "<i1", 2: "<i2", 4: "<i4", 8: "<i8"}
_FLOAT_EXACT = float(1 << 53)
_PREFIX_MAX = 255
_KINDS = {kind.label: int(kind) for kind in Kind}


def encode_columns(*, events_max: int = BATCH_EVENTS_MAX, **columns: Any) -> tuple[bytes, int]:
    """The body of an ASSIGN request, and the number of its events."""
    unknown = columns.keys() - ColumnArguments.__annotations__.keys()
    if unknown:
        raise InvalidArgument(f"there is no column {', '.join(sorted(unknown))}")
    given = {name: column for name, column in columns.items() if column is not None}
    if "time" not in given or "visitor" not in given:
        raise InvalidArgument("a batch has the columns time and visitor at least")
    times = _times(given["time"])
    count = len(times)
    if not count:
        raise EmptyBatch("there is no event in the batch")
    if count > events_max:
        raise BatchTooLarge(f"a batch has at most {events_max:,} events")

    writer = BodyWriter()
    base_time = _add_times(writer, times)
    writer.add(Column.KIND, 1, count, _kinds(given.get("kind", Kind.VIEW), count))
    _add_visitors(writer, _column(given["visitor"], "visitor", count))
    pages = _column(given["page"], "page", count) if "page" in given else None
    contexts = {
        name: _column(given[name], name, count) for name in CONTEXT_COLUMNS if name in given
    }
    _add_texts(writer, count, pages, contexts, given.get("known_bot"))
    _add_values(writer, given, count)
    if "event_id" in given:
        ids = _integers(given["event_id"], "event_id", count)
        if ids.dtype.kind == "i" and ids.min() < 0:
            raise InvalidEvent("an event id is unsigned", event_index=int(ids.argmin()))
        if ids.any():
            writer.add(Column.EVENT_ID, 8, count, ids.astype("<u8").tobytes())
    return write_assign(count, base_time, writer), count


def _column(column: Any, what: str, count: int) -> Entries:
    if isinstance(column, (str, bytes)):
        column = Coded(np.zeros(count, dtype=np.intp), [column])
    entries = encode_column(column, what)
    if len(entries.codes) != count:
        raise InvalidArgument(f"{what} has {len(entries.codes)} elements, time has {count}")
    return entries


# Numbers


def _plain(column: Any) -> npt.NDArray[Any]:
    """A column of numbers or times as numpy has it."""
    if type(column).__module__.startswith("pyarrow"):
        return (
            np.asarray(column.to_numpy(zero_copy_only=False))
            if hasattr(column, "buffers")
            else np.asarray(column.to_numpy())
        )
    return np.asarray(column)


def _times(column: Any) -> npt.NDArray[np.int64]:
    if type(column).__module__.startswith("pandas"):
        zone = getattr(column.dtype, "tz", None)
        if zone is not None:
            # numpy knows no time zones; this is UTC.
            column = column.to_numpy(dtype="datetime64[ms]")
    times = _plain(column)
    if times.dtype.kind == "M":
        times = times.astype("datetime64[ms]").astype(np.int64)
    if times.ndim != 1 or (times.dtype.kind not in "iu" and len(times)):
        raise InvalidArgument(f"time is of integers or datetime64, not {times.dtype}")
    if len(times):
        lowest, highest = times.min(), times.max()
        if lowest < 0 or highest >= EVENT_TIME_END:
            event = int(times.argmin() if lowest < 0 else times.argmax())
            raise InvalidEvent(
                f"the time of an event is from 0 up to 2^48 ms, not {times[event]}",
                event_index=event,
            )
    return times.astype(np.int64, copy=False)


def _add_times(writer: BodyWriter, times: npt.NDArray[np.int64]) -> int:
    base_time = int(times.min())
    deltas = times - base_time
    width = 4 if int(deltas.max()) < 1 << 32 else 8
    writer.add(Column.TIME, width, len(times), deltas.astype(_UNSIGNED[width]).tobytes())
    return base_time


def _integers(column: Any, what: str, count: int) -> npt.NDArray[Any]:
    integers = _plain(column)
    if integers.dtype.kind not in "iu" or integers.ndim != 1:
        raise InvalidArgument(f"{what} is of integers, not {integers.dtype}")
    if len(integers) != count:
        raise InvalidArgument(f"{what} has {len(integers)} elements, time has {count}")
    return integers


def _kinds(column: Any, count: int) -> bytes:
    if isinstance(column, str):
        column = _KINDS.get(column, 0)
    if isinstance(column, int):
        if not Kind.VIEW <= column <= Kind.END:
            raise InvalidEvent("an event is of a kind from 1 to 6", event_index=0)
        return bytes((column,)) * count
    if not (isinstance(column, np.ndarray) and column.dtype.kind in "iu"):
        plain = None if isinstance(column, Coded) else _plain(column)
        if plain is not None and plain.dtype.kind in "iu":
            column = plain
        else:
            named = _column(column, "kind", count)
            codes = [_KINDS.get(name.decode(errors="replace"), 0) for name in named.list()]
            column = np.array([*codes, 0], dtype=np.uint8)[named.codes]
    kinds = _integers(column, "kind", count)
    if kinds.min() < Kind.VIEW or kinds.max() > Kind.END:
        event = int(np.flatnonzero((kinds < Kind.VIEW) | (kinds > Kind.END))[0])
        raise InvalidEvent("an event is of a kind from 1 to 6", event_index=event)
    return kinds.astype(np.uint8).tobytes()


def _add_values(writer: BodyWriter, given: Mapping[str, Any], count: int) -> None:
    if "value_micros" in given:
        if "value" in given:
            raise InvalidArgument("give value or value_micros, not both")
        micros = _integers(given["value_micros"], "value_micros", count)
        if micros.dtype.kind == "u" and micros.max() >= 1 << 63:
            raise InvalidEvent(
                "a value is less than 2^63 micro-units", event_index=int(micros.argmax())
            )
    elif "value" in given:
        micros = _micros(given["value"], count)
    else:
        return
    micros = micros.astype(np.int64, copy=False)
    lowest, highest = int(micros.min()), int(micros.max())
    if lowest == highest == 0:
        return
    width, scale = value_form(lowest, highest, lambda power: not (micros % power).any())
    scaled = micros // 10**scale if scale else micros
    data = scaled.astype(_SIGNED[width]).tobytes()
    writer.add(Column.VALUE, width, count, data, parameter=scale)


def _micros(column: Any, count: int) -> npt.NDArray[np.int64]:
    values = _plain(column)
    if values.ndim != 1 or len(values) != count:
        raise InvalidArgument(f"value has {values.size} elements, time has {count}")
    if values.dtype.kind in "iub":
        limit = (1 << 63) // MICROS_PER_UNIT
        wrong = values > limit if values.dtype.kind == "u" else np.abs(values) > limit
        if wrong.any():
            event = int(np.flatnonzero(wrong)[0])
            raise InvalidEvent("a value is less than 2^63 micro-units", event_index=event)
        return values.astype(np.int64) * MICROS_PER_UNIT
    if values.dtype.kind == "f":
        with np.errstate(invalid="ignore", over="ignore"):
            # A float is exact when it is the one that is nearest to a number of micro-units.
            scaled = np.rint(values.astype(np.float64) * MICROS_PER_UNIT)
            nearest = (scaled / MICROS_PER_UNIT).astype(values.dtype)
            sound = (nearest == values) & (np.abs(scaled) < _FLOAT_EXACT)
        if not sound.all():
            event = int(np.flatnonzero(~sound)[0])
            raise InvalidEvent(
                f"a value is finite, has at most six digits behind the point, and is below 2^53 "
                f"micro-units as a float; not {values[event]}",
                event_index=event,
            )
        return scaled.astype(np.int64)
    micros = np.zeros(count, dtype=np.int64)
    for event, value in enumerate(values.tolist()):
        if value is not None:
            try:
                micros[event] = micro_units(value)
            except InvalidEvent as error:
                error.event_index = event
                raise
    return micros


# Keys and texts


def _index(codes: npt.NDArray[Any], highest: int) -> tuple[int, bytes]:
    width = width_unsigned(highest)
    return width, codes.astype(_UNSIGNED[width]).tobytes()


def _add_visitors(writer: BodyWriter, visitors: Entries) -> None:
    codes = visitors.codes
    if codes.min() < 0:
        event = int(codes.argmin())
        raise InvalidEvent("an event has no visitor", event_index=event)
    width, data = _index(codes, len(visitors) - 1)
    writer.add(Column.VISITOR, width, len(codes), data)
    matrix = visitors.matrix
    if matrix is not None:
        size = matrix.shape[1]
        if size > VISITOR_KEY_BYTES_MAX:
            raise InvalidEvent(f"a visitor key has 1 to 128 bytes, not {size}", event_index=0)
        writer.add(Column.VISITOR_KEYS, 0, len(matrix), matrix.tobytes(), parameter=size)
        return
    keys = visitors.list()
    _check_sizes(keys, codes, VISITOR_KEY_BYTES_MAX, "a visitor key")
    writer.add_dictionary(Column.VISITOR_KEYS, keys, one_size=True)


def _check_sizes(entries: list[bytes], codes: Codes, longest: int, what: str) -> None:
    sizes = list(map(len, entries))
    if sizes and not (min(sizes) >= 1 and max(sizes) <= longest):
        row = next(row for row, size in enumerate(sizes) if not 1 <= size <= longest)
        event = int(np.flatnonzero(codes == row)[0])
        raise InvalidEvent(
            f"{what} has 1 to {longest:,} bytes, not {sizes[row]}", event_index=event
        )


def _add_texts(
    writer: BodyWriter,
    count: int,
    pages: Entries | None,
    contexts: dict[str, Entries],
    known_bot: Any,
) -> None:
    """Names first, then contexts, each text at its first use."""
    texts: dict[bytes, int] = {}
    if pages is not None and len(pages):
        names = pages.list()
        _check_sizes(names, pages.codes, TEXT_BYTES_MAX, "a text")
        texts = dict(zip(names, range(1, len(names) + 1), strict=True))
        width, data = _index(pages.codes + 1, len(names))
        writer.add(Column.NAME, width, count, data)
    rows, cells = _contexts(count, contexts, known_bot, texts)
    if texts:
        _write_texts(writer, list(texts))
    if rows is not None and cells is not None:
        width, data = _index(rows, len(cells))
        writer.add(Column.CONTEXT, width, count, data)
        width, data = _index(cells, int(cells.max()))
        writer.add(Column.CONTEXTS, width, cells.size, data, parameter=CONTEXT_CELLS)


def _contexts(
    count: int, columns: dict[str, Entries], known_bot: Any, texts: dict[bytes, int]
) -> tuple[npt.NDArray[Any] | None, npt.NDArray[Any] | None]:
    """Row plus one for each event, and the rows; new texts are added to `texts`."""
    bots = np.zeros(count, dtype=np.intp)
    if known_bot is not None:
        bots[:] = _booleans(known_bot, count)
    used = {name: column for name, column in columns.items() if len(column)}
    if not used and not bots.any():
        return None, None
    # A number for each combination, kept small by renumbering after each column.
    combined = bots
    for column in used.values():
        size = len(column) + 1
        if int(combined.max()) >= (1 << 62) // size:
            _, combined = np.unique(combined, return_inverse=True)
        combined = combined * size + (column.codes + 1)
    _, first, inverse = np.unique(combined, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(first), dtype=np.intp)
    rank[order] = np.arange(len(first))
    first, rows = first[order], rank[inverse]

    cells = np.zeros((len(first), CONTEXT_CELLS), dtype=np.intp)
    cells[:, -1] = np.where(bots[first], CONTEXT_KNOWN_BOT, 0)
    for cell, name in enumerate(CONTEXT_COLUMNS):
        if name in used:
            cells[:, cell] = used[name].codes[first] + 1
    # A row of zeros says nothing: it is left out.
    empty = ~cells.any(axis=1)
    if empty.any():
        gone = int(np.flatnonzero(empty)[0])
        rows = np.where(rows == gone, 0, rows + 1 - (rows > gone))
        cells = np.delete(cells, gone, axis=0)
    else:
        rows = rows + 1
    if not len(cells):
        return None, None
    _number_texts(cells, used, texts)
    return rows, cells


def _number_texts(
    cells: npt.NDArray[Any], columns: dict[str, Entries], texts: dict[bytes, int]
) -> None:
    """Turns codes plus one of each column into texts plus one, in order of first use."""
    lists = {}
    for name, column in columns.items():
        lists[name] = column.list()
        _check_sizes(lists[name], column.codes, TEXT_BYTES_MAX, "a text")
    uses = []
    for cell, name in enumerate(CONTEXT_COLUMNS):
        if name not in columns:
            continue
        codes, first = np.unique(cells[:, cell], return_index=True)
        for code, row in zip(codes.tolist(), first.tolist(), strict=True):
            if code:
                uses.append((row, cell, code, lists[name][code - 1]))
    for _, _, _, text in sorted(uses):
        texts.setdefault(text, len(texts) + 1)
    for cell, name in enumerate(CONTEXT_COLUMNS):
        if name in columns:
            numbers = [0, *(texts.get(text, 0) for text in lists[name])]
            cells[:, cell] = np.array(numbers, dtype=np.intp)[cells[:, cell]]


def _booleans(column: Any, count: int) -> Any:
    if isinstance(column, (bool, np.bool_)):
        return bool(column)
    flags = _plain(column)
    if flags.dtype.kind != "b" or flags.shape != (count,):
        raise InvalidArgument(f"known_bot is of {count} booleans, not {flags.dtype}")
    return flags


def _write_texts(writer: BodyWriter, texts: list[bytes]) -> None:
    """`texts`, and `textPrefixes` where that makes the message smaller."""
    sizes = np.fromiter(map(len, texts), dtype=np.intp, count=len(texts))
    total = int(sizes.sum())
    if len(texts) > BATCH_TEXTS_MAX or total > BATCH_TEXT_BYTES_MAX:
        raise BatchTooLarge("the texts of a batch have at most 8 MiB, and are 65,535")
    prefixes = _shared_prefixes(texts, sizes)
    if prefixes_pay(int(prefixes.sum()), len(texts)):
        shared = prefixes.tolist()
        texts = [text[prefix:] for text, prefix in zip(texts, shared, strict=True)]
        sizes = sizes - prefixes
        total = int(sizes.sum())
    else:
        prefixes = None
    width = 2 if total < 1 << 16 else 4
    data = np.cumsum(sizes).astype(_UNSIGNED[width]).tobytes() + b"".join(texts)
    writer.add(Column.TEXTS, width, len(texts), data)
    if prefixes is not None:
        writer.add(Column.TEXT_PREFIXES, 1, len(texts), prefixes.astype(np.uint8).tobytes())


def _shared_prefixes(texts: list[bytes], sizes: Codes) -> Any:
    """How many bytes each text shares with the one before it, up to 255."""
    prefixes = np.zeros(len(texts), dtype=np.intp)
    if len(texts) < 2:
        return prefixes
    columns = min(int(sizes.max()), _PREFIX_MAX)
    matrix = np.array(texts, dtype=f"S{columns}").view(np.uint8).reshape(len(texts), columns)
    same = matrix[1:] == matrix[:-1]
    # The first column that differs; behind the shorter text there is only padding.
    differing = np.where(same.all(axis=1), columns, (~same).argmax(axis=1))
    prefixes[1:] = np.minimum(differing, np.minimum(sizes[1:], sizes[:-1]))
    return prefixes


# Answers


class ColumnAnswer:
    """An answer as numpy columns, in the order of the events.

    Sessions that the batch touched have rows: `session` says which row an event belongs to, and
    the columns whose names begin with `session_` have an element for each row. So the ordinals of
    the events' sessions are `answer.of_events(answer.session_ordinal)`.
    """

    def __init__(self, reply: AssignReply, *, producer: int = 0, sequence: int = 0) -> None:
        self._reply = reply
        self.producer = producer
        self.sequence = sequence
        """Of the batch."""

    def __len__(self) -> int:
        return self._reply.events

    @property
    def clock(self) -> int | None:
        """The property's clock when the batch was admitted, in milliseconds; None before its
        first event."""
        return self._reply.clock

    @cached_property
    def session(self) -> npt.NDArray[np.int32]:
        """Row of each event's session; -1 for an event that joined none."""
        return np.asarray(self._reply.session).astype(np.int32) - 1

    @cached_property
    def position(self) -> npt.NDArray[np.uint32]:
        """Which event of its session each event is, from 1, in order of arrival; 0 for none."""
        return np.asarray(self._reply.position).astype(np.uint32)

    @cached_property
    def outcome(self) -> npt.NDArray[np.uint8]:
        """`Outcome` of each event, as a number."""
        return np.asarray(self._reply.outcome)

    @cached_property
    def session_id(self) -> npt.NDArray[np.void]:
        """Ids of the sessions, as 16 bytes (dtype `V16`)."""
        view = self._reply.session_id
        if view is None:
            return np.empty(0, dtype="V16")
        rows = np.frombuffer(view.data, dtype=np.uint8).reshape(view.elements, view.parameter)
        return np.ascontiguousarray(rows[:, :16]).view("V16").reshape(view.elements)

    @cached_property
    def session_ordinal(self) -> npt.NDArray[np.uint32]:
        """Each session is its visitor's n-th."""
        return np.asarray(self._reply.ordinal).astype(np.uint32)

    @cached_property
    def session_start(self) -> npt.NDArray[np.int64]:
        """Time of each session's first event, in milliseconds since the Unix epoch."""
        ids = self.session_id.view(np.uint8).reshape(-1, 16)
        starts = np.zeros((len(ids), 8), dtype=np.uint8)
        starts[:, 2:] = ids[:, :6]
        times = starts.view(">i8").reshape(-1).astype(np.int64)
        shifts = np.asarray(self._reply.session_shift)
        return times - shifts.astype(np.int64) if len(shifts) else times

    @cached_property
    def session_state(self) -> npt.NDArray[np.uint8]:
        """Boundary and flags of each session, as the protocol has them."""
        return np.asarray(self._reply.session_state)

    @property
    def session_boundary(self) -> npt.NDArray[np.uint8]:
        """`Boundary` of each session, as a number."""
        return self.session_state & np.uint8(STATE_BOUNDARY_MASK)

    @property
    def session_late(self) -> npt.NDArray[np.bool_]:
        return self._flag(STATE_LATE)

    @property
    def session_merged(self) -> npt.NDArray[np.bool_]:
        return self._flag(STATE_MERGED)

    @property
    def session_automated(self) -> npt.NDArray[np.bool_]:
        return self._flag(STATE_AUTOMATED)

    @property
    def session_ended(self) -> npt.NDArray[np.bool_]:
        return self._flag(STATE_ENDED)

    @property
    def session_engaged(self) -> npt.NDArray[np.bool_]:
        return self._flag(STATE_ENGAGED)

    def _flag(self, bit: int) -> npt.NDArray[np.bool_]:
        flags: npt.NDArray[np.bool_] = (self.session_state & np.uint8(bit)) != 0
        return flags

    def of_events(self, column: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """A column of sessions spread over the events; zeros for events that joined none."""
        if not len(column):
            return np.zeros(len(self), dtype=column.dtype)
        spread = column[self.session]
        missing = self.session < 0
        if missing.any():
            spread[missing] = np.zeros(1, dtype=column.dtype)[0]
        return spread

    @property
    def event_session_id(self) -> npt.NDArray[np.void]:
        """Id of each event's session, as 16 bytes (dtype `V16`); zeros for none."""
        return self.of_events(self.session_id)

    def session_uuids(self) -> list[UUID]:
        """Ids of the sessions as `UUID`, one for each row."""
        data = self.session_id.tobytes()
        return [UUID(bytes=data[at : at + 16]) for at in range(0, len(data), 16)]

    @cached_property
    def revisions(self) -> list[Revision]:
        """Corrections to earlier answers that the batch caused."""
        return read_revisions(self._reply)

    def __repr__(self) -> str:
        reply = self._reply
        return (
            f"<ColumnAnswer: {reply.events} events, {reply.sessions} sessions, "
            f"{reply.revisions} revisions>"
        )
