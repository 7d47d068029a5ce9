import Foundation
import SojournClient
import SojournModel
import SojournTestKit
import Testing

/// The proof that all languages share one sessionizer: clients of five languages, each a process of
/// its own, send events of the same visitors to one service at once, and one of them crashes.
///
/// Needs what `Scripts/conformance --setup` installs and builds.
@Suite(.serialized, .timeLimit(.minutes(10))) struct SharedServiceTests {
    /// A batch and its answer.
    private struct Exchange: Sendable {
        var language: Language
        var batch: [TrafficEvent]
        var answer: WorkerAnswer
    }

    @Test(arguments: Language.allCases)
    func `all languages see the same sessions, though one is killed`(killed: Language) async throws
    {
        try await Self.share(try ServiceProcess(), killed: killed)
    }

    @Test func `all languages see the same sessions through a router as well`() async throws {
        try await Self.share(try ServiceProcess(workers: 2), killed: .python)
    }

    private static func share(_ service: ServiceProcess, killed: Language) async throws {
        let traffic = Traffic(seed: 7 + UInt64(Language.allCases.firstIndex(of: killed) ?? 0))
        let exchanges = try await Self.send(traffic, to: service.endpoint, killed: killed)
        #expect(exchanges.count == Language.allCases.count * Traffic.batchesPerLanguage)

        // Each correction came once, with the answer to the batch that brought it about.
        let revisions = exchanges.flatMap(\.answer.revisions)
        #expect(areWithoutGaps(revisions.map(\.number), series: service.services.count))
        #expect(!revisions.isEmpty)

        // What every language saw is what the definition says: sort, and cut.
        let events = exchanges.flatMap { exchange in
            zip(exchange.batch, exchange.answer.assignments).map { (exchange.language, $0, $1) }
        }
        let accepted = events.indices.filter { events[$0].2.session != nil }
        let expected = Oracle.sessions(
            of: accepted.map { NumberedEvent($0, events[$0].1.event) }, ServiceProcess.policy)
        let final = FinalIDs(revisions)
        var ids: [String] = []
        var shared = 0
        for session in expected {
            var seen: [Language: Set<String>] = [:]
            for number in session.eventNumbers {
                let (language, _, assignment) = events[number]
                seen[language, default: []].insert(final.id(assignment.session ?? "-"))
            }
            let all = seen.values.reduce(into: Set()) { $0.formUnion($1) }
            #expect(all.count == 1, "\(session.visitor) from \(session.firstEvent): \(seen)")
            ids.append(all.sorted().first ?? "-")
            if seen.count >= 3 { shared += 1 }
        }
        #expect(Set(ids).count == expected.count)
        #expect(shared > expected.count / 2, "the languages hardly met")

        try await Self.compare(service, expected, ids: ids)
    }

    /// Whether numbers are those of so many series from 1, each number once in each.
    private static func areWithoutGaps(_ numbers: [Int], series: Int) -> Bool {
        var counts: [Int: Int] = [:]
        for number in numbers { counts[number, default: 0] += 1 }
        let highest = counts.keys.max() ?? 0
        let inOrder = (0..<highest).map { counts[$0 + 1] ?? 0 }
        return inOrder.allSatisfy { (1...series).contains($0) }
            && zip(inOrder, inOrder.dropFirst()).allSatisfy { $0 >= $1 }
    }

    // MARK: What the service keeps

    /// Looks the visitors up: an event that had been applied twice would show in counts and values.
    private static func compare(
        _ service: ServiceProcess, _ expected: [ExpectedSession], ids: [String]
    ) async throws {
        let client = try await SojournClient.connect(to: service.endpoint)
        var found: [SessionSnapshot] = []
        var visitors: [String] = []
        for session in expected where visitors.last != session.visitor {
            visitors.append(session.visitor)
            found += try await client.lookup(visitor: session.visitor).sessions
        }
        #expect(found.map { "\($0.id)" } == ids)
        for (session, snapshot) in zip(expected, found) {
            // None of them is finished, so the last of a visitor has not ended.
            let differences = session.shown.differences(from: snapshot)
                .filter { !$0.hasPrefix("boundaryOut") }
            #expect(differences == [], "\(session.visitor) from \(session.firstEvent)")
        }
        await client.close()
        var sums: [String: Int64] = [:]
        for endpoint in service.services {
            let client = try await SojournClient.connect(to: endpoint)
            for gauge in try await client.status().gauges {
                sums[gauge.name, default: 0] += gauge.value
            }
            await client.close()
        }
        let batches = Language.allCases.count * Traffic.batchesPerLanguage
        // A batch over several workers counts at each of them.
        let applied = Int(sums["batches_total"] ?? 0)
        #expect(applied == batches || service.services.count > 1 && applied > batches)
        #expect(sums["repeated_batches_total"].map { $0 >= 1 } == true)
    }

    // MARK: Who sends

    /// Lets all languages send their batches at once, each on a thread of its own.
    private static func send(
        _ traffic: Traffic, to endpoint: String, killed: Language
    ) async throws -> [Exchange] {
        let pace = Pace(workers: Language.allCases.count, lead: 4)
        return try await withThrowingTaskGroup(of: [Exchange].self) { group in
            for (number, language) in Language.allCases.enumerated() {
                let batches = traffic.batches[language] ?? []
                group.addTask {
                    try await onThread {
                        defer { pace.leave(number) }
                        var sender = Sender(language, endpoint, producer: 1_000 + number)
                        if language == killed { sender.planCrashes(batches.count) }
                        return try sender.send(batches) { pace.step(number) }
                    }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    /// A client's life: it sends its batches, and crashes where it is planned.
    private struct Sender {
        private enum Crash {
            /// So many microseconds after the batch was left for it, whatever it has done until then.
            case unanswered(microseconds: UInt32)
            /// When it has told the answer.
            case answered
        }

        private let language: Language
        private let endpoint: String
        private let producer: Int
        /// By the index of the batch.
        private var crashes: [Int: Crash] = [:]

        init(_ language: Language, _ endpoint: String, producer: Int) {
            self.language = language
            self.endpoint = endpoint
            self.producer = producer
        }

        mutating func planCrashes(_ batches: Int) {
            crashes = [
                batches / 5: .unanswered(microseconds: 0),
                batches * 2 / 5: .unanswered(microseconds: 1_000),
                batches * 3 / 5: .unanswered(microseconds: 5_000),
                batches * 4 / 5: .answered,
            ]
        }

        func send(_ batches: [[TrafficEvent]], step: () -> Void) throws -> [Exchange] {
            var exchanges: [Exchange] = []
            var client = try start(sequence: 1)
            for (index, batch) in batches.enumerated() {
                try client.send(batch)
                var before: WorkerAnswer?
                if let crash = crashes[index] {
                    switch crash {
                    case .answered: before = try client.answer()
                    case .unanswered(let microseconds): usleep(microseconds)
                    }
                    client.kill()
                    // What a program does that keeps its producer and the number of its last batch.
                    client = try start(sequence: index + 1)
                    try client.send(batch)
                }
                let answer = try client.answer()
                if let before, before != answer {
                    throw ClientFault("a batch that was sent again got another answer")
                }
                guard answer.assignments.count == batch.count else {
                    throw ClientFault("\(answer.assignments.count) answers to \(batch.count)")
                }
                exchanges.append(Exchange(language: language, batch: batch, answer: answer))
                step()
            }
            try client.finish()
            return exchanges
        }

        private func start(sequence: Int) throws -> ClientProcess {
            try ClientProcess(language, endpoint: endpoint, producer: producer, sequence: sequence)
        }
    }
}

/// Replaces ids of sessions that are no more by those of what they are part of now.
private struct FinalIDs {
    private let into: [String: String]

    init(_ revisions: [WorkerAnswer.Revision]) {
        into = Dictionary(revisions.map { ($0.from, $0.into) }) { first, _ in first }
    }

    func id(_ id: String) -> String {
        var id = id
        while let next = into[id] { id = next }
        return id
    }
}

/// Runs what blocks on a thread of its own, so that the pool's threads stay free.
private func onThread<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread {
            continuation.resume(with: Swift.Result { try body() })
        }
    }
}
