import SojournEngine
import SojournJournal
import SojournModel
import SojournService
import SojournWire

/// A whole service, without sockets and disks.
enum FuzzService {
    /// What the server that `Scripts/fuzz` starts to make seeds has as well.
    static let secret = DeploymentSecret(Bits128(high: 1, low: 2))
    static let start: Int64 = 1_700_000_000_000

    static var configuration: ServiceConfiguration {
        var configuration = ServiceConfiguration(
            properties: [0, 1, 2].map { id in
                var policy = SessionPolicy()
                policy.splitsOnCampaign = id == 1
                policy.maxEvents = id == 2 ? 3 : nil
                return ServiceProperty(
                    id: PropertyID(UInt32(id)), name: "property \(id)", policy: policy)
            }, secret: secret)
        // Small, so that they are met.
        configuration.engineLimits.liveVisitorsMax = 50
        configuration.engineLimits.liveSessionsMax = 80
        configuration.engineLimits.textsMax = 60
        configuration.engineLimits.contextsMax = 20
        configuration.engineLimits.rememberedVisitorsMax = 40
        configuration.engineLimits.sessionsPerVisitorMax = 5
        configuration.producersMax = 3
        configuration.producerReplyBytesMax = 8_192
        return configuration
    }

    // MARK: Requests

    /// Frames, each behind three bytes: what is done besides, and how long it is. Whatever they are, every
    /// reply is one that a client can read, and the journal comes to the same state.
    ///
    /// - Parameter asker: who asks; nil for whom the bytes say.
    static func conversation(_ bytes: [UInt8], from asker: Caller? = nil) {
        var core = ServiceCore(configuration, startedAt: start, isJournaled: true)
        let storage = MemoryStorage()
        guard var journal = journal(on: storage) else { return }
        core.adopt()
        var (offset, now, frames) = (0, start, 0)
        var reply = ByteWriter()
        while offset + 3 <= bytes.count, frames < 64 {
            let control = bytes[offset]
            let length = Int(FuzzBytes.integer(at: offset + 1, bytes: 2, of: bytes))
            offset += 3
            var frame = Array(bytes[offset..<min(bytes.count, offset + length)])
            offset += frame.count
            frames += 1
            if control & 1 == 1 { FuzzBytes.mendFrame(&frame, isReply: false) }
            if control & 2 == 2 { now += 60_000 << Int64(control >> 5) }
            if control & 4 == 4 { _ = core.tick(at: Moment(serverTime: now)) }
            // The bytes of an array have no invalid patterns.
            let answer = core.answer(
                unsafe frame.span.bytes, from: asker ?? caller(control),
                at: Moment(serverTime: now),
                into: &reply)
            if answer == .reply { check(reply.bytes) }
            write(&core, &journal)
        }
        compare(core, storage, journal)
    }

    /// What comes from a router: the first byte is the length of the frame that names the client, and behind
    /// that frame are requests. A name is read as it was written, and the client is a client like any other.
    static func routed(_ bytes: [UInt8]) {
        let length = Int(bytes.first ?? 0)
        let frame = Array(bytes.dropFirst().prefix(length))
        // The bytes of an array have no invalid patterns.
        guard let name = ClientFrame.name(in: unsafe frame.span.bytes) else { return }
        precondition(ClientFrame.bytes(naming: name) == frame, "a name comes to another one")
        let router = Client(name: "router", rights: Rights(), isRouter: true)
        conversation(Array(bytes.dropFirst(1 + length)), from: .routed(name, by: router))
    }

    private static func caller(_ control: UInt8) -> Caller {
        var rights = Rights()
        rights.grant([.read, .write], on: PropertyID(1))
        return switch control >> 3 & 3 {
        case 0, 1: .anyone
        case 2: .client(Client(name: "client", rights: rights, eventsPerSecond: 1_000))
        default: .stranger
        }
    }

