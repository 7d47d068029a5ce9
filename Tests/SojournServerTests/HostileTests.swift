import Foundation
import Glibc
import SojournModel
import SojournServer
import SojournService
import SojournTestKit
import SojournWire
import Testing
import ZeroMQ

@Suite(.serialized) struct HostileTests {
    private static let good = assignFrame([TestEvent("a", currentMilliseconds())])

    /// Frames that are too many, and whether they are answered.
    static let framings: [(frames: [[UInt8]], answered: Bool)] = [
        ([good, good], true),
        ([good, []], true),
        ([[], good, good], true),
        ([[], [], good], true),
        ([[], [], [], good, [1]], true),
        ([[2, 1], good], false),
        // Frames of routers that name nobody.
        ([[1], good], false),
        ([[1, 0xFF], good], false),
        ([[], [1, 2], good], false),
        ([[], [], []], false),
        (Array(repeating: [], count: 300), false),
    ]

    @Test func `another number of frames is refused or dropped`() throws {
        let server = try SojournServer()
        let client = try TestClient(server)
        for (frames, answered) in Self.framings {
            try client.send(frames: frames)
            if answered {
                let reply = try client.receiveFrames()
                #expect(reply.count == (frames[0].isEmpty ? 2 : 1))
                #expect(try readError(reply.last ?? [])?.code == .badFraming)
            }
        }
        let gauges = try client.gauges()
        #expect(gauges["errors_bad_framing_total"] == 5)
        #expect(gauges["drops_bad_framing_total"] == 6)
        #expect(gauges["batches_total"] == 0)
    }

    @Test func `frames without a readable header are dropped and counted`() throws {
        let server = try SojournServer()
        let client = try TestClient(server)
        for frame in [[], [1], [UInt8](repeating: 7, count: 63), Array("GET / HTTP/1.1".utf8)] {
            try client.send(frame)
            try client.send(frames: [[], frame])
        }
        try client.send([UInt8](repeating: 7, count: 5_000))
        let gauges = try client.gauges()
        #expect(gauges["drops_truncated_header_total"] == 8)
        #expect(gauges["drops_bad_magic_total"] == 1)
        #expect(try client.assignsRightly("a"))
    }

    @Test func `garbage on the bare connection leaves the server answering`() throws {
        let server = try SojournServer()
        var random = SplitMix64(seed: 7)
        for round in 0..<40 {
            let connection = try RawConnection(server.endpoints[0])
            var bytes = (0..<Int(random.next() % 3_000)).map { _ in
                UInt8(truncatingIfNeeded: random.next())
            }
            // Some of them greet as a peer should, and say nonsense after that.
            if round % 2 == 0 { bytes = RawConnection.greeting + bytes }
            if round % 5 == 0 { bytes = Array("GET / HTTP/1.1\r\nHost: sojourn\r\n\r\n".utf8) }
            connection.send(bytes)
        }
        #expect(try TestClient(server).assignsRightly("a"))
    }

    @Test func `invalid vectors get the error that they name`() throws {
        // The vectors are of property 0.
        let server = try SojournServer { $0.service.properties[0].id = PropertyID(0) }
        let client = try TestClient(server)
        let before = try client.gauges()
        var drops: Int64 = 0
        for vector in try Vector.invalidRequests() {
            try client.send(vector.frame)
            if vector.isDropped {
                drops += 1
                continue
            }
            #expect(try readError(client.receive())?.code == vector.error, "\(vector.name)")
        }
        let after = try client.gauges()
        #expect(after["drops_total"] == drops)
        for (name, value) in before where name.hasPrefix("events_") || name.hasPrefix("live_") {
            #expect(after[name] == value, "\(name)")
        }
    }

