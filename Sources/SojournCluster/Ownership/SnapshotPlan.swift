package import SojournJournal

/// When a partition's snapshot is due, and what becomes of it: a copy of the state, a renewal of the claim that tells
/// where in the log it belongs, its pieces, its manifest; then the older one goes, and the log before it.
///
///     idle --begin--> renewing --upload--> uploading --ended--> idle
package struct SnapshotPlan {
    package struct Limits: Equatable, Sendable {
        /// A snapshot is due after so many bytes of the log, or four times the last one's if that is more: so much is
        /// read at a take-over.
        package var bytes = 32 << 20
        /// And after so many messages, for small ones take their time as well.
        package var messages = 20_000
        /// Between two.
        package var pauseMilliseconds: UInt64 = 10_000

        package init() {}
    }

    /// What is to be done for a snapshot, in the order of `steps`.
    package struct Upload: Sendable {
        package enum Step: Equatable, Sendable {
            /// Append a piece, of these bytes of the image.
            case piece(Range<Int>)
            /// Append the manifest to its slot: from here on the snapshot counts.
            case manifest
            /// Drop the pieces of the snapshot whose place it took.
            case dropPieces(SnapshotManifest)
            /// Drop the messages of the log up to a sequence.
            case trim(through: UInt64)
        }

        package let manifest: SnapshotManifest
        package let image: [UInt8]
        package let slot: Int
        package let steps: [Step]

        /// What `ended` is told when the step behind so many has failed: a snapshot counts once its manifest is written,
        /// though what it is to replace is still there.
        package func written(after count: Int) -> SnapshotManifest? {
            steps.prefix(count).contains(.manifest) ? manifest : nil
        }
    }

    private enum Stage {
        case idle
        /// The state was copied; the renewal is on its way.
        case renewing([UInt8], JournalPosition)
        /// Into a slot.
        case uploading(Int)
    }

    private let limits: Limits
    private var stage = Stage.idle
    /// Behind the newest snapshot.
    private var bytes = 0
    private var messages = 0
    /// By slot.
    private var kept = [SnapshotManifest?](repeating: nil, count: ClusterNames.snapshotSlots)
    /// Steady milliseconds before which no snapshot is begun.
    private var nextAt: UInt64 = 0
    package private(set) var snapshots: UInt64 = 0
    package private(set) var failures: UInt64 = 0

    package init(_ limits: Limits = Limits()) { self.limits = limits }

    private var newest: SnapshotManifest? {
        kept.compactMap { $0 }.max { $0.sequence < $1.sequence }
    }
    package var newestSequence: UInt64 { newest?.sequence ?? 0 }
    package var newestBytes: Int { newest?.snapshotBytes ?? 0 }

    /// Takes word of what the partition was made from.
    ///
    /// - Parameters:
    ///   - messages: behind the newest snapshot that was of use, and their bytes.
    package mutating func resume(
        _ manifests: [(slot: Int, manifest: SnapshotManifest)], messages: Int, bytes: Int
    ) {
        for (slot, manifest) in manifests { kept[slot] = manifest }
        self.bytes = bytes
        self.messages = messages
    }

    /// Counts a group that is sent.
    package mutating func count(_ byteCount: Int) {
        bytes += byteCount
        messages += 1
    }

    /// Whether a snapshot is to be begun. Nothing may wait to be sent then: it stands for the log up to the renewal.
    package func isDue(now: UInt64) -> Bool {
        guard case .idle = stage, now >= nextAt else { return false }
        return messages >= limits.messages || bytes >= max(limits.bytes, 4 * newestBytes)
    }

    /// The state was copied, and the claim is being renewed.
    package mutating func begin(_ image: [UInt8], at position: JournalPosition, now: UInt64) {
        nextAt = now + limits.pauseMilliseconds
        stage = .renewing(image, position)
    }

    /// The renewal is in the log.
    ///
    /// - Returns: what is to be done now, if anything is.
    package mutating func upload(
        behind sequence: UInt64, of owner: borrowing PartitionOwner
    ) -> Upload? {
        guard case .renewing(let image, let position) = stage else { return nil }
        // Safe: bytes have no padding.
        let manifest = SnapshotManifest(
            partition: owner.partition, sequence: sequence, position: position,
            epoch: owner.epoch, incarnation: owner.identity.incarnation,
            of: unsafe image.span.bytes)
        let older = kept.indices.min {
            kept[$0]?.sequence ?? 0 < kept[$1]?.sequence ?? 0
        }
        guard let slot = older else { preconditionFailure("snapshots are kept") }
        var steps: [Upload.Step] = (0..<manifest.pieces).map { piece in
            let start = piece * SnapshotManifest.pieceBytes
            return .piece(start..<min(start + SnapshotManifest.pieceBytes, image.count))
        }
        steps.append(.manifest)
        if let replaced = kept[slot] { steps.append(.dropPieces(replaced)) }
        // The older of the two that stay: the log before it is of no use any more.
        let others = kept.indices.filter { $0 != slot }
        if let trim = others.compactMap({ kept[$0]?.sequence }).min() {
            steps.append(.trim(through: trim))
        }
        stage = .uploading(slot)
        bytes = 0
        messages = 0
        return Upload(manifest: manifest, image: image, slot: slot, steps: steps)
    }

    /// All steps were taken, or one failed: `written` says what came of it.
    package mutating func ended(_ manifest: SnapshotManifest?) {
        guard case .uploading(let slot) = stage else { return }
        stage = .idle
        if let manifest {
            kept[slot] = manifest
            snapshots += 1
        } else {
            failures += 1
        }
    }
}
