import SojournClient
import SojournWire
import Testing

@Suite(.serialized, .timeLimit(.minutes(3))) struct RetryTests {
    @Test func `a lost reply is asked for again by the same frame, applied once`() async throws {
        let server = try FakeServer { request in
            request.header.operation == .assign && request.repetition == 0
                ? [.applyAndSayNothing] : [.answer]
        }
        let client = try await SojournClient.connect(to: server.endpoint, options: .quick)
        let answer = try await client.assign([view("anna")])
        #expect(answer.assignments[0].position == 1)
        let log = server.log
        #expect(log.batches.count == 2)
        #expect(log.batches[0].frame == log.batches[1].frame)
        #expect(log.applied.values.map(\.self) == [1])
        // A fresh connection, which was greeted.
        #expect(log.greetings == 2)
        #expect(client.statistics.resent == 1)
        await client.close()
    }

    @Test func `what is in flight with a lost reply is sent again in order`() async throws {
        let server = try FakeServer { request in
            request.header.operation == .assign && request.repetition == 0
                ? [.applyAndSayNothing] : [.answer]
        }
        let client = try await SojournClient.connect(to: server.endpoint, options: .quick)
        var batch = client.makeBatch()
        var pending: [PendingAnswer] = []
        for number in 0..<10 {
            try batch.append(view("v\(number)"))
            pending.append(try client.submit(&batch))
        }
        for answer in pending { #expect(try await answer.answer.assignments[0].position == 1) }
        let log = server.log
        #expect(log.batches.map(\.header.sequence) == Array(1...10) + Array(1...10))
        #expect(log.applied.values.allSatisfy { $0 == 1 })
        await client.close()
    }

    @Test func `after the last attempt the outcome is unknown`() async throws {
        let server = try FakeServer { request in
            request.header.operation == .assign ? [.saveNothing] : [.answer]
        }
        let client = try await SojournClient.connect(to: server.endpoint, options: .quick)
        let error = try await failure { _ = try await client.assign([view("anna")]) }
        #expect(error.code == .unknownOutcome)
        #expect(error.mayHaveBeenApplied)
        #expect(error.attempts == 3)
        #expect(server.log.batches.count == 3)
        // The client goes on.
        #expect(try await client.status()["batches_total"] == 7)
        await client.close()
    }

    @Test func `a question without an answer has timed out, and nothing was applied`() async throws
    {
        let server = try FakeServer { request in
            request.header.operation == .status ? [.saveNothing] : [.answer]
        }
        let client = try await SojournClient.connect(to: server.endpoint, options: .quick)
        let error = try await failure { _ = try await client.status() }
        #expect(error.code == .timedOut)
        #expect(!error.mayHaveBeenApplied)
        await client.close()
    }

    @Test func `the overall time ends a call before its attempts do`() async throws {
        let server = try FakeServer { request in
            request.header.operation == .assign ? [.saveNothing] : [.answer]
        }
        var options = SojournClient.Options.patient
        options.timeout = .milliseconds(200)
        let client = try await SojournClient.connect(to: server.endpoint, options: options)
        let start = ContinuousClock.now
        let error = try await failure { _ = try await client.assign([view("anna")]) }
        #expect(error.code == .unknownOutcome)
        #expect(.now - start < .patience)
        await client.close()
    }

    @Test(arguments: [ErrorCode.overloaded, .deadlineExpired, .journalUnavailable, .internal])
    func `what is refused for now is sent again when the server says`(
        code: ErrorCode
    ) async throws {
        let server = try FakeServer { request in
            request.header.operation == .assign && request.repetition < 2
                ? [.refuse(code, retryAfter: 60)] : [.answer]
        }
        let client = try await SojournClient.connect(to: server.endpoint, options: .quick)
        let start = ContinuousClock.now
        let answer = try await client.assign([view("anna")])
        #expect(answer.assignments[0].outcome == .new)
        #expect(.now - start >= .milliseconds(120))
        let log = server.log
        #expect(log.batches.count == 3)
        #expect(log.batches.allSatisfy { $0.frame == log.batches[0].frame })
        #expect(client.statistics.refusalsRetried == 2)
        await client.close()
    }

    @Test(arguments: [ErrorCode.overloaded, .journalUnavailable])
    func `a server that refuses for too long is reported as that`(code: ErrorCode) async throws {
        let server = try FakeServer { request in
            request.header.operation == .assign
                ? [.refuse(code, retryAfter: 60_000)] : [.answer]
        }
        let client = try await SojournClient.connect(to: server.endpoint, options: .quick)
        let error = try await failure { _ = try await client.assign([view("anna")]) }
        #expect(error.code == .refused)
        #expect(error.refusal?.code == code)
        #expect(error.refusal?.retryAfter == .seconds(60))
        #expect(!error.mayHaveBeenApplied)
        await client.close()
    }

    @Test func `what is refused for good is reported with the server's words`() async throws {
        let server = try FakeServer { request in
            request.header.operation == .assign ? [.refuse(.unknownProperty)] : [.answer]
        }
        let client = try await SojournClient.connect(to: server.endpoint, options: .quick)
        let error = try await failure { _ = try await client.assign([view("anna")]) }
        #expect(error.code == .refused)
        #expect(error.refusal?.code == .unknownProperty)
        #expect(error.refusal?.message == "told to.")
        #expect(!error.mayHaveBeenApplied)
        #expect(server.log.batches.count == 1)
        await client.close()
    }

    @Test func `a refusal after a lost reply leaves the outcome unknown`() async throws {
        let server = try FakeServer { request in
            guard request.header.operation == .assign else { return [.answer] }
            return request.repetition == 0 ? [.applyAndSayNothing] : [.refuse(.sequenceTooOld)]
        }
        let client = try await SojournClient.connect(to: server.endpoint, options: .quick)
        let error = try await failure { _ = try await client.assign([view("anna")]) }
        #expect(error.code == .unknownOutcome)
        #expect(error.mayHaveBeenApplied)
        #expect(error.refusal?.code == .sequenceTooOld)
        await client.close()
    }

    @Test func `refused batches do not carry the numbers out of the window`() async throws {
        let server = try FakeServer { request in
            guard request.header.operation == .assign else { return [.answer] }
            return request.visitors == ["bad"] ? [.refuse(.unknownProperty)] : [.answer]
        }
        let client = try await SojournClient.connect(to: server.endpoint, options: .quick)
        _ = try await client.assign([view("good")])
        for _ in 0..<300 {
            _ = try await failure { _ = try await client.assign([view("bad")]) }
        }
        _ = try await client.assign([view("good")])
        let batches = server.log.batches
        let last = try #require(batches.last)
        // Beyond 1 + 128 the server would say that there is a gap.
        #expect(batches[0].header.producer != last.header.producer)
        #expect(batches.allSatisfy { $0.header.sequence <= 129 })
        await client.close()
    }

    @Test func `replies that nobody asked for are ignored and counted`() async throws {
        let server = try FakeServer { request in
            guard request.header.operation == .assign else { return [.answer] }
            var damaged = request.frame
            damaged[20] ^= 1
            return [
                .send([]), .send([1, 2, 3]), .send(request.frame), .send(damaged),
                .send(.reply(to: 99, .assign)), .send(.reply(to: request, .status)),
                .sendFrames([[1], [2], [3]]), .sendFrames([[], request.frame]), .answer, .answer,
            ]
        }
        let client = try await SojournClient.connect(to: server.endpoint, options: .quick)
        let answer = try await client.assign([view("anna")])
        #expect(answer.assignments[0].session == .of("anna"))
        try await eventually("all are counted") { client.statistics.ignoredReplies == 9 }
        #expect(client.statistics.resent == 0)
        await client.close()
    }

    @Test func `a reply that is not the protocol is an error of its own`() async throws {
        let server = try FakeServer { request in
            guard request.header.operation == .assign else { return [.answer] }
            return [.send(.reply(to: request, .assign))]
        }
        let client = try await SojournClient.connect(to: server.endpoint, options: .quick)
        let error = try await failure { _ = try await client.assign([view("anna")]) }
        #expect(error.code == .malformedReply)
        #expect(error.mayHaveBeenApplied)
        await client.close()
    }
}

extension [UInt8] {
    /// A reply with good checksums and no body.
    fileprivate static func reply(to correlation: UInt64, _ operation: SojournWire.Operation)
        -> [UInt8]
    {
        var writer = ByteWriter()
        writer.beginFrame()
        MessageHeader(operation: operation, isReply: true, correlation: correlation)
            .write(to: &writer)
        return writer.array
    }

    fileprivate static func reply(
        to request: FakeServer.Request, _ operation: SojournWire.Operation
    ) -> [UInt8] {
        reply(to: request.header.correlation, operation)
    }
}