    @Test func `a message that is too large is told so; one that is far too large is cut off`()
        throws
    {
        let server = try SojournServer { $0.service.messageBytesMax = 64 << 10 }
        let client = try TestClient(server)
        var frame = Self.good + [UInt8](repeating: 0, count: 100 << 10)
        frame.refreshChecksums()
        #expect(try readError(client.ask(frame))?.code == .messageTooLarge)

        let flooder = try TestClient(server.endpoints[0], patienceMilliseconds: 300)
        try flooder.send([UInt8](repeating: 0, count: 1 << 20))
        #expect(throws: NoReply.self) { try flooder.receive() }
        #expect(try client.assignsRightly("a"))
        #expect(try client.gauges()["errors_message_too_large_total"] == 1)
    }

    @Test func `a client that never reads does not stall the others`() throws {
        // A small credit, so that its share of the memory is soon used up.
        let server = try SojournServer { $0.service.credit = 2 }
        let lazy = try TestClient(server.endpoints[0], receiveHighWaterMark: 1)
        let client = try TestClient(server)
        // Replies of some 400 KB: neither its socket nor the server's keeps all of them.
        let large = largeFrame(events: 50_000, correlation: 1)
        for round in 0..<60 {
            try lazy.send(large)
            if round % 10 == 0 { #expect(try client.assignsRightly("visitor of \(round)")) }
        }
        // Or it would wait in vain.
        #expect(try client.assignsRightly("the last"))
        #expect(try client.gauges()["replies_unread_total"] ?? 0 > 0)
    }

    @Test(arguments: ["messages", "bytes"])
    func `beyond the queue the answer is overloaded, and each request has one`(of limit: String)
        throws
    {
        // Made first, for they are to come faster than they are answered.
        var frame = largeFrame(events: 20_000, correlation: 0)
        let server = try SojournServer {
            if limit == "bytes" {
                $0.queue.bytesMax = 2 * frame.count
            } else {
                $0.queue.messagesMax = 2
            }
        }
        let client = try TestClient(server)
        let requests: UInt64 = 40
        for correlation in 1...requests {
            frame.put(correlation, at: 8)
            frame.refreshChecksums()
            try client.send(frame)
        }
        var answered: Set<UInt64> = []
        var refused: Int64 = 0
        for _ in 1...requests {
            let reply = try client.receive()
            answered.insert(try header(reply).correlation)
            guard let error = try readError(reply) else { continue }
            #expect(error.code == .overloaded && error.isRetriable)
            #expect(error.retryAfterMilliseconds > 0)
            refused += 1
        }
        #expect(answered.count == Int(requests))
        #expect(refused > 0)
        let gauges = try client.gauges()
        #expect(gauges["errors_overloaded_total"] == refused)
        #expect(gauges["batches_total"] == Int64(requests) - refused)
        // The STATUS itself.
        #expect(gauges["queued_requests"] == 1)
    }
}

/// A TCP connection that speaks no ZeroMQ.
final class RawConnection {
    private let descriptor: Int32

    /// ZMTP 3.0, mechanism NULL.
    static let greeting: [UInt8] =
        [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 0] + Array("NULL".utf8)
        + [UInt8](repeating: 0, count: 48)

    init(_ endpoint: String) throws {
        let port = UInt16(endpoint.split(separator: ":").last ?? "") ?? 0
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw NoReply() }
    }

    deinit { close(descriptor) }

    /// Whether the other end has closed it. What has come is thrown away.
    func wasClosed() -> Bool {
        var byte: UInt8 = 0
        while true {
            // One byte of ours is written.
            let count = unsafe recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT))
            if count == 1 { continue }
            return count == 0 || errno == ECONNRESET
        }
    }

    func send(_ bytes: [UInt8]) {
        // The server may have closed the connection already: that is one of its answers.
        _ = unsafe Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }
}

/// One of `proto-spec/vectors/invalid` in the direction of a server.
struct Vector {
    var name: String
    var frame: [UInt8]
    var error: ErrorCode
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
            return Vector(name: name, frame: bytes, error: error, isDropped: reply == "drop")
        }
    }
}
