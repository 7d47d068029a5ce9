import Foundation
import SojournJournal
import SojournModel
import SojournService
import SojournWire

/// An input to begin with.
struct FuzzSeed {
    let target: FuzzTarget
    let name: String
    let bytes: [UInt8]

    init(_ target: FuzzTarget, _ name: String, _ bytes: [UInt8]) {
        self.target = target
        self.name = name
        self.bytes = bytes
    }
}

/// Inputs to begin with that cannot be written by hand: files of a data directory.
extension FuzzService {
    /// A segment and a snapshot after a few batches: late and bridging events, texts, contexts, a repeated
    /// producer, and time that passes.
    static func seeds() -> [FuzzSeed] {
        var core = ServiceCore(configuration, startedAt: start, isJournaled: true)
        let storage = MemoryStorage()
        guard var journal = journal(on: storage) else { return [] }
        core.adopt()
        for round in 0..<6 { play(round, &core) }
        write(&core, &journal)
        var seeds: [(FuzzTarget, [UInt8])] = [(.snapshot, image(core, journal))]
        for name in storage.names() where name.hasSuffix(".seg") {
            do {
                let contents = try storage.read(name)
                // The bytes of a file have no invalid patterns, and are copied at once.
                seeds.append((.journal, unsafe contents.bytes.withUnsafeBytes { unsafe Array($0) }))
            } catch { preconditionFailure("memory cannot be read: \(error)") }
        }
        // Mended, as the first byte says.
        return seeds.map { FuzzSeed($0, "made", [1] + $1) }
    }

    /// The records of each of those batches, as a log keeps them that has them in messages.
    static func forEachGroup(_ body: (borrowing RecordGroup) -> Void) {
        var core = ServiceCore(configuration, startedAt: start, isJournaled: true)
        core.adopt()
        for round in 0..<6 {
            play(round, &core)
            var group = RecordGroup()
            guard core.journal.take(&group) else { continue }
            group.seal()
            body(group)
        }
    }

    private static func play(_ round: Int, _ core: inout ServiceCore) {
        let now = start + Int64(round) * 1_500_000
        var request = ByteWriter()
        var reply = ByteWriter()
        batch(UInt64(round), at: now, into: &request)
        _ = core.answer(request.bytes, at: Moment(serverTime: now), into: &reply)
        _ = core.tick(at: Moment(serverTime: now + 1_000))
    }

    private static func batch(_ number: UInt64, at now: Int64, into writer: inout ByteWriter) {
        var builder = BatchBuilder()
        var context = EventContext(isKnownBot: number == 3)
        context[.campaignName] = "campaign \(number / 2)"
        context[.channel] = "email"
        do {
            for row in 0..<4 {
                // Some come late, and bridge what came before.
                let time = now - Int64(row % 3) * 1_000_000
                try builder.add(
                    time: max(0, time), kind: EventKind(rawValue: UInt8(row + 1)) ?? .view,
                    visitor: "visitor \((Int(number) + row) % 3)", name: "/page/\(row)",
                    context: row == 2 ? nil : context, value: Int64(row) * 1_000_000,
                    eventID: number * 10 + UInt64(row))
            }
        } catch { preconditionFailure("a batch takes no event: \(error)") }
        builder.encode(
            header: MessageHeader(
                operation: .assign, producer: ProducerID(number % 2 + 1), sequence: number + 1,
                property: PropertyID(UInt32(number % 3))), into: &writer)
    }
}

/// What libFuzzer calls before all else. With `SOJOURN_FUZZ_SEEDS` the seeds are written there, and that is all.
@_cdecl("LLVMFuzzerInitialize")
@unsafe package func fuzzInitialize(
    _ count: UnsafeMutableRawPointer?, _ arguments: UnsafeMutableRawPointer?
) -> Int32 {
    guard let folder = ProcessInfo.processInfo.environment["SOJOURN_FUZZ_SEEDS"] else { return 0 }
    do {
        for seed in FuzzService.seeds() + FuzzCluster.seeds() {
            let file = URL(fileURLWithPath: folder).appendingPathComponent(
                "\(seed.target.rawValue)/\(seed.name)")
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(seed.bytes).write(to: file)
        }
    } catch { fatalError("seeds cannot be written: \(error)") }
    exit(0)
}
