"""Cursors, and going round the orders of several workers: what needs no server."""

from __future__ import annotations

import struct
from types import SimpleNamespace
from typing import cast

import pytest

import vectors as golden
from reports_codec import write_fetch_reply
from sojourn import START, Cursor, InvalidArgument, MalformedReply, Page, Place, ServerInfo, calls
from sojourn.dispatcher import Request
from test_codec import VECTORS


@pytest.mark.parametrize(
    "text",
    [
        "0:4117-3",
        "0:4117-3,32:809-1@32+",
        "32:809-1@4095",
        "0:18446744073709551615-4294967295,65535:1-0@65535",
        "0:0-0",
        "0:0-0@1+",
    ],
)
def test_cursors_are_written_as_the_specification_says(text: str) -> None:
    assert str(Cursor.parse(text)) == text
    assert Cursor.parse(str(Cursor.parse(text))) == Cursor.parse(text)


def test_cursors_that_mean_the_same_are_equal() -> None:
    assert Cursor.parse("0:0-0,8:0-0") == START
    assert hash(Cursor.parse("0:0-0,8:0-0")) == hash(START)
    assert START.at(8, Place(4, 117)).at(8, Place(0, 0)) == START
    assert START.at(8, Place(4, 117)).place(8) == Place(4, 117)


@pytest.mark.parametrize(
    "text",
    [
        *("", "4117-3", "0:", "0:1", "0:1-", "0:1-2,", ",0:1-2", "0:1-2@", "0:1-2@+", "0:1-2+"),
        *("0:1-2@3-", "0:1-2@3@4", "0:+1-2", "-0:1-2", "0: 1-2", "0:1-2\n", "0:1-2-3", "0:\u0661-2"),
        *("5:1-2,5:1-2", "5:1-2,4:1-2", "65536:1-2", "0:1-2@65536"),
        *("0:18446744073709551616-1", "0:1-4294967296"),
    ],
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument):
        Cursor.parse(text)


class Orders:
    """Servers as a router shows them: by first partition, the last, and how many entries."""

    def __init__(self, orders: dict[int, tuple[int, int]], *, first: int = 0) -> None:
        self.orders = orders
        self.info = cast(
            ServerInfo,
            SimpleNamespace(
                first_partition=first, last_partition=max(last for last, _ in orders.values())
            ),
        )
        self.asked: list[int] = []

    def answer(self, body: bytes) -> memoryview:
        entries, partition, position = struct.unpack_from("<IH2xQ", body)
        self.asked.append(partition)
        first = max(first for first in self.orders if first <= partition)
        last, end = self.orders[first]
        count = max(0, min(entries, end - position))
        found = position + count
        reply = {
            "first_partition": first,
            "last_partition": last,
            "position": str(found),
            "index": 0,
            "more": found < end,
            "entries": [
                {
                    "position": str(position + number + 1),
                    "index": 0,
                    "property": 1,
                    "revision": {
                        "number": "1",
                        "from": "00000000-0000-0000-0000-000000000001",
                        "into": "00000000-0000-0000-0000-000000000002",
                        "cause": "bridge",
                        "partition": first,
                    },
                }
                for number in range(count)
            ],
            "encoding": golden_encoding(),
        }
        return memoryview(write_fetch_reply(reply))

    def fetch(self, cursor: Cursor, entries: int) -> Page:
        asking = calls.fetch(cursor, entries, lambda: self.info)
        call = next(asking)
        while True:
            reply = call.read(cast(Request, None), self.answer(call.body))
            try:
                call = asking.send(reply)
            except StopIteration as end:
                return cast(Page, end.value)

    def everything(self, cursor: Cursor = START) -> tuple[list[tuple[int, int]], Cursor]:
        """First partition and position of what is handed out until there is no more. The cursor is
        read from its text each time."""
        found = []
        while True:
            page = self.fetch(Cursor.parse(str(cursor)), 2)
            found += [(page.first_partition, entry.place.position) for entry in page.entries]
            cursor = page.cursor
            if not page.more:
                return found, cursor


def golden_encoding() -> dict[str, object]:
    """How the golden reply with a revision writes its columns."""
    columns = golden.Vector.load(VECTORS / "reports/valid/fetch-reply.json").body["encoding"]
    return {"columns": columns["columns"], "texts": []}


@pytest.mark.parametrize(
    "orders",
    [
        {0: (0, 5)},
        {0: (63, 4)},
        {0: (31, 5), 32: (63, 2)},
        {0: (0, 0), 1: (1, 3), 2: (2, 0), 3: (3, 0)},
        {0: (3, 0), 4: (9, 0)},
        {0: (0, 1), 1: (1, 7), 2: (2, 2)},
    ],
)
def test_a_round_gets_everything_once(orders: dict[int, tuple[int, int]]) -> None:
    servers = Orders(orders)
    found, cursor = servers.everything()
    assert sorted(found) == [
        (first, position) for first, (_, end) in orders.items() for position in range(1, end + 1)
    ]
    for first in orders:
        places = [position for order, position in found if order == first]
        assert places == sorted(places)
    # And what came about since then, wherever.
    more = Orders({first: (last, end + 1) for first, (last, end) in orders.items()})
    found, _ = more.everything(cursor)
    assert found == [(first, end + 1) for first, (_, end) in orders.items()]


def test_an_order_that_grows_for_ever_keeps_nobody_from_the_others() -> None:
    servers = Orders({0: (0, 1 << 40), 1: (1, 3), 2: (2, 1 << 40)})
    cursor, found = START, []
    for _ in range(8):
        page = servers.fetch(cursor, 2)
        assert page.more
        found.append(page.first_partition)
        cursor = page.cursor
    assert found == [0, 1, 2, 0, 1, 2, 0, 2]


def test_a_worker_alone_is_asked_for_its_own_partitions() -> None:
    servers = Orders({32: (63, 3)}, first=32)
    # From a router, where it was another one's turn.
    found, cursor = servers.everything(Cursor.parse("0:9-0,32:1-0@0+"))
    assert found == [(32, 2), (32, 3)]
    assert str(cursor) == "0:9-0,32:3-0"


def test_partitions_that_are_shared_out_anew_are_read_from_their_beginning() -> None:
    servers = Orders({0: (15, 1), 16: (63, 2)})
    # There was an order from 32 on.
    found, cursor = servers.everything(Cursor.parse("0:1-0,32:40-0@32"))
    assert found == [(16, 1), (16, 2)]
    assert servers.asked == [32, 16]
    assert str(cursor) == "0:1-0,16:2-0,32:40-0"


@pytest.mark.parametrize(("first", "last"), [(1, 5), (0, 0), (9, 5)])
def test_an_answer_of_other_partitions_is_refused(first: int, last: int) -> None:
    call = next(calls.fetch(START.at(0, Place(1, 1)), None, lambda: Orders({0: (9, 1)}).info))
    if (first, last) == (0, 0):
        call = next(
            calls.fetch(Cursor.parse("0:0-0@3"), None, lambda: Orders({0: (9, 1)}).info)
        )
    reply = {"first_partition": first, "last_partition": last, "position": "0", "index": 0}
    body = write_fetch_reply(
        {**reply, "more": False, "entries": [], "encoding": golden_encoding()}
    )
    with pytest.raises(MalformedReply):
        call.read(cast(Request, None), memoryview(body))
