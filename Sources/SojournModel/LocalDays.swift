/// The calendar days of a time zone, as the engine needs them: from when on which offset holds.
///
/// The shell fills it from the time zone database; the engine only looks things up.
public struct LocalDays: Sendable, Equatable {
    /// From `start` on, local time is `offset` ahead of UTC. Milliseconds.
    public struct Transition: Sendable, Equatable {
        public var start: Int64
        public var offset: Int64

        public init(start: Int64, offset: Int64) {
            self.start = start
            self.offset = offset
        }
    }

    /// Milliseconds ahead of UTC before the first transition.
    public let firstOffset: Int64
    /// In ascending order of `start`.
    public let transitions: [Transition]

    /// - Parameters:
    ///   - firstOffset: milliseconds ahead of UTC before the first transition.
    ///   - transitions: in ascending order of `start`.
    public init(firstOffset: Int64, transitions: [Transition]) {
        for (earlier, later) in zip(transitions, transitions.dropFirst()) {
            precondition(earlier.start < later.start, "transitions must ascend")
        }
        self.firstOffset = firstOffset
        self.transitions = transitions
    }

    /// The days of UTC.
    public static let utc = LocalDays(firstOffset: 0, transitions: [])

    /// The number of the local day that holds this time, counted from 1970-01-01.
    ///
    /// It never goes back: where clocks are set back over midnight, the new day goes on.
    public func day(of milliseconds: Int64) -> Int64 {
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle].start <= milliseconds { low = middle + 1 } else { high = middle }
        }
        if low == 0 { return Self.day(of: milliseconds, offset: firstOffset) }
        let latest = transitions[low - 1]
        let before = low == 1 ? firstOffset : transitions[low - 2].offset
        return max(
            Self.day(of: milliseconds, offset: latest.offset),
            Self.day(of: latest.start - 1, offset: before))
    }

    private static func day(of milliseconds: Int64, offset: Int64) -> Int64 {
        let (local, overflow) = milliseconds.addingReportingOverflow(offset)
        let day = (overflow ? milliseconds : local).quotientAndRemainder(dividingBy: 86_400_000)
        return day.remainder < 0 ? day.quotient - 1 : day.quotient
    }
}
