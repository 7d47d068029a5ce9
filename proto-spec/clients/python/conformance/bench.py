"""Batches of 1,000 views, pipelined: `bench ENDPOINT SECONDS`.

Every batch is built anew, from plain columns: 16-byte keys, and pages as indexes into a list of
addresses, which is what a categorical column is.
"""

from __future__ import annotations

import sys
import time
from collections import deque

import numpy as np

from sojourn import Client, Coded, Pending
from sojourn.columnar import ColumnAnswer

EVENTS = 1_000
VISITORS = 100_000
EVENTS_PER_VISITOR = 4
PAGES = 200
IN_FLIGHT_MAX = 16


def pages(random: np.random.Generator) -> list[str]:
    sections = ("shoes", "shirts", "outdoor", "garden/tools", "kitchen", "search")
    return [
        f"/shop/{sections[page % len(sections)]}/{random.integers(1 << 40):x}"[:50].ljust(20, "-")
        + f"/{page}"
        for page in range(PAGES)
    ]


def main(endpoint: str, seconds: float) -> None:
    random = np.random.default_rng(1)
    keys = random.integers(0, 256, size=(VISITORS, 16), dtype=np.uint8).view("V16").reshape(-1)
    addresses = pages(random)
    with Client(endpoint, in_flight_max=IN_FLIGHT_MAX) as client:
        pending: deque[Pending[ColumnAnswer]] = deque()
        answered = 0

        def collect() -> int:
            answer = pending.popleft().result()
            assert len(answer.session) == len(answer.position) == len(answer.outcome) == EVENTS
            return EVENTS

        start = time.monotonic()
        while time.monotonic() - start < seconds:
            visitors = random.integers(0, VISITORS, EVENTS // EVENTS_PER_VISITOR)
            batch = client.submit_columns(
                time=np.full(EVENTS, time.time_ns() // 1_000_000),
                visitor=keys[np.tile(visitors, EVENTS_PER_VISITOR)],
                page=Coded(random.integers(0, PAGES, EVENTS), addresses),
            )
            pending.append(batch)
            if len(pending) >= IN_FLIGHT_MAX:
                answered += collect()
        while pending:
            answered += collect()
        elapsed = time.monotonic() - start
    print(f"events_per_second {answered / elapsed:.0f}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: bench ENDPOINT SECONDS")
    main(sys.argv[1], float(sys.argv[2]))
