import SojournService
import SojournWire

/// How long requests were in the server: from when they were taken in to when their replies left.
struct LatencyCounters {
    /// Microseconds; what STATUS counts replies up to.
    static let bounds: InlineArray<15, UInt64> = [
        100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
        1_000_000, 2_500_000, 5_000_000,
    ]

    /// Replies that took longer than the bound before and no longer than this one; the last beyond all.
    private var counts = InlineArray<16, UInt64>(repeating: 0)
    private var microseconds: UInt64 = 0

    mutating func count(microseconds taken: UInt64) {
        var row = 0
        while row < Self.bounds.count, taken > Self.bounds[row] { row += 1 }
        counts[row] += 1
        microseconds += taken
    }

    /// How many were within each bound, how many there were, and how long they took together.
    var gauges: [Gauge] {
        var gauges: [Gauge] = []
        var sum: UInt64 = 0
        for row in Self.bounds.indices {
            sum += counts[row]
            gauges.append(
                Gauge("replies_within_\(Self.bounds[row])_microseconds_total", sum))
        }
        gauges.append(Gauge("replies_total", sum + counts[Self.bounds.count]))
        gauges.append(Gauge("replies_microseconds_total", microseconds))
        return gauges
    }
}
