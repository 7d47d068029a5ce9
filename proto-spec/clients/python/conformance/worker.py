"""Assigns batches from standard input: `worker ENDPOINT[,ENDPOINT...] PROPERTY PRODUCER SEQUENCE`.

A batch is lines of `time_ms visitor kind page channel campaign value`, separated by tabs, empty
where there is nothing to say, and ends with an empty line. So does its answer, which has a line
`session ordinal position outcome` for each event, and a line for each revision; or one line that
begins with `error`.

With `SOJOURN_CURVE_KEYS`, the server's public key and the client's public and secret one, parted by spaces, it
encrypts.
"""

from __future__ import annotations

import os
import sys

from sojourn import (
    Boundary,
    Client,
    Context,
    CurveKeys,
    Event,
    Kind,
    Outcome,
    RevisionCause,
    SojournError,
)

KINDS = {kind.label: kind for kind in Kind}


def event(line: str) -> Event:
    time, visitor, kind, page, channel, campaign, value = line.split("\t")
    if kind not in KINDS:
        raise ValueError(f"no kind of event is called {kind!r}")
    context = None
    if channel or campaign:
        context = Context(channel=channel or None, campaign=campaign or None)
    return Event(int(time), visitor, KINDS[kind], page or None, context, value or None)


def label(code: Outcome | Boundary | RevisionCause | int) -> str:
    return str(code) if type(code) is int else code.label  # type: ignore[union-attr]


def answer_lines(client: Client, lines: list[str], property: int) -> list[str]:
    answer = client.assign(map(event, lines), property)
    events = [
        f"{one.session_id or '-'}\t{one.ordinal}\t{one.position}\t{label(one.outcome)}"
        for one in answer
    ]
    revisions = [
        f"revision\t{one.number}\t{one.from_id}\t{one.into_id}\t{label(one.cause)}"
        for one in answer.revisions
    ]
    return events + revisions


def error_line(name: str, error: Exception) -> str:
    return f"error\t{name}\t{' '.join(str(error).split())}"


def curve_keys() -> CurveKeys | None:
    keys = os.environ.get("SOJOURN_CURVE_KEYS")
    return CurveKeys(*keys.split(" ")) if keys else None


def main(endpoints: list[str], property: int, producer: int, sequence: int) -> None:
    client: Client | None = None
    batch: list[str] = []
    for line in sys.stdin:
        line = line.rstrip("\n")
        if line:
            batch.append(line)
            continue
        try:
            client = client or Client(
                endpoints, producer=producer, first_sequence=sequence, curve=curve_keys()
            )
            answer = answer_lines(client, batch, property)
        except SojournError as error:
            answer = [error_line(error.name, error)]
        except ValueError as error:
            answer = [error_line("invalidEvent", error)]
        print(*answer, "", sep="\n", flush=True)
        batch.clear()
    if client is not None:
        client.close()


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit("usage: worker ENDPOINT[,ENDPOINT...] PROPERTY PRODUCER SEQUENCE")
    main(sys.argv[1].split(","), *map(int, sys.argv[2:]))
