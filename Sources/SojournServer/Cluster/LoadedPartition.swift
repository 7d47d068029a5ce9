import NATS
import SojournCluster
import SojournEngine
import SojournJournal
import SojournModel
import SojournService

/// Why a partition's state was not had.
enum LoadError: Error, CustomStringConvertible {
    /// The servers did not answer as they should: another attempt may.
    case passing(String)
    /// What they have makes no sense.
    case unreadable(String)

    var description: String {
        switch self {
        case .passing(let reason), .unreadable(let reason): reason
        }
    }
}

/// A partition's state, as its newest whole snapshot and the log behind it tell it.
struct LoadedPartition: ~Copyable {
    struct Summary {
        /// Those that are kept, newest first.
        var manifests: [(slot: Int, manifest: SnapshotManifest)] = []
        /// The one that was used; nil for none.
        var snapshot: SnapshotManifest?
        var messages = 0
        var bytes = 0
        /// As `LogRule` says at the end.
        var epoch: UInt64 = 0
        var incarnation: UInt64 = 0
        var position = JournalPosition.start

        var source: String {
            snapshot.map { "the snapshot at message \($0.sequence)" } ?? "no snapshot"
        }
    }

    private var core: ServiceCore?
    let summary: Summary
    let liveVisitors: Int

    /// How long the next message of a stream may take to come.
    private static let patienceMilliseconds: Int64 = 3_000

    private init(_ core: consuming ServiceCore, _ summary: Summary) {
        liveVisitors = core.liveVisitors
        self.core = consume core
        self.summary = summary
    }

    mutating func take() -> ServiceCore? {
        let taken = core.take()
        return taken
    }

    /// Reads a partition up to a message of its log. Waits.
    static func read(
        _ seat: PartitionSeat, through: UInt64, _ makeCore: () -> ServiceCore
    ) throws(LoadError) -> LoadedPartition {
        var summary = Summary()
        summary.manifests = try manifests(seat)
        let first = try firstSequence(seat)
        var reasons: [String] = []
        for (_, manifest) in summary.manifests where manifest.sequence + 1 >= first {
            var core = makeCore()
            if let reason = try restore(&core, manifest, seat) {
                reasons.append(reason)
                continue
            }
            summary.snapshot = manifest
            return try follow(core, seat, through, &summary)
        }
        guard first <= 1 else {
            let what = reasons.isEmpty ? "there is no snapshot" : reasons.joined(separator: "; ")
            throw .unreadable(
                "\(what), and the log of partition \(seat.partition) begins at message \(first)")
        }
        return try follow(makeCore(), seat, through, &summary)
    }

    private static func follow(
        _ core: consuming ServiceCore, _ seat: PartitionSeat, _ through: UInt64,
        _ summary: inout Summary
    ) throws(LoadError) -> LoadedPartition {
        var core = core
        try replay(&core, seat, through, &summary)
        return LoadedPartition(core, summary)
    }

    // MARK: Snapshots

    private static func manifests(
        _ seat: PartitionSeat
    ) throws(LoadError) -> [(slot: Int, manifest: SnapshotManifest)] {
        var found: [(slot: Int, manifest: SnapshotManifest)] = []
        for slot in 0..<ClusterNames.snapshotSlots {
            do throws(NATSError) {
                if let manifest = try seat.link.manifest(of: seat.partition, slot: slot) {
                    found.append((slot, manifest))
                }
            } catch { throw .passing("\(error)") }
        }
        return found.sorted { $0.manifest.sequence > $1.manifest.sequence }
    }

    private static func firstSequence(_ seat: PartitionSeat) throws(LoadError) -> UInt64 {
        let stream = seat.link.names.logStream(seat.partition)
        do throws(NATSError) {
            if let state = try seat.link.jetStream.state(of: stream) { return state.first }
        } catch { throw .passing("\(error)") }
        throw .passing("stream \(stream) is not there")
    }

    /// Takes the state of a snapshot.
    ///
    /// - Returns: why it cannot be used, or nil.
    private static func restore(
        _ core: inout ServiceCore, _ manifest: SnapshotManifest, _ seat: PartitionSeat
    ) throws(LoadError) -> String? {
        let bytes = try pieces(of: manifest, seat)
        // Safe, twice: bytes have no padding.
        guard manifest.matches(unsafe bytes.span.bytes),
            let snapshot = Snapshot.read(
                unsafe bytes.span.bytes, deployment: seat.cluster.deployment,
                position: manifest.position)
        else { return "the snapshot at message \(manifest.sequence) is not whole" }
        do throws(StateFault) {
            try core.restore(from: snapshot)
            return nil
        } catch { return "the snapshot at message \(manifest.sequence) makes no sense: \(error)" }
    }

    private static func pieces(
        of manifest: SnapshotManifest, _ seat: PartitionSeat
    ) throws(LoadError) -> [UInt8] {
        let names = seat.link.names
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(manifest.snapshotBytes, 1 << 30))
        do throws(NATSError) {
            let reader = try seat.link.jetStream.read(
                names.snapshotStream,
                subject: names.piecesSubject(seat.partition, manifest.name), from: 1)
            for _ in 0..<manifest.pieces {
                guard let piece = try reader.next(milliseconds: patienceMilliseconds) else { break }
                bytes += piece.bytes
            }
        } catch { throw .passing("\(error)") }
        return bytes
    }

    // MARK: The log

    private static func replay(
        _ core: inout ServiceCore, _ seat: PartitionSeat, _ through: UInt64,
        _ summary: inout Summary
    ) throws(LoadError) {
        let names = seat.link.names
        var rule = LogRule(
            seat.cluster.deployment, partition: seat.partition,
            behind: summary.snapshot?.sequence ?? 0,
            position: summary.snapshot?.position ?? .start, epoch: summary.snapshot?.epoch ?? 0,
            incarnation: summary.snapshot?.incarnation ?? 0)
        let stream = names.logStream(seat.partition)
        let reader: JetStreamReader
        do throws(NATSError) {
            reader = try seat.link.jetStream.read(
                stream, subject: names.logSubject(seat.partition), from: rule.sequence + 1)
        } catch { throw .passing("\(error)") }
        while rule.sequence < through {
            let message = try next(reader, of: stream)
            guard message.sequence == rule.sequence + 1 else {
                throw .passing(
                    "stream \(stream) went on at message \(message.sequence), not at "
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

    private static func next(
        _ reader: JetStreamReader, of stream: String
    ) throws(LoadError) -> (sequence: UInt64, bytes: [UInt8]) {
        do throws(NATSError) {
            if let message = try reader.next(milliseconds: patienceMilliseconds) { return message }
        } catch { throw .passing("\(error)") }
        throw .passing("stream \(stream) is silent")
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
