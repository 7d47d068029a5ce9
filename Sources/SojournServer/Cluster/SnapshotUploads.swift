import Logging
import NATS
import SojournCluster
import SojournJournal
import SojournModel
import SojournService

/// When a partition's snapshot is due, and what becomes of it: a copy of the state, a renewal of the claim that tells
/// where in the log it belongs, its pieces, its manifest; then the older one goes, and the log before it.
struct SnapshotUploads {
    private enum Stage {
        case idle
        /// The state was copied; the renewal is on its way.
        case renewing([UInt8], JournalPosition)
        /// The renewal is in the log; the archive has not yet all that was finished before the snapshot.
        case waiting([UInt8], SnapshotManifest)
        /// Into a slot.
        case uploading(Int)
    }

    private let seat: PartitionSeat
    private let mail: PartitionMail
    private var stage = Stage.idle
    /// Behind the newest snapshot.
    private var bytes = 0
    private var messages = 0
    /// By slot.
    private var kept = [SnapshotManifest?](repeating: nil, count: ClusterNames.snapshotSlots)
    /// Steady milliseconds before which no snapshot is begun, after one that failed.
    private var nextAt: UInt64 = 0
    private(set) var snapshots: UInt64 = 0
    private(set) var failures: UInt64 = 0

    private static let retryMilliseconds: UInt64 = 10_000

    init(_ seat: PartitionSeat, _ mail: PartitionMail) {
        self.seat = seat
        self.mail = mail
    }

    private var newest: SnapshotManifest? {
        kept.compactMap { $0 }.max { $0.sequence < $1.sequence }
    }
    var newestSequence: UInt64 { newest?.sequence ?? 0 }
    var newestBytes: Int { newest?.snapshotBytes ?? 0 }

    mutating func begin(with loaded: LoadedPartition.Summary) {
        for (slot, manifest) in loaded.manifests { kept[slot] = manifest }
        bytes = loaded.bytes
        messages = loaded.messages
    }

    /// Counts a group that is sent.
    mutating func count(_ byteCount: Int) {
        bytes += byteCount
        messages += 1
    }

    private var isDue: Bool {
        let settings = seat.link.settings
        return messages >= settings.snapshotMessages
            || bytes >= max(settings.snapshotBytes, 4 * newestBytes)
    }

    /// Begins a snapshot when it is time, and uploads one that may be relied on.
    ///
    /// - Parameter oldestUnarchived: what records before it have finished is in the archive.
    mutating func tend(
        _ owner: inout PartitionOwner, _ core: inout ServiceCore, oldestUnarchived: UInt64,
        now: UInt64
    ) {
        if case .waiting(let image, let manifest) = stage {
            // A replay from there on would not come to it again.
            if oldestUnarchived > manifest.position.rawValue { upload(image, manifest) }
            return
        }
        guard case .idle = stage, isDue, now >= nextAt, owner.canSend,
            core.journal.waitingBytes == 0
        else { return }
        nextAt = now + Self.retryMilliseconds
        let draft = core.snapshot()
        stage = .renewing(draft.image(deployment: seat.cluster.deployment), draft.position)
        bytes = 0
        messages = 0
        // Behind all that the state has, so the snapshot stands for the log up to here.
        owner.renew(now: now)
    }

    /// The renewal is in the log.
    mutating func renewed(at sequence: UInt64, _ epoch: UInt64) {
        guard case .renewing(let image, let position) = stage else { return }
        // Safe: bytes have no padding.
        let manifest = SnapshotManifest(
            partition: seat.partition, sequence: sequence, position: position, epoch: epoch,
            incarnation: seat.link.settings.incarnation, of: unsafe image.span.bytes)
        stage = .waiting(image, manifest)
    }

    private mutating func upload(_ image: [UInt8], _ manifest: SnapshotManifest) {
        let older = kept.indices.min {
            kept[$0]?.sequence ?? 0 < kept[$1]?.sequence ?? 0
        }
        guard let slot = older else { preconditionFailure("snapshots are kept") }
        let replaced = kept[slot]
        // The older of the two that stay: the log before it is of no use any more.
        let trim = kept.indices.filter { $0 != slot }.compactMap { kept[$0]?.sequence }.min()
        stage = .uploading(slot)
        seat.link.upload { [seat, mail] in
            mail.put(.snapshot(Self.put(manifest, image, slot, replacing: replaced, trim, seat)))
        }
    }

    mutating func ended(_ result: Result<SnapshotManifest, NATSError>, _ log: Logger) {
        guard case .uploading(let slot) = stage else { return }
        stage = .idle
        switch result {
        case .success(let manifest):
            kept[slot] = manifest
            snapshots += 1
            log.debug(
                """
                partition \(seat.partition): snapshot at message \(manifest.sequence), \
                \(manifest.snapshotBytes) bytes
                """)
        case .failure(let error):
            failures += 1
            log.error(
                "partition \(seat.partition): no snapshot was made, and its log grows: \(error)")
        }
    }

    /// Waits for the servers.
    private static func put(
        _ manifest: SnapshotManifest, _ image: [UInt8], _ slot: Int,
        replacing replaced: SnapshotManifest?, _ trim: UInt64?, _ seat: PartitionSeat
    ) -> Result<SnapshotManifest, NATSError> {
        let (names, streams) = (seat.link.names, seat.link.jetStream)
        let stream = names.snapshotStream
        do throws(NATSError) {
            let subject = names.piecesSubject(seat.partition, manifest.name)
            for piece in 0..<manifest.pieces {
                let start = piece * SnapshotManifest.pieceBytes
                let end = min(start + SnapshotManifest.pieceBytes, image.count)
                try streams.appendSurely(
                    Array(image[start..<end]), to: subject, of: stream,
                    id: "\(seat.partition).\(manifest.name).\(piece)")
            }
            try streams.appendSurely(
                manifest.bytes, to: names.manifestSubject(seat.partition, slot: slot), of: stream,
                id: "\(seat.partition).\(manifest.name).manifest")
            if let replaced {
                try streams.purge(
                    stream, subject: names.piecesSubject(seat.partition, replaced.name))
            }
            if let trim {
                try streams.purge(names.logStream(seat.partition), before: trim + 1)
            }
            return .success(manifest)
        } catch { return .failure(error) }
    }
}

extension JetStream {
    /// Appends a message that nothing is expected of; tries again while nobody knows.
    fileprivate func appendSurely(
        _ bytes: [UInt8], to subject: String, of stream: String, id: String
    ) throws(NATSError) {
        for _ in 0..<10 {
            let outcome = append(bytes, to: subject, of: stream, id: id, expecting: nil)
            if case .acknowledged = outcome { return }
        }
        throw NATSError(unanswered: "append to \(stream)")
    }
}
