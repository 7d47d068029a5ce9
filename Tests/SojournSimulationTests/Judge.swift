import SojournChannels
import SojournEngine
import SojournJournal
import SojournModel
import SojournTestKit
import SojournWire

/// Goes through the records of a journal from the first on with an engine of its own, which gets the
/// batches as their senders made them, and with the oracle, which is the definition of sessions; and
/// compares both with each other and with what was answered.
struct Judge: ~Copyable {
    private let plan: SimulationPlan
    private let batches: [UInt64: SentBatch]
    /// Ends with the state that the service should have.
    private(set) var engine: Engine
    private var collector = Collector()
    private var properties: [PropertyID: Book] = [:]
    private var result = BatchResult()
    private var scratch = DecodeScratch()
    private var reply = ByteWriter()
    private(set) var merges = 0

    private struct Collector: SessionSink {
        var finished: [SessionSnapshot] = []

        mutating func finished(_ property: PropertyID, _ write: (inout PackedSessions) -> Void) {
            var list = PackedSessions()
            write(&list)
            list.visit { finished.append($0.snapshot) }
        }

        mutating func revise(_ property: PropertyID, _ revision: Revision) {}
    }

    /// What is known of a property.
    private struct Book {
        let policy: SessionPolicy
        var oracle: ArrivalOracle
        /// The ids of the oracle's sessions.
        var ids: [Int: SessionID] = [:]
        var events = 0
        var revisions: UInt64 = 0

        /// The number of the oracle's session that has an id.
        func isUnfinished(_ session: ExpectedSession, clock: Int64) -> Bool {
            policy.finishTime(lastEvent: session.lastEvent) > max(oracle.clock, clock)
        }
    }

    /// - Parameter batches: by fingerprint.
    init(_ plan: SimulationPlan, _ batches: [UInt64: SentBatch]) {
        self.plan = plan
        self.batches = batches
        engine = Engine(secret: SimulationPlan.secret)
    }

    /// Goes through all records.
    mutating func judge(_ timeline: Timeline) throws {
        var questions = timeline.questions[...]
        var applied: [Int: Int] = [:]
        for (index, record) in timeline.records.enumerated() {
            let position = index + 1
            do {
                switch record.kind {
                case .policy: try applyPolicy(record.payload)
                case .tick: applyTick(record.payload)
                case .forget: throw Violation("nobody asked to forget a visitor")
                case .confirmation: throw Violation("nobody else owns the partition")
                case .batch:
                    let batch = try applyBatch(record.payload, given: timeline.given[position])
                    if batch.isNumbered, !plan.isTight {
                        let before = applied.updateValue(position, forKey: batch.index)
                        try require(
                            before == nil,
                            "batch \(batch.index) is record \(before ?? 0) too")
                    }
                }
                while let question = questions.first, question.position <= position {
                    if question.position == position { try answer(question) }
                    questions.removeFirst()
                }
            } catch let violation as Violation {
                throw Violation("record \(position): \(violation)")
            }
        }
        if !plan.isTight, !timeline.hasLostAnswers {
            for batch in batches.values.sorted(by: { $0.index < $1.index }) where batch.isNumbered {
                try require(
                    applied[batch.index] != nil, "batch \(batch.index) was answered, not applied")
            }
        }
    }

    // MARK: Records

    private mutating func applyPolicy(_ payload: [UInt8]) throws {
        let property = PropertyID(payload.lend { $0.integer(at: 4) })
        let policy = plan.policies[Int(property.rawValue) - 1]
        try require(properties[property] == nil, "a policy changed that did not")
        properties[property] = Book(policy: policy, oracle: ArrivalOracle(policy))
        engine.set(policy, of: property)
    }

    private mutating func applyTick(_ payload: [UInt8]) {
        let property = PropertyID(payload.lend { $0.integer(at: 4) })
        let clock: Int64 = payload.lend { $0.integer(at: 8) }
        _ = engine.tick(property, clock: clock, sink: &collector)
        if let before = properties[property]?.oracle.clock {
            properties[property]?.oracle.clock = max(before, clock)
        }
    }

