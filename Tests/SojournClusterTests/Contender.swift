import SojournCluster
import SojournJournal
import SojournModel
import SojournTestKit
import SojournWire

/// An owner with what is on its way between it and the log, so that a test says what arrives.
final class Contender {
    static let deployment = DeploymentID(Bits128(high: 7, low: 9))

    /// An append on its way, or the answer to one.
    enum Post {
        case append(LogMessage, expecting: UInt64, ticket: UInt64)
        case answer(MemoryLog.Outcome, ticket: UInt64)
    }

    let number: UInt64
    var owner: PartitionOwner
    var posts: [Post] = []
    /// The last record that it made.
    var made = JournalPosition.start
    var end: OwnerEnd?
    var renewals: [UInt64] = []
    /// What it would have answered: records that it knows to be in the log, by position.
    var answered: [JournalPosition: UInt64] = [:]

    init(
        _ number: UInt64, now: UInt64 = 0, limits: OwnerLimits = OwnerLimits(),
        behind ticket: UInt64 = 0
    ) {
        self.number = number
        owner = PartitionOwner(
            partition: 3, of: Self.deployment,
            by: OwnerIdentity(name: "worker-\(number)", incarnation: number),
            at: "tcp://127.0.0.1:\(number)", limits: limits, behind: ticket, now: now)
    }

    var phase: PartitionOwner.Phase { owner.phase }
    var canSend: Bool { owner.canSend }

    /// Carries out what the owner asks for; appends wait in `posts`.
    func carryOut(_ log: MemoryLog, now: UInt64) {
        while let action = owner.nextAction() {
            switch action {
            case .readEnd:
                owner.sawEnd(lastSequence: log.lastSequence, claim: log.lastClaim, now: now)
            case .append(let message, let expected, let ticket):
                posts.append(.append(message, expecting: expected, ticket: ticket))
            case .readMessage(let sequence):
                owner.sawMessage(at: sequence, log.sight(at: sequence), now: now)
            case .load(let through): load(log, through, now)
            case .renewed(let sequence): renewals.append(sequence)
            case .end(let end): self.end = end
            }
        }
        while counted < owner.position {
            counted = counted.next
            answered[counted] = number
        }
    }

    /// Records up to here were loaded, or are in `answered`.
    private var counted = JournalPosition.start

    private func load(_ log: MemoryLog, _ through: UInt64, _ now: UInt64) {
        let (rule, _) = Self.read(log, through: through)
        counted = rule.position
        made = rule.position
        let isOurs = rule.epoch == owner.epoch && rule.incarnation == number
        owner.loaded(rule.position, isOurs: isOurs, now: now)
    }

    /// What counts in a log: who wrote each record.
    static func read(
        _ log: MemoryLog, through: UInt64 = .max
    ) -> (rule: LogRule, writers: [UInt64]) {
        var rule = LogRule(deployment, partition: 3)
        var writers: [UInt64] = []
        for message in log.messages where message.sequence <= through {
            // Safe: bytes have no padding.
            let bytes = unsafe message.bytes.span.bytes
            guard let verdict = try? rule.take(bytes, at: message.sequence) else { continue }
            if verdict != .records { continue }
            writers += self.writers(rule.group, after: JournalPosition(UInt64(writers.count)))
        }
        return (rule, writers)
    }

    private static func writers(_ group: RawSpan, after position: JournalPosition) -> [UInt64] {
        var cursor = RecordCursor(after: position)
        var writers: [UInt64] = []
        while let writer = next(&cursor, group) { writers.append(writer) }
        return writers
    }

    private static func next(_ cursor: inout RecordCursor, _ group: RawSpan) -> UInt64? {
        do {
            guard let record = try cursor.next(in: group) else { return nil }
            return record.payload.integer(at: 0)
        } catch { return nil }
    }

    /// Makes a group of records that name their writer, and sends it.
    func write(_ count: Int = 1, bytes: Int = 8, now: UInt64) {
        var group = RecordGroup()
        for _ in 0..<count {
            group.append(.tick, at: made.next, durable: .start) {
                $0.append(number)
                $0.appendZeros(bytes - 8)
            }
            made = made.next
        }
        group.seal()
        owner.send(group, now: now)
    }

    /// Lets everything arrive that is on its way, in order, until nothing is.
    func settle(_ log: inout MemoryLog, now: UInt64) {
        carryOut(log, now: now)
        while !posts.isEmpty {
            deliver(0, &log, now: now)
            carryOut(log, now: now)
        }
    }

    /// Lets one thing arrive: an append at the log, or an answer here.
    func deliver(_ row: Int, _ log: inout MemoryLog, now: UInt64, losesAnswer: Bool = false) {
        switch posts.remove(at: row) {
        case .append(let message, let expected, let ticket):
            let outcome = log.append(
                message.bytes, id: "\(number).\(ticket)", expecting: expected)
            if !losesAnswer { posts.append(.answer(outcome, ticket: ticket)) }
        case .answer(.acknowledged(let sequence, let isDuplicate), let ticket):
            owner.acknowledged(ticket, at: sequence, isDuplicate: isDuplicate, now: now)
        case .answer(.fenced, let ticket): owner.fenced(ticket, now: now)
        }
    }
}
