import Foundation
import Logging
import NATS
import SojournCluster
import SojournJournal
import SojournModel
import SojournService
import SojournWire
import ZeroMQ

/// The service thread's side of a partition's log: claims it, has records written, and takes snapshots. What the
/// `PartitionOwner` decides is carried out here.
///
///     open: claim --> newest whole snapshot --> messages up to the claim --> serve     waits
///     tend: records of the core --> owner --> link;   mail --> owner --> progress      never waits
final class PartitionKeeper {
    let seat: PartitionSeat
    private let state: ServerState
    private let mail: PartitionMail
    private var owner: PartitionOwner
    private var uploads: SnapshotUploads
    /// Used for one group after another.
    private var group = RecordGroup()

    private var link: ClusterLink { seat.link }

    /// - Parameter endpoint: where routers reach the partition.
    init(_ seat: PartitionSeat, at endpoint: String, _ state: ServerState) {
        self.seat = seat
        self.state = state
        mail = PartitionMail(wakeUp: state.wakeUp)
        var limits = seat.link.settings.owner
        limits.logMessages = UInt64(seat.cluster.logMessages)
        owner = PartitionOwner(
            partition: seat.partition, of: seat.cluster.deployment,
            by: seat.link.settings.identity, at: endpoint, limits: limits,
            behind: seat.link.newTickets(), now: ServerClock.steadyMilliseconds())
        uploads = SnapshotUploads(seat, mail)
    }

    /// Over, by its own will or another's: nothing that is not answered yet may be answered.
    var end: OwnerEnd? { if case .ended(let end) = owner.phase { end } else { nil } }

    // MARK: The start

    /// Claims the partition, and makes its state anew. Waits.
    ///
    /// - Returns: the state; nil when it is over before it began.
    func open(_ makeCore: () -> ServiceCore) -> ServiceCore? {
        var core: ServiceCore?
        while owner.phase != .serving {
            let now = ServerClock.steadyMilliseconds()
            owner.tick(now: now)
            let order = seat.order
            if let claim = order.claim { owner.heard(claim) }
            // Nobody was promised anything yet.
            if order.isStopping { owner.release(now: now) }
            var isIdle = true
            while let action = owner.nextAction() {
                isIdle = false
                open(action, makeCore, &core)
                // From the claim on, others are told that somebody is at it.
                if owner.phase == .replaying { report(0) }
            }
            if end != nil { return nil }
            if isIdle { Thread.sleep(forTimeInterval: 0.02) }
        }
        link.deliver(to: mail, of: seat.partition)
        core?.adopt()
        return core
    }

    private func open(
        _ action: OwnerAction, _ makeCore: () -> ServiceCore, _ core: inout ServiceCore?
    ) {
        switch action {
        case .readEnd: readEnd()
        case .append(let message, let expected, let ticket):
            let outcome = link.appendNow(
                message, to: seat.partition, expecting: expected, ticket: ticket)
            take(ticket, outcome)
            // Routers may come as soon as it is certain; they wait at the door until the state is there.
            if owner.phase == .replaying { link.announce(message) }
        case .readMessage(let sequence):
            owner.sawMessage(
                at: sequence, link.sight(of: seat.partition, at: sequence),
                now: ServerClock.steadyMilliseconds())
        case .load(let through): load(through, makeCore, &core)
        case .renewed: break
        case .end(let end): ended(end)
        }
    }

    private func readEnd() {
        var end: (sequence: UInt64, claim: PartitionClaim?, snapshot: UInt64)?
        do throws(NATSError) {
            // In this order: a claim that comes in between makes ours fail.
            if let stream = try link.jetStream.state(of: link.names.logStream(seat.partition)) {
                let claim = try link.lastClaim(of: seat.partition)
                // A shorter log drops nothing.
                let isLong = stream.last >= UInt64(seat.cluster.logMessages)
                let snapshot = isLong ? try link.newestManifest(of: seat.partition) : nil
                end = (stream.last, claim, snapshot?.sequence ?? 0)
            }
        } catch { state.log.warning("partition \(seat.partition): \(error)") }
        owner.sawEnd(
            lastSequence: end?.sequence, claim: end?.claim, snapshotSequence: end?.snapshot ?? 0,
            now: ServerClock.steadyMilliseconds())
    }

    private func load(
        _ through: UInt64, _ makeCore: () -> ServiceCore, _ core: inout ServiceCore?
    ) {
        let began = ServerClock.steadyMilliseconds()
        do throws(LoadError) {
            var source = StreamSource(seat)
            var found = try LoadedPartition.read(&source, through: through, makeCore)
            let now = ServerClock.steadyMilliseconds()
            let loaded = found.summary
            uploads.begin(with: loaded)
            let isOurs =
                loaded.epoch == owner.epoch && loaded.incarnation == owner.identity.incarnation
            state.log.info(
                """
                partition \(seat.partition): claimed with epoch \(owner.epoch); \
                \(found.liveVisitors) live visitors from \(loaded.source) and \
                \(loaded.messages) messages behind it, in \(now - began) ms
                """)
            core = found.take()
            owner.loaded(
                loaded.position, isOurs: isOurs, covered: uploads.plan.coveredSequence, now: now)
        } catch {
            if case .passing(let reason) = error {
                state.log.warning("partition \(seat.partition): \(reason); it is read again")
            }
            owner.couldNotLoad(error, now: ServerClock.steadyMilliseconds())
        }
    }