    private static func check(_ reply: RawSpan) {
        do throws(WireError) {
            let header = try Frame.open(reply, role: .client)
            let body = Frame.body(of: reply)
            switch header.operation {
            case .hello: _ = try HelloReply.decode(body: body)
            case .assign: _ = try AssignReplyView.decode(body: body)
            case .lookup: _ = try LookupReply.decode(body: body)
            case .status: _ = try StatusReply.decode(body: body)
            case .forget: _ = try ForgetReply.decode(body: body)
            case .report, .fetch: preconditionFailure("there is no archive")
            case .error: _ = try ErrorReply.decode(body: body)
            }
        } catch { preconditionFailure("a reply of the service cannot be read: \(error)") }
    }

    static func journal(on storage: MemoryStorage) -> MemoryJournal? {
        do throws(JournalError) {
            return try MemoryJournal(
                storage, JournalOptions(deployment: configuration.deployment, saltSeed: 1))
        } catch { return nil }
    }

    static func write(_ core: inout ServiceCore, _ journal: inout MemoryJournal) {
        var group = RecordGroup()
        guard core.journal.take(&group) else { return }
        do throws(JournalError) { try journal.append(&group) } catch {
            preconditionFailure("memory was refused: \(error)")
        }
    }

    /// Replays the journal into another core, whose state must have the same bytes.
    private static func compare(
        _ core: borrowing ServiceCore, _ storage: MemoryStorage, _ journal: borrowing MemoryJournal
    ) {
        guard var again = Self.journal(on: storage) else {
            preconditionFailure("the journal of the service cannot be opened")
        }
        var replayed = ServiceCore(configuration, startedAt: start, isJournaled: true)
        do throws(RecoveryError) { _ = try replayed.recover(from: &again) } catch {
            preconditionFailure("the journal of the service cannot be replayed: \(error)")
        }
        precondition(
            image(core, journal) == image(replayed, again), "a replay comes to another state")
    }

    /// The bytes of a snapshot.
    static func image(
        _ core: borrowing ServiceCore, _ journal: borrowing MemoryJournal
    ) -> [UInt8] {
        do {
            let name = try journal.writeSnapshot(core.snapshot())
            let contents = try journal.storage.read(name)
            // The bytes of a file have no invalid patterns, and are copied at once.
            return unsafe contents.bytes.withUnsafeBytes { unsafe Array($0) }
        } catch { preconditionFailure("no snapshot could be written: \(error)") }
    }

    // MARK: Files of a data directory

    /// A segment. The first byte says whether its checksums are mended.
    static func journal(_ bytes: [UInt8]) {
        var segment = Array(bytes.dropFirst())
        if (bytes.first ?? 0) & 1 == 1 { mendSegment(&segment) }
        let first = FuzzBytes.integer(at: 24, bytes: 8, of: segment)
        recover([("journal-\(hexadecimal(first)).seg", segment)])
    }

    /// A snapshot, and the empty segment that must stand behind it.
    static func snapshot(_ bytes: [UInt8]) {
        var snapshot = Array(bytes.dropFirst())
        if (bytes.first ?? 0) & 1 == 1 { mendSnapshot(&snapshot) }
        let position = FuzzBytes.integer(at: 24, bytes: 8, of: snapshot)
        guard position < .max else { return }
        var segment = [UInt8](repeating: 0, count: 64)
        FuzzBytes.put(UInt64(position + 1), at: 24, in: &segment)
        mendSegment(&segment)
        recover([
            ("snapshot-\(hexadecimal(position)).snap", snapshot),
            ("journal-\(hexadecimal(position + 1)).seg", segment),
        ])
    }

    private static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Whatever the files are, they are refused, or give a service that works.
    private static func recover(_ files: [(name: String, bytes: [UInt8])]) {
        let storage = MemoryStorage()
        for (name, bytes) in files {
            // The bytes of an array have no invalid patterns.
            storage.create(name, byteCount: 0).write(unsafe bytes.span.bytes, at: 0)
        }
        guard var journal = journal(on: storage) else { return }
        var core = ServiceCore(configuration, startedAt: start, isJournaled: true)
        do throws(RecoveryError) { _ = try core.recover(from: &journal) } catch {
            precondition(!"\(error)".isEmpty)
            return
        }
        exercise(&core)
    }

