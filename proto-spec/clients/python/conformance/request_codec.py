"""What a server reads: requests to and from the content of the golden messages."""

from __future__ import annotations

import struct
from typing import Any

import reports_codec
from shared import (
    CONTEXT_NAMES,
    ChosenWriter,
    Json,
    columns_json,
    header_json,
    header_of,
    read_lookup,
    unknown_json,
)
from sojourn import constants
from sojourn.constants import Column, ErrorCode, Kind, LookupBy, Operation
from sojourn.wire import header as wire_header
from sojourn.wire import integers
from sojourn.wire.assign import write_assign
from sojourn.wire.fault import Faults, WireFault
from sojourn.wire.header import HEADER_BYTES
from sojourn.wire.hello import write_hello
from sojourn.wire.lookup import write_lookup
from sojourn.wire.reader import (
    CONTEXTS,
    DICTIONARY,
    INDEX,
    BodyReader,
    Rule,
    check_entries,
    integer_column,
)
from sojourn.wire.texts import shared_prefixes

ASSIGN_RULES: dict[int, Rule] = {
    Column.TIME: integer_column(4, 8),
    Column.KIND: integer_column(1),
    Column.VISITOR: INDEX,
    Column.VISITOR_KEYS: DICTIONARY,
    Column.NAME: INDEX,
    Column.TEXTS: DICTIONARY,
    Column.TEXT_PREFIXES: integer_column(1),
    Column.CONTEXT: INDEX,
    Column.CONTEXTS: CONTEXTS,
    Column.VALUE: integer_column(1, 2, 4, 8, signed=True, has_parameter=True),
    Column.EVENT_ID: integer_column(8),
}
_ASSIGN_FIXED = struct.Struct("<IHHq")
_HELLO_FIXED = struct.Struct("<BBHI16s")


# Reading


def decode_request(frame: bytes) -> tuple[Json, Json | None]:
    if len(frame) > constants.MESSAGE_BYTES_MAX:
        _check_header_only(frame)
        raise WireFault(ErrorCode.MESSAGE_TOO_LARGE)
    header, body = wire_header.read_frame(frame, flags=0)
    match header.operation:
        case Operation.HELLO:
            content = _read_hello(body)
        case Operation.ASSIGN:
            content = _read_assign(body)
        case Operation.LOOKUP:
            content = read_lookup(body)
        case Operation.REPORT:
            content = reports_codec.read_report(body)
        case Operation.FETCH:
            content = reports_codec.read_fetch(body)
        case Operation.FORGET:
            content = reports_codec.read_forget(body)
        case _:
            if len(body):
                raise WireFault(ErrorCode.TRAILING_BYTES, HEADER_BYTES)
            content = None
    return header_json(header), content


def _check_header_only(frame: bytes) -> None:
    """Faults that come before that of a frame which is too large."""
    try:
        wire_header.read_frame(frame, flags=0)
    except WireFault as fault:
        if fault.code < ErrorCode.MESSAGE_TOO_LARGE:
            raise


def _read_hello(body: memoryview) -> Json:
    if len(body) < _HELLO_FIXED.size:
        raise WireFault(ErrorCode.TRUNCATED_BODY, HEADER_BYTES + len(body))
    lowest, highest, length, features, deployment = _HELLO_FIXED.unpack_from(body)
    end = _HELLO_FIXED.size + length
    if len(body) < end:
        raise WireFault(ErrorCode.TRUNCATED_BODY, HEADER_BYTES + len(body))
    faults = Faults()
    if len(body) > end:
        faults.add(ErrorCode.TRAILING_BYTES, HEADER_BYTES + end)
    if lowest > highest:
        faults.add(ErrorCode.BAD_NAME, HEADER_BYTES)
    elif not lowest <= constants.PROTOCOL_VERSION <= highest:
        faults.add(ErrorCode.UNSUPPORTED_VERSION, HEADER_BYTES)
    if length > constants.CLIENT_NAME_BYTES_MAX:
        faults.add(ErrorCode.BAD_NAME, HEADER_BYTES + 2)
    name = bytes(body[_HELLO_FIXED.size : end])
    try:
        text = name.decode()
    except UnicodeDecodeError:
        faults.add(ErrorCode.BAD_NAME, HEADER_BYTES + _HELLO_FIXED.size)
        text = ""
    faults.check()
    return {
        "lowest_version": lowest,
        "highest_version": highest,
        "features": features,
        "deployment": deployment.hex(),
        "name": text,
    }


