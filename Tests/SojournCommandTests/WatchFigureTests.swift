import Foundation
import Testing

@testable import SojournClient
@testable import sojourn

/// What `sojourn watch` makes of two statuses, without a server.
@Suite struct WatchFigureTests {
    private static func status(_ gauges: KeyValuePairs<String, Int64>) -> ServerStatus {
        ServerStatus(
            gauges: gauges.map { ServerStatus.Gauge(name: $0, value: $1) },
            time: EventTime(milliseconds: 0))
    }

    private static func values(_ before: ServerStatus?, _ now: ServerStatus) -> [String: Double] {
        WatchReading(StatusChange(from: before, to: now)).values
    }

    @Test func `rates are of the time that the server says has passed`() {
        let before = Self.status([
            "uptime_milliseconds": 1_000, "events_new_total": 10, "events_extended_total": 100,
            "live_sessions": 5, "errors_total": 0, "drops_total": 1,
        ])
        let now = Self.status([
            "uptime_milliseconds": 3_000, "events_new_total": 14, "events_extended_total": 200,
            "live_sessions": 7, "errors_total": 3, "errors_bad_kind_total": 3, "drops_total": 2,
        ])
        let values = Self.values(before, now)
        #expect(values["events_per_second"] == 52)
        #expect(values["live_sessions"] == 7)
        #expect(values["refusals_per_second"] == 2)
        #expect(values["batches_per_second"] == nil)
        let reading = WatchReading(StatusChange(from: before, to: now))
        #expect(reading.outcomes.map(\.name) == ["new", "extended"])
        #expect(reading.outcomes.map(\.perSecond) == [2, 50])
        #expect(reading.refusals.map(\.words) == ["bad kind"])
        #expect(reading.refusals.map(\.perSecond) == [1.5])
        #expect(reading.refusals.map(\.total) == [3])
    }

    @Test func `the first status has totals and no rates`() {
        let now = Self.status(["uptime_milliseconds": 3_000, "events_new_total": 14])
        let reading = WatchReading(StatusChange(from: nil, to: now))
        #expect(reading.values.isEmpty)
        #expect(reading.outcomes.map(\.total) == [14])
        #expect(!reading.isRestart)
    }

    @Test(arguments: [
        (Int64(500), Int64(20)), (2_500, 3),
    ]) func `a server that was started anew has no rates, however long it has run since`(
        uptime: Int64, events: Int64
    ) {
        let before = Self.status(["uptime_milliseconds": 1_000, "events_new_total": 10])
        let now = Self.status(["uptime_milliseconds": uptime, "events_new_total": events])
        let reading = WatchReading(StatusChange(from: before, to: now))
        #expect(reading.isRestart)
        #expect(reading.values.isEmpty)
    }

    @Test(arguments: [
        // 100 replies: 50 within 100 microseconds, 40 more within 1,000, 9 within 5,000, one beyond.
        (0.25, 50.0), (0.5, 100), (0.9, 1_000), (0.7, 550), (0.99, 5_000), (1, 5_000),
    ]) func `a quantile lies between the bounds that its reply lies between`(
        share: Double, microseconds: Double
    ) throws {
        let before = Self.status([
            "uptime_milliseconds": 1, "replies_within_100_microseconds_total": 1,
            "replies_within_1000_microseconds_total": 1,
            "replies_within_5000_microseconds_total": 1, "replies_total": 1,
        ])
        let now = Self.status([
            "uptime_milliseconds": 2, "replies_within_100_microseconds_total": 51,
            "replies_within_1000_microseconds_total": 91,
            "replies_within_5000_microseconds_total": 100, "replies_total": 101,
        ])
        let times = try #require(ReplyTimes(StatusChange(from: before, to: now)))
        #expect(abs(times.quantile(share) - microseconds) < 0.001)
        #expect(ReplyTimes(StatusChange(from: now, to: now)) == nil)
    }

