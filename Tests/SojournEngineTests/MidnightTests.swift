import Foundation
import SojournEngine
import SojournModel
import SojournTestKit
import Testing

/// Midnight in a time zone, above all on the days on which the clocks change.
struct MidnightTests {
    /// The days of a zone in a range of years, as the shell would fill them.
    static func days(of name: String, years: ClosedRange<Int> = 2023...2026) throws -> LocalDays {
        let zone = try #require(TimeZone(identifier: name), "no time zone database here")
        var transitions: [LocalDays.Transition] = []
        var date = try Date("\(years.lowerBound)-01-01T00:00:00Z", strategy: .iso8601)
        let first = Int64(zone.secondsFromGMT(for: date)) * second
        while let next = zone.nextDaylightSavingTimeTransition(after: date),
            next < (try Date("\(years.upperBound)-12-31T00:00:00Z", strategy: .iso8601))
        {
            transitions.append(
                .init(
                    start: Int64(next.timeIntervalSince1970) * second,
                    offset: Int64(zone.secondsFromGMT(for: next)) * second))
            date = next
        }
        return LocalDays(firstOffset: first, transitions: transitions)
    }

    static func milliseconds(_ time: String) throws -> Int64 {
        Int64(try Date(time, strategy: .iso8601).timeIntervalSince1970) * second
    }

    /// A zone, a day, and when it begins and ends in UTC.
    static let daylightDays = [
        // Berlin goes from +1 to +2 at 01:00 UTC: a day of 23 hours; and back: one of 25.
        ("Europe/Berlin", "2024-03-30T23:00:00Z", "2024-03-31T22:00:00Z"),
        ("Europe/Berlin", "2024-10-26T22:00:00Z", "2024-10-27T23:00:00Z"),
        // New York goes from -5 to -4 at 07:00 UTC, and back at 06:00 UTC.
        ("America/New_York", "2024-03-10T05:00:00Z", "2024-03-11T04:00:00Z"),
        ("America/New_York", "2024-11-03T04:00:00Z", "2024-11-04T05:00:00Z"),
    ]

    @Test(arguments: daylightDays)
    func `midnight cuts at both ends of a day on which the clocks change`(
        zone: String, begin: String, end: String
    ) throws {
        let begin = try Self.milliseconds(begin)
        let end = try Self.milliseconds(end)
        var policy = SessionPolicy()
        policy.midnight = try Self.days(of: zone)
        // One of the days has 25 hours.
        policy.maxDurationMilliseconds = nil
        var run = EngineRun(policy)
        // Every 20 minutes from an hour before the day to an hour after it, and around its ends.
        var times = Array(stride(from: begin - hour, through: end + hour, by: 20 * 60_000))
        times += [begin - 1, begin + 1, end - 1, end + 1]
        run.applyEach(times.sorted().map { TestEvent("v", $0) })
        let finished = run.finishedInOrder()
        #expect(finished.map(\.firstEvent) == [begin - hour, begin, end])
        #expect(finished.map(\.lastEvent) == [begin - 1, end - 1, end + hour])
        #expect(finished.map(\.state.boundary) == [.first, .midnight, .midnight])
        #expect(finished.map(\.boundaryOut) == [.midnight, .midnight, .idle])
    }

    @Test(arguments: daylightDays)
    func `nothing cuts where the clocks change`(zone: String, begin: String, end: String) throws {
        let begin = try Self.milliseconds(begin)
        let days = try Self.days(of: zone)
        for change in stride(from: begin + 1, to: begin + 12 * hour, by: 60_000) {
            #expect(days.day(of: change) == days.day(of: begin))
        }
    }

    @Test func `midnight is where the offset of the zone puts it`() {
        let policy = SessionPolicy.with {
            $0.midnight = LocalDays(firstOffset: 5 * hour + 45 * minute, transitions: [])
        }
        var run = EngineRun(policy)
        let midnight = noon + 12 * hour - (5 * hour + 45 * minute)
        let outcomes = run.outcomes([
            TestEvent("v", midnight - 1), TestEvent("v", midnight), TestEvent("v", midnight + 1),
        ])
        #expect(outcomes == [.new, .new, .extended])
    }

    @Test func `where clocks go back over midnight the new day goes on`() {
        // At one minute past midnight it is 23:01 again.
        let change = noon + 12 * hour + minute
        let days = LocalDays(firstOffset: 0, transitions: [.init(start: change, offset: -hour)])
        let numbers = [-2 * minute, -minute, 0, 59 * minute, hour + day].map {
            days.day(of: change + $0) - days.day(of: noon)
        }
        #expect(numbers == [0, 1, 1, 1, 2])
    }

    @Test func `a late event joins the session of its own day`() {
        var run = EngineRun(.with { $0.midnight = .utc })
        let outcomes = run.outcomes([
            .at(12 * hour - minute), .at(12 * hour + minute), .at(12 * hour - 1), .at(12 * hour),
        ])
        #expect(outcomes == [.new, .new, .extended, .lateJoined])
        let finished = run.finishedInOrder()
        #expect(finished.map(\.events) == [2, 2])
        #expect(finished.map(\.state.boundary) == [.first, .midnight])
    }

    @Test func `a late event on the far side of midnight is a session of its own`() {
        var run = EngineRun(.with { $0.midnight = .utc })
        let outcomes = run.outcomes([.at(12 * hour + minute), .at(12 * hour - minute)])
        #expect(outcomes == [.new, .new])
        #expect(run.finishedInOrder().map(\.state.boundary) == [.first, .midnight])
    }

    @Test func `midnight means nothing where the policy has no time zone`() {
        var run = EngineRun(SessionPolicy())
        let outcomes = run.outcomes([.at(12 * hour - 1), .at(12 * hour)])
        #expect(outcomes == [.new, .extended])
    }
}
