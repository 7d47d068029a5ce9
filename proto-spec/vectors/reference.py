"""A codec of sojourn-1, written from the text of ../sojourn-1.md to be read, not to be fast.

`encode` makes the exact bytes of a message from its content; `decode` makes the content from
bytes, or raises the `Fault` that the protocol wants to be reported. Content has the form that
README.md describes.
"""

import json
import struct
import uuid
from collections import defaultdict
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

CONSTANTS = json.loads((Path(__file__).resolve().parent.parent / "constants.json").read_text())
OPERATIONS = CONSTANTS["operations"]
COLUMNS = CONSTANTS["columns"]
ERRORS = CONSTANTS["errors"]
LIMITS = CONSTANTS["limits"]
KINDS = CONSTANTS["eventKinds"]
OUTCOMES = CONSTANTS["outcomes"]
BOUNDARIES = CONSTANTS["boundaries"]
ATTRIBUTES = list(CONSTANTS["contextAttributes"])
CONTEXT_CELLS = CONSTANTS["contextCells"]
HEADER_BYTES = 64
NONE = 0xFFFFFFFF


class Fault(Exception):
    """Why a message is refused, and which byte of the frame offended (None for none)."""

    def __init__(self, name, offset=None):
        super().__init__(name, offset)
        self.name, self.offset = name, offset


def crc32c(data):
    checksum = 0xFFFFFFFF
    for byte in data:
        checksum = (checksum >> 8) ^ CRC_TABLE[(checksum ^ byte) & 0xFF]
    return checksum ^ 0xFFFFFFFF


def crc_of_byte(byte):
    for _ in range(8):
        byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
    return byte


CRC_TABLE = [crc_of_byte(byte) for byte in range(256)]


# ---- integers and names

def integers(values, width, signed=False):
    return b"".join(value.to_bytes(width, "little", signed=signed) for value in values)


def read_integers(data, width, signed=False):
    return [int.from_bytes(data[at:at + width], "little", signed=signed)
            for at in range(0, len(data), width)]


def name_of(table, code):
    """The name of a code, or the number itself when the registry does not have it."""
    return next((name for name, value in table.items() if value == code), code)


def state_byte(state):
    bits = CONSTANTS["sessionState"]
    flags = sum(bits[name] for name in ("late", "merged", "automated", "ended", "engaged")
                if state[name])
    return BOUNDARIES[state["boundary"]] | flags


def read_state(byte):
    bits = CONSTANTS["sessionState"]
    flags = ("late", "merged", "automated", "ended", "engaged")
    return {"boundary": name_of(BOUNDARIES, byte & bits["boundaryMask"]),
            **{name: bool(byte & bits[name]) for name in flags}}


# ---- the header

def seal(header, body, body_length=None, body_checksum=None, reserved=0, magic=b"SOJN"):
    """The frame, with its checksums. The last arguments are for faults."""
    first = struct.pack(
        "<4sBBHQQQIIQIII", magic, header["version"],
        OPERATIONS.get(header["operation"], header["operation"]),
        header["flags"], int(header["correlation"]), int(header["producer"]),
        int(header["sequence"]), header["deadline"], header["property"],
        int(header["deployment"]), len(body) if body_length is None else body_length,
        crc32c(body) if body_checksum is None else body_checksum, reserved)
    return first + struct.pack("<I", crc32c(first)) + body


def check_header(frame, direction):
    """Raises the lowest fault of the header (and of its promises about the body); returns its
    content."""
    if len(frame) < HEADER_BYTES:
        raise Fault("truncatedHeader")
    (magic, version, operation, flags, correlation, producer, sequence, deadline, property_,
     deployment, body_length, body_checksum, reserved, checksum) = struct.unpack_from(
        "<4sBBHQQQIIQIIII", frame)
    is_reply = flags & 1 == 1
    if magic != b"SOJN":
        raise Fault("badMagic")
    if version != 1:
        raise Fault("unsupportedVersion", 4)
    if checksum != crc32c(frame[:60]):
        raise Fault("badHeaderChecksum", 60)
    if direction == "request" and operation == OPERATIONS["ERROR"]:
        raise Fault("unexpectedReply")
    if is_reply != (direction == "reply"):
        raise Fault("unexpectedReply")
    if operation not in OPERATIONS.values():
        raise Fault("unknownOperation", 5)
    is_part = flags & 2 == 2 and (
        direction == "request" and operation == OPERATIONS["ASSIGN"]
        or operation == OPERATIONS.get("REPORT"))
    if flags & ~1 & ~(2 if is_part else 0):
        raise Fault("unknownFlags", 6)
    if reserved != 0:
        raise Fault("reservedNotZero", 56)
    if direction == "request" and len(frame) > LIMITS["messageBytesMax"]:
        raise Fault("messageTooLarge")
    if body_length != len(frame) - HEADER_BYTES:
        raise Fault("badBodyLength", 48)
    if body_checksum != crc32c(frame[HEADER_BYTES:]):
        raise Fault("badBodyChecksum", 52)
    return {"version": version, "operation": name_of(OPERATIONS, operation), "flags": flags,
            "correlation": str(correlation), "producer": str(producer), "sequence": str(sequence),
            "deadline": deadline, "property": property_, "deployment": str(deployment)}


