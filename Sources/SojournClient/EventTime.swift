public import Foundation
import SojournModel

/// A moment in the life of a visitor: milliseconds since the Unix epoch.
///
///     EventTime.now
///     EventTime(milliseconds: 1_772_409_600_000)
///     EventTime(Date())
public struct EventTime: Hashable, Sendable, Comparable {
    /// Since the Unix epoch. The protocol takes times from 0 up to but without 2^48.
    public var milliseconds: Int64

    @inlinable public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// The millisecond that holds a date; dates beyond all reason become the first or last moment.
    public init(_ date: Date) {
        let exact = (date.timeIntervalSince1970 * 1_000).rounded(.down)
        milliseconds = Int64(exactly: exact) ?? (exact < 0 ? .min : .max)
    }

    /// The present, by this machine's clock.
    public static var now: EventTime { EventTime(Date()) }

    /// A property's clock as it stands on the wire: the least number before its first event.
    init?(clock: Int64) {
        if clock == .min { return nil }
        milliseconds = clock
    }

    public var date: Date { Date(timeIntervalSince1970: Double(milliseconds) / 1_000) }

    @inlinable public static func < (left: EventTime, right: EventTime) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// A later moment, or an earlier one for a negative duration.
    public static func + (time: EventTime, duration: Duration) -> EventTime {
        EventTime(milliseconds: time.milliseconds + duration.wholeMilliseconds)
    }

    public static func - (time: EventTime, duration: Duration) -> EventTime {
        EventTime(milliseconds: time.milliseconds - duration.wholeMilliseconds)
    }
}

extension EventTime: CustomStringConvertible {
    /// `2026-03-02T01:02:16.154Z`; the bare number for what no event can have as its time.
    public var description: String {
        guard (0..<Limits.eventTimeEnd).contains(milliseconds) else { return "\(milliseconds) ms" }
        return date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}

extension Duration {
    /// Without what is less than a millisecond; as many as there can be of a longer duration.
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
        if overflow { return seconds < 0 ? .min : .max }
        return product + attoseconds / 1_000_000_000_000_000
    }
}
