"""The column of texts, and the bytes that neighbours in it share."""

from __future__ import annotations

from collections.abc import Sequence

from ..constants import TEXT_BYTES_MAX, Column, ErrorCode
from .fault import WireFault
from .reader import ColumnView, check_entries
from .writer import DESCRIPTOR_BYTES, BodyWriter

_PREFIX_MAX = 255


def shared_prefix(left: bytes, right: bytes) -> int:
    """How many bytes two texts have in common at their beginning, up to 255."""
    size = min(len(left), len(right), _PREFIX_MAX)
    if left[:size] == right[:size]:
        return size
    differing = int.from_bytes(left[:size], "little") ^ int.from_bytes(right[:size], "little")
    return ((differing & -differing).bit_length() - 1) // 8


def shared_prefixes(texts: Sequence[bytes]) -> list[int]:
    """Of each text with the one before it; 0 for the first."""
    if not texts:
        return []
    return [0, *map(shared_prefix, texts, texts[1:])]


def prefixes_pay(saved: int, count: int) -> bool:
    """Whether the column of prefixes is smaller than what it takes off the texts."""
    return saved > DESCRIPTOR_BYTES + count + 7


def add_texts(writer: BodyWriter, texts: Sequence[bytes]) -> None:
    """Adds `texts`, and `textPrefixes` where that makes the message smaller."""
    prefixes = shared_prefixes(texts)
    if prefixes_pay(sum(prefixes), len(texts)):
        own = [text[prefix:] for text, prefix in zip(texts, prefixes, strict=True)]
        writer.add_dictionary(Column.TEXTS, own, one_size=False)
        writer.add_integers(Column.TEXT_PREFIXES, prefixes, 1)
    else:
        writer.add_dictionary(Column.TEXTS, texts, one_size=False)


def read_texts(view: ColumnView | None) -> list[str]:
    """The texts of a reply, which never share prefixes."""
    if view is None:
        return []
    check_entries(view, TEXT_BYTES_MAX, ErrorCode.BAD_TEXT_LENGTH)
    data = view.entry_bytes()
    texts = []
    start = 0
    for end in view.ends():
        try:
            texts.append(str(data[start:end], "utf-8"))
        except UnicodeDecodeError:
            place = view.offset + view.elements * view.width + start
            raise WireFault(ErrorCode.BAD_UTF8, place) from None
        start = end
    return texts