def _read_assign(body: memoryview) -> Json:
    if len(body) < _ASSIGN_FIXED.size:
        raise WireFault(ErrorCode.TRUNCATED_BODY, HEADER_BYTES + len(body))
    events, _, _, base_time = _ASSIGN_FIXED.unpack_from(body)
    faults = Faults()
    if not 1 <= events <= constants.BATCH_EVENTS_MAX:
        faults.add(ErrorCode.BAD_EVENT_COUNT, HEADER_BYTES)
    reader = BodyReader(body, _ASSIGN_FIXED.size, ASSIGN_RULES, faults)
    per_event = (1, 2, 3, 5, 8, 10, 11)
    counts = dict.fromkeys(per_event, events)
    texts_view = reader.get(Column.TEXTS)
    prefixes_view = reader.get(Column.TEXT_PREFIXES)
    required = [Column.TIME, Column.KIND, Column.VISITOR, Column.VISITOR_KEYS]
    if prefixes_view is not None:
        required.append(Column.TEXTS)
        counts[Column.TEXT_PREFIXES] = texts_view.elements if texts_view else 0
    reader.expect(counts, required)
    prefixes = prefixes_view.integers() if prefixes_view else None
    keys_view = reader[Column.VISITOR_KEYS]
    check_entries(keys_view, constants.VISITOR_KEY_BYTES_MAX, ErrorCode.BAD_KEY_LENGTH)
    texts: list[bytes] = []
    bad_prefix: int | None = None
    if texts_view is not None:
        check_entries(texts_view, constants.TEXT_BYTES_MAX, ErrorCode.BAD_TEXT_LENGTH, prefixes)
        texts, bad_prefix = _check_texts(texts_view, prefixes)
    faults = Faults()
    kinds = reader.integers(Column.KIND)
    for event, kind in enumerate(kinds):
        if not Kind.VIEW <= kind <= Kind.END:
            faults.add(ErrorCode.BAD_KIND, reader[Column.KIND].offset + event)
            break
    text_count = texts_view.elements if texts_view else 0
    if bad_prefix is not None:
        assert prefixes_view is not None
        faults.add(ErrorCode.INDEX_OUT_OF_RANGE, prefixes_view.offset + bad_prefix)
    rows = _read_contexts(reader, text_count, faults)
    _check_index(reader, Column.VISITOR, keys_view.elements, faults)
    _check_index(reader, Column.NAME, text_count + 1, faults)
    _check_index(reader, Column.CONTEXT, len(rows) + 1, faults)
    time_view = reader[Column.TIME]
    wide = time_view.width == 8
    deltas = integers.unpack(time_view.data, time_view.width, signed=wide)
    times = [base_time + delta for delta in deltas]
    for event, time in enumerate(times):
        if not 0 <= time < constants.EVENT_TIME_END:
            at = time_view.offset + event * time_view.width
            faults.add(ErrorCode.TIME_OUT_OF_RANGE, at)
            break
    value_view = reader.get(Column.VALUE)
    if value_view is not None and (
        value_view.parameter > constants.VALUE_SCALE_MAX
        or (value_view.width == 8 and value_view.parameter)
    ):
        faults.add(ErrorCode.BAD_SCALE, value_view.descriptor + 2)
    faults.check()
    return _assign_json(reader, body, base_time, times, texts, rows)


