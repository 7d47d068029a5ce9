import SojournModel
import Testing

@testable import SojournWire

/// HELLO, LOOKUP, STATUS and ERROR.
@Suite struct ControlMessageTests {
    @Test(arguments: ["", "sojourn-swift/0.1.0", String(repeating: "é", count: 127)])
    func `a HELLO reads as it was written`(name: String) throws {
        let request = HelloRequest(
            versions: 1...9, features: .max, deployment: Samples.deployment, name: name)
        let frame = Samples.frame { request.encode(header: Samples.header(.hello), into: &$0) }
        let body = Frame.body(of: unsafe frame.bytes.span.bytes)
        #expect(try HelloRequest.decode(body: body) == request)
        #expect(try HelloRequest.decode(body: body, deployment: Samples.deployment) == request)
    }

    @Test func `the answer to HELLO reads as it was written`() throws {
        let reply = HelloReply(
            features: 5, deployment: Samples.deployment, serverTime: -1,
            limits: BatchLimits(
                messageBytes: 1, events: 2, visitorKeyBytes: 3, textBytes: 4, texts: 5, contexts: 6),
            credit: 7, producerWindow: 8, partitions: PartitionRange("3-7/9") ?? .whole,
            serverName: "sojourn",
            serverVersion: "0.1.0")
        let frame = Samples.frame {
            reply.encode(header: Samples.header(.hello, isReply: true), into: &$0)
        }
        let body = Frame.body(of: unsafe frame.bytes.span.bytes)
        #expect(try HelloReply.decode(body: body) == reply)
    }

    struct Fault: Sendable {
        var name: String
        /// Which of `Samples.requests`, or `Samples.replies` for a client.
        var sample: Int
        var role = Frame.Role.server
        var damage: @Sendable (inout TestFrame) -> Void
        var code: ErrorCode
        var offset: Int?
    }

    static let faults: [Fault] = [
        Fault(
            name: "versions that are not spoken", sample: 3,
            damage: {
                $0.bytes[64] = 2
                $0.bytes[65] = 3
            }, code: .unsupportedVersion, offset: 64),
        Fault(
            name: "range upside down", sample: 3, damage: { $0.bytes[64] = 2 }, code: .badName,
            offset: 64),
        Fault(
            name: "name that is cut", sample: 3, damage: { $0.bytes[66] += 1 },
            code: .truncatedBody, offset: 95),
        Fault(
            name: "name that is too long", sample: 3,
            damage: {
                $0.bytes[67] = 1
                $0.bytes += [UInt8](repeating: 0x61, count: 256)
            }, code: .badName, offset: 66),
        Fault(
            name: "name that is not UTF-8", sample: 3, damage: { $0.bytes[89] = 0xFF },
            code: .badName, offset: 88),
        Fault(
            name: "key of no bytes", sample: 4,
            damage: {
                $0.bytes[66] = 0
                $0.bytes.removeLast(3)
            }, code: .badKeyLength, offset: 66),
        Fault(
            name: "key of 129 bytes", sample: 4,
            damage: {
                $0.bytes[66] = 129
                $0.bytes += [UInt8](repeating: 0, count: 126)
            }, code: .badKeyLength, offset: 66),
        Fault(
            name: "reserved byte of LOOKUP", sample: 4, damage: { $0.bytes[65] = 1 },
            code: .bodyReservedNotZero, offset: 65),
        Fault(
            name: "reserved bytes of LOOKUP", sample: 4, damage: { $0.bytes[71] = 1 },
            code: .bodyReservedNotZero, offset: 68),
        Fault(
            name: "another lookup", sample: 4, damage: { $0.bytes[64] = 3 }, code: .badLookup,
            offset: 64),
        Fault(
            name: "id of 3 bytes", sample: 4, damage: { $0.bytes[64] = 2 }, code: .badLookup,
            offset: 66),
        Fault(
            name: "STATUS with a body", sample: 6, damage: { $0.bytes.append(0) },
            code: .trailingBytes, offset: 64),
        Fault(
            name: "reserved bytes of HELLO", sample: 1, role: .client,
            damage: { $0.bytes[64 + 3] = 1 }, code: .bodyReservedNotZero, offset: 64 + 1),
        Fault(
            name: "server name that is not UTF-8", sample: 1, role: .client,
            damage: { $0.bytes[64 + 72] = 0xC0 }, code: .badUTF8, offset: 64 + 72),
        Fault(
            name: "reserved byte of ERROR", sample: 4, role: .client,
            damage: { $0.bytes[67] = 1 }, code: .bodyReservedNotZero, offset: 67),
        Fault(
            name: "sentence that is not UTF-8", sample: 4, role: .client,
            damage: { $0.bytes[80] = 0x80 }, code: .badUTF8, offset: 80),
    ]

    @Test(arguments: faults.indices) func `a bad message is refused`(index: Int) throws {
        let fault = Self.faults[index]
        var frame =
            fault.role == .server
            ? try Samples.requests()[fault.sample] : Samples.replies()[fault.sample]
        fault.damage(&frame)
        frame.seal()
        let found = frame.fault(fault.role)
        #expect(found?.code == fault.code, "\(fault.name): \(String(describing: found))")
        #expect(found?.offset == fault.offset, "\(fault.name)")
    }

    @Test func `another deployment is refused before a bad name`() throws {
        var frame = try Samples.requests()[3]
        frame.bytes[89] = 0xFF
        let other = DeploymentID(Bits128(high: 9, low: 9))
        let body = Frame.body(of: unsafe frame.bytes.span.bytes)
        var found: WireError?
        do throws(WireError) {
            _ = try HelloRequest.decode(body: body, deployment: other)
        } catch { found = error }
        #expect(found?.code == .wrongDeployment)
        #expect(found?.offset == 72)
    }