    private mutating func applyBatch(_ payload: [UInt8], given: [UInt8]?) throws -> SentBatch {
        let property = PropertyID(payload.lend { $0.integer(at: 4) })
        let fingerprint: UInt64 = payload.lend { $0.integer(at: 40) }
        let time = payload.lend {
            AdmissionTime(clock: $0.integer(at: 8), server: $0.integer(at: 16))
        }
        let checksum: UInt32 = payload.lend { $0.integer(at: 48) }
        guard let batch = batches[fingerprint] else {
            throw Violation("a batch was applied that nobody sent")
        }
        try require(batch.property == property, "a batch was applied to another property")
        try Self.apply(batch, at: time, to: &engine, &collector, &scratch, &result)
        AssignReply.encode(
            result,
            header: MessageHeader(operation: .assign, isReply: true, property: batch.property),
            into: &reply)
        let whole = reply.array
        try require(
            whole.lend { Frame.bodyChecksum(of: $0) } == checksum,
            "batch \(batch.index) comes to another reply")
        if let given {
            try require(
                given[64...] == whole[64...], "batch \(batch.index) was answered otherwise")
        }
        try compare(batch, at: time, whole)
        return batch
    }

    /// Not a method, for the batch lies in `scratch` while the engine changes.
    private static func apply(
        _ batch: SentBatch, at time: AdmissionTime, to engine: inout Engine,
        _ collector: inout Collector, _ scratch: inout DecodeScratch, _ result: inout BatchResult
    ) throws {
        let frame = batch.frame
        // Bytes have no padding, so they may be read.
        let body = unsafe frame.span.bytes.extracting(MessageHeader.byteCount...)
        let events = try AssignRequest.decode(body: body, scratch: &scratch)
        engine.apply(
            events, to: batch.property, at: time, result: &result, sink: &collector)
    }

    /// Compares a reply with the oracle's answers.
    private mutating func compare(
        _ batch: SentBatch, at time: AdmissionTime, _ reply: [UInt8]
    ) throws {
        guard var book = properties[batch.property] else { throw Violation("no policy") }
        defer { properties[batch.property] = book }
        book.oracle.clock = max(book.oracle.clock, time.clock)
        let latest = time.server + book.policy.maxClockSkewMilliseconds
        var wanted: [(from: Int, into: Int)] = []
        // As above.
        let view = try AssignReplyView.decode(body: unsafe reply.span.bytes.extracting(64...))
        try require(view.eventCount == batch.events.count, "answers are missing")
        for (row, event) in batch.events.enumerated() {
            book.events += 1
            // The oracle has no server time.
            if event.time > latest {
                try require(
                    view.outcome(event: row) == .rejectedClockSkew, "event \(row) is not rejected")
                continue
            }
            let answer = book.oracle.take(NumberedEvent(book.events, event))
            let (outcome, position) = (view.outcome(event: row), view.position(event: row))
            let what = "event \(row) of batch \(batch.index)"
            try require(
                outcome == answer.outcome, "\(what) is \(outcome.name), not \(answer.outcome.name)")
            try require(
                position == answer.position, "\(what) is at \(position), not \(answer.position)")
            let id = view.sessionIndex(event: row).map { view.session($0).id }
            try require((id != nil) == (answer.session != nil), "\(what) has a session, or none")
            if let number = answer.session, let id {
                if let known = book.ids[number] {
                    try require(known == id, "\(what) is in session \(id), not \(known)")
                }
                book.ids[number] = id
            }
            if let merged = answer.mergedSession, let into = answer.session {
                wanted.append((merged, into))
            }
        }
        try require(view.revisionCount == wanted.count, "\(view.revisionCount) revisions")
        for (row, merge) in wanted.enumerated() {
            let revision = view.revision(row)
            book.revisions += 1
            merges += 1
            try require(
                revision.number == book.revisions,
                "revision \(revision.number) stands for \(book.revisions)")
            try require(
                revision.from == book.ids[merge.from] && revision.into == book.ids[merge.into],
                "revision \(revision.number) is of other sessions")
        }
    }