    // MARK: Serving

    /// Every record up to here is in the log, by an owner's right.
    var written: UInt64 { owner.position.rawValue }

    /// Of its claim.
    var epoch: UInt64 { owner.epoch }

    /// Has records written, and takes word of those that are.
    ///
    /// - Parameter oldestUnarchived: what records before it have finished is in the archive.
    /// - Returns: how far the log has them.
    func tend(_ core: inout ServiceCore, oldestUnarchived: UInt64) -> JournalProgress {
        let now = ServerClock.steadyMilliseconds()
        for letter in mail.take() { open(letter, now) }
        if let claim = seat.order.claim { owner.heard(claim) }
        owner.tick(now: now)
        if owner.canSend, core.journal.take(&group) {
            uploads.count(group.byteCount)
            group.seal()
            owner.send(group, now: now)
            group.removeAll()
        }
        uploads.tend(&owner, &core, oldestUnarchived: oldestUnarchived, now: now)
        carryOut(now)
        report(core.journal.waitingBytes)
        return JournalProgress(
            written: owner.position, durable: owner.position, isAvailable: owner.takesBatches)
    }

    private func open(_ letter: PartitionMail.Letter, _ now: UInt64) {
        switch letter {
        case .appended(let ticket, let outcome): take(ticket, outcome)
        case .saw(let sequence, let sight): owner.sawMessage(at: sequence, sight, now: now)
        case .snapshot(let result): uploads.ended(result, &owner, state.log)
        }
    }

    private func take(_ ticket: UInt64, _ outcome: JetStream.Outcome) {
        let now = ServerClock.steadyMilliseconds()
        switch outcome {
        case .acknowledged(let sequence, let isDuplicate):
            owner.acknowledged(ticket, at: sequence, isDuplicate: isDuplicate, now: now)
        case .fenced: owner.fenced(ticket, now: now)
        case .unknown(let reason):
            state.log.debug("partition \(seat.partition): \(reason)")
            owner.unknown(ticket, now: now)
        }
    }

    private func carryOut(_ now: UInt64) {
        while let action = owner.nextAction() {
            switch action {
            case .append(let message, let expected, let ticket):
                link.append(
                    message, to: seat.partition, expecting: expected, ticket: ticket, mail)
                if message.header.kind == .release { releaseMessage = message }
            case .readMessage(let sequence):
                link.later { [link, mail, seat] in
                    mail.put(
                        .saw(sequence, link.sight(of: seat.partition, at: sequence)))
                }
            case .renewed(let sequence): uploads.renewed(at: sequence, by: owner)
            case .readEnd, .load: preconditionFailure("what is served is claimed")
            case .end(let end): ended(end)
            }
        }
    }

    /// What says that the partition is free, once it is in the log.
    private var releaseMessage: LogMessage?

    private func ended(_ end: OwnerEnd) {
        seat.tell { $0.end = end }
        if case .released = end, let releaseMessage { link.announce(releaseMessage) }
        let text = "partition \(seat.partition) is not served here any more: \(end)"
        if end.isFault { state.log.error("\(text)") } else { state.log.info("\(text)") }
    }

    private func report(_ waitingBytes: Int) {
        let holding = Heartbeat.Holding(
            partition: seat.partition, epoch: owner.epoch, sequence: owner.sequence,
            waitingBytes: UInt64(waitingBytes))
        seat.tell { $0.holding = end == nil ? holding : nil }
    }

    /// Lets go of the partition, once all that was sent is in the log.
    func release() {
        let now = ServerClock.steadyMilliseconds()
        owner.release(now: now)
        carryOut(now)
    }

    /// Takes no more mail.
    func close() {
        link.deliver(to: nil, of: seat.partition)
        seat.tell { $0.holding = nil }
    }

    var gauges: [Gauge] {
        [
            Gauge("cluster_epoch", owner.epoch),
            Gauge("cluster_sequence", owner.sequence),
            Gauge("cluster_appends_resent_total", owner.resends),
            Gauge("cluster_log_room_messages", owner.room),
            Gauge("cluster_snapshots_total", uploads.plan.snapshots),
            Gauge("cluster_snapshot_failures_total", uploads.plan.failures),
            Gauge("cluster_snapshot_sequence", uploads.plan.newestSequence),
            Gauge("cluster_snapshot_bytes", UInt64(uploads.plan.newestBytes)),
        ]
    }
}
