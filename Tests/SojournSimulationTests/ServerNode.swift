import SojournEngine
import SojournJournal
import SojournModel
import SojournService
import SojournTestKit
import SojournWire

/// A life of the server's process: what `ServiceLoop`, `JournalKeeper` and `JournalWriter` do, without
/// their sockets, threads and clocks, round the same core, gate and journal.
///
///     receive -> waiting -> core -> gate -> ready -> send
///                             |       ^
///                           records -> group -> journal
final class ServerNode {
    struct Request {
        var frame: [UInt8]
        var sender: Int
        var receivedAt: Int64
    }

    /// A reply on its way.
    struct Outgoing {
        var frame: [UInt8]
        var sender: Int
        /// The last record that it speaks of; 0 when it promises nothing.
        var position: Int
        var isQuestion: Bool
    }

    /// What the node wants done.
    enum Effect {
        case send([UInt8], to: Int)
        case writer(after: Int)
        case work
    }

    private let plan: SimulationPlan
    private let timeline: Timeline
    private let admission: Admission
    private var core: ServiceCore
    private var journal: FileJournal<FaultyStorage>
    private var gate: ReplyGate<Outgoing>
    private var waiting: [Request] = []
    private var ready: [Outgoing] = []
    private var reply = ByteWriter()
    /// Since they were last taken.
    private var effects: [Effect] = []

    // What `JournalWriter` has.
    private var progress: JournalProgress
    private var group = RecordGroup()
    private var isWriting = false
    private var order: WrittenSnapshot?

    // What `JournalKeeper` has.
    private var snapshot: WrittenSnapshot?
    private var bytesBehind: Int
    private var nextSnapshot: Int64 = 0
    private(set) var statistics = Statistics()

    private struct WrittenSnapshot {
        var temporary: String
        var position: JournalPosition
    }

    /// Opens the journal and makes the state anew, as `JournalKeeper.open` does.
    ///
    /// - Returns: nil when the disk refuses something, so that the process ends.
    static func start(
        _ plan: SimulationPlan, _ storage: FaultyStorage, _ timeline: Timeline, serverTime: Int64,
        saltSeed: UInt64
    ) throws -> ServerNode? {
        do throws(JournalError) {
            let journal = try FileJournal(storage, plan.journalOptions(saltSeed: saltSeed))
            return try ServerNode(plan, journal, timeline, serverTime: serverTime)
        } catch {
            if error.isPassing { return nil }
            throw Violation("the journal cannot be opened: \(error)")
        }
    }

    private init(
        _ plan: SimulationPlan, _ opened: consuming FileJournal<FaultyStorage>,
        _ timeline: Timeline, serverTime: Int64
    ) throws(JournalError) {
        self.plan = plan
        self.timeline = timeline
        journal = opened
        core = ServiceCore(plan.configuration, startedAt: serverTime, isJournaled: true)
        admission = Admission(plan.configuration)
        gate = ReplyGate(
            isOpen: plan.durability == .none || plan.deception == .earlyReplies)
        progress = JournalProgress(written: journal.last, durable: journal.durable)
        bytesBehind = 0
    }

    /// Looks at the journal that was found, and makes the state anew.
    ///
    /// - Parameter mayBeDamaged: a snapshot was damaged.
    /// - Returns: false when the disk refuses something, so that the process ends.
    func recover(_ storage: FaultyStorage, mayBeDamaged: Bool) throws -> Bool {
        try timeline.resume(at: journal.last.number)
        let recovery: Recovery
        do throws(RecoveryError) { recovery = try core.recover(from: &journal) } catch {
            // A snapshot that the disk does not give back counts as damaged. With one that it gives
            // back, everything must be there.
            let areUnreadable = storage.faults.read > 0 && journal.damagedSnapshots.count >= 2
            if case .journal(let error) = error, error.isPassing || areUnreadable { return false }
            throw Violation("the state cannot be had again: \(error)")
        }
        try require(
            journal.damagedSnapshots.isEmpty || mayBeDamaged || storage.faults.read > 0,
            "damaged: \(journal.damagedSnapshots)")
        bytesBehind = recovery.bytes
        return try compareRecords(behind: recovery.snapshot)
    }

    /// Whether the records that were found are those that were made.
    private func compareRecords(behind start: JournalPosition) throws -> Bool {
        do throws(JournalError) {
            var reader = try journal.records(after: start)
            while try compareNext(&reader) {}
        } catch {
            if error.isPassing { return false }
            throw error
        }
        return true
    }

