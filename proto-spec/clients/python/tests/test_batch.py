"""What may be in a batch, and how it is written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from request_codec import decode_request
from sojourn import Batch, BatchTooLarge, Context, EmptyBatch, Event, InvalidEvent, Kind
from sojourn.constants import Operation
from sojourn.event import micro_units, milliseconds
from sojourn.wire.header import Header

TIME = 1_749_988_800_000


def content(batch: Batch) -> dict[str, Any]:
    _, body = decode_request(Header(Operation.ASSIGN, 1).frame(batch.body()))
    assert body is not None
    return body


def test_an_empty_batch_is_refused() -> None:
    with pytest.raises(EmptyBatch):
        Batch().body()


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"visitor": b""}, "visitor key"),
        ({"visitor": ""}, "visitor key"),
        ({"visitor": b"k" * 129}, "visitor key"),
        ({"visitor": "é" * 65}, "visitor key"),
        ({"visitor": 7}, "visitor key"),
        ({"visitor": "\ud800"}, "half a character"),
        ({"page": ""}, "text"),
        ({"page": "x" * 2_049}, "text"),
        ({"page": "\udc00"}, "half a character"),
        ({"page": 7}, "text"),
        ({"context": Context(campaign="")}, "text"),
        ({"context": Context(country="x" * 2_049)}, "text"),
        ({"time": -1}, "time"),
        ({"time": 1 << 48}, "time"),
        ({"time": 1.5}, "time"),
        ({"time": datetime(2025, 6, 15)}, "time zone"),
        ({"kind": 7}, "kind"),
        ({"kind": 0}, "kind"),
        ({"value": float("nan")}, "finite"),
        ({"value": Decimal("NaN")}, "finite"),
        ({"value": float("inf")}, "finite"),
        ({"value": Decimal("0.0000001")}, "six digits"),
        ({"value": 0.1234567}, "six digits"),
        ({"value": "12,50"}, "number"),
        ({"value": Decimal(2**63) / 10**6}, "2^63"),
        ({"value": Decimal("1e999999")}, "2^63"),
        ({"value": 1e12}, "large"),
        ({"event_id": -1}, "event id"),
        ({"event_id": 1 << 64}, "event id"),
    ],
)
def test_bad_events_are_refused_and_leave_no_trace(changes: dict[str, Any], word: str) -> None:
    good = Event(TIME, "anna")
    batch = Batch([good])
    with pytest.raises(InvalidEvent, match=word.replace("^", r"\^")) as caught:
        batch.add(Event(**({"time": TIME, "visitor": "anna"} | changes)))
    assert caught.value.event_index == 1
    assert not caught.value.may_have_been_applied
    assert batch.body() == Batch([good]).body()


def test_too_many_events() -> None:
    batch = Batch(events_max=2)
    batch.add(Event(TIME, "a"))
    batch.add(Event(TIME, "a"))
    with pytest.raises(BatchTooLarge):
        batch.add(Event(TIME, "a"))
    assert len(batch) == 2


def test_too_many_bytes_of_texts() -> None:
    batch = Batch()
    with pytest.raises(BatchTooLarge):
        for number in range(5_000):
            batch.add(Event(TIME, "a", page=str(number).ljust(2_048, "x")))
    assert len(batch) == 4_096
    batch.body()


def test_only_columns_that_say_something_are_sent() -> None:
    plain = content(Batch([Event(TIME, "anna", value=0)]))
    assert list(plain["encoding"]["columns"]) == ["time", "kind", "visitor", "visitorKeys"]


def test_the_whole_of_an_event_arrives() -> None:
    context = Context("phone", "search", "PT", "Açores", "example.org", "ads", "cpc", "x", True)
    event = Event(TIME, "anna", Kind.CONVERSION, "order", context, Decimal("49.99"), 7)
    (found,) = content(Batch([event]))["events"]
    assert found == {
        "time": str(TIME),
        "kind": "conversion",
        "visitor": b"anna".hex(),
        "name": "order",
        "context": {
            "device": "phone",
            "channel": "search",
            "country": "PT",
            "region": "Açores",
            "referrer": "example.org",
            "campaignSource": "ads",
            "campaignMedium": "cpc",
            "campaignName": "x",
            "knownBot": True,
        },
        "value": "49990000",
        "event_id": "7",
    }


def test_prefixes_are_shared_where_that_is_smaller() -> None:
    few = content(Batch([Event(TIME, "a", page="/shop"), Event(TIME, "a", page="/shop/cart")]))
    assert "textPrefixes" not in few["encoding"]["columns"]
    pages = [f"https://shop.example/category/{number}" for number in range(100)]
    many = content(Batch(Event(TIME, "a", page=page) for page in pages))
    assert "textPrefixes" in many["encoding"]["columns"]
    assert many["encoding"]["texts"] == pages


def test_indexes_grow_with_the_dictionary() -> None:
    def width(visitors: int) -> int:
        batch = Batch(Event(TIME, f"{number:04}") for number in range(visitors))
        found: int = content(batch)["encoding"]["columns"]["visitor"]["width"]
        return found

    assert (width(256), width(257)) == (1, 2)


def test_a_long_span_of_time_needs_eight_bytes() -> None:
    batch = Batch([Event(TIME, "a"), Event(TIME - (1 << 32), "a")])
    found = content(batch)
    assert found["encoding"]["columns"]["time"]["width"] == 8
    assert [event["time"] for event in found["events"]] == [str(TIME), str(TIME - (1 << 32))]


def test_values() -> None:
    assert micro_units("12.50") == 12_500_000
    assert micro_units(12) == 12_000_000
    assert micro_units(12.1) == 12_100_000
    assert micro_units(-0.000001) == -1
    assert micro_units(Decimal("9223372036854.775807")) == (1 << 63) - 1
    assert micro_units(Decimal("-9223372036854.775808")) == -(1 << 63)


def test_times() -> None:
    at = datetime(2025, 6, 15, 12, tzinfo=UTC)
    assert milliseconds(at) == TIME
    assert milliseconds(at.astimezone(timezone(timedelta(hours=2)))) == TIME
    assert milliseconds(at + timedelta(microseconds=1_999)) == TIME + 1