# ---- columns

@dataclass
class Column:
    id: int
    width: int
    parameter: int
    count: int
    data: bytes
    descriptor: int = 0  # where the descriptor begins in the frame
    start: int = 0       # where the data begins in the frame
    length: int = 0      # as the descriptor says

    def integers(self, signed=False):
        return read_integers(self.data, self.width, signed)

    def records(self):
        return [self.data[row * self.parameter:(row + 1) * self.parameter]
                for row in range(self.count)]

    def ends(self):
        """Where each entry of a dictionary ends."""
        if self.width == 0:
            return [(row + 1) * self.parameter for row in range(self.count)]
        return read_integers(self.data[:self.count * self.width], self.width)

    def entries(self):
        data, start, entries = self.data[self.count * self.width:], 0, []
        for end in self.ends():
            entries.append(data[start:end])
            start = end
        return entries


@dataclass
class Form:
    widths: tuple = (1, 2, 4)
    parameter: str = "zero"  # or "scale", "cells", "record", "entry"
    record_bytes: int = 0
    signed: bool = False


INDEX = Form()
DICTIONARY = Form(widths=(0, 2, 4), parameter="entry")


def record(size):
    return Form(widths=(0,), parameter="record", record_bytes=size)


FORMS = {
    ("ASSIGN", "request"): {
        "time": Form((4, 8)), "kind": Form((1,)), "visitor": INDEX, "visitorKeys": DICTIONARY,
        "name": INDEX, "texts": DICTIONARY, "textPrefixes": Form((1,)), "context": INDEX,
        "contexts": Form(parameter="cells"),
        "value": Form((1, 2, 4, 8), parameter="scale", signed=True), "eventID": Form((8,)),
    },
    ("ASSIGN", "reply"): {
        "sessionID": record(16), "sessionShift": Form((1, 2, 4, 8)), "ordinal": INDEX,
        "sessionState": Form((1,)), "session": INDEX, "position": INDEX, "outcome": Form((1,)),
        "revisionNumber": Form((8,)), "revisionFrom": record(16), "revisionInto": record(16),
        "revisionCause": Form((1,)), "revisionPartition": Form((2,)),
    },
    ("LOOKUP", "reply"): {"texts": DICTIONARY, "sessions": record(128), "path": record(8)},
    ("STATUS", "reply"): {"texts": DICTIONARY, "gauges": Form((8,), signed=True)},
}
FIXED_BYTES = {("ASSIGN", "request"): 16, ("ASSIGN", "reply"): 24,
               ("LOOKUP", "reply"): 16, ("STATUS", "reply"): 16}


def lay_out(fixed, columns):
    """A body: the fixed part (its bytes 4 and 5 become the number of columns), the directory, and
    the columns in the order given."""
    fixed = fixed[:4] + struct.pack("<H", len(columns)) + fixed[6:]
    directory, data = b"", b""
    begin = len(fixed) + 16 * len(columns)
    for column in columns:
        data += bytes(-(begin + len(data)) % 8)
        directory += struct.pack("<BBHIII", column.id, column.width, column.parameter,
                                 column.count, begin + len(data), len(column.data))
        data += column.data
    return fixed + directory + data


class Faults:
    """Collects faults and raises the one to report."""

    def __init__(self):
        self.found = []

    def add(self, name, offset=None):
        self.found.append((ERRORS[name]["code"], -1 if offset is None else offset, name, offset))

    def raise_lowest(self):
        if self.found:
            _, _, name, offset = min(self.found, key=lambda fault: fault[:2])
            raise Fault(name, offset)


