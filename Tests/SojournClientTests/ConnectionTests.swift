import SojournClient
import SojournWire
import Testing

@Suite(.serialized, .timeLimit(.minutes(3))) struct ConnectionTests {
    @Test func `a server that is down is unreachable`() async throws {
        var options = SojournClient.Options.quick
        options.connectTimeout = .milliseconds(300)
        let endpoint = freshEndpoint()
        let error = try await failure {
            _ = try await SojournClient.connect(to: endpoint, options: options)
        }
        #expect(error.code == .unreachable)
        #expect(error.message.contains(endpoint))
    }

    @Test func `a server that takes connections and says nothing is unreachable`() async throws {
        let server = try FakeServer { _ in [.saveNothing] }
        var options = SojournClient.Options.quick
        options.connectTimeout = .milliseconds(700)
        options.greetingTimeout = .milliseconds(200)
        let error = try await failure {
            _ = try await SojournClient.connect(to: server.endpoint, options: options)
        }
        #expect(error.code == .unreachable)
        #expect(server.log.greetings > 1)
    }

    @Test func `a server that starts later is waited for`() async throws {
        let endpoint = freshEndpoint()
        async let connecting = SojournClient.connect(to: endpoint, options: .quick)
        try await Task.sleep(for: .milliseconds(300))
        let server = try FakeServer(at: endpoint)
        let client = try await connecting
        #expect(client.server.endpoint == server.endpoint)
        await client.close()
    }

    @Test func `another deployment than the one asked for is refused`() async throws {
        let server = try FakeServer()
        var options = SojournClient.Options.quick
        options.deployment = DeploymentID(Bits128(high: 1, low: 2))
        // Refused by this client, for the fake server does not look.
        let error = try await failure {
            _ = try await SojournClient.connect(to: server.endpoint, options: options)
        }
        #expect(error.code == .wrongDeployment)
    }

    @Test(arguments: [
        (ErrorCode.wrongDeployment, SojournError.Code.wrongDeployment),
        (.unsupportedVersion, .unsupportedVersion), (.badName, .refused),
    ]) func `a greeting that is refused ends at once`(
        refusal: ErrorCode, code: SojournError.Code
    ) async throws {
        let server = try FakeServer { _ in [.refuse(refusal)] }
        let start = ContinuousClock.now
        let error = try await failure {
            _ = try await SojournClient.connect(to: server.endpoint, options: .patient)
        }
        #expect(error.code == code)
        #expect(error.refusal?.code == refusal)
        #expect(.now - start < .patience)
    }

    @Test(arguments: ["", "nonsense", "tcp://", "http://example.org", "tcp://127.0.0.1:port"])
    func `an endpoint that makes no sense is an error at once`(endpoint: String) async throws {
        let error = try await failure { _ = try await SojournClient.connect(to: endpoint) }
        #expect(error.code == .invalidArgument)
    }

    @Test func `options that make no sense are errors`() async throws {
        var options = SojournClient.Options()
        options.attempts = 0
        #expect(
            try await failure {
                _ = try await SojournClient.connect(to: "tcp://127.0.0.1:1", options: options)
            }.code == .invalidArgument)
        for (producer, sequence) in [(0, 1), (nil, 0), (nil, 1 << 63)] as [(UInt64?, UInt64)] {
            var options = SojournClient.Options()
            options.producer = producer
            options.firstSequence = sequence
            #expect(
                try await failure {
                    _ = try await SojournClient.connect(to: "tcp://127.0.0.1:1", options: options)
                }.code == .invalidArgument)
        }
        #expect(
            try await failure { _ = try await SojournClient.connect(to: []) }.code
                == .invalidArgument)
    }

    @Test func `connecting can be cancelled`() async throws {
        let endpoint = freshEndpoint()
        let task = Task { try await SojournClient.connect(to: endpoint, options: .patient) }
        try await Task.sleep(for: .milliseconds(50))
        task.cancel()
        let start = ContinuousClock.now
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(.now - start < .patience)
    }

    @Test func `the second endpoint is taken when the first is down`() async throws {
        let server = try FakeServer()
        let client = try await SojournClient.connect(
            to: [freshEndpoint(), server.endpoint], options: .quick)
        #expect(client.server.endpoint == server.endpoint)
        await client.close()
    }

    @Test func `a server that dies is left for the next one`() async throws {
        let first = try FakeServer(at: freshEndpoint()) { request in
            request.header.operation == .assign && request.index == 2
                ? [.applyAndSayNothing, .stop] : [.answer]
        }
        let second = try FakeServer(at: freshEndpoint())
        // The loss of the connection is noticed long before the answer is overdue.
        let client = try await SojournClient.connect(
            to: [first.endpoint, second.endpoint], options: .patient)
        let start = ContinuousClock.now
        for _ in 0..<5 { _ = try await client.assign([view("anna")]) }
        #expect(.now - start < .patience)
        #expect(first.log.batches.count == 3)
        #expect(second.log.batches.map(\.header.sequence) == [3, 4, 5])
        #expect(first.log.batches[2].frame == second.log.batches[0].frame)
        #expect(client.server.endpoint == second.endpoint)
        await client.close()
    }

    @Test func `a server about to stop is left once it has answered`() async throws {
        let first = try FakeServer(at: freshEndpoint()) { request in
            guard request.header.operation == .assign else { return [.answer] }
            return switch request.index {
            case 0: [.answerLater(after: 1)]
            case 1: [.refuse(.draining)]
            default: [.refuse(.draining)]
            }
        }
        let second = try FakeServer(at: freshEndpoint())
        let client = try await SojournClient.connect(
            to: [first.endpoint, second.endpoint], options: .quick)
        var batch = client.makeBatch()
        try batch.append(view("anna"))
        let one = try client.submit(&batch)
        try batch.append(view("berta"))
        let two = try client.submit(&batch)
        #expect(try await one.answer.assignments[0].outcome == .new)
        #expect(try await two.answer.assignments[0].outcome == .new)
        #expect(first.log.visitors == ["anna"])
        #expect(second.log.visitors == ["berta"])
        await client.close()
    }

    @Test func `a server of another deployment is never failed over to`() async throws {
        let first = try FakeServer(at: freshEndpoint()) { request in
            request.header.operation == .assign ? [.stop] : [.answer]
        }
        let other = try FakeServer(
            at: freshEndpoint(), deployment: DeploymentID(Bits128(high: 9, low: 9)))
        var options = SojournClient.Options.quick
        options.timeout = .seconds(2)
        let client = try await SojournClient.connect(
            to: [first.endpoint, other.endpoint], options: options)
        let error = try await failure { _ = try await client.assign([view("anna")]) }
        #expect(error.code == .unknownOutcome)
        #expect((error.cause as? SojournError)?.code == .wrongDeployment)
        #expect(other.log.batches.isEmpty)
        let next = try await failure { _ = try await client.assign([view("anna")]) }
        #expect([.wrongDeployment, .unreachable].contains(next.code))
        #expect(!next.mayHaveBeenApplied)
        await client.close()
    }

    @Test func `a server that comes back is used again`() async throws {
        let endpoint = freshEndpoint()
        let first = try FakeServer(at: endpoint)
        let client = try await SojournClient.connect(to: endpoint, options: .quick)
        _ = try await client.assign([view("anna")])
        first.stopAndWait()
        async let answer = client.assign([view("berta")])
        try await Task.sleep(for: .milliseconds(400))
        let second = try FakeServer(at: endpoint)
        #expect(try await answer.assignments[0].session == .of("berta"))
        #expect(second.log.visitors == ["berta"])
        await client.close()
    }
}
