import Foundation
import Glibc
import SojournServer
import SojournTestKit
import Testing
import ZeroMQ

/// What a peer can make the server spend.
@Suite(.serialized, .timeLimit(.minutes(3))) struct LimitTests {
    @Test func `a connection that does not greet is dropped`() throws {
        let server = try SojournServer { $0.handshakeMilliseconds = 200 }
        let client = try TestClient(server)
        let silent = try RawConnection(server.endpoints[0])
        let slow = try RawConnection(server.endpoints[0])
        // One byte at a time, and never the last.
        for byte in RawConnection.greeting.prefix(20) {
            slow.send([byte])
            usleep(20_000)
        }
        #expect(silent.isClosed(within: .seconds(10)) && slow.isClosed(within: .seconds(10)))
        #expect(try client.assignsRightly("a"))
        let isReached = try client.waits { $0["connections"] == 1 }
        #expect(isReached)
        let gauges = try client.gauges()
        #expect(gauges["connections_accepted_total"] == 3)
        #expect(gauges["connections_failed_total"] == 2)
    }

    @Test func `a client that never reads does not make the server grow`() throws {
        let directory = try ServedDirectory()
        try directory.configure("limits: {credit: 4}")
        let server = try directory.serve(durability: "none")
        let lazy = try TestClient(directory.endpoint, receiveHighWaterMark: 1)
        let client = try TestClient(directory.endpoint)
        func ask(_ count: Int) throws {
            // A reply has some 4 KB.
            for _ in 0..<count { try lazy.send(statusFrame()) }
            // Behind all of them.
            #expect(try client.assignsRightly("visitor \(UInt64.random(in: 0 ... .max))"))
        }
        try ask(3_000)
        let before = try server.residentBytes()
        try ask(12_000)
        let after = try server.residentBytes()
        #expect(after - before < 12 << 20, "\(before) bytes became \(after)")
        let isReached = try client.waits { $0["replies_unread_total"] ?? 0 >= 10_000 }
        #expect(isReached)
        #expect(server.terminate() == .exited(0))
    }

    @Test func `connections that come and go leave nothing behind`() throws {
        let directory = try ServedDirectory()
        try directory.configure("limits: {handshakeMilliseconds: 500}")
        let server = try directory.launch("--listen", "tcp://127.0.0.1:*", "--durability", "none")
        let endpoint = try #require(
            try server.endpoints(2).first { $0.hasPrefix("tcp://") })
        let client = try TestClient(endpoint)
        func comeAndGo(_ count: Int) throws {
            for round in 0..<count {
                let connection = try RawConnection(endpoint)
                if round % 3 == 0 { connection.send(RawConnection.greeting) }
                if round % 3 == 1 { connection.send([UInt8](repeating: 7, count: 300)) }
            }
            let isReached = try client.waits { $0["connections"] == 1 }
            #expect(isReached)
        }
        try comeAndGo(300)
        let before = try server.residentBytes()
        try comeAndGo(1_500)
        let after = try server.residentBytes()
        #expect(after - before < 12 << 20, "\(before) bytes became \(after)")
    }
}

extension RawConnection {
    /// Whether the server closes the connection.
    func isClosed(within limit: Duration) -> Bool {
        let began = ContinuousClock.now
        while .now - began < limit {
            if wasClosed() { return true }
            usleep(10_000)
        }
        return false
    }
}

extension ServerProcess {
    /// Memory that the system has given it.
    fileprivate func residentBytes() throws -> Int {
        let text = try String(contentsOfFile: "/proc/\(pid)/statm", encoding: .utf8)
        guard let pages = Int(text.split(separator: " ")[1]) else {
            throw Failure("/proc/\(pid)/statm says \(text)")
        }
        return pages * 4_096
    }

    /// So many endpoints, once it listens.
    fileprivate func endpoints(_ count: Int) throws -> [String] {
        try waitUntilListening()
        let words = log.split(whereSeparator: { " ;\n".contains($0) }).map(String.init)
        let endpoints = words.filter { $0.hasPrefix("tcp://") || $0.hasPrefix("ipc://") }
        return Array(endpoints.prefix(count))
    }
}
