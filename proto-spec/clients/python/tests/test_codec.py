"""The bytes: golden messages, checksums, and the registry of constants."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

import vectors as golden
from request_codec import decode_request
from shared import COLUMN_NAMES
from sojourn import constants
from sojourn.constants import (
    Boundary,
    Dimension,
    EntryKind,
    ErrorCode,
    Interval,
    Kind,
    Operation,
    Outcome,
    QuestionKind,
    RevisionCause,
    RowKind,
    StepMatch,
)
from sojourn.wire import checksum
from sojourn.wire.fault import WireFault
from sojourn.wire.feed import TOPIC_BYTES, TOPIC_MAGIC
from sojourn.wire.header import FLAG_REPLY, Header, read_frame
from sojourn.wire.integers import width_signed, width_unsigned
from sojourn.wire.texts import shared_prefix

SPECIFICATION = Path(__file__).resolve().parents[3]
VECTORS = SPECIFICATION / "vectors"
CONSTANTS = json.loads((SPECIFICATION / "constants.json").read_text())


def test_golden_messages(capsys: pytest.CaptureFixture[str]) -> None:
    status = golden.main(VECTORS)
    assert status == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    "name",
    [
        "worked-example",
        "all-kinds",
        "event-ids",
        "index-300-entries",
        "keys-longest",
        "keys-one-size",
        "last-time",
        "texts-unicode",
        "time-width-4-extremes",
        "value-width-1-scale-0",
        "value-width-1-scale-6",
        "value-width-2-scale-6",
        "value-width-4-scale-9",
        "value-width-8-scale-0",
    ],
)
def test_public_batch_makes_golden_bytes(name: str) -> None:
    vector = golden.Vector.load(VECTORS / "valid" / f"assign-request-{name}.json")
    assert golden.check_encoding(vector), "the client would choose another encoding"


def test_every_strict_prefix_of_a_reply_is_refused() -> None:
    frame = golden.Vector.load(VECTORS / "valid" / "assign-reply-revisions.json").frame
    golden.decode_reply(frame)
    for length in range(len(frame)):
        with pytest.raises(WireFault):
            golden.decode_reply(frame[:length])


def test_any_damaged_bit_of_a_reply_is_noticed() -> None:
    frame = golden.Vector.load(VECTORS / "valid" / "lookup-reply-two-sessions.json").frame
    for bit in range(0, 8 * len(frame), 5):
        damaged = bytearray(frame)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(WireFault):
            golden.decode_reply(bytes(damaged))


@pytest.mark.parametrize("direction", ["request", "reply"])
def test_random_bodies_give_faults_and_nothing_else(direction: str) -> None:
    """Sound checksums around damaged bodies: every failure must be a WireFault."""
    seed = random.randrange(1 << 32)
    generator = random.Random(seed)
    names = [f"valid/assign-{direction}-worked-example"]
    names += (
        ["valid/assign-request-every-column", "reports/valid/report-request-funnel"]
        if direction == "request"
        else [
            "valid/lookup-reply-two-sessions",
            "valid/status-reply",
            "valid/hello-reply",
            "valid/assign-reply-revisions",
            "reports/valid/report-reply-paths",
            "reports/valid/fetch-reply",
            "reports/valid/forget-reply",
        ]
    )
    decode = decode_request if direction == "request" else golden.decode_reply
    flags = 0 if direction == "request" else FLAG_REPLY
    for name in names:
        frame = golden.Vector.load(VECTORS / f"{name}.json").frame
        header, body = read_frame(frame, flags=flags)
        for _ in range(2_000):
            damaged = bytearray(body)
            for _ in range(generator.randint(1, 4)):
                damaged[generator.randrange(len(damaged))] = generator.choice((0, 1, 2, 255, 64))
            del damaged[generator.randrange(len(damaged), len(damaged) + 4) :]
            sent = Header(*header[:7], flags=flags).frame(bytes(damaged))
            try:
                decode(sent)
            except WireFault:
                pass
            except Exception as error:
                if isinstance(error, AttributeError) and "label" in str(error):
                    continue  # A code of a later version has no name to compare by.
                raise AssertionError(f"seed {seed}, {name}") from error


@pytest.mark.parametrize(
    "crc32c", [checksum.crc32c, checksum.crc32c_table, checksum.numpy_crc32c()]
)
def test_checksums(crc32c: object) -> None:
    assert callable(crc32c)
    assert crc32c(b"123456789") == 0xE306_9283
    assert crc32c(b"") == 0
    generator = random.Random(1)
    for size in (1, 3, 4, 63, 64, 65, 1_023, 1_024, 1_025, 4_095, 70_001):
        data = generator.randbytes(size)
        assert crc32c(data) == checksum.crc32c_table(data), size
        assert crc32c(memoryview(data)[1:]) == checksum.crc32c_table(data[1:]), size


def test_constants_are_those_of_the_specification() -> None:
    def labels(members: object) -> dict[str, int]:
        return {member.label: int(member) for member in members}  # type: ignore[attr-defined]

    assert labels(Kind) == CONSTANTS["eventKinds"]
    assert labels(Outcome) == CONSTANTS["outcomes"]
    assert labels(Boundary) == CONSTANTS["boundaries"]
    assert labels(RevisionCause) == CONSTANTS["revisionCauses"]
    codes = {name: entry["code"] for name, entry in CONSTANTS["errors"].items()}
    assert labels(ErrorCode) == codes
    assert labels(QuestionKind) == CONSTANTS["reportQuestions"]
    assert labels(Dimension) == CONSTANTS["reportDimensions"]
    assert labels(Interval) == CONSTANTS["reportIntervals"]
    assert labels(RowKind) == CONSTANTS["reportRowKinds"]
    assert labels(StepMatch) == CONSTANTS["stepMatches"]
    assert labels(EntryKind) == CONSTANTS["entryKinds"]
    assert {member.name: int(member) for member in Operation} == CONSTANTS["operations"]
    columns = {name: int(column) for column, name in COLUMN_NAMES.items()}
    # What workers tell routers alone.
    between_routers_and_workers = {"groups", "days"}
    assert columns == {
        name: number
        for name, number in CONSTANTS["columns"].items()
        if name not in between_routers_and_workers
    }
    assert TOPIC_MAGIC.hex() == CONSTANTS["feed"]["topicMagic"].lower()
    assert CONSTANTS["feed"]["topicBytes"] == TOPIC_BYTES
    limits = CONSTANTS["limits"]
    assert limits["batchEventsMax"] == constants.BATCH_EVENTS_MAX
    assert limits["eventTimeEnd"] == constants.EVENT_TIME_END
    assert limits["textBytesMax"] == constants.TEXT_BYTES_MAX
    assert limits["visitorKeyBytesMax"] == constants.VISITOR_KEY_BYTES_MAX
    assert limits["batchTextBytesMax"] == constants.BATCH_TEXT_BYTES_MAX
    assert limits["reportRowsMax"] == constants.REPORT_ROWS_MAX
    assert limits["reportFiltersMax"] == constants.REPORT_FILTERS_MAX
    assert limits["funnelStepsMax"] == constants.FUNNEL_STEPS_MAX


def test_widths() -> None:
    assert [width_unsigned(n) for n in (0, 255, 256, 65_535, 65_536, 1 << 32)] == [1, 1, 2, 2, 4, 8]
    assert width_signed(-128, 127) == 1
    assert width_signed(-129, 0) == width_signed(0, 128) == 2
    assert width_signed(-(1 << 31), 0) == 4
    assert width_signed(0, 1 << 31) == 8


def test_shared_prefix() -> None:
    assert shared_prefix(b"/shop", b"/shop/cart") == 5
    assert shared_prefix(b"abc", b"abd") == 2
    assert shared_prefix(b"x", b"y") == 0
    assert shared_prefix(b"a" * 300, b"a" * 300) == 255
