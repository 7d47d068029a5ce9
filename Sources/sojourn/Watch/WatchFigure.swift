/// A figure that is watched: what it is called, and where in a status it stands.
struct WatchFigure {
    enum Unit {
        case number, perSecond, microseconds, milliseconds, bytes
    }

    private enum Source {
        case gauge(String)
        /// What these counters grow by together.
        case rate([String])
        /// What all counters grow by whose names begin so.
        case rates(String)
        case replyTime(share: Double)
    }

    /// In JSON.
    let name: String
    /// For people.
    let title: String
    let unit: Unit
    private let source: Source

    /// Those of services and of routers, in the order in which they are shown.
    static let all: [WatchFigure] = [
        .init("events_per_second", "events/s", .perSecond, .rates("events_")),
        .init(
            "batches_per_second", "batches/s", .perSecond,
            .rate(["batches_total", "batches_whole_total", "batches_split_total"])),
        .init("live_sessions", "live", .number, .gauge("live_sessions")),
        .init(
            "sessions_opened_per_second", "opened/s", .perSecond, .rate(["sessions_opened_total"])),
        .init(
            "sessions_finished_per_second", "finished/s", .perSecond,
            .rate(["sessions_finished_total"])),
        .init(
            "sessions_merged_per_second", "merged/s", .perSecond, .rate(["sessions_merged_total"])),
        .init("parts_per_second", "parts/s", .perSecond, .rate(["parts_total"])),
        .init("parts_in_flight", "in flight", .number, .gauge("parts_in_flight")),
        .init("parts_resent_per_second", "resent/s", .perSecond, .rate(["parts_resent_total"])),
        .init("workers_up", "workers", .number, .gauge("workers_up")),
        .init(
            "refusals_per_second", "refused/s", .perSecond, .rate(["errors_total", "drops_total"])),
        .init("replies_per_second", "replies/s", .perSecond, .rate(["replies_total"])),
        .init("p50_microseconds", "p50", .microseconds, .replyTime(share: 0.5)),
        .init("p99_microseconds", "p99", .microseconds, .replyTime(share: 0.99)),
        .init("queued_requests", "queue", .number, .gauge("queued_requests")),
        .init("open_requests", "open", .number, .gauge("open_requests")),
        .init("queued_bytes", "queue bytes", .bytes, .gauge("queued_bytes")),
        .init(
            "archive_lag_milliseconds", "archive lag", .milliseconds,
            .gauge("archive_lag_milliseconds")),
    ]

    private init(_ name: String, _ title: String, _ unit: Unit, _ source: Source) {
        self.name = name
        self.title = title
        self.unit = unit
        self.source = source
    }

    /// Whether the server shows what this is made of.
    func isShown(by change: StatusChange) -> Bool {
        switch source {
        case .gauge(let name): change.value(name) != nil
        case .rate(let names): names.contains { change.value($0) != nil }
        case .rates(let prefix): !change.counters(prefix).isEmpty
        case .replyTime: change.value("replies_total") != nil
        }
    }

    /// nil where nothing is known: a rate needs two statuses, and times need replies.
    func value(in change: StatusChange) -> Double? {
        switch source {
        case .gauge(let name): change.value(name).map { Double($0) }
        case .rate(let names): change.perSecond(names)
        case .rates(let prefix): change.perSecond(change.counters(prefix).map(\.name))
        case .replyTime(let share): ReplyTimes(change)?.quantile(share)
        }
    }

    func text(of value: Double?) -> String {
        guard let value else { return "-" }
        switch unit {
        case .number, .bytes: return HumanText.count(Int(value))
        case .perSecond: return HumanText.rate(value)
        case .microseconds: return HumanText.latency(microseconds: value)
        case .milliseconds: return HumanText.duration(milliseconds: Int64(value))
        }
    }
}

extension HumanText {
    /// `1,234` of what is many, `2.5` of what is few, `0` of nothing.
    static func rate(_ number: Double) -> String {
        let tenths = Int((number * 10).rounded())
        if tenths == 0 || tenths >= 100 || tenths % 10 == 0 { return count(Int(number.rounded())) }
        return "\(tenths / 10).\(tenths % 10)"
    }

    /// `85 µs`, `1.5 ms`, `2.0 s`
    static func latency(microseconds: Double) -> String {
        if microseconds < 1_000 { return "\(Int(microseconds.rounded())) µs" }
        let tenths = Int((microseconds / 100).rounded())
        if tenths < 10_000 { return "\(tenths / 10).\(tenths % 10) ms" }
        return duration(milliseconds: Int64(microseconds / 1_000))
    }
}