    private func compareNext(_ reader: inout JournalReader) throws(JournalError) -> Bool {
        let found: JournalRecord? = try reader.next()
        guard let found else { return false }
        let record = Timeline.Record(kind: found.kind, payload: [UInt8](found.payload))
        if record != timeline.records[found.position.number - 1] {
            throw .damaged(
                Damage(
                    file: "?", offset: 0, position: found.position, fault: .record(.checksum)))
        }
        return true
    }

    // MARK: Requests

    /// Takes a request in, or refuses it for want of room.
    func receive(_ frame: [UInt8], from sender: Int, at now: Int64) {
        if waiting.count >= plan.queueMax {
            _ = frame.lend {
                admission.answerOverloaded($0, retryAfterMilliseconds: 50, into: &reply)
            }
            effects.append(.send(reply.array, to: sender))
        } else {
            waiting.append(Request(frame: frame, sender: sender, receivedAt: now))
            effects.append(.work)
        }
    }

    /// Answers some requests, has records written, and lets replies go.
    func work(
        at now: Int64, serverTime: Int64, atMost count: Int, _ batches: [UInt64: SentBatch]
    ) throws {
        for _ in 0..<min(count, waiting.count) {
            try serve(waiting.removeFirst(), at: now, serverTime, batches)
        }
        if !waiting.isEmpty { effects.append(.work) }
        try tendJournal()
    }

    private func serve(
        _ request: Request, at now: Int64, _ serverTime: Int64, _ batches: [UInt64: SentBatch]
    ) throws {
        var frame = request.frame
        let isQuestion = frame.operation != SojournWire.Operation.assign.rawValue
        if plan.deception == .forgetProducers, !isQuestion { frame = frame.with(producer: (0, 0)) }
        let before = core.journal.last.number
        let moment = Moment(
            serverTime: serverTime, ageMilliseconds: UInt64(now - request.receivedAt))
        let answer = frame.lend { core.answer($0, at: moment, into: &reply) }
        try require(answer == .reply, "a request was dropped")
        var bytes = reply.array
        var position = 0
        if isQuestion {
            // While the journal cannot be written, what is not in it is told too.
            if core.journal.isAvailable { position = core.journal.last.number }
            try require(!bytes.isError, "a question was refused")
            timeline.note(
                .init(position: core.journal.last.number, request: frame, reply: bytes))
        } else {
            guard let batch = batches[frame.fingerprint] else { throw Violation("whose is it?") }
            if plan.deception == .forgetProducers {
                bytes = bytes.with(producer: (batch.producer, batch.sequence))
            }
            position = try note(bytes, to: batch, before: before)
        }
        let outgoing = Outgoing(
            frame: bytes, sender: request.sender, position: position, isQuestion: isQuestion)
        let passed = gate.admit(outgoing, restsOn: core.restsOn, isQuestion: isQuestion)
        if let passed { ready.append(passed) }
    }

    /// Compares an answer with the one that was given before.
    ///
    /// - Returns: the record of the batch; 0 when it was refused.
    private func note(_ reply: [UInt8], to batch: SentBatch, before: Int) throws -> Int {
        let last = core.journal.last.number
        let known = timeline.position(of: batch)
        if reply.isError {
            let error = try reply.lend { try ErrorReply.decode(body: $0.extracting(64...)) }
            try require(last == before, "a batch was refused and changed something")
            let codes: [ErrorCode] = [.journalUnavailable, .deadlineExpired, .draining]
            try require(
                codes.contains(error.code) && known == nil || plan.isTight,
                "batch \(batch.index) is refused: \(error.code) \(error.message)")
            return 0
        }
        if last > before {
            try require(last == before + 1, "a batch made \(last - before) records")
            try timeline.apply(
                batch, at: last, reply: reply,
                mayRepeat: plan.isTight || plan.deception == .forgetProducers)
            return last
        }
        guard let known else { throw Violation("batch \(batch.index) was answered, not applied") }
        try require(
            timeline.given[known] == reply.withoutCorrelation,
            "batch \(batch.index) was answered otherwise before")
        statistics[.repeats] += 1
        return known
    }

    // MARK: Journal

