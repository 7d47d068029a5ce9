import SojournCluster
import SojournModel
import SojournTestKit
import SojournWire

/// What the replicated log and the snapshots of one partition are in a simulation.
final class ElasticLog {
    let partition: Int
    private let plan: ElasticPlan
    private var log = MemoryLog()
    /// Everything that was ever appended, in order: what was dropped is only here.
    private(set) var history: [(sequence: UInt64, bytes: [UInt8])] = []
    /// When each claim came, in virtual time.
    private var claimedAt: [(epoch: UInt64, time: Int64)] = []
    /// Has no leader before this virtual time: nobody is answered.
    var gapUntil: Int64 = 0
    /// By slot.
    private var manifests = [SnapshotManifest?](repeating: nil, count: SnapshotPlan.slotCount)
    /// By slot, the pieces.
    private var images = [[[UInt8]]](repeating: [], count: SnapshotPlan.slotCount)
    /// A snapshot was damaged.
    private(set) var hasDamage = false

    init(_ partition: Int, _ plan: ElasticPlan) {
        self.partition = partition
        self.plan = plan
        log.isFencing = plan.deception != .doesNotFence
        log.messagesMax = Int(plan.ownerLimits.logMessages)
    }

    var lastSequence: UInt64 { log.lastSequence }
    var lastClaim: PartitionClaim? { log.lastClaim }
    var firstSequence: UInt64 { log.messages.first?.sequence ?? log.lastSequence + 1 }
    func sight(at sequence: UInt64) -> LogSight { log.sight(at: sequence) }
    func forgetIDs() { log.forgetIDs() }

    func append(
        _ bytes: [UInt8], id: String, expecting expected: UInt64, at time: Int64
    ) -> MemoryLog.Outcome {
        let outcome = log.append(bytes, id: id, expecting: expected)
        guard case .acknowledged(let sequence, false) = outcome else { return outcome }
        history.append((sequence, bytes))
        if case .message(let header, _) = bytes.sight, header.kind == .claim {
            claimedAt.append((header.epoch, time))
        }
        return outcome
    }

    /// When somebody claimed the partition behind an epoch; nil when nobody has.
    func claimTime(behind epoch: UInt64) -> Int64? {
        claimedAt.first { $0.epoch > epoch }?.time
    }

    // MARK: Snapshots

    func carryOut(_ step: SnapshotPlan.Upload.Step, of upload: SnapshotPlan.Upload) {
        switch step {
        case .piece(let piece):
            while images[upload.slot].count <= piece { images[upload.slot].append([]) }
            images[upload.slot][piece] = Array(upload.image[upload.range(ofPiece: piece)])
        case .manifest: manifests[upload.slot] = upload.manifest
        }
    }

    /// Changes a byte of the newer one of two snapshots, once in a run: the older one and the log behind it must do.
    ///
    /// - Returns: false when there are none.
    func damageSnapshot(_ dice: inout SplitMix64) -> Bool {
        let slots = manifests.indices.filter { isWhole($0) }.sorted {
            (manifests[$0]?.sequence ?? 0) < (manifests[$1]?.sequence ?? 0)
        }
        guard !hasDamage, slots.count >= 2, let newest = slots.last,
            let older = manifests[slots[slots.count - 2]], older.sequence + 1 >= firstSequence
        else { return false }
        let piece = dice.number(0...images[newest].count - 1)
        let byte = dice.number(0...images[newest][piece].count - 1)
        images[newest][piece][byte] ^= 1 << UInt8(dice.number(0...7))
        hasDamage = true
        return true
    }

    /// Of the newest snapshot, whole or not; 0 for none.
    var snapshotSequence: UInt64 { manifests.compactMap { $0?.sequence }.max() ?? 0 }

    private func isWhole(_ slot: Int) -> Bool {
        guard let manifest = manifests[slot] else { return false }
        return images[slot].prefix(manifest.pieces).flatMap { $0 }.lend { manifest.matches($0) }
    }

    // MARK: Reading

    /// What a reader gets, who may be interrupted by others between any two calls.
    struct Source: PartitionSource {
        let log: ElasticLog
        /// Something else may happen now; false when the log does not answer.
        let lull: () -> Bool
        private var sequence: UInt64 = 0
        /// For `countsVoid`: the last claim.
        private var claim: LogHeader?

        init(_ log: ElasticLog, lull: @escaping () -> Bool) {
            self.log = log
            self.lull = lull
        }

        private func answer() throws(LoadError) {
            if !lull() { throw .passing("the log does not answer") }
        }

        func manifest(slot: Int) throws(LoadError) -> SnapshotManifest? {
            try answer()
            return log.manifests[slot]
        }

        func firstSequence() throws(LoadError) -> UInt64 {
            try answer()
            return log.firstSequence
        }

        func pieces(of manifest: SnapshotManifest, slot: Int) throws(LoadError) -> [UInt8] {
            try answer()
            return log.images[slot].prefix(manifest.pieces).flatMap { $0 }
        }

        mutating func begin(at sequence: UInt64) throws(LoadError) {
            try answer()
            self.sequence = sequence
        }

        mutating func next() throws(LoadError) -> (sequence: UInt64, bytes: [UInt8]) {
            // Reading goes on while others write, but not without end.
            if sequence % 4 == 0 { try answer() }
            guard let message = log.log.messages.first(where: { $0.sequence >= sequence }) else {
                throw .passing("the log is silent")
            }
            sequence = message.sequence + 1
            if log.plan.deception == .countsVoid {
                return (message.sequence, adopted(message.bytes))
            }
            return message
        }

        /// Records as the last claim's owner would have written them.
        private mutating func adopted(_ bytes: [UInt8]) -> [UInt8] {
            guard case .message(var header, _) = bytes.sight else { return bytes }
            if header.kind == .claim { claim = header }
            guard header.kind == .records, let claim else { return bytes }
            header.epoch = claim.epoch
            header.incarnation = claim.incarnation
            return bytes.lend {
                header.message($0.extracting(LogHeader.byteCount..<$0.byteCount)).bytes
            }
        }
    }
}
