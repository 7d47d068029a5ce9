"""Writes the golden messages of sojourn-1 to valid/ and invalid/, or compares them (--check).

The tables below are the messages: one call of `good` or `bad` each. The bytes come from
reference.py, which must also read each valid message back to its content, and refuse each invalid
one with the fault that the table names.
"""

import argparse
import base64
import json
import struct
import sys
import uuid
import zlib
from pathlib import Path

sys.dont_write_bytecode = True
import reference as codec  # noqa: E402
import reference_reports as reports  # noqa: E402
from reference import COLUMNS, HEADER_BYTES, Column, Fault  # noqa: E402

HERE = Path(__file__).resolve().parent
BASE = 1_700_000_000_000
DEPLOYMENT = "00112233445566778899aabbccddeeff"
TAG = str(int.from_bytes(bytes.fromhex(DEPLOYMENT)[8:], "big"))
HEX_BYTES_MAX = 300 << 10  # a frame that is longer in hex is stored compressed

VECTORS = {}
FOLDER = ""  # "reports/", "feed/" or "routers/" while those are made that not every client needs
FOLDERS = ("valid", "invalid", "reports/valid", "reports/invalid", "feed/valid", "feed/invalid",
           "routers/valid", "routers/invalid")


# ---- how a vector is made

def header(operation, is_reply=False, **fields):
    return {"version": 1, "operation": operation, "flags": int(is_reply), "correlation": "1",
            "producer": "0", "sequence": "0", "deadline": 0, "property": 0,
            "deployment": TAG if is_reply else "0", **fields}


def add(vector):
    key = FOLDER + ("valid" if vector["valid"] else "invalid") + "/" + vector["name"]
    assert key not in VECTORS, f"two vectors are named {key}"
    VECTORS[key] = vector


def packed(data):
    return base64.b64encode(zlib.compress(data, 9)).decode()


def frame_field(frame):
    if 2 * len(frame) <= HEX_BYTES_MAX:
        return {"frame": frame.hex()}
    return {"frame_zlib_base64": packed(frame)}


def good(name, description, direction, head, body):
    """A message that every codec must read and be able to write."""
    is_feed = direction == "feed"
    frame = reports.encode_feed(head, body) if is_feed else codec.encode(direction, head, body)
    head_read, body_read = reports.decode_feed(frame) if is_feed else codec.decode(direction, frame)
    assert head_read == head, f"{name}: {head_read}"
    assert body_read == body, f"{name}:\n{json.dumps(body_read)}\n{json.dumps(body)}"
    text = json.dumps(body, ensure_ascii=False)
    content = {"body": body} if len(text.encode()) <= HEX_BYTES_MAX else {
        "body_zlib_base64": packed(text.encode())}
    add({"name": name, "description": description, "direction": direction, "valid": True,
         "header": head, **content, **frame_field(frame)})


def bad(name, description, error, offset, frame, direction="request"):
    """A message that every codec must refuse with this error at this byte."""
    try:
        reports.decode_feed(frame) if direction == "feed" else codec.decode(direction, frame)
        raise AssertionError(f"{name} is read without a fault")
    except Fault as fault:
        assert (fault.name, fault.offset) == (error, offset), f"{name}: {fault.args}"
    dropped = codec.ERRORS[error]["dropped"] or direction != "request"
    add({"name": name, "description": description, "direction": direction, "valid": False,
         "error": error, "offset": offset, "reply": "drop" if dropped else "error",
         **frame_field(frame)})


# ---- valid: HELLO, STATUS, LOOKUP and ERROR

def hello(**fields):
    return {"lowest_version": 1, "highest_version": 1, "features": 0, "deployment": "00" * 16,
            "name": "sojourn-swift/0.1.0", **fields}


def hello_reply(**fields):
    return {"version": 1, "features": 0, "deployment": DEPLOYMENT, "server_time": str(BASE),
            "message_bytes": 4194304, "batch_events": 65535, "visitor_key_bytes": 128,
            "text_bytes": 2048, "batch_texts": 65535, "batch_contexts": 65535, "credit": 64,
            "producer_window": 128, "partitions": 4, "first_partition": 0,
            "last_partition": 3, "name": "sojourn", "server_version": "0.1.0",
            **fields}


def session_id(milliseconds, tail):
    """A UUID of version 7 whose other bits are those of `tail`."""
    bits = (milliseconds << 80) | (7 << 76) | (2 << 62) | (tail & ((1 << 62) - 1))
    return str(uuid.UUID(int=bits))


def state(boundary="first", **flags):
    names = ("late", "merged", "automated", "ended", "engaged")
    return {"boundary": boundary, **{name: flags.get(name, False) for name in names}}


def valid_small_messages():
    request = "request"
    good("hello-request", "A client that speaks version 1 and expects no particular deployment.",
         request, header("HELLO"), hello())
    good("hello-request-deployment", "A client that expects one deployment and speaks 1 to 255.",
         request, header("HELLO"), hello(highest_version=255, deployment=DEPLOYMENT))
    good("hello-request-no-name", "The name may be empty.", request, header("HELLO"),
         hello(name=""))
    good("hello-request-longest-name", "A name of 255 bytes, not all of them ASCII.", request,
         header("HELLO"), hello(name="häß/" + "語" * 83))
    good("status-request", "A request without a body; the checksum of no bytes is 0.", request,
         header("STATUS"), {})
    good("status-request-header-extremes", "Every field of the header as large as it can be.",
         request, header("STATUS", correlation=str(2**64 - 1), producer=str(2**64 - 1),
                         sequence=str(2**64 - 1), deadline=2**32 - 1, property=2**32 - 1,
                         deployment=str(2**64 - 1)), {})
    good("lookup-request-visitor", "What is known of a visitor?", request,
         header("LOOKUP", deployment=TAG, property=7, deadline=250),
         {"by": "visitor", "key": b"visitor-0001".hex()})
    good("lookup-request-shortest-key", "A key of one byte, which is zero.", request,
         header("LOOKUP"), {"by": "visitor", "key": "00"})
    good("lookup-request-longest-key", "A key of 128 bytes.", request, header("LOOKUP"),
         {"by": "visitor", "key": bytes(range(128)).hex()})
    good("lookup-request-session", "What is known of a session?", request, header("LOOKUP"),
         {"by": "session", "key": uuid.UUID(session_id(BASE, 1)).hex})

    reply = "reply"
    good("hello-reply", "The limits of the reference server.", reply, header("HELLO", True),
         hello_reply())
    good("hello-reply-extremes", "Largest numbers, a time before 1970, unknown features.", reply,
         header("HELLO", True), hello_reply(
             features=2**32 - 1, server_time=str(-2**63), message_bytes=2**32 - 1,
             batch_events=2**32 - 1, visitor_key_bytes=65535, text_bytes=65535,
             batch_texts=2**32 - 1, batch_contexts=2**32 - 1, credit=2**32 - 1,
             producer_window=2**32 - 1, partitions=2**32 - 1, first_partition=65535,
             last_partition=65535, name="séjour", server_version=""))
    good("hello-reply-worker", "A worker that has the second half of 64 partitions.", reply,
         header("HELLO", True), hello_reply(partitions=64, first_partition=32, last_partition=63))
    good("lookup-reply-two-sessions", "Two sessions of a visitor with their paths.", reply,
         header("LOOKUP", True, correlation="9", property=7), lookup_reply())
    good("lookup-reply-wide-records",
         "Records that are longer than this version knows; the added bytes are skipped.", reply,
         header("LOOKUP", True), lookup_reply(session_bytes=144, path_bytes=16, text_width=4))
    nothing = {"clock": str(BASE), "sessions": []}
    good("lookup-reply-nothing", "Nothing is known; the columns have no elements.", reply,
         header("LOOKUP", True),
         {**nothing, "encoding": {"columns": {
             "texts": {"width": 2}, "sessions": {"width": 0, "parameter": 128},
             "path": {"width": 0, "parameter": 8}}, "texts": []}})
    good("lookup-reply-nothing-no-columns", "Nothing is known, and no column says so.", reply,
         header("LOOKUP", True), {**nothing, "encoding": {"columns": {}}})
    good("lookup-reply-nothing-one-size",
         "A dictionary of one size, which is none: it has no entries.", reply, header("LOOKUP", True),
         {**nothing, "encoding": {"columns": {
             "texts": {"width": 0}, "sessions": {"width": 0, "parameter": 128},
             "path": {"width": 0, "parameter": 8}}, "texts": []}})
    columns = {"texts": {"width": 2}, "gauges": {"width": 8}}
    good("status-reply", "Several gauges, negative ones and extremes too.", reply,
         header("STATUS", True), {
             "server_time": str(BASE),
             "gauges": [{"name": "events_total", "value": str(2**63 - 1)},
                        {"name": "live_visitors", "value": "1000000"},
                        {"name": "queue_messages", "value": "0"},
                        {"name": "clock_offset_milliseconds", "value": "-250"},
                        {"name": "least", "value": str(-2**63)}],
             "encoding": {"columns": columns}})
    good("status-reply-no-gauges", "A server without gauges.", reply, header("STATUS", True),
         {"server_time": "0", "gauges": [], "encoding": {"columns": columns}})

    def error(code, message="", offset=None, retry_after=0):
        return {"code": code, "retriable": codec.ERRORS[code]["retriable"],
                "retry_after": retry_after, "offset": offset, "lowest_version": 1,
                "highest_version": 1, "message": message}
    good("error-reply-offset", "A fault at a byte of the request.", reply,
         header("ERROR", True, correlation="77", producer="5", sequence="12"),
         error("badKind", "event 3 has kind 9, which is none of 1 to 6", 259))
    good("error-reply-no-offset", "A fault without a place.", reply, header("ERROR", True),
         error("missingColumn", "the column visitorKeys is missing"))
    good("error-reply-retriable", "Try again after 250 ms.", reply, header("ERROR", True),
         error("overloaded", "the queue is full", retry_after=250))
    good("error-reply-no-message", "An error need not say anything.", reply,
         header("ERROR", True), error("unsupportedVersion", offset=4))
    good("error-reply-longest-message", "A message of 1,024 bytes, not all of them ASCII.", reply,
         header("ERROR", True), error("internal", "é" * 512, offset=0))


def lookup_reply(session_bytes=128, path_bytes=8, text_width=2):
    texts = ["desktop", "DE", "newsletter", "/", "/shop", "/Überraschung", "spring"]
    return {
        "clock": str(BASE + 5_000_000),
        "sessions": [
            {"id": session_id(BASE, 0x1234), "ordinal": 3, "first_event": str(BASE - 500),
             "last_event": str(BASE + 600_000), "value": "49990000", "engaged": "300000",
             "events": 5, "views": 3, "actions": 1, "conversions": 1,
             "state": state("campaign", late=True, merged=True, engaged=True),
             "boundary_out": "idle",
             "context": {"device": "desktop", "country": "DE", "campaignSource": "newsletter",
                         "campaignName": "spring"},
             "landing_page": "/", "exit_page": "/shop",
             "path": [{"after": 0, "page": "/"}, {"after": 1500, "page": "/Überraschung"},
                      {"after": 600_500}],
             "finishes": str(BASE + 4_200_000)},
            {"id": session_id(BASE + 4_000_000, 0x5678), "ordinal": 4,
             "first_event": str(BASE + 4_000_000), "last_event": str(BASE + 4_000_000),
             "value": "-1", "engaged": "0", "events": 1, "views": 0, "actions": 1,
             "conversions": 0, "state": state("idle", automated=True, ended=True),
             "boundary_out": None, "context": {}, "path": [],
             "finishes": str(BASE + 7_600_000)}],
        "encoding": {"columns": {"texts": {"width": text_width},
                                 "sessions": {"width": 0, "parameter": session_bytes},
                                 "path": {"width": 0, "parameter": path_bytes}},
                     "texts": texts}}


# ---- valid: ASSIGN requests

def event(time, kind="view", visitor=b"a", **more):
    """An event; the time is absolute, value and event_id are given as integers."""
    fields = {name: str(more[name]) if name in ("value", "event_id") else more[name]
              for name in ("name", "context", "value", "event_id") if name in more}
    return {"time": str(time), "kind": kind, "visitor": visitor.hex(), **fields}


def distinct(items):
    seen = []
    for item in items:
        if item not in seen:
            seen.append(item)
    return seen


