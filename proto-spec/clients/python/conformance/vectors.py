"""Runs the golden messages: `vectors DIR`.

Where a request's `encoding` is what the client would choose, its bytes come from the client's
public `Batch`; else from an encoder that is told its choices. In either case the batch that the
client would send must mean the same.
"""

from __future__ import annotations

import base64
import json
import sys
import zlib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from reply_codec import decode_reply, encode_reply
from reports_codec import decode_feed, encode_feed
from request_codec import decode_request, encode_request
from shared import CONTEXT_NAMES, Json, header_of
from sojourn import Batch, Context, Event
from sojourn.constants import Kind
from sojourn.wire.fault import WireFault


@dataclass
class Vector:
    name: str
    direction: str
    is_valid: bool
    frame: bytes
    header: Json
    body: Json | None
    error: str | None
    offset: int | None

    @classmethod
    def load(cls, path: Path) -> Vector:
        file = json.loads(path.read_text())
        frame = (
            bytes.fromhex(file["frame"]) if "frame" in file else _inflate(file["frame_zlib_base64"])
        )
        body = (
            json.loads(_inflate(file["body_zlib_base64"]))
            if "body_zlib_base64" in file
            else file.get("body")
        )
        return cls(
            file["name"],
            file["direction"],
            file["valid"],
            frame,
            file.get("header", {}),
            body or None,
            file.get("error"),
            file.get("offset"),
        )


def load_all(directory: Path) -> list[Vector]:
    return [Vector.load(path) for path in sorted(directory.glob("*.json"))]


def _inflate(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text))


def public_batch(body: Json) -> Batch:
    """The batch that a program would make of these events."""

    def context(entry: Json | None) -> Context | None:
        if entry is None:
            return None
        return Context(
            *(entry.get(name) for name in CONTEXT_NAMES), known_bot=entry.get("knownBot", False)
        )

    return Batch(
        Event(
            time=int(event["time"]),
            visitor=bytes.fromhex(event["visitor"]),
            kind=Kind[event["kind"].upper()],
            page=event.get("name"),
            context=context(event.get("context")),
            value=Decimal(event["value"]).scaleb(-6) if "value" in event else None,
            event_id=int(event.get("event_id", 0)),
        )
        for event in body["events"]
    )


class Failure(Exception):
    pass


# The folders that have messages of this client: those of all clients, and what more it can do.
PARTS = ("", *(Path(__file__).parent / "parts").read_text().split())
DECODERS = {"request": decode_request, "reply": decode_reply, "feed": decode_feed}


def check_encoding(vector: Vector) -> bool:
    """Raises `Failure`; tells whether the public way made the very bytes."""
    if vector.direction != "request":
        assert vector.body is not None
        encode = encode_feed if vector.direction == "feed" else encode_reply
        _same(encode(vector.header, vector.body), vector.frame)
        return False
    _same(encode_request(vector.header, vector.body), vector.frame)
    if vector.header["operation"] != "ASSIGN":
        return False
    assert vector.body is not None
    public = header_of(vector.header).frame(public_batch(vector.body).body())
    _, content = decode_request(public)
    assert content is not None
    if content["events"] != vector.body["events"]:
        raise Failure("the client's own batch has other events")
    chooses_same = content["encoding"] == vector.body["encoding"]
    if chooses_same and content["base_time"] == vector.body["base_time"]:
        _same(public, vector.frame)
        return True
    return False


def check_decoding(vector: Vector) -> None:
    header, body = DECODERS[vector.direction](vector.frame)
    if header != vector.header:
        raise Failure(f"decoded the header {header}")
    if body != vector.body:
        raise Failure(f"decoded {_difference(body, vector.body)}")


def check_refusal(vector: Vector) -> None:
    try:
        DECODERS[vector.direction](vector.frame)
    except WireFault as fault:
        found, wanted = (fault.code.label, fault.offset), (vector.error, vector.offset)
        if found != wanted:
            raise Failure(f"refused with {found}, not {wanted}") from None
        return
    raise Failure(f"was read, not refused with {vector.error}")


def _same(encoded: bytes, frame: bytes) -> None:
    if encoded != frame:
        place = next(
            (at for at, (a, b) in enumerate(zip(encoded, frame, strict=False)) if a != b),
            min(len(encoded), len(frame)),
        )
        raise Failure(f"encoded other bytes from {place} on, {len(encoded)} of {len(frame)}")


def _difference(found: object, wanted: object, path: str = "") -> str:
    if isinstance(found, dict) and isinstance(wanted, dict):
        for key in found.keys() | wanted.keys():
            if found.get(key) != wanted.get(key):
                return _difference(found.get(key), wanted.get(key), f"{path}.{key}")
    if isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        for index, (left, right) in enumerate(zip(found, wanted, strict=True)):
            if left != right:
                return _difference(left, right, f"{path}[{index}]")
    return f"{path}: {str(found)[:200]}, not {str(wanted)[:200]}"


def main(directory: Path) -> int:
    valid = [vector for part in PARTS for vector in load_all(directory / part / "valid")]
    invalid = [vector for part in PARTS for vector in load_all(directory / part / "invalid")]
    passed = dict.fromkeys(("encoded", "decoded", "refused"), 0)
    public = 0

    def attempt(vector: Vector, what: str, check: object) -> None:
        nonlocal public
        try:
            public += bool(check(vector))  # type: ignore[operator]
            passed[what] += 1
        except (Failure, WireFault) as failure:
            print(f"FAIL {vector.name}: {failure}")
        except Exception as error:
            print(f"FAIL {vector.name}: {type(error).__name__}: {error}")

    for vector in valid:
        attempt(vector, "encoded", check_encoding)
        attempt(vector, "decoded", check_decoding)
    for vector in invalid:
        attempt(vector, "refused", check_refusal)
    if "--public" in sys.argv:
        print(f"{public} of them by the public way", file=sys.stderr)
    print(
        f"RESULT valid-encoded {passed['encoded']}/{len(valid)} "
        f"valid-decoded {passed['decoded']}/{len(valid)} "
        f"invalid-refused {passed['refused']}/{len(invalid)}"
    )
    return 0 if sum(passed.values()) == 2 * len(valid) + len(invalid) else 1


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: vectors DIR")
    sys.exit(main(Path(sys.argv[1])))
