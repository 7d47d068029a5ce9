import SojournEngine
import SojournJournal
import SojournModel
import SojournService
import SojournTestKit
import SojournWire
import Testing

/// A journaled service over files in memory, which can be ended and begun again.
private struct JournaledService: ~Copyable {
    let storage: MemoryStorage
    var service: TestService
    var journal: FileJournal<MemoryStorage>

    init(
        _ storage: MemoryStorage = MemoryStorage(), at now: Int64 = TestService.start,
        policy: SessionPolicy = .init(), _ change: (inout ServiceConfiguration) -> Void = { _ in }
    ) throws {
        var service = TestService(journaledAt: now, policy: policy, change)
        var journal = try FileJournal(
            storage,
            JournalOptions(
                deployment: service.core.configuration.deployment, saltSeed: 1))
        _ = try service.core.recover(from: &journal)
        var group = RecordGroup()
        if service.core.journal.take(&group) { try journal.append(&group) }
        self.storage = storage
        self.service = service
        self.journal = journal
    }

    /// Writes what was recorded.
    mutating func write() throws {
        var group = RecordGroup()
        if service.core.journal.take(&group) { try journal.append(&group) }
        service.core.journal.advance(durable: journal.durable)
    }

    mutating func assign(
        _ events: [TestEvent], producer: UInt64 = 0, sequence: UInt64 = 0
    ) throws -> [UInt8] {
        let answer = service.answer(assignFrame(events, producer: producer, sequence: sequence))
        try write()
        return answer.bytes
    }

    /// All that is known of the state: what counts from a start on is left out.
    mutating func state() throws -> [String: Int64] {
        try service.state().filter {
            !["uptime_milliseconds", "batches_total", "repeated_batches_total"].contains($0.key)
        }
    }

    /// The state's bytes, as a snapshot has them.
    func image() throws -> [UInt8] {
        let name = try journal.writeSnapshot(service.core.snapshot())
        defer { try? storage.remove(name) }
        let contents = try storage.read(name)
        return unsafe contents.bytes.withUnsafeBytes { unsafe Array($0) }
    }

    mutating func snapshot() throws {
        let draft = service.core.snapshot()
        try journal.saveSnapshot(draft)
    }
}

@Suite struct ReplayTests {
    private let start = TestService.start

    /// Some batches with merges, several producers and time that passes.
    private func play(
        _ service: inout JournaledService, _ numbers: Range<UInt64>
    ) throws -> [[UInt8]] {
        var replies: [[UInt8]] = []
        for number in numbers {
            let time = start + Int64(number) * 240_000
            service.service.now = time
            replies.append(
                try service.assign(
                    [
                        TestEvent("a", time - Int64(number % 5) * 120_000),
                        TestEvent("visitor \(number % 3)", time),
                        TestEvent("a key of another length", time),
                    ], producer: 1 + number % 2, sequence: 1 + number / 2))
            if number % 4 == 0 {
                _ = service.service.core.tick(at: Moment(serverTime: time + 3_600_000))
                try service.write()
            }
        }
        return replies
    }

    @Test func `what is replayed is to the byte what was`() throws {
        var service = try JournaledService()
        _ = try play(&service, 0..<20)
        let replayed = try JournaledService(service.storage, at: service.service.now)
        let (was, found) = (try service.image(), try replayed.image())
        #expect(found == was)
    }

    @Test(arguments: [nil, 5, 20] as [UInt64?])
    func `a restart changes no answer`(snapshotAfter: UInt64?) throws {
        var service = try JournaledService()
        var other = try JournaledService()
        _ = try play(&service, 0..<20)
        if snapshotAfter == 20 { try service.snapshot() }
        _ = try play(&other, 0..<5)
        if snapshotAfter == 5 { try other.snapshot() }
        _ = try play(&other, 5..<20)

        var again = try JournaledService(other.storage, at: service.service.now)
        #expect(try again.state() == service.state())
        let before = try play(&service, 20..<40)
        #expect(try play(&again, 20..<40) == before)
    }

    @Test func `a retry after a restart gets the same bytes`() throws {
        var service = try JournaledService()
        let replies = try play(&service, 0..<10)
        try service.snapshot()
        let more = try play(&service, 10..<20)
        var again = try JournaledService(service.storage, at: service.service.now)
        #expect(try play(&again, 0..<20) == replies + more)
        let repeated = try again.service.gauges()["repeated_batches_total"]
        #expect(repeated == 20)
    }

