import Logging
import NATS
import SojournCluster
import SojournJournal
import SojournModel
import SojournService

/// Carries out what the `SnapshotPlan` of a partition decides.
struct SnapshotUploads {
    private let seat: PartitionSeat
    private let mail: PartitionMail
    private(set) var plan: SnapshotPlan

    init(_ seat: PartitionSeat, _ mail: PartitionMail) {
        self.seat = seat
        self.mail = mail
        plan = SnapshotPlan(seat.link.settings.snapshots)
    }

    mutating func begin(with loaded: LoadedPartition.Summary) {
        plan.resume(loaded.manifests, messages: loaded.messages, bytes: loaded.bytes)
    }

    /// Counts a group that is sent.
    mutating func count(_ byteCount: Int) { plan.count(byteCount) }

    /// Begins a snapshot when it is time, and stores one that may be relied on.
    ///
    /// - Parameter oldestUnarchived: what records before it have finished is in the archive.
    mutating func tend(
        _ owner: inout PartitionOwner, _ core: inout ServiceCore, oldestUnarchived: UInt64,
        now: UInt64
    ) {
        if let upload = plan.upload(oldestUnarchived: oldestUnarchived) {
            seat.link.upload { [seat, mail] in mail.put(.snapshot(Self.carryOut(upload, seat))) }
        }
        guard plan.isDue(now: now), owner.canRenew, core.journal.waitingBytes == 0 else { return }
        let draft = core.snapshot()
        plan.begin(
            draft.image(deployment: seat.cluster.deployment), at: draft.position, now: now)
        // Behind all that the state has, so the snapshot stands for the log up to here.
        owner.renew(now: now)
    }

    /// The renewal is in the log.
    mutating func renewed(at sequence: UInt64, by owner: borrowing PartitionOwner) {
        plan.renewed(at: sequence, by: owner)
    }

    mutating func ended(
        _ result: Result<SnapshotManifest, NATSError>, _ owner: inout PartitionOwner, _ log: Logger
    ) {
        switch result {
        case .success(let manifest):
            plan.ended(manifest)
            owner.stored(through: plan.coveredSequence)
            log.debug(
                """
                partition \(seat.partition): snapshot at message \(manifest.sequence), \
                \(manifest.snapshotBytes) bytes
                """)
        case .failure(let error):
            plan.ended(nil)
            log.error(
                """
                partition \(seat.partition): no snapshot was made, and its log has room for \
                \(owner.room) messages: \(error)
                """)
        }
    }

    /// Waits for the servers.
    private static func carryOut(
        _ upload: SnapshotPlan.Upload, _ seat: PartitionSeat
    ) -> Result<SnapshotManifest, NATSError> {
        let (names, streams) = (seat.link.names, seat.link.jetStream)
        let id = "\(seat.partition).\(upload.manifest.name)"
        do throws(NATSError) {
            for (row, step) in upload.steps.enumerated() {
                let (bytes, subject) =
                    switch step {
                    case .piece(let piece):
                        (
                            Array(upload.image[upload.range(ofPiece: piece)]),
                            names.pieceSubject(seat.partition, slot: upload.slot, piece: piece)
                        )
                    case .manifest:
                        (
                            upload.manifest.bytes,
                            names.manifestSubject(seat.partition, slot: upload.slot)
                        )
                    }
                try streams.appendSurely(
                    bytes, to: subject, of: names.snapshotStream, id: "\(id).\(row)")
            }
            return .success(upload.manifest)
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
