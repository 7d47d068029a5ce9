package import SojournCluster
import SojournEngine
package import SojournJournal
import SojournModel

/// A partition's state, as its newest whole snapshot and the log behind it tell it.
package struct LoadedPartition: ~Copyable {
    package struct Summary {
        /// Those that are kept, newest first, less those that were found not to be whole.
        package var manifests: [(slot: Int, manifest: SnapshotManifest)] = []
        /// The one that was used; nil for none.
        package var snapshot: SnapshotManifest?
        package var messages = 0
        package var bytes = 0
        /// As `LogRule` says at the end.
        package var epoch: UInt64 = 0
        package var incarnation: UInt64 = 0
        package var position = JournalPosition.start

        package var source: String {
            snapshot.map { "the snapshot at message \($0.sequence)" } ?? "no snapshot"
        }
    }

    private var core: ServiceCore?
    package let summary: Summary
    package let liveVisitors: Int

    private init(_ core: consuming ServiceCore, _ summary: Summary) {
        liveVisitors = core.liveVisitors
        self.core = consume core
        self.summary = summary
    }

    package mutating func take() -> ServiceCore? {
        let taken = core.take()
        return taken
    }

    /// Reads a partition up to a message of its log.
    ///
    /// - Parameter makeCore: makes a service without state that has that partition.
    package static func read(
        _ source: inout some PartitionSource & ~Copyable, through: UInt64,
        _ makeCore: () -> ServiceCore
    ) throws(LoadError) -> LoadedPartition {
        var summary = Summary()
        let found = try manifests(&source)
        summary.manifests = found
        let first = try source.firstSequence()
        var reasons: [String] = []
        for (slot, manifest) in found where manifest.sequence + 1 >= first {
            var core = makeCore()
            if let reason = try restore(&core, manifest, slot, &source) {
                reasons.append(reason)
                summary.manifests.removeAll { $0.slot == slot }
                continue
            }
            summary.snapshot = manifest
            return try follow(core, &source, through, &summary)
        }
        guard first <= 1 else {
            // Meanwhile the owner before, who may be at it still, may have put another one into its place.
            let now = try manifests(&source).map(\.manifest)
            if now != found.map(\.manifest) {
                throw .passing("its snapshots have changed while they were read")
            }
            let what = reasons.isEmpty ? "there is no snapshot" : reasons.joined(separator: "; ")
            throw .unreadable("\(what), and the log begins at message \(first)")
        }
        return try follow(makeCore(), &source, through, &summary)
    }

    private static func follow(
        _ core: consuming ServiceCore, _ source: inout some PartitionSource & ~Copyable,
        _ through: UInt64, _ summary: inout Summary
    ) throws(LoadError) -> LoadedPartition {
        var core = core
        try replay(&core, &source, through, &summary)
        return LoadedPartition(core, summary)
    }

    // MARK: Snapshots

    /// Newest first.
    private static func manifests(
        _ source: inout some PartitionSource & ~Copyable
    ) throws(LoadError) -> [(slot: Int, manifest: SnapshotManifest)] {
        var found: [(slot: Int, manifest: SnapshotManifest)] = []
        for slot in 0..<SnapshotPlan.slotCount {
            if let manifest = try source.manifest(slot: slot) { found.append((slot, manifest)) }
        }
        return found.sorted { $0.manifest.sequence > $1.manifest.sequence }
    }

    /// Takes the state of a snapshot.
    ///
    /// - Returns: why it cannot be used, or nil.
    private static func restore(
        _ core: inout ServiceCore, _ manifest: SnapshotManifest, _ slot: Int,
        _ source: inout some PartitionSource & ~Copyable
    ) throws(LoadError) -> String? {
        let bytes = try source.pieces(of: manifest, slot: slot)
        // Safe, twice: bytes have no padding.
        guard manifest.matches(unsafe bytes.span.bytes),
            let snapshot = Snapshot.read(
                unsafe bytes.span.bytes, deployment: core.configuration.deployment,
                position: manifest.position)
        else { return "the snapshot at message \(manifest.sequence) is not whole" }
        do throws(StateFault) {
            try core.restore(from: snapshot)
            return nil
        } catch { return "the snapshot at message \(manifest.sequence) makes no sense: \(error)" }
    }

    // MARK: The log

    private static func replay(
        _ core: inout ServiceCore, _ source: inout some PartitionSource & ~Copyable,
        _ through: UInt64, _ summary: inout Summary
    ) throws(LoadError) {
        var rule = LogRule(
            core.configuration.deployment, partition: Int(core.configuration.partitions.first),
            behind: summary.snapshot?.sequence ?? 0,
            position: summary.snapshot?.position ?? .start, epoch: summary.snapshot?.epoch ?? 0,
            incarnation: summary.snapshot?.incarnation ?? 0)
        try source.begin(at: rule.sequence + 1)
        while rule.sequence < through {
            let message = try source.next()
            guard message.sequence == rule.sequence + 1 else {
                throw .passing(
                    "the log went on at message \(message.sequence), not at "
                        + "\(rule.sequence + 1)")
            }
            summary.messages += 1
            summary.bytes += message.bytes.count
            if let reason = take(message, &rule, &core) { throw .unreadable(reason) }
        }
        summary.epoch = rule.epoch
        summary.incarnation = rule.incarnation
        summary.position = rule.position
    }

    /// - Returns: what is wrong, or nil.
    private static func take(
        _ message: (sequence: UInt64, bytes: [UInt8]), _ rule: inout LogRule,
        _ core: inout ServiceCore
    ) -> String? {
        let before = rule.position
        do throws(LogFault) {
            // Safe: bytes have no padding.
            let verdict = try rule.take(unsafe message.bytes.span.bytes, at: message.sequence)
            guard verdict == .records else { return nil }
        } catch { return "message \(message.sequence) of the log cannot be read: \(error)" }
        var cursor = RecordCursor(after: before)
        while true {
            switch replayNext(&cursor, rule, &core) {
            case .done?: continue
            case nil: return nil
            case .fault(let reason)?:
                return "message \(message.sequence) of the log cannot be replayed: \(reason)"
            }
        }
    }

    private enum Step {
        case done
        case fault(String)
    }

    /// - Returns: nil at the end of the group.
    private static func replayNext(
        _ cursor: inout RecordCursor, _ rule: borrowing LogRule, _ core: inout ServiceCore
    ) -> Step? {
        let record: JournalRecord?
        do throws(RecordCursor.Fault) { record = try cursor.next(in: rule.group) } catch {
            return .fault("record \(error.position) is damaged: \(error.fault)")
        }
        guard let record else { return nil }
        do throws(ReplayError) { try core.replay(record) } catch { return .fault(error.reason) }
        return .done
    }
}
