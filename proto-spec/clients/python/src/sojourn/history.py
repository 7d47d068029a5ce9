"""What happened to sessions, as FETCH and the feed tell it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .answer import Revision, read_revisions
from .constants import EntryKind
from .errors import InvalidArgument
from .info import KnownSession
from .wire.fetch import FetchReply


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where an entry stands in the order of all. Who keeps it can go on from there.

    `str(place)` is `4-117`, which `Place.parse` reads, and `sojourn export` too.
    """

    position: int
    index: int

    def __str__(self) -> str:
        return f"{self.position}-{self.index}"

    @classmethod
    def parse(cls, text: str) -> Place:
        position, _, index = text.partition("-")
        if not (position.isascii() and position.isdigit() and index.isascii() and index.isdigit()):
            raise InvalidArgument(f"a place is like 4-117, not {text!r}")
        return cls(int(position), int(index)).checked()

    def checked(self) -> Place:
        """Itself; raises `InvalidArgument` where a message has no room for it."""
        if not (0 <= self.position < 1 << 64 and 0 <= self.index < 1 << 32):
            raise InvalidArgument(
                f"a place has a position of 64 bits and an index of 32, not {self}"
            )
        return self


START = Place(0, 0)
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
    """Some entries, in their order."""

    entries: list[Entry]
    place: Place
    """Of the last entry: where to go on."""
    more: bool
    """There are more already."""

    @classmethod
    def of(cls, reply: FetchReply) -> Page:
        return cls(read_entries(reply), Place(*reply.place), reply.more)


class Forgotten(NamedTuple):
    """What was erased of a visitor."""

    live_sessions: int
    """Those that were not finished; the finished ones go right after."""
    position: int
    """Of the erasure: what `fetch` hands out behind it has nothing of the visitor."""


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
