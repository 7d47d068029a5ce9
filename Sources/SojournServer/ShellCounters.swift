import SojournService
import SojournWire

/// What the loop counts beside the core. Only operators read it; nothing is decided by it.
struct ShellCounters {
    /// Requests that never came as far as the core.
    var refusals = RefusalCounters()
    /// Replies whose peer was gone when they were ready.
    var repliesUnreachable: UInt64 = 0
    /// Replies whose peer did not read fast enough to have room for them.
    var repliesUnread: UInt64 = 0
    var latency = LatencyCounters()

    /// That of a router, which tells of its queues by worker.
    func report(
        openRequests: Int, shareRefusals: UInt64, door: DoorCounters
    ) -> ShellReport {
        var report = ShellReport()
        report.refusals = refusals
        report.gauges =
            [
                Gauge("open_requests", openRequests),
                Gauge("replies_unreachable_total", repliesUnreachable),
                Gauge("replies_unread_total", repliesUnread),
                Gauge("client_share_refusals_total", shareRefusals),
            ] + door.gauges + latency.gauges
        return report
    }

    func report(
        queuedRequests: Int, queuedBytes: Int, shareRefusals: UInt64, door: DoorCounters,
        journal: [Gauge]
    ) -> ShellReport {
        var report = ShellReport()
        report.refusals = refusals
        report.gauges =
            [
                Gauge("queued_requests", UInt64(queuedRequests)),
                Gauge("queued_bytes", UInt64(queuedBytes)),
                Gauge("replies_unreachable_total", repliesUnreachable),
                Gauge("replies_unread_total", repliesUnread),
                Gauge("client_share_refusals_total", shareRefusals),
            ] + door.gauges + latency.gauges + journal
        return report
    }
}
