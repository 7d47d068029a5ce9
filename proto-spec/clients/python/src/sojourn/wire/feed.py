"""Messages of the feed: a topic, and what a reply to FETCH would be."""

from __future__ import annotations

import struct
from typing import NamedTuple

from ..constants import ErrorCode, Operation
from .fault import WireFault
from .fetch import FetchReply, read_fetch_reply
from .header import FLAG_REPLY, Header, read_frame

#     magic, property
_TOPIC = struct.Struct("<4sI")
TOPIC_MAGIC = b"SOJF"
TOPIC_BYTES = _TOPIC.size
assert TOPIC_BYTES == 8


def topic(property: int) -> bytes:
    """What to subscribe to."""
    return _TOPIC.pack(TOPIC_MAGIC, property)


class FeedFrame(NamedTuple):
    header: Header
    """Its producer names the run of the server, its sequence numbers the messages of the topic."""
    body: memoryview
    content: FetchReply


def read_feed(message: bytes) -> FeedFrame:
    """Offsets of faults count from the header."""
    if len(message) < TOPIC_BYTES:
        raise WireFault(ErrorCode.TRUNCATED_HEADER)
    if message[:4] != TOPIC_MAGIC:
        raise WireFault(ErrorCode.BAD_MAGIC)
    header, body = read_frame(message[TOPIC_BYTES:], flags=FLAG_REPLY)
    if header.operation != Operation.FETCH:
        raise WireFault(ErrorCode.UNKNOWN_OPERATION, 5)
    if message[:TOPIC_BYTES] != topic(header.property):
        raise WireFault(ErrorCode.UNKNOWN_PROPERTY, 36)
    return FeedFrame(header, body, read_fetch_reply(body, is_feed=True))
