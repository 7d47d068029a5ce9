import Foundation
import SojournJournal
import SojournModel
import SojournTestKit
import Testing

/// Random operations on a disk that fails and crashes, compared with a model that cannot.
@Suite struct SimulationTests {
    /// `SOJOURN_JOURNAL_RUNS=5000 swift test -c release --filter SimulationTests` does more.
    static let runs =
        ProcessInfo.processInfo.environment["SOJOURN_JOURNAL_RUNS"].flatMap(Int.init) ?? 160

    @Test(arguments: 0..<8)
    func `what was acknowledged is there after any crash, and nothing else is`(
        part: Int
    ) throws {
        for seed in stride(from: UInt64(part), to: UInt64(Self.runs), by: 8) {
            var run = Simulation(seed: seed)
            do { try run.play(steps: 150) } catch { Issue.record("seed \(seed): \(error)") }
        }
    }
}

/// One run. What a step should do is drawn from the seed.
struct Simulation {
    struct Mismatch: Error { var reason: String }

    private var random: SplitMix64
    private var storage: FaultyStorage
    private let durability: Durability
    private let segmentBytes: Int
    /// What each record is known to be: index 0 is record 1.
    private var records: [Entry] = []
    /// Of those, how many must survive the end of the process, and how many a power cut.
    private var kept = 0
    private var durable = 0
    /// What was tried behind the acknowledged records since the last opening, per position.
    private var attempts: [UInt64: [Entry]] = [:]
    private var tags: UInt64 = 0
    private(set) var crashes = 0

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        storage = FaultyStorage(seed: random.next())
        durability = random.pick([.disk, .disk, .os, .none])
        segmentBytes = random.pick([256, 1_024, 4_096, 20_000])
        storage.canPreallocate = !random.once(in: 4)
    }

    mutating func play(steps: Int) throws {
        while crashes < 12 {
            try live(steps: steps / 12)
            crashes += 1
            let wasReadOnly = storage.isReadOnly
            if random.once(in: 3) {
                storage = storage.kill()
            } else {
                storage = storage.crash()
                kept = durable
            }
            if wasReadOnly { storage.isReadOnly = false }
        }
    }

    /// A process: opens the journal, checks it, and works until it ends.
    private mutating func live(steps: Int) throws {
        guard var journal = try open() else { return }
        var group = RecordGroup()
        // Every other process ends in the middle of something.
        if random.once(in: 2) { storage.operationsLeft = random.number(0...12 * steps) }
        for _ in 0..<random.number(0...2 * steps) {
            switch random.number(0...19) {
            case 0: try trouble()
            case 1:
                if (try? journal.sync()) != nil { durable = records.count }
            case 2...3: try snapshot(&journal)
            default: append(&journal, &group)
            }
            durable = max(durable, Int(journal.durable.rawValue))
            kept = records.count
            guard journal.last.rawValue == UInt64(records.count) else {
                throw Mismatch(reason: "last is \(journal.last), not \(records.count)")
            }
        }
        if random.once(in: 8), storage.operationsLeft == nil {
            storage.faults = .none
            storage.capacity = nil
            storage.isReadOnly = false
            try journal.close()
            durable = records.count
        }
    }

    private mutating func append(
        _ journal: inout FileJournal<FaultyStorage>, _ group: inout RecordGroup
    ) {
        let first = UInt64(records.count + 1)
        let entries = (first..<first + UInt64(random.number(1...4))).map { position in
            tags += 1
            let bytes = random.number(0...(random.once(in: 5) ? 1_500 : 60))
            return Entry(
                position: position, kind: random.pick([.batch, .tick, .policy]),
                payload: withBytes(of: tags) + (0..<bytes).map { UInt8(truncatingIfNeeded: $0) })
        }
        group.removeAll()
        for entry in entries {
            group.append(entry, durable: journal.durable)
            attempts[entry.position, default: []].append(entry)
        }
        // The same group again, or, if it goes on failing, never.
        for _ in 0..<random.number(1...3) where (try? journal.append(&group)) != nil {
            records += entries
            return
        }
    }

    private mutating func trouble() throws {
        switch random.number(0...6) {
        case 0: storage.faults = .all(oneIn: 4)
        case 1: storage.faults = .all(oneIn: 40)
        case 2: storage.capacity = storage.usedBytes + random.number(0...8_000)
        case 3: storage.isReadOnly = true
        default:
            storage.faults = .none
            storage.capacity = nil
            storage.isReadOnly = false
        }
    }

    /// A snapshot holds the tags of the records that it stands for.
    private mutating func snapshot(_ journal: inout FileJournal<FaultyStorage>) throws {
        let position = random.number(max(0, records.count - 10)...records.count)
        var draft = SnapshotDraft(position: JournalPosition(UInt64(position)))
        draft.beginSection(7, elementBytes: 8)
        for record in records.prefix(position) {
            draft.append(copying: unsafe withBytes(of: record.fingerprint).span.bytes)
        }
        _ = try? journal.saveSnapshot(draft)
    }

    private mutating func open() throws -> FileJournal<FaultyStorage>? {
        // Nobody has damaged anything, whatever the disk did. Only when it brings files back that
        // were removed may an old snapshot be there without its journal, beside those that count.
        let found = try JournalCheck(storage, deployment: testDeployment)
        if case .damaged(let damages) = found.verdict, !storage.hasLostNames {
            throw Mismatch(reason: "\(damages) before opening")
        }
        guard found.obstacle == nil else { throw Mismatch(reason: "an obstacle without damage") }
        // Trouble may last; then nothing can be opened, and nothing must be lost by trying.
        var journal: FileJournal<FaultyStorage>?
        while true {
            do throws(JournalError) {
                journal = try FileJournal(
                    storage,
                    JournalOptions(
                        deployment: testDeployment, durability: durability,
                        segmentBytes: segmentBytes, saltSeed: random.next()))
            } catch {
                guard case .storage = error else { throw error }
                if random.once(in: 2) {
                    storage.faults = .none
                    storage.capacity = nil
                    storage.isReadOnly = false
                }
                if random.once(in: 4) { return nil }
                continue
            }
            break
        }
        guard var journal else { return nil }
        guard journal.last == found.last else {
            throw Mismatch(reason: "a check found \(found.last) records")
        }
        try check(&journal)
        return journal
    }

    private mutating func check(_ journal: inout FileJournal<FaultyStorage>) throws {
        let found = Int(journal.last.rawValue)
        guard found >= kept else {
            throw Mismatch(reason: "\(found) of \(kept) acknowledged records are there")
        }
        var position = 0
        if let snapshot = try journal.loadSnapshot() {
            position = Int(snapshot.position.rawValue)
            let bytes = snapshot.section(7)!.bytes
            guard bytes.byteCount == 8 * position else { throw Mismatch(reason: "short snapshot") }
            for index in 0..<position {
                let tag: UInt64 = bytes.integer(at: 8 * index)
                let expected = index < records.count ? [records[index]] : tries(index)
                guard expected.contains(where: { $0.fingerprint == tag }) else {
                    throw Mismatch(reason: "snapshot has another record \(index + 1)")
                }
                // It was appended, for a snapshot of it was taken.
                if index >= records.count {
                    records.append(expected.first { $0.fingerprint == tag }!)
                }
            }
        }
        guard journal.damagedSnapshots.isEmpty else {
            throw Mismatch(reason: "damaged \(journal.damagedSnapshots)")
        }
        let read = try journal.entries(after: UInt64(position))
        guard read.count == found - position else { throw Mismatch(reason: "records are missing") }
        var state = Array(records.prefix(position))
        for entry in read {
            let index = state.count
            // Acknowledged records are those; behind them may stand what was tried.
            guard index < kept ? entry == records[index] : tries(index).contains(entry) else {
                throw Mismatch(reason: "record \(index + 1) is \(entry)")
            }
            state.append(entry)
        }
        records = state
        kept = found
        durable = found
        guard Int(journal.durable.rawValue) == found else {
            throw Mismatch(reason: "not all is durable after opening")
        }
    }

    private func tries(_ index: Int) -> [Entry] {
        (index < records.count ? [records[index]] : []) + (attempts[UInt64(index + 1)] ?? [])
    }

    private func withBytes(of tag: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: tag >> (8 * UInt64($0))) }
    }
}

extension Entry {
    /// The tag that its payload begins with.
    fileprivate var fingerprint: UInt64 {
        payload.prefix(8).enumerated().reduce(0) { $0 | UInt64($1.element) << (8 * $1.offset) }
    }
}
