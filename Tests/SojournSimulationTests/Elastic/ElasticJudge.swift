import SojournCluster
import SojournJournal
import SojournModel
import SojournService
import SojournTestKit
import SojournWire

/// Goes through the logs of an elastic cluster from the first message on, and compares what they say with what workers
/// told routers, what clients were told, and the states of the owners.
struct ElasticJudge {
    private let plan: ElasticPlan
    /// What workers answered parts with, by partition, producer and number; without what differs from one sending to the
    /// next.
    private var replies: [Part: [UInt8]] = [:]
    private var clients: ClusterJudge?
    /// Records of each partition.
    private(set) var merges = 0
    private(set) var voidMessages = 0

    private struct Part: Hashable {
        var partition: Int
        var producer: UInt64
        var sequence: UInt64
    }

    /// What a log says.
    private struct Told: ~Copyable {
        var core: ServiceCore
        var records: [Timeline.Record] = []
        var voids = 0
    }

    init(_ plan: ElasticPlan) { self.plan = plan }

    /// A reply leaves a worker. What was told once, by whichever owner, is told always.
    mutating func told(_ frame: [UInt8], of partition: Int) throws {
        guard frame.operation == SojournWire.Operation.assign.rawValue else { return }
        let header = try frame.lend { try Frame.open($0, role: .client) }
        let part = Part(
            partition: partition, producer: header.producer.rawValue, sequence: header.sequence)
        let reply = frame.withoutCorrelation
        if let first = replies.updateValue(reply, forKey: part) {
            try require(
                first == reply,
                "partition \(partition) answered batch \(part.sequence) of producer "
                    + "\(part.producer) otherwise before")
        }
    }

    /// Compares a state with what a log says up to a sequence.
    func compare(_ image: [UInt8], with log: ElasticLog, through sequence: UInt64) throws {
        let told = try read(log, through: sequence)
        try Image(image).require(
            like: Image(told.core.snapshot().image(deployment: plan.deployment)),
            "replayed from the first message on")
    }

    /// Judges a partition.
    ///
    /// - Parameter image: the state of its owner.
    mutating func judge(_ log: ElasticLog, _ batches: [SentBatch], image: [UInt8]) throws {
        let told = try read(log, through: .max)
        voidMessages += told.voids
        try Image(image).require(
            like: Image(told.core.snapshot().image(deployment: plan.deployment)),
            "replayed from the first message on")
        var checksums: [Part: UInt32] = [:]
        for record in told.records where record.kind == .batch {
            let part: Part = record.payload.lend {
                Part(
                    partition: log.partition, producer: $0.integer(at: 24),
                    sequence: $0.integer(at: 32))
            }
            checksums[part] = record.payload.lend { $0.integer(at: 48) }
        }
        for (part, reply) in replies where part.partition == log.partition {
            let what = "batch \(part.sequence) of producer \(part.producer)"
            guard let checksum = checksums[part] else {
                throw Violation("partition \(log.partition) answered \(what), and its log lacks it")
            }
            try require(
                reply.lend { Frame.bodyChecksum(of: $0) } == checksum,
                "partition \(log.partition) answered \(what) otherwise than its log has it")
        }
        var clients = clients ?? ClusterJudge(batches, plan.policy)
        try clients.take(told.records, of: log.partition, plan.range(log.partition))
        self.clients = clients
    }

    /// Compares what clients were told.
    mutating func compare(_ batches: [SentBatch]) throws {
        guard let clients else { return }
        try clients.compare()
        merges = clients.merges
    }

    // MARK: Logs

    private func read(_ log: ElasticLog, through sequence: UInt64) throws -> Told {
        var told = Told(
            core: ServiceCore(
                plan.configuration(log.partition), startedAt: 0, isJournaled: true))
        var rule = LogRule(plan.deployment, partition: log.partition)
        for message in log.history where message.sequence <= sequence {
            let before = rule.position
            let verdict = try message.bytes.lend { try rule.take($0, at: message.sequence) }
            if verdict == .void { told.voids += 1 }
            guard verdict == .records else { continue }
            var cursor = RecordCursor(after: before)
            while try Self.replayNext(&cursor, rule, &told) {}
        }
        return told
    }

    private static func replayNext(
        _ cursor: inout RecordCursor, _ rule: borrowing LogRule, _ told: inout Told
    ) throws -> Bool {
        let found: JournalRecord? = try cursor.next(in: rule.group)
        guard let found else { return false }
        told.records.append(Timeline.Record(kind: found.kind, payload: [UInt8](found.payload)))
        try told.core.replay(found)
        return true
    }
}
