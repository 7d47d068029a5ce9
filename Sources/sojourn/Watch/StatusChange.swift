import SojournClient

/// What two statuses of one server tell, one after the other, of the time between them.
struct StatusChange {
    let now: ServerStatus
    /// How long that time was, by the server; nil where there is no earlier status, or the server was
    /// started anew since, so that its counters began again.
    let seconds: Double?
    private let values: [String: Int64]
    private let earlier: [String: Int64]

    init(from before: ServerStatus?, to now: ServerStatus) {
        self.now = now
        let values = Self.table(now)
        let earlier = before.map(Self.table) ?? [:]
        self.values = values
        self.earlier = earlier
        let uptime = "uptime_milliseconds"
        let passed = (values[uptime] ?? 0) - (earlier[uptime] ?? 0)
        // It may have run for longer by now than the one before it had when that was last asked.
        let hasShrunk = earlier.contains { name, value in
            name.hasSuffix("_total") && values[name] ?? value < value
        }
        seconds = earlier.isEmpty || passed <= 0 || hasShrunk ? nil : Double(passed) / 1_000
    }

    /// The server was started anew between the two.
    var isRestart: Bool { !earlier.isEmpty && seconds == nil }

    /// The value of a gauge now; nil for one that the server does not show.
    func value(_ name: String) -> Int64? { values[name] }

    /// By how much a counter grew. One that was not shown before was zero: codes of errors are shown once
    /// they occur.
    func growth(_ name: String) -> Int64? {
        guard seconds != nil, let value = values[name] else { return nil }
        return value - (earlier[name] ?? 0)
    }

    func perSecond(_ name: String) -> Double? {
        guard let seconds, let growth = growth(name) else { return nil }
        return Double(growth) / seconds
    }

    /// Of several counters together; nil when the server shows none of them.
    func perSecond(_ names: [String]) -> Double? {
        let rates = names.compactMap { perSecond($0) }
        return rates.isEmpty ? nil : rates.reduce(0, +)
    }

    /// The counters whose names begin so, and what stands between that and `_total`, in the server's order.
    func counters(_ prefix: String) -> [(name: String, word: String)] {
        now.gauges.map(\.name).compactMap { name in
            guard name.hasPrefix(prefix), name.hasSuffix("_total"), name != prefix + "total" else {
                return nil
            }
            return (name, String(name.dropFirst(prefix.count).dropLast("_total".count)))
        }
    }

    private static func table(_ status: ServerStatus) -> [String: Int64] {
        Dictionary(
            status.gauges.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    }
}
