import SojournCluster
import SojournJournal
import SojournModel
import SojournServer
import SojournService
import SojournWire

/// What workers and routers of a cluster read that others wrote.
enum FuzzCluster {
    private static let deployment = FuzzService.configuration.deployment
    private static let partition: UInt16 = 3
    private static let partitions = 16

    // MARK: The log

    /// Messages, each behind three bytes: what is mended, and how long it is. Whatever they are, what counts is told
    /// in order, and its records are read or refused.
    static func log(_ bytes: [UInt8]) {
        var rule = LogRule(deployment, partition: Int(partition))
        var offset = 0
        while offset + 3 <= bytes.count, rule.sequence < 256 {
            let control = bytes[offset]
            let length = Int(FuzzBytes.integer(at: offset + 1, bytes: 2, of: bytes))
            offset += 3
            var message = Array(bytes[offset..<min(bytes.count, offset + length)])
            offset += message.count
            if control & 1 == 1 { mend(&message, control, rule) }
            take(message, &rule)
        }
    }

    private static func take(_ message: [UInt8], _ rule: inout LogRule) {
        let (position, epoch) = (rule.position, rule.epoch)
        do throws(LogFault) {
            // The bytes of an array have no invalid patterns.
            switch try rule.take(unsafe message.span.bytes, at: rule.sequence + 1) {
            case .records: walk(rule, after: position)
            case .claim(let claim):
                precondition(claim.epoch == rule.epoch && rule.epoch > epoch)
                check(claim, .claim)
            case .release(let claim): check(claim, .release)
            case .piece, .renewal, .void: precondition(rule.epoch == epoch)
            }
        } catch { precondition(!"\(error)".isEmpty) }
        precondition(rule.position >= position, "the log goes backwards")
    }

    private static func walk(_ rule: borrowing LogRule, after position: JournalPosition) {
        var cursor = RecordCursor(after: position)
        do throws(RecordCursor.Fault) {
            while try cursor.next(in: rule.group) != nil {}
        } catch { precondition(!"\(error.fault)".isEmpty) }
    }

    /// A claim is written again as one that says the same.
    private static func check(_ claim: PartitionClaim, _ kind: LogMessageKind) {
        // Text that was mended takes more room, which a claim of ours never needs.
        guard claim.owner.name.utf8.count < 1 << 15, claim.endpoint.utf8.count < 1 << 15 else {
            return
        }
        let header = LogHeader(
            kind, deployment: deployment, partition: UInt16(claim.partition), epoch: claim.epoch,
            incarnation: claim.owner.incarnation)
        let message = claim.message(header).bytes
        // The bytes of an array have no invalid patterns.
        guard case .message(_, let again) = LogSight(unsafe message.span.bytes) else {
            preconditionFailure("a claim that was written again is refused")
        }
        precondition(again == claim, "a claim comes to another one")
    }

    /// Makes a message one that counts: header, place in the log, checksums of records.
    private static func mend(_ message: inout [UInt8], _ control: UInt8, _ rule: borrowing LogRule)
    {
        guard message.count >= LogHeader.byteCount else { return }
        FuzzBytes.put(0x4D4C_4A53 as UInt32, at: 0, in: &message)
        FuzzBytes.put(1 as UInt16, at: 4, in: &message)
        let kind = control >> 1 & 3
        if kind != 0 { message[6] = kind }
        FuzzBytes.put(deployment.bits.high.byteSwapped, at: 8, in: &message)
        FuzzBytes.put(deployment.bits.low.byteSwapped, at: 16, in: &message)
        FuzzBytes.put(partition, at: 56, in: &message)
        if control & 8 == 8 {
            FuzzBytes.put(rule.epoch &+ (kind == 2 ? 1 : 0), at: 24, in: &message)
        }
        if control & 16 == 16 { FuzzBytes.put(rule.incarnation, at: 32, in: &message) }
        if control & 32 == 32 {
            FuzzBytes.put(rule.position.next.rawValue, at: 40, in: &message)
            FuzzBytes.put(rule.position.next.rawValue &+ UInt64(control >> 6), at: 48, in: &message)
        }
        // There is no salt.
        if kind == 1 {
            FuzzService.mendRecords(&message, from: LogHeader.byteCount, salt: 0)
        }
        FuzzBytes.put(
            FuzzBytes.checksum(message, 0..<60)
                ^ FuzzBytes.checksum(message, LogHeader.byteCount..<message.count),
            at: 60, in: &message)
    }

    // MARK: Beside the log

    /// The first byte says which kind of message it is, and whether its checksum is mended.
    static func messages(_ bytes: [UInt8]) {
        var message = Array(bytes.dropFirst())
        let control = bytes.first ?? 0
        let mends = control & 8 == 8
        switch control & 7 {
        case 0: heartbeats(message)
        case 1:
            if mends { mendBlock(&message, 0x4D53_4A53) }
            manifest(message)
        case 2:
            if mends { mendBlock(&message, 0x4443_4A53) }
            description(message)
        case 3:
            if mends { mend(&message, 5, LogRule(deployment, partition: Int(partition))) }
            announcement(message)
        case 4: order(message)
        default: serverInfo(message)
        }
    }

