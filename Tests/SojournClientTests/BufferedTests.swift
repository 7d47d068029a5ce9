import SojournClient
import SojournWire
import Synchronization
import Testing

@Suite(.serialized, .timeLimit(.minutes(3))) struct BufferedTests {
    @Test func `events of many tasks go out together`() async throws {
        let server = try FakeServer()
        let client = try await SojournClient.connect(to: server.endpoint)
        let sender = client.buffered(maxEvents: 50, maxDelay: .seconds(30))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let assignment = try await sender.assign(view("v\(number)"))
                    #expect(assignment.session == .of("v\(number)"))
                    #expect(assignment.position == 1)
                }
            }
            try await group.waitForAll()
        }
        #expect(server.log.batches.map(\.visitors.count) == [50, 50, 50, 50])
        await sender.close()
        await client.close()
    }

    @Test func `a lone event goes out after the delay`() async throws {
        let server = try FakeServer()
        let client = try await SojournClient.connect(to: server.endpoint)
        let sender = client.buffered(maxEvents: 1_000, maxDelay: .milliseconds(40))
        let start = ContinuousClock.now
        _ = try await sender.assign(view("anna"))
        #expect(.now - start >= .milliseconds(40))
        _ = try await sender.assign(view("anna"))
        #expect(server.log.batches.count == 2)
        await sender.close()
        await client.close()
    }

    @Test func `flushing sends what is there and waits for the answers`() async throws {
        let server = try FakeServer()
        let client = try await SojournClient.connect(to: server.endpoint)
        let sender = client.buffered(maxEvents: 1_000, maxDelay: .seconds(30))
        await sender.flush()
        let tasks = (0..<5).map { number in Task { try await sender.assign(view("v\(number)")) } }
        // Whether all five have come by then or not, at the end they are all answered.
        await sender.flush()
        await sender.close()
        for task in tasks {
            switch await task.result {
            case .success(let assignment): #expect(assignment.position == 1)
            case .failure(let error): #expect((error as? SojournError)?.code == .closed)
            }
        }
        let error = try await failure { _ = try await sender.assign(view("late")) }
        #expect(error.code == .closed)
        await client.close()
    }

    @Test func `one cancelled event does not hold up the others`() async throws {
        let server = try FakeServer()
        let client = try await SojournClient.connect(to: server.endpoint)
        let sender = client.buffered(maxEvents: 2, maxDelay: .seconds(30))
        let task = Task { try await sender.assign(view("anna")) }
        try await Task.sleep(for: .milliseconds(30))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await sender.assign(view("berta")).session == .of("berta"))
        #expect(server.log.visitors == ["anna", "berta"])
        await sender.close()
        await client.close()
    }

    @Test func `a bad event fails alone, and a refused batch as a whole`() async throws {
        let server = try FakeServer { request in
            request.visitors.contains("refused") ? [.refuse(.unknownProperty)] : [.answer]
        }
        let client = try await SojournClient.connect(to: server.endpoint)
        let sender = client.buffered(maxEvents: 2, maxDelay: .milliseconds(20))
        #expect(try await failure { _ = try await sender.assign(view("")) }.code == .invalidEvent)
        async let first = failure { _ = try await sender.assign(view("refused")) }
        async let second = failure { _ = try await sender.assign(view("refused")) }
        #expect(try await first.code == .refused)
        #expect(try await second.code == .refused)
        #expect(try await sender.assign(view("good")).outcome == .new)
        await sender.close()
        await client.close()
    }

    @Test func `revisions are told`() async throws {
        let server = try FakeServer()
        let client = try await SojournClient.connect(to: server.endpoint)
        let revisions = Collected()
        let sender = client.buffered(maxEvents: 1) { revisions.add($0) }
        _ = try await sender.assign(view("bridge"))
        await sender.close()
        #expect(revisions.all.map(\.from) == [.of("late")])
        await client.close()
    }
}

private final class Collected: Sendable {
    private let revisions = Mutex<[Revision]>([])
    func add(_ revision: Revision) { revisions.withLock { $0.append(revision) } }
    var all: [Revision] { revisions.withLock { $0 } }
}
