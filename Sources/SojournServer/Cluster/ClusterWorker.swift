import Dispatch
import Foundation
package import Logging
import NATS
import SojournCluster
import SojournModel
import SojournPostgres
import SojournService
import Synchronization

/// A running worker of a cluster: its thread, which decides what to take and what to hand over, and a server for each
/// partition that it owns.
///
///     heartbeats, claims of others --> [thread: WorkerPlan] --> take: a server of its own, with thread and socket
///                                           |              --> hand over: that server stops, and lets go
///                                           +--> heartbeats
///
/// It runs from `init` to `stop`, or until the last reference is gone. What it cannot have yet it waits for.
package final class ClusterWorker: Sendable {
    private static let turnMilliseconds = 50

    /// What other threads tell the worker's.
    private enum Letter: Sendable {
        case heartbeat(Heartbeat)
        case claim(PartitionClaim)
        case saw(Int, PartitionClaim?)
        case command(WorkerOrder)
        /// The seat is empty again.
        case ended(Int, pause: UInt64)
    }

    private struct Contents: ~Copyable {
        var letters: [Letter] = []
        var isStopping = false
        var failure: ServerError?
        var runs: [Int: PartitionRun] = [:]
        var figures = Figures()
    }

    /// What the thread tells others.
    struct Figures: Sendable {
        var partitions = 0
        var workers = 0
        var isDraining = false
        var isConnected = false
        var reconnections: UInt64 = 0
        var takes: UInt64 = 0
        var handOvers: UInt64 = 0
    }

    private let configuration: ServerConfiguration
    private let settings: ClusterSettings
    private let log: Logger
    private let contents = Mutex(Contents())
    /// The connections of all partitions.
    private let database: PostgresPool?
    private let work = DispatchSemaphore(value: 0)
    private let ended = DispatchGroup()

    /// - Precondition: the configuration names a cluster.
    package init(_ configuration: ServerConfiguration, log: Logger) {
        guard let settings = configuration.cluster else {
            preconditionFailure("a worker without a cluster")
        }
        self.configuration = configuration
        self.settings = settings
        self.log = log
        database = configuration.archive.flatMap { archive in
            if case .postgres(let address) = archive.store { PostgresPool(address) } else { nil }
        }
        let ended = ended
        ended.enter()
        let thread = Thread { [weak self] in
            self?.run()
            ended.leave()
        }
        thread.name = "sojourn-cluster"
        thread.start()
    }

    deinit { stop() }

    /// Hands everything over, and returns when that is done: within 5 seconds.
    package func stop() {
        contents.withLock { $0.isStopping = true }
        work.signal()
        ended.wait()
    }

    package func waitUntilStopped() { ended.wait() }

    /// Why it ended by itself; nil while it runs, and when it was stopped.
    package var failure: ServerError? { contents.withLock { $0.failure } }
    package var hasFailed: Bool { failure != nil }

    package func reloadClients() throws(ConfigurationError) {
        for run in runs { try run.server?.reloadClients() }
    }

    var runs: [PartitionRun] {
        contents.withLock { contents in contents.runs.keys.sorted().compactMap { contents.runs[$0] }
        }
    }
    var figures: Figures { contents.withLock { $0.figures } }
    var service: ServiceConfiguration { configuration.service }

    private var isStopping: Bool { contents.withLock { $0.isStopping } }

    private func put(_ letter: Letter) {
        contents.withLock { $0.letters.append(letter) }
        work.signal()
    }

    private func takeLetters() -> [Letter] {
        contents.withLock { contents in
            defer { contents.letters.removeAll() }
            return contents.letters
        }
    }

    private func fail(_ error: ServerError) {
        log.critical("\(error)")
        contents.withLock { $0.failure = error }
    }

    // MARK: The thread

    private func run() {
        let isStopping = { [unowned self] in self.isStopping }
        guard let link = ClusterLink.open(settings, log: log, isStopping: isStopping) else {
            return
        }
        do throws(ClusterMismatch) {
            guard
                let cluster = try link.make(
                    configuration.service.deployment, isStopping: isStopping)
            else { return }
            log.info(
                """
                worker \(settings.worker) is part of cluster \(settings.names.cluster): \
                \(cluster.partitions) partitions, \(cluster.replicas) replicas; \
                \(link.guarantee(cluster)); \(configuration.archiveText)
                """)
            if configuration.archive == nil {
                log.notice(
                    """
                    finished sessions are not kept, and reports not answered: all workers may share a \
                    PostgreSQL database, which --archive postgresql://USER@HOST/DATABASE names
                    """)
            }
            serve(link, cluster)
        } catch { fail(.dataTaken(error.description)) }
    }

    private func serve(_ link: ClusterLink, _ cluster: ClusterDescription) {
        let subscriptions = subscribe(link)
        var plan = WorkerPlan(
            settings.identity, partitions: cluster.partitions, limits: settings.plan,
            now: ServerClock.steadyMilliseconds())
        var nextHeartbeat: UInt64 = 0
        while true {
            _ = work.wait(timeout: .now() + .milliseconds(Self.turnMilliseconds))
            let now = ServerClock.steadyMilliseconds()
            if isStopping, !plan.isLeaving {
                plan.leave()
                nextHeartbeat = 0
            }
            for letter in takeLetters() { open(letter, &plan, now) }
            plan.hold(runs.compactMap(\.seat.report.holding))
            for order in plan.tick(now: now) { carryOut(order, link, cluster) }
            if now >= nextHeartbeat || plan.isLeaving && plan.isEmpty {
                nextHeartbeat = now + settings.plan.membership.heartbeatMilliseconds
                beat(plan, link)
            }
            tell(plan, link, cluster)
            if plan.isLeaving, plan.isEmpty { break }
        }
        // The last heartbeat says that it ends.
        _ = try? link.connection.flush(milliseconds: 500)
        withExtendedLifetime(subscriptions) {}
    }

    /// Listens to the others; tries until it can.
    private func subscribe(_ link: ClusterLink) -> [NATSSubscription] {
        while !isStopping {
            do throws(NATSError) {
                return [
                    try link.connection.subscribe(link.names.heartbeatSubject) { [weak self] in
                        // Safe: bytes have no padding.
                        if let beat = Heartbeat(unsafe $0.span.bytes) {
                            self?.put(.heartbeat(beat))
                        }
                    },
                    try link.claims { [weak self] in self?.put(.claim($0)) },
                    try link.connection.subscribe(link.names.commandSubject) { [weak self] in
                        if let command = WorkerOrder($0) { self?.put(.command(command)) }
                    },
                ]
            } catch { log.warning("\(error)") }
            Thread.sleep(forTimeInterval: 0.25)
        }
        return []
    }

    private func open(_ letter: Letter, _ plan: inout WorkerPlan, _ now: UInt64) {
        switch letter {
        case .heartbeat(let beat): plan.hear(beat, now: now)
        case .claim(let claim): plan.hear(claim, now: now)
        case .saw(let partition, let claim): plan.saw(partition, claim, now: now)
        case .command(let command):
            guard command.worker == settings.worker else { return }
            log.notice(
                command.isDraining
                    ? "told to drain: hands everything over and takes nothing"
                    : "told to take partitions again")
            plan.drain(command.isDraining)
        case .ended(let partition, let pause):
            contents.withLock { $0.runs[partition] = nil }
            plan.ended(partition, pause: pause, now: now)
        }
    }

    private func carryOut(
        _ order: WorkerPlan.Order, _ link: ClusterLink, _ cluster: ClusterDescription
    ) {
        switch order {
        case .look(let partition):
            link.later { [weak self] in
                do throws(NATSError) {
                    let claim = try link.lastClaim(of: partition)
                    self?.put(.saw(partition, claim))
                } catch { link.log.debug("\(error)") }
            }
        case .take(let partition):
            let run = PartitionRun(
                PartitionSeat(link, partition, of: cluster, archivedIn: database))
            contents.withLock {
                $0.runs[partition] = run
                $0.figures.takes += 1
            }
            run.start(configuration, log: log) { [weak self] pause in
                self?.put(.ended(partition, pause: pause))
            }
        case .handOver(let partition):
            let run = contents.withLock { contents in
                contents.figures.handOvers += 1
                return contents.runs[partition]
            }
            run?.stop()
        case .giveUp(let partition, let claim):
            contents.withLock { $0.runs[partition] }?.giveUp(claim)
        }
    }

    private func beat(_ plan: borrowing WorkerPlan, _ link: ClusterLink) {
        let beat = plan.heartbeat(runs.compactMap(\.seat.report.holding))
        do throws(NATSError) {
            try link.connection.publish(beat.bytes, to: link.names.heartbeatSubject)
        } catch { log.debug("\(error)") }
    }

    private func tell(
        _ plan: borrowing WorkerPlan, _ link: ClusterLink, _ cluster: ClusterDescription
    ) {
        let (workers, isDraining) = (plan.membership.live.count + 1, plan.isDraining)
        contents.withLock {
            $0.figures.partitions = cluster.partitions
            $0.figures.workers = workers
            $0.figures.isDraining = isDraining
            $0.figures.isConnected = link.connection.isConnected
            $0.figures.reconnections = link.connection.reconnections
        }
    }
}