def check_layout(frame, kind):
    """Judges the fixed part and the directory; returns the columns by name (or by id)."""
    body, forms, fixed_bytes = frame[HEADER_BYTES:], FORMS[kind], FIXED_BYTES[kind]
    if len(body) < fixed_bytes:
        raise Fault("truncatedBody", len(frame))
    first, count, reserved = struct.unpack_from("<IHH", body)
    columns_begin = fixed_bytes + 16 * count
    if len(body) < columns_begin:
        raise Fault("truncatedBody", len(frame))
    names = {COLUMNS[name]: name for name in forms}

    faults, columns = Faults(), {}
    if reserved != 0:
        faults.add("bodyReservedNotZero", HEADER_BYTES + 6)
    if kind == ("ASSIGN", "request") and not 1 <= first <= LIMITS["batchEventsMax"]:
        faults.add("badEventCount", HEADER_BYTES)
    if count > LIMITS["columnsMax"]:
        faults.add("badColumnCount", HEADER_BYTES + 4)
    before, end, padding = -1, columns_begin, []
    for at in range(fixed_bytes, columns_begin, 16):
        id_, width, parameter, elements, offset, length = struct.unpack_from("<BBHIII", body, at)
        d = HEADER_BYTES + at
        name = names.get(id_, id_)
        if parameter != 0 and name in forms and not (
                forms[name].parameter in ("scale", "cells", "record")
                or forms[name].parameter == "entry" and width == 0):
            faults.add("bodyReservedNotZero", d + 2)
        if id_ <= before:
            faults.add("badColumnOrder", d)
        aligned = end + -end % 8
        if offset % 8 != 0:
            faults.add("columnMisaligned", d + 8)
        if offset < end:
            faults.add("columnOverlap", d + 8)
        if offset > aligned:
            faults.add("columnGap", d + 8)
        if offset + length > len(body):
            faults.add("columnOutOfBounds", d + 8)
        padding.append((end, offset))
        before, end = id_, offset + length
        columns[name] = Column(id_, width, parameter, elements, body[offset:end], d,
                               HEADER_BYTES + offset, length)
    faults.raise_lowest()

    if end != len(body):
        raise Fault("trailingBytes", HEADER_BYTES + end)
    for first, last in padding:
        for at in range(first, last):
            if body[at] != 0:
                raise Fault("paddingNotZero", HEADER_BYTES + at)
    return columns


def check_columns(columns, kind, counts, required, limits):
    """Missing columns, widths, numbers of elements, lengths: each over all columns before the next.
    `counts` says how many elements a column must have, `limits` how many at most."""
    for name in required:
        if name not in columns:
            raise Fault("missingColumn")
    known = [(name, column, FORMS[kind][name]) for name, column in columns.items()
             if name in FORMS[kind]]
    for _, column, form in known:
        if column.width not in form.widths or column.parameter < form.record_bytes:
            raise Fault("badColumnWidth", column.descriptor + 1)
    for name, column, form in known:
        rows = column.count
        if form.parameter == "cells":
            if column.parameter < CONTEXT_CELLS or column.count % column.parameter != 0:
                raise Fault("badElementCount", column.descriptor + 4)
            rows //= column.parameter
        if rows != counts.get(name, rows) or rows > limits.get(name, rows):
            raise Fault("badElementCount", column.descriptor + 4)
    for name, column, form in known:
        if form.parameter == "record" or form.parameter == "entry" and column.width == 0:
            length = column.count * column.parameter
        else:
            length = column.count * column.width
            if form.parameter == "entry" and column.count > 0 and column.length >= length:
                length += column.ends()[-1]
        if column.length != length:
            raise Fault("badColumnLength", column.descriptor + 12)


def check_lengths(error, column, prefixes, max_bytes):
    """Lengths of keys or texts; `prefixes` is what each shares with the one before. Returns the sum
    of the lengths."""
    start, total = 0, 0
    for row, end in enumerate(column.ends()):
        length = prefixes[row] + end - start
        if end < start or not 1 <= length <= max_bytes:
            if column.width == 0:
                raise Fault(error, column.descriptor + 2)
            raise Fault(error, column.start + row * column.width)
        start, total = end, total + length
    return total


def check_texts(columns):
    """Lengths and UTF-8 of the texts; returns them written out, and the first prefix that is out of
    range (its row), or None."""
    column = columns.get("texts")
    if column is None:
        return [], None
    prefixes = [0] * column.count
    if "textPrefixes" in columns:
        prefixes = columns["textPrefixes"].integers()
    total = check_lengths("badTextLength", column, prefixes, LIMITS["textBytesMax"])
    if total > LIMITS["batchTextBytesMax"]:
        raise Fault("textsTooLarge")
    texts, before, at = [], b"", column.start + column.count * column.width
    for row, (prefix, entry) in enumerate(zip(prefixes, column.entries())):
        if prefix > len(before):
            return texts, row
        before = before[:prefix] + entry
        try:
            texts.append(before.decode("utf-8"))
        except UnicodeDecodeError:
            raise Fault("badUTF8", at) from None
        at += len(entry)
    return texts, None


def describe(columns, forms):
    """The `encoding` of a message with columns: what an encoder needs to make the same bytes."""
    known, unknown = {}, []
    for name, column in columns.items():
        if name in forms:
            known[name] = {"width": column.width}
            if column.parameter != 0:
                known[name]["parameter"] = column.parameter
            if name == "texts" and "textPrefixes" in columns:
                known[name]["prefixes"] = True
        else:
            unknown.append({"column": column.id, "width": column.width,
                            "parameter": column.parameter, "count": column.count,
                            "data": column.data.hex()})
    return {"columns": known, **({"unknown": unknown} if unknown else {})}


