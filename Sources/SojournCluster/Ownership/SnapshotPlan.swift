package import SojournJournal

/// When a partition's snapshot is due, and what becomes of it: a copy of the state, a renewal of the claim that tells
/// where in the log it belongs, its pieces, its manifest (cluster, "Snapshots").
///
///     idle --begin--> renewing --renewed--> waiting --upload--> uploading --ended--> idle
///
/// It waits for the archive: what was finished before it would not come of a replay behind it again.
///
/// There are four slots, two for owners with an even epoch and two for those with an odd one: one who was deposed in
/// the middle of a snapshot does not spoil those of the next owner.
package struct SnapshotPlan {
    package struct Limits: Equatable, Sendable {
        /// A snapshot is due after so many bytes of the log, or four times the last one's if that is more: so much is
        /// read at a take-over.
        package var bytes = 32 << 20
        /// And after so many messages, for small ones take their time as well.
        package var messages = 4_096
        /// Between two.
        package var pauseMilliseconds: UInt64 = 10_000

        package init() {}
    }

    /// What is to be stored for a snapshot. Each step takes the place of what was in the slot before.
    package struct Upload: Sendable {
        package enum Step: Equatable, Sendable {
            case piece(Int)
            /// From here on the snapshot counts.
            case manifest
        }

        package let manifest: SnapshotManifest
        package let image: [UInt8]
        package let slot: Int

        /// In this order.
        package var steps: [Step] { (0..<manifest.pieces).map { .piece($0) } + [.manifest] }

        /// The bytes of the image that a piece has.
        package func range(ofPiece piece: Int) -> Range<Int> {
            let start = piece * SnapshotManifest.pieceBytes
            return start..<min(start + SnapshotManifest.pieceBytes, image.count)
        }
    }

    package static let slotCount = 4

    /// Those of an owner.
    private static func slots(of epoch: UInt64) -> Range<Int> {
        epoch.isMultiple(of: 2) ? 0..<2 : 2..<4
    }

    private enum Stage {
        case idle
        /// The state was copied; the renewal is on its way.
        case renewing([UInt8], JournalPosition)
        /// The renewal is in the log; the archive has not yet all that was finished before.
        case waiting([UInt8], SnapshotManifest)
        /// Into a slot.
        case uploading(Int)
    }

    private let limits: Limits
    private var stage = Stage.idle
    /// Behind the newest snapshot.
    private var bytes = 0
    private var messages = 0
    /// By slot.
    private var kept = [SnapshotManifest?](repeating: nil, count: slotCount)
    /// Steady milliseconds before which no snapshot is begun.
    private var nextAt: UInt64 = 0
    package private(set) var snapshots: UInt64 = 0
    package private(set) var failures: UInt64 = 0

    package init(_ limits: Limits = Limits()) { self.limits = limits }

    private var newest: SnapshotManifest? {
        kept.compactMap { $0 }.max { $0.sequence < $1.sequence }
    }
    package var newestSequence: UInt64 { newest?.sequence ?? 0 }

    /// The log may drop what stands up to here: the last snapshot but one has it, or the only one. Should the newest turn
    /// out to be damaged, the one before it and the log behind that will do.
    package var coveredSequence: UInt64 {
        let newest = kept.compactMap { $0?.sequence }.sorted().suffix(2)
        return newest.first ?? 0
    }
    package var newestBytes: Int { newest?.snapshotBytes ?? 0 }

    /// Takes word of what the partition was made from.
    ///
    /// - Parameters:
    ///   - manifests: of snapshots that are known to be whole, or may be.
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
        bytes = 0
        messages = 0
    }

    /// The renewal is in the log.
    package mutating func renewed(at sequence: UInt64, by owner: borrowing PartitionOwner) {
        guard case .renewing(let image, let position) = stage else { return }
        // Safe: bytes have no padding.
        let manifest = SnapshotManifest(
            partition: owner.partition, sequence: sequence, position: position,
            epoch: owner.epoch, incarnation: owner.identity.incarnation,
            of: unsafe image.span.bytes)
        stage = .waiting(image, manifest)
    }

    /// What is to be stored now, if anything is.
    ///
    /// - Parameter oldestUnarchived: what records before it have finished is in the archive.
    package mutating func upload(oldestUnarchived: UInt64) -> Upload? {
        guard case .waiting(let image, let manifest) = stage,
            oldestUnarchived > manifest.position.rawValue
        else { return nil }
        let older = Self.slots(of: manifest.epoch).min {
            kept[$0]?.sequence ?? 0 < kept[$1]?.sequence ?? 0
        }
        guard let slot = older else { preconditionFailure("snapshots are kept") }
        // From here on it is not whole.
        kept[slot] = nil
        stage = .uploading(slot)
        return Upload(manifest: manifest, image: image, slot: slot)
    }

    /// All of it is stored; nil when something failed.
    package mutating func ended(_ manifest: SnapshotManifest?) {
        guard case .uploading(let slot) = stage else { return }
        stage = .idle
        if let manifest {
            kept[slot] = manifest
            snapshots += 1
        } else {
            failures += 1
            // Due again: nothing may be written before there is one.
            messages = limits.messages
        }
    }
}
