package import SojournEngine
package import SojournModel

/// An engine with one property, and everything that it has said so far.
package struct EngineRun: ~Copyable {
    /// What the engine said of one event.
    package struct Assignment: Equatable, Sendable {
        package var outcome: Outcome
        package var session: SessionID?
        package var position: Int
        /// The session as it stood after the batch.
        package var row: SessionRow?
    }

    /// Keeps what it is given.
    package struct Collector: ~Copyable, SessionSink {
        /// Of a few sessions: as that of an archive, it outlives texts whose numbers are given to others.
        private var list = PackedSessions()
        private static let listMax = 32
        package var finished: [SessionSnapshot] = []
        package var visitors: [VisitorHash] = []
        package var revisions: [Revision] = []

        package mutating func finished(
            _ property: PropertyID, _ write: (inout PackedSessions) -> Void
        ) {
            if list.count == Self.listMax { list.removeAll() }
            let before = list.count
            write(&list)
            var row = 0
            list.visit { session in
                if row >= before {
                    visitors.append(session.head.visitor)
                    finished.append(session.snapshot)
                }
                row += 1
            }
        }

        package mutating func revise(_ property: PropertyID, _ revision: Revision) {
            revisions.append(revision)
        }
    }

    package static let property = PropertyID(7)
    package static let secret = DeploymentSecret(Bits128(high: 0x0123_4567, low: 0x89AB_CDEF))

    package let policy: SessionPolicy
    package let limits: EngineLimits
    package var engine: Engine
    package var collector = Collector()
    package private(set) var assignments: [Assignment] = []
    /// What the replies said; the collector was told the same.
    package private(set) var revisions: [Revision] = []
    /// Stamped on the next batch: the largest event time and clock so far.
    package private(set) var clock = Int64.min
    /// The server's time; far ahead unless a test sets it.
    package var server = Limits.eventTimeEnd
    private var result = BatchResult()

    package init(_ policy: SessionPolicy, limits: EngineLimits = .init()) {
        self.policy = policy
        self.limits = limits
        engine = Engine(secret: Self.secret, partition: 3, limits: limits)
        engine.set(policy, of: Self.property)
    }

    /// Sessions that are finished, in the order in which the engine handed them over.
    package var finished: [SessionSnapshot] { collector.finished }

    /// Applies one batch at the property's clock, and moves the clock on.
    ///
    /// - Parameter hashes: those of the visitors, to be applied instead of their keys.
    @discardableResult
    package mutating func apply(
        _ events: [TestEvent], hashes: [VisitorHash]? = nil
    ) -> [Assignment] {
        let columns = EventColumns(events)
        let time = AdmissionTime(clock: clock, server: server)
        columns.withBatch(hashes: hashes) { batch in
            engine.apply(
                batch, keys: hashes == nil ? .raw : .hashed, to: Self.property, at: time,
                result: &result, sink: &collector)
        }
        precondition(result.eventCount == events.count)
        var new: [Assignment] = []
        for row in 0..<result.eventCount {
            guard let outcome = Outcome(rawValue: result.outcomes[row]) else {
                preconditionFailure("no such outcome")
            }
            let session = Int(result.eventSessions[row])
            let shown = session == 0 ? nil : result.sessions[session - 1]
            new.append(
                Assignment(
                    outcome: outcome, session: shown?.id, position: Int(result.positions[row]),
                    row: shown))
            if outcome != .rejectedClockSkew { clock = max(clock, events[row].time) }
        }
        for index in 0..<result.revisions.count { revisions.append(result.revisions[index]) }
        precondition(revisions == collector.revisions)
        assignments += new
        return new
    }

    /// The hashes of the visitors of the last batch, in order of their first event in it.
    package var batchVisitors: [VisitorHash] {
        let visitors = engine.batchVisitors
        return visitors.indices.map { visitors[$0] }
    }

    /// Applies events one by one.
    @discardableResult
    package mutating func applyEach(_ events: [TestEvent]) -> [Assignment] {
        events.map { apply([$0])[0] }
    }

    /// Moves the clock on and hands over all that is due.
    package mutating func advance(to time: Int64) {
        clock = max(clock, time)
        while engine.tick(Self.property, clock: clock, sink: &collector) {}
    }

    /// Moves the clock on; the next batch or tick will show it to the engine.
    package mutating func setClock(_ time: Int64) { clock = max(clock, time) }

    /// Lets time go by until every session is finished and its memory is free.
    package mutating func finishAll() {
        let span = policy.timeoutMilliseconds + policy.latenessMilliseconds
        advance(to: max(clock, 0) + span + 1)
        // Merged sessions go when their turn in the wheel comes.
        advance(to: clock + 2 * span + 10_000)
        advance(to: clock + 2 * span + 10_000)
    }

    /// The unfinished sessions of a visitor.
    package mutating func sessions(of visitor: String) -> [SessionSnapshot] {
        let bytes = Array(visitor.utf8)
        // Bytes have no padding, so they may be read.
        return unsafe engine.sessions(of: bytes.span.bytes, in: Self.property, clock: clock)
    }

    /// The unfinished session with an id, or that it was merged into.
    package mutating func session(_ id: SessionID) -> SessionSnapshot? {
        engine.session(id, in: Self.property, clock: clock)
    }

    /// The session that an earlier answer's session is part of now.
    package func survivor(of id: SessionID) -> SessionID {
        revisions.reduce(id) { $1.from == $0 ? $1.into : $0 }
    }
}
