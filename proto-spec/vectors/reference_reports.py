"""The part of the codec that only who asks for reports needs: REPORT, FETCH and FORGET."""

import struct
import uuid

import reference as codec
from reference import (BOUNDARIES, CONSTANTS, FIXED_BYTES, FORMS, HEADER_BYTES, LIMITS, Fault, Faults,
                       Form, check_columns, check_layout, check_texts, describe, name_of, plus_one,
                       record, state_byte, text_parts, ATTRIBUTES, DICTIONARY, SESSION_RECORD)

QUESTIONS = CONSTANTS["reportQuestions"]
FLAGS = CONSTANTS["reportFlags"]
DIMENSIONS = CONSTANTS["reportDimensions"]
INTERVALS = CONSTANTS["reportIntervals"]
ROW_KINDS = CONSTANTS["reportRowKinds"]
MATCHES = CONSTANTS["stepMatches"]
ENTRY_KINDS = CONSTANTS["entryKinds"]
FEED = CONSTANTS["feed"]
LEAST, MOST = -2**63, 2**63 - 1

FORMS["REPORT", "request"] = {
    "texts": DICTIONARY, "filters": record(8), "steps": record(8)}
FORMS["REPORT", "reply"] = {"texts": DICTIONARY, "reportRows": record(112)}
FORMS["FETCH", "reply"] = {
    "texts": DICTIONARY, "revisionNumber": Form((8,)), "revisionFrom": record(16),
    "revisionInto": record(16), "revisionCause": Form((1,)), "revisionPartition": Form((2,)),
    "sessions": record(128), "path": record(8), "entries": record(40)}
FIXED_BYTES["REPORT", "request"] = 32
FIXED_BYTES["REPORT", "reply"] = 56
FIXED_BYTES["FETCH", "reply"] = 32


def integer(data, at):
    return struct.unpack_from("<I", data, at)[0]


def check_index(faults, frame, at, count):
    if integer(frame, at) > count:
        faults.add("indexOutOfRange", at)


def check_reserved(frame, fixed_bytes, reserved):
    """Reserved bytes of a body with columns, from a byte to a byte; where its directory is cut, that is told
    first."""
    body = frame[HEADER_BYTES:]
    columns = struct.unpack_from("<H", body, 4)[0] if len(body) > 5 else 0
    if len(body) < fixed_bytes + 16 * columns:
        return
    for at, end in reserved:
        if any(body[at:end]):
            raise Fault("bodyReservedNotZero", HEADER_BYTES + at)


# ---- REPORT

def encode_report_request(body):
    kind = body["question"]
    index = plus_one(body["encoding"].get("texts", []))
    index[""] = 0
    grouping = DIMENSIONS.get(body.get("dimension"), INTERVALS.get(body.get("interval"), 0))
    flags = (FLAGS["automated"] * body["automated"] + FLAGS["compare"] * body["compare"]
             + FLAGS["local"] * body["local"])
    fixed = struct.pack("<BBHHHqqII", QUESTIONS[kind], grouping, flags, 0, 0, int(body["start"]),
                        int(body["end"]), body["rows"], index[body.get("page", "")])
    parts = {**text_parts(body["encoding"]),
             "filters": [struct.pack("<BBHI", DIMENSIONS[part["dimension"]], part["negated"], 0,
                                     index[part["value"]]) for part in body["filters"]],
             "steps": [struct.pack("<BBHI", MATCHES[part["match"]], 0, 0, index[part["page"]])
                       for part in body.get("steps", [])]}
    return codec.assemble(fixed, body, parts, ("REPORT", "request"))