    /// As `ServiceLoop.tendJournal` does.
    private func tendJournal() throws {
        if !isWriting, core.journal.take(&group) {
            isWriting = true
            bytesBehind += group.byteCount
            try timeline.add(group)
            effects.append(.writer(after: 0))
        }
        ready += core.follow(progress, &gate)
        for outgoing in ready {
            // And the answers that wait are let go.
            if !outgoing.isQuestion || progress.isAvailable {
                timeline.promise(outgoing.position)
            }
            effects.append(.send(outgoing.frame, to: outgoing.sender))
        }
        ready.removeAll()
    }

    /// One order of the thread that writes, as `JournalWriter.run` has it.
    func write() throws {
        defer { effects.append(.work) }
        if isWriting {
            do throws(JournalError) { try journal.append(&group) } catch {
                try require(error.isPassing, "the journal cannot be written: \(error)")
                progress.isAvailable = false
                effects.append(.writer(after: 250))
                return
            }
            group.removeAll()
            isWriting = false
            progress = JournalProgress(written: journal.last, durable: journal.durable)
        }
        if let order {
            self.order = nil
            do throws(JournalError) {
                try journal.installSnapshot(order.temporary, at: order.position)
                progress.durable = journal.durable
                statistics[.snapshots] += 1
            } catch { try require(error.isPassing, "no snapshot can be put into place: \(error)") }
        }
    }

    /// Lets time go by, as `ServiceLoop.tick` does.
    ///
    /// - Returns: whether more is due.
    func tick(at now: Int64, serverTime: Int64) throws -> Bool {
        if plan.snapshots > 0 { try tendSnapshot(at: now) }
        return core.tick(at: Moment(serverTime: serverTime))
    }

    /// As `JournalKeeper.tendSnapshot` does.
    private func tendSnapshot(at now: Int64) throws {
        if let written = snapshot {
            guard order == nil, progress.written >= written.position else { return }
            snapshot = nil
            order = written
            if !isWriting { effects.append(.writer(after: 0)) }
        } else if bytesBehind >= plan.snapshotBytes, now >= nextSnapshot, core.journal.isAvailable {
            do throws(JournalError) {
                let draft = core.snapshot()
                snapshot = WrittenSnapshot(
                    temporary: try journal.writeSnapshot(draft), position: draft.position)
                bytesBehind = 0
            } catch {
                try require(error.isPassing, "no snapshot can be written: \(error)")
                nextSnapshot = now + 500
            }
        }
    }

    // MARK: Ends

    /// Does as much of what the thread that writes is at as the disk does.
    func writeInPassing() {
        if isWriting { try? journal.append(&group) }
    }

    /// Tells what is left of the journal.
    func end() {
        timeline.end(
            last: journal.last.number, durable: journal.durable.number, plan.durability)
    }

    /// An orderly stop: answers what waits, writes what was made, and makes it durable, if the disk
    /// does.
    func stop(
        at now: Int64, serverTime: Int64, _ batches: [UInt64: SentBatch]
    ) throws {
        try work(at: now, serverTime: serverTime, atMost: waiting.count, batches)
        core.drain()
        for _ in 0..<3 where isWriting || core.journal.waitingBytes > 0 {
            try write()
            try tendJournal()
        }
        try? journal.sync()
    }

    /// What is to be done now.
    func takeEffects() -> [Effect] {
        defer { effects.removeAll() }
        return effects
    }

    // MARK: For the end of a run

    var isIdle: Bool {
        waiting.isEmpty && gate.count == 0 && !isWriting && core.journal.waitingBytes == 0
    }

    var last: Int { core.journal.last.number }
    var liveVisitors: Int { core.liveVisitors }

    /// Finishes what is due, and writes it.
    func finishAll(at serverTime: Int64) throws {
        while core.tick(at: Moment(serverTime: serverTime)) {}
        try tendJournal()
        if isWriting { try write() }
        try tendJournal()
        _ = takeEffects()
    }

    /// Asks a question, at once.
    func ask(_ frame: [UInt8], at serverTime: Int64) throws {
        try serve(Request(frame: frame, sender: 0, receivedAt: 0), at: 0, serverTime, [:])
        try tendJournal()
        _ = takeEffects()
    }

    /// All of the state, as a snapshot's file has it.
    func image() throws -> [UInt8] {
        let scratch = FaultyStorage(seed: 0)
        let journal = try FileJournal(scratch, plan.journalOptions())
        let name = try journal.writeSnapshot(core.snapshot())
        return scratch.bytes(of: name) ?? []
    }
}

extension JournalPosition {
    var number: Int { Int(rawValue) }
}
