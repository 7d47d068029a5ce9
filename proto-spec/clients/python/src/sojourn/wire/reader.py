"""Reads a fixed part's directory and the columns that it names, and trusts nothing."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from enum import Enum, auto
from typing import NamedTuple

from ..constants import BATCH_TEXTS_MAX, COLUMNS_MAX, CONTEXT_CELLS, ErrorCode
from . import integers
from .fault import Faults, WireFault
from .header import HEADER_BYTES
from .writer import DESCRIPTOR_BYTES

_COLUMNS = struct.Struct("<HH")
_DESCRIPTORS = struct.Struct("<BBHIII")


class Form(Enum):
    INTEGERS = auto()
    RECORDS = auto()
    DICTIONARY = auto()
    CONTEXTS = auto()


class Rule(NamedTuple):
    """What the registry says of a column."""

    form: Form
    widths: tuple[int, ...] = (0,)
    signed: bool = False
    record_bytes: int = 0
    has_parameter: bool = False

    def allows_parameter(self, width: int) -> bool:
        match self.form:
            case Form.INTEGERS:
                return self.has_parameter
            case Form.DICTIONARY:
                return width == 0
            case Form.RECORDS | Form.CONTEXTS:
                return True


def integer_column(*widths: int, signed: bool = False, has_parameter: bool = False) -> Rule:
    return Rule(Form.INTEGERS, widths, signed=signed, has_parameter=has_parameter)


def record_column(record_bytes: int) -> Rule:
    return Rule(Form.RECORDS, record_bytes=record_bytes)


INDEX = integer_column(1, 2, 4)
DICTIONARY = Rule(Form.DICTIONARY, (0, 2, 4))
CONTEXTS = Rule(Form.CONTEXTS, (1, 2, 4))


class ColumnView(NamedTuple):
    """A column in its body. Offsets count from the first byte of the frame."""

    rule: Rule
    width: int
    parameter: int
    elements: int
    data: memoryview
    offset: int
    descriptor: int

    def integers(self) -> memoryview:
        return integers.unpack(self.data, self.width, signed=self.rule.signed)

    def records(self) -> list[memoryview]:
        size = self.parameter
        return [self.data[at : at + size] for at in range(0, self.elements * size, size)]

    def ends(self) -> memoryview | range:
        """Of a dictionary: where each entry ends in `entry_bytes`."""
        if self.width == 0:
            size = self.parameter
            return range(size, self.elements * size + 1, size) if size else range(0)
        return integers.unpack(self.data[: self.elements * self.width], self.width)

    def entry_bytes(self) -> memoryview:
        return self.data[self.elements * self.width :]

    def end_offset(self, entry: int) -> int:
        """What to point at when an entry has a bad length."""
        return self.offset + entry * self.width if self.width else self.descriptor + 2


class BodyReader:
    """The columns of a body, once their directory was found to be in order.

        reader = BodyReader(body, 24, rules)
        reader.expect({Column.OUTCOME: events})
        outcomes = reader[Column.OUTCOME].integers()

    All bodies with columns have the number of columns at byte 4 and two reserved bytes behind.
    """

    def __init__(
        self,
        body: memoryview,
        fixed_bytes: int,
        rules: Mapping[int, Rule],
        faults: Faults | None = None,
    ) -> None:
        """`faults` may bring what was found wrong with the fixed part (codes 31 and above)."""
        if len(body) < fixed_bytes:
            raise WireFault(ErrorCode.TRUNCATED_BODY, HEADER_BYTES + len(body))
        columns, reserved = _COLUMNS.unpack_from(body, 4)
        directory_end = fixed_bytes + columns * DESCRIPTOR_BYTES
        if len(body) < directory_end:
            raise WireFault(ErrorCode.TRUNCATED_BODY, HEADER_BYTES + len(body))
        faults = faults or Faults()
        if reserved:
            faults.add(ErrorCode.BODY_RESERVED_NOT_ZERO, HEADER_BYTES + 6)
        if columns > COLUMNS_MAX:
            faults.add(ErrorCode.BAD_COLUMN_COUNT, HEADER_BYTES + 4)

        self._rules = rules
        self._columns: dict[int, ColumnView] = {}
        gaps: list[tuple[int, int]] = []
        last_column = -1
        end = directory_end
        at = HEADER_BYTES + fixed_bytes
        for column, width, parameter, count, offset, length in _DESCRIPTORS.iter_unpack(
            body[fixed_bytes:directory_end]
        ):
            rule = rules.get(column)
            if rule is not None:
                if parameter and not rule.allows_parameter(width):
                    faults.add(ErrorCode.BODY_RESERVED_NOT_ZERO, at + 2)
                self._columns[column] = ColumnView(
                    rule,
                    width,
                    parameter,
                    count,
                    body[offset : offset + length],
                    HEADER_BYTES + offset,
                    at,
                )
            if column <= last_column:
                faults.add(ErrorCode.BAD_COLUMN_ORDER, at)
            if offset != end + -end % 8:
                if offset % 8:
                    faults.add(ErrorCode.COLUMN_MISALIGNED, at + 8)
                if offset < end:
                    faults.add(ErrorCode.COLUMN_OVERLAP, at + 8)
                elif offset > end + -end % 8:
                    faults.add(ErrorCode.COLUMN_GAP, at + 8)
            if offset + length > len(body):
                faults.add(ErrorCode.COLUMN_OUT_OF_BOUNDS, at + 8)
            gaps.append((end, offset))
            last_column = column
            end = offset + length
            at += DESCRIPTOR_BYTES
        faults.check()
        if end != len(body):
            raise WireFault(ErrorCode.TRAILING_BYTES, HEADER_BYTES + end)
        for start, stop in gaps:
            if start != stop and any(body[start:stop]):
                wrong = next(place for place in range(start, stop) if body[place])
                raise WireFault(ErrorCode.PADDING_NOT_ZERO, HEADER_BYTES + wrong)

    def __contains__(self, column: int) -> bool:
        return column in self._columns

    def __getitem__(self, column: int) -> ColumnView:
        return self._columns[column]

    def get(self, column: int) -> ColumnView | None:
        return self._columns.get(column)

    def integers(self, column: int) -> memoryview:
        """Of a column that may be missing: then there are none."""
        view = self._columns.get(column)
        return memoryview(b"") if view is None else view.integers()

    def expect(
        self,
        counts: Mapping[int, int],
        required: Iterable[int] = (),
        most: Mapping[int, int] | None = None,
    ) -> None:
        """Checks that columns are there, and their widths, counts and lengths.

        `counts` has the number of elements of each column for which that is settled, `most` that
        of those that may have fewer; those that may not be missing are `required`.
        """
        for column in required:
            if column not in self._columns:
                raise WireFault(ErrorCode.MISSING_COLUMN)
        faults = Faults()
        for column, view in self._columns.items():
            self._check(view, counts.get(column), faults)
            if most is not None and view.elements > most.get(column, view.elements):
                faults.add(ErrorCode.BAD_ELEMENT_COUNT, view.descriptor + 4)
        faults.check()

    def _check(self, view: ColumnView, expected: int | None, faults: Faults) -> None:
        rule, width, parameter, count = view.rule, view.width, view.parameter, view.elements
        length = len(view.data)
        if width not in rule.widths:
            return faults.add(ErrorCode.BAD_COLUMN_WIDTH, view.descriptor + 1)
        if rule.form is Form.RECORDS and parameter < rule.record_bytes:
            return faults.add(ErrorCode.BAD_COLUMN_WIDTH, view.descriptor + 1)
        if expected is not None and count != expected:
            faults.add(ErrorCode.BAD_ELEMENT_COUNT, view.descriptor + 4)
        match rule.form:
            case Form.INTEGERS:
                needed = count * width
            case Form.RECORDS:
                needed = count * parameter
            case Form.CONTEXTS:
                needed = count * width
                if (
                    parameter < CONTEXT_CELLS
                    or count % parameter
                    or count // parameter > BATCH_TEXTS_MAX
                ):
                    faults.add(ErrorCode.BAD_ELEMENT_COUNT, view.descriptor + 4)
            case Form.DICTIONARY:
                if count > BATCH_TEXTS_MAX:
                    faults.add(ErrorCode.BAD_ELEMENT_COUNT, view.descriptor + 4)
                if width == 0:
                    needed = count * parameter
                else:
                    needed = count * width
                    if 0 < needed <= length:
                        needed += view.ends()[-1]
        if length != needed:
            faults.add(ErrorCode.BAD_COLUMN_LENGTH, view.descriptor + 12)


def check_entries(
    view: ColumnView, longest: int, code: ErrorCode, prefixes: memoryview | None = None
) -> None:
    """Checks the sizes of a dictionary's entries, each with its prefix."""
    if view.width == 0:
        if prefixes is None:
            if view.elements and not 1 <= view.parameter <= longest:
                raise WireFault(code, view.descriptor + 2)
            return
        for prefix in prefixes:
            if not 1 <= prefix + view.parameter <= longest:
                raise WireFault(code, view.descriptor + 2)
        return
    start = 0
    for entry, end in enumerate(view.ends()):
        own = end - start
        size = own + (prefixes[entry] if prefixes is not None else 0)
        if own < 0 or not 1 <= size <= longest:
            raise WireFault(code, view.end_offset(entry))
        start = end
