import Foundation
import SojournClient
import Testing

@Suite(.serialized, .timeLimit(.minutes(3))) struct EndingTests {
    private static func silent() throws -> FakeServer {
        try FakeServer { request in
            request.header.operation == .assign ? [.saveNothing] : [.answer]
        }
    }

    @Test func `cancelling a task ends its call at once`() async throws {
        let server = try Self.silent()
        let client = try await SojournClient.connect(to: server.endpoint, options: .patient)
        let task = Task { try await client.assign([view("anna")]) }
        try await eventually("it was sent") { !server.log.batches.isEmpty }
        let start = ContinuousClock.now
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(.now - start < .patience)
        await client.close()
    }

    @Test func `a task that is cancelled already sends nothing`() async throws {
        let server = try FakeServer()
        let client = try await SojournClient.connect(to: server.endpoint)
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            _ = try await client.assign([view("anna")])
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        _ = try await client.assign([view("berta")])
        #expect(server.log.visitors == ["berta"])
        await client.close()
    }

    @Test func `the late reply to a cancelled call is ignored`() async throws {
        let server = try FakeServer { request in
            request.header.operation == .assign ? [.answerLater(after: 1)] : [.answer]
        }
        let client = try await SojournClient.connect(to: server.endpoint, options: .patient)
        let task = Task { try await client.assign([view("anna")]) }
        try await eventually("it was sent") { !server.log.batches.isEmpty }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await client.status()["batches_total"] == 7)
        try await eventually("it is counted") { client.statistics.lateReplies == 1 }
        #expect(client.statistics.ignoredReplies == 0)
        await client.close()
    }

    @Test func `calls that wait for credit can be cancelled, and the others go on`() async throws {
        let server = try FakeServer(credit: 1) { request in
            request.visitors == ["first"] && request.repetition == 0 ? [.saveNothing] : [.answer]
        }
        let client = try await SojournClient.connect(to: server.endpoint, options: .quick)
        var batch = client.makeBatch()
        try batch.append(view("first"))
        let first = try client.submit(&batch)
        let waiting = (0..<300).map { number in
            Task { try await client.assign([view("v\(number)")]) }
        }
        for task in waiting { task.cancel() }
        for task in waiting {
            await #expect(throws: CancellationError.self) { try await task.value }
        }
        _ = try await first.answer
        _ = try await client.assign([view("last")])
        #expect(server.log.batches.last?.header.sequence == 2)
        await client.close()
    }

    @Test func `a pending answer can be given up`() async throws {
        let server = try Self.silent()
        let client = try await SojournClient.connect(to: server.endpoint)
        var batch = client.makeBatch()
        try batch.append(view("anna"))
        let pending = try client.submit(&batch)
        pending.cancel()
        await #expect(throws: CancellationError.self) { try await pending.answer }
        await client.close()
    }

    @Test func `closing fails what is not answered, and says what is known of it`() async throws {
        let server = try Self.silent()
        var options = SojournClient.Options.patient
        options.inFlightMax = 1
        let client = try await SojournClient.connect(to: server.endpoint, options: options)
        var batch = client.makeBatch()
        try batch.append(view("sent"))
        let sent = try client.submit(&batch)
        try batch.append(view("waiting"))
        let waiting = try client.submit(&batch)
        try await eventually("one was sent") { server.log.batches.count == 1 }
        await client.close()
        let first = try await failure { _ = try await sent.answer }
        #expect(first.code == .closed)
        #expect(first.mayHaveBeenApplied)
        let second = try await failure { _ = try await waiting.answer }
        #expect(second.code == .closed)
        #expect(!second.mayHaveBeenApplied)
    }

    @Test func `a closed client takes no calls`() async throws {
        let server = try FakeServer()
        let client = try await SojournClient.connect(to: server.endpoint)
        await client.close()
        await client.close()
        #expect(try await failure { _ = try await client.assign([view("a")]) }.code == .closed)
        #expect(try await failure { _ = try await client.status() }.code == .closed)
        #expect(client.server.name == "fake")
    }

    @Test func `a client that is let go of ends by itself`() async throws {
        let server = try Self.silent()
        weak var seen: SojournClient?
        do {
            let client = try await SojournClient.connect(to: server.endpoint)
            seen = client
            let task = Task { try await client.assign([view("anna")]) }
            try await eventually("it was sent") { !server.log.batches.isEmpty }
            task.cancel()
            _ = await task.result
        }
        try await eventually("it is gone") { seen == nil }
    }

    @Test func `clients that come and go leave no descriptor open`() async throws {
        let server = try FakeServer()
        func open() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        }
        for round in 0..<3 {
            for _ in 0..<20 {
                let client = try await SojournClient.connect(to: server.endpoint)
                _ = try await client.assign([view("anna")])
                await client.close()
            }
            if round == 0 { continue }
            // Other tests have some open, but not a growing number.
            #expect(try open() < 900)
        }
    }

    @Test(arguments: [
        ("", EventTime(milliseconds: 1), "/home"),
        (String(repeating: "v", count: 129), EventTime(milliseconds: 1), "/home"),
        ("anna", EventTime(milliseconds: -1), "/home"),
        ("anna", EventTime(milliseconds: 1 << 48), "/home"),
        ("anna", EventTime(milliseconds: 1), String(repeating: "/", count: 2_049)),
    ]) func `an event that cannot be sent is named, and nothing is sent`(
        visitor: String, time: EventTime, name: String
    ) async throws {
        let server = try FakeServer()
        let client = try await SojournClient.connect(to: server.endpoint)
        let error = try await failure {
            _ = try await client.assign([
                view("good"), Event(visitor: visitor, time: time, kind: .view, name: name),
            ])
        }
        #expect(error.code == .invalidEvent)
        #expect(error.eventIndex == 1)
        // What was gathered before it does not come along with the next batch.
        _ = try await client.assign([view("next")])
        #expect(server.log.visitors == ["next"])
        await client.close()
    }

    @Test func `no events, and too many, are errors`() async throws {
        let server = try FakeServer()
        let client = try await SojournClient.connect(to: server.endpoint)
        #expect(try await failure { _ = try await client.assign([]) }.code == .emptyBatch)
        let many = Array(repeating: view("anna"), count: Limits.batchEventsMax + 1)
        #expect(try await failure { _ = try await client.assign(many) }.code == .batchTooLarge)
        #expect(try await client.assign(many.dropLast()).assignments.count == many.count - 1)
        #expect(
            try await failure { _ = try await client.lookup(visitor: "") }.code
                == .invalidArgument)
        await client.close()
    }
}