def decode_report_request(frame):
    kind = ("REPORT", "request")
    columns = check_layout(frame, kind)
    question, grouping, flags, _, _, start, end, rows, page = struct.unpack_from(
        "<BBHHHqqII", frame, HEADER_BYTES)
    is_funnel = question == QUESTIONS["funnel"]
    check_columns(columns, kind, {}, ["steps"] if is_funnel else [],
                  {"texts": LIMITS["batchTextsMax"], "filters": LIMITS["reportFiltersMax"],
                   "steps": LIMITS["funnelStepsMax"] if is_funnel else 0})
    texts, _ = check_texts(columns)

    def records(name):
        if name not in columns:
            return []
        column = columns[name]
        return [(column.start + row * column.parameter, part)
                for row, part in enumerate(column.records())]

    faults = Faults()
    for at, part in records("filters"):
        if part[0] not in DIMENSIONS.values():
            faults.add("badKind", at)
        if part[1] > 1:
            faults.add("badKind", at + 1)
    for at, part in records("steps"):
        if part[0] not in MATCHES.values():
            faults.add("badKind", at)
    check_index(faults, frame, HEADER_BYTES + 28, len(texts))
    for at, _ in records("filters") + records("steps"):
        check_index(faults, frame, at + 4, len(texts))
    faults.raise_lowest()

    allowed = {2: DIMENSIONS, 3: INTERVALS}.get(question)
    if question not in QUESTIONS.values() or is_funnel and not records("steps"):
        faults.add("badReport", HEADER_BYTES)
    if grouping not in (allowed.values() if allowed else [0]):
        faults.add("badReport", HEADER_BYTES + 1)
    if flags > 7 or flags & FLAGS["compare"] and question > 3:
        faults.add("badReport", HEADER_BYTES + 2)
    if end < start:
        faults.add("badReport", HEADER_BYTES + 16)
    if rows > LIMITS["reportRowsMax"]:
        faults.add("badReport", HEADER_BYTES + 24)
    if page != 0 and question != QUESTIONS["paths"]:
        faults.add("badReport", HEADER_BYTES + 28)
    faults.raise_lowest()

    def text(part):
        number = integer(part, 4)
        return "" if number == 0 else texts[number - 1]

    name = name_of(QUESTIONS, question)
    encoding = describe(columns, FORMS[kind])
    if "texts" in columns:
        encoding["texts"] = texts
    body = {"question": name}
    if name == "breakdown":
        body["dimension"] = name_of(DIMENSIONS, grouping)
    if name == "series":
        body["interval"] = name_of(INTERVALS, grouping)
    body |= {"start": str(start), "end": str(end), "local": bool(flags & FLAGS["local"]),
             "automated": bool(flags & FLAGS["automated"]),
             "compare": bool(flags & FLAGS["compare"]), "rows": rows,
             "filters": [{"dimension": name_of(DIMENSIONS, part[0]), "value": text(part),
                          "negated": part[1] == 1} for _, part in records("filters")]}
    if name == "paths":
        body["page"] = "" if page == 0 else texts[page - 1]
    if name == "funnel":
        body["steps"] = [{"page": text(part), "match": name_of(MATCHES, part[0])}
                         for _, part in records("steps")]
    return {**body, "encoding": encoding}


FIGURES = ("sessions", "visitors", "new_visitors", "views", "actions", "conversions", "converted",
           "engaged")
ROW = "<BBHIIIq8Qqqq"


def encode_report_reply(body):
    index = plus_one(body["encoding"].get("texts", []))
    index[""] = 0
    rows = [struct.pack(
        ROW, ROW_KINDS[row["kind"]], row["previous"], 0, index[row["text"]], index[row["next"]],
        0 if row["parent"] is None else row["parent"] + 1,
        LEAST if row["time"] is None else int(row["time"]), *(int(row[name]) for name in FIGURES),
        int(row["value"]), int(row["duration"]), int(row["median"])) for row in body["rows"]]
    fixed = struct.pack("<IHHqqqQQII", len(rows), 0, 0, int(body["clock"]), int(body["start"]),
                        int(body["end"]), int(body["live_sessions"]),
                        int(body["automated_sessions"]), index[body["time_zone"]], 0)
    parts = {**text_parts(body["encoding"]), "reportRows": rows}
    return codec.assemble(fixed, body, parts, ("REPORT", "reply"))


