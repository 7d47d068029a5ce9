import SojournClient
import SojournModel
import SojournTestKit

/// A sender with a number of its own, which keeps some batches in flight and trusts the client to
/// retry; when the client gives a batch up, it sends it again under the same number.
actor Producer {
    /// Answers that are kept to be compared with those of the same batches sent again: what a server
    /// remembers of a producer, less those that may come in between.
    private static let keptMax = 100

    private struct Flight {
        var number: Int
        var sequence: UInt64
        var pending: PendingAnswer
    }

    private let index: Int
    private let id: UInt64
    private let depth: Int
    private let endpoints: [String]
    private let workload: Workload
    private let course: Course
    /// A batch that was given up is sent as a new one: what a sender without numbers would do.
    private let usesFreshSequences: Bool

    private var client: SojournClient?
    private var window: [Flight] = []
    private var nextSequence: UInt64 = 1
    private var kept: [(number: Int, sequence: UInt64, answer: Answer)] = []

    init(
        _ index: Int, depth: Int, at endpoints: [String], _ workload: Workload, _ course: Course,
        usesFreshSequences: Bool
    ) {
        self.index = index
        self.depth = depth
        self.endpoints = endpoints
        self.workload = workload
        self.course = course
        self.usesFreshSequences = usesFreshSequences
        id = workload.seed &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(index + 1)
    }

    private var mayHaveMarks: Bool { depth == 1 }

    /// Sends until the course is over and everything is answered, or something is wrong.
    func run() async {
        do { try await send() } catch { course.fail(.answers, "\(error)") }
        await close()
    }

    private func send() async throws {
        client = try await connect(firstSequence: 1)
        // What is never answered, for something is wrong, is not waited for.
        while course.faults.isEmpty {
            while window.count < depth, !course.isOver, let number = course.nextBatch() {
                try submit(number)
            }
            if window.isEmpty {
                if course.isOver { break }
                try await Task.sleep(for: .milliseconds(1))
                continue
            }
            try await settleOldest()
        }
    }

    private func connect(firstSequence: UInt64) async throws -> SojournClient {
        var options = SojournClient.Options()
        options.producer = id
        options.firstSequence = firstSequence
        options.connectTimeout = .seconds(30)
        options.greetingTimeout = .milliseconds(500)
        options.attemptTimeout = .milliseconds(400)
        // Some give up early, so that it happens that an outcome is unknown.
        options.attempts = usesFreshSequences ? 1 : 1 + index % 3
        options.timeout = .seconds(60)
        return try await SojournClient.connect(to: endpoints, options: options)
    }

    private func close() async {
        guard let client else { return }
        course.count(reconnections: client.statistics.connections - 1)
        await client.close()
        self.client = nil
    }

    private func submit(_ number: Int) throws {
        window.append(
            Flight(number: number, sequence: nextSequence, pending: try send(number)))
        nextSequence += 1
    }

    private func send(_ number: Int) throws -> PendingAnswer {
        guard let client else { preconditionFailure("nothing is sent without a client") }
        var batch = client.makeBatch()
        for event in workload.events(ofBatch: number, mayHaveMarks: mayHaveMarks) {
            try batch.append(Event(event))
        }
        return try client.submit(&batch, property: Workload.property)
    }

    private func settleOldest() async throws {
        let flight = window[0]
        do {
            let answer = try await flight.pending.answer
            window.removeFirst()
            keep(flight, answer)
        } catch let error as SojournError where error.isTemporary {
            course.countUnknownOutcome()
            if usesFreshSequences {
                window.removeFirst()
                try submit(flight.number)
            } else {
                try await startAnew()
            }
        }
    }

    /// Sends all that is not settled again, under the same numbers, through a new client.
    private func startAnew() async throws {
        await close()
        client = try await connect(firstSequence: window[0].sequence)
        for row in window.indices { window[row].pending = try send(window[row].number) }
    }

    private func keep(_ flight: Flight, _ answer: Answer) {
        if !usesFreshSequences, answer.sequence != flight.sequence || answer.producer != id {
            course.fail(.answers, "batch \(flight.number) got the answer to another one")
        }
        course.settle(
            Course.Settled(
                number: flight.number, producer: index, mayHaveMarks: mayHaveMarks,
                outcomes: answer.assignments.map(\.outcome),
                sessions: answer.assignments.map(\.session), revisions: answer.revisions))
        kept.append((flight.number, flight.sequence, answer))
        if kept.count > Self.keptMax { kept.removeFirst() }
    }

    /// Sends the last batches again and compares the answers with those that were given.
    ///
    /// - Returns: how many were sent.
    func compareRepetitions() async throws -> Int {
        guard let first = kept.first, !usesFreshSequences else { return 0 }
        client = try await connect(firstSequence: first.sequence)
        let pending = try kept.map { try send($0.number) }
        for (old, new) in zip(kept, pending) where try await new.answer != old.answer {
            course.fail(
                .repetitions, "batch \(old.number) got another answer than the first time")
        }
        await close()
        return kept.count
    }
}

extension SojournError {
    /// The server was not there, or not for long enough.
    fileprivate var isTemporary: Bool {
        mayHaveBeenApplied || code == .timedOut || code == .unreachable
            || refusal?.code.isRetriable == true
    }
}

extension Event {
    fileprivate init(_ event: TestEvent) {
        self.init(
            visitor: event.visitor, time: EventTime(milliseconds: event.time), kind: event.kind,
            name: event.name, valueMicroUnits: event.value)
        guard !event.context.isEmpty else { return }
        var context = EventContext()
        for attribute in ContextAttribute.allCases {
            context[attribute] = event.context.attributes[attribute.rawValue]
        }
        self.context = context
    }
}
