import SojournClient
import SojournWire
import Testing

@Suite(.serialized, .timeLimit(.minutes(3))) struct ClientTests {
    @Test func `assignments come in the order of the events`() async throws {
        let server = try FakeServer()
        let client = try await SojournClient.connect(to: server.endpoint)
        let answer = try await client.assign(
            [view("anna"), view("berta"), view("anna"), view("bridge")])
        #expect(
            answer.assignments.map(\.session)
                == ["anna", "berta", "anna", "bridge"].map(SessionID.of))
        #expect(answer.assignments.map(\.position) == [1, 1, 2, 1])
        #expect(answer.assignments.map(\.outcome) == [.new, .new, .extended, .new])
        #expect(answer.assignments[0].visitorSession == 1)
        #expect(answer.assignments[0].boundary == .first)
        #expect(answer.assignments[0].sessionStart == EventTime(milliseconds: 1_000_000))
        #expect(answer.clock == EventTime(milliseconds: 5_000))
        #expect(answer.revisions.map(\.from) == [.of("late")])
        #expect(answer.revisions.map(\.into) == [.of("early")])
        await client.close()
    }

    @Test func `the greeting tells what the server is`() async throws {
        let server = try FakeServer(credit: 5)
        var options = SojournClient.Options()
        options.name = "a shop"
        options.deployment = FakeServer.deployment
        let client = try await SojournClient.connect(to: server.endpoint, options: options)
        #expect(client.server.name == "fake")
        #expect(client.server.version == "9.9")
        #expect(client.server.credit == 5)
        #expect(client.server.partitions == 3)
        #expect(client.server.firstPartition == 1 && client.server.lastPartition == 2)
        #expect(client.server.deployment == FakeServer.deployment)
        #expect(client.server.protocolVersion == 1)
        #expect(client.server.limits.events == Limits.batchEventsMax)
        #expect(client.server.endpoint == server.endpoint)
        await client.close()
    }

    @Test func `lookup and status ask and answer`() async throws {
        let server = try FakeServer()
        let client = try await SojournClient.connect(to: server.endpoint)
        let byVisitor = try await client.lookup(visitor: "anna")
        #expect(byVisitor.sessions == [.sample])
        #expect(byVisitor.clock == EventTime(milliseconds: 3_000))
        #expect(try await client.lookup(session: .of("anna")) == byVisitor)
        let status = try await client.status()
        #expect(status["batches_total"] == 7)
        #expect(status["nothing"] == nil)
        #expect(status.time == EventTime(milliseconds: 2_000))
        await client.close()
    }

    @Test func `requests carry the deployment, and numbers begin at 1`() async throws {
        let server = try FakeServer()
        let client = try await SojournClient.connect(to: server.endpoint)
        for _ in 0..<3 { _ = try await client.assign([view("anna")], property: 7) }
        _ = try await client.status()
        await client.close()
        let requests = server.log.requests.filter { $0.header.operation != .hello }
        #expect(requests.map(\.header.deploymentTag).allSatisfy { $0 == 0xD1 })
        #expect(requests.map(\.header.sequence) == [1, 2, 3, 0])
        #expect(Set(requests.map(\.header.producer)).count == 2)
        #expect(requests[0].header.producer.rawValue != 0)
        #expect(requests[0].header.property == 7)
        #expect(requests[0].header.deadlineMilliseconds == 5_000)
    }

    @Test func `a program that kept its numbers sends its last batch again`() async throws {
        let server = try FakeServer()
        var options = SojournClient.Options()
        options.producer = 77
        options.firstSequence = 41
        let first = try await SojournClient.connect(to: server.endpoint, options: options)
        let answer = try await first.assign([view("anna")])
        #expect(answer.producer == 77)
        #expect(answer.sequence == 41)
        await first.close()
        let second = try await SojournClient.connect(to: server.endpoint, options: options)
        let again = try await second.assign([view("anna")])
        #expect(again == answer)
        #expect(try await second.assign([view("anna")]).assignments[0].position == 2)
        await second.close()
    }

    @Test func `a batch is filled and sent again and again`() async throws {
        let server = try FakeServer()
        let client = try await SojournClient.connect(to: server.endpoint)
        var batch = client.makeBatch()
        for round in 1...3 {
            try batch.append(view("anna"))
            try batch.append(
                visitor: [0, 1, 2, 3], time: EventTime(milliseconds: 5), kind: .action)
            let answer = try await client.assign(&batch)
            #expect(answer.assignments.map(\.position) == [round, round])
            let isEmpty = batch.isEmpty
            #expect(isEmpty)
        }
        await client.close()
    }

    @Test func `batches that are submitted without waiting arrive in their order`() async throws {
        let server = try FakeServer(credit: 4)
        let client = try await SojournClient.connect(to: server.endpoint)
        var batch = client.makeBatch()
        var pending: [PendingAnswer] = []
        for number in 0..<200 {
            try batch.append(view("v\(number)"))
            pending.append(try client.submit(&batch))
        }
        for (number, answer) in pending.enumerated() {
            #expect(try await answer.answer.assignments[0].session == .of("v\(number)"))
        }
        #expect(server.log.visitors == (0..<200).map { "v\($0)" })
        await client.close()
    }

    @Test func `a hundred tasks make a hundred calls each`() async throws {
        let server = try FakeServer(credit: 8)
        let client = try await SojournClient.connect(to: server.endpoint)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<100 {
                group.addTask {
                    for call in 1...100 {
                        let answer = try await client.assign([view("t\(task)"), view("all")])
                        #expect(answer.assignments[0].session == .of("t\(task)"))
                        #expect(answer.assignments[0].position == call)
                    }
                }
            }
            try await group.waitForAll()
        }
        let log = server.log
        #expect(log.applied.count == 10_000)
        #expect(log.applied.values.allSatisfy { $0 == 1 })
        #expect(log.greetings == 1)
        #expect(client.statistics.resent == 0)
        await client.close()
    }

    @Test func `no more requests are in flight than the server allows`() async throws {
        // Answers come only when four more requests have come, or the credit is used up.
        let server = try FakeServer(credit: 3) { request in
            request.header.operation == .assign ? [.answerLater(after: 2)] : [.answer]
        }
        let client = try await SojournClient.connect(to: server.endpoint)
        var batch = client.makeBatch()
        var pending: [PendingAnswer] = []
        for number in 0..<30 {
            try batch.append(view("v\(number)"))
            pending.append(try client.submit(&batch))
        }
        for answer in pending[..<28] { _ = try await answer.answer }
        #expect(server.log.inFlightMax == 3)
        await client.close()
    }

    @Test func `answers may come in another order than their requests`() async throws {
        let server = try FakeServer(credit: 16) { request in
            guard request.header.operation == .assign else { return [.answer] }
            return [.answerLater(after: 9 - request.index % 10)]
        }
        let client = try await SojournClient.connect(to: server.endpoint)
        var batch = client.makeBatch()
        var pending: [PendingAnswer] = []
        for number in 0..<10 {
            try batch.append(view("v\(number)"))
            pending.append(try client.submit(&batch))
        }
        for (number, answer) in pending.enumerated() {
            #expect(try await answer.answer.assignments[0].session == .of("v\(number)"))
        }
        await client.close()
    }

    @Test func `an answer may be asked for again and by several`() async throws {
        let server = try FakeServer()
        let client = try await SojournClient.connect(to: server.endpoint)
        var batch = client.makeBatch()
        try batch.append(view("anna"))
        let pending = try client.submit(&batch)
        async let first = pending.answer
        async let second = pending.answer
        #expect(try await first == second)
        #expect(try await pending.answer == first)
        await client.close()
    }
}