def decode_report_reply(frame):
    kind = ("REPORT", "reply")
    check_reserved(frame, 56, ((6, 8), (52, 56)))
    columns = check_layout(frame, kind)
    (count, _, _, clock, start, end, live, automated, zone, _) = struct.unpack_from(
        "<IHHqqqQQII", frame, HEADER_BYTES)
    check_columns(columns, kind, {"reportRows": count}, ["reportRows"] if count else [], {})
    texts, _ = check_texts(columns)
    records = columns["reportRows"].records() if count else []
    faults = Faults()
    for row, part in enumerate(records):
        at = columns["reportRows"].start + row * columns["reportRows"].parameter
        if part[0] not in ROW_KINDS.values():
            faults.add("badKind", at)
        check_index(faults, frame, at + 4, len(texts))
        check_index(faults, frame, at + 8, len(texts))
        check_index(faults, frame, at + 12, row)
    check_index(faults, frame, HEADER_BYTES + 48, len(texts))
    faults.raise_lowest()

    def text(number):
        return "" if number == 0 else texts[number - 1]

    rows = []
    for part in records:
        (row_kind, flags, _, value, following, parent, time, *counts, money, duration,
         median) = struct.unpack_from(ROW, part)
        rows.append({
            "kind": name_of(ROW_KINDS, row_kind), "previous": flags & 1 == 1, "text": text(value),
            "next": text(following), "parent": None if parent == 0 else parent - 1,
            "time": None if time == LEAST else str(time),
            **{name: str(number) for name, number in zip(FIGURES, counts)},
            "value": str(money), "duration": str(duration), "median": str(median)})
    encoding = describe(columns, FORMS[kind])
    if "texts" in columns:
        encoding["texts"] = texts
    return {"clock": str(clock), "start": str(start), "end": str(end), "time_zone": text(zone),
            "live_sessions": str(live), "automated_sessions": str(automated), "rows": rows,
            "encoding": encoding}


# ---- parts of REPORT

GROUP_FIELDS = CONSTANTS["reportGroupFields"]
SIGNED = ("time", "value")
FORMS["REPORT", "part"] = {"texts": DICTIONARY, "groups": Form((1,)), "days": record(16)}
FIXED_BYTES["REPORT", "part"] = 56


def varint(number):
    data = bytearray()
    while number >= 0x80:
        data.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(data) + bytes([number])


def read_varint(data, at):
    """The number and where the next begins; None when there is no whole one."""
    number = shift = 0
    while at < len(data) and shift < 64:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return (number, at) if number < 2**64 else None
    return None


def zigzag(number):
    return (number << 1 ^ number >> 63) & 2**64 - 1


def encode_times(times):
    runs = [(time, times.count(time)) for time in sorted(set(times))]
    data, last = varint(len(runs)), 0
    for time, count in runs:
        data += varint(time - last << 1 | (count > 1))
        data += varint(count - 2) if count > 1 else b""
        last = time
    return data


def encode_group(group, index):
    numbers = {"text": index[group["text"]], "next": index[group["next"]],
               "parent": 0 if group["parent"] is None else group["parent"] + 1,
               "value": zigzag(int(group["value"])), "duration": int(group["duration"]),
               **{name: int(group[name]) for name in FIGURES}}
    numbers = {name: number for name, number in numbers.items() if number}
    if group["time"] is not None:
        numbers["time"] = zigzag(int(group["time"]))
    present = set(numbers) | ({"previous"} if group["previous"] else set()) \
        | ({"part"} if group["kind"] == "part" else set()) | ({"times"} if group["times"] else set())
    mask = sum(1 << bit for bit, name in enumerate(GROUP_FIELDS) if name in present)
    data = varint(mask) + b"".join(varint(numbers[name]) for name in GROUP_FIELDS if name in numbers)
    return data + (encode_times([int(time) for time in group["times"]]) if group["times"] else b"")


def encode_report_part(body):
    index = plus_one(body["encoding"].get("texts", []))
    index[""] = 0
    fixed = struct.pack("<IHHqqqQQII", len(body["groups"]), 0, 0, int(body["clock"]),
                        int(body["start"]), int(body["end"]), int(body["live_sessions"]),
                        int(body["automated_sessions"]), index[body["time_zone"]], body["rows"])
    days = [(LEAST, int(body["first_offset"]))] + [
        (int(day["start"]), int(day["offset"])) for day in body["days"]]
    parts = {**text_parts(body["encoding"]),
             "groups": b"".join(encode_group(group, index) for group in body["groups"]),
             "days": [struct.pack("<qq", *day) for day in days]}
    return codec.assemble(fixed, body, parts, ("REPORT", "part"))


