package import SojournModel

/// The hours and days of a property's time zone (reports.md, "Series").
package struct ReportCalendar: Sendable {
    private let days: LocalDays

    package init(_ days: LocalDays) { self.days = days }

    private static let hour: Int64 = 3_600_000
    private static let day: Int64 = 86_400_000
    /// The widest range of offsets, and a change of them within.
    private static let slack: Int64 = 30 * hour

    /// How far local time is ahead of UTC at a time, and since when.
    private func offset(at time: Int64) -> (offset: Int64, since: Int64) {
        var low = 0
        var high = days.transitions.count
        while low < high {
            let middle = (low + high) / 2
            if days.transitions[middle].start <= time { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return (days.firstOffset, .min) }
        return (days.transitions[low - 1].offset, days.transitions[low - 1].start)
    }

    /// When the hour or day begins that holds a time.
    package func start(of interval: ReportInterval, holding time: Int64) -> Int64 {
        switch interval {
        case .hour:
            let (offset, since) = offset(at: time)
            return max(since, Self.floor(time + offset, Self.hour) - offset)
        case .day: return startOfDay(days.day(of: time))
        }
    }

    /// When the next one begins.
    package func start(of interval: ReportInterval, behind start: Int64) -> Int64 {
        switch interval {
        case .hour:
            // Clocks may be set forth or back by half an hour.
            var next = start
            var begin = start
            while begin <= start {
                next += Self.hour / 4
                begin = self.start(of: .hour, holding: next)
            }
            return begin
        case .day: return startOfDay(days.day(of: start) + 1)
        }
    }

    /// The first time that is on a day or behind it.
    private func startOfDay(_ day: Int64) -> Int64 {
        var low = day * Self.day - Self.slack
        var high = day * Self.day + Self.slack
        while low < high {
            let middle = low + (high - low) / 2
            if days.day(of: middle) >= day { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// The time at which local clocks show a reading; the earlier of two, or the end of a gap.
    package func time(ofLocal reading: Int64) -> Int64 {
        if reading % Self.day == 0 { return startOfDay(Self.floor(reading, Self.day) / Self.day) }
        let first = reading - offset(at: reading - Self.slack / 2).offset
        if offset(at: first).offset == reading - first { return first }
        return reading - offset(at: first).offset
    }

    /// The period that one is compared with: the one before it. nil where a bound is open, or nothing is between them.
    package func period(comparedWith range: Range<Int64>) -> Range<Int64>? {
        guard range.lowerBound > .min, range.upperBound < .max, !range.isEmpty else { return nil }
        return period(before: range)
    }

    /// The period before one: as many days if it has whole days, else as long.
    package func period(before range: Range<Int64>) -> Range<Int64> {
        let (first, last) = (days.day(of: range.lowerBound), days.day(of: range.upperBound))
        if startOfDay(first) == range.lowerBound, startOfDay(last) == range.upperBound {
            return startOfDay(first - (last - first))..<range.lowerBound
        }
        let (start, overflow) = range.lowerBound.subtractingReportingOverflow(
            range.upperBound - range.lowerBound)
        return (overflow ? .min : start)..<range.lowerBound
    }

    private static func floor(_ time: Int64, _ unit: Int64) -> Int64 {
        let (quotient, remainder) = time.quotientAndRemainder(dividingBy: unit)
        return (remainder < 0 ? quotient - 1 : quotient) * unit
    }
}
