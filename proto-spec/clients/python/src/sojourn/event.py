"""Events as callers write them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from .constants import EVENT_TIME_END, MICROS_PER_UNIT, Kind
from .errors import InvalidEvent

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VALUE_END = 1 << 63
_FLOAT_EXACT = 1 << 53


@dataclass(frozen=True, slots=True)
class Context:
    """Where a visitor comes from. All of an event's texts have 1 to 2,048 bytes of UTF-8."""

    device: str | None = None
    channel: str | None = None
    country: str | None = None
    region: str | None = None
    referrer: str | None = None
    campaign_source: str | None = None
    campaign_medium: str | None = None
    campaign: str | None = None
    known_bot: bool = False
    """The sender knows the visitor to be automated."""

    @classmethod
    def of(cls, texts: Sequence[str | None], *, known_bot: bool = False) -> Context:
        """From texts in the order of the protocol's cells."""
        device, channel, country, region, referrer, source, medium, campaign = texts
        return cls(device, channel, country, region, referrer, source, medium, campaign, known_bot)

    def texts(self) -> tuple[str | None, ...]:
        """In the order of the protocol's cells."""
        return (
            self.device,
            self.channel,
            self.country,
            self.region,
            self.referrer,
            self.campaign_source,
            self.campaign_medium,
            self.campaign,
        )


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a visitor did.

    - `time`: milliseconds since the Unix epoch, or an aware `datetime`.
    - `visitor`: 1 to 128 bytes; a `str` is sent as UTF-8.
    - `page`: the page of a view, or the name of what else was done; 1 to 2,048 bytes of UTF-8.
    - `value`: in units, with up to six digits behind the point: `Decimal("12.50")`, `"12.50"`,
      `12` or `12.5`.
    - `event_id`: an id of the sender's, 0 for none; one that the session has already seen makes
      the event a duplicate.
    """

    time: int | datetime
    visitor: bytes | str
    kind: Kind = Kind.VIEW
    page: str | None = None
    context: Context | None = None
    value: Decimal | int | float | str | None = None
    event_id: int = 0


def milliseconds(time: int | datetime) -> int:
    """A time as the protocol has it."""
    if isinstance(time, datetime):
        if time.tzinfo is None:
            raise InvalidEvent("the time of an event needs a time zone: datetime.now(timezone.utc)")
        difference = time - _EPOCH
        days = difference.days * 86_400_000
        time = days + difference.seconds * 1_000 + difference.microseconds // 1_000
    elif isinstance(time, bool) or not isinstance(time, int):
        raise InvalidEvent(f"the time of an event is an int or a datetime, not {time!r}")
    if not 0 <= time < EVENT_TIME_END:
        raise InvalidEvent(f"the time of an event is from 0 up to 2^48 ms, not {time}")
    return time


def micro_units(value: Decimal | int | float | str) -> int:
    """A value in units as the protocol has it."""
    if isinstance(value, float):
        micros = _micro_units_of_float(value)
    else:
        try:
            exact = Decimal(value)
        except (InvalidOperation, TypeError, ValueError):
            raise InvalidEvent(f"the value of an event is a number, not {value!r}") from None
        if not exact.is_finite():
            raise InvalidEvent(f"the value of an event is a finite number, not {value}")
        # Not by Decimal's own arithmetic, which rounds.
        if exact.adjusted() > 18:
            raise InvalidEvent(f"a value is less than 2^63 micro-units, not {value}")
        numerator, denominator = exact.as_integer_ratio()
        micros, rest = divmod(numerator * MICROS_PER_UNIT, denominator)
        if rest:
            raise InvalidEvent(f"a value has at most six digits behind the point, not {value}")
    if not -_VALUE_END <= micros < _VALUE_END:
        raise InvalidEvent(f"a value is less than 2^63 micro-units, not {value}")
    return micros


def _micro_units_of_float(value: float) -> int:
    """A float is exact when it is the one that is nearest to a number of micro-units."""
    if value != value or value in (float("inf"), float("-inf")):
        raise InvalidEvent(f"the value of an event is a finite number, not {value}")
    scaled = value * MICROS_PER_UNIT
    if abs(scaled) >= _FLOAT_EXACT:
        raise InvalidEvent(f"{value} is too large to be exact as a float: use Decimal")
    micros = round(scaled)
    if micros / MICROS_PER_UNIT != value:
        raise InvalidEvent(f"a value has at most six digits behind the point, not {value}")
    return micros