def assemble(fixed, body, parts, kind):
    """The body from `parts`, the elements of each known column, in the form that
    `body["encoding"]` describes."""
    encoding, columns = body["encoding"], []
    for name, choice in encoding["columns"].items():
        width, parameter = choice["width"], choice.get("parameter", 0)
        form, elements = FORMS[kind][name], parts[name]
        if form.parameter == "record":
            data = b"".join(part + bytes(parameter - len(part)) for part in elements)
        elif form.parameter == "entry":
            data = b"".join(elements)
            if width != 0:
                ends = accumulate(len(part) for part in elements)
                data = integers(ends, width) + data
        else:
            if form.parameter == "scale":
                elements = [exact(value, 10 ** parameter) for value in elements]
            data = integers(elements, width, form.signed or (name == "time" and width == 8))
        columns.append(Column(COLUMNS[name], width, parameter, len(elements), data))
    for other in encoding.get("unknown", []):
        columns.append(Column(other["column"], other["width"], other["parameter"], other["count"],
                              bytes.fromhex(other["data"])))
    return lay_out(fixed, sorted(columns, key=lambda column: column.id))


def exact(value, divisor):
    assert value % divisor == 0, f"{value} micro-units have no whole element at this scale"
    return value // divisor


def front_code(texts):
    """What each text shares with the one before (at most 255 bytes), and the rest of it."""
    prefixes, rests, before = [], [], b""
    for text in texts:
        shared = 0
        while shared < min(255, len(before), len(text)) and before[shared] == text[shared]:
            shared += 1
        prefixes.append(shared)
        rests.append(text[shared:])
        before = text
    return prefixes, rests


def text_parts(encoding):
    texts = [text.encode("utf-8") for text in encoding.get("texts", [])]
    if "textPrefixes" not in encoding["columns"]:
        return {"texts": texts}
    prefixes, rests = front_code(texts)
    return {"texts": rests, "textPrefixes": prefixes}


def plus_one(entries):
    """Index plus one of each entry; 0 for None."""
    return {None: 0, **{entry: row + 1 for row, entry in enumerate(entries)}}


# ---- HELLO

def encode_hello_request(body):
    name = body["name"].encode("utf-8")
    return struct.pack("<BBHI16s", body["lowest_version"], body["highest_version"], len(name),
                       body["features"], bytes.fromhex(body["deployment"])) + name


def decode_hello_request(frame):
    body = frame[HEADER_BYTES:]
    if len(body) < 24:
        raise Fault("truncatedBody", len(frame))
    lowest, highest, length, features, deployment = struct.unpack_from("<BBHI16s", body)
    if len(body) < 24 + length:
        raise Fault("truncatedBody", len(frame))
    if lowest <= highest and not lowest <= CONSTANTS["version"] <= highest:
        raise Fault("unsupportedVersion", HEADER_BYTES)
    if len(body) > 24 + length:
        raise Fault("trailingBytes", HEADER_BYTES + 24 + length)
    if lowest > highest:
        raise Fault("badName", HEADER_BYTES)
    if length > LIMITS["clientNameBytesMax"]:
        raise Fault("badName", HEADER_BYTES + 2)
    return {"lowest_version": lowest, "highest_version": highest, "features": features,
            "deployment": deployment.hex(),
            "name": read_text(body[24:], "badName", HEADER_BYTES + 24)}


def read_text(data, error, offset):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Fault(error, offset) from None


HELLO_LIMITS = ("message_bytes", "batch_events", "visitor_key_bytes", "text_bytes", "batch_texts",
                "batch_contexts", "credit", "producer_window", "partitions")


def partition(key, count):
    """Which of `count` partitions a visitor falls to."""
    mixed = crc32c(key) * CONSTANTS["partitionHash"]["factor"] % 2**32
    return mixed * count >> 32


def encode_hello_reply(body):
    name, version = body["name"].encode("utf-8"), body["server_version"].encode("utf-8")
    return struct.pack("<B3xI16sqIIHHIIIIIHHHH", body["version"], body["features"],
                       bytes.fromhex(body["deployment"]), int(body["server_time"]),
                       *(body[limit] for limit in HELLO_LIMITS), len(name), len(version),
                       body["first_partition"], body["last_partition"]) + name + version


