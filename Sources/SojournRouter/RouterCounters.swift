import SojournService
import SojournWire

/// What a router has done. Only operators read it; nothing is decided by it.
struct RouterCounters {
    var requests: [SojournWire.Operation: UInt64] = [:]
    var refusals = RefusalCounters()
    /// Batches that went to one worker as they came.
    var wholeBatches: UInt64 = 0
    var splitBatches: UInt64 = 0
    /// Events of batches that went to workers, those that came again included.
    var events: UInt64 = 0
    /// Parts of which it is not known whether they were applied.
    var unknownParts: UInt64 = 0
    /// Answers of workers that nobody waits for any more.
    var lateReplies: UInt64 = 0
    /// Answers of workers that make no sense.
    var badReplies: UInt64 = 0

    mutating func count(_ operation: SojournWire.Operation) { requests[operation, default: 0] += 1 }

    var gauges: [Gauge] {
        var gauges: [Gauge] = []
        for operation in SojournWire.Operation.allCases where operation != .error {
            gauges.append(
                Gauge(
                    "requests_\(operation.name.lowercased())_total", requests[operation] ?? 0))
        }
        return gauges + [
            Gauge("batches_whole_total", wholeBatches),
            Gauge("batches_split_total", splitBatches),
            Gauge("batch_events_total", events),
            Gauge("parts_unknown_total", unknownParts),
            Gauge("worker_replies_late_total", lateReplies),
            Gauge("worker_replies_bad_total", badReplies),
        ]
    }
}