def _check_texts(view: Any, prefixes: Any) -> tuple[list[bytes], int | None]:
    """The texts as written out, up to the first prefix that is out of range."""
    own = view.entry_bytes()
    total = len(own) + (sum(prefixes) if prefixes is not None else 0)
    if total > constants.BATCH_TEXT_BYTES_MAX:
        raise WireFault(ErrorCode.TEXTS_TOO_LARGE)
    texts: list[bytes] = []
    last = b""
    start = 0
    for entry, end in enumerate(view.ends()):
        prefix = prefixes[entry] if prefixes is not None else 0
        if prefix > len(last):
            return texts, entry
        last = last[:prefix] + bytes(own[start:end])
        try:
            last.decode()
        except UnicodeDecodeError:
            at = view.offset + view.elements * view.width + start
            raise WireFault(ErrorCode.BAD_UTF8, at) from None
        texts.append(last)
        start = end
    return texts, None


def _read_contexts(reader: BodyReader, text_count: int, faults: Faults) -> list[list[int]]:
    view = reader.get(Column.CONTEXTS)
    if view is None:
        return []
    cells = view.integers().tolist()
    size = view.parameter
    rows = [cells[at : at + size] for at in range(0, len(cells), size)]
    for row, row_cells in enumerate(rows):
        for cell, text in enumerate(row_cells[: constants.CONTEXT_TEXTS]):
            if text > text_count:
                at = view.offset + (row * size + cell) * view.width
                faults.add(ErrorCode.INDEX_OUT_OF_RANGE, at)
                return rows
    return rows


def _check_index(reader: BodyReader, column: Column, end: int, faults: Faults) -> None:
    view = reader.get(column)
    if view is None:
        return
    for event, index in enumerate(view.integers()):
        if index >= end:
            faults.add(ErrorCode.INDEX_OUT_OF_RANGE, view.offset + event * view.width)
            return


def _assign_json(
    reader: BodyReader,
    body: memoryview,
    base_time: int,
    times: list[int],
    texts: list[bytes],
    rows: list[list[int]],
) -> Json:
    keys_view = reader[Column.VISITOR_KEYS]
    keys = []
    start = 0
    data = keys_view.entry_bytes()
    for end in keys_view.ends():
        keys.append(bytes(data[start:end]).hex())
        start = end
    words = [text.decode() for text in texts]
    contexts = [_context_json(row, words) for row in rows]
    kinds = reader.integers(Column.KIND)
    visitors = reader.integers(Column.VISITOR)
    names = reader.integers(Column.NAME) if Column.NAME in reader else None
    context = reader.integers(Column.CONTEXT) if Column.CONTEXT in reader else None
    values = reader.integers(Column.VALUE) if Column.VALUE in reader else None
    scale = 10 ** reader[Column.VALUE].parameter if values is not None else 1
    ids = reader.integers(Column.EVENT_ID) if Column.EVENT_ID in reader else None
    events = []
    for event, time in enumerate(times):
        json: Json = {
            "time": str(time),
            "kind": Kind(kinds[event]).label,
            "visitor": keys[visitors[event]],
        }
        if names is not None and names[event]:
            json["name"] = words[names[event] - 1]
        if context is not None and context[event]:
            row = contexts[context[event] - 1]
            json["context"] = {name: row[name] for name in row if name != "extra"}
        if values is not None and values[event]:
            json["value"] = str(values[event] * scale)
        if ids is not None and ids[event]:
            json["event_id"] = str(ids[event])
        events.append(json)
    encoding: Json = {"columns": columns_json(body, _ASSIGN_FIXED.size, ASSIGN_RULES)}
    if Column.TEXT_PREFIXES in reader:
        encoding["columns"]["texts"]["prefixes"] = True
    if unknown := unknown_json(body, _ASSIGN_FIXED.size, ASSIGN_RULES):
        encoding["unknown"] = unknown
    encoding["visitor_keys"] = keys
    if Column.TEXTS in reader:
        encoding["texts"] = words
    if Column.CONTEXTS in reader:
        encoding["contexts"] = contexts
    return {"base_time": str(base_time), "events": events, "encoding": encoding}