def decode_hello_reply(frame):
    body = frame[HEADER_BYTES:]
    if len(body) < 72:
        raise Fault("truncatedBody", len(frame))
    (version, features, deployment, server_time, *limits, name_length, version_length, first,
     last) = struct.unpack_from("<B3xI16sqIIHHIIIIIHHHH", body)
    end = 72 + name_length + version_length
    if len(body) < end:
        raise Fault("truncatedBody", len(frame))
    if any(body[1:4]):
        raise Fault("bodyReservedNotZero", HEADER_BYTES + 1)
    if len(body) > end:
        raise Fault("trailingBytes", HEADER_BYTES + end)
    middle = 72 + name_length
    return {"version": version, "features": features, "deployment": deployment.hex(),
            "server_time": str(server_time), **dict(zip(HELLO_LIMITS, limits)),
            "first_partition": first, "last_partition": last,
            "name": read_text(body[72:middle], "badUTF8", HEADER_BYTES + 72),
            "server_version": read_text(body[middle:end], "badUTF8", HEADER_BYTES + middle)}


# ---- ASSIGN

def context_key(context):
    return tuple(sorted((name, value) for name, value in context.items() if name != "extra"))


def context_cells(context, cells, text_index):
    flags = CONSTANTS["contextFlags"]["knownBot"] if context.get("knownBot") else 0
    row = [text_index[context.get(name)] for name in ATTRIBUTES] + [flags]
    return row + context.get("extra", [0] * (cells - CONTEXT_CELLS))


def read_context(cells, texts):
    context = {name: texts[cell - 1] for name, cell in zip(ATTRIBUTES, cells) if cell != 0}
    if len(cells) > 8 and cells[8] & CONSTANTS["contextFlags"]["knownBot"]:
        context["knownBot"] = True
    return context


def encode_assign_request(body):
    encoding, events, base = body["encoding"], body["events"], int(body["base_time"])
    cells = encoding["columns"].get("contexts", {}).get("parameter", 0)
    key_index = {key: row for row, key in enumerate(encoding["visitor_keys"])}
    text_index = plus_one(encoding.get("texts", []))
    contexts = encoding.get("contexts", [])
    context_index = plus_one(context_key(context) for context in contexts)
    parts = {
        "time": [int(event["time"]) - base for event in events],
        "kind": [KINDS[event["kind"]] for event in events],
        "visitor": [key_index[event["visitor"]] for event in events],
        "visitorKeys": [bytes.fromhex(key) for key in encoding["visitor_keys"]],
        "name": [text_index[event.get("name")] for event in events],
        **text_parts(encoding),
        "context": [context_index[context_key(event["context"]) if "context" in event else None]
                    for event in events],
        "contexts": [cell for context in contexts
                     for cell in context_cells(context, cells, text_index)],
        "value": [int(event.get("value", 0)) for event in events],
        "eventID": [int(event.get("event_id", 0)) for event in events],
    }
    return assemble(struct.pack("<IHHq", len(events), 0, 0, base), body, parts,
                    ("ASSIGN", "request"))


def decode_assign_request(frame):
    kind = ("ASSIGN", "request")
    columns = check_layout(frame, kind)
    count, _, _, base = struct.unpack_from("<IHHq", frame, HEADER_BYTES)
    required = ["time", "kind", "visitor", "visitorKeys"]
    required += ["texts"] if "textPrefixes" in columns else []
    per_event = ("time", "kind", "visitor", "name", "context", "value", "eventID")
    counts = dict.fromkeys(per_event, count)
    if "texts" in columns:
        counts["textPrefixes"] = columns["texts"].count
    check_columns(columns, kind, counts, required,
                  {"texts": LIMITS["batchTextsMax"], "visitorKeys": LIMITS["batchEventsMax"],
                   "contexts": LIMITS["batchContextsMax"]})

    keys = columns["visitorKeys"]
    check_lengths("badKeyLength", keys, [0] * keys.count, LIMITS["visitorKeyBytesMax"])
    texts, bad_prefix = check_texts(columns)
    for row, code in enumerate(columns["kind"].data):
        if code not in KINDS.values():
            raise Fault("badKind", columns["kind"].start + row)

    faults = Faults()
    if bad_prefix is not None:
        faults.add("indexOutOfRange", columns["textPrefixes"].start + bad_prefix)
    text_count = columns["texts"].count if "texts" in columns else 0
    cells, rows = [], []
    if "contexts" in columns:
        stride = columns["contexts"].parameter
        cells = columns["contexts"].integers()
        rows = [cells[at:at + stride] for at in range(0, len(cells), stride)]
        for at, cell in enumerate(cells):
            if at % stride < len(ATTRIBUTES) and cell > text_count:
                faults.add("indexOutOfRange",
                           columns["contexts"].start + at * columns["contexts"].width)
    elements = defaultdict(lambda: [0] * count)
    for name, entries in (("visitor", keys.count - 1), ("name", text_count),
                          ("context", len(rows))):
        if name in columns:
            elements[name] = columns[name].integers()
            for row, index in enumerate(elements[name]):
                if index > entries:
                    faults.add("indexOutOfRange", columns[name].start + row * columns[name].width)
    faults.raise_lowest()

    time = columns["time"]
    times = [base + delta for delta in time.integers(signed=time.width == 8)]
    for row, value in enumerate(times):
        if not 0 <= value < LIMITS["eventTimeEnd"]:
            raise Fault("timeOutOfRange", time.start + row * time.width)
    if "value" in columns:
        value = columns["value"]
        if value.parameter > (0 if value.width == 8 else LIMITS["valueScaleMax"]):
            raise Fault("badScale", value.descriptor + 2)
        elements["value"] = [element * 10 ** value.parameter for element in value.integers(True)]
    if "eventID" in columns:
        elements["eventID"] = columns["eventID"].integers()

    encoding = describe(columns, FORMS[kind])
    encoding["visitor_keys"] = [key.hex() for key in keys.entries()]
    if "texts" in columns:
        encoding["texts"] = texts
    contexts = [read_context(row, texts) for row in rows]
    if "contexts" in columns:
        encoding["contexts"] = [
            {**context, **({"extra": row[CONTEXT_CELLS:]} if len(row) > CONTEXT_CELLS else {})}
            for context, row in zip(contexts, rows)]
    events = []
    for row in range(count):
        event = {"time": str(times[row]), "kind": name_of(KINDS, columns["kind"].data[row]),
                 "visitor": encoding["visitor_keys"][elements["visitor"][row]]}
        if elements["name"][row] != 0:
            event["name"] = texts[elements["name"][row] - 1]
        if elements["context"][row] != 0:
            event["context"] = contexts[elements["context"][row] - 1]
        if elements["value"][row] != 0:
            event["value"] = str(elements["value"][row])
        if elements["eventID"][row] != 0:
            event["event_id"] = str(elements["eventID"][row])
        events.append(event)
    return {"base_time": str(base), "events": events, "encoding": encoding}


