"""HELLO: who a client is, and what a server allows."""

from __future__ import annotations

import struct
from typing import NamedTuple

from ..constants import PROTOCOL_VERSION, ErrorCode
from .fault import Faults, WireFault
from .header import HEADER_BYTES

#     lowest version, highest version, name length, features, deployment
_REQUEST = struct.Struct("<BBHI16s")
#     version, reserved, features, deployment, server time, message bytes, batch events,
#     visitor key bytes, text bytes, batch texts, batch contexts, credit, producer window,
#     partitions, name length, version length, first partition, last partition
_REPLY = struct.Struct("<B3sI16sqIIHHIIIIIHHHH")
assert (_REQUEST.size, _REPLY.size) == (24, 72)

ANY_DEPLOYMENT = bytes(16)


def write_hello(
    name: str,
    deployment: bytes = ANY_DEPLOYMENT,
    *,
    versions: tuple[int, int] = (PROTOCOL_VERSION, PROTOCOL_VERSION),
    features: int = 0,
) -> bytes:
    encoded = name.encode()
    return _REQUEST.pack(*versions, len(encoded), features, deployment) + encoded


class HelloReply(NamedTuple):
    version: int
    features: int
    deployment: bytes
    server_time: int
    message_bytes: int
    batch_events: int
    visitor_key_bytes: int
    text_bytes: int
    batch_texts: int
    batch_contexts: int
    credit: int
    producer_window: int
    partitions: int
    first_partition: int
    last_partition: int
    name: str
    server_version: str


def read_hello_reply(body: memoryview) -> HelloReply:
    if len(body) < _REPLY.size:
        raise WireFault(ErrorCode.TRUNCATED_BODY, HEADER_BYTES + len(body))
    (
        version,
        reserved,
        *fields,
        name_length,
        version_length,
        first_partition,
        last_partition,
    ) = _REPLY.unpack_from(body)
    name_end = _REPLY.size + name_length
    end = name_end + version_length
    if len(body) < end:
        raise WireFault(ErrorCode.TRUNCATED_BODY, HEADER_BYTES + len(body))
    faults = Faults()
    if any(reserved):
        faults.add(ErrorCode.BODY_RESERVED_NOT_ZERO, HEADER_BYTES + 1)
    if len(body) > end:
        faults.add(ErrorCode.TRAILING_BYTES, HEADER_BYTES + end)
    faults.check()
    name = read_text(body, _REPLY.size, name_end)
    server_version = read_text(body, name_end, end)
    return HelloReply._make(
        (version, *fields, first_partition, last_partition, name, server_version)
    )


def read_text(body: memoryview, start: int, end: int) -> str:
    """UTF-8 from a body."""
    try:
        return str(body[start:end], "utf-8")
    except UnicodeDecodeError:
        raise WireFault(ErrorCode.BAD_UTF8, HEADER_BYTES + start) from None
