import SojournClient
import SojournModel
import SojournTestKit

/// The events of a batch, from the seed and the batch's number alone, so that they need not be kept.
///
/// Batches follow each other in a time of their own, which runs faster than ours. A few thousand
/// visitors come back after minutes, mostly; some of their events are late, by up to more than two
/// timeouts, and join or bridge sessions. No event is so late that it would be refused, as long as no
/// batch is `batchesAheadMax` ahead of one that is not answered.
struct Workload: Sendable {
    static let property = PropertyID.default
    static let batchesAheadMax = 400

    private static let visitors = 3_000
    private static let eventsPerBatch = 20...40
    /// 30 events of 3,000 visitors in 7 seconds: each comes back after 12 minutes on average.
    private static let stepMilliseconds: Int64 = 7_000
    private static let lateByMaxMilliseconds: Int64 = 65 * 60_000
    private static let start: Int64 = 1_700_000_000_000
    private static let pages = (0..<200).map { "/page/\($0)" }
    private static let devices = ["", "phone", "desktop"]

    let seed: UInt64

    /// Law 1 holds in full for it: no caps.
    static let policy: SessionPolicy = {
        var policy = SessionPolicy()
        policy.timeoutMilliseconds = 30 * 60_000
        policy.latenessMilliseconds = 3 * 3_600_000
        policy.maxDurationMilliseconds = nil
        policy.maxEvents = nil
        policy.midnight = .utc
        return policy
    }()

    /// The same for the server.
    static let yaml = """
        properties:
          - id: 1
            name: crash
            timeout: 30m
            lateness: 3h
            maxDuration: off
            maxEvents: off
            midnight: UTC

        """

    /// Every visitor that there is.
    static let visitorNames: [String] =
        (0..<visitors).map { "visitor-\($0)" } + (0..<visitors / 20).map { "marked-\($0)" }

    /// - Parameter mayHaveMarks: the batch's producer waits for the answer to each batch before it
    ///   sends the next: its `start` and `end` events arrive in order.
    func events(ofBatch number: Int, mayHaveMarks: Bool) -> [TestEvent] {
        var random = SplitMix64(seed: seed ^ UInt64(number) &* 0xD6E8_FEB8_6659_FD93)
        let now = Self.start + Int64(number) * Self.stepMilliseconds
        var events: [TestEvent] = []
        for _ in 0..<random.number(Self.eventsPerBatch) {
            let isMarked = mayHaveMarks && random.once(in: 4)
            let visitor =
                isMarked
                ? "marked-\(random.number(0...Self.visitors / 20 - 1))"
                : "visitor-\(random.number(0...Self.visitors - 1))"
            var lateBy = random.number(1_000...Self.stepMilliseconds)
            if !isMarked, random.once(in: 8) {
                lateBy = random.number(0...Self.lateByMaxMilliseconds)
            }
            // No two events have the same time: then their order would hang on their arrival, which
            // nobody knows. Within a thousand batches the last three digits are the batch's own.
            let time = (now - lateBy) / 1_000 * 1_000 + Int64(number % 1_000)
            if events.contains(where: { $0.visitor == visitor && $0.time == time }) { continue }
            if isMarked, events.contains(where: { $0.visitor == visitor && $0.time > time }) {
                continue
            }
            events.append(event(visitor, time, isMarked: isMarked, &random))
        }
        return events
    }

    private func event(
        _ visitor: String, _ time: Int64, isMarked: Bool, _ random: inout SplitMix64
    ) -> TestEvent {
        let kinds: [EventKind] = [.view, .view, .view, .view, .action, .conversion, .heartbeat]
        var event = TestEvent(visitor, time, random.pick(kinds))
        if isMarked, random.once(in: 4) { event.kind = random.pick([.start, .end]) }
        event.name = random.pick(Self.pages)
        if event.kind == .conversion { event.value = Int64(random.number(1...100)) * 1_000_000 }
        if random.once(in: 3) {
            event.context = TestContext(
                device: random.pick(Self.devices), channel: random.pick(["email", "direct"]))
        }
        return event
    }
}
