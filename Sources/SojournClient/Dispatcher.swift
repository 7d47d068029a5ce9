import SojournModel
import SojournWire

/// The number of a batch, by which the server knows a repetition.
struct Stamp: Equatable, Sendable {
    var producer: ProducerID
    var sequence: UInt64

    /// Of a request that is no batch.
    static let none = Stamp(producer: ProducerID(0), sequence: 0)
}

/// Decides what a client sends when, what it makes of answers, and when it gives up.
///
/// It is a state machine without a socket, a clock or a thread: the `Courier` tells it what happened
/// and when, and carries out its `actions`. A request goes this way:
///
///     submit -> waiting -> in flight -> answered, or refused for good
///                  ^           |
///                  +- again <--+  refused for now; no answer in time; connection lost
///
/// - Requests wait in the order in which they were submitted; at most `credit` are in flight.
/// - A batch gets its number when it is sent for the first time and keeps it: the server applies it
///   once however often it arrives.
/// - When the server asks to wait, everything waits, so that batches stay in order as far as can be.
/// - A request that nobody waits for any more (it was cancelled, or its time was up) keeps its place
///   in flight until it is answered: the server is still at work on it.
struct Dispatcher {
    typealias Instant = ContinuousClock.Instant

    enum Action {
        /// Close the connection, open one to this endpoint and greet the server there.
        case connect(endpoint: Int)
        /// Close the connection.
        case disconnect
        /// The first greeting succeeded.
        case welcome
        /// The first greeting did not succeed, and will not be tried any further.
        case giveUp(SojournError)
        /// A request has failed.
        case fail(UInt64, SojournError)
    }

    /// What to do with a reply.
    enum Delivery { case deliver, late, ignore }

    struct Request {
        enum Stage: Equatable {
            /// Never sent.
            case waiting
            case inFlight(until: Instant)
            /// Was sent, and is to be sent again.
            case again
        }

        let operation: SojournWire.Operation
        let deadline: Instant
        var stage = Stage.waiting
        var stamp = Stamp.none
        var sends = 0
        /// Sends that no answer came to: what was sent so may have been applied.
        var unanswered = 0
        /// Nobody waits for it.
        var isAbandoned = false
        /// What the server said last.
        var refusal: ErrorReply?

        var isBatch: Bool { operation == .assign }
    }

    let endpoints: [String]
    let options: SojournClient.Options

    /// To be carried out, in this order, and removed.
    var actions: [Action] = []
    var statistics = SojournClient.Statistics()

    /// By correlation, which grows with each request.
    var requests: [UInt64: Request] = [:]
    /// Those that were never sent, in order. May name requests that are gone.
    private var waiting = Queue<UInt64>()
    /// Those that were sent and have not ended, in order.
    private(set) var sent: [UInt64] = []
    private(set) var inFlight = 0
    private(set) var toSendAgain = 0

    private var producer: ProducerID
    private var sequence: UInt64
    /// The highest batch of this producer that was applied.
    private var appliedSequence: UInt64
    var producerWindow: UInt64 = UInt64(Limits.producerWindow)
    var credit = 1

    var link: Link
    /// Nothing is sent before.
    var pausedUntil: Instant?
    /// Refusals since the last answer.
    private var refusalStreak = 0
    /// No later than the first deadline of a request.
    private var firstTimer: Instant?

    /// - Parameters:
    ///   - endpoints: at least one; the first is tried first.
    ///   - producer: random, not 0.
    init(
        endpoints: [String], options: SojournClient.Options, producer: ProducerID, now: Instant
    ) {
        precondition(!endpoints.isEmpty)
        precondition(producer.rawValue != 0)
        self.endpoints = endpoints
        self.options = options
        self.producer = producer
        sequence = options.firstSequence
        appliedSequence = sequence - 1
        link = Link(deployment: options.deployment, connectDeadline: now + options.connectTimeout)
        connect(endpoint: 0, now: now)
    }
}

// MARK: - Requests come and go

extension Dispatcher {
    mutating func submit(
        _ id: UInt64, _ operation: SojournWire.Operation, deadline: Instant
    ) {
        requests[id] = Request(operation: operation, deadline: deadline)
        waiting.append(id)
        note(timer: deadline)
    }

