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

    /// Begins a snapshot when it is time.
    mutating func tend(_ owner: inout PartitionOwner, _ core: inout ServiceCore, now: UInt64) {
        guard plan.isDue(now: now), owner.canSend, core.journal.waitingBytes == 0 else { return }
        let draft = core.snapshot()
        plan.begin(
            draft.image(deployment: seat.cluster.deployment), at: draft.position, now: now)
        // Behind all that the state has, so the snapshot stands for the log up to here.
        owner.renew(now: now)
    }

    /// The renewal is in the log.
    mutating func upload(behind sequence: UInt64, of owner: borrowing PartitionOwner) {
        guard let upload = plan.upload(behind: sequence, of: owner) else { return }
        seat.link.upload { [seat, mail] in mail.put(.snapshot(Self.carryOut(upload, seat))) }
    }

    mutating func ended(_ result: Result<SnapshotManifest, NATSError>, _ log: Logger) {
        switch result {
        case .success(let manifest):
            plan.ended(manifest)
            log.debug(
                """
                partition \(seat.partition): snapshot at message \(manifest.sequence), \
                \(manifest.snapshotBytes) bytes
                """)
        case .failure(let error):
            plan.ended(nil)
            log.error(
                "partition \(seat.partition): no snapshot was made, and its log grows: \(error)")
        }
    }

    /// Waits for the servers.
    private static func carryOut(
        _ upload: SnapshotPlan.Upload, _ seat: PartitionSeat
    ) -> Result<SnapshotManifest, NATSError> {
        var count = 0
        do throws(NATSError) {
            for (row, step) in upload.steps.enumerated() {
                try carryOut(
                    step, id: "\(seat.partition).\(upload.manifest.name).\(row)", upload, seat)
                count += 1
            }
            return .success(upload.manifest)
        } catch {
            // What could not be dropped now stays for a while; the next snapshot trims further.
            return upload.written(after: count).map { .success($0) } ?? .failure(error)
        }
    }

    private static func carryOut(
        _ step: SnapshotPlan.Upload.Step, id: String, _ upload: SnapshotPlan.Upload,
        _ seat: PartitionSeat
    ) throws(NATSError) {
        let (names, streams) = (seat.link.names, seat.link.jetStream)
        let stream = names.snapshotStream
        switch step {
        case .piece(let range):
            try streams.appendSurely(
                Array(upload.image[range]),
                to: names.piecesSubject(seat.partition, upload.manifest.name), of: stream, id: id)
        case .manifest:
            try streams.appendSurely(
                upload.manifest.bytes, to: names.manifestSubject(seat.partition, slot: upload.slot),
                of: stream, id: id)
        case .dropPieces(let manifest):
            try streams.purge(stream, subject: names.piecesSubject(seat.partition, manifest.name))
        case .trim(let sequence):
            try streams.purge(names.logStream(seat.partition), before: sequence + 1)
        }
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
