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

    private let firstOffset: Int64
    private let transitions: [Transition]

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
    public func day(of milliseconds: Int64) -> Int64 {
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle].start <= milliseconds { low = middle + 1 } else { high = middle }
        }
        let offset = low == 0 ? firstOffset : transitions[low - 1].offset
        let (local, overflow) = milliseconds.addingReportingOverflow(offset)
        let day = (overflow ? milliseconds : local).quotientAndRemainder(dividingBy: 86_400_000)
        return day.remainder < 0 ? day.quotient - 1 : day.quotient
    }
}
