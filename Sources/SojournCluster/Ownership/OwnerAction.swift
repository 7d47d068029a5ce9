/// What the shell of a `PartitionOwner` is to do, in this order. What came of it is told to the owner.
package enum OwnerAction {
    /// Read the last sequence of the log, after that its last claim or release, and what the newest snapshot holds:
    /// `sawEnd`.
    case readEnd
    /// Append a message, if the last sequence is the expected one: `acknowledged`, `fenced` or
    /// `unknown`. The ticket makes the message's id; a message that is sent again with the same ticket
    /// is one that the log may have.
    case append(LogMessage, expecting: UInt64, ticket: UInt64)
    /// Read the message at a sequence: `sawMessage`.
    case readMessage(sequence: UInt64)
    /// Make the state anew that the log holds up to a sequence, that of the claim: `loaded` or `couldNotLoad`.
    case load(through: UInt64)
    /// The renewal that was asked for is in the log, and before it all that was sent.
    case renewed(sequence: UInt64)
    /// It is over: answer nothing that is not answered yet.
    case end(OwnerEnd)
}

/// Why somebody does not own a partition any more, or did not come to.
package enum OwnerEnd: Error, Equatable, Sendable, CustomStringConvertible {
    /// He let go of it.
    case released
    /// Somebody else has claimed it.
    case deposed(by: PartitionClaim)
    /// Somebody else was faster, or lives.
    case outrun
    /// The log took a message at another sequence than the expected one: it does not fence.
    case notFenced(expected: UInt64, sequence: UInt64)
    /// The log has not answered for too long.
    case silent(milliseconds: UInt64)
    /// What the log holds could not be had again.
    case unreadable(String)
    /// A claim would drop a message from the log that no snapshot holds.
    case logFull(lastSequence: UInt64, snapshotSequence: UInt64)

    package var description: String {
        switch self {
        case .released: "released"
        case .deposed(let claim):
            "\(claim.owner.name) has claimed it with epoch \(claim.epoch)"
        case .outrun: "another worker claims it, or still writes"
        case .notFenced(let expected, let sequence):
            "the log took message \(sequence) where \(expected) was to be: it does not check what was "
                + "expected, and cannot be used"
        case .silent(let milliseconds): "the log has not answered for \(milliseconds) ms"
        case .unreadable(let reason): reason
        case .logFull(let last, let snapshot):
            "its log is full: it ends at message \(last), and the newest snapshot stands at message \(snapshot); the "
                + "first message, which a claim would drop, is in none"
        }
    }

    /// Trying again is of no use before somebody has looked after it.
    package var isFault: Bool {
        switch self {
        case .notFenced, .unreadable, .logFull: true
        case .released, .deposed, .outrun, .silent: false
        }
    }

    /// How long a worker waits before it tries to own the partition again.
    ///
    /// - Parameter end: nil when it ended without one.
    package static func pauseMilliseconds(after end: OwnerEnd?) -> UInt64 {
        switch end {
        case .released?, .deposed?: 0
        case let end? where end.isFault: 10_000
        default: 300
        }
    }
}

/// What stands at a sequence of the log.
package enum LogSight: Sendable {
    case message(LogHeader, PartitionClaim?)
    /// Something that is none of ours.
    case foreign(LogFault)
    /// The log ends before it.
    case absent
    /// Something stood there, and the log dropped it.
    case gone
    /// The log did not answer.
    case unknown

    /// What a reader sees in the bytes that stand there.
    package init(_ message: RawSpan) {
        do throws(LogFault) {
            let header = try LogHeader(message)
            self = .message(header, try PartitionClaim(header, message))
        } catch { self = .foreign(error) }
    }
}

/// How much an owner sends, and how long it waits. Milliseconds.
package struct OwnerLimits: Equatable, Sendable {
    /// Messages on their way at one time.
    package var windowMax = 4
    /// An append without an answer is unknown after this.
    package var answerMilliseconds: UInt64 = 2_000
    /// Between two attempts at something that is not known.
    package var retryMilliseconds: UInt64 = 100
    /// An owner that has not got on for so long gives up. Longer than the log takes for another leader.
    package var silenceMilliseconds: UInt64 = 20_000
    /// Messages that the log keeps: an append beyond them drops the first one.
    package var logMessages = UInt64(ClusterDescription.logMessagesDefault)
    /// Of them, those that records leave to claims, releases and renewals.
    package var claimReserve: UInt64 = 1_024

    package init() {}
}