    @Test func `a router is shown by what it has`() {
        let before = Self.status([
            "uptime_milliseconds": 1_000, "workers_up": 1, "batches_whole_total": 0,
            "batches_split_total": 0, "worker_0_up": 1, "worker_1_up": 1,
            "worker_1_replies_total": 0,
        ])
        let now = Self.status([
            "uptime_milliseconds": 2_000, "workers_up": 1, "batches_whole_total": 2,
            "batches_split_total": 3, "worker_0_up": 0, "worker_1_up": 1,
            "worker_1_first_partition": 4, "worker_1_last_partition": 7,
            "worker_1_replies_total": 6, "worker_replies_late_total": 0,
        ])
        let reading = WatchReading(StatusChange(from: before, to: now))
        #expect(reading.values == ["batches_per_second": 5, "workers_up": 1])
        #expect(reading.workers.map(\.isUp) == [false, true])
        #expect(reading.workers[1].partitions == "4-7")
        #expect(reading.workers[1].repliesPerSecond == 6)
        let line = WatchLine.text(of: reading, at: EventTime(milliseconds: 0))
        #expect(line.contains("worker 0 is gone"))
    }

    @Test func `a client without the right is told so`() {
        let status = Self.status(["uptime_milliseconds": 1_000, "draining": 0])
        let reading = WatchReading(StatusChange(from: nil, to: status))
        #expect(reading.isWithheld)
        let screen = WatchScreen(
            title: [], reading: reading, history: WatchHistory(intervalMilliseconds: 1_000))
        #expect(screen.lines.last?.contains("admin") == true)
    }

    @Test func `columns of lines stand below their titles`() {
        let before = Self.status([
            "uptime_milliseconds": 1, "events_new_total": 0, "live_sessions": 0,
        ])
        let now = Self.status([
            "uptime_milliseconds": 1_001, "events_new_total": 1_234_567, "live_sessions": 89,
        ])
        let reading = WatchReading(StatusChange(from: before, to: now))
        let titles = WatchLine.titles(of: reading)
        let line = WatchLine.text(of: reading, at: EventTime(milliseconds: 1_772_409_600_000))
        let columns = [titles.range(of: "events/s"), titles.range(of: "live")]
        let ends = columns.map { titles.distance(from: titles.startIndex, to: $0!.upperBound) }
        #expect(line.prefix(ends[0]).hasSuffix(" 1,234,567"))
        #expect(line.prefix(ends[1]).hasSuffix(" 89"))
        #expect(line.hasSuffix("new 1,234,567"))
    }

    @Test(arguments: [
        (0.0, "0"), (0.04, "0"), (0.5, "0.5"), (2, "2"), (9.94, "9.9"), (9.96, "10"),
        (12.4, "12"), (1_234.5, "1,235"),
    ]) func `rates are short`(number: Double, text: String) {
        #expect(HumanText.rate(number) == text)
    }

    @Test(arguments: [
        (85.0, "85 µs"), (999, "999 µs"), (1_540, "1.5 ms"), (250_000, "250.0 ms"),
        (2_000_000, "2.0 s"),
    ]) func `latencies are short`(microseconds: Double, text: String) {
        #expect(HumanText.latency(microseconds: microseconds) == text)
    }

    @Test func `a minute is a row of bars, the newest at the right`() {
        var history = WatchHistory(intervalMilliseconds: 10_000)
        for value in [0.0, 1, 7] { history.add(["a": value]) }
        #expect(history.sparkline("a") == "   ▁▂█")
        // A time without an answer is a gap.
        history.add([:])
        #expect(history.sparkline("a") == "  ▁▂█ ")
        for value in [1.0, 2, 3, 4, 5, 6, 7] { history.add(["a": value]) }
        #expect(history.sparkline("a").count == 6)
        #expect(history.sparkline("a").last == "█")
    }

    @Test func `a bar is the mean of several short intervals`() {
        var history = WatchHistory(intervalMilliseconds: 500)
        for value in [1.0, 2, 3, 4, 4, 4] { history.add(["a": value]) }
        // Bars of 2 and 4.
        #expect(history.sparkline("a") == String(repeating: " ", count: 38) + "▅█")
    }

    @Test func `lines take the place of those before`() {
        var page = TerminalPage()
        #expect(
            page.replacing(with: ["one", "two"], rows: 24, columns: 80)
                == "one\u{1B}[K\ntwo\u{1B}[K\n\u{1B}[J")
        #expect(
            page.replacing(with: ["three"], rows: 24, columns: 80)
                == "\r\u{1B}[2Athree\u{1B}[K\n\u{1B}[J")
        // What does not fit would wrap or scroll.
        #expect(
            page.replacing(with: ["123456", "b", "c"], rows: 3, columns: 4)
                == "\r\u{1B}[1A1234\u{1B}[K\nb\u{1B}[K\n\u{1B}[J")
    }
}