def assign(events, columns=None, base=BASE, keys=None, texts=None, contexts=None, unknown=None):
    """The content of a request. `columns` says how wide each column is: a width, or (width,
    parameter); the four required ones have a default. Dictionaries are in order of appearance
    unless they are given."""
    keys = keys or distinct(one["visitor"] for one in events)
    if contexts is None:
        contexts = distinct(one["context"] for one in events if "context" in one)
    if texts is None:
        texts = distinct([one["name"] for one in events if "name" in one] + [
            context[name] for context in contexts for name in codec.ATTRIBUTES if name in context])
    one_size = len({len(key) for key in keys}) == 1
    choices = {"time": 4, "kind": 1, "visitor": 1,
               "visitorKeys": (0, len(keys[0]) // 2) if one_size else 2, **(columns or {})}
    described = {}
    for name in sorted(choices, key=COLUMNS.get):
        choice = choices[name]
        width, parameter = choice if isinstance(choice, tuple) else (
            choice, codec.CONTEXT_CELLS if name == "contexts" else 0)
        described[name] = {"width": width, **({"parameter": parameter} if parameter else {})}
        if name == "texts" and "textPrefixes" in choices:
            described[name]["prefixes"] = True
    return {"base_time": str(base), "events": events, "encoding": {
        "columns": described, **({"unknown": unknown} if unknown else {}), "visitor_keys": keys,
        **({"texts": texts} if "texts" in choices else {}),
        **({"contexts": contexts} if "contexts" in choices else {})}}


def unknown_column(id_, width=0, parameter=0, count=0, data=b""):
    return {"column": id_, "width": width, "parameter": parameter, "count": count,
            "data": data.hex()}


FULL_CONTEXT = {"device": "phone", "channel": "search", "country": "PT", "region": "Açores",
                "referrer": "example.org", "campaignSource": "ads", "campaignMedium": "cpc",
                "campaignName": "autumn", "knownBot": True}
EVERY_COLUMN = {"name": 1, "texts": 2, "textPrefixes": 1, "context": 1, "contexts": 1,
                "value": (2, 4), "eventID": 8}


def everything():
    """Three events that use all eleven columns: the message that most faults are made from."""
    return assign(
        [event(BASE, "start", b"ann", name="/shop", context={"device": "phone", "country": "DE"}),
         event(BASE + 1000, "view", b"bobby", name="/shop/cart", event_id=7),
         event(BASE + 2500, "conversion", b"ann", name="order", context=FULL_CONTEXT,
               value=49990000, event_id=2**64 - 1)], EVERY_COLUMN)


def good_assign(name, description, body, **head):
    good("assign-request-" + name, description, "request", header("ASSIGN", **head), body)


def valid_assign_requests():
    noon = 1_749_988_800_000  # 2025-06-15 12:00:00 UTC
    good_assign("worked-example", "The request of \"A worked example\" in the specification.",
                assign([event(noon, visitor=b"anna", name="/home")], {"name": 1, "texts": 2},
                       base=noon),
                correlation="7", producer="1", sequence="1", property=1)
    one = [event(BASE)]
    good_assign("one-event", "The smallest batch: one event, four columns.", assign(one))
    good_assign("every-column", "All eleven columns at once.", everything(), correlation="42",
                producer="1234567890123456789", sequence="1", deadline=1000, property=3,
                deployment=TAG)
    good_assign("all-kinds", "One event of each of the six kinds.", assign([
        event(BASE + 1000 * row, kind) for row, kind in enumerate(codec.KINDS)]))

    # Indexes and the order of dictionaries.
    contexts = [{"device": "phone"}, {"device": "tablet", "knownBot": True}, {}]
    mixed = [event(BASE, visitor=b"ann", name="/a", context=contexts[0]),
             event(BASE + 1, visitor=b"bob", name="/b", context=contexts[1]),
             event(BASE + 2, visitor=b"ann", name="/a"),
             event(BASE + 3, visitor=b"eve", context=contexts[2])]
    for width in (1, 2, 4):
        good_assign(f"index-width-{width}", f"Indexes of {width} bytes in all index columns.",
                    assign(mixed, {"visitor": width, "name": width, "texts": 2, "context": width,
                                   "contexts": width}))
    widths = {"visitor": 4, "name": 1, "texts": 4, "context": 2, "contexts": 4}
    good_assign("index-widths-mixed", "Each index column has a width of its own.",
                assign(mixed, widths))
    good_assign("dictionary-order", "Dictionaries out of the order of use, with unused entries.",
                assign(mixed, widths, keys=[key.hex() for key in (b"zed", b"eve", b"bob", b"ann")],
                       texts=["tablet", "unused", "phone", "/b", "/a"],
                       contexts=[{"country": "unused"}, *reversed(contexts)]))
    good_assign("index-300-entries", "More entries than one byte can number.", assign(
        [event(BASE + row, visitor=row.to_bytes(2, "big"), name=f"/page/{row}")
         for row in range(300)], {"visitor": 2, "name": 2, "texts": 2, "textPrefixes": 1}))

    # Times.
    good_assign("time-width-8", "Times of 8 bytes, before and after the base time.", assign(
        [event(BASE), event(BASE - 2**33), event(BASE + 2**33), event(BASE - 1)], {"time": 8}))
    good_assign("time-width-4-extremes", "The first and the last delta of 4 bytes.",
                assign([event(BASE + 2**32 - 1), event(BASE)]))
    good_assign("base-time-zero", "Events from the first millisecond of the epoch.",
                assign([event(0), event(1)], base=0))
    good_assign("last-time", "The last time that is allowed, 2^48 - 1.",
                assign([event(2**48 - 1)], base=2**48 - 1))
    good_assign("base-time-negative", "A base time before the epoch; no event is.",
                assign([event(0), event(5)], base=-1000))
    good_assign("base-time-greatest", "A base time far beyond all events; the deltas lead back.",
                assign([event(0), event(2**48 - 1)], {"time": 8}, base=2**63 - 1))

    # Visitor keys.
    good_assign("keys-one-size", "Keys of 16 bytes, without ends.", assign(
        [event(BASE + row, visitor=bytes([row]) * 16) for row in range(3)]))
    keys = [b"a", b"bc", bytes(128), b"def", bytes(range(128, 256))]
    varying = [event(BASE + row, visitor=key) for row, key in enumerate(keys)]
    for width in (2, 4):
        good_assign(f"keys-ends-{width}", f"Keys of 1 to 128 bytes with ends of {width} bytes.",
                    assign(varying, {"visitorKeys": width}))
    good_assign("keys-one-size-with-ends", "Keys of one size may have ends all the same.",
                assign([event(BASE, visitor=b"ann"), event(BASE, visitor=b"bob")],
                       {"visitorKeys": 2}))
    good_assign("keys-shortest", "Keys of one byte, one of them zero.",
                assign([event(BASE, visitor=b"\x00"), event(BASE, visitor=b"\xff")]))
    good_assign("keys-longest", "Keys of 128 bytes.",
                assign([event(BASE, visitor=bytes(range(128)))]))

    # Texts.
    def named(names, **columns):
        return assign([event(BASE + row, name=text) for row, text in enumerate(names)],
                      {"name": 1, **columns})
    good_assign("texts-one-size", "Texts of 3 bytes, without ends.",
                named(["abc", "abd", "é1"], texts=(0, 3)))
    good_assign("texts-ends-4", "Texts with ends of 4 bytes.", named(["/", "/shop"], texts=4))
    paths = ["/", "/shop", "/shop/cart", "/shop/cart/pay", "/about"]
    for width in (2, 4):
        good_assign(f"texts-prefixes-ends-{width}",
                    f"Texts that share prefixes, with ends of {width} bytes.",
                    named(paths, texts=width, textPrefixes=1))
    good_assign("texts-prefixes-one-size", "Texts whose own parts have one size.",
                named(["a", "ab", "abc", "abd"], texts=(0, 1), textPrefixes=1))
    good_assign("texts-prefixes-nothing-own", "A text that is a prefix of the one before has no "
                "bytes of its own.", named(["/shop/cart", "/shop", "/"], texts=2, textPrefixes=1))
    good_assign("texts-prefixes-split", "Prefixes end within characters of 2, 3 and 4 bytes.",
                named(["é", "è", "語", "誟", "😀", "😁", "𐍈"], texts=2, textPrefixes=1))
    unicode = ["Grüße", "e\u0301", "\u00e9", "日本語", "שלום", "👩‍👩‍👧‍👦", "a\u0000b", " ", "\ufeffbom",
               "\uffff", "\U0010ffff", "\x7f\u0080", "\u07ff\u0800\ud7ff\ue000\U00010000"]
    good_assign("texts-unicode", "Texts are bytes: not normalised, not trimmed, NUL allowed; the "
                "second and the third are different.", named(unicode, texts=2))
    good_assign("texts-unicode-prefixes", "The same texts with shared prefixes.",
                named(unicode, texts=2, textPrefixes=1))
    good_assign("texts-longest", "Two texts of 2,048 bytes; a prefix is at most 255 bytes.",
                named(["x" * 2040 + "12345678", "x" * 2040 + "abcdefgh"], texts=2,
                      textPrefixes=1))

    # Contexts.
    good_assign("context-full", "All attributes, and a visitor known to be a bot.",
                assign([event(BASE, context=FULL_CONTEXT)],
                       {"texts": 2, "context": 1, "contexts": 1}))
    good_assign("context-extra-cells", "Rows of eleven cells; readers skip the last two, which "
                "are no indexes of texts to them.",
                assign([event(BASE, context={"device": "phone"}),
                        event(BASE, context={"device": "tablet", "knownBot": True})],
                       {"texts": 2, "context": 1, "contexts": (2, 11)},
                       contexts=[{"device": "phone", "extra": [1, 65535]},
                                 {"device": "tablet", "knownBot": True, "extra": [0, 9]}]))

    # Values and event ids.
    for width in (1, 2, 4, 8):
        greatest = 2 ** (8 * width - 1) - 1
        extremes = [0, 1, -1, greatest, -greatest - 1]
        for scale in ((0, 6, 9) if width < 8 else (0,)):
            good_assign(f"value-width-{width}-scale-{scale}",
                        f"Values of {width} bytes times ten to the power of {scale}, extremes too.",
                        assign([event(BASE, "conversion",
                                      **({"value": value * 10**scale} if value else {}))
                                for value in extremes], {"value": (width, scale)}))
    good_assign("event-ids", "Ids of events, extremes too; 0 is none.",
                assign([event(BASE, event_id=1), event(BASE),
                        event(BASE, event_id=2**64 - 1), event(BASE, event_id=2**63)],
                       {"eventID": 8}))

    # Columns that are empty or unknown.
    good_assign("empty-columns", "Optional columns that say nothing: no name, no text, no "
                "context, no value, no id.", assign(one, {**EVERY_COLUMN, "texts": 2}))
    good_assign("empty-last-column", "The last column has no bytes, but its place: the body ends "
                "with padding.", assign(one, {"texts": (0, 5)}))
    good_assign("no-texts-one-size", "A dictionary of one size, which is none: it has no entries.",
                assign(one, {"texts": (0, 0)}))
    good_assign("unknown-columns", "Columns 12, 32 and 200 mean nothing here and are skipped, "
                "whatever their width, parameter and count.",
                assign(one, {"value": (1, 0)}, unknown=[
                    unknown_column(12, 3, 7, 5, b"odd"), unknown_column(32, 0, 16, 1, bytes(16)),
                    unknown_column(200, 255, 65535, 2**32 - 1, b"\xff" * 9)]))
    good_assign("unknown-column-zero", "Column 0 is unknown and stands before all others.",
                assign(one, unknown=[unknown_column(0, 1, 0, 1, b"\x01")]))
    good_assign("most-columns", "64 columns, of which 60 are unknown.", assign(
        one, unknown=[unknown_column(100 + row) for row in range(60)]))

    # Large ones.
    good_assign("1000-events", "A batch of 1,000 events as a client would send it.", shop(1000))
    good_assign("most-events", "A batch of 65,535 events.", assign(
        [event(BASE + row // 257, visitor=bytes([row % 257 % 16])) for row in range(65535)]))
    room = 4194304 - HEADER_BYTES
    small = codec.encode_assign_request(assign(one, unknown=[unknown_column(255)]))
    good_assign("longest-message", "A message of exactly 4 MiB, filled by an unknown column.",
                assign(one, unknown=[unknown_column(255, data=bytes(room - len(small)))]))


def shop(count):
    """Plausible traffic without chance: visitors of 16 bytes walk through pages."""
    contexts = [{"device": device, "channel": channel, "country": country}
                for device in ("desktop", "phone") for channel in ("direct", "search")
                for country in ("DE", "PT")]
    events = []
    for row in range(count):
        visitor = row * 37 % 90
        more = {"context": contexts[visitor % 8]} if row % 3 == 0 else {}
        if row % 41 == 40:
            events.append(event(BASE + 731 * row, "conversion", b"%016x" % visitor,
                                name="order", value=10000 * (990 + row), **more))
        else:
            kind = ("view", "view", "action", "view", "heartbeat")[row % 5]
            name = {} if kind == "heartbeat" else {"name": f"/shop/item/{row * 7 % 60}"}
            events.append(event(BASE + 731 * row, kind, b"%016x" % visitor, **name, **more))
    texts = sorted({f"/shop/item/{item}" for item in range(60)}
                   | {"order", "desktop", "phone", "direct", "search", "DE", "PT"})
    return assign(events, {"name": 1, "texts": 2, "textPrefixes": 1, "context": 1, "contexts": 1,
                           "value": (2, 4)}, texts=texts, contexts=contexts)


# ---- valid: replies to ASSIGN

REPLY_COLUMNS = {"sessionID": (0, 16), "ordinal": 1, "sessionState": 1, "session": 1,
                 "position": 1, "outcome": 1}
REVISION_COLUMNS = {"revisionNumber": 8, "revisionFrom": (0, 16), "revisionInto": (0, 16),
                    "revisionCause": 1, "revisionPartition": 2}


def session(milliseconds, tail, ordinal=1, shift=0, boundary="first", **flags):
    return {"id": session_id(milliseconds, tail), "start": str(milliseconds - shift),
            "ordinal": ordinal, **state(boundary, **flags)}


def answer(row, position, outcome):
    return {"session": row, "position": position, "outcome": outcome}


def revision(number, from_, into, partition=0):
    return {"number": str(number), "from": from_["id"], "into": into["id"], "cause": "bridge",
            "partition": partition}


def assigned(sessions, events, revisions=(), clock=BASE, columns=None, unknown=None):
    choices = {**REPLY_COLUMNS, **(REVISION_COLUMNS if revisions else {}), **(columns or {})}
    described = {}
    for name in sorted(choices, key=COLUMNS.get):
        choice = choices[name]
        width, parameter = choice if isinstance(choice, tuple) else (choice, 0)
        described[name] = {"width": width, **({"parameter": parameter} if parameter else {})}
    return {"clock": str(clock), "sessions": sessions, "events": events,
            "revisions": list(revisions),
            "encoding": {"columns": described, **({"unknown": unknown} if unknown else {})}}


def merged_reply():
    """Two sessions became one, and that one became part of a third."""
    first, second, third = (session(BASE + 1000 * row, row, ordinal=row + 1) for row in range(3))
    first.update(merged=True, late=True)
    return assigned(
        [first, second, third],
        [answer(0, 1, "new"), answer(1, 1, "new"), answer(2, 1, "new"), answer(0, 4, "merged")],
        [revision(8, second, first, 3), revision(9, third, first, 3)])


def good_reply(name, description, body, **head):
    good("assign-reply-" + name, description, "reply", header("ASSIGN", True, **head), body)


def valid_assign_replies():
    one = [session(BASE, 1)]
    new = [answer(0, 1, "new")]
    noon = session(1_749_988_800_000, 0x0DDC0FFEE)
    good_reply("worked-example", "The reply of \"A worked example\" in the specification.",
               assigned([noon], new, clock=-2**63), correlation="7", producer="1", sequence="1",
               property=1)
    good_reply("one-event", "One event opened one session.", assigned(one, new), correlation="42",
               producer="1234567890123456789", sequence="1", property=3)
    nothing = [answer(None, 0, "rejectedNoSession"), answer(None, 0, "rejectedClockSkew")]
    good_reply("no-sessions", "No event joined a session; the columns of sessions are empty.",
               assigned([], nothing))
    bare = assigned([], nothing)
    for name in ("sessionID", "ordinal", "sessionState"):
        del bare["encoding"]["columns"][name]
    good_reply("no-sessions-no-columns", "The same without the columns of sessions.", bare)
    good_reply("all-outcomes", "Every outcome.", assigned(one, [
        answer(0, row + 1, outcome) if row < 4 else answer(
            0 if outcome == "duplicate" else None, 0, outcome)
        for row, outcome in enumerate(codec.OUTCOMES)]))
    good_reply("all-boundaries", "A session for every boundary.", assigned(
        [session(BASE + row, row, row + 1, boundary=boundary)
         for row, boundary in enumerate(codec.BOUNDARIES)],
        [answer(row, 1, "new") for row in range(len(codec.BOUNDARIES))]))
    flags = ("late", "merged", "automated", "ended", "engaged")
    good_reply("all-states", "Each bit of the state alone, then all of them.", assigned(
        [session(BASE, row, **{flag: True}) for row, flag in enumerate(flags)]
        + [session(BASE, 9, boundary="explicit", **dict.fromkeys(flags, True))],
        [answer(row, 1, "extended") for row in range(6)]))
    shifted = [session(BASE, 1), session(BASE, 2, shift=200)]
    two = [answer(0, 1, "new"), answer(1, 2, "lateJoined")]
    for width in (1, 2, 4, 8):
        good_reply(f"shift-width-{width}", "A session begins before the time in its id; shifts "
                   f"of {width} bytes.", assigned(shifted, two, columns={"sessionShift": width}))
    good_reply("shift-extremes", "Shifts beyond 4 bytes, down to the epoch.", assigned(
        [session(2**48 - 1, 1, shift=2**48 - 1), session(BASE, 2, shift=2**33)], two,
        columns={"sessionShift": 8}))
    for width in (2, 4):
        greatest = 2 ** (8 * width) - 1
        good_reply(f"widths-{width}", f"Ordinals, rows and positions of {width} bytes.", assigned(
            [session(BASE, 1, ordinal=greatest)], [answer(0, greatest, "extended"), *nothing],
            columns={"ordinal": width, "session": width, "position": width}))
    good_reply("revisions", "Two sessions were merged into a third; each has a revision.",
               merged_reply())
    extremes = merged_reply()
    extremes["revisions"][1].update(number=str(2**64 - 1), partition=65535)
    good_reply("revisions-extremes", "The greatest number and partition.", extremes)
    good_reply("clock-extremes", "A clock that never was set.",
               assigned(one, new, clock=-2**63))
    wide = merged_reply()
    for name in ("sessionID", "revisionFrom", "revisionInto"):
        wide["encoding"]["columns"][name]["parameter"] = 24
    good_reply("wide-records", "Records that are longer than this version knows.", wide)
    good_reply("unknown-columns", "Columns 1, 50 and 255 mean nothing in a reply.", assigned(
        one, new, unknown=[unknown_column(1, 4, 0, 1, bytes(4)), unknown_column(50),
                           unknown_column(255, 9, 9, 9, b"nine")]))
    good_reply("300-sessions", "More sessions than one byte can number.", assigned(
        [session(BASE + row, row) for row in range(300)],
        [answer(row, 1, "new") for row in range(300)], columns={"session": 2}))
    good_reply("beyond-message-limit", "The limit of a message is for requests: a reply may have "
               "more than 4 MiB.",
               assigned(one, new, unknown=[unknown_column(200, data=bytes(2**22))]))


# ---- invalid

def sealed(body, operation="ASSIGN", is_reply=False, **faults):
    return codec.seal(header(operation, is_reply), body, **faults)


def resealed(frame, is_reply=False):
    """The frame with both checksums and the body length made right again."""
    body_facts = struct.pack("<II", len(frame) - HEADER_BYTES, codec.crc32c(frame[HEADER_BYTES:]))
    first = frame[:48] + body_facts + frame[56:60]
    return first + struct.pack("<I", codec.crc32c(first)) + frame[HEADER_BYTES:]


def patched(frame, *patches):
    """The frame with some bytes replaced (offset, bytes) and its checksums refreshed."""
    data = bytearray(frame)
    for at, replacement in patches:
        data[at:at + len(replacement)] = replacement
    return resealed(bytes(data))


def header_patched(frame, *patches):
    """The same for bytes of the header; body length and body checksum stay as they are."""
    data = bytearray(frame)
    for at, replacement in patches:
        data[at:at + len(replacement)] = replacement
    data[60:64] = struct.pack("<I", codec.crc32c(data[:60]))
    return bytes(data)


def u16(value):
    return struct.pack("<H", value)


def u32(value):
    return struct.pack("<I", value)


class Parts:
    """A message with columns, in pieces that can be broken one by one."""

    def __init__(self, frame, fixed_bytes=16):
        self.frame = frame
        self.fixed = frame[HEADER_BYTES:HEADER_BYTES + fixed_bytes]
        self.columns, self.d, self.start = {}, {}, {}
        count = struct.unpack_from("<H", self.fixed, 4)[0]
        for at in range(HEADER_BYTES + fixed_bytes, HEADER_BYTES + fixed_bytes + 16 * count, 16):
            id_, width, parameter, elements, offset, length = struct.unpack_from(
                "<BBHIII", frame, at)
            name = codec.name_of(COLUMNS, id_)
            begin = HEADER_BYTES + offset
            self.d[name], self.start[name] = at, begin
            self.columns[name] = Column(id_, width, parameter, elements,
                                        frame[begin:begin + length])

    def with_column(self, name, **changes):
        """The message with one column changed and all others moved to where they belong."""
        columns = dict(self.columns)
        facts = {"id": COLUMNS[name], "width": 0, "parameter": 0, "count": 0, "data": b""}
        if name in columns:
            facts = {key: getattr(columns[name], key) for key in facts}
        columns[name] = Column(**{**facts, **changes})
        return self.with_columns(sorted(columns.values(), key=lambda column: column.id))

    def without(self, *names):
        return self.with_columns([column for name, column in self.columns.items()
                                  if name not in names])

    def with_columns(self, columns):
        return Parts(self.frame[:HEADER_BYTES] + codec.lay_out(self.fixed, columns),
                     len(self.fixed)).refreshed()

    def refreshed(self):
        self.frame = resealed(self.frame)
        return self

    def patched(self, *patches):
        return patched(self.frame, *patches)


def dictionary(entries, width=2):
    """Count and data of a dictionary column with ends."""
    ends, total = [], 0
    for entry in entries:
        total += len(entry)
        ends.append(total)
    return {"width": width, "parameter": 0, "count": len(entries),
            "data": codec.integers(ends, width) + b"".join(entries)}


def full():
    return Parts(codec.encode("request", header("ASSIGN"), everything()))


def small():
    return Parts(codec.encode("request", header("ASSIGN"), assign([event(BASE)])))


def invalid_headers():
    frame = full().frame
    status = sealed(b"", "STATUS")
    bad("frame-empty", "No bytes at all.", "truncatedHeader", None, b"")
    bad("frame-4-bytes", "The magic and nothing else.", "truncatedHeader", None, frame[:4])
    bad("frame-63-bytes", "One byte less than a header.", "truncatedHeader", None, status[:63])
    bad("magic-wrong", "The magic has one other letter.", "badMagic", None,
        header_patched(frame, (0, b"SOJM")))
    bad("magic-reversed", "The magic as a big-endian reader would write it.", "badMagic", None,
        header_patched(frame, (0, b"NJOS")))
    bad("version-0", "Version 0 does not exist.", "unsupportedVersion", 4,
        header_patched(frame, (4, b"\x00")))
    bad("version-2", "Version 2 is not spoken.", "unsupportedVersion", 4,
        header_patched(frame, (4, b"\x02")))
    bad("header-checksum", "One bit of the header checksum is wrong.", "badHeaderChecksum", 60,
        frame[:60] + bytes([frame[60] ^ 1]) + frame[61:])
    bad("header-bit-flipped", "One bit of the correlation is wrong.", "badHeaderChecksum", 60,
        frame[:8] + bytes([frame[8] ^ 128]) + frame[9:])
    bad("header-checksum-crc32", "The header checksum is a CRC-32 of another polynomial.",
        "badHeaderChecksum", 60, frame[:60] + u32(zlib.crc32(frame[:60])) + frame[64:])
    reply = sealed(b"", "STATUS", is_reply=True)
    bad("reply-as-request", "A server gets a reply.", "unexpectedReply", None, reply)
    bad("error-as-request", "A server gets an ERROR that is a reply.", "unexpectedReply", None,
        sealed(bytes(16), "ERROR", is_reply=True))
    bad("error-without-flag", "A server gets an ERROR without the flag of a reply.",
        "unexpectedReply", None, sealed(bytes(16), "ERROR"))
    for operation in (0, 9, 99, 255):
        bad(f"operation-{operation}", "An operation that does not exist.", "unknownOperation", 5,
            header_patched(status, (5, bytes([operation]))))
    bad("flags-part-of-status", "A part of what is no batch.", "unknownFlags", 6,
        header_patched(status, (6, b"\x02\x00")))
    bad("flags-bit-2", "A flag that does not exist.", "unknownFlags", 6,
        header_patched(status, (6, b"\x04\x00")))
    bad("flags-bit-15", "A flag of the second byte.", "unknownFlags", 6,
        header_patched(status, (6, b"\x00\x80")))
    bad("header-reserved", "The reserved bytes are not zero.", "reservedNotZero", 56,
        header_patched(status, (56, b"\x00\x00\x00\x01")))
    bad("message-too-large", "One byte more than 4 MiB.", "messageTooLarge", None,
        sealed(bytes(4194304 - HEADER_BYTES + 1)))
    bad("body-missing", "A header that announces a body, and no body.", "badBodyLength", 48,
        frame[:HEADER_BYTES])
    bad("body-cut", "The last byte of the body is missing.", "badBodyLength", 48, frame[:-1])
    bad("body-longer", "A byte behind the body that the header announces.", "badBodyLength", 48,
        frame + b"\x00")
    bad("body-length-greatest", "The header announces 4 GiB.", "badBodyLength", 48,
        header_patched(frame, (48, u32(2**32 - 1))))
    bad("body-length-with-header", "The body length counts the header too.", "badBodyLength", 48,
        header_patched(frame, (48, u32(len(frame)))))
    bad("body-checksum", "The body checksum is wrong.", "badBodyChecksum", 52,
        header_patched(frame, (52, b"\x00\x00\x00\x00")))
    bad("body-bit-flipped", "One bit of the body is wrong.", "badBodyChecksum", 52,
        frame[:-1] + bytes([frame[-1] ^ 1]))
    bad("body-checksum-of-nothing", "A body of no bytes has checksum 0.", "badBodyChecksum", 52,
        header_patched(status, (52, b"\x01\x00\x00\x00")))


def invalid_small_requests():
    good_hello = codec.encode_hello_request(hello())
    for size in (0, 23):
        bad(f"hello-{size}-bytes", f"A HELLO of {size} bytes.", "truncatedBody",
            HEADER_BYTES + size, sealed(good_hello[:size], "HELLO"))
    bad("hello-name-cut", "The name is shorter than its length.", "truncatedBody",
        HEADER_BYTES + len(good_hello) - 1, sealed(good_hello[:-1], "HELLO"))
    bad("hello-trailing", "A byte behind the name.", "trailingBytes",
        HEADER_BYTES + len(good_hello), sealed(good_hello + b"!", "HELLO"))
    for lowest, highest in ((2, 255), (0, 0)):
        bad(f"hello-versions-{lowest}-to-{highest}", "A client that does not speak version 1.",
            "unsupportedVersion", 64, sealed(codec.encode_hello_request(
                hello(lowest_version=lowest, highest_version=highest)), "HELLO"))
    bad("hello-range-upside-down", "The lowest version is above the highest.", "badName", 64,
        sealed(codec.encode_hello_request(hello(lowest_version=3, highest_version=1)), "HELLO"))
    bad("hello-name-too-long", "A name of 256 bytes.", "badName", 66,
        sealed(codec.encode_hello_request(hello(name="x" * 256)), "HELLO"))
    bad("hello-name-not-utf8", "A name in Latin-1.", "badName", 88,
        sealed(codec.encode_hello_request(hello(name="")).replace(b"\x00\x00", b"\x04\x00", 1)
               + b"h\xe4\xdf!", "HELLO"))

    def lookup(by, key, length=None, reserved=0, reserved_too=0):
        size = len(key) if length is None else length
        return sealed(struct.pack("<BBHI", by, reserved, size, reserved_too) + key, "LOOKUP")
    for size in (0, 7):
        bad(f"lookup-{size}-bytes", f"A LOOKUP of {size} bytes.", "truncatedBody",
            HEADER_BYTES + size, sealed(b"\x01\x00\x01\x00\x00\x00\x00\x00"[:size], "LOOKUP"))
    bad("lookup-key-cut", "The key is shorter than its length.", "truncatedBody", 64 + 8 + 3,
        lookup(1, b"ann", length=4))
    bad("lookup-key-length-greatest", "A key length of 65,535.", "truncatedBody", 64 + 8 + 3,
        lookup(1, b"ann", length=65535))
    bad("lookup-trailing", "A byte behind the key.", "trailingBytes", 64 + 8 + 3,
        lookup(1, b"ann!", length=3))
    bad("lookup-reserved-1", "The reserved byte 1 is not zero.", "bodyReservedNotZero", 65,
        lookup(1, b"ann", reserved=1))
    bad("lookup-reserved-4", "The reserved bytes 4 to 7 are not zero.", "bodyReservedNotZero", 68,
        lookup(1, b"ann", reserved_too=1 << 24))
    for by in (0, 3):
        bad(f"lookup-by-{by}", f"There is no lookup by {by}.", "badLookup", 64,
            lookup(by, bytes(16)))
    for size in (15, 17, 0):
        bad(f"lookup-id-{size}-bytes", f"A session id of {size} bytes.", "badLookup", 66,
            lookup(2, bytes(size)))
    bad("lookup-key-empty", "A visitor key of no bytes.", "badKeyLength", 66, lookup(1, b""))
    bad("lookup-key-129-bytes", "A visitor key of 129 bytes.", "badKeyLength", 66,
        lookup(1, bytes(129)))
    bad("status-body", "STATUS has no body.", "trailingBytes", 64, sealed(b"\x00", "STATUS"))


def invalid_layouts():
    """The fixed part, the directory and what lies between columns."""
    message = full()
    frame, d, start = message.frame, message.d, message.start
    body = frame[HEADER_BYTES:]
    directory_end = 16 + 16 * 11
    for size in (0, 1, 15):
        bad(f"assign-fixed-part-{size}-bytes", f"A body of {size} bytes.", "truncatedBody",
            HEADER_BYTES + size, sealed(body[:size]))
    for size in (16, 17, directory_end - 1):
        bad(f"directory-cut-at-{size}", f"A body that ends at byte {size}, within the directory.",
            "truncatedBody", HEADER_BYTES + size, sealed(body[:size]))
    bad("columns-greatest", "65,535 columns are announced, four are there.", "truncatedBody",
        len(small().frame), small().patched((68, u16(65535))))

    bad("body-reserved", "The reserved bytes of the fixed part are not zero.",
        "bodyReservedNotZero", 70, message.patched((70, b"\x00\x01")))
    for name in ("time", "kind", "visitor", "visitorKeys", "name", "texts", "textPrefixes",
                 "context", "eventID"):
        bad(f"parameter-{name}", f"The parameter of {name} must be zero.", "bodyReservedNotZero",
            d[name] + 2, message.patched((d[name] + 2, u16(256))))
    bad("events-0", "A batch without events.", "badEventCount", 64, message.patched((64, u32(0))))
    bad("events-65536", "One event too many.", "badEventCount", 64,
        message.patched((64, u32(65536))))
    bad("events-greatest", "2^32 - 1 events.", "badEventCount", 64,
        message.patched((64, u32(2**32 - 1))))
    empty = [Column(100 + row, 0, 0, 0, b"") for row in range(61)]
    bad("columns-65", "65 columns.", "badColumnCount", 68,
        small().with_columns([*small().columns.values(), *empty]).frame)
    columns = list(message.columns.values())
    swapped = [columns[1], columns[0], *columns[2:]]
    bad("columns-swapped", "The column kind stands before time.", "badColumnOrder", 96,
        message.with_columns(swapped).frame)
    doubled = [columns[0], columns[0], *columns[1:]]
    bad("column-doubled", "The column time stands there twice.", "badColumnOrder", 96,
        message.with_columns(doubled).frame)
    unknown = Column(200, 0, 0, 0, b"")
    bad("unknown-column-doubled", "An unknown column stands there twice.", "badColumnOrder",
        64 + 16 + 16 * 5, small().with_columns([*small().columns.values(), unknown,
                                                unknown]).frame)
    bad("unknown-column-out-of-order", "An unknown column stands too early.", "badColumnOrder",
        80 + 16, small().with_columns([unknown, *small().columns.values()]).frame)

    offset = {name: start[name] - HEADER_BYTES for name in start}
    bad("column-misaligned", "A column begins four bytes late, where it would not be aligned.",
        "columnMisaligned", d["kind"] + 8, message.patched((d["kind"] + 8,
                                                            u32(offset["kind"] + 4))))
    bad("column-misaligned-by-1", "A column begins directly behind an odd one.",
        "columnMisaligned", d["visitor"] + 8,
        message.patched((d["visitor"] + 8, u32(offset["kind"] + 3))))
    bad("column-overlaps-column", "A column begins where the one before it does.",
        "columnOverlap", d["kind"] + 8, message.patched((d["kind"] + 8, u32(offset["time"]))))
    bad("column-overlaps-directory", "The first column lies in the directory.", "columnOverlap",
        d["time"] + 8, message.patched((d["time"] + 8, u32(16))))
    bad("column-at-0", "The first column lies on the fixed part.", "columnOverlap", d["time"] + 8,
        message.patched((d["time"] + 8, u32(0))))
    bad("column-length-into-next", "A column is so long that the next lies within it.",
        "columnOverlap", d["kind"] + 8, message.patched((d["time"] + 12, u32(24))))
    bad("column-length-greatest", "A column in the middle ends behind 2^32: the next begins "
        "before.", "columnOverlap", d["kind"] + 8,
        message.patched((d["time"] + 12, u32(2**32 - 1))))
    bad("column-gap", "Eight zero bytes too many before a column.", "columnGap",
        d["eventID"] + 8, patched(frame[:start["eventID"]] + bytes(8) + frame[start["eventID"]:],
                                  (d["eventID"] + 8, u32(offset["eventID"] + 8))))
    bad("column-gap-behind-directory", "Eight zero bytes too many before the first column.",
        "columnGap", 64 + 16 + 8, gap_behind_directory())
    bad("column-offset-greatest", "An offset of 2^32 - 8: with its length it wraps to the front.",
        "columnGap", d["eventID"] + 8, message.patched((d["eventID"] + 8, u32(2**32 - 8))))
    bad("column-offset-wraps-into-body", "An offset of 2^31 that is doubled to 0 by its length.",
        "columnGap", d["eventID"] + 8,
        message.patched((d["eventID"] + 8, u32(2**31)), (d["eventID"] + 12, u32(2**31))))
    bad("column-out-of-bounds", "The last column ends one byte behind the body.",
        "columnOutOfBounds", d["eventID"] + 8, message.patched((d["eventID"] + 12, u32(25))))
    bad("column-out-of-bounds-wraps", "The last column's end wraps around 2^32 to its beginning.",
        "columnOutOfBounds", d["eventID"] + 8,
        message.patched((d["eventID"] + 12, u32(2**32 - offset["eventID"]))))
    for name in message.columns:
        cut = offset[name] + len(message.columns[name].data) - 1
        # Of the columns behind the cut, all end behind the body; the first is reported.
        bad(f"body-cut-within-{name}", f"The body ends one byte before {name} does.",
            "columnOutOfBounds", d[name] + 8, resealed(frame[:HEADER_BYTES + cut]))
    bad("unknown-column-out-of-bounds", "An unknown column ends behind the body.",
        "columnOutOfBounds", 80 + 16 * 4 + 8, small().with_columns(
            [*small().columns.values(), unknown]).patched((80 + 16 * 4 + 12, u32(1))))

    bad("trailing-byte", "A byte behind the last column.", "trailingBytes", len(frame),
        resealed(frame + b"\x00"))
    bad("trailing-without-columns", "A body without columns has nothing behind its fixed part.",
        "trailingBytes", 80, sealed(struct.pack("<IHHq", 1, 0, 0, BASE) + bytes(8)))
    for name, after in (("time", "the times"), ("kind", "the kinds"), ("texts", "the texts")):
        at = start[name] + len(message.columns[name].data)
        assert at % 8 != 0
        bad(f"padding-behind-{name}", f"The first byte of the padding behind {after} is 1.",
            "paddingNotZero", at, message.patched((at, b"\x01")))
    at = start["visitor"] - 1
    bad("padding-last-byte", "The last byte of padding before a column is not zero.",
        "paddingNotZero", at, message.patched((at, b"\xff")))


def gap_behind_directory():
    """A good message whose columns all stand eight bytes later than they must."""
    message = full()
    end = HEADER_BYTES + 16 + 16 * len(message.columns)
    moves = [(message.d[name] + 8, u32(message.start[name] - HEADER_BYTES + 8))
             for name in message.columns]
    return patched(message.frame[:end] + bytes(8) + message.frame[end:], *moves)


def invalid_columns():
    """Columns that are missing, or have a wrong width, count or length."""
    message = full()
    d = message.d
    for name in ("time", "kind", "visitor", "visitorKeys"):
        bad(f"missing-{name}", f"The column {name} is required.", "missingColumn", None,
            message.without(name).frame)
    bad("missing-texts", "Prefixes of texts without texts.", "missingColumn", None,
        small().with_column("textPrefixes", width=1, count=0).frame)
    bad("missing-all", "No columns at all.", "missingColumn", None,
        sealed(struct.pack("<IHHq", 1, 0, 0, BASE)))

    for name, width in (("time", 0), ("time", 1), ("time", 2), ("time", 3), ("time", 255),
                        ("kind", 2), ("visitor", 8), ("visitor", 0), ("visitorKeys", 1),
                        ("visitorKeys", 8), ("name", 3), ("texts", 1), ("texts", 8),
                        ("textPrefixes", 2), ("context", 8), ("contexts", 8), ("contexts", 0),
                        ("value", 3), ("value", 0), ("eventID", 4)):
        column = message.columns[name]
        # Length is what the wrong width would make, so that only the width is wrong.
        data = bytes(column.count * width) if name not in ("visitorKeys", "texts") else column.data
        bad(f"width-{name}-{width}", f"The column {name} has a width of {width}.",
            "badColumnWidth", d[name] + 1,
            message.with_column(name, width=width, data=data).frame)

    for name in ("time", "kind", "visitor", "name", "context", "value", "eventID"):
        column = message.columns[name]
        for count in (2, 4):
            data = (column.data * 2)[:count * column.width]
            bad(f"count-{name}-{count}", f"{count} elements of {name} for 3 events.",
                "badElementCount", d[name] + 4,
                message.with_column(name, count=count, data=data).frame)
    texts = message.columns["texts"].count
    for count in (texts - 1, texts + 1):
        bad(f"count-textPrefixes-{count}", f"{count} prefixes for {texts} texts.",
            "badElementCount", d["textPrefixes"] + 4,
            message.with_column("textPrefixes", count=count, data=bytes(count)).frame)
    bad("count-time-0", "No times for 3 events.", "badElementCount", d["time"] + 4,
        message.with_column("time", count=0, data=b"").frame)
    bad("count-time-greatest", "2^30 + 3 times of 4 bytes: the product wraps to 12.",
        "badElementCount", d["time"] + 4, message.patched((d["time"] + 4, u32(2**30 + 3))))
    bad("count-eventID-greatest", "2^29 + 3 ids of 8 bytes: the product wraps to 24.",
        "badElementCount", d["eventID"] + 4, message.patched((d["eventID"] + 4, u32(2**29 + 3))))
    bad("count-texts-greatest", "2^32 - 1 texts.", "badElementCount", d["texts"] + 4,
        message.patched((d["texts"] + 4, u32(2**32 - 1))))
    bad("count-texts-65536", "65,536 texts of one byte.", "badElementCount",
        80 + 16 * 4 + 4, small().with_column("texts", parameter=1, count=65536,
                                             data=b"x" * 65536).frame)
    bad("count-visitorKeys-65536", "65,536 keys of one byte.", "badElementCount",
        small().d["visitorKeys"] + 4,
        small().with_column("visitorKeys", count=65536, data=b"x" * 65536).frame)
    bad("count-visitorKeys-greatest", "2^31 + 1 keys with ends of 2 bytes: the product wraps to 2.",
        "badElementCount", d["visitorKeys"] + 4,
        message.patched((d["visitorKeys"] + 4, u32(2**31 + 1))))
    contexts = message.columns["contexts"]
    bad("count-contexts-cut", "The last row of contexts has no last cell.", "badElementCount",
        d["contexts"] + 4, message.with_column("contexts", count=17,
                                               data=contexts.data[:17]).frame)
    bad("contexts-8-cells", "Rows of eight cells.", "badElementCount", d["contexts"] + 4,
        message.with_column("contexts", parameter=8, count=16, data=contexts.data[:16]).frame)
    bad("contexts-0-cells", "Rows of no cells: a reader must not divide by zero.",
        "badElementCount", d["contexts"] + 4, message.patched((d["contexts"] + 2, u16(0))))
    bad("count-contexts-65536", "65,536 rows of contexts.", "badElementCount", 80 + 16 * 4 + 4,
        small().with_column("contexts", width=1, parameter=9, count=9 * 65536,
                            data=bytes(9 * 65536)).frame)

    for name in message.columns:
        data = message.columns[name].data + b"\x00"
        bad(f"length-{name}-longer", f"A byte more than count and width of {name} make.",
            "badColumnLength", d[name] + 12, message.with_column(name, data=data).frame)
    for name in ("time", "visitor", "eventID", "texts", "visitorKeys"):
        data = message.columns[name].data[:-1]
        bad(f"length-{name}-shorter", f"A byte less than count and width of {name} make.",
            "badColumnLength", d[name] + 12, message.with_column(name, data=data).frame)
    bad("length-texts-ends-cut", "The column of texts is too short for its ends.",
        "badColumnLength", d["texts"] + 12,
        message.with_column("texts", data=message.columns["texts"].data[:3]).frame)
    bad("length-keys-one-size", "Keys of 16 bytes: 15 are there.", "badColumnLength",
        small().d["visitorKeys"] + 12,
        small().with_column("visitorKeys", parameter=16, data=bytes(15)).frame)
    bad("length-keys-end-greatest", "The last end of 4 bytes is 2^32 - 1.", "badColumnLength",
        small().d["visitorKeys"] + 12,
        small().with_column("visitorKeys", width=4, parameter=0,
                            data=u32(2**32 - 1) + b"a").frame)
    bad("length-keys-end-wraps", "Ends and entries together wrap to the length that is there.",
        "badColumnLength", small().d["visitorKeys"] + 12,
        small().with_column("visitorKeys", width=4, parameter=0, count=2,
                            data=u32(1) + u32(2**32 - 8)).frame)


def invalid_contents():
    """What the columns hold: keys, texts, kinds, indexes, times, scales."""
    message, tiny = full(), small()
    d, start = message.d, message.start

    # Keys and texts: offsets are those of the ends, which stand first in the column.
    def keys(entries, width=2):
        return tiny.with_column("visitorKeys", **dictionary(entries, width))
    key_start = keys([b"a"]).start["visitorKeys"]
    bad("key-empty", "A key of no bytes.", "badKeyLength", key_start + 2,
        keys([b"a", b"", b"b"]).frame)
    bad("key-empty-first", "The first key has no bytes.", "badKeyLength", key_start,
        keys([b"", b"b"], 4).frame)
    bad("key-129-bytes", "A key of 129 bytes.", "badKeyLength", key_start + 4,
        keys([b"a", bytes(129)], 4).frame)
    bad("key-one-size-0", "Keys of no bytes, without ends.", "badKeyLength",
        tiny.d["visitorKeys"] + 2,
        tiny.with_column("visitorKeys", parameter=0, data=b"").frame)
    bad("key-one-size-129", "Keys of 129 bytes, without ends.", "badKeyLength",
        tiny.d["visitorKeys"] + 2,
        tiny.with_column("visitorKeys", parameter=129, data=bytes(129)).frame)
    bad("key-ends-descend", "The second end is below the first.", "badKeyLength", key_start + 2,
        tiny.with_column("visitorKeys", width=2, parameter=0, count=2,
                         data=codec.integers([3, 2], 2) + b"ab").frame)
    bad("key-ends-descend-far", "An end that is far behind the column, and one that leads back.",
        "badKeyLength", key_start,
        tiny.with_column("visitorKeys", width=4, parameter=0, count=2,
                         data=codec.integers([2**32 - 1, 2], 4) + b"ab").frame)

    def texts(entries, width=2):
        return tiny.with_column("texts", **dictionary(entries, width))
    text_start, text_d = texts([b"a"]).start["texts"], texts([b"a"]).d["texts"]
    bad("text-empty", "A text of no bytes.", "badTextLength", text_start + 2,
        texts([b"a", b"", b"b"]).frame)
    bad("text-2049-bytes", "A text of 2,049 bytes.", "badTextLength", text_start + 4,
        texts([b"a", b"x" * 2049], 4).frame)
    bad("text-one-size-0", "Texts of no bytes, without ends.", "badTextLength", text_d + 2,
        tiny.with_column("texts", width=0, count=1).frame)
    bad("text-one-size-2049", "Texts of 2,049 bytes, without ends.", "badTextLength", text_d + 2,
        tiny.with_column("texts", width=0, parameter=2049, count=1, data=b"x" * 2049).frame)
    bad("text-ends-descend", "The third end is below the second.", "badTextLength",
        text_start + 4, tiny.with_column("texts", width=2, count=3,
                                         data=codec.integers([1, 3, 2], 2) + b"ab").frame)

    def prefixed(entries, prefixes, width=2):
        """Texts with the prefixes given, and where both columns begin."""
        parts = tiny.with_column("texts", **dictionary(entries, width))
        parts = parts.with_column("textPrefixes", width=1, count=len(prefixes),
                                  data=bytes(prefixes))
        return parts.frame, parts.start["texts"], parts.start["textPrefixes"]
    frame, at, _ = prefixed([b"abc", b""], [0, 0])
    bad("text-empty-with-prefix-0", "A text of no bytes: nothing shared and nothing own.",
        "badTextLength", at + 2, frame)
    frame, at, _ = prefixed([b"x" * 2000, b"x" * 1794], [0, 255])
    bad("text-2049-bytes-with-prefix", "255 bytes shared and 1,794 own make 2,049.",
        "badTextLength", at + 2, frame)
    count = 33_000
    bomb = tiny.with_column("texts", width=0, parameter=1, count=count, data=b"x" * count)
    bomb = bomb.with_column("textPrefixes", width=1, count=count,
                            data=bytes(min(row, 255) for row in range(count)))
    bad("texts-too-large", "64 KiB that become more than 8 MiB when they are written out.",
        "textsTooLarge", None, bomb.frame)

    for name, text, description in (
            ("overlong-2", b"\xc0\xaf", "a slash in two bytes"),
            ("overlong-3", b"\xe0\x80\xaf", "a slash in three bytes"),
            ("overlong-4", b"\xf0\x80\x80\xaf", "a slash in four bytes"),
            ("surrogate", b"\xed\xa0\x80", "half of a surrogate pair"),
            ("surrogate-pair", b"\xed\xa0\xbd\xed\xb8\x80", "a surrogate pair, CESU-8"),
            ("truncated-2", b"a\xc3", "the first of two bytes"),
            ("truncated-3", b"a\xe8\xaa", "two of three bytes"),
            ("truncated-4", b"a\xf0\x9f\x98", "three of four bytes"),
            ("truncated-within", b"\xe8\xaaa", "two of three bytes, and a letter"),
            ("continuation", b"a\x80", "a byte that continues nothing"),
            ("byte-ff", b"\xff", "a byte that UTF-8 never has"),
            ("above-10ffff", b"\xf4\x90\x80\x80", "a character above U+10FFFF")):
        bad(f"utf8-{name}", f"Not UTF-8: {description}.", "badUTF8", text_start + 2 * 2 + 2,
            texts([b"ok", text]).frame)
    bad("utf8-split-over-texts", "A character of which two texts hold one byte each.", "badUTF8",
        text_start + 4, texts([b"\xc3", b"\xa9"]).frame)
    frame, at, _ = prefixed(["é".encode(), b"x"], [0, 1])
    bad("utf8-prefix-splits", "A prefix ends within a character, and the text does not go on with "
        "the rest of one.", "badUTF8", at + 4 + 2, frame)
    frame, at, _ = prefixed(["aé".encode(), b"", b"b"], [0, 2, 0])
    bad("utf8-prefix-only", "A text is the first half of a character of the one before, and has no "
        "bytes of its own.", "badUTF8", at + 6 + 3, frame)
    frame, at, _ = prefixed([b"\xa9", "é".encode()], [0, 0])
    bad("utf8-first-text", "The first text begins within a character.", "badUTF8", at + 4, frame)

    # Kinds and indexes.
    for kind in (0, 7, 255):
        bad(f"kind-{kind}", f"There is no kind {kind}.", "badKind", start["kind"] + 1,
            message.patched((start["kind"] + 1, bytes([kind]))))
    text_count = message.columns["texts"].count
    for name, entries in (("visitor", 2), ("name", text_count + 1), ("context", 3)):
        bad(f"index-{name}", f"The last event's {name} is the first index without an entry.",
            "indexOutOfRange", start[name] + 2,
            message.patched((start[name] + 2, bytes([entries]))))
        for width in (2, 4):
            column = message.columns[name]
            wide = message.with_column(name, width=width, data=codec.integers(
                [0, 2 ** (8 * width) - 1, 1], width))
            bad(f"index-{name}-greatest-{width}", f"The greatest {name} of {width} bytes.",
                "indexOutOfRange", wide.start[name] + width, wide.frame)
    bad("index-visitor-no-keys", "No keys, so that no visitor has an entry.", "indexOutOfRange",
        tiny.start["visitor"],
        tiny.with_column("visitorKeys", parameter=1, count=0, data=b"").frame)
    named = tiny.with_column("name", width=1, count=1, data=b"\x01")
    bad("index-name-without-texts", "A name, and no texts.", "indexOutOfRange",
        named.start["name"], named.frame)
    context = tiny.with_column("context", width=1, count=1, data=b"\x01")
    bad("index-context-without-contexts", "A context, and no contexts.", "indexOutOfRange",
        context.start["context"], context.frame)
    for cell in (0, 7):
        bad(f"index-context-cell-{cell}", f"Cell {cell} of the second context has no text.",
            "indexOutOfRange", start["contexts"] + 9 + cell,
            message.patched((start["contexts"] + 9 + cell, bytes([text_count + 1]))))
    wide = message.with_column("contexts", width=4, data=codec.integers(
        [0] * 9 + [1, 2**31, *[0] * 7], 4))
    bad("index-context-cell-width-4", "A cell of four bytes has its highest bit set.",
        "indexOutOfRange", wide.start["contexts"] + 40, wide.frame)
    frame, _, at = prefixed([b"abc", b"d"], [1, 0])
    bad("prefix-first", "The first text has none before it to share with.", "indexOutOfRange", at,
        frame)
    frame, _, at = prefixed([b"abc", b"d", b"e"], [0, 3, 5])
    bad("prefix-too-long", "A prefix of five bytes of a text that has four.", "indexOutOfRange",
        at + 2, frame)

    # Times and scales.
    def times(base, deltas, width):
        columns = [tiny.columns["time"], *list(tiny.columns.values())[1:]]
        count = len(deltas)
        columns[0] = Column(1, width, 0, count, codec.integers(deltas, width, width == 8))
        columns[1] = Column(2, 1, 0, count, b"\x01" * count)
        columns[2] = Column(3, 1, 0, count, bytes(count))
        return sealed(codec.lay_out(struct.pack("<IHHq", count, 0, 0, base), columns))
    first = tiny.start["time"]
    least, greatest, end = -2**63, 2**63 - 1, 2**48
    for name, base, deltas, width, description in (
            ("below-0", 0, [5, -1], 8, "One millisecond before the epoch"),
            ("below-0-by-base", -1, [1, 0], 4, "A base time before the epoch and no delta"),
            ("end", end - 1, [0, 1], 4, "2^48 milliseconds"),
            ("end-width-8", 0, [end - 1, end], 8, "2^48 milliseconds by a delta of 8 bytes"),
            ("base-least", least, [2**32 - 1, 0], 4, "The least base time"),
            ("base-greatest", greatest, [0, 1], 4, "The greatest base time; a delta overflows"),
            ("overflow", greatest, [-greatest, greatest], 8, "The greatest base time and delta"),
            ("underflow", least, [greatest, least], 8, "The least base time and delta"),
            ("wraps-to-0", least, [least, 0], 8, "The sum wraps around 2^64 to 0"),
            ("delta-least", 0, [0, least], 8, "The least delta")):
        row = next(row for row, delta in enumerate(deltas) if not 0 <= base + delta < end)
        bad(f"time-{name}", f"{description}.", "timeOutOfRange", first + row * width,
            times(base, deltas, width))
    for width, scale in ((1, 10), (2, 10), (4, 65535), (8, 1), (8, 10)):
        valued = tiny.with_column("value", width=width, parameter=scale, count=1,
                                  data=bytes(width))
        bad(f"scale-{scale}-width-{width}", f"A scale of {scale} with values of {width} bytes.",
            "badScale", valued.d["value"] + 2, valued.frame)


def invalid_several_faults():
    """Two faults each: the lower code is reported, and of one code the lower offset."""
    message = full()
    frame, d, start = message.frame, message.d, message.start
    status = sealed(b"", "STATUS")

    def both(name, description, *fault):
        bad("two-faults-" + name, description, *fault)
    both("short-and-magic", "63 bytes that do not start with the magic.", "truncatedHeader", None,
         b"X" + status[1:63])
    both("magic-and-version", "A wrong magic before a wrong version.", "badMagic", None,
         header_patched(status, (0, b"XOJN\x09")))
    both("version-and-checksum", "A wrong version and a wrong header checksum: a later version "
         "may reckon it otherwise.", "unsupportedVersion", 4, status[:4] + b"\x02" + status[5:])
    both("checksum-and-reply", "A reply whose header checksum is wrong.", "badHeaderChecksum", 60,
         status[:6] + b"\x01" + status[7:])
    both("reply-and-operation", "A reply of an unknown operation.", "unexpectedReply", None,
         header_patched(status, (5, b"\x63\x01")))
    both("reply-and-flags", "A reply with an unknown flag.", "unexpectedReply", None,
         header_patched(status, (6, b"\x05\x00")))
    both("operation-and-flags", "An unknown operation with an unknown flag.", "unknownOperation",
         5, header_patched(status, (5, b"\x63\x04")))
    both("flags-and-reserved", "An unknown flag and reserved bytes.", "unknownFlags", 6,
         header_patched(status, (6, b"\x04"), (56, b"\x01")))
    both("reserved-and-length", "Reserved bytes and a wrong body length.", "reservedNotZero", 56,
         header_patched(status, (48, b"\x01"), (56, b"\x01")))
    both("length-and-checksum", "A wrong body length and a wrong body checksum.",
         "badBodyLength", 48, header_patched(status, (48, b"\x01"), (52, b"\x01")))
    both("checksum-and-events", "A wrong body checksum over a batch of no events.",
         "badBodyChecksum", 52, frame[:64] + bytes(4) + frame[68:])
    both("truncated-and-reserved", "A directory that is cut, and reserved bytes.",
         "truncatedBody", 64 + 20, resealed(frame[:64 + 6] + b"\x01\x00" + frame[72:64 + 20]))
    both("reserved-and-parameter", "The reserved bytes of the fixed part, and a parameter.",
         "bodyReservedNotZero", 70, message.patched((70, b"\x01"), (d["time"] + 2, b"\x01")))
    both("events-and-columns", "No events, and no columns either.", "badEventCount", 64,
         sealed(bytes(16)))
    both("order-and-alignment", "Two columns are swapped, and the first is not aligned.",
         "badColumnOrder", d["kind"], message.patched((d["time"], b"\x02"), (d["kind"], b"\x01"),
                                                      (d["time"] + 8, u32(195))))
    both("alignment-behind-overlap", "A column overlaps, and a later one is not aligned.",
         "columnMisaligned", d["eventID"] + 8, message.patched(
             (d["kind"] + 8, u32(start["time"] - 64)),
             (d["eventID"] + 8, u32(start["eventID"] - 64 + 1))))
    both("misaligned-twice", "Two columns are not aligned.", "columnMisaligned", d["kind"] + 8,
         message.patched((d["kind"] + 8, u32(start["kind"] - 64 + 1)),
                         (d["value"] + 8, u32(start["value"] - 64 + 2))))
    both("gap-and-bounds", "A column is out of bounds, and a later one begins too late.",
         "columnGap", d["eventID"] + 8, message.patched(
             (d["value"] + 12, u32(2**16)), (d["eventID"] + 8, u32(2**20))))
    both("trailing-and-padding", "A byte behind the last column, and padding that is not zero.",
         "trailingBytes", len(frame), resealed(frame[:start["kind"] + 3] + b"\x01"
                                               + frame[start["kind"] + 4:] + b"\x00"))
    rest = message.without("visitor")
    both("padding-and-missing", "Padding that is not zero, and no visitors.", "paddingNotZero",
         rest.start["kind"] + 4, rest.patched((rest.start["kind"] + 4, b"\x01")))
    both("missing-and-width", "No visitors, and a width of 3.", "missingColumn", None,
         message.without("visitor").with_column("time", width=3, data=bytes(9)).frame)
    both("count-before-width", "Too few times, and a later column with a width of 3.",
         "badColumnWidth", d["name"] + 1, message.with_column(
             "time", count=2, data=bytes(8)).with_column("name", width=3, data=bytes(9)).frame)
    both("length-before-count", "A column that is too long, and a later one with too few elements.",
         "badElementCount", d["kind"] + 4, message.with_column(
             "time", data=bytes(13)).with_column("kind", count=2, data=b"\x01\x01").frame)
    both("kinds", "Two bad kinds.", "badKind", start["kind"] + 1,
         message.patched((start["kind"] + 1, b"\x00\x07")))
    both("kind-before-key", "A bad kind, and behind it a key of no bytes.", "badKeyLength",
         start["visitorKeys"], message.patched((start["kind"], b"\x07"),
                                               (start["visitorKeys"], u16(0))))
    both("key-and-text", "A key and a text of no bytes.", "badKeyLength", start["visitorKeys"],
         message.patched((start["visitorKeys"], u16(0)), (start["texts"], u16(0))))
    bad_texts = message.without("textPrefixes").with_column("texts", **dictionary(
        [b"\xff", b"", *[b"x"] * (message.columns["texts"].count - 2)]))
    both("utf8-before-length", "A text that is not UTF-8, and behind it one of no bytes.",
         "badTextLength", bad_texts.start["texts"] + 2, bad_texts.frame)
    both("kind-before-utf8", "A bad kind, and behind it a text that is not UTF-8.", "badUTF8",
         start["texts"] + 2 * message.columns["texts"].count, message.patched(
             (start["kind"], b"\x07"),
             (start["texts"] + 2 * message.columns["texts"].count, b"\xff")))
    both("time-before-kind", "A time that is too late, and behind it a bad kind.", "badKind",
         start["kind"], message.patched((64 + 8, struct.pack("<q", 2**48)),
                                        (start["kind"], b"\x00")))
    both("time-before-index", "A time that is too late, and behind it a visitor without a key.",
         "indexOutOfRange", start["visitor"], message.patched(
             (64 + 8, struct.pack("<q", 2**48)), (start["visitor"], b"\xff")))
    both("indexes", "A name without a text, and behind it a context without a row.",
         "indexOutOfRange", start["name"] + 2, message.patched(
             (start["name"] + 2, b"\xff"), (start["context"], b"\xff")))
    both("prefix-before-context", "A prefix that is too long, and behind it a context without a "
         "row.", "indexOutOfRange", start["textPrefixes"], message.patched(
             (start["textPrefixes"], b"\x01"), (start["context"], b"\xff")))
    both("scale-before-time", "A scale of 10, and a time that is too late.", "timeOutOfRange",
         start["time"], message.patched((d["value"] + 2, u16(10)),
                                        (64 + 8, struct.pack("<q", 2**48))))
    both("hello-range-and-name", "A range upside down and a name too long.", "badName", 64,
         sealed(codec.encode_hello_request(hello(lowest_version=2, name="x" * 256)), "HELLO"))
    both("lookup-trailing-and-by", "Another `by`, and a byte behind the key.", "trailingBytes",
         64 + 8 + 1, sealed(struct.pack("<BBHI", 9, 0, 1, 0) + b"aa", "LOOKUP"))


def invalid_replies():
    """A client refuses these; nobody gets an answer."""
    def refuse(name, description, error, offset, frame):
        bad("reply-" + name, description, error, offset, frame, direction="reply")
    frame = codec.encode("reply", header("ASSIGN", True), merged_reply())
    message = Parts(frame, fixed_bytes=24)
    d, start = message.d, message.start
    refuse("header-checksum", "The header checksum is wrong.", "badHeaderChecksum", 60,
           frame[:60] + bytes(4) + frame[64:])
    refuse("body-checksum", "The body checksum is wrong.", "badBodyChecksum", 52,
           frame[:-1] + bytes([frame[-1] ^ 255]))
    refuse("without-flag", "A client gets what does not say that it is a reply.",
           "unexpectedReply", None, header_patched(frame, (6, b"\x00")))
    refuse("fixed-part-23-bytes", "The fixed part of a reply to ASSIGN has 24 bytes.",
           "truncatedBody", 64 + 23, sealed(frame[64:64 + 23], is_reply=True))
    refuse("directory-cut", "The directory is cut.", "truncatedBody", 64 + 100,
           resealed(frame[:64 + 100]))
    refuse("out-of-bounds", "The last column ends behind the body.", "columnOutOfBounds",
           d["revisionPartition"] + 8, resealed(frame[:-1]))
    refuse("missing-outcome", "There are no outcomes.", "missingColumn", None,
           message.without("outcome").frame)
    refuse("missing-sessionID", "There are sessions without ids.", "missingColumn", None,
           message.without("sessionID").frame)
    refuse("missing-revisionInto", "There are revisions that do not say into what.",
           "missingColumn", None, message.without("revisionInto").frame)
    refuse("session-id-15-bytes", "Session ids of 15 bytes.", "badColumnWidth",
           d["sessionID"] + 1, message.with_column("sessionID", parameter=15,
                                                   data=bytes(45)).frame)
    refuse("ordinal-width-8", "Ordinals of 8 bytes.", "badColumnWidth", d["ordinal"] + 1,
           message.with_column("ordinal", width=8, data=bytes(24)).frame)
    refuse("position-count", "Three positions for four events.", "badElementCount",
           d["position"] + 4, message.with_column("position", count=3, data=bytes(3)).frame)
    refuse("session-count", "Two ids for three sessions.", "badElementCount",
           d["sessionID"] + 4, message.with_column("sessionID", count=2, data=bytes(32)).frame)
    refuse("session-index", "An event in a session without a row.", "indexOutOfRange",
           start["session"] + 3, message.patched((start["session"] + 3, b"\x04")))

    lookup = Parts(codec.encode("reply", header("LOOKUP", True), lookup_reply()))
    at = lookup.start["sessions"]
    refuse("lookup-record-127-bytes", "Records of sessions of 127 bytes.", "badColumnWidth",
           lookup.d["sessions"] + 1, lookup.with_column("sessions", parameter=127,
                                                        data=bytes(254)).frame)
    refuse("lookup-context", "A country without a text.", "indexOutOfRange", at + 80,
           lookup.patched((at + 80, u32(8))))
    refuse("lookup-exit-page", "An exit page without a text.", "indexOutOfRange", at + 128 + 108,
           lookup.patched((at + 128 + 108, u32(2**32 - 1))))
    refuse("lookup-path-start", "A path that begins behind the last record and wraps around.",
           "indexOutOfRange", at + 112, lookup.patched((at + 112, u32(2**32 - 1))))
    refuse("lookup-path-page", "A page of a path without a text.", "indexOutOfRange",
           lookup.start["path"] + 12, lookup.patched((lookup.start["path"] + 12, u32(8))))
    pathless = lookup.without("sessions")
    refuse("lookup-path-page-of-no-session", "A page without a text in a path that no session has.",
           "indexOutOfRange", pathless.start["path"] + 4,
           pathless.patched((64, u32(0)), (pathless.start["path"] + 4, u32(8))))
    status = Parts(codec.encode("reply", header("STATUS", True), {
        "server_time": "0", "gauges": [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}],
        "encoding": {"columns": {"texts": {"width": 2}, "gauges": {"width": 8}}}}))
    refuse("status-names", "One name for two gauges.", "badElementCount", status.d["texts"] + 4,
           status.with_column("texts", **dictionary([b"a"])).frame)
    hello_body = codec.encode_hello_reply(hello_reply())
    refuse("status-gauges", "One gauge for two names.", "badElementCount", status.d["gauges"] + 4,
           status.with_column("gauges", count=1, data=bytes(8)).frame)

    def refuse_patched(name, description, error, at, body, operation, *patches):
        for place, byte in patches:
            body = body[:place] + bytes([byte]) + body[place + 1:]
        refuse(name, description, error, HEADER_BYTES + at, sealed(body, operation, is_reply=True))
    refuse_patched("hello-reserved-3", "The reserved bytes behind the version of a HELLO.",
                   "bodyReservedNotZero", 1, hello_body, "HELLO", (3, 1))
    refuse_patched("hello-name-not-utf8", "The name of a server that is not UTF-8.", "badUTF8", 72,
                   hello_body, "HELLO", (74, 0xff))
    refuse_patched("hello-version-not-utf8", "The version of a server that is not UTF-8.",
                   "badUTF8", 79, hello_body, "HELLO", (80, 0xff))
    refuse_patched("hello-reserved-and-name", "Reserved bytes, and a name that is not UTF-8.",
                   "bodyReservedNotZero", 1, hello_body, "HELLO", (2, 1), (72, 0xff))
    refuse_patched("hello-trailing", "A byte behind the version.", "trailingBytes",
                   len(hello_body), hello_body + b"\0", "HELLO")
    error_body = struct.pack("<HBxIIBBH", 90, 1, 0, 0, 1, 1, 2) + b"no"
    refuse_patched("error-reserved", "The reserved byte of an ERROR.", "bodyReservedNotZero", 3,
                   error_body, "ERROR", (3, 1))
    refuse_patched("error-message-not-utf8", "A sentence that is not UTF-8.", "badUTF8", 16,
                   error_body, "ERROR", (17, 0xff))
    refuse_patched("error-trailing", "A byte behind the sentence.", "trailingBytes",
                   len(error_body), error_body + b"!", "ERROR")
    refuse("hello-71-bytes", "A HELLO of 71 bytes.", "truncatedBody", 64 + 71,
           sealed(hello_body[:71], "HELLO", is_reply=True))
    refuse("hello-version-cut", "The version is shorter than its length.", "truncatedBody",
           64 + len(hello_body) - 1, sealed(hello_body[:-1], "HELLO", is_reply=True))
    refuse("error-message-cut", "The message is shorter than its length.", "truncatedBody",
           64 + 16 + 2, sealed(struct.pack("<HBxIIBBH", 90, 1, 0, 0, 1, 1, 3) + b"no", "ERROR",
                               is_reply=True))
    refuse("error-15-bytes", "An ERROR of 15 bytes.", "truncatedBody", 64 + 15,
           sealed(bytes(15), "ERROR", is_reply=True))


# ---- reports, feed, forgetting

def question(kind="summary", texts=(), filters=(), **more):
    columns = {}
    if texts:
        columns["texts"] = {"width": 2}
    if filters:
        columns["filters"] = {"width": 0, "parameter": 8}
    if "steps" in more:
        columns["steps"] = {"width": 0, "parameter": 8}
    first = {key: more.pop(key) for key in ("dimension", "interval") if key in more}
    last = {key: more.pop(key) for key in ("page", "steps") if key in more}
    facts = {"start": str(-2**63), "end": str(2**63 - 1), "local": False, "automated": False,
             "compare": False, "rows": 0, "filters": list(filters), **more}
    encoding = {"columns": columns, **({"texts": list(texts)} if texts else {})}
    return {"question": kind, **first, **facts, **last, "encoding": encoding}


def condition(dimension, value, negated=False):
    return {"dimension": dimension, "value": value, "negated": negated}


def report_row(kind="part", **more):
    names = ("sessions", "visitors", "new_visitors", "views", "actions", "conversions",
             "converted", "engaged", "value", "duration", "median")
    return {"kind": kind, "previous": False, "text": "", "next": "", "parent": None,
            "time": None, **dict.fromkeys(names, "0"), **more}


def report(rows, texts=("UTC",), **more):
    columns = {"texts": {"width": 2}, "reportRows": {"width": 0, "parameter": 112}}
    return {"clock": str(BASE), "start": str(-2**63), "end": str(2**63 - 1),
            "time_zone": texts[0] if texts else "", "live_sessions": "0",
            "automated_sessions": "0", "rows": rows, **more,
            "encoding": {"columns": columns, "texts": list(texts)}}


STEPS = [{"page": "/product/", "match": "prefix"}, {"page": "/basket", "match": "page"},
         {"page": "", "match": "prefix"}]


def valid_reports():
    request = "request"
    good("report-request-summary", "The total of everything.", request, header("REPORT"),
         question())
    good("report-request-breakdown", "By channel, a day, of people on phones outside Germany.",
         request, header("REPORT", property=1),
         question("breakdown", ["phone", "DE"],
                  [condition("device", "phone"), condition("country", "DE", True),
                   condition("campaignName", "", True)],
                  dimension="channel", start=str(BASE), end=str(BASE + 86_400_000), rows=20,
                  compare=True))
    for code, name in enumerate(codec.CONSTANTS["reportDimensions"], 1):
        good(f"report-request-by-{name}", "A breakdown by each dimension.", request,
             header("REPORT"), question("breakdown", dimension=name, rows=65535))
    for name in codec.CONSTANTS["reportIntervals"]:
        good(f"report-request-{name}s", "A series, by local time, with bots.", request,
             header("REPORT"), question("series", interval=name, start="0", end="0", local=True,
                                        automated=True))
    good("report-request-transitions", "From page to page.", request, header("REPORT"),
         question("transitions"))
    good("report-request-paths", "Paths from a page.", request, header("REPORT"),
         question("paths", ["/"], page="/"))
    good("report-request-paths-any", "Paths from any page.", request, header("REPORT"),
         question("paths", page=""))
    good("report-request-funnel", "Three steps, one of them a prefix, one of no bytes.", request,
         header("REPORT"), question("funnel", ["/product/", "/basket"], steps=STEPS))
    reply = "reply"
    good("report-reply-summary", "A total.", reply, header("REPORT", True), report([
        report_row("total", sessions="3", visitors="2", new_visitors="1", views="9", actions="4",
                   conversions="1", converted="1", engaged="2", value="-1", duration="90000",
                   median="30000")]))
    good("report-reply-extremes", "Numbers as large and as small as they can be.", reply,
         header("REPORT", True), report([
             report_row("total", sessions=str(2**63 - 1), value=str(-2**63),
                        duration=str(2**63 - 1), median=str(-1)),
             report_row("part", time=str(2**63 - 1))],
             clock=str(-2**63), live_sessions=str(2**63 - 1), automated_sessions="7"))
    good("report-reply-parts", "Values, the rest, and the period before.", reply,
         header("REPORT", True), report([
             report_row("total", sessions="5"), report_row(text="phone", sessions="3"),
             report_row(sessions="1"), report_row("rest", sessions="1"),
             report_row("total", sessions="4", previous=True),
             report_row(text="phone", sessions="4", previous=True)], ("Europe/Berlin", "phone"),
             start=str(BASE), end=str(BASE + 1)))
    good("report-reply-paths", "A tree, and a transition to nothing.", reply,
         header("REPORT", True), report([
             report_row("total", sessions="5"), report_row(text="/", sessions="3"),
             report_row(text="/a", sessions="2", parent=1),
             report_row(text="/a", next="/", views="2")], ("UTC", "/", "/a")))
    good("report-reply-no-rows", "No row, and no name of the time zone.", reply,
         header("REPORT", True), report([], ()))


def entry_encoding(sessions):
    """Of entries with these sessions, and with revisions."""
    columns = {**sessions["encoding"]["columns"],
               "revisionNumber": {"width": 8}, "revisionFrom": {"width": 0, "parameter": 16},
               "revisionInto": {"width": 0, "parameter": 16}, "revisionCause": {"width": 1},
               "revisionPartition": {"width": 2}, "entries": {"width": 0, "parameter": 40}}
    return {"columns": {name: columns[name] for name in COLUMNS if name in columns},
            "texts": sessions["encoding"]["texts"]}


def no_entries():
    return {"entries": [], "encoding": {"columns": {
        "texts": {"width": 2}, "sessions": {"width": 0, "parameter": 128},
        "path": {"width": 0, "parameter": 8}, "entries": {"width": 0, "parameter": 40}}, "texts": []}}


def valid_feed():
    request, reply = "request", "reply"
    good("fetch-request-start", "From the beginning.", request, header("FETCH"),
         {"partition": 0, "position": "0", "index": 0, "entries": 0})
    good("fetch-request-extremes", "Behind a late place in the order of the last partition that there may be.",
         request, header("FETCH"),
         {"partition": 4095, "position": str(2**64 - 1), "index": 2**32 - 1, "entries": 2**32 - 1})
    sessions = lookup_reply()
    finished = [{"position": "7", "index": row + 1, "property": 1, "visitor": "0f" * 16,
                 "session": session} for row, session in enumerate(sessions["sessions"])]
    revised = {"position": "8", "index": 1, "property": 2,
               "revision": revision(5, {"id": session_id(BASE, 1)}, {"id": session_id(BASE, 2)}, 3)}
    good("fetch-reply", "Finished sessions and a revision, and there are more.", reply,
         header("FETCH", True),
         {"first_partition": 0, "last_partition": 31, "position": "8", "index": 1, "more": True,
          "entries": [*finished, revised], "encoding": entry_encoding(sessions)})
    good("fetch-reply-nothing", "Nothing new in the order of one partition.", reply, header("FETCH", True),
         {"first_partition": 4095, "last_partition": 4095, "position": "8", "index": 1, "more": False,
          **no_entries()})
    good("forget-request", "A visitor is to be forgotten.", request, header("FORGET", property=1),
         {"key": b"anna".hex()})
    good("forget-reply", "Two unfinished sessions were erased.", reply, header("FORGET", True),
         {"live_sessions": 2, "position": str(2**40)})


def invalid_reports():
    frame = codec.encode("request", header("REPORT"), question(
        "funnel", ["/a"], [condition("device", "/a")],
        steps=[{"page": "/a", "match": "page"}]))
    message = Parts(frame, fixed_bytes=32)
    filters, steps = message.start["filters"], message.start["steps"]
    for name, description, error, at, patch in (
            ("question-0", "Question 0.", "missingOrBad", 64, b"\x00"),
            ("question-7", "Question 7.", "missingOrBad", 64, b"\x07"),
            ("grouping", "A funnel by something.", "badReport", 65, b"\x01"),
            ("flags", "An unknown flag.", "badReport", 66, b"\x08"),
            ("compare", "A funnel compared with the previous period.", "badReport", 66, b"\x02"),
            ("period", "A period that ends before it starts.", "badReport", 80,
             struct.pack("<q", -2**63 + 1)),
            ("rows", "More rows than may be.", "badReport", 88, u32(65536)),
            ("page", "A funnel that begins at a page.", "badReport", 92, u32(1)),
            ("page-index", "A page without a text.", "indexOutOfRange", 92, u32(2)),
            ("dimension-0", "A filter by nothing.", "badKind", filters, b"\x00"),
            ("dimension-11", "A filter by an unknown dimension.", "badKind", filters, b"\x0b"),
            ("filter-flags", "A filter with an unknown flag.", "badKind", filters + 1, b"\x02"),
            ("filter-text", "A filter without a text.", "indexOutOfRange", filters + 4, u32(2)),
            ("match-0", "A step that matches in no way.", "badKind", steps, b"\x00"),
            ("match-3", "A step that matches in an unknown way.", "badKind", steps, b"\x03"),
            ("step-text", "A step without a text.", "indexOutOfRange", steps + 4, u32(2)),
            ("reserved", "Reserved bytes.", "bodyReservedNotZero", 70, b"\x01")):
        changed = patched(frame, (at, patch))
        if name == "period":
            changed = patched(changed, (72, struct.pack("<q", 5)), (80, struct.pack("<q", 4)))
        if error == "missingOrBad":
            # Another question has no steps.
            bad(f"report-{name}", description + " It has no steps.", "badElementCount",
                message.d["steps"] + 4, changed)
            whole = patched(codec.encode("request", header("REPORT"), question()), (at, patch))
            bad(f"report-{name}-alone", description, "badReport", 64, whole)
            continue
        bad(f"report-{name}", description, error, at, changed)
    bad("report-no-steps", "A funnel without steps.", "missingColumn", None,
        message.without("steps").frame)
    bad("report-zero-steps", "A funnel with a column of no steps.", "badReport", 64,
        message.with_column("steps", count=0, data=b"").frame)
    bad("report-33-steps", "A funnel with too many steps.", "badElementCount",
        message.d["steps"] + 4,
        message.with_column("steps", count=33, data=b"\x01\0\0\0\0\0\0\0" * 33).frame)
    bad("report-65-filters", "Too many filters.", "badElementCount", message.d["filters"] + 4,
        message.with_column("filters", count=65, data=b"\x01\0\0\0\0\0\0\0" * 65).frame)
    bad("report-filter-7-bytes", "Filters of 7 bytes.", "badColumnWidth",
        message.d["filters"] + 1, message.with_column("filters", parameter=7, data=bytes(7)).frame)
    bad("report-breakdown-0", "A breakdown by nothing.", "badReport", 65,
        patched(codec.encode("request", header("REPORT"), question("breakdown",
                                                                   dimension="device")),
                (65, b"\x00")))
    bad("report-series-3", "A series by an unknown interval.", "badReport", 65,
        patched(codec.encode("request", header("REPORT"), question("series", interval="day")),
                (65, b"\x03")))
    bad("report-31-bytes", "The fixed part has 32 bytes.", "truncatedBody", 64 + 31,
        sealed(bytes(31), "REPORT"))

    def refuse(name, description, error, offset, frame):
        bad("reply-" + name, description, error, offset, frame, direction="reply")
    frame = codec.encode("reply", header("REPORT", True), report([
        report_row("total"), report_row(text="a"), report_row(text="a", parent=1)], ("UTC", "a")))
    message = Parts(frame, fixed_bytes=56)
    at = message.start["reportRows"]
    for name, description, error, place, patch in (
            ("kind", "A row of an unknown kind.", "badKind", at + 112, b"\x03"),
            ("text", "A row without its text.", "indexOutOfRange", at + 112 + 4, u32(3)),
            ("next", "A row without its next text.", "indexOutOfRange", at + 8, u32(3)),
            ("parent", "A step whose step before is itself.", "indexOutOfRange", at + 224 + 12,
             u32(3)),
            ("zone", "A time zone without a text.", "indexOutOfRange", 64 + 48, u32(3)),
            ("reserved", "Reserved bytes.", "bodyReservedNotZero", 64 + 52, b"\x01")):
        refuse(f"report-{name}", description, error, place, patched(frame, (place, patch)))
    refuse("report-count", "Two rows where three are announced.", "badElementCount",
           message.d["reportRows"] + 4,
           message.with_column("reportRows", count=2, data=bytes(224)).frame)
    refuse("report-111-bytes", "Rows of 111 bytes.", "badColumnWidth", message.d["reportRows"] + 1,
           message.with_column("reportRows", parameter=111, data=bytes(333)).frame)
    bad("fetch-reserved-6", "Reserved bytes.", "bodyReservedNotZero", 70,
        sealed(bytes(7) + b"\1" + bytes(16), "FETCH"))
    bad("fetch-reserved-20", "Reserved bytes.", "bodyReservedNotZero", 84,
        sealed(bytes(20) + b"\1\0\0\0", "FETCH"))
    bad("fetch-23-bytes", "A FETCH of 23 bytes.", "truncatedBody", 64 + 23,
        sealed(bytes(23), "FETCH"))
    bad("fetch-trailing", "A byte behind a FETCH.", "trailingBytes", 64 + 24,
        sealed(bytes(25), "FETCH"))
    bad("forget-session", "Sessions are not forgotten one by one.", "badLookup", 64,
        sealed(struct.pack("<BxH4x", 2, 16) + bytes(16), "FORGET"))
    bad("forget-no-key", "A visitor without a key.", "badKeyLength", 66,
        sealed(struct.pack("<BxH4x", 1, 0), "FORGET"))
    refuse("forget-reserved", "Reserved bytes.", "bodyReservedNotZero", 68,
           sealed(b"\0\0\0\0\1" + bytes(11), "FORGET", is_reply=True))
    whole = Parts(codec.encode("reply", header("FETCH", True), {
        "first_partition": 0, "last_partition": 31, "position": "8", "index": 1, "more": False, "entries": [
            {"position": "8", "index": 1, "property": 2,
             "revision": revision(5, {"id": session_id(BASE, 1)}, {"id": session_id(BASE, 2)}, 3)}],
        "encoding": {"columns": {
            "texts": {"width": 2}, "revisionNumber": {"width": 8},
            "revisionFrom": {"width": 0, "parameter": 16},
            "revisionInto": {"width": 0, "parameter": 16}, "revisionCause": {"width": 1},
            "revisionPartition": {"width": 2}, "sessions": {"width": 0, "parameter": 128},
            "path": {"width": 0, "parameter": 8}, "entries": {"width": 0, "parameter": 40}},
            "texts": []}}), fixed_bytes=32)
    at = whole.start["entries"]
    refuse("fetch-reserved", "Reserved bytes.", "bodyReservedNotZero", 64 + 28,
           whole.patched((64 + 28, b"\1")))
    refuse("fetch-kind", "An entry of an unknown kind.", "badKind", at + 16,
           whole.patched((at + 16, b"\x03")))
    refuse("fetch-row", "An entry without its revision.", "indexOutOfRange", at + 20,
           whole.patched((at + 20, u32(1))))
    refuse("fetch-session", "An entry without its session.", "indexOutOfRange", at + 20,
           whole.patched((at + 16, b"\x01")))


# ---- the feed

def valid_feed_messages():
    sessions = lookup_reply()
    opened, finished = (
        {"position": str(place), "index": index, "property": 3, "visitor": "0f" * 16,
         "session": sessions["sessions"][row], **more}
        for row, (place, index, more) in enumerate([(7, 0, {"opened": True}), (7, 1, {})]))
    revised = {"position": "8", "index": 1, "property": 3,
               "revision": revision(5, {"id": session_id(BASE, 1)}, {"id": session_id(BASE, 2)}, 3)}
    head = header("FETCH", True, correlation="0", producer=str(2**64 - 1), sequence="9", property=3)
    end = {"first_partition": 32, "last_partition": 63, "position": "8", "index": 2**32 - 1, "more": False}
    good("feed-message", "A session was opened, one finished, and one became part of another.", "feed",
         head, {**end, "entries": [opened, finished, revised],
                "encoding": entry_encoding(sessions)})
    good("feed-heartbeat", "Nothing since message 9.", "feed", head, {**end, **no_entries()})
    good("feed-first", "The heartbeat of a topic without messages, of the largest property.", "feed",
         {**head, "sequence": "0", "property": 2**32 - 1}, {**end, **no_entries()})


def invalid_feed_messages():
    def refuse(name, description, error, offset, frame):
        bad("feed-" + name, description, error, offset, frame, direction="feed")
    head = header("FETCH", True, property=3)
    end = {"first_partition": 0, "last_partition": 0, "position": "8", "index": 1, "more": False}
    whole = reports.encode_feed(head, {**end, **no_entries()})
    refuse("nothing", "No bytes.", "truncatedHeader", None, b"")
    refuse("topic-alone", "A topic without a message.", "truncatedHeader", None, whole[:8])
    refuse("no-topic", "A reply to FETCH, and no topic.", "badMagic", None, whole[8:])
    refuse("other-topic", "The topic of another property.", "unknownProperty", 36,
           reports.topic(4) + whole[8:])
    refuse("status", "A reply to STATUS.", "unknownOperation", 5,
           reports.topic(0) + codec.encode("reply", header("STATUS", True), {
               "server_time": "0", "gauges": [], "encoding": {"columns": {}}}))
    refuse("request", "A request to FETCH.", "unexpectedReply", None,
           reports.topic(0) + codec.encode("request", header("FETCH"), {
               "partition": 0, "position": "0", "index": 0, "entries": 0}))
    refuse("header", "A header that was damaged.", "badHeaderChecksum", 60,
           whole[:8 + 24] + b"\xff" + whole[8 + 25:])
    refuse("body", "A body that was damaged.", "badBodyChecksum", 52, whole[:-1] + b"\xff")
    refuse("cut", "The last byte is missing.", "badBodyLength", 48, whole[:-1])
    sessions = lookup_reply()
    entry = {"position": "7", "index": 0, "property": 3, "visitor": "0f" * 16, "opened": True,
             "session": sessions["sessions"][0]}
    columns = {**sessions["encoding"]["columns"], "entries": {"width": 0, "parameter": 40}}
    frame = codec.encode("reply", head, {
        **end, "entries": [entry], "encoding": {
            "columns": columns, "texts": sessions["encoding"]["texts"]}})
    parts = Parts(frame, fixed_bytes=32)
    at = parts.start["entries"]
    refuse("kind", "An entry of an unknown kind.", "badKind", at + 16,
           reports.topic(3) + parts.patched((at + 16, b"\x04")))
    refuse("row", "An entry without its session.", "indexOutOfRange", at + 20,
           reports.topic(3) + parts.patched((at + 20, u32(9))))


# ---- what routers and workers say to one another

def report_group(kind="part", times=(), **more):
    row = report_row(kind, **more)
    del row["median"]
    return {**row, "times": [str(time) for time in times]}


def report_part(groups, texts=("UTC",), **more):
    columns = {"texts": {"width": 2}, "groups": {"width": 1}}
    if more.get("days") or more.get("first_offset"):
        columns["days"] = {"width": 0, "parameter": 16}
    return {"clock": str(BASE), "start": str(-2**63), "end": str(2**63 - 1),
            "time_zone": texts[0] if texts else "", "live_sessions": "2",
            "automated_sessions": "1", "rows": 100, "first_offset": "0", "days": [],
            "groups": groups, **more, "encoding": {"columns": columns, "texts": list(texts)}}


def valid_parts():
    part = {"flags": 3}
    good("report-part-request", "A router asks for a part.", "request",
         header("REPORT", flags=2, property=1), question("summary"))
    good("report-part-summary", "Four sessions, two of them as long.", "reply",
         header("REPORT", True, **part), report_part([
             report_group("total", [0, 0, 1500, 2**40], sessions="4", visitors="3",
                          new_visitors="1", views="300", actions="4", conversions="1",
                          converted="1", engaged="2", value="-1", duration=str(1500 + 2**40))]))
    good("report-part-nothing", "No sessions.", "reply", header("REPORT", True, **part),
         report_part([report_group("total")]))
    good("report-part-values", "Values of two periods, one of them not known.", "reply",
         header("REPORT", True, **part), report_part([
             report_group(text="phone", times=[7] * 5, sessions="5", duration="35"),
             report_group(times=[9], sessions="1", duration="9"),
             report_group(text="phone", times=[1], sessions="1", previous=True)],
             ("UTC", "phone")))
    good("report-part-series", "Two days, and the rules of the zone.", "reply",
         header("REPORT", True, **part), report_part(
             [report_group(time="-86400000", sessions="1", times=[0]),
              report_group(time=str(BASE), sessions="2", times=[5, 6])], ("Europe/Berlin",),
             first_offset="3600000",
             days=[{"start": "1000", "offset": "7200000"}, {"start": "2000", "offset": "-1"}]))
    good("report-part-transitions", "A page and the next, and the end of a path.", "reply",
         header("REPORT", True, **part), report_part(
             [report_group("total", [3], sessions="1", views="2"),
              report_group(text="/", next="/a", views="1", sessions="1"),
              report_group(text="/a", time="0", views="1", sessions="1")], ("UTC", "/", "/a")))
    good("report-part-paths", "A step behind another.", "reply",
         header("REPORT", True, **part), report_part(
             [report_group("total", [3], sessions="1"), report_group(text="/", sessions="1"),
              report_group(text="/a", parent=1, sessions="1")], ("UTC", "/", "/a")))


def invalid_parts():
    def refuse(name, description, error, offset, frame):
        bad("report-part-" + name, description, error, offset, frame, direction="reply")
    frame = codec.encode("reply", header("REPORT", True, flags=3), report_part(
        [report_group("total", [1, 1, 1], sessions="3"), report_group(text="a", sessions="1"),
         report_group(text="a", parent=1, sessions="1")], ("UTC", "a"),
        days=[{"start": "1000", "offset": "5"}]))
    message = Parts(frame, fixed_bytes=56)
    at, data = message.start["groups"], message.columns["groups"].data
    days = message.start["days"]
    # mask (3 bytes), sessions, runs, gap and mark, repeats; mask, text, sessions; mask, text, ...
    assert data.hex() == "c0800403" + "010301" + "460201" + "56020201", data.hex()
    for name, description, error, place, patch in (
            ("mask", "A bit that means nothing.", "badKind", at, b"\xc0\x80\x08"),
            ("text", "A group without its text.", "indexOutOfRange", at + 7, b"\x46\x03"),
            ("text-0", "A text that is said to be there, and is none.", "indexOutOfRange", at + 7,
             b"\x46\x00"),
            ("parent", "A step whose step before is itself.", "indexOutOfRange", at + 10,
             b"\x56\x02\x03"),
            ("repeats", "More times than sessions.", "badElementCount", at, data[:6] + b"\x02"),
            ("cut", "The last number goes on behind the column.", "badElementCount", at,
             data[:-1] + b"\x81"),
            ("days", "Rules of the zone that do not begin at the beginning.", "timeOutOfRange",
             days, struct.pack("<q", 0)),
            ("days-order", "Rules of the zone that go back.", "timeOutOfRange", days + 16,
             struct.pack("<q", -2**63)),
            ("offset", "A clock that is days ahead.", "timeOutOfRange", days + 24,
             struct.pack("<q", 86_400_001)),
            ("zone", "A time zone without a text.", "indexOutOfRange", 64 + 48, u32(3))):
        start = at if error == "badElementCount" else place
        refuse(name, description, error, place, patched(frame, (start, patch)))
    refuse("no-groups", "No column of groups.", "missingColumn", None,
           message.without("groups").frame)
    refuse("rest", "A byte behind the last group.", "badElementCount", at,
           message.with_column("groups", count=len(data) + 1, data=data + b"\0").frame)
    bad("status-part", "A part of a STATUS.", "unknownFlags", 6,
        header_patched(codec.encode("request", header("STATUS"), {}), (6, b"\x02")))


# ---- files

def render(value, indent=0):
    """JSON with one element a line, and what is short in one line."""
    line = json.dumps(value, ensure_ascii=False)
    if indent > 0 and len(line) + indent < 160 or not isinstance(value, (dict, list)) or not value:
        return line
    pad = " " * (indent + 2)
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}: {render(item, indent + 2)}" for key, item in value.items()]
        return "{\n" + ",\n".join(pad + item for item in items) + "\n" + " " * indent + "}"
    items = [pad + render(item, indent + 2) for item in value]
    return "[\n" + ",\n".join(items) + "\n" + " " * indent + "]"


def unpacked(text):
    """A vector without compression: what zlib makes of the same bytes may differ by its version."""
    vector = json.loads(text)
    for field in [field for field in vector if field.endswith("_zlib_base64")]:
        vector[field] = zlib.decompress(base64.b64decode(vector[field])).hex()
    return vector


def partitions():
    """Which partition some visitors fall to."""
    keys = [b"anna", b"a", bytes(16), bytes(range(16)), bytes(range(128)), "zoë".encode(),
            b"v-54d4c6afb84f"] + [b"visitor-%04d" % number for number in range(25)]
    return [{"key": key.hex(), **{str(count): codec.partition(key, count)
                                  for count in (1, 2, 3, 64, 1000, 4096)}} for key in keys]


def partition_lines():
    rows = ",\n".join("  " + json.dumps(row) for row in partitions())
    return "[\n" + rows + "\n]\n"


def differences():
    """The files that are not what this script would write."""
    present = {str(path.relative_to(HERE).with_suffix(""))
               for folder in FOLDERS for path in (HERE / folder).glob("*.json")}
    for key in sorted(present | set(VECTORS)):
        if key not in VECTORS:
            yield f"{key}.json is not made by generate.py"
        elif key not in present:
            yield f"{key}.json is missing"
        elif unpacked((HERE / f"{key}.json").read_text("utf-8")) != unpacked(
                render(VECTORS[key])):
            yield f"{key}.json differs"
    path = HERE.parent / "partitions.json"
    if not path.exists() or path.read_text("utf-8") != partition_lines():
        yield "partitions.json differs"


def write():
    for folder in FOLDERS:
        (HERE / folder).mkdir(exist_ok=True, parents=True)
        for path in (HERE / folder).glob("*.json"):
            if f"{folder}/{path.stem}" not in VECTORS:
                path.unlink()
    for key, vector in VECTORS.items():
        (HERE / f"{key}.json").write_text(render(vector) + "\n", "utf-8")
    (HERE.parent / "partitions.json").write_text(partition_lines(), "utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    assert codec.crc32c(b"123456789") == 0xE3069283
    for table in (valid_small_messages, valid_assign_requests, valid_assign_replies,
                  invalid_headers, invalid_small_requests, invalid_layouts, invalid_columns,
                  invalid_contents, invalid_several_faults, invalid_replies):
        table()
    global FOLDER
    FOLDER = "reports/"
    for table in (valid_reports, valid_feed, invalid_reports):
        table()
    FOLDER = "feed/"
    for table in (valid_feed_messages, invalid_feed_messages):
        table()
    FOLDER = "routers/"
    for table in (valid_parts, invalid_parts):
        table()
    counts = ", ".join(f"{sum(key.startswith(folder) for key in VECTORS)} {folder}"
                       for folder in FOLDERS)
    if not check:
        write()
        print(f"wrote {counts}")
        return 0
    problems = list(differences())
    print("\n".join(problems) if problems else f"{counts}: all as they should be")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