    /// Nobody waits for the reply any more.
    mutating func abandon(_ id: UInt64) {
        guard let request = requests[id] else { return }
        if case .inFlight = request.stage {
            requests[id]?.isAbandoned = true
        } else {
            remove(id)
        }
    }

    /// Fails everything.
    mutating func close() {
        for id in requests.keys.sorted() {
            guard let request = requests[id] else { continue }
            remove(id)
            if !request.isAbandoned { fail(id, request, .closed) }
        }
    }

    private mutating func remove(_ id: UInt64) {
        guard let request = requests.removeValue(forKey: id) else { return }
        switch request.stage {
        case .waiting: return
        case .inFlight: inFlight -= 1
        case .again: toSendAgain -= 1
        }
        if let index = sent.firstIndex(of: id) { sent.remove(at: index) }
    }
}

// MARK: - Sending

extension Dispatcher {
    struct Sending: Equatable {
        var id: UInt64
        /// To be put into the frame; nil when it is there from an earlier time.
        var stamp: Stamp?
    }

    /// Something is to be sent when the connection allows it.
    var hasToSend: Bool { toSendAgain > 0 || !waiting.isEmpty }

    /// The next request to be sent now, which then counts as sent: see `couldNotSend`.
    mutating func nextToSend(now: Instant) -> Sending? {
        guard link.isUp, inFlight < credit, pausedUntil.map({ $0 <= now }) ?? true else {
            return nil
        }
        if toSendAgain > 0, let id = sent.first(where: { requests[$0]?.stage == .again }) {
            toSendAgain -= 1
            statistics.resent += 1
            markSent(id, now: now)
            return Sending(id: id)
        }
        while let id = waiting.first {
            guard let request = requests[id] else {
                _ = waiting.popFirst()
                continue
            }
            guard let stamp = request.isBatch ? nextStamp() : Stamp.none else { return nil }
            if request.isBatch { sequence += 1 }
            _ = waiting.popFirst()
            requests[id]?.stamp = stamp
            sent.append(id)
            markSent(id, now: now)
            return Sending(id: id, stamp: stamp)
        }
        return nil
    }

    /// The connection did not take it: it is the first to be sent when it does.
    mutating func couldNotSend(_ id: UInt64) {
        guard var request = requests[id], case .inFlight = request.stage else { return }
        inFlight -= 1
        toSendAgain += 1
        statistics.sent -= 1
        if request.sends > 1 { statistics.resent -= 1 }
        request.sends -= 1
        request.unanswered -= 1
        request.stage = .again
        requests[id] = request
    }

    private mutating func markSent(_ id: UInt64, now: Instant) {
        guard var request = requests[id] else { return }
        let until = now + options.attemptTimeout
        request.stage = .inFlight(until: until)
        request.sends += 1
        request.unanswered += 1
        requests[id] = request
        inFlight += 1
        statistics.sent += 1
        note(timer: until)
    }

    /// The number of the next batch; nil while an earlier one must be settled first.
    ///
    /// A server remembers so many batches behind its highest and takes so many beyond it. So a batch
    /// that still may have to be sent again must not fall out of that window, nor must refused
    /// batches, which leave holes, carry the numbers beyond it: then there is a new producer, unless
    /// the program chose this one.
    private mutating func nextStamp() -> Stamp? {
        let oldest = oldestUnsettledSequence
        if let oldest, sequence - oldest >= producerWindow { return nil }
        if options.producer == nil, sequence > appliedSequence + producerWindow {
            if oldest != nil { return nil }
            producer = producer.successor
            sequence = 1
            appliedSequence = 0
        }
        return Stamp(producer: producer, sequence: sequence)
    }

    /// Of the batches of this producer that may have to be sent again.
    private var oldestUnsettledSequence: UInt64? {
        for id in sent {
            if let request = requests[id], !request.isAbandoned, request.isBatch,
                request.stamp.producer == producer
            {
                return request.stamp.sequence
            }
        }
        return nil
    }
}

// MARK: - Answers