def _context_json(row: list[int], words: list[str]) -> Json:
    json: Json = {
        name: words[text - 1] for name, text in zip(CONTEXT_NAMES, row, strict=False) if text
    }
    if row[constants.CONTEXT_TEXTS] & constants.CONTEXT_KNOWN_BOT:
        json["knownBot"] = True
    if extra := row[constants.CONTEXT_CELLS :]:
        json["extra"] = extra
    return json


# Writing


def encode_request(header: Json, body: Json | None) -> bytes:
    """The exact bytes, by the choices that `encoding` names."""
    head = header_of(header)
    match head.operation:
        case Operation.HELLO:
            assert body is not None
            versions = body["lowest_version"], body["highest_version"]
            deployment = bytes.fromhex(body["deployment"])
            content = write_hello(
                body["name"], deployment, versions=versions, features=body["features"]
            )
        case Operation.LOOKUP:
            assert body is not None
            content = write_lookup(LookupBy[body["by"].upper()], bytes.fromhex(body["key"]))
        case Operation.ASSIGN:
            assert body is not None
            content = _write_assign(body)
        case Operation.REPORT:
            assert body is not None
            content = reports_codec.write_report(body)
        case Operation.FETCH:
            assert body is not None
            content = reports_codec.write_fetch(body)
        case Operation.FORGET:
            assert body is not None
            content = reports_codec.write_forget(body)
        case _:
            content = b""
    return head.frame(content)


def _write_assign(body: Json) -> bytes:
    encoding = body["encoding"]
    events = body["events"]
    base_time = int(body["base_time"])
    chosen = ChosenWriter(encoding)
    deltas = [int(event["time"]) - base_time for event in events]
    chosen.integers(Column.TIME, deltas, signed=chosen.form(Column.TIME)["width"] == 8)
    chosen.integers(Column.KIND, [Kind[event["kind"].upper()] for event in events])
    keys = encoding["visitor_keys"]
    key_rows = {key: row for row, key in enumerate(keys)}
    chosen.integers(Column.VISITOR, [key_rows[event["visitor"]] for event in events])
    chosen.dictionary(Column.VISITOR_KEYS, [bytes.fromhex(key) for key in keys])
    words = encoding.get("texts", [])
    text_rows = {word: row + 1 for row, word in enumerate(words)} | {None: 0}
    chosen.integers(Column.NAME, [text_rows[event.get("name")] for event in events])
    texts = [word.encode() for word in words]
    if chosen.has(Column.TEXT_PREFIXES):
        prefixes = shared_prefixes(texts)
        chosen.integers(Column.TEXT_PREFIXES, prefixes)
        texts = [text[prefix:] for text, prefix in zip(texts, prefixes, strict=True)]
    chosen.dictionary(Column.TEXTS, texts)
    contexts = encoding.get("contexts", [])
    plain = [{name: row[name] for name in row if name != "extra"} for row in contexts]
    rows = [plain.index(event["context"]) + 1 if "context" in event else 0 for event in events]
    chosen.integers(Column.CONTEXT, rows)
    cells = [
        cell
        for row in contexts
        for cell in [
            *(text_rows[row.get(name)] for name in CONTEXT_NAMES),
            constants.CONTEXT_KNOWN_BOT if row.get("knownBot") else 0,
            *row.get("extra", []),
        ]
    ]
    chosen.integers(Column.CONTEXTS, cells)
    if chosen.has(Column.VALUE):
        power = 10 ** chosen.form(Column.VALUE).get("parameter", 0)
        values = [int(event.get("value", 0)) // power for event in events]
        chosen.integers(Column.VALUE, values, signed=True)
    chosen.integers(Column.EVENT_ID, [int(event.get("event_id", 0)) for event in events])
    return write_assign(len(events), base_time, chosen.writer())
