package import SojournCluster
import SojournModel

/// A replicated log as JetStream is one, in memory: messages with sequences, appends that expect the last one,
/// ids of messages that are remembered.
package struct MemoryLog {
    package enum Outcome: Equatable {
        case acknowledged(sequence: UInt64, isDuplicate: Bool)
        case fenced
    }

    /// Does not look at what is expected: with it every test of zombies must fail.
    package var isFencing = true
    /// An append beyond it drops the first message.
    package var messagesMax = Int.max
    /// By sequence; those that were dropped are gone.
    package private(set) var messages: [(sequence: UInt64, bytes: [UInt8])] = []
    package private(set) var lastSequence: UInt64 = 0
    private var ids: [String: UInt64] = [:]

    package init() {}

    /// Appends a message, unless one with its id is remembered.
    ///
    /// As in nats-server 2.9 the id of a message that was refused is remembered too, without a sequence.
    package mutating func append(
        _ bytes: [UInt8], id: String, expecting expected: UInt64
    ) -> Outcome {
        if let sequence = ids[id] {
            return .acknowledged(sequence: sequence, isDuplicate: true)
        }
        guard !isFencing || expected == lastSequence else {
            ids[id] = 0
            return .fenced
        }
        lastSequence += 1
        ids[id] = lastSequence
        messages.append((lastSequence, bytes))
        if messages.count > messagesMax { messages.removeFirst() }
        return .acknowledged(sequence: lastSequence, isDuplicate: false)
    }

    /// Forgets all ids, as after their time.
    package mutating func forgetIDs() { ids.removeAll() }

    package func sight(at sequence: UInt64) -> LogSight {
        guard let row = messages.firstIndex(where: { $0.sequence == sequence }) else {
            return sequence <= lastSequence ? .gone : .absent
        }
        return messages[row].bytes.sight
    }

    /// The last claim or release.
    package var lastClaim: PartitionClaim? {
        for message in messages.reversed() {
            if case .message(_, let claim?) = message.bytes.sight { return claim }
        }
        return nil
    }
}

extension [UInt8] {
    /// What a reader sees in a message.
    package var sight: LogSight {
        // Safe: bytes have no padding.
        LogSight(unsafe span.bytes)
    }
}
