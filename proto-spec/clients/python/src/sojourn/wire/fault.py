"""What is wrong with bytes that were received."""

from __future__ import annotations

from ..constants import ErrorCode


class WireFault(Exception):
    """A message breaks the specification.

    `code` is the error that the registry has for it, `offset` the byte of the frame that
    offended, counted from the first byte of the header, or None.
    """

    def __init__(self, code: ErrorCode, offset: int | None = None) -> None:
        place = "" if offset is None else f" at byte {offset}"
        super().__init__(f"{code.label}{place}")
        self.code = code
        self.offset = offset


class Faults:
    """Gathers the faults of one stage of checks; the first in order of precedence is reported."""

    def __init__(self) -> None:
        self._found: list[tuple[int, int | None]] = []

    def add(self, code: ErrorCode, offset: int | None = None) -> None:
        self._found.append((code, offset))

    def check(self) -> None:
        """Raises the fault with the lowest code, and of that with the lowest offset."""
        if self._found:
            code, offset = min(self._found, key=lambda fault: (fault[0], fault[1] or 0))
            raise WireFault(ErrorCode(code), offset)
