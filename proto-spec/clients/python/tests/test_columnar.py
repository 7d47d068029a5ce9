"""Columns make the bytes that single events make, whatever they come from."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import vectors as golden
from sojourn import (
    Batch,
    BatchTooLarge,
    Coded,
    Context,
    EmptyBatch,
    Event,
    InvalidArgument,
    InvalidEvent,
    Kind,
)
from sojourn import coded as coded_module
from sojourn.columnar import ColumnAnswer, encode_columns
from sojourn.wire import assign
from sojourn.wire.header import FLAG_REPLY, read_frame
from test_codec import VECTORS

TIME = 1_749_988_800_000
KEYS = ["anna", "bob", "anna", "eve", "bob", "anna"]
PAGES = ["/shop", None, "/", "/shop", "/Überraschung", "/"]


def rows(**changes: Any) -> bytes:
    """The body that single events make."""
    columns = {"visitor": KEYS, "page": PAGES} | changes
    return Batch(
        Event(TIME, **{name: column[event] for name, column in columns.items()})
        for event in range(len(KEYS))
    ).body()


def columns(**changes: Any) -> bytes:
    given = {"time": np.full(len(KEYS), TIME), "visitor": KEYS, "page": PAGES}
    return encode_columns(**(given | changes))[0]


CODED = Coded([3, 1, 3, 0, 1, 3], ["eve", "bob", "unused", "anna"])
MANY = [f"visitor {number}" for number in range(1_000)]
MANY[900], MANY[7], MANY[8] = "anna", "bob", "eve"
FORMS: dict[str, Any] = {
    "list": KEYS,
    "list of bytes": [key.encode() for key in KEYS],
    "numpy U": np.array(KEYS),
    "numpy S": np.array(KEYS, dtype="S"),
    "numpy object": np.array(KEYS, dtype=object),
    "coded": CODED,
    "coded far beyond": Coded(np.array([900, 7, 900, 8, 7, 900]), MANY),
    "coded numpy": Coded(np.array(CODED.codes, dtype=np.uint8), np.array(CODED.dictionary)),
    "pandas object": pd.Series(KEYS, dtype=object),
    "pandas string": pd.Series(KEYS, dtype="string"),
    "pandas categorical": pd.Series(KEYS, dtype="category"),
    "pandas Categorical": pd.Categorical(KEYS),
    "pandas arrow": pd.Series(KEYS, dtype=pd.ArrowDtype(pa.string())),
    "pyarrow": pa.array(KEYS),
    "pyarrow large": pa.array(KEYS, pa.large_string()),
    "pyarrow binary": pa.array([key.encode() for key in KEYS]),
    "pyarrow dictionary": pa.array(KEYS).dictionary_encode(),
    "pyarrow sliced": pa.array(["x", *KEYS, "y"]).dictionary_encode().slice(1, len(KEYS)),
    "pyarrow chunks": pa.chunked_array([KEYS[:2], KEYS[2:]]),
    "pyarrow dictionary chunks": pa.chunked_array(
        [pa.array(KEYS[:2]).dictionary_encode(), pa.array(KEYS[2:]).dictionary_encode()]
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_visitors(form: str) -> None:
    assert columns(visitor=FORMS[form]) == rows()


@pytest.mark.parametrize(
    "page",
    [
        np.array(PAGES, dtype=object),
        Coded([2, -1, 1, 2, 0, 1], ["/Überraschung", "/", "/shop"]),
        Coded([2, 3, 1, 2, 0, 1], ["/Überraschung", "/", "/shop", None]),
        Coded([2, -1, 1, 3, 0, 1], ["/Überraschung", "/", "/shop", "/shop"]),
        pd.Series(PAGES),
        pd.Series(PAGES, dtype="category"),
        pd.Series(PAGES, dtype="string"),
        pa.array(PAGES),
        pa.array(PAGES).dictionary_encode(),
        pa.chunked_array([PAGES[:3], PAGES[3:]]),
    ],
    ids=lambda page: f"{type(page).__module__}.{type(page).__name__}",
)
def test_pages_with_gaps(page: Any) -> None:
    assert columns(page=page) == rows()


@pytest.mark.parametrize("size", [1, 7, 8, 15, 16, 24, 128])
def test_keys_of_one_size(size: int) -> None:
    generator = random.Random(size)
    pool = [generator.randbytes(size - 1) + b"\0" for _ in range(20)]
    keys = [generator.choice(pool) for _ in range(100)]
    expected = Batch(Event(TIME, key) for key in keys).body()
    time = np.full(100, TIME)
    matrix = np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(100, size)
    assert encode_columns(time=time, visitor=matrix)[0] == expected
    assert encode_columns(time=time, visitor=matrix.view(f"V{size}").reshape(-1))[0] == expected
    binary = pa.array(keys, pa.binary(size))
    assert encode_columns(time=time, visitor=binary)[0] == expected
    assert encode_columns(time=time, visitor=binary.dictionary_encode())[0] == expected


def test_contents_that_share_a_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coded_module, "_MULTIPLIERS", np.zeros(64, dtype=np.uint64))
    assert columns(visitor=np.array(KEYS)) == rows()


def test_random_batches_with_every_column() -> None:
    seed = random.randrange(1 << 32)
    generator = random.Random(seed)
    for _ in range(60):
        count = generator.choice((1, 2, 17, 300))
        words = [None, *(f"word/{generator.randrange(50)}" for _ in range(8))]

        def texts() -> list[str | None]:
            used = generator.sample(words, generator.randint(1, len(words)))
            return [generator.choice(used) for _ in range(count)]

        names = (
            "device",
            "channel",
            "country",
            "region",
            "referrer",
            "campaign_source",
            "campaign_medium",
            "campaign",
        )
        context = {name: texts() for name in names if generator.random() < 0.6}
        bots = [generator.random() < 0.1 for _ in range(count)]
        unit = 10 ** generator.randint(0, 9)
        given: dict[str, Any] = {
            "time": np.array([TIME + generator.randrange(1 << 20) for _ in range(count)]),
            "visitor": [f"visitor {generator.randrange(40)}" for _ in range(count)],
            "kind": np.array([generator.randint(1, 6) for _ in range(count)]),
            "page": texts(),
            "value_micros": np.array([generator.randint(-99, 999) * unit for _ in range(count)]),
            "event_id": np.array([generator.getrandbits(64) for _ in range(count)], np.uint64),
        }
        events = []
        for event in range(count):
            cells = {name: column[event] for name, column in context.items()}
            says_something = bots[event] or any(cells.values())
            events.append(
                Event(
                    int(given["time"][event]),
                    given["visitor"][event],
                    Kind(int(given["kind"][event])),
                    given["page"][event],
                    Context(**cells, known_bot=bots[event]) if says_something else None,
                    Decimal(int(given["value_micros"][event])).scaleb(-6),
                    int(given["event_id"][event]),
                )
            )
        body, _ = encode_columns(**given, **context, known_bot=np.array(bots))
        assert body == Batch(events).body(), f"seed {seed}"


@pytest.mark.parametrize(
    "time",
    [
        [TIME] * 6,
        np.full(6, TIME, dtype=np.uint64),
        np.full(6, TIME, dtype="datetime64[ms]"),
        np.full(6, TIME * 1_000, dtype="datetime64[us]"),
        pd.Series([datetime.fromtimestamp(TIME / 1_000, UTC)] * 6),
        pd.Series(np.full(6, TIME, dtype="datetime64[ms]")),
        pd.Series(pd.to_datetime([TIME] * 6, unit="ms", utc=True).tz_convert("Asia/Tokyo")),
        pa.array([TIME] * 6, pa.int64()),
        pa.array([TIME] * 6, pa.timestamp("ms")),
        pa.array([TIME] * 6, pa.timestamp("ms", tz="UTC")),
        pa.chunked_array([pa.array([TIME] * 6, pa.timestamp("ms"))]),
    ],
    ids=lambda time: f"{type(time).__name__} {getattr(time, 'dtype', getattr(time, 'type', ''))}",
)
def test_times(time: Any) -> None:
    assert columns(time=time) == rows()


@pytest.mark.parametrize(
    "kind",
    [
        Kind.ACTION,
        2,
        "action",
        ["action"] * 6,
        [2] * 6,
        pd.Categorical(["action"] * 6),
        pa.array(["action"] * 6),
    ],
    ids=str,
)
def test_kinds(kind: Any) -> None:
    assert columns(kind=kind) == rows(kind=[Kind.ACTION] * 6)


@pytest.mark.parametrize(
    "value",
    [
        [0, 1, 2, 3, 4, 5.25],
        np.array([0, 1, 2, 3, 4, 5.25], dtype=np.float32),
        [Decimal(0), None, Decimal(2), Decimal(3), Decimal(4), "5.25"],
        pa.array([0, 1, 2, 3, 4, 5.25]),
        pd.Series([0, 1, 2, 3, 4, 5.25]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values(value: Any) -> None:
    second = 0 if isinstance(value, list) and value[1] is None else 1
    assert columns(value=value) == rows(value=[0, second, 2, 3, 4, Decimal("5.25")])


def test_one_str_is_for_all_events() -> None:
    assert columns(page="/home") == rows(page=["/home"] * 6)


@pytest.mark.parametrize(
    ("changes", "error", "event"),
    [
        ({"time": np.array([TIME, -1] * 3)}, InvalidEvent, 1),
        ({"time": np.array([TIME, 1 << 48] * 3)}, InvalidEvent, 1),
        ({"time": np.array([TIME, "NaT"] * 3, dtype="datetime64[ms]")}, InvalidEvent, 1),
        ({"time": np.full(6, 1.5)}, InvalidArgument, None),
        ({"time": np.full(5, TIME)}, InvalidArgument, None),
        ({"visitor": ["a", "", "a", "a", "a", "a"]}, InvalidEvent, 1),
        ({"visitor": ["a", None, "a", "a", "a", "a"]}, InvalidEvent, 1),
        ({"visitor": ["a", "k" * 129, "a", "a", "a", "a"]}, InvalidEvent, 1),
        ({"visitor": np.zeros((6, 129), dtype=np.uint8)}, InvalidEvent, 0),
        ({"visitor": [1, 2, 3, 4, 5, 6]}, InvalidEvent, None),
        ({"visitor": np.arange(6)}, InvalidArgument, None),
        ({"visitor": Coded([0, 1, 0, 0, 0, 0], ["a"])}, InvalidEvent, 1),
        ({"page": ["/", "", "/", "/", "/", "/"]}, InvalidEvent, 1),
        ({"page": ["/", "x" * 2_049, "/", "/", "/", "/"]}, InvalidEvent, 1),
        ({"page": ["/", "\ud800", "/", "/", "/", "/"]}, InvalidEvent, None),
        ({"page": pa.array(range(6))}, InvalidArgument, None),
        ({"campaign": ["/", "", "/", "/", "/", "/"]}, InvalidEvent, 1),
        ({"kind": 7}, InvalidEvent, 0),
        ({"kind": [1, 7, 1, 1, 1, 1]}, InvalidEvent, 1),
        ({"kind": ["view", "look", "view", "view", "view", "view"]}, InvalidEvent, 1),
        ({"value": [0, float("nan"), 0, 0, 0, 0]}, InvalidEvent, 1),
        ({"value": [0, 0.1234567, 0, 0, 0, 0]}, InvalidEvent, 1),
        ({"value": [0, 1e12, 0, 0, 0, 0.5]}, InvalidEvent, 1),
        ({"value": [0, 1 << 60, 0, 0, 0, 0]}, InvalidEvent, 1),
        ({"value": [0, Decimal("1e-7"), 0, 0, 0, 0]}, InvalidEvent, 1),
        ({"value": [1] * 6, "value_micros": [1] * 6}, InvalidArgument, None),
        ({"value_micros": [0.5] * 6}, InvalidArgument, None),
        ({"event_id": [0, -1, 0, 0, 0, 0]}, InvalidEvent, 1),
        ({"known_bot": [1] * 6}, InvalidArgument, None),
        ({"visitors": KEYS}, InvalidArgument, None),
        ({"visitor": None}, InvalidArgument, None),
        ({"time": np.array([], dtype=np.int64)}, EmptyBatch, None),
        ({"events_max": 5}, BatchTooLarge, None),
    ],
    ids=str,
)
def test_bad_columns(changes: dict[str, Any], error: type[Exception], event: int | None) -> None:
    with pytest.raises(error) as caught:
        columns(**changes)
    assert type(caught.value) is error
    assert caught.value.event_index == event  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "name",
    [
        "revisions",
        "all-outcomes",
        "all-states",
        "shift-extremes",
        "wide-records",
        "widths-2",
        "widths-4",
        "no-sessions",
        "no-sessions-no-columns",
        "300-sessions",
    ],
)
def test_answers(name: str) -> None:
    vector = golden.Vector.load(VECTORS / "valid" / f"assign-reply-{name}.json")
    assert vector.body is not None
    _, body = read_frame(vector.frame, flags=FLAG_REPLY)
    answer = ColumnAnswer(assign.read_assign_reply(body))
    events, sessions = vector.body["events"], vector.body["sessions"]
    found = [-1 if event["session"] is None else event["session"] for event in events]
    assert answer.session.tolist() == found
    assert answer.position.tolist() == [event["position"] for event in events]
    assert len(answer.outcome) == len(answer) == len(events)
    assert [str(id) for id in answer.session_uuids()] == [one["id"] for one in sessions]
    assert answer.session_start.tolist() == [int(one["start"]) for one in sessions]
    assert answer.session_ordinal.tolist() == [one["ordinal"] for one in sessions]
    for flag in ("late", "merged", "automated", "ended", "engaged"):
        found_flags = getattr(answer, f"session_{flag}").tolist()
        assert found_flags == [one[flag] for one in sessions]
    ids = answer.event_session_id
    for event, row in enumerate(answer.session.tolist()):
        assert ids[event].tobytes() == (
            answer.session_uuids()[row].bytes if row >= 0 else bytes(16)
        )
    assert len(answer.revisions) == len(vector.body["revisions"])
