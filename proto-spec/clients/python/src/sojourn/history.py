"""What happened to sessions, as FETCH and the feed tell it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from .answer import Revision, read_revisions
from .constants import EntryKind
from .errors import InvalidArgument
from .info import KnownSession
from .wire.fetch import FetchReply


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where an entry stands in the order of what a worker hands out; `str(place)` is `4117-3`."""

    position: int
    index: int

    def __str__(self) -> str:
        return f"{self.position}-{self.index}"

    def checked(self) -> Place:
        """Itself; raises `InvalidArgument` where a message has no room for it."""
        if not (0 <= self.position < 1 << 64 and 0 <= self.index < 1 << 32):
            raise InvalidArgument(
                f"a place has a position of 64 bits and an index of 32, not {self}"
            )
        return self


_BEGINNING = Place(0, 0)


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a reader has come in what `fetch` hands out: a place in each order that there is, one
    for the partitions of each worker, and whose turn is next.

    It is kept as text, `str(cursor)`, which `Cursor.parse` reads, and clients in other languages and
    `sojourn export --since` as well. `START` is before everything.
    """

    _places: Mapping[int, Place] = field(default_factory=dict, hash=False)
    """By first partition; an order that is to be read from its beginning has none, so that cursors
    which mean the same are equal."""
    _turn: int | None = None
    """Which partition is asked next; None for the first, with which a round begins."""
    _more: bool = False
    """An order that was asked before, in this round, has more."""

    def place(self, first_partition: int) -> Place:
        """Behind which it goes on in the order of the partitions from this one on."""
        return self._places.get(first_partition, _BEGINNING)

    def at(self, first_partition: int, place: Place) -> Cursor:
        """Goes on behind another place in the order of the partitions from this one on, as pages and
        messages of the feed name it."""
        places = {**self._places, _checked_partition(first_partition): place.checked()}
        if place == _BEGINNING:
            del places[first_partition]
        return Cursor(places, self._turn, self._more)

    def next(self, first: int, last: int) -> tuple[Cursor, int]:
        """The partition to ask, of those that the server has. Where it has not the one whose turn
        it is, a round begins."""
        if self._turn is not None and first <= self._turn <= last:
            return self, self._turn
        return Cursor(self._places), first

    def take(self, reply: FetchReply, last: int) -> tuple[Cursor, bool]:
        """Takes in what a server that has partitions up to `last` handed out, and passes the turn
        on. Besides, whether there may be more: somebody in this round has, or was not asked yet."""
        places = self.at(reply.first_partition, Place(*reply.place))._places
        more = self._more or reply.more
        if reply.last_partition < last:
            return Cursor(places, reply.last_partition + 1, more), True
        return Cursor(places), more

    def __str__(self) -> str:
        """`0:4117-3,32:809-1@32+`: a place for each first partition; behind `@` the partition that
        is asked next, where that is not the first; and `+` where there were more before it."""
        known = ",".join(f"{first}:{place}" for first, place in sorted(self._places.items()))
        turn = "" if self._turn is None else f"@{self._turn}{'+' * self._more}"
        return (known or f"0:{_BEGINNING}") + turn

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Reads what `str` writes, and nothing else; raises `InvalidArgument`."""
        if _CURSOR.fullmatch(text) is None:
            raise InvalidArgument(f"a cursor is like 0:4117-3,32:809-1, not {text!r}")
        known, _, turn = text.partition("@")
        places = [
            (_checked_partition(int(first)), Place(int(position), int(index)).checked())
            for first, position, index in _PLACE.findall(known)
        ]
        if any(after <= before for (before, _), (after, _) in pairwise(places)):
            raise InvalidArgument(f"partitions of a cursor ascend, unlike those of {text!r}")
        return cls(
            {first: place for first, place in places if place != _BEGINNING},
            _checked_partition(int(turn.removesuffix("+"))) if turn else None,
            turn.endswith("+"),
        )


def _checked_partition(partition: int) -> int:
    """Itself; raises `InvalidArgument` where a message has no room for it."""
    if not 0 <= partition < 1 << 16:
        raise InvalidArgument(f"there is no partition {partition!r}")
    return partition


_PLACE = re.compile(r"([0-9]+):([0-9]+)-([0-9]+)")
_CURSOR = re.compile(rf"{_PLACE.pattern}(,{_PLACE.pattern})*(@[0-9]+\+?)?")

START = Cursor()
"""Before everything."""


class Entry(NamedTuple):
    """Something that happened to a session."""

    place: Place
    property: int
    kind: EntryKind
    session: KnownSession | None
    """That was finished, or opened; None for a revision."""
    visitor: bytes | None
    """The visitor's hash, 16 bytes; None for a revision."""
    revision: Revision | None


class Page(NamedTuple):
    """Some entries of one order."""

    entries: list[Entry]
    first_partition: int
    """Of those whose order this is."""
    last_partition: int
    """Still one of them."""
    cursor: Cursor
    """Where to go on."""
    more: bool
    """There are more already, or may be in the order of another worker."""


class Forgotten(NamedTuple):
    """What was erased of a visitor."""

    live_sessions: int
    """Those that were not finished; the finished ones go right after."""
    position: int
    """Of the erasure: what `fetch` hands out behind it, in the order of the visitor's partition, has
    nothing of the visitor."""


def read_entries(reply: FetchReply) -> list[Entry]:
    revisions = read_revisions(reply)
    entries = []
    for record in reply.entries:
        is_revision = record.kind == EntryKind.REVISED
        entries.append(
            Entry(
                Place(*record.place),
                record.property,
                record.kind,
                None if is_revision else KnownSession.of(reply.sessions[record.row]),
                None if is_revision else record.visitor,
                revisions[record.row] if is_revision else None,
            )
        )
    return entries