def decode_times(data, at, most):
    runs = read_varint(data, at)
    if runs is None or runs[0] > len(data) - runs[1]:
        return None
    times, last, (count, at) = [], 0, runs
    for _ in range(count):
        token = read_varint(data, at)
        if token is None:
            return None
        last, at, repeats = last + (token[0] >> 1), token[1], 1
        if token[0] & 1:
            more = read_varint(data, at)
            if more is None:
                return None
            repeats, at = more[0] + 2, more[1]
        if last >= 2**63 or repeats > most - len(times):
            return None
        times += [last] * repeats
    return times, at


def decode_group(data, at, row, texts, place):
    """The group and where the next begins; None when it goes on behind the column."""
    start, mask = place + at, read_varint(data, at)
    if mask is None:
        return None
    mask, at = mask
    if mask >> len(GROUP_FIELDS):
        raise Fault("badKind", start)
    names = [name for bit, name in enumerate(GROUP_FIELDS) if mask >> bit & 1]
    numbers = dict.fromkeys(GROUP_FIELDS, 0)
    for name in names:
        if name in ("previous", "part", "times"):
            continue
        number = read_varint(data, at)
        if number is None:
            return None
        numbers[name], at = number
        bound = {"text": len(texts), "next": len(texts), "parent": row}.get(name)
        if bound is not None and not 1 <= numbers[name] <= bound:
            raise Fault("indexOutOfRange", start)
        if name in SIGNED:
            numbers[name] = numbers[name] >> 1 ^ -(numbers[name] & 1)
    times = []
    if "times" in names:
        found = decode_times(data, at, numbers["sessions"])
        if found is None:
            return None
        times, at = found

    def text(name):
        return texts[numbers[name] - 1] if name in names else ""

    return {"kind": "part" if "part" in names else "total", "previous": "previous" in names,
            "text": text("text"), "next": text("next"),
            "parent": numbers["parent"] - 1 if "parent" in names else None,
            "time": str(numbers["time"]) if "time" in names else None,
            **{name: str(numbers[name]) for name in FIGURES},
            "value": str(numbers["value"]), "duration": str(numbers["duration"]),
            "times": [str(time) for time in times]}, at


def decode_report_part(frame):
    kind = ("REPORT", "part")
    columns = check_layout(frame, kind)
    count, _, _, clock, start, end, live, automated, zone, rows = struct.unpack_from(
        "<IHHqqqQQII", frame, HEADER_BYTES)
    check_columns(columns, kind, {}, ["groups"], {"days": LIMITS["batchTextsMax"]})
    texts, _ = check_texts(columns)
    column, groups, at = columns["groups"], [], 0
    for row in range(count):
        found = decode_group(column.data, at, row, texts, column.start)
        if found is None:
            raise Fault("badElementCount", column.start)
        group, at = found
        groups.append(group)
    if at != len(column.data):
        raise Fault("badElementCount", column.start)
    days = []
    for row, part in enumerate(columns["days"].records() if "days" in columns else []):
        place = columns["days"].start + row * columns["days"].parameter
        time, offset = struct.unpack_from("<qq", part)
        if time != LEAST if row == 0 else time <= days[-1][0]:
            raise Fault("timeOutOfRange", place)
        if abs(offset) > 86_400_000:
            raise Fault("timeOutOfRange", place + 8)
        days.append((time, offset))
    if zone > len(texts):
        raise Fault("indexOutOfRange", HEADER_BYTES + 48)
    encoding = describe(columns, FORMS[kind])
    if "texts" in columns:
        encoding["texts"] = texts
    return {"clock": str(clock), "start": str(start), "end": str(end),
            "time_zone": "" if zone == 0 else texts[zone - 1], "live_sessions": str(live),
            "automated_sessions": str(automated), "rows": rows,
            "first_offset": str(days[0][1]) if days else "0",
            "days": [{"start": str(time), "offset": str(offset)} for time, offset in days[1:]],
            "groups": groups, "encoding": encoding}


