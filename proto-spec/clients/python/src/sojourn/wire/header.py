"""The 64 bytes in front of every body."""

from __future__ import annotations

import struct
from typing import NamedTuple

from ..constants import PROTOCOL_VERSION, ErrorCode, Operation
from .checksum import crc32c
from .fault import WireFault

HEADER_BYTES = 64
MAGIC = b"SOJN"
FLAG_REPLY = 1

#     magic, version, operation, flags, correlation, producer, sequence,
#     deadline, property, deployment, body length, body checksum, reserved
_FIELDS = struct.Struct("<4sBBHQQQIIQIII")
_CHECKSUM = struct.Struct("<I")
assert _FIELDS.size + _CHECKSUM.size == HEADER_BYTES


class Header(NamedTuple):
    """A header without what follows from the body: its length and checksums."""

    operation: int
    correlation: int
    producer: int = 0
    sequence: int = 0
    deadline: int = 0
    property: int = 0
    deployment: int = 0
    flags: int = 0
    version: int = PROTOCOL_VERSION

    def frame(self, body: bytes) -> bytes:
        """Header and body as they are sent."""
        fields = _FIELDS.pack(
            MAGIC,
            self.version,
            self.operation,
            self.flags,
            self.correlation,
            self.producer,
            self.sequence,
            self.deadline,
            self.property,
            self.deployment,
            len(body),
            crc32c(body),
            0,
        )
        return b"".join((fields, _CHECKSUM.pack(crc32c(fields)), body))


def read_frame(frame: bytes, *, flags: int) -> tuple[Header, memoryview]:
    """Checks a header, and that the body is the one it speaks of.

    `flags` are those that the frame must have: `FLAG_REPLY` in a client.
    """
    if len(frame) < HEADER_BYTES:
        raise WireFault(ErrorCode.TRUNCATED_HEADER)
    (
        magic,
        version,
        operation,
        found_flags,
        correlation,
        producer,
        sequence,
        deadline,
        property,
        deployment,
        body_length,
        body_checksum,
        reserved,
    ) = _FIELDS.unpack_from(frame)
    if magic != MAGIC:
        raise WireFault(ErrorCode.BAD_MAGIC)
    if version != PROTOCOL_VERSION:
        raise WireFault(ErrorCode.UNSUPPORTED_VERSION, 4)
    if crc32c(frame[:60]) != _CHECKSUM.unpack_from(frame, 60)[0]:
        raise WireFault(ErrorCode.BAD_HEADER_CHECKSUM, 60)
    is_reply = found_flags & FLAG_REPLY
    if is_reply != flags or (operation == Operation.ERROR and not is_reply):
        raise WireFault(ErrorCode.UNEXPECTED_REPLY)
    if not Operation.HELLO <= operation <= Operation.FORGET:
        raise WireFault(ErrorCode.UNKNOWN_OPERATION, 5)
    if found_flags != flags:
        raise WireFault(ErrorCode.UNKNOWN_FLAGS, 6)
    if reserved:
        raise WireFault(ErrorCode.RESERVED_NOT_ZERO, 56)
    body = memoryview(frame)[HEADER_BYTES:]
    if body_length != len(body):
        raise WireFault(ErrorCode.BAD_BODY_LENGTH, 48)
    if crc32c(body) != body_checksum:
        raise WireFault(ErrorCode.BAD_BODY_CHECKSUM, 52)
    header = Header(
        operation,
        correlation,
        producer,
        sequence,
        deadline,
        property,
        deployment,
        found_flags,
        version,
    )
    return header, body
