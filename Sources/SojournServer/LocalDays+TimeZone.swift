import Foundation
import SojournModel

extension LocalDays {
    /// The days of an IANA time zone from 1970 to 2100; nil when there is no such zone.
    ///
    /// Looked for day by day rather than asked for: the system's list of transitions knows daylight
    /// saving time, and not every time that a country moved to another zone for good.
    init?(timeZone name: String) {
        guard let zone = TimeZone(identifier: name) else { return nil }
        let last: Int64 = 4_102_444_800
        let step: Int64 = 86_400
        var transitions: [Transition] = []
        var offset = zone.seconds(at: 0)
        let first = offset
        var day: Int64 = 0
        while day < last {
            let next = zone.seconds(at: day + step)
            if next != offset {
                let start = zone.firstSecond(from: day, to: day + step, with: next)
                transitions.append(Transition(start: start * 1_000, offset: Int64(next) * 1_000))
                offset = next
            }
            day += step
        }
        self.init(firstOffset: Int64(first) * 1_000, transitions: transitions)
    }
}

extension TimeZone {
    /// Ahead of UTC.
    fileprivate func seconds(at second: Int64) -> Int {
        secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(second)))
    }

    /// The second at which an offset begins that holds at `end` and not at `start`.
    fileprivate func firstSecond(from start: Int64, to end: Int64, with offset: Int) -> Int64 {
        var (before, after) = (start, end)
        while after - before > 1 {
            let middle = (before + after) / 2
            if seconds(at: middle) == offset { after = middle } else { before = middle }
        }
        return after
    }
}