# ---- FETCH

def encode_fetch_request(body):
    return struct.pack("<IHHQII", body["entries"], body["partition"], 0, int(body["position"]),
                       body["index"], 0)


def fixed_body(frame, size, reserved):
    """Parts of `reserved` go from a byte to a byte."""
    body = frame[HEADER_BYTES:]
    if len(body) < size:
        raise Fault("truncatedBody", len(frame))
    for at, end in reserved:
        if any(body[at:end]):
            raise Fault("bodyReservedNotZero", HEADER_BYTES + at)
    if len(body) > size:
        raise Fault("trailingBytes", HEADER_BYTES + size)
    return body


def decode_fetch_request(frame):
    entries, partition, _, position, index, _ = struct.unpack(
        "<IHHQII", fixed_body(frame, 24, ((6, 8), (20, 24))))
    return {"partition": partition, "position": str(position), "index": index, "entries": entries}


def encode_fetch_reply(body):
    text_index = plus_one(body["encoding"].get("texts", []))
    sessions, path, revisions, entries = [], [], [], []
    for entry in body["entries"]:
        is_session = "session" in entry
        row = len(sessions) if is_session else len(revisions)
        entries.append(struct.pack(
            "<QIIII", int(entry["position"]), entry["index"], entry["property"],
            ENTRY_KINDS["opened" if "opened" in entry else "finished" if is_session else "revised"],
            row)
            + (bytes.fromhex(entry["visitor"]) if is_session else bytes(16)))
        if not is_session:
            revisions.append(entry["revision"])
            continue
        session = entry["session"]
        out = session["boundary_out"]
        sessions.append(struct.pack(
            SESSION_RECORD, uuid.UUID(session["id"]).bytes, int(session["first_event"]),
            int(session["last_event"]), int(session["value"]), int(session["engaged"]),
            session["ordinal"], session["events"], session["views"], session["actions"],
            session["conversions"], state_byte(session["state"]),
            255 if out is None else BOUNDARIES[out],
            *(text_index[session["context"].get(name)] for name in ATTRIBUTES),
            text_index[session.get("landing_page")], text_index[session.get("exit_page")],
            len(path), len(session["path"]), int(session["finishes"])))
        path += [struct.pack("<II", step["after"], text_index[step.get("page")])
                 for step in session["path"]]
    parts = {
        **text_parts(body["encoding"]), "sessions": sessions, "path": path, "entries": entries,
        "revisionNumber": [int(revision["number"]) for revision in revisions],
        "revisionFrom": [uuid.UUID(revision["from"]).bytes for revision in revisions],
        "revisionInto": [uuid.UUID(revision["into"]).bytes for revision in revisions],
        "revisionCause": [CONSTANTS["revisionCauses"][revision["cause"]] for revision in revisions],
        "revisionPartition": [revision["partition"] for revision in revisions]}
    fixed = struct.pack("<IHHQIIHHI", len(entries), 0, 0, int(body["position"]), body["index"],
                        int(body["more"]), body["first_partition"], body["last_partition"], 0)
    return codec.assemble(fixed, body, parts, ("FETCH", "reply"))