def id_time(id_):
    """The milliseconds in a session id."""
    return int.from_bytes(id_.bytes[:6], "big")


def encode_assign_reply(body):
    sessions, events, revisions = body["sessions"], body["events"], body["revisions"]
    ids = [uuid.UUID(session["id"]) for session in sessions]
    parts = {
        "sessionID": [id_.bytes for id_ in ids],
        "sessionShift": [id_time(id_) - int(session["start"])
                         for id_, session in zip(ids, sessions)],
        "ordinal": [session["ordinal"] for session in sessions],
        "sessionState": [state_byte(session) for session in sessions],
        "session": [0 if event["session"] is None else event["session"] + 1 for event in events],
        "position": [event["position"] for event in events],
        "outcome": [OUTCOMES[event["outcome"]] for event in events],
        "revisionNumber": [int(revision["number"]) for revision in revisions],
        "revisionFrom": [uuid.UUID(revision["from"]).bytes for revision in revisions],
        "revisionInto": [uuid.UUID(revision["into"]).bytes for revision in revisions],
        "revisionCause": [CONSTANTS["revisionCauses"][revision["cause"]] for revision in revisions],
        "revisionPartition": [revision["partition"] for revision in revisions],
    }
    return assemble(struct.pack("<IHHIIq", len(events), 0, 0, len(sessions), len(revisions),
                                int(body["clock"])), body, parts, ("ASSIGN", "reply"))


def decode_assign_reply(frame):
    kind = ("ASSIGN", "reply")
    columns = check_layout(frame, kind)
    events, _, _, sessions, revisions, clock = struct.unpack_from("<IHHIIq", frame, HEADER_BYTES)
    counts = {name: revisions if name.startswith("revision") else sessions
              for name in FORMS[kind]}
    counts.update(dict.fromkeys(("session", "position", "outcome"), events))
    required = [name for name, count in counts.items() if count > 0 and name != "sessionShift"]
    check_columns(columns, kind, counts, required, {})
    if "session" in columns:
        for row, index in enumerate(columns["session"].integers()):
            if index > sessions:
                raise Fault("indexOutOfRange",
                            columns["session"].start + row * columns["session"].width)

    def column(name, count):
        return columns[name].integers() if name in columns else [0] * count

    def ids(name):
        records = columns[name].records() if name in columns else []
        return [uuid.UUID(bytes=part[:16]) for part in records]

    return {
        "clock": str(clock),
        "sessions": [
            {"id": str(id_), "start": str(id_time(id_) - shift), "ordinal": ordinal,
             **read_state(state)}
            for id_, shift, ordinal, state in zip(
                ids("sessionID"), column("sessionShift", sessions), column("ordinal", 0),
                column("sessionState", 0))],
        "events": [
            {"session": None if index == 0 else index - 1, "position": position,
             "outcome": name_of(OUTCOMES, outcome)}
            for index, position, outcome in zip(
                column("session", 0), column("position", 0), column("outcome", 0))],
        "revisions": [
            {"number": str(number), "from": str(from_), "into": str(into),
             "cause": name_of(CONSTANTS["revisionCauses"], cause), "partition": partition}
            for number, from_, into, cause, partition in zip(
                column("revisionNumber", 0), ids("revisionFrom"), ids("revisionInto"),
                column("revisionCause", 0), column("revisionPartition", 0))],
        "encoding": describe(columns, FORMS[kind]),
    }


