import Foundation
import SojournModel
import SojournServer
import SojournService
import SojournTestKit
import SojournWire
import Testing

@Suite(.serialized) struct StopTests {
    private func timed(_ body: () throws -> Void) rethrows -> Duration {
        try ContinuousClock().measure(body)
    }

    /// Stops a server on a thread of its own.
    private func stopElsewhere(_ server: SojournServer) -> DispatchGroup {
        let done = DispatchGroup()
        done.enter()
        Thread.detachNewThread {
            server.stop()
            done.leave()
        }
        return done
    }

    @Test func `what was received is answered before the end`() throws {
        let server = try SojournServer()
        let client = try TestClient(server)
        let requests: UInt64 = 60
        var frame = largeFrame(events: 5_000, correlation: 0)
        for correlation in 1...requests {
            frame.put(correlation, at: 8)
            frame.refreshChecksums()
            try client.send(frame)
        }
        // With the first answer all the others are on their way.
        var answered: Set<UInt64> = [try header(client.receive()).correlation]
        let done = stopElsewhere(server)
        for _ in 2...requests {
            let reply = try client.receive()
            answered.insert(try header(reply).correlation)
            if let error = try readError(reply) { #expect(error.code == .draining) }
        }
        #expect(answered.count == Int(requests))
        #expect(done.wait(timeout: .now() + 5) == .success)
    }

    @Test func `a client that asks on is refused, and cannot keep the server alive`() throws {
        let server = try SojournServer()
        let client = try TestClient(server.endpoints[0], patienceMilliseconds: 1_000)
        let frame = assignFrame([TestEvent("b", currentMilliseconds())])
        // Always some on their way, so that the server is never without a request.
        for _ in 0..<20 { try client.send(frame) }
        _ = try client.receive()
        let done = stopElsewhere(server)
        let began = ContinuousClock.now
        var codes: Set<ErrorCode> = []
        while ContinuousClock.now - began < .seconds(6) {
            do {
                if let error = try readError(client.receive()) { codes.insert(error.code) }
                try client.send(frame)
            } catch is NoReply { break }
        }
        #expect(codes == [.draining])
        #expect(done.wait(timeout: .now() + 5) == .success)
        #expect(ContinuousClock.now - began < .seconds(6))
    }

    @Test func `a client that never reads does not hold the end up`() throws {
        let server = try SojournServer()
        let lazy = try TestClient(server.endpoints[0], receiveHighWaterMark: 1)
        for correlation: UInt64 in 1...50 {
            try lazy.send(largeFrame(events: 20_000, correlation: correlation))
        }
        #expect(timed { server.stop() } < .seconds(5))
    }

    @Test func `an idle server stops at once, and stopping twice is fine`() throws {
        let server = try SojournServer()
        #expect(timed { server.stop() } < .seconds(1))
        #expect(timed { server.stop() } < .milliseconds(100))
        server.waitUntilStopped()
    }

    @Test func `letting go of a server stops it`() throws {
        var server: SojournServer? = try SojournServer()
        let endpoint = try #require(server?.endpoints[0])
        server = nil
        let other = try SojournServer { $0.listens = [endpoint] }
        #expect(other.endpoints == [endpoint])
    }

    @Test func `its address and its files are free afterwards`() throws {
        let path = temporaryPath("free.sock")
        for _ in 0..<3 {
            let server = try SojournServer { $0.listens = ["ipc://\(path)"] }
            #expect(try TestClient(server).assignsRightly("a"))
            #expect(FileManager.default.fileExists(atPath: path))
            server.stop()
            #expect(!FileManager.default.fileExists(atPath: path))
            #expect(!FileManager.default.fileExists(atPath: path + ".lock"))
        }
    }
}