extension Dispatcher {
    /// The server has answered what was asked.
    mutating func answered(_ id: UInt64, _ operation: SojournWire.Operation) -> Delivery {
        guard let request = requests[id], case .inFlight = request.stage,
            request.operation == operation
        else { return .ignore }
        refusalStreak = 0
        if request.stamp.producer == producer {
            appliedSequence = max(appliedSequence, request.stamp.sequence)
        }
        remove(id)
        return request.isAbandoned ? .late : .deliver
    }

    /// The server has refused: for good, or for now.
    mutating func refused(_ id: UInt64, _ reply: ErrorReply, now: Instant) -> Delivery {
        guard var request = requests[id], case .inFlight = request.stage else { return .ignore }
        if request.isAbandoned {
            remove(id)
            return .late
        }
        if !reply.code.leavesOutcomeUnknown { request.unanswered -= 1 }
        request.refusal = reply
        requests[id] = request
        guard reply.isRetriable else {
            remove(id)
            fail(id, request, .refused)
            return .deliver
        }
        let pause = pauseAfterRefusal(reply)
        if now + pause >= request.deadline {
            remove(id)
            fail(id, request, .refused)
            return .deliver
        }
        statistics.refusalsRetried += 1
        putBack(id)
        pausedUntil = max(pausedUntil ?? now, now + pause)
        if reply.code == .draining { leave(now: now) }
        return .deliver
    }

    /// What the server asks for; where it says nothing, 10 ms and more from refusal to refusal.
    private mutating func pauseAfterRefusal(_ reply: ErrorReply) -> Duration {
        refusalStreak += 1
        if reply.retryAfterMilliseconds > 0 {
            return .milliseconds(Int64(reply.retryAfterMilliseconds))
        }
        // Who is draining is left for another endpoint, unless the others were draining as well.
        if reply.code == .draining, refusalStreak < endpoints.count { return .zero }
        return .milliseconds(10 << min(refusalStreak - 1, 6))
    }

    private mutating func putBack(_ id: UInt64) {
        requests[id]?.stage = .again
        inFlight -= 1
        toSendAgain += 1
    }
}

// MARK: - Time

extension Dispatcher {
    /// When `tick` has something to do next, if nothing happens before.
    var nextTimer: Instant? {
        var next = [firstTimer, link.timer].compactMap(\.self).min()
        if let pausedUntil, hasToSend { next = min(next ?? pausedUntil, pausedUntil) }
        return next
    }

    mutating func tick(now: Instant) {
        if let pausedUntil, pausedUntil <= now { self.pausedUntil = nil }
        tickLink(now: now)
        guard let firstTimer, firstTimer <= now else { return }
        self.firstTimer = nil
        var isLinkDead = false
        // In the order of submission, so that what is sent again keeps it.
        for id in requests.keys.sorted() {
            guard let request = requests[id] else { continue }
            if case .inFlight(let until) = request.stage, until <= now {
                if request.isAbandoned {
                    remove(id)
                    continue
                }
                isLinkDead = true
            }
            if !request.isAbandoned, request.deadline <= now {
                fail(id, request, .deadline)
                abandon(id)
            }
            if let left = requests[id] { note(timersOf: left) }
        }
        if isLinkDead { replaceLink(now: now) }
    }

    private mutating func note(timer: Instant) {
        firstTimer = min(firstTimer ?? timer, timer)
    }

    private mutating func note(timersOf request: Request) {
        if !request.isAbandoned { note(timer: request.deadline) }
        if case .inFlight(let until) = request.stage { note(timer: until) }
    }

    /// Takes back what was sent over a connection that is gone.
    mutating func recallInFlight() {
        for id in sent {
            guard let request = requests[id], case .inFlight = request.stage else { continue }
            if request.isAbandoned {
                remove(id)
            } else if request.unanswered >= options.attempts {
                remove(id)
                fail(id, request, .attempts)
            } else {
                putBack(id)
            }
        }
    }
}

extension ProducerID {
    /// Another producer that nobody else is likely to have (SplitMix64); not 0.
    fileprivate var successor: ProducerID {
        var random = SplitMix64(seed: rawValue)
        return ProducerID(max(1, random.next()))
    }
}
