import SojournClient

/// How long replies took, as STATUS counts them: how many stayed within each of several bounds.
struct ReplyTimes {
    private let count: Int64
    /// Bounds in microseconds, ascending, each with how many replies took no longer.
    private let bounds: [(microseconds: Int64, count: Int64)]

    /// Of the replies between two statuses; nil where the server counts none.
    init?(_ change: StatusChange) {
        guard let count = change.growth("replies_total"), count > 0 else { return nil }
        self.count = count
        bounds = change.counters("replies_within_").compactMap { name, word in
            guard let bound = Int64(word.dropLast("_microseconds".count)),
                let count = change.growth(name)
            else { return nil }
            return (bound, count)
        }.sorted { $0.microseconds < $1.microseconds }
        if bounds.isEmpty { return nil }
    }

    /// The microseconds that a share of the replies, 0 to 1, took at most. Between two bounds replies are
    /// taken to be spread evenly; beyond the last one it is the answer, since no more is known.
    func quantile(_ share: Double) -> Double {
        let rank = share * Double(count)
        var lower: (microseconds: Int64, count: Int64) = (0, 0)
        for bound in bounds {
            if Double(bound.count) >= rank {
                let within = Double(max(1, bound.count - lower.count))
                let part = (rank - Double(lower.count)) / within
                return Double(lower.microseconds)
                    + part * Double(bound.microseconds - lower.microseconds)
            }
            lower = bound
        }
        return Double(lower.microseconds)
    }
}
