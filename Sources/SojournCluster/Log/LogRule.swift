package import SojournJournal
package import SojournModel

/// Which messages of a partition's log count (cluster, "What counts").
///
///     CLAIM 4 of A | records | records | CLAIM 5 of B | records of A: void | records of B
///
/// The log's order is the same for everybody who reads it, and so is what this rule makes of it. An
/// append is fenced by the last sequence that its writer knows, and a writer has several on their
/// way: when another one's claim takes the place of the first, the others may still find the
/// sequence that they expect, and stand behind the claim. They were never answered, and they are void:
///
/// - a claim counts when its epoch is one more than that of the last claim that counts;
/// - it is a renewal when epoch and incarnation are those of that claim;
/// - everything else counts under the epoch and incarnation of that claim, until it was released;
/// - a group counts when it begins at the position behind the last one's end, and is whole.
package struct LogRule {
    package enum Verdict: Equatable {
        /// A group is whole: read it with `group`.
        case records
        /// A piece of a group.
        case piece
        case claim(PartitionClaim)
        case renewal
        case release(PartitionClaim)
        case void
    }

    private let deployment: DeploymentID
    private let partition: Int
    /// Of the message that was taken last.
    package private(set) var sequence: UInt64
    /// Of the last record that counts.
    package private(set) var position: JournalPosition
    /// Of the last claim that counts; 0 before the first.
    package private(set) var epoch: UInt64
    package private(set) var incarnation: UInt64
    private var isReleased = false

    /// The last group.
    private var bytes: [UInt8] = []
    private var opened: LogHeader?

    /// - Parameters:
    ///   - sequence: of the message behind which to begin.
    ///   - position: of the last record up to there.
    ///   - epoch: of the last claim up to there.
    package init(
        _ deployment: DeploymentID, partition: Int, behind sequence: UInt64 = 0,
        position: JournalPosition = .start, epoch: UInt64 = 0, incarnation: UInt64 = 0
    ) {
        self.deployment = deployment
        self.partition = partition
        self.sequence = sequence
        self.position = position
        self.epoch = epoch
        self.incarnation = incarnation
    }

    /// Takes the next message.
    ///
    /// - Precondition: its sequence is larger than that of the one before.
    package mutating func take(
        _ message: RawSpan, at sequence: UInt64
    ) throws(LogFault) -> Verdict {
        precondition(sequence > self.sequence)
        self.sequence = sequence
        let header = try LogHeader(message)
        guard header.deployment == deployment, Int(header.partition) == partition else {
            return .void
        }
        if header.kind == .claim {
            guard let claim = try PartitionClaim(header, message) else { return .void }
            return take(claim)
        }
        guard header.epoch == epoch, header.incarnation == incarnation, !isReleased else {
            return .void
        }
        if let claim = try PartitionClaim(header, message) {
            isReleased = true
            return .release(claim)
        }
        return take(header, message)
    }

    private mutating func take(_ claim: PartitionClaim) -> Verdict {
        if claim.epoch == epoch, claim.owner.incarnation == incarnation, !isReleased {
            return .renewal
        }
        guard claim.epoch == epoch + 1 else { return .void }
        epoch = claim.epoch
        incarnation = claim.owner.incarnation
        isReleased = false
        opened = nil
        return .claim(claim)
    }

    private mutating func take(_ header: LogHeader, _ message: RawSpan) -> Verdict {
        if header.piece == 0 {
            guard header.first == position.next, header.last >= header.first else { return .void }
            bytes.removeAll(keepingCapacity: true)
        } else {
            guard let opened, opened.first == header.first, opened.last == header.last,
                opened.goesOn, Int(opened.piece) + 1 == Int(header.piece)
            else { return .void }
        }
        opened = header
        // Safe: bytes have no padding, and are copied before the span ends.
        unsafe message.extracting(LogHeader.byteCount..<message.byteCount).withUnsafeBytes {
            unsafe bytes.append(contentsOf: $0)
        }
        if header.goesOn { return .piece }
        opened = nil
        position = header.last
        return .records
    }

    /// The records of the group that `take` has called whole.
    package var group: RawSpan {
        @_lifetime(borrow self) get {
            // Safe: bytes have no padding.
            unsafe bytes.span.bytes
        }
    }
}
