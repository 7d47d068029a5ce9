import Foundation
import SojournModel
import SojournService
import SojournTestKit
import SojournWire
import Testing

@Suite struct RefusalTests {
    private static let start = TestService.start
    private static let good = assignFrame([TestEvent("a", start), TestEvent("b", start)])
    private static let ended = changed(good) { $0[64] = 0 }

    /// A request with one fault, and what it earns.
    struct Fault: CustomTestStringConvertible, Sendable {
        var frame: [UInt8]
        var age: UInt64 = 0
        var code: ErrorCode
        var testDescription: String { code.name }
    }

    static let faults: [Fault] = [
        Fault(frame: changed(good) { $0[4] = 2 }, code: .unsupportedVersion),
        Fault(frame: good.with(1, at: 60), code: .badHeaderChecksum),
        Fault(frame: changed(good) { $0[5] = 77 }, code: .unknownOperation),
        Fault(frame: changed(good) { $0[6] = 4 }, code: .unknownFlags),
        Fault(frame: changed(good) { $0[56] = 1 }, code: .reservedNotZero),
        Fault(
            frame: changed(good) { $0 += [UInt8](repeating: 0, count: 1 << 20) },
            code: .messageTooLarge),
        Fault(frame: good + [0], code: .badBodyLength),
        Fault(frame: good.with(0xFF, at: 70), code: .badBodyChecksum),
        Fault(
            frame: assignFrame([TestEvent("a", start)], deployment: 5), code: .wrongDeployment),
        Fault(frame: statusFrame(deployment: 5), code: .wrongDeployment),
        Fault(
            frame: helloFrame(
                HelloRequest(deployment: DeploymentID(Bits128(high: 1, low: 1)), name: "t")),
            code: .wrongDeployment),
        Fault(
            frame: assignFrame([TestEvent("a", start)], property: PropertyID(9)),
            code: .unknownProperty),
        Fault(frame: lookupFrame(visitor: "a", property: PropertyID(9)), code: .unknownProperty),
        Fault(
            frame: assignFrame([TestEvent("a", start)], deadline: 50), age: 50,
            code: .deadlineExpired),
        Fault(frame: changed(Array(good[..<70])) { _ in }, code: .truncatedBody),
        Fault(frame: ended, code: .badEventCount),
        Fault(frame: changed(good) { $0.append(0) }, code: .trailingBytes),
        Fault(frame: changed(statusFrame()) { $0.append(0) }, code: .trailingBytes),
        Fault(frame: changed(helloFrame()) { $0[88] = 0xFF }, code: .badName),
        Fault(frame: changed(lookupFrame(visitor: "a")) { $0[64] = 3 }, code: .badLookup),
    ]

    @Test(arguments: faults)
    func `a fault gets its code and changes nothing`(fault: Fault) throws {
        var service = TestService { $0.messageBytesMax = 1 << 20 }
        _ = try service.assign([TestEvent("a", Self.start)])
        let before = try service.state()
        let errors = try service.gauges()["errors_total"] ?? 0
        let error = try #require(try service.refusal(fault.frame, age: fault.age))
        #expect(error.code == fault.code)
        #expect(error.isRetriable == fault.code.isRetriable)
        #expect(!error.message.isEmpty)
        #expect(try service.state() == before)
        #expect(try service.gauges()["errors_total"] == errors + 1)
    }

    static let drops: [Fault] = [
        Fault(frame: [], code: .truncatedHeader),
        Fault(frame: Array(good[..<63]), code: .truncatedHeader),
        Fault(frame: good.with(0, at: 0), code: .badMagic),
        Fault(frame: [UInt8](repeating: 0x47, count: 500), code: .badMagic),
        Fault(frame: changed(good) { $0[6] = 1 }, code: .unexpectedReply),
        Fault(frame: changed(good) { $0[5] = 5 }, code: .unexpectedReply),
        // What is wrong with a reply besides does not matter: nobody is told.
        Fault(frame: changed(good) { ($0[4], $0[6]) = (2, 1) }, code: .unexpectedReply),
    ]

    @Test(arguments: drops)
    func `what cannot or must not be answered is dropped and counted`(fault: Fault) throws {
        var service = TestService()
        let before = try service.state()
        #expect(service.answer(fault.frame).answer == .drop(fault.code))
        #expect(try service.state() == before)
        #expect(try service.gauges()["drops_total"] == 1)
    }

    @Test func `the lowest code wins`() throws {
        var service = TestService()
        service.core.drain()
        // Everything is wrong with this one; each step mends the fault that was told.
        var frame = changed(
            assignFrame(
                [TestEvent("a", Self.start)], deadline: 1, property: PropertyID(9),
                deployment: 5)
        ) { $0[64] = 0 }
        #expect(try service.refusal(frame, age: 9)?.code == .wrongDeployment)
        frame = changed(frame) { $0.put(UInt64(0), at: 40) }
        #expect(try service.refusal(frame, age: 9)?.code == .unknownProperty)
        frame = changed(frame) { $0.put(UInt32(1), at: 36) }
        #expect(try service.refusal(frame, age: 9)?.code == .draining)
        var other = TestService()
        #expect(try other.refusal(frame, age: 9)?.code == .deadlineExpired)
        #expect(try other.refusal(frame)?.code == .badEventCount)
    }