    @Test func `lookups read as they were written`() throws {
        let key = (0..<128).map { UInt8($0) }
        let byKey = Samples.frame {
            LookupRequest.visitor(key: unsafe key.span.bytes)
                .encode(header: Samples.header(.lookup), into: &$0)
        }
        switch try LookupRequest.decode(body: Frame.body(of: unsafe byKey.bytes.span.bytes)) {
        case .visitor(let found): #expect(TestFrame.array(found) == key)
        case .session: Issue.record("it asks for a visitor")
        }
        let byID = Samples.frame {
            LookupRequest.session(Samples.session)
                .encode(header: Samples.header(.lookup), into: &$0)
        }
        switch try LookupRequest.decode(body: Frame.body(of: unsafe byID.bytes.span.bytes)) {
        case .visitor: Issue.record("it asks for a session")
        case .session(let id): #expect(id == Samples.session)
        }
    }

    private func lookup(_ reply: LookupReply) -> TestFrame {
        Samples.frame { reply.encode(header: Samples.header(.lookup, isReply: true), into: &$0) }
    }

    @Test(arguments: [0, 1, 2])
    func `the answer to LOOKUP reads as it was written`(count: Int) throws {
        let reply = LookupReply(sessions: Array(Samples.snapshots.prefix(count)), clock: .max)
        let frame = lookup(reply)
        let body = Frame.body(of: unsafe frame.bytes.span.bytes)
        #expect(try LookupReply.decode(body: body) == reply)
    }

    @Test func `more sessions than a message holds are cut`() throws {
        var session = Samples.snapshots[0]
        session.path = (0..<64).map { SessionSnapshot.PathStep(milliseconds: $0, page: "/\($0)") }
        let reply = LookupReply(
            sessions: Array(repeating: session, count: 2_000), clock: 0)
        let frame = lookup(reply)
        #expect(frame.bytes.count <= Limits.messageBytesMax)
        let found = try LookupReply.decode(body: Frame.body(of: unsafe frame.bytes.span.bytes))
        #expect(found.sessions.count > 500)
        #expect(found.sessions.count < 2_000)
    }

    @Test func `a small answer cannot stand for a huge one`() throws {
        var frame = lookup(
            LookupReply(sessions: [Samples.snapshots[0], Samples.snapshots[0]], clock: 0))
        let second = frame.start(.sessions) + 128 + 112
        #expect(frame[second, as: UInt32.self] == 2)
        frame[second, as: UInt32.self] = 0
        frame[second + 4, as: UInt32.self] = 4
        frame.seal()
        #expect(frame.fault(.client)?.code == .indexOutOfRange)
        #expect(frame.fault(.client)?.offset == second)
    }

    @Test(arguments: [
        (70, ErrorCode.bodyReservedNotZero), (68, .badKind), (69, .badKind), (72, .indexOutOfRange),
        (108, .indexOutOfRange), (112, .indexOutOfRange),
    ]) func `a record with a fault is refused`(offset: Int, code: ErrorCode) {
        var frame = lookup(LookupReply(sessions: Samples.snapshots, clock: 0))
        let at = frame.start(.sessions) + offset
        frame.bytes[at] = 0x77
        frame.seal()
        #expect(frame.fault(.client)?.code == code)
        #expect(frame.fault(.client)?.offset == at)
    }

    @Test(arguments: [0, 1, 300]) func `gauges read as they were written`(count: Int) throws {
        let reply = StatusReply(
            gauges: (0..<count).map {
                Gauge(name: "gauge_\($0 % 3)_total", value: Int64($0) << 50)
            },
            serverTime: 5)
        let frame = Samples.frame {
            reply.encode(header: Samples.header(.status, isReply: true), into: &$0)
        }
        let body = Frame.body(of: unsafe frame.bytes.span.bytes)
        #expect(try StatusReply.decode(body: body) == reply)
    }

    @Test func `an ERROR reads as it was written`() throws {
        for code in ErrorCode.all + [ErrorCode(rawValue: 999)] {
            let reply = ErrorReply(
                code: code, retryAfterMilliseconds: 7, offset: nil, message: "così")
            let frame = Samples.frame {
                reply.encode(header: Samples.header(.error, isReply: true), into: &$0)
            }
            let body = Frame.body(of: unsafe frame.bytes.span.bytes)
            #expect(try ErrorReply.decode(body: body) == reply)
        }
    }

    @Test func `a sentence that is too long is cut between characters`() throws {
        let reply = ErrorReply(code: .internal, message: "x" + String(repeating: "é", count: 600))
        let frame = Samples.frame {
            reply.encode(header: Samples.header(.error, isReply: true), into: &$0)
        }
        let found = try ErrorReply.decode(body: Frame.body(of: unsafe frame.bytes.span.bytes))
        #expect(found.message == "x" + String(repeating: "é", count: 511))
        #expect(found.isRetriable)
    }

    @Test func `an ERROR says where a request is bad`() throws {
        var frame = try TestFrame(Samples.events)
        let at = frame.start(.kind) + 3
        frame.bytes[at] = 9
        frame.seal()
        let reply = ErrorReply(try #require(frame.fault()))
        #expect(reply.code == .badKind)
        #expect(reply.offset == UInt32(at))
        #expect(reply.message == "column kind (2): row 3 has the code 9, which means nothing")
    }
}