def decode_fetch_reply(frame, kinds=("finished", "revised")):
    kind = ("FETCH", "reply")
    check_reserved(frame, 32, ((6, 8), (28, 32)))
    columns = check_layout(frame, kind)
    count, _, _, position, index, flags, first, last, _ = struct.unpack_from(
        "<IHHQIIHHI", frame, HEADER_BYTES)
    check_columns(columns, kind, {"entries": count}, ["entries"] if count else [],
                  {"texts": LIMITS["batchTextsMax"]})
    texts, _ = check_texts(columns)
    records = columns["sessions"].records() if "sessions" in columns else []
    path = [struct.unpack_from("<II", step) for step in columns["path"].records()] \
        if "path" in columns else []
    sessions = [codec.read_session(part, texts, path) for part in records]
    revisions = [
        {"number": str(number), "from": str(uuid.UUID(bytes=from_[:16])),
         "into": str(uuid.UUID(bytes=into[:16])), "cause": name_of(CONSTANTS["revisionCauses"], cause),
         "partition": partition}
        for number, from_, into, cause, partition in zip(
            columns["revisionNumber"].integers(), columns["revisionFrom"].records(),
            columns["revisionInto"].records(), columns["revisionCause"].integers(),
            columns["revisionPartition"].integers())] if "revisionNumber" in columns else []
    parts = columns["entries"].records() if count else []
    starts = [columns["entries"].start + row * columns["entries"].parameter
              for row in range(count)]
    for at, part in zip(starts, parts):
        if part[16] not in [ENTRY_KINDS[name] for name in kinds]:
            raise Fault("badKind", at + 16)
    entries = []
    for at, part in zip(starts, parts):
        place, number, property_, what, row = struct.unpack_from("<QIIB3xI", part)
        is_session = what != ENTRY_KINDS["revised"]
        if row >= len(sessions if is_session else revisions):
            raise Fault("indexOutOfRange", at + 20)
        entry = {"position": str(place), "index": number, "property": property_}
        if is_session:
            entry |= {"visitor": part[24:40].hex(), "session": sessions[row]}
            entry |= {"opened": True} if what == ENTRY_KINDS["opened"] else {}
        else:
            entry |= {"revision": revisions[row]}
        entries.append(entry)
    encoding = describe(columns, FORMS[kind])
    if "texts" in columns:
        encoding["texts"] = texts
    return {"first_partition": first, "last_partition": last, "position": str(position),
            "index": index, "more": flags & 1 == 1, "entries": entries, "encoding": encoding}


# ---- the feed

def topic(property_):
    return bytes.fromhex(FEED["topicMagic"]) + struct.pack("<I", property_)


def encode_feed(header, body):
    """A message of the feed: topic, header and body."""
    return topic(header["property"]) + codec.encode("reply", header, body)


def decode_feed(message):
    """Header and body; offsets of faults count from the header."""
    if len(message) < FEED["topicBytes"]:
        raise Fault("truncatedHeader")
    if message[:4] != topic(0)[:4]:
        raise Fault("badMagic")
    frame = message[FEED["topicBytes"]:]
    header = codec.check_header(frame, "reply")
    if header["operation"] != "FETCH":
        raise Fault("unknownOperation", 5)
    if topic(header["property"]) != message[:FEED["topicBytes"]]:
        raise Fault("unknownProperty", 36)
    return header, decode_fetch_reply(frame, ENTRY_KINDS)


# ---- FORGET

def encode_forget_request(body):
    return codec.encode_lookup_request({"by": "visitor", "key": body["key"]})


def decode_forget_request(frame):
    request = codec.decode_lookup_request(frame)
    if request["by"] != "visitor":
        raise Fault("badLookup", HEADER_BYTES)
    return {"key": request["key"]}


def encode_forget_reply(body):
    return struct.pack("<IIQ", body["live_sessions"], 0, int(body["position"]))


def decode_forget_reply(frame):
    live, _, position = struct.unpack("<IIQ", fixed_body(frame, 16, ((4, 8),)))
    return {"live_sessions": live, "position": str(position)}


codec.ENCODERS |= {
    ("REPORT", "part"): encode_report_part,
    ("REPORT", "request"): encode_report_request, ("REPORT", "reply"): encode_report_reply,
    ("FETCH", "request"): encode_fetch_request, ("FETCH", "reply"): encode_fetch_reply,
    ("FORGET", "request"): encode_forget_request, ("FORGET", "reply"): encode_forget_reply}
codec.DECODERS |= {
    ("REPORT", "part"): decode_report_part,
    ("REPORT", "request"): decode_report_request, ("REPORT", "reply"): decode_report_reply,
    ("FETCH", "request"): decode_fetch_request, ("FETCH", "reply"): decode_fetch_reply,
    ("FORGET", "request"): decode_forget_request, ("FORGET", "reply"): decode_forget_reply}