    // MARK: Questions

    /// Sessions as a look-up shows them: with a channel.
    private static func shown(_ sessions: [SessionSnapshot]) -> [SessionSnapshot] {
        sessions.map { session in
            var session = session
            session.nameChannel(by: ChannelGrouping())
            return session
        }
    }

    /// Answers a question as it should have been answered.
    private mutating func answer(_ question: Timeline.Question) throws {
        guard let header = MessageHeader.readable(unsafe question.request.span.bytes) else {
            throw Violation("a question without a header")
        }
        guard let book = properties[header.property] else { throw Violation("no policy") }
        let asked = try LookupRequest.decode(
            body: unsafe question.request.span.bytes.extracting(64...))
        let told = try LookupReply.decode(body: unsafe question.reply.span.bytes.extracting(64...))
        switch asked {
        case .session(let id):
            let found = engine.session(id, in: header.property, clock: told.clock)
            try require(
                told.sessions == Self.shown(found.map { [$0] } ?? []),
                "session \(id) looks otherwise")
        case .visitor(let key):
            let found = engine.sessions(of: key, in: header.property, clock: told.clock)
            try require(told.sessions == Self.shown(found), "a visitor's sessions look otherwise")
            let visitor = String(decoding: [UInt8](key), as: UTF8.self)
            let wanted = book.oracle.sessions.filter {
                $0.session.visitor == visitor && book.isUnfinished($0.session, clock: told.clock)
            }
            try require(
                told.sessions.count == wanted.count,
                "\(visitor) has \(told.sessions.count) sessions, not \(wanted.count)")
            for (number, session) in wanted {
                try compare(found, number, session, book, isOpen: true)
            }
        }
    }

    private func compare(
        _ found: [SessionSnapshot], _ number: Int, _ session: ExpectedSession, _ book: Book,
        isOpen: Bool
    ) throws(Violation) {
        guard var snapshot = found.first(where: { $0.id == book.ids[number] }) else {
            throw Violation("session \(number) of \(session.visitor) is not there")
        }
        // While it is open nobody knows.
        if isOpen, snapshot.boundaryOut == nil { snapshot.boundaryOut = session.boundariesOut.last }
        let differences = session.differences(from: snapshot)
        try require(
            differences.isEmpty,
            "session \(number) of \(session.visitor): \(differences.joined(separator: "; "))")
    }

    // MARK: The end

    /// Lets time go by until every session is finished, and compares them all.
    mutating func finish() throws {
        for property in properties.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
            guard let book = properties[property] else { continue }
            let span = book.policy.timeoutMilliseconds + book.policy.latenessMilliseconds
            let end = max(book.oracle.clock, Self.farAhead)
            // Merged sessions go when their turn in the wheel comes.
            for turn in 1...3 {
                while engine.tick(
                    property, clock: end + Int64(turn) * (2 * span + 10_000), sink: &collector)
                {}
            }
        }
        try require(engine.liveSessions == 0, "\(engine.liveSessions) sessions stay")
        var expected = 0
        for book in properties.values {
            for (number, session) in book.oracle.sessions {
                try compare(collector.finished, number, session, book, isOpen: false)
                expected += 1
            }
        }
        try require(
            collector.finished.count == expected,
            "\(collector.finished.count) sessions were finished, not \(expected)")
        try require(
            Set(collector.finished.map(\.id)).count == expected, "a session was finished twice")
    }

    /// Behind everything that a simulation knows.
    private static let farAhead = Simulation.epoch + 1_000 * 86_400_000
}
