"""Columns of keys and texts as codes and a dictionary, without a Python step for each event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .columns import Coded
from .errors import InvalidArgument, InvalidEvent

Codes = npt.NDArray[np.intp]
Strings = Sequence["str | bytes | None"]


class Entries:
    """A dictionary whose entries are in order of first use, as bytes."""

    __slots__ = ("_list", "_matrix", "codes")

    def __init__(
        self,
        codes: Codes,
        entries: list[bytes] | None = None,
        matrix: npt.NDArray[np.uint8] | None = None,
    ) -> None:
        self.codes = codes
        """Row of each event's entry, -1 for none."""
        self._list = entries
        self._matrix = matrix

    def __len__(self) -> int:
        if self._matrix is not None:
            return len(self._matrix)
        assert self._list is not None
        return len(self._list)

    @property
    def matrix(self) -> npt.NDArray[np.uint8] | None:
        """One entry a row, when all are known to have one size."""
        return self._matrix

    def list(self) -> list[bytes]:
        if self._list is None:
            assert self._matrix is not None
            size = self._matrix.shape[1]
            data = self._matrix.tobytes()
            self._list = [data[at : at + size] for at in range(0, len(data), size)]
        return self._list


def encode_column(column: Any, what: str) -> Entries:
    """Any of the columns that `ColumnArguments` speaks of."""
    if isinstance(column, Coded):
        return _of_codes(column.codes, column.dictionary, what)
    module = type(column).__module__.partition(".")[0]
    if module == "pyarrow":
        return _of_arrow(column, what)
    if module == "pandas":
        return _of_pandas(column, what)
    if isinstance(column, np.ndarray):
        return _of_numpy(column, what)
    return _of_objects(list(column), what)


def _of_codes(codes: Any, dictionary: Any, what: str) -> Entries:
    rows = np.asarray(codes)
    if rows.dtype.kind not in "iu" or rows.ndim != 1:
        raise InvalidArgument(f"the codes of {what} are integers in one dimension")
    rows = rows.astype(np.intp, copy=False)
    size = len(dictionary)
    if len(rows) and not (rows.min() >= -1 and rows.max() < size):
        event = int(np.flatnonzero((rows < -1) | (rows >= size))[0])
        raise InvalidEvent(f"a code of {what} without an entry: {rows[event]}", event_index=event)
    codes, used = _first_use(rows, size)
    if isinstance(dictionary, np.ndarray) and dictionary.dtype.kind in "SVu":
        matrix = _matrix(dictionary)
        if matrix is not None:
            return Entries(codes, matrix=matrix[used])
    if isinstance(dictionary, np.ndarray):
        values = dictionary[used].tolist()
    else:
        values = [dictionary[row] for row in used.tolist()]
    return _merged(codes, values, what)


def _merged(codes: Codes, values: Strings, what: str) -> Entries:
    """No dictionary has an entry twice, nor one for none."""
    entries = _encoded(values, what)
    rows = dict.fromkeys(entries)
    if len(rows) == len(entries) and None not in rows:
        return Entries(codes, entries)  # type: ignore[arg-type]
    rows.pop(None, None)
    places = {entry: place for place, entry in enumerate(rows)}
    moved = np.array([*(places.get(entry, -1) for entry in entries), -1], dtype=np.intp)
    return Entries(moved[codes], list(places))  # type: ignore[arg-type]


def _first_use(rows: Codes, size: int) -> tuple[Codes, Codes]:
    """The codes renumbered in order of first use, and which of the entries are used."""
    count = len(rows)
    if size > 8 * count:
        used, first, inverse = np.unique(rows, return_index=True, return_inverse=True)
        if len(used) and used[0] < 0:
            used, first, inverse = used[1:], first[1:], inverse - 1
        order = np.argsort(first)
        rank = np.empty(len(used) + 1, dtype=np.intp)
        rank[order] = np.arange(len(used))
        rank[-1] = -1
        return rank[inverse], used[order]
    # The last to write wins, so that from the back the first use remains; -1 writes behind.
    first = np.full(size + 1, count, dtype=np.intp)
    first[rows[::-1]] = np.arange(count - 1, -1, -1)
    used = np.flatnonzero(first[:size] < count)
    used = used[np.argsort(first[used])]
    rank = np.empty(size + 1, dtype=np.intp)
    rank[used] = np.arange(len(used))
    rank[size] = -1
    return rank[rows], used


def _encoded(values: Strings, what: str) -> list[bytes | None]:
    """Values as bytes, of a column that has only str, or only bytes, or both, and none."""
    try:
        return [value.encode() for value in values]  # type: ignore[union-attr]
    except AttributeError:
        return [_encoded_one(value, what) for value in values]
    except UnicodeEncodeError:
        raise InvalidEvent(f"half a character in {what}") from None


def _encoded_one(value: Any, what: str) -> bytes | None:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    if value is None or value != value:
        return None
    raise InvalidEvent(f"{what} is of str or bytes, not {type(value).__name__}")


def _of_objects(values: list[Any], what: str) -> Entries:
    """By a dict, whose look-ups run in C."""
    try:
        rows = {value: row for row, value in enumerate(dict.fromkeys(values))}
    except TypeError:
        raise InvalidEvent(f"{what} is of str or bytes") from None
    codes = np.fromiter(map(rows.__getitem__, values), dtype=np.intp, count=len(values))
    return _merged(codes, list(rows), what)


