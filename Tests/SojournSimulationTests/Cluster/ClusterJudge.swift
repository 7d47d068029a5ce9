import SojournJournal
import SojournModel
import SojournTestKit
import SojournWire

/// Goes through what the workers of a cluster have journaled, with an oracle for each, and compares what
/// clients were answered with it.
struct ClusterJudge {
    private let batches: [SentBatch]
    private let policy: SessionPolicy
    /// What became of each event of each batch, as a worker's oracle has it.
    private var answers: [[Told?]]
    /// Sessions that were merged into others, by worker and number.
    private(set) var merges = 0

    private struct Told {
        var worker: Int
        var answer: ArrivalOracle.Answer
    }

    init(_ batches: [SentBatch], _ policy: SessionPolicy) {
        self.batches = batches
        self.policy = policy
        answers = batches.map { Array(repeating: nil, count: $0.events.count) }
    }

    /// Takes the records of a worker.
    mutating func take(_ records: [Timeline.Record], of worker: Int, _ range: PartitionRange) throws
    {
        var oracle = ArrivalOracle(policy)
        var events = 0
        for (index, record) in records.enumerated()
        where record.kind == .batch || record.kind == .tick {
            oracle.clock = max(oracle.clock, record.payload.lend { $0.integer(at: 8) })
            guard record.kind == .batch else { continue }
            let producer: UInt64 = record.payload.lend { $0.integer(at: 24) }
            let sequence: UInt64 = record.payload.lend { $0.integer(at: 32) }
            guard
                let batch = batches.first(where: {
                    $0.producer == producer && $0.sequence == sequence
                })
            else { throw Violation("worker \(worker) applied a batch that nobody sent") }
            var isEmpty = true
            for (row, event) in batch.events.enumerated() where Self.owns(range, event) {
                isEmpty = false
                events += 1
                try require(
                    answers[batch.index][row] == nil,
                    "event \(row) of batch \(batch.index) was applied twice (record \(index + 1))")
                let answer = oracle.take(NumberedEvent(events, event))
                if answer.mergedSession != nil { merges += 1 }
                answers[batch.index][row] = Told(worker: worker, answer: answer)
            }
            try require(!isEmpty, "worker \(worker) got a batch without events of its own")
        }
    }

    private static func owns(_ range: PartitionRange, _ event: TestEvent) -> Bool {
        let key = [UInt8](event.visitor.utf8)
        return range.contains(
            key.lend { PartitionHash.partition(of: $0, count: range.count) })
    }

    /// Compares the answers of all batches with what the oracles say.
    func compare() throws {
        var ids: [String: SessionID] = [:]
        for batch in batches {
            guard let bytes = batch.answer else {
                throw Violation("batch \(batch.index) has no answer")
            }
            // Bytes have no padding, so they may be read.
            let view = try AssignReplyView.decode(body: unsafe bytes.span.bytes.extracting(64...))
            try require(view.eventCount == batch.events.count, "answers are missing")
            for row in batch.events.indices {
                let what = "event \(row) of batch \(batch.index)"
                guard let told = answers[batch.index][row] else {
                    throw Violation("\(what) was answered, and never applied")
                }
                let answer = told.answer
                let (outcome, position) = (view.outcome(event: row), view.position(event: row))
                try require(
                    outcome == answer.outcome && position == answer.position,
                    "\(what) is \(outcome.name) at \(position), not \(answer.outcome.name) at "
                        + "\(answer.position)")
                let id = view.sessionIndex(event: row).map { view.session($0).id }
                try require(
                    (id != nil) == (answer.session != nil), "\(what) has a session, or none")
                guard let number = answer.session, let id else { continue }
                let session = "\(told.worker) \(number)"
                if let known = ids[session] {
                    try require(known == id, "\(what) is in session \(id), not \(known)")
                }
                ids[session] = id
            }
        }
        try require(Set(ids.values).count == ids.count, "two sessions have one id")
    }
}
