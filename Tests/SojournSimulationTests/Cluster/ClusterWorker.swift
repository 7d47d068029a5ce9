import SojournJournal
import SojournModel
import SojournService
import SojournTestKit
import SojournWire

/// A worker of a simulated cluster: its disk, and while it lives its process.
final class ClusterWorker {
    /// A reply on its way to the router that asked.
    struct Outgoing {
        var frame: [UInt8]
        var router: Int
        /// Of the connection over which the request came.
        var connection: Int
    }

    /// From one start to the next end.
    private final class Life {
        var core: ServiceCore
        var journal: FileJournal<FaultyStorage>
        var gate = ReplyGate<Outgoing>(isOpen: false)
        var isWriting = false

        init(
            _ configuration: ServiceConfiguration, _ storage: FaultyStorage, serverTime: Int64,
            saltSeed: UInt64
        ) throws {
            journal = try FileJournal(storage, ClusterWorker.options(configuration, saltSeed))
            core = ServiceCore(configuration, startedAt: serverTime, isJournaled: true)
            _ = try core.recover(from: &journal)
        }
    }

    let range: PartitionRange
    private let configuration: ServiceConfiguration
    private var storage: FaultyStorage
    private var life: Life?
    private var lives: UInt64 = 0
    /// It is stopped: it takes messages and does nothing.
    var isStopped = false
    var waiting: [Outgoing] = []

    init(_ configuration: ServiceConfiguration, seed: UInt64) {
        self.configuration = configuration
        range = configuration.partitions
        storage = FaultyStorage(seed: seed)
    }

    private static func options(
        _ configuration: ServiceConfiguration, _ saltSeed: UInt64
    ) -> JournalOptions {
        JournalOptions(
            deployment: configuration.deployment, durability: .disk, segmentBytes: 4_096,
            saltSeed: saltSeed)
    }

    var isRunning: Bool { life != nil }

    func start(serverTime: Int64) throws {
        lives += 1
        life = try Life(configuration, storage, serverTime: serverTime, saltSeed: lives)
    }

    /// The process ends, or the power with it: what was not written is lost.
    func end(cutsPower: Bool) {
        guard life != nil else { return }
        life = nil
        isStopped = false
        waiting.removeAll()
        storage = cutsPower ? storage.crash() : storage.kill()
    }

    /// Answers the requests that lie before it.
    ///
    /// - Returns: the replies that may leave at once.
    func work(serverTime: Int64) -> [Outgoing] {
        guard let life, !isStopped else { return [] }
        var leaving: [Outgoing] = []
        for var request in waiting {
            var reply = ByteWriter()
            let answer = request.frame.lend {
                life.core.answer($0, at: Moment(serverTime: serverTime), into: &reply)
            }
            guard answer == .reply else { continue }
            let isQuestion = request.frame.operation != SojournWire.Operation.assign.rawValue
            request.frame = reply.array
            let out = life.gate.admit(
                request, restsOn: life.core.restsOn, isQuestion: isQuestion)
            if let out { leaving.append(out) }
        }
        waiting.removeAll()
        return leaving
    }

    /// Something waits to be written, and nobody is about to.
    func mustWrite() -> Bool {
        guard let life, !life.isWriting, life.core.journal.waitingBytes > 0 else { return false }
        life.isWriting = true
        return true
    }

    /// Writes what waits.
    ///
    /// - Returns: the replies that may leave by now.
    func write() throws -> [Outgoing] {
        guard let life, !isStopped else { return [] }
        life.isWriting = false
        var group = RecordGroup()
        if life.core.journal.take(&group) { try life.journal.append(&group) }
        return life.core.follow(
            JournalProgress(written: life.journal.last, durable: life.journal.durable),
            &life.gate)
    }

    func tick(serverTime: Int64) {
        guard let life, !isStopped else { return }
        _ = life.core.tick(at: Moment(serverTime: serverTime))
    }

    // MARK: For the end of a run

    /// All records, from the first on, as they are on disk.
    func records() throws -> [Timeline.Record] {
        end(cutsPower: true)
        let journal = try FileJournal(storage, Self.options(configuration, lives + 1))
        var reader = try journal.records(after: .start)
        var records: [Timeline.Record] = []
        while try Self.next(&reader, &records) {}
        return records
    }

    private static func next(
        _ reader: inout JournalReader, _ records: inout [Timeline.Record]
    ) throws -> Bool {
        let found: JournalRecord? = try reader.next()
        guard let found else { return false }
        records.append(Timeline.Record(kind: found.kind, payload: [UInt8](found.payload)))
        return true
    }
}