# ---- LOOKUP

def encode_lookup_request(body):
    key = bytes.fromhex(body["key"])
    return struct.pack("<BxH4x", CONSTANTS["lookupBy"][body["by"]], len(key)) + key


def decode_lookup_request(frame):
    body = frame[HEADER_BYTES:]
    if len(body) < 8:
        raise Fault("truncatedBody", len(frame))
    by, reserved, length, reserved_too = struct.unpack_from("<BBHI", body)
    if len(body) < 8 + length:
        raise Fault("truncatedBody", len(frame))
    if reserved != 0:
        raise Fault("bodyReservedNotZero", HEADER_BYTES + 1)
    if reserved_too != 0:
        raise Fault("bodyReservedNotZero", HEADER_BYTES + 4)
    if len(body) > 8 + length:
        raise Fault("trailingBytes", HEADER_BYTES + 8 + length)
    if by == 1 and not 1 <= length <= LIMITS["visitorKeyBytesMax"]:
        raise Fault("badKeyLength", HEADER_BYTES + 2)
    if by not in (1, 2):
        raise Fault("badLookup", HEADER_BYTES)
    if by == 2 and length != 16:
        raise Fault("badLookup", HEADER_BYTES + 2)
    return {"by": name_of(CONSTANTS["lookupBy"], by), "key": body[8:].hex()}


SESSION_RECORD = "<16sqqqqIIIIIBBxx8IIIIIq"


def encode_lookup_reply(body):
    text_index = plus_one(body["encoding"].get("texts", []))
    records, path = [], []
    for session in body["sessions"]:
        boundary_out = session["boundary_out"]
        records.append(struct.pack(
            SESSION_RECORD, uuid.UUID(session["id"]).bytes, int(session["first_event"]),
            int(session["last_event"]), int(session["value"]), int(session["engaged"]),
            session["ordinal"], session["events"], session["views"], session["actions"],
            session["conversions"], state_byte(session["state"]),
            255 if boundary_out is None else BOUNDARIES[boundary_out],
            *(text_index[session["context"].get(name)] for name in ATTRIBUTES),
            text_index[session.get("landing_page")], text_index[session.get("exit_page")],
            len(path), len(session["path"]), int(session["finishes"])))
        path += [struct.pack("<II", step["after"], text_index[step.get("page")])
                 for step in session["path"]]
    parts = {**text_parts(body["encoding"]), "sessions": records, "path": path}
    return assemble(struct.pack("<IHHq", len(records), 0, 0, int(body["clock"])), body, parts,
                    ("LOOKUP", "reply"))


def read_session(part, texts, path):
    """The content of a record of the column `sessions`."""
    (id_, first, last, value, engaged, ordinal, events, views, actions, conversions, state,
     boundary_out, *context, landing, exit_, path_start, path_length,
     finishes) = struct.unpack_from(SESSION_RECORD, part)
    return {
        "id": str(uuid.UUID(bytes=id_)), "ordinal": ordinal, "first_event": str(first),
        "last_event": str(last), "value": str(value), "engaged": str(engaged),
        "events": events, "views": views, "actions": actions, "conversions": conversions,
        "state": read_state(state),
        "boundary_out": None if boundary_out == 255 else name_of(BOUNDARIES, boundary_out),
        "context": read_context(context, texts),
        **({"landing_page": texts[landing - 1]} if landing else {}),
        **({"exit_page": texts[exit_ - 1]} if exit_ else {}),
        "path": [{"after": after, **({"page": texts[page - 1]} if page else {})}
                 for after, page in path[path_start:path_start + path_length]],
        "finishes": str(finishes)}


def decode_lookup_reply(frame):
    kind = ("LOOKUP", "reply")
    columns = check_layout(frame, kind)
    count, _, _, clock = struct.unpack_from("<IHHq", frame, HEADER_BYTES)
    check_columns(columns, kind, {"sessions": count}, ["sessions"] if count else [],
                  {"texts": LIMITS["batchTextsMax"]})
    texts, _ = check_texts(columns)
    records = columns["sessions"].records() if "sessions" in columns else []
    path = [struct.unpack_from("<II", step) for step in columns["path"].records()] \
        if "path" in columns else []

    faults = Faults()
    for row, part in enumerate(records):
        at = columns["sessions"].start + row * columns["sessions"].parameter
        for cell in range(72, 112, 4):
            if struct.unpack_from("<I", part, cell)[0] > len(texts):
                faults.add("indexOutOfRange", at + cell)
        start, length = struct.unpack_from("<II", part, 112)
        if start + length > len(path):
            faults.add("indexOutOfRange", at + 112)
    for row, (_, text) in enumerate(path):
        if text > len(texts):
            faults.add("indexOutOfRange",
                       columns["path"].start + row * columns["path"].parameter + 4)
    faults.raise_lowest()

    sessions = [read_session(part, texts, path) for part in records]
    encoding = describe(columns, FORMS[kind])
    if "texts" in columns:
        encoding["texts"] = texts
    return {"clock": str(clock), "sessions": sessions, "encoding": encoding}


