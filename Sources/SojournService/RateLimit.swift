import SojournModel
import SojournWire

/// A client's account of events: it fills up by so many a second, and holds a second's worth.
///
/// A batch is taken as long as the account is not empty, however large it is; what it takes beyond that is a
/// debt, which is paid before the next batch. So a batch larger than a second's worth is taken as well, and
/// on average nobody sends more than he may.
struct TokenBucket: Sendable {
    /// Thousandths of an event; below zero is a debt.
    private var balance: Int64
    /// Server time at which the balance was reckoned.
    private var time: Int64

    init(eventsPerSecond: Int, at time: Int64) {
        balance = Int64(eventsPerSecond) * 1_000
        self.time = time
    }

    /// Takes events out.
    ///
    /// - Returns: nil when they were taken; else after how many milliseconds to ask again.
    mutating func take(_ events: Int, eventsPerSecond: Int, at now: Int64) -> UInt32? {
        let rate = Int64(eventsPerSecond)
        // A clock that is set back fills nothing; one that leaps ahead fills a second's worth.
        let elapsed = min(max(0, now.subtractingReportingOverflow(time).partialValue), 1_000_000)
        balance = min(balance + elapsed * rate, rate * 1_000)
        time = now
        if balance <= 0 {
            return UInt32(clamping: (1 - balance + rate - 1) / rate)
        }
        balance -= Int64(events) * 1_000
        return nil
    }
}

/// The accounts of all clients that have a limit, by name.
package struct RateLimits: Sendable {
    private var buckets: [String: TokenBucket] = [:]
    /// Batches that were refused.
    package private(set) var refusals: UInt64 = 0

    package init() {}

    /// Takes a batch's events out of the sender's account.
    ///
    /// - Returns: nil when they were taken; else after how many milliseconds to send the batch again.
    mutating func take(_ events: Int, of caller: Caller, at now: Int64) -> UInt32? {
        guard case .client(let client) = caller, let rate = client.eventsPerSecond else {
            return nil
        }
        let wait = buckets[
            client.name, default: TokenBucket(eventsPerSecond: rate, at: now)
        ].take(events, eventsPerSecond: rate, at: now)
        if wait != nil { refusals += 1 }
        return wait
    }

    /// A client that has sent more events than it may waits for a while. A batch counts by what its sender says
    /// that it holds, also when it is found to be wrong after that.
    ///
    /// - Parameter body: of a request to ASSIGN, unchecked.
    package mutating func check(
        _ body: RawSpan, of caller: Caller, at now: Int64
    ) throws(Refusal) {
        guard body.byteCount >= 4 else { return }
        let claimed = Self.claimedEvents(body)
        guard let wait = take(claimed, of: caller, at: now) else { return }
        throw Refusal(
            .overloaded, retryAfterMilliseconds: wait,
            "this client sends more events than it may; send the batch again after \(wait) ms")
    }

    /// How many events a batch holds, as its sender says.
    ///
    /// - Parameter body: of a request to ASSIGN, unchecked.
    package static func claimedEvents(_ body: RawSpan) -> Int {
        guard body.byteCount >= 4 else { return 0 }
        return min(Int(body.integer(at: 0, as: UInt32.self)), Limits.batchEventsMax)
    }

    /// Forgets clients that are authorized no longer, so that there are never more accounts than clients.
    package mutating func keep(_ names: Set<String>) {
        buckets = buckets.filter { names.contains($0.key) }
    }
}