def _of_numpy(column: npt.NDArray[Any], what: str) -> Entries:
    kind = column.dtype.kind
    if kind == "O" and column.ndim == 1:
        return _of_objects(column.tolist(), what)
    if kind == "T" or (kind == "U" and column.ndim == 1 and column.dtype.itemsize == 0):
        return _of_objects(column.tolist(), what)
    if kind == "U" and column.ndim == 1:
        codes, first = _unique_rows(_bytes_of(column))
        return _merged(codes, column[first].tolist(), what)
    matrix = _matrix(column)
    if matrix is not None:
        codes, first = _unique_rows(matrix)
        return Entries(codes, matrix=matrix[first])
    if kind == "S" and column.ndim == 1:
        codes, first = _unique_rows(_bytes_of(column))
        return _merged(codes, column[first].tolist(), what)
    raise InvalidArgument(f"{what} is of strings, bytes or rows of bytes, not {column.dtype}")


def _bytes_of(column: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    column = np.ascontiguousarray(column)
    return column.view(np.uint8).reshape(len(column), column.dtype.itemsize)


def _matrix(column: npt.NDArray[Any]) -> npt.NDArray[np.uint8] | None:
    """One entry a row, if the column is of one size.

    numpy takes zeros at the end of `S` for padding: keys that may end so are given as `V`, or as
    rows of uint8.
    """
    if column.dtype == np.uint8 and column.ndim == 2 and column.shape[1]:
        return np.ascontiguousarray(column)
    if column.ndim != 1 or not column.dtype.itemsize:
        return None
    if column.dtype.kind == "V" and column.dtype.names is None:
        return _bytes_of(column)
    if column.dtype.kind == "S":
        matrix = _bytes_of(column)
        if matrix[:, -1].all():
            return matrix
    return None


_MULTIPLIERS = np.random.default_rng(0x534F4A4E).integers(
    1, 1 << 63, size=1_024, dtype=np.uint64
) * np.uint64(2) + np.uint64(1)


def _unique_rows(matrix: npt.NDArray[np.uint8]) -> tuple[Codes, Codes]:
    """Code of each row's content, and the row where each content stands first.

    Rows are compared by a hash; that no two contents share one is checked afterwards.
    """
    count, size = matrix.shape
    if size % 8:
        padded = np.zeros((count, size + -size % 8), dtype=np.uint8)
        padded[:, :size] = matrix
        matrix = padded
    words = np.ascontiguousarray(matrix).view(np.uint64)
    if words.shape[1] > len(_MULTIPLIERS):
        return _unique_void(words)
    mixed = words ^ (words >> np.uint64(32))
    hashes = mixed @ _MULTIPLIERS[: words.shape[1]]
    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    if not (words[first[inverse]] == words).all():
        return _unique_void(words)
    return _by_first_use(first, inverse)


def _unique_void(words: npt.NDArray[np.uint64]) -> tuple[Codes, Codes]:
    _, first, inverse = np.unique(words, axis=0, return_index=True, return_inverse=True)
    return _by_first_use(first, inverse.reshape(-1))


def _by_first_use(first: Codes, inverse: Codes) -> tuple[Codes, Codes]:
    order = np.argsort(first)
    rank = np.empty(len(first), dtype=np.intp)
    rank[order] = np.arange(len(first))
    return rank[inverse], first[order]


def _of_arrow(column: Any, what: str) -> Entries:
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks)
    if not isinstance(column, pa.DictionaryArray):
        if not _is_text(pa, column.type):
            raise InvalidArgument(f"{what} is of strings or binary, not {column.type}")
        column = column.dictionary_encode()
    indices = column.indices
    if indices.null_count:
        indices = indices.cast(pa.int64()).fill_null(-1)
    codes = indices.to_numpy(zero_copy_only=False)
    codes, used = _codes_of_arrow(codes, len(column.dictionary))
    values = column.dictionary
    if len(used) != len(values) or not (used == np.arange(len(used))).all():
        values = values.take(pa.array(used))
    if pa.types.is_fixed_size_binary(values.type) and values.type.byte_width:
        size = values.type.byte_width
        flat = np.frombuffer(values.buffers()[1], dtype=np.uint8)
        start = values.offset * size
        matrix = flat[start : start + len(values) * size].reshape(len(values), size)
        if not values.null_count:
            return Entries(codes, matrix=matrix)
    return _merged(codes, values.to_pylist(), what)


def _codes_of_arrow(codes: npt.NDArray[Any], size: int) -> tuple[Codes, Codes]:
    return _first_use(codes.astype(np.intp, copy=False), size)


def _is_text(pa: Any, type: Any) -> bool:
    types = pa.types
    return bool(
        types.is_string(type)
        or types.is_large_string(type)
        or types.is_binary(type)
        or types.is_large_binary(type)
        or types.is_fixed_size_binary(type)
        or getattr(types, "is_string_view", lambda _: False)(type)
        or types.is_null(type)
    )


def _of_pandas(column: Any, what: str) -> Entries:
    import pandas as pd

    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        values = column if isinstance(column, pd.Categorical) else column.array
        return _of_codes(values.codes, list(values.categories), what)
    codes, uniques = pd.factorize(column)
    return _merged(codes.astype(np.intp, copy=False), list(uniques), what)