    /// Asks, adds, and lets time pass.
    private static func exercise(_ core: inout ServiceCore) {
        var reply = ByteWriter()
        var request = ByteWriter()
        for property in core.configuration.properties {
            var builder = BatchBuilder()
            for row in 0..<6 {
                do {
                    try builder.add(
                        time: start + Int64(row) * 60_000, kind: .view,
                        visitor: "visitor \(row % 3)",
                        name: "/page")
                } catch { preconditionFailure("a batch takes no event: \(error)") }
            }
            builder.encode(
                header: MessageHeader(operation: .assign, property: property.id), into: &request)
            if core.answer(
                request.bytes, at: Moment(serverTime: start + 400_000), into: &reply) == .reply
            {
                check(reply.bytes)
            }
        }
        for hours in [1, 48, 24 * 60] as [Int64] {
            _ = core.tick(at: Moment(serverTime: start + hours * 3_600_000))
        }
        _ = core.snapshot()
    }

    /// Header (journal, "Segment"), then records: lengths are as they are, checksums become right.
    private static func mendSegment(_ segment: inout [UInt8]) {
        mendHeader(&segment, magic: 0x4C4E_4A53)
        let salt = UInt32(FuzzBytes.integer(at: 32, bytes: 4, of: segment))
        mendRecords(&segment, from: 64, salt: salt)
    }

    static func mendRecords(_ bytes: inout [UInt8], from start: Int, salt: UInt32) {
        var offset = start
        while offset + 32 <= bytes.count {
            let length = Int(FuzzBytes.integer(at: offset, bytes: 4, of: bytes))
            let end = offset + 32 + (length + 7) & ~7
            guard end <= bytes.count else { return }
            let checksum = FuzzBytes.checksum(bytes, offset + 8..<end)
            FuzzBytes.put(checksum ^ salt, at: offset + 4, in: &bytes)
            offset = end
        }
    }

    /// Header, table and sections (journal, "Snapshot").
    private static func mendSnapshot(_ snapshot: inout [UInt8]) {
        let sections = Int(FuzzBytes.integer(at: 32, bytes: 4, of: snapshot))
        let table = 64..<64 + 32 * min(sections, 1_000)
        guard table.upperBound <= snapshot.count else { return }
        for entry in stride(from: table.lowerBound, to: table.upperBound, by: 32) {
            let elementBytes = FuzzBytes.integer(at: entry + 4, bytes: 4, of: snapshot)
            let count = FuzzBytes.integer(at: entry + 8, bytes: 4, of: snapshot)
            let start = FuzzBytes.integer(at: entry + 16, bytes: 4, of: snapshot)
            let end = start + elementBytes * count
            guard end <= UInt64(snapshot.count) else { continue }
            FuzzBytes.put(
                FuzzBytes.checksum(snapshot, Int(start)..<Int(end)), at: entry + 24, in: &snapshot)
        }
        FuzzBytes.put(FuzzBytes.checksum(snapshot, table), at: 36, in: &snapshot)
        mendHeader(&snapshot, magic: 0x4E53_4A53)
    }

    private static func mendHeader(_ file: inout [UInt8], magic: UInt32) {
        guard file.count >= 64 else { return }
        FuzzBytes.put(magic, at: 0, in: &file)
        FuzzBytes.put(UInt16(1), at: 4, in: &file)
        let id = configuration.deployment.bits
        FuzzBytes.put(id.high.byteSwapped, at: 8, in: &file)
        FuzzBytes.put(id.low.byteSwapped, at: 16, in: &file)
        FuzzBytes.put(FuzzBytes.checksum(file, 0..<60), at: 60, in: &file)
    }
}