    @Test func `draining refuses new batches and answers the rest`() throws {
        var service = TestService()
        _ = try service.assign([TestEvent("a", Self.start)])
        service.core.drain()
        let error = try #require(try service.refusal(Self.good))
        #expect(error.code == .draining && error.isRetriable)
        #expect(error.retryAfterMilliseconds > 0)
        #expect(try service.sessions(of: "a").count == 1)
        #expect(try service.refusal(helloFrame()) == nil)
        #expect(try service.gauges()["draining"] == 1)
    }

    @Test func `the sender's deployment is taken`() throws {
        var service = TestService()
        let tag = DeploymentID.derived(from: TestService.secret).tag
        #expect(try service.refusal(statusFrame(deployment: tag)) == nil)
    }

    @Test func `overload is told only to requests that are otherwise sound`() throws {
        let admission = Admission(ServiceConfiguration(secret: TestService.secret))
        var reply = ByteWriter()
        func code(_ frame: [UInt8]) throws -> ErrorCode? {
            let answer = admission.answerOverloaded(
                unsafe frame.span.bytes, retryAfterMilliseconds: 40, into: &reply
            ).answer
            return answer == .reply ? try readError(reply.array)?.code : nil
        }
        #expect(try code(Self.good) == .overloaded)
        #expect(try readError(reply.array)?.retryAfterMilliseconds == 40)
        #expect(try code(changed(Self.good) { $0[36] = 9 }) == .unknownProperty)
        #expect(try code(Self.good.with(9, at: 0)) == nil)
    }

    @Test func `bad framing is told to whoever can be addressed`() throws {
        let deployment = DeploymentID.derived(from: TestService.secret)
        var reply = ByteWriter()
        func answer(_ frame: [UInt8]) -> Answer {
            Refusal.answerBadFraming(
                unsafe frame.span.bytes, deployment: deployment, into: &reply)
        }
        #expect(answer(Self.good) == .reply)
        #expect(try readError(reply.array)?.code == .badFraming)
        #expect(answer([1, 2, 3]) == .drop(.badFraming))
        #expect(answer(changed(Self.good) { $0[6] = 1 }) == .drop(.unexpectedReply))
    }

    @Test func `invalid vectors get the error that they name and change nothing`() throws {
        // The vectors are of property 0.
        var service = TestService { $0.properties[0].id = PropertyID(0) }
        _ = service.answer(assignFrame([TestEvent("a", Self.start)], property: PropertyID(0)))
        let before = try service.state()
        let vectors = try Vector.invalidRequests()
        #expect(vectors.count > 200)
        for vector in vectors {
            let (answer, bytes) = service.answer(vector.frame)
            if vector.isDropped {
                #expect(answer == .drop(vector.error), "\(vector.name)")
            } else {
                #expect(answer == .reply, "\(vector.name)")
                guard let error = bytes.isEmpty ? nil : try readError(bytes) else { continue }
                #expect(error.code == vector.error, "\(vector.name)")
                #expect(error.offset == vector.offset, "\(vector.name)")
            }
        }
        #expect(try service.state() == before)
    }

    @Test func `no prefix of a good batch is applied`() throws {
        var service = TestService()
        let before = try service.state()
        for end in 0..<Self.good.count {
            _ = service.answer(Array(Self.good[..<end]))
            if end >= 64 { _ = service.answer(changed(Array(Self.good[..<end])) { _ in }) }
        }
        #expect(try service.state() == before)
    }

    @Test func `a visitor of another partition is refused, and nothing changes`() throws {
        // "a" falls to partition 32 of 64, "anna" to 17.
        var service = TestService { $0.partitions = PartitionRange("0-31/64") ?? .whole }
        _ = try service.assign([TestEvent("anna", TestService.start)])
        let before = try service.state()
        let both = assignFrame([
            TestEvent("anna", TestService.start), TestEvent("a", TestService.start),
        ])
        let refusal = try #require(try service.refusal(both))
        #expect(refusal.code == .notOwner && !refusal.isRetriable)
        #expect(refusal.message.contains("visitor key 1 falls to partition 32"))
        #expect(refusal.message.contains("this server has 0-31/64"))
        #expect(try service.refusal(lookupFrame(visitor: "a"))?.code == .notOwner)
        #expect(try service.sessions(of: "anna").count == 1)
        #expect(try service.state() == before)
    }
}

/// One of `proto-spec/vectors/invalid` in the direction of a server.
struct Vector {
    var name: String
    var frame: [UInt8]
    var error: ErrorCode
    var offset: UInt32?
    var isDropped: Bool

    /// All but the two that are stored compressed.
    static func invalidRequests() throws -> [Vector] {
        let folder = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("proto-spec/vectors/invalid")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        return try files.compactMap { file in
            let data = try Data(contentsOf: folder.appendingPathComponent(file))
            return try JSONDecoder().decode(File.self, from: data).vector
        }
    }

    private struct File: Decodable {
        var name: String
        var direction: String
        var error: String
        var offset: UInt32?
        var reply: String
        var frame: String?

        var vector: Vector? {
            guard direction == "request", let frame, let error = ErrorCode(name: error) else {
                return nil
            }
            let digits = Array(frame.utf8).map { Character(UnicodeScalar($0)).hexDigitValue ?? 0 }
            let bytes = stride(from: 0, to: digits.count, by: 2).map {
                UInt8(digits[$0] * 16 + digits[$0 + 1])
            }
            return Vector(
                name: name, frame: bytes, error: error, offset: offset, isDropped: reply == "drop")
        }
    }
}

extension [UInt8] {
    func with(_ byte: UInt8, at offset: Int) -> [UInt8] {
        var copy = self
        copy[offset] = byte
        return copy
    }
}