    /// Heartbeats, each behind two bytes with its length, as a worker hears them. It gives orders that can be
    /// carried out, whatever it hears.
    private static func heartbeats(_ bytes: [UInt8]) {
        var plan = WorkerPlan(
            OwnerIdentity(name: "me", incarnation: 1), partitions: partitions, now: 0)
        var (offset, now) = (0, 0 as UInt64)
        while offset + 2 <= bytes.count, now < 64 * 700 {
            let length = Int(FuzzBytes.integer(at: offset, bytes: 2, of: bytes))
            offset += 2
            let beat = Array(bytes[offset..<min(bytes.count, offset + length)])
            offset += beat.count
            now += 700
            // The bytes of an array have no invalid patterns.
            if let heard = Heartbeat(unsafe beat.span.bytes) {
                check(heard)
                plan.hear(heard, now: now)
            }
            for order in plan.tick(now: now) {
                switch order {
                case .look(let partition): plan.saw(partition, nil, now: now)
                case .take(let partition), .handOver(let partition), .giveUp(let partition, _):
                    plan.ended(partition, pause: 100, now: now)
                }
            }
            precondition(plan.spread.isEmpty || plan.spread.count == partitions)
        }
    }

    private static func check(_ heartbeat: Heartbeat) {
        guard heartbeat.worker.name.utf8.count <= UInt16.max else { return }
        let bytes = heartbeat.bytes
        // The bytes of an array have no invalid patterns.
        precondition(
            Heartbeat(unsafe bytes.span.bytes) == heartbeat, "a heartbeat comes to another one")
    }

    private static func manifest(_ bytes: [UInt8]) {
        // The bytes of an array have no invalid patterns.
        guard let manifest = SnapshotManifest(unsafe bytes.span.bytes) else { return }
        precondition(manifest.pieces > 0 && !manifest.name.isEmpty)
        // A reader goes on behind it.
        precondition(manifest.sequence < .max && manifest.epoch < .max)
        let again = manifest.bytes
        // The bytes of an array have no invalid patterns.
        precondition(
            SnapshotManifest(unsafe again.span.bytes) == manifest,
            "a manifest comes to another one")
    }

    private static func description(_ bytes: [UInt8]) {
        // The bytes of an array have no invalid patterns.
        guard let description = ClusterDescription(unsafe bytes.span.bytes) else { return }
        precondition((1...ClusterDescription.partitionsMax).contains(description.partitions))
        let again = description.bytes
        // The bytes of an array have no invalid patterns.
        precondition(
            ClusterDescription(unsafe again.span.bytes) == description,
            "a description comes to another one")
    }

    private static func announcement(_ bytes: [UInt8]) {
        // The bytes of an array have no invalid patterns.
        guard case .message(_, let claim?) = LogSight(unsafe bytes.span.bytes) else { return }
        var book = ClaimBook(partitions: partitions)
        let isOurs = claim.partition < partitions
        precondition(book.take(claim) == isOurs && !book.take(claim))
    }

    private static func order(_ bytes: [UInt8]) {
        guard let order = WorkerOrder(bytes) else { return }
        precondition(WorkerOrder(order.bytes) == order, "an order comes to another one")
    }

    private static func serverInfo(_ bytes: [UInt8]) {
        guard let info = NATSServerInfo(line: String(decoding: bytes, as: UTF8.self)) else {
            return
        }
        _ = info.syncsEach
    }

    private static func mendBlock(_ block: inout [UInt8], _ magic: UInt32) {
        guard block.count >= 8 else { return }
        FuzzBytes.put(magic, at: 0, in: &block)
        FuzzBytes.put(1 as UInt16, at: 4, in: &block)
        FuzzBytes.put(
            FuzzBytes.checksum(block, 0..<block.count - 4), at: block.count - 4, in: &block)
    }

    // MARK: Seeds

    /// A log with a claim, records in one piece and in several, a renewal and a release; one of each other message.
    static func seeds() -> [FuzzSeed] {
        let owner = OwnerIdentity(name: "a", incarnation: 7)
        func header(_ kind: LogMessageKind) -> LogHeader {
            LogHeader(kind, deployment: deployment, partition: partition, epoch: 1, incarnation: 7)
        }
        var claim = PartitionClaim(
            partition: Int(partition), epoch: 1, owner: owner, endpoint: "tcp://127.0.0.1:5581")
        var log = [claim.message(header(.claim))]
        let announced = log[0].bytes
        FuzzService.forEachGroup { group in
            log += LogPieces.messages(of: group, header(.records), bytesMax: 300)
        }
        log.append(claim.message(header(.claim)))
        claim.isReleased = true
        log.append(claim.message(header(.release)))
        // Nothing is mended.
        let messages: [UInt8] = log.reduce(into: []) { $0 += [0] + prefixed($1.bytes) }
        var beat = Heartbeat(worker: OwnerIdentity(name: "b", incarnation: 9))
        beat.holdings = [.init(partition: 2, epoch: 4, sequence: 17, waitingBytes: 300)]
        let manifest = SnapshotManifest(
            partition: 3, sequence: 12, position: JournalPosition(9), epoch: 1, incarnation: 7,
            // The bytes of an array have no invalid patterns.
            of: unsafe announced.span.bytes)
        let cluster = ClusterDescription(partitions: 16, deployment: deployment, replicas: 3)
        let order = WorkerOrder(worker: "b", isDraining: true)
        return [
            FuzzSeed(.clusterLog, "made", messages),
            FuzzSeed(
                .clusterMessages, "heartbeats", [0] + prefixed(beat.bytes) + prefixed(beat.bytes)),
            FuzzSeed(.clusterMessages, "manifest", [9] + manifest.bytes),
            FuzzSeed(.clusterMessages, "description", [10] + cluster.bytes),
            FuzzSeed(.clusterMessages, "claim", [11] + announced),
            FuzzSeed(.clusterMessages, "order", [4] + order.bytes),
            FuzzSeed(.clusterMessages, "server", [5] + Array(#"INFO {"version":"2.9.10"}"#.utf8)),
        ]
    }

    private static func prefixed(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8(truncatingIfNeeded: bytes.count), UInt8(truncatingIfNeeded: bytes.count >> 8)]
            + bytes
    }
}
