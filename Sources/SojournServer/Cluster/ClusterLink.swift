import Dispatch
import Foundation
import Logging
import NATS
import SojournCluster
import SojournModel
import Synchronization
import ZeroMQ

/// A process's way to its cluster: the connection, the streams and what the cluster is. Shared by the threads of all
/// partitions.
///
/// No thread of a service waits for it: appends go through a queue of their own, and what came of them lies in the
/// mail of the partition, which is woken up.
final class ClusterLink: Sendable {
    let settings: ClusterSettings
    let connection: NATSConnection
    let jetStream: JetStream
    let log: Logger
    private let appends: JetStream
    private let mails: Mails
    private let owners = Atomic<UInt64>(0)
    /// In their order: the client may have to wait for the socket.
    private let sending = DispatchQueue(label: "sojourn-cluster-send")
    /// What waits for an answer, and holds up nobody else.
    private let asking = DispatchQueue(label: "sojourn-cluster-ask", attributes: .concurrent)
    private let uploading = DispatchQueue(label: "sojourn-cluster-upload")

    var names: ClusterNames { settings.names }

    /// Mail of the partitions that are served, by their number.
    private final class Mails: Sendable {
        private let boxes = Mutex<[Int: PartitionMail]>([:])

        subscript(partition: Int) -> PartitionMail? {
            get { boxes.withLock { $0[partition] } }
        }

        func set(_ mail: PartitionMail?, _ partition: Int) {
            boxes.withLock { $0[partition] = mail }
        }
    }

    /// Connects; waits until it can, and says what for.
    ///
    /// - Returns: nil when a stop was asked for before.
    static func open(
        _ settings: ClusterSettings, log: Logger, isStopping: () -> Bool
    ) -> ClusterLink? {
        patiently("NATS", log, isStopping) { () throws(NATSError) -> ClusterLink? in
            try ClusterLink(settings, log: log)
        }
    }

    /// Tries until there is a result, and says what it waits for, and why.
    ///
    /// - Parameter body: gives nil as long as nobody has made it.
    /// - Returns: nil when a stop was asked for before.
    static func patiently<Result>(
        _ what: String, _ log: Logger, _ isStopping: () -> Bool,
        _ body: () throws(NATSError) -> Result?
    ) -> Result? {
        var saidSo: String?
        while !isStopping() {
            var text = "waits for \(what): nobody has made it yet"
            do throws(NATSError) {
                if let result = try body() { return result }
            } catch { text = "waits for \(what): \(error)" }
            if saidSo != text { log.warning("\(text)") }
            saidSo = text
            Thread.sleep(forTimeInterval: 0.25)
        }
        return nil
    }

    private init(_ settings: ClusterSettings, log: Logger) throws(NATSError) {
        self.settings = settings
        self.log = log
        let mails = Mails()
        self.mails = mails
        connection = try NATSConnection(settings.servers, name: "sojourn \(settings.worker)")
        jetStream = try JetStream(connection)
        appends = try JetStream(connection) { id, outcome in
            guard let (partition, ticket) = Self.address(of: id) else { return }
            mails[partition]?.put(.appended(ticket, outcome))
        }
    }

    // MARK: Appends

    /// Where the tickets of another owner begin: none has so many that they reach those of the next.
    func newTickets() -> UInt64 {
        owners.wrappingAdd(1, ordering: .relaxed).newValue << 40
    }

    /// Ids of messages: another one for each ticket of each life of each worker.
    private func id(_ partition: Int, _ ticket: UInt64) -> String {
        "\(String(settings.incarnation, radix: 16)).\(partition).\(ticket)"
    }

    private static func address(of id: String) -> (partition: Int, ticket: UInt64)? {
        let parts = id.split(separator: ".")
        guard parts.count == 3, let partition = Int(parts[1]), let ticket = UInt64(parts[2]) else {
            return nil
        }
        return (partition, ticket)
    }

    /// Opens the mail of a partition, or closes it.
    func deliver(to mail: PartitionMail?, of partition: Int) { mails.set(mail, partition) }

    /// Has a message appended to the log of a partition. What came of it is put into the mail.
    func append(
        _ message: LogMessage, to partition: Int, expecting expected: UInt64, ticket: UInt64,
        _ mail: PartitionMail
    ) {
        sending.async { [self] in
            do throws(NATSError) {
                try appends.appendLater(
                    message.bytes, to: names.subject(of: message.header.kind, partition),
                    of: names.logStream(partition), id: id(partition, ticket),
                    expecting: expected, milliseconds: Int64(settings.owner.answerMilliseconds))
            } catch { mail.put(.appended(ticket, .unknown("\(error)"))) }
        }
    }