    @Test func `a policy holds from where it was changed`() throws {
        var short = SessionPolicy()
        short.timeoutMilliseconds = 600_000
        var service = try JournaledService()
        let first = try Assigned(service.assign([TestEvent("a", start)]))
        var again = try JournaledService(
            service.storage, at: service.service.now + 900_000, policy: short)
        let second = try Assigned(again.assign([TestEvent("a", start + 900_000)]))
        #expect(second.outcomes == [.new])
        #expect(second.sessions[0].id != first.sessions[0].id)
        // Both policies are in the journal.
        var third = try JournaledService(
            again.storage, at: again.service.now + 1, policy: short)
        let sessions = try third.service.sessions(of: "a")
        #expect(sessions.count == 2)
        #expect(third.service.core.journal.last == again.service.core.journal.last)
    }

    @Test func `a property that is no longer configured is kept, and comes back`() throws {
        let two = ServiceProperty(id: PropertyID(2), name: "two")
        var service = try JournaledService { $0.properties.append(two) }
        let frame = assignFrame([TestEvent("a", start)], property: two.id)
        _ = service.service.answer(frame)
        try service.write()
        var without = try JournaledService(service.storage)
        #expect(try without.service.refusal(frame)?.code == .unknownProperty)
        _ = try without.assign([TestEvent("a", start)])
        var again = try JournaledService(without.storage) { $0.properties.append(two) }
        let reply = try Assigned(again.service.answer(frame).bytes)
        #expect(reply.positions == [2])
    }

    @Test func `another secret is noticed`() throws {
        var service = try JournaledService()
        _ = try service.assign([TestEvent("a", start)])
        let storage = service.storage
        let deployment = service.service.core.configuration.deployment
        #expect(throws: RecoveryError.self) {
            _ = try JournaledService(storage) { configuration in
                configuration = ServiceConfiguration(
                    properties: configuration.properties,
                    secret: DeploymentSecret(Bits128(high: 3, low: 4)), deployment: deployment)
            }
        }
    }

    @Test func `no visitor key is in the journal`() throws {
        var service = try JournaledService()
        _ = try service.assign([TestEvent("a-key-that-nobody-must-see", start)])
        _ = try service.assign([TestEvent("sixteen-bytes-me", start)])
        try service.snapshot()
        for name in service.storage.names() {
            let contents = try service.storage.read(name)
            let text = String(
                decoding: unsafe contents.bytes.withUnsafeBytes { unsafe Array($0) }, as: UTF8.self)
            #expect(!text.contains("nobody-must-see") && !text.contains("sixteen-bytes"))
        }
    }

    @Test func `while the journal cannot be written, questions are answered and batches refused`()
        throws
    {
        var service = try JournaledService()
        let known = try service.assign([TestEvent("a", start)], producer: 1, sequence: 1)
        service.service.core.journal.isAvailable = false
        let frame = assignFrame([TestEvent("a", start + 1)], producer: 1, sequence: 2)
        let refusal = try service.service.refusal(frame)
        #expect(refusal?.code == .journalUnavailable)
        #expect(refusal?.retryAfterMilliseconds ?? 0 > 0)
        #expect(try service.service.sessions(of: "a").count == 1)
        #expect(service.service.core.restsOn == .start)
        #expect(try service.assign([TestEvent("a", start)], producer: 1, sequence: 1) == known)
        service.service.core.journal.isAvailable = true
        #expect(try service.service.refusal(frame) == nil)
    }

    @Test func `an answer rests on its record, and a refusal on nothing`() throws {
        var service = try JournaledService()
        let before = service.service.core.journal.last
        _ = service.service.answer(assignFrame([TestEvent("a", start)]))
        #expect(service.service.core.restsOn == before.next)
        _ = service.service.answer(lookupFrame(visitor: "a"))
        #expect(service.service.core.restsOn == before.next)
        _ = service.service.answer(statusFrame())
        #expect(service.service.core.restsOn == .start)
        _ = service.service.answer([1, 2, 3])
        #expect(service.service.core.restsOn == .start)
        #expect(service.service.core.journal.last == before.next)
    }

    @Test func `time that changes nothing is not recorded`() throws {
        var service = try JournaledService()
        _ = try service.assign([TestEvent("a", start)])
        let before = service.service.core.journal.last
        for second in 0..<100 as Range<Int64> {
            _ = service.service.core.tick(at: Moment(serverTime: start + second * 1_000))
        }
        #expect(service.service.core.journal.last == before)
        _ = service.service.core.tick(at: Moment(serverTime: start + 3_600_000))
        #expect(service.service.core.journal.last == before.next)
    }
}