# ---- STATUS

def encode_status_request(_):
    return b""


def decode_status_request(frame):
    if len(frame) > HEADER_BYTES:
        raise Fault("trailingBytes", HEADER_BYTES)
    return {}


def encode_status_reply(body):
    parts = {"texts": [gauge["name"].encode("utf-8") for gauge in body["gauges"]],
             "gauges": [int(gauge["value"]) for gauge in body["gauges"]]}
    return assemble(struct.pack("<IHHq", len(body["gauges"]), 0, 0, int(body["server_time"])),
                    body, parts, ("STATUS", "reply"))


def decode_status_reply(frame):
    kind = ("STATUS", "reply")
    columns = check_layout(frame, kind)
    count, _, _, server_time = struct.unpack_from("<IHHq", frame, HEADER_BYTES)
    check_columns(columns, kind, {"texts": count, "gauges": count},
                  ["texts", "gauges"] if count else [], {"texts": LIMITS["batchTextsMax"]})
    texts, _ = check_texts(columns)
    values = columns["gauges"].integers(signed=True) if "gauges" in columns else []
    return {"server_time": str(server_time),
            "gauges": [{"name": name, "value": str(value)} for name, value in zip(texts, values)],
            "encoding": describe(columns, FORMS[kind])}


# ---- ERROR

def encode_error_reply(body):
    message = body["message"].encode("utf-8")
    offset = NONE if body["offset"] is None else body["offset"]
    return struct.pack("<HBxIIBBH", ERRORS[body["code"]]["code"], int(body["retriable"]),
                       body["retry_after"], offset, body["lowest_version"],
                       body["highest_version"], len(message)) + message


def decode_error_reply(frame):
    body = frame[HEADER_BYTES:]
    if len(body) < 16:
        raise Fault("truncatedBody", len(frame))
    code, flags, reserved, retry_after, offset, lowest, highest, length = struct.unpack_from(
        "<HBBIIBBH", body)
    if len(body) < 16 + length:
        raise Fault("truncatedBody", len(frame))
    if reserved != 0:
        raise Fault("bodyReservedNotZero", HEADER_BYTES + 3)
    if len(body) > 16 + length:
        raise Fault("trailingBytes", HEADER_BYTES + 16 + length)
    return {"code": next(name for name, error in ERRORS.items() if error["code"] == code),
            "retriable": flags & 1 == 1, "retry_after": retry_after,
            "offset": None if offset == NONE else offset, "lowest_version": lowest,
            "highest_version": highest,
            "message": read_text(body[16:], "badUTF8", HEADER_BYTES + 16)}


# ---- any message

ENCODERS = {
    ("HELLO", "request"): encode_hello_request, ("HELLO", "reply"): encode_hello_reply,
    ("ASSIGN", "request"): encode_assign_request, ("ASSIGN", "reply"): encode_assign_reply,
    ("LOOKUP", "request"): encode_lookup_request, ("LOOKUP", "reply"): encode_lookup_reply,
    ("STATUS", "request"): encode_status_request, ("STATUS", "reply"): encode_status_reply,
    ("ERROR", "reply"): encode_error_reply,
}
DECODERS = {
    ("HELLO", "request"): decode_hello_request, ("HELLO", "reply"): decode_hello_reply,
    ("ASSIGN", "request"): decode_assign_request, ("ASSIGN", "reply"): decode_assign_reply,
    ("LOOKUP", "request"): decode_lookup_request, ("LOOKUP", "reply"): decode_lookup_reply,
    ("STATUS", "request"): decode_status_request, ("STATUS", "reply"): decode_status_reply,
    ("ERROR", "reply"): decode_error_reply,
}


def encode(direction, header, body):
    """The frame of a message."""
    return seal(header, ENCODERS[header["operation"], form_of(direction, header)](body))


def decode(direction, frame):
    """Header and body of a frame; raises Fault."""
    header = check_header(frame, direction)
    return header, DECODERS[header["operation"], form_of(direction, header)](frame)


def form_of(direction, header):
    """What a router is answered when it asks for a part has a form of its own."""
    is_part = header["operation"] == "REPORT" and header["flags"] == 3
    return "part" if is_part else direction
