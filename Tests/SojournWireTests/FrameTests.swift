import SojournModel
import Testing

@testable import SojournWire

@Suite struct FrameTests {
    @Test func `the checksum is CRC-32C`() {
        #expect(TestFrame.checksum(Array("123456789".utf8)) == 0xE306_9283)
        #expect(TestFrame.checksum([]) == 0)
    }

    @Test func `a header reads as it was written`() throws {
        let header = MessageHeader(
            operation: .lookup, correlation: .max, producer: ProducerID(1 << 63), sequence: 3,
            deadlineMilliseconds: .max, property: PropertyID(7), deploymentTag: 0x0102)
        let frame = Samples.frame {
            LookupRequest.session(Samples.session).encode(header: header, into: &$0)
        }
        #expect(frame.bytes.count == 64 + 8 + 16)
        let span = unsafe frame.bytes.span.bytes
        #expect(try Frame.open(span, role: .server) == header)
        #expect(MessageHeader.readable(span) == header)
    }

    @Test func `a reply repeats what identifies its request`() {
        let reply = Samples.header(.assign).reply(deploymentTag: 4)
        #expect(reply.isReply)
        #expect(reply.operation == .assign)
        #expect(reply.correlation == 0xC0FFEE)
        #expect(reply.producer == ProducerID(77))
        #expect(reply.sequence == 5)
        #expect(reply.property == PropertyID(9))
        #expect(reply.deadlineMilliseconds == 0)
        #expect(reply.deploymentTag == 4)
        #expect(Samples.header(.assign).reply(.error, deploymentTag: 4).operation == .error)
    }

    struct HeaderFault: Sendable {
        var name: String
        var damage: @Sendable (inout TestFrame) -> Void
        var isSealed = true
        var role = Frame.Role.server
        var code: ErrorCode
        var offset: Int?
    }

    static let faults: [HeaderFault] = [
        HeaderFault(
            name: "63 bytes", damage: { $0.bytes.removeLast($0.bytes.count - 63) }, isSealed: false,
            code: .truncatedHeader),
        HeaderFault(
            name: "no bytes", damage: { $0.bytes = [] }, isSealed: false, code: .truncatedHeader),
        HeaderFault(name: "magic", damage: { $0.bytes[3] = 0x4F }, code: .badMagic),
        HeaderFault(
            name: "version", damage: { $0.bytes[4] = 2 }, code: .unsupportedVersion, offset: 4),
        HeaderFault(
            name: "version and checksum", damage: { $0.bytes[4] = 2 }, isSealed: false,
            code: .unsupportedVersion, offset: 4),
        HeaderFault(
            name: "checksum", damage: { $0.bytes[8] ^= 1 }, isSealed: false,
            code: .badHeaderChecksum, offset: 60),
        HeaderFault(name: "reply", damage: { $0.bytes[6] = 1 }, code: .unexpectedReply),
        HeaderFault(name: "ERROR", damage: { $0.bytes[5] = 5 }, code: .unexpectedReply),
        HeaderFault(
            name: "request to a client", damage: { _ in }, role: .client, code: .unexpectedReply),
        HeaderFault(
            name: "operation", damage: { $0.bytes[5] = 9 }, code: .unknownOperation, offset: 5),
        HeaderFault(name: "flags", damage: { $0.bytes[7] = 128 }, code: .unknownFlags, offset: 6),
        HeaderFault(
            name: "reserved", damage: { $0.bytes[59] = 1 }, code: .reservedNotZero, offset: 56),
        HeaderFault(
            name: "too large",
            damage: { $0.bytes += [UInt8](repeating: 0, count: Limits.messageBytesMax) },
            code: .messageTooLarge),
        HeaderFault(
            name: "body length", damage: { $0.bytes.append(0) }, isSealed: false,
            code: .badBodyLength, offset: 48),
        HeaderFault(
            name: "body length that is larger than any message",
            damage: {
                $0[48, as: UInt32.self] = .max
                $0.sealHeader()
            }, isSealed: false, code: .badBodyLength, offset: 48),
        HeaderFault(
            name: "body checksum", damage: { $0.bytes[70] ^= 0x40 }, isSealed: false,
            code: .badBodyChecksum, offset: 52),
    ]

    @Test(arguments: faults.indices) func `a bad header is refused`(index: Int) throws {
        let fault = Self.faults[index]
        var frame = try TestFrame(Samples.events)
        fault.damage(&frame)
        if fault.isSealed { frame.seal() }
        let found = frame.fault(fault.role)
        #expect(found?.code == fault.code, "\(fault.name)")
        #expect(found?.offset == fault.offset, "\(fault.name)")
    }

    @Test func `an ERROR can be addressed when a header is bad`() throws {
        var frame = try TestFrame(Samples.events, header: Samples.header(.assign))
        frame.bytes[4] = 200
        frame.bytes[5] = 77
        let header = MessageHeader.readable(unsafe frame.bytes.span.bytes)
        #expect(header?.version == 200)
        #expect(header?.operation == .error)
        #expect(header?.correlation == 0xC0FFEE)
        frame.bytes[0] = 0
        #expect(MessageHeader.readable(unsafe frame.bytes.span.bytes) == nil)
        frame.bytes.removeLast(frame.bytes.count - 63)
        #expect(MessageHeader.readable(unsafe frame.bytes.span.bytes) == nil)
    }

    @Test func `no part of a frame from its start is a frame`() throws {
        let requests = try Samples.requests()
        for (frames, role) in [(requests, Frame.Role.server), (Samples.replies(), .client)] {
            for frame in frames {
                #expect(frame.fault(role) == nil)
                for end in frame.bytes.indices {
                    #expect(TestFrame(Array(frame.bytes[..<end])).fault(role) != nil)
                }
                // The same with length and checksums made right: the body itself tells.
                for end in frame.bytes.indices where end >= 64 {
                    var cut = TestFrame(Array(frame.bytes[..<end]))
                    cut.seal()
                    #expect(cut.fault(role) != nil, "cut at \(end) of \(frame.bytes.count)")
                }
                var longer = frame
                longer.bytes.append(0)
                longer.seal()
                #expect(longer.fault(role)?.code == .trailingBytes)
                #expect(longer.fault(role)?.offset == frame.bytes.count)
            }
        }
    }
}
