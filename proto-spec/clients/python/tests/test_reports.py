"""Questions, places and the gaps of a feed: what needs no server."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

import vectors as golden
from sojourn import (
    START,
    Dimension,
    Filter,
    Interval,
    InvalidArgument,
    Place,
    Question,
    Report,
    RowKind,
    Step,
)
from sojourn.feed import Tracker
from sojourn.wire.feed import FeedFrame, read_feed, topic
from sojourn.wire.header import FLAG_REPLY, Header, read_frame
from sojourn.wire.report import read_report_reply
from test_codec import VECTORS


def golden_body(name: str) -> bytes:
    frame = golden.Vector.load(VECTORS / "reports" / "valid" / f"{name}.json").frame
    return bytes(read_frame(frame, flags=FLAG_REPLY if "reply" in name else 0)[1])


def golden_report(name: str) -> Report:
    return Report.of(read_report_reply(memoryview(golden_body(name))))


@pytest.mark.parametrize(
    ("question", "name"),
    [
        (Question.summary(), "report-request-summary"),
        (Question.transitions(), None),
        (Question.paths(), "report-request-paths-any"),
        (Question.paths("/"), "report-request-paths"),
        (Question.funnel(["/product/*", "/basket", "*"]), "report-request-funnel"),
        (
            Question.series(
                Interval.DAY,
                start=datetime(1970, 1, 1),
                end=datetime(1970, 1, 1),
                automated=True,
            ),
            "report-request-days",
        ),
        (
            Question.breakdown(
                Dimension.CHANNEL,
                start=1_700_000_000_000,
                end=datetime(2023, 11, 15, 22, 13, 20, tzinfo=UTC),
                rows=20,
                compare=True,
                filters=[
                    Filter(Dimension.DEVICE, "phone"),
                    Filter(Dimension.COUNTRY, "DE", negated=True),
                    Filter(Dimension.CAMPAIGN_NAME, None, negated=True),
                ],
            ),
            "report-request-breakdown",
        ),
    ],
)
def test_questions_make_golden_bytes(question: Question, name: str | None) -> None:
    if name is not None:
        assert question.body() == golden_body(name)
    else:
        assert question.body()


@pytest.mark.parametrize(
    "ask",
    [
        lambda: Question.funnel([]).body(),
        lambda: Question.funnel(["/"] * 33).body(),
        lambda: Question.funnel("/basket"),
        lambda: Question.summary(rows=0),
        lambda: Question.summary(rows=65_536),
        lambda: Question.summary(start=2, end=1).body(),
        lambda: Question.summary(start=1 << 63),
        lambda: Question.summary(start="yesterday"),  # type: ignore[arg-type]
        lambda: Question.summary(start=datetime(2026, 1, 1), end=5),
        lambda: Question.paths("x" * 2_049).body(),
        lambda: Question.paths("\ud800").body(),
        lambda: Question.summary(filters=[Filter(Dimension.DEVICE, "a")] * 65).body(),
        lambda: START.at(65_536, Place(1, 1)),
        lambda: START.at(0, Place(1 << 64, 1)),
    ],
)
def test_what_makes_no_sense_is_never_sent(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(InvalidArgument):
        ask()


def test_steps_are_pages_as_people_write_them() -> None:
    assert Step.of("/product/*") == Step("/product/", prefix=True)
    assert Step.of("/basket") == Step("/basket")
    # A page that really ends so.
    assert Step.of(Step("/*")) == Step("/*")


def test_places_are_ordered() -> None:
    assert Place(4, 117) < Place(5, 0)


def test_rates_are_reckoned_from_counts() -> None:
    report = golden_report("report-reply-summary")
    total = report.total
    assert total is not None
    assert total.kind == RowKind.TOTAL
    assert total.bounced == total.sessions - total.engaged
    assert total.bounce_rate == pytest.approx(1 - total.engagement_rate)
    assert total.mean_milliseconds == total.duration_milliseconds / total.sessions
    assert total.returning_visitors == total.visitors - total.new_visitors
    nothing = total._replace(sessions=0)
    assert nothing.conversion_rate == nothing.views_per_session == 0.0


def test_parts_of_paths_name_their_parents() -> None:
    report = golden_report("report-reply-paths")
    assert [(row.text, row.parent) for row in report.parts][:2] == [("/", None), ("/a", 1)]
    assert report.rows[1].text == "/"
    assert report.start is None
    assert report.time_zone == "UTC"


def frame_of(property: int, run: int, number: int, entries: int) -> FeedFrame:
    """A message of a feed like a golden one, with other numbers."""
    name = "feed-message" if entries else "feed-heartbeat"
    frame = read_feed(golden.Vector.load(VECTORS / "feed" / "valid" / f"{name}.json").frame)
    header = frame.header._replace(producer=run, sequence=number, property=property)
    return frame._replace(header=header)


def test_gaps_are_told_by_numbers() -> None:
    tracker = Tracker(servers_max=1)

    def is_gap(number: int, entries: int = 1, run: int = 7, property: int = 1) -> bool:
        return tracker.is_gap_before(frame_of(property, run, number, entries))

    assert not is_gap(5, entries=0)  # The first that is heard.
    assert not is_gap(6)
    assert not is_gap(6, entries=0)  # It repeats the last number.
    assert not is_gap(7)
    assert is_gap(9)
    assert is_gap(10, entries=0)  # A message was missed, and this one says so.
    assert not is_gap(1, property=2)
    assert is_gap(1, run=8)  # The server was started again.
    assert not is_gap(2, run=8)


def test_each_of_several_servers_has_numbers_of_its_own() -> None:
    tracker = Tracker(servers_max=2)
    numbers = [(7, 5), (8, 1), (7, 6), (8, 2), (8, 4), (9, 1)]
    gaps = [tracker.is_gap_before(frame_of(1, run, number, 1)) for run, number in numbers]
    assert gaps == [False, False, False, False, True, True]


def test_a_message_of_another_topic_is_no_message() -> None:
    vector = golden.Vector.load(VECTORS / "feed" / "valid" / "feed-message.json")
    assert vector.frame.startswith(topic(3))
    with pytest.raises(golden.WireFault, match="unknownProperty"):
        read_feed(topic(4) + vector.frame[8:])
    header = Header(2, 0, property=3, flags=FLAG_REPLY)
    with pytest.raises(golden.WireFault, match="unknownOperation"):
        read_feed(topic(3) + header.frame(b""))