    /// Does so and waits.
    func appendNow(
        _ message: LogMessage, to partition: Int, expecting expected: UInt64, ticket: UInt64
    ) -> JetStream.Outcome {
        jetStream.append(
            message.bytes, to: names.subject(of: message.header.kind, partition),
            of: names.logStream(partition), id: id(partition, ticket), expecting: expected,
            milliseconds: Int64(settings.owner.answerMilliseconds))
    }

    /// What stands at a sequence of a partition's log; waits.
    func sight(of partition: Int, at sequence: UInt64) -> LogSight {
        do throws(NATSError) {
            let stream = names.logStream(partition)
            if let bytes = try jetStream.message(at: sequence, of: stream) {
                return Self.sight(of: bytes)
            }
            guard let state = try jetStream.state(of: stream) else { return .absent }
            return sequence < state.first ? .gone : .absent
        } catch { return .unknown }
    }

    private static func sight(of bytes: [UInt8]) -> LogSight {
        // Safe: bytes have no padding.
        LogSight(unsafe bytes.span.bytes)
    }

    /// The last claim or release in a partition's log; nil when there is none. Waits.
    func lastClaim(of partition: Int) throws(NATSError) -> PartitionClaim? {
        guard
            let bytes = try jetStream.lastMessage(
                of: names.logStream(partition), subject: names.claimsSubject(partition))
        else { return nil }
        switch Self.sight(of: bytes) {
        case .message(_, let claim?): return claim
        // Who takes it for none would claim what somebody owns.
        case .foreign(let fault):
            throw NATSError(
                unanswered: "read the last claim of partition \(partition): \(fault)")
        case .message, .absent, .gone, .unknown:
            throw NATSError(unanswered: "read the last claim of partition \(partition)")
        }
    }

    /// The newest snapshot of a partition, whole or not; nil when there is none. Waits.
    func newestManifest(of partition: Int) throws(NATSError) -> SnapshotManifest? {
        var newest: SnapshotManifest?
        for slot in 0..<SnapshotPlan.slotCount {
            guard let found = try manifest(of: partition, slot: slot) else { continue }
            if found.sequence > newest?.sequence ?? 0 { newest = found }
        }
        return newest
    }

    /// The snapshot of a partition in one of its slots; nil when there is none. Waits.
    func manifest(of partition: Int, slot: Int) throws(NATSError) -> SnapshotManifest? {
        guard
            let bytes = try jetStream.lastMessage(
                of: names.snapshotStream, subject: names.manifestSubject(partition, slot: slot))
        else { return nil }
        // Safe: bytes have no padding.
        let manifest = SnapshotManifest(unsafe bytes.span.bytes)
        return manifest?.partition == partition ? manifest : nil
    }

    /// Tells everybody of a claim or release that is in the log.
    func announce(_ message: LogMessage) {
        sending.async { [self] in
            // A hint: who misses it reads the log.
            _ = try? connection.publish(message.bytes, to: names.claimHintSubject)
        }
    }

    /// Listens to claims and releases that are announced.
    func claims(
        _ hear: @escaping @Sendable (PartitionClaim) -> Void
    ) throws(NATSError) -> NATSSubscription {
        try connection.subscribe(names.claimHintSubject) { bytes in
            if case .message(_, let claim?) = Self.sight(of: bytes) { hear(claim) }
        }
    }

    /// Does something that waits, beside everything else.
    func later(_ work: @escaping @Sendable () -> Void) { asking.async(execute: work) }

    /// Does something with snapshots, one after another.
    func upload(_ work: @escaping @Sendable () -> Void) { uploading.async(execute: work) }
}

/// What the threads of the client tell that of a partition.
final class PartitionMail: Sendable {
    enum Letter: Sendable {
        case appended(UInt64, JetStream.Outcome)
        case saw(UInt64, LogSight)
        /// A snapshot is in the cluster, of so many bytes; or is not, and why.
        case snapshot(Result<SnapshotManifest, NATSError>)
    }

    private let letters = Mutex<[Letter]>([])
    private let wakeUp: WakeUp

    init(wakeUp: WakeUp) { self.wakeUp = wakeUp }

    func put(_ letter: Letter) {
        letters.withLock { $0.append(letter) }
        wakeUp.signal()
    }

    func take() -> [Letter] {
        letters.withLock { letters in
            defer { letters.removeAll(keepingCapacity: true) }
            return letters
        }
    }
}
