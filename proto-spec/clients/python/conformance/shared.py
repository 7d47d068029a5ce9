"""What both sides of the golden messages need: names, headers, and the choices of an encoder."""

from __future__ import annotations

import struct
from typing import Any

from sojourn import constants
from sojourn.constants import Column, ErrorCode, LookupBy, Operation
from sojourn.wire import header as wire_header
from sojourn.wire.fault import Faults, WireFault
from sojourn.wire.header import HEADER_BYTES
from sojourn.wire.integers import pack
from sojourn.wire.reader import BodyReader, Rule
from sojourn.wire.texts import read_texts
from sojourn.wire.writer import BodyWriter, ends

Json = dict[str, Any]

COLUMN_NAMES = {
    column: "eventID"
    if column is Column.EVENT_ID
    else "sessionID"
    if column is Column.SESSION_ID
    else column.name.split("_")[0].lower()
    + "".join(word.capitalize() for word in column.name.split("_")[1:])
    for column in Column
}
COLUMNS = {name: column for column, name in COLUMN_NAMES.items()}

CONTEXT_NAMES = (
    "device",
    "channel",
    "country",
    "region",
    "referrer",
    "campaignSource",
    "campaignMedium",
    "campaignName",
)
_LOOKUP_FIXED = struct.Struct("<BBHI")


def header_json(header: wire_header.Header) -> Json:
    return {
        "version": header.version,
        "operation": Operation(header.operation).name,
        "flags": header.flags,
        "correlation": str(header.correlation),
        "producer": str(header.producer),
        "sequence": str(header.sequence),
        "deadline": header.deadline,
        "property": header.property,
        "deployment": str(header.deployment),
    }


def header_of(json: Json) -> wire_header.Header:
    return wire_header.Header(
        Operation[json["operation"]],
        int(json["correlation"]),
        int(json["producer"]),
        int(json["sequence"]),
        json["deadline"],
        json["property"],
        int(json["deployment"]),
        json["flags"],
        json["version"],
    )


def read_lookup(body: memoryview) -> Json:
    if len(body) < _LOOKUP_FIXED.size:
        raise WireFault(ErrorCode.TRUNCATED_BODY, HEADER_BYTES + len(body))
    by, reserved, length, reserved_end = _LOOKUP_FIXED.unpack_from(body)
    end = _LOOKUP_FIXED.size + length
    if len(body) < end:
        raise WireFault(ErrorCode.TRUNCATED_BODY, HEADER_BYTES + len(body))
    faults = Faults()
    if reserved:
        faults.add(ErrorCode.BODY_RESERVED_NOT_ZERO, HEADER_BYTES + 1)
    if reserved_end:
        faults.add(ErrorCode.BODY_RESERVED_NOT_ZERO, HEADER_BYTES + 4)
    if len(body) > end:
        faults.add(ErrorCode.TRAILING_BYTES, HEADER_BYTES + end)
    if by == LookupBy.VISITOR:
        if not 1 <= length <= constants.VISITOR_KEY_BYTES_MAX:
            faults.add(ErrorCode.BAD_KEY_LENGTH, HEADER_BYTES + 2)
    elif by == LookupBy.SESSION:
        if length != 16:
            faults.add(ErrorCode.BAD_LOOKUP, HEADER_BYTES + 2)
    else:
        faults.add(ErrorCode.BAD_LOOKUP, HEADER_BYTES)
    faults.check()
    return {"by": LookupBy(by).name.lower(), "key": bytes(body[_LOOKUP_FIXED.size :]).hex()}


def descriptors(body: memoryview, fixed_bytes: int) -> list[tuple[int, int, int, int, int, int]]:
    (count,) = struct.unpack_from("<H", body, 4)
    return list(struct.iter_unpack("<BBHIII", body[fixed_bytes : fixed_bytes + 16 * count]))


def columns_json(body: memoryview, fixed_bytes: int, rules: dict[int, Rule]) -> Json:
    found: Json = {}
    for column, width, parameter, *_ in descriptors(body, fixed_bytes):
        if column in rules:
            found[COLUMN_NAMES[Column(column)]] = {"width": width} | (
                {"parameter": parameter} if parameter else {}
            )
    return found


def unknown_json(body: memoryview, fixed_bytes: int, rules: dict[int, Rule]) -> list[Json]:
    return [
        {
            "column": column,
            "width": width,
            "parameter": parameter,
            "count": count,
            "data": bytes(body[offset : offset + length]).hex(),
        }
        for column, width, parameter, count, offset, length in descriptors(body, fixed_bytes)
        if column not in rules
    ]


def encoding_json(
    body: memoryview, fixed_bytes: int, rules: dict[int, Rule], *, has_texts: bool = True
) -> Json:
    """What a reply, or a question, has chosen; texts are left out where they say no more."""
    json: Json = {"columns": columns_json(body, fixed_bytes, rules)}
    if unknown := unknown_json(body, fixed_bytes, rules):
        json["unknown"] = unknown
    if has_texts and "texts" in json["columns"]:
        json["texts"] = read_texts(BodyReader(body, fixed_bytes, rules)[Column.TEXTS])
    return json


class ChosenWriter:
    """Adds columns in the order of their numbers, in the forms that a vector names."""

    def __init__(self, encoding: Json) -> None:
        self.forms: Json = encoding["columns"]
        self.unknown = {entry["column"]: entry for entry in encoding.get("unknown", [])}
        self._chosen: dict[int, tuple[int, int, bytes, int]] = {}

    def has(self, column: Column) -> bool:
        return COLUMN_NAMES[column] in self.forms

    def form(self, column: Column) -> Json:
        form: Json = self.forms[COLUMN_NAMES[column]]
        return form

    def integers(self, column: Column, values: list[int], *, signed: bool = False) -> None:
        if self.has(column):
            form = self.form(column)
            width = form["width"]
            data = pack(values, width, signed=signed)
            self._chosen[column] = width, len(values), data, form.get("parameter", 0)

    def dictionary(self, column: Column, entries: list[bytes]) -> None:
        if self.has(column):
            form = self.form(column)
            width = form["width"]
            data = b"".join(entries)
            if width:
                data = ends(entries, width) + data
            self._chosen[column] = width, len(entries), data, form.get("parameter", 0)

    def records(self, column: Column, records: list[bytes]) -> None:
        """Filled up with zeros to the size that the vector names."""
        if self.has(column):
            size = self.form(column)["parameter"]
            data = b"".join(record.ljust(size, b"\0") for record in records)
            self._chosen[column] = 0, len(records), data, size

    def writer(self) -> BodyWriter:
        for column, entry in self.unknown.items():
            data = bytes.fromhex(entry["data"])
            self._chosen[column] = entry["width"], entry["count"], data, entry["parameter"]
        writer = BodyWriter()
        for column, (width, count, data, parameter) in sorted(self._chosen.items()):
            writer.add(column, width, count, data, parameter=parameter)
        return writer
