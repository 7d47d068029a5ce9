"""The columns that a batch may be given as. Using them needs numpy; naming them does not."""

from __future__ import annotations

from typing import Any, NamedTuple, Required, TypedDict


class Coded(NamedTuple):
    """A column that is already dictionary-encoded: event i has `dictionary[codes[i]]`.

    A code of -1 means none. Not all entries need to be used.
    """

    codes: Any
    """Integers: a numpy array, or what becomes one."""
    dictionary: Any
    """str or bytes: a list, or a numpy array of fixed-size strings."""


class ColumnArguments(TypedDict, total=False):
    """The columns of a batch, all of one length.

    Columns of keys and texts are numpy arrays (`S`, `V`, `U`, `object`, or rows of `uint8`),
    pandas or pyarrow columns, lists, or `Coded`; the quickest are pyarrow arrays, pandas
    categoricals, `Coded`, and keys of one size. None, NaN and null mean: nothing to say.
    One str stands for the same in all events.
    """

    time: Required[Any]
    """Milliseconds since the Unix epoch as integers, or `datetime64` or the like."""
    visitor: Required[Any]
    """Keys of 1 to 128 bytes; str is sent as UTF-8."""
    kind: Any
    """`Kind`, for each event or for all; or its names. Views if it is left out."""
    page: Any
    """The page of a view, or the name of what else was done."""
    device: Any
    channel: Any
    country: Any
    region: Any
    referrer: Any
    campaign_source: Any
    campaign_medium: Any
    campaign: Any
    known_bot: Any
    """Booleans, for each event or for all."""
    value: Any
    """In units, with up to six digits behind the point: integers, floats or Decimals."""
    value_micros: Any
    """In millionths of a unit, instead of `value`: integers."""
    event_id: Any
    """The sender's ids of the events, unsigned; 0 for none."""


CONTEXT_COLUMNS = (
    "device",
    "channel",
    "country",
    "region",
    "referrer",
    "campaign_source",
    "campaign_medium",
    "campaign",
)
