"""Gathers events into the columns of a batch, without anything but Python."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from .constants import (
    BATCH_EVENTS_MAX,
    BATCH_TEXT_BYTES_MAX,
    BATCH_TEXTS_MAX,
    CONTEXT_CELLS,
    CONTEXT_KNOWN_BOT,
    TEXT_BYTES_MAX,
    VALUE_SCALE_MAX,
    VISITOR_KEY_BYTES_MAX,
    Column,
    Kind,
)
from .errors import BatchTooLarge, EmptyBatch, InvalidEvent
from .event import Context, Event, micro_units, milliseconds
from .wire.assign import write_assign
from .wire.integers import pack, width_signed, width_unsigned
from .wire.texts import add_texts
from .wire.writer import BodyWriter

_KINDS = frozenset(Kind)


class Batch:
    """Events that will be sent together, checked one by one as they are added.

    >>> batch = Batch()
    >>> batch.add(Event(1_749_988_800_000, "anna", page="/home"))
    >>> len(batch)
    1
    """

    def __init__(self, events: Iterable[Event] = (), *, events_max: int = BATCH_EVENTS_MAX) -> None:
        self._events_max = events_max
        self._times: list[int] = []
        self._kinds = bytearray()
        self._visitors: list[int] = []
        self._visitor_rows: dict[bytes, int] = {}
        # Texts get their indexes when the batch is written: names first, then contexts.
        self._names: list[str | None] = []
        self._texts: dict[str, bytes] = {}
        self._text_bytes = 0
        self._contexts: list[int] = []
        self._context_rows: dict[Context, int] = {}
        self._values: list[int] = []
        self._event_ids: list[int] = []
        for event in events:
            self.add(event)

    def __len__(self) -> int:
        return len(self._times)

    def add(self, event: Event) -> None:
        """Adds an event behind the others.

        Raises `InvalidEvent` when it cannot be sent as it is, and `BatchTooLarge` when there is
        no room for it; the batch is then as it was.
        """
        row = len(self._times)
        if row >= self._events_max:
            raise BatchTooLarge(f"a batch has at most {self._events_max:,} events")
        try:
            self._add(event)
        except InvalidEvent as error:
            error.event_index = row
            raise

    def _add(self, event: Event) -> None:
        time = milliseconds(event.time)
        if event.kind not in _KINDS:
            raise InvalidEvent(f"an event is of a kind from 1 to 6, not {event.kind!r}")
        visitor = visitor_key(event.visitor)
        value = 0 if event.value is None else micro_units(event.value)
        event_id = event.event_id
        if not isinstance(event_id, int) or not 0 <= event_id < 1 << 64:
            raise InvalidEvent(f"an event id is an unsigned number of 64 bits, not {event_id!r}")
        new: dict[str, bytes] = {}
        self._admit(event.page, new)
        context = event.context
        if context is not None and context not in self._context_rows:
            for text in context.texts():
                self._admit(text, new)
        if new:
            size = self._text_bytes + sum(map(len, new.values()))
            if size > BATCH_TEXT_BYTES_MAX or len(self._texts) + len(new) > BATCH_TEXTS_MAX:
                raise BatchTooLarge("the texts of a batch have at most 8 MiB, and are 65,535")
            self._texts |= new
            self._text_bytes = size
        rows = self._visitor_rows
        self._visitors.append(rows.setdefault(visitor, len(rows)))
        self._times.append(time)
        self._kinds.append(event.kind)
        self._names.append(event.page)
        if context is None:
            self._contexts.append(0)
        else:
            contexts = self._context_rows
            self._contexts.append(contexts.setdefault(context, len(contexts)) + 1)
        self._values.append(value)
        self._event_ids.append(event_id)

    def _admit(self, text: str | None, new: dict[str, bytes]) -> None:
        if text is not None and text not in self._texts:
            new[text] = encode_text(text)

    def body(self) -> bytes:
        """The body of an ASSIGN request."""
        if not self._times:
            raise EmptyBatch("there is no event in the batch")
        writer = BodyWriter()
        base_time = min(self._times)
        add_times(writer, self._times, base_time)
        writer.add(Column.KIND, 1, len(self._kinds), bytes(self._kinds))
        keys = list(self._visitor_rows)
        writer.add_index(Column.VISITOR, self._visitors, len(keys) - 1)
        writer.add_dictionary(Column.VISITOR_KEYS, keys, one_size=True)
        self._add_texts(writer)
        add_values(writer, self._values)
        if any(self._event_ids):
            writer.add_integers(Column.EVENT_ID, self._event_ids, 8)
        return write_assign(len(self._times), base_time, writer)

    def _add_texts(self, writer: BodyWriter) -> None:
        rows: dict[str | None, int] = {None: 0}
        names = [rows.setdefault(name, len(rows)) for name in self._names]
        cells: list[int] = []
        for context in self._context_rows:
            cells += [rows.setdefault(text, len(rows)) for text in context.texts()]
            cells.append(CONTEXT_KNOWN_BOT if context.known_bot else 0)
        if any(names):
            writer.add_index(Column.NAME, names, max(names))
        if len(rows) > 1:
            texts = [self._texts[text] for text in rows if text is not None]
            add_texts(writer, texts)
        add_contexts(writer, self._contexts, cells)


def visitor_key(visitor: bytes | str) -> bytes:
    try:
        key = visitor.encode() if isinstance(visitor, str) else visitor
    except UnicodeEncodeError:
        raise InvalidEvent(f"a visitor key has half a character: {visitor!r}") from None
    if not isinstance(key, bytes):
        raise InvalidEvent(f"a visitor key is bytes or a str, not {type(visitor).__name__}")
    if not 1 <= len(key) <= VISITOR_KEY_BYTES_MAX:
        raise InvalidEvent(f"a visitor key has 1 to {VISITOR_KEY_BYTES_MAX} bytes, not {len(key)}")
    return key


def encode_text(text: str) -> bytes:
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        raise InvalidEvent(f"a text has half a character: {text!r}") from None
    except AttributeError:
        raise InvalidEvent(f"a text is a str, not {type(text).__name__}") from None
    if not 1 <= len(encoded) <= TEXT_BYTES_MAX:
        raise InvalidEvent(f"a text has 1 to {TEXT_BYTES_MAX:,} bytes, not {len(encoded):,}")
    return encoded


def add_times(writer: BodyWriter, times: Sequence[int], base_time: int) -> None:
    deltas = [time - base_time for time in times]
    if min(deltas) >= 0 and max(deltas) < 1 << 32:
        writer.add_integers(Column.TIME, deltas, 4)
    else:
        writer.add_integers(Column.TIME, deltas, 8, signed=True)


def add_contexts(writer: BodyWriter, rows: Sequence[int], cells: Sequence[int]) -> None:
    """`rows` has one context plus one for each event, `cells` nine for each context."""
    if not cells:
        return
    writer.add_index(Column.CONTEXT, rows, max(rows))
    width = width_unsigned(max(cells))
    writer.add_integers(Column.CONTEXTS, cells, width, parameter=CONTEXT_CELLS)


def add_values(writer: BodyWriter, values: Sequence[int]) -> None:
    """In as few bytes as do."""
    lowest, highest = min(values), max(values)
    if lowest == highest == 0:
        return
    width, scale = value_form(lowest, highest, lambda power: not any(v % power for v in values))
    power = 10**scale
    scaled = [value // power for value in values] if scale else values
    data = pack(scaled, width, signed=True)
    writer.add(Column.VALUE, width, len(values), data, parameter=scale)


def value_form(lowest: int, highest: int, divides_all: Callable[[int], bool]) -> tuple[int, int]:
    """Width and scale for values within a range: the largest scale of which all are multiples.

    `divides_all` tells whether a power of ten divides all values. Eight bytes have no scale.
    """
    scale = 0
    while scale < VALUE_SCALE_MAX and divides_all(10 ** (scale + 1)):
        scale += 1
    width = width_signed(lowest // 10**scale, highest // 10**scale)
    return (width, scale) if width < 8 else (8, 0)
