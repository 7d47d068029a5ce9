import Foundation
import SojournModel
import SojournTestKit
import SojournWire
import Testing
import ZeroMQ

/// A real server whose disk refuses: it answers questions, refuses batches, and goes on when it can.
@Suite(.serialized, .timeLimit(.minutes(5))) struct DiskTroubleTests {
    private static let time = currentMilliseconds() - 60_000

    private static func frame(_ sequence: UInt64, events: Int = 1) -> [UInt8] {
        assignFrame(
            (0..<events).map { TestEvent("visitor \(sequence)", time, name: "/page/\($0)") },
            producer: 7, sequence: sequence, correlation: sequence)
    }

    private static func eventually(
        _ what: String, _ condition: () throws -> Bool
    ) throws {
        let began = ContinuousClock.now
        while try !condition() {
            guard .now - began < .seconds(20) else { throw ServerProcess.Failure("never: \(what)") }
            usleep(20_000)
        }
    }

    /// Brings a server into trouble with a batch that is applied and not written.
    ///
    /// - Parameter client: has sent it, as `sequence`, and waits for the answer.
    private static func sendIntoTrouble(
        _ client: borrowing TestClient, _ directory: ServedDirectory, sequence: UInt64
    ) throws {
        try client.send(frame(sequence))
        try eventually("the trouble shows") {
            try directory.client().gauges()["journal_available"] == 0
        }
    }

    @Test func `a server that cannot write refuses batches, answers questions, and recovers`()
        throws
    {
        let directory = try ServedDirectory()
        var server = try directory.serve()
        var client = try directory.client()
        let first = try client.ask(Self.frame(1))
        try server.mayWrite(false)
        try Self.sendIntoTrouble(client, directory, sequence: 2)

        let other = try directory.client()
        let refusal = try readError(other.ask(Self.frame(3)))
        #expect(refusal?.code == .journalUnavailable)
        #expect(refusal?.isRetriable == true)
        #expect((refusal?.retryAfterMilliseconds ?? 0) > 0)
        #expect(try other.sessions(of: "visitor 1").count == 1)
        #expect(try other.sessions(of: "visitor 3").isEmpty)
        // What was answered before is answered again, but not while a later one might be lost.
        try other.send(Self.frame(1))
        let gauges = try directory.client().gauges()
        #expect(gauges["journal_available"] == 0)
        #expect((gauges["journal_refusals_total"] ?? 0) > 0)
        #expect(gauges["errors_journal_unavailable_total"] == 1)

        try server.mayWrite(true)
        // By itself: nobody asked again.
        let second = try client.receive()
        #expect(try readError(second) == nil)
        #expect(try other.receive() == first)
        #expect(try directory.client().gauges()["journal_available"] == 1)
        let third = try other.ask(Self.frame(3))
        #expect(try readError(third) == nil)
        #expect(server.log.contains("the journal is written again"))

        server.kill()
        server = try directory.serve()
        client = try directory.client()
        #expect(try client.ask(Self.frame(1)) == first)
        #expect(try client.ask(Self.frame(2)) == second)
        #expect(try client.ask(Self.frame(3)) == third)
        #expect(try client.gauges()["live_visitors"] == 3)
        #expect(server.terminate() == .exited(0))
    }

    @Test func `what was not answered in trouble may be lost by a kill, and nothing else`() throws {
        let directory = try ServedDirectory()
        var server = try directory.serve()
        var client = try directory.client()
        let first = try client.ask(Self.frame(1))
        try server.mayWrite(false)
        try Self.sendIntoTrouble(client, directory, sequence: 2)
        server.kill()
        server = try directory.serve()
        client = try directory.client()
        #expect(try client.ask(Self.frame(1)) == first)
        #expect(try readError(client.ask(Self.frame(2))) == nil)
        #expect(try client.sessions(of: "visitor 2").map(\.events) == [1])
    }

    @Test func `a stop in trouble ends within five seconds`() throws {
        let directory = try ServedDirectory()
        let server = try directory.serve()
        let client = try directory.client()
        _ = try client.ask(Self.frame(1))
        try server.mayWrite(false)
        try Self.sendIntoTrouble(client, directory, sequence: 2)
        let began = ContinuousClock.now
        #expect(server.terminate() == .exited(0))
        #expect(.now - began < .seconds(5))
        // The batch that nobody was told of is gone, or there, but as a whole.
        let next = try directory.serve()
        #expect(try directory.client().sessions(of: "visitor 1").count == 1)
        #expect(next.terminate() == .exited(0))
    }

    // MARK: A disk that is full

    /// Whether this user may mount a file system in memory.
    private static let canMount: Bool = {
        let folder = temporaryPath("mount")
        defer { removeFile(folder) }
        guard geteuid() == 0, run("mkdir", folder),
            run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder)
        else { return false }
        return run("umount", folder)
    }()

    private static func run(_ command: String...) -> Bool {
        let log = temporaryPath("command")
        defer { removeFile(log) }
        return (try? ServerProcess(command, log: log).code()) == 0
    }

    @Test(.enabled(if: canMount, "only who may mount a file system can fill one"))
    func `a disk that is full refuses batches until there is room`() throws {
        let directory = try ServedDirectory()
        try directory.configure("limits: {segmentBytes: 64KiB}")
        try directory.run("mkdir", "-m", "700", directory.data)
        try directory.run(
            "mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", directory.data)
        defer { _ = Self.run("umount", directory.data) }
        var server = try directory.serve()
        var client = try directory.client()
        try directory.run(
            "dd", "if=/dev/zero", "of=\(directory.data)/ballast", "bs=64k", "count=25")
        var replies: [[UInt8]] = []
        // Until the disk is full, one batch after the other, each answered or in trouble.
        var next: UInt64 = 1
        while next < 200 {
            try client.send(Self.frame(next, events: 500))
            var isStuck = false
            while !isStuck {
                if try client.socket.events.contains(.readable) { break }
                isStuck = try directory.client().gauges()["journal_available"] == 0
            }
            if isStuck { break }
            replies.append(try client.receive())
            next += 1
        }
        #expect((5..<200).contains(replies.count))
        #expect(try readError(directory.client().ask(Self.frame(900)))?.code == .journalUnavailable)
        #expect(try directory.client().sessions(of: "visitor 1").count == 1)
        #expect(server.log.contains("make room on the disk"))

        try directory.run("rm", "\(directory.data)/ballast")
        replies.append(try client.receive())
        #expect(try readError(client.ask(Self.frame(next + 1))) == nil)
        server.kill()
        server = try directory.serve()
        client = try directory.client()
        for (row, reply) in replies.enumerated() {
            let sequence = UInt64(row + 1)
            // Those that are no longer remembered were applied all the same.
            if sequence + 100 > next {
                #expect(try client.ask(Self.frame(sequence, events: 500)) == reply)
            }
            #expect(try client.sessions(of: "visitor \(sequence)").map(\.events) == [500])
        }
        #expect(server.terminate() == .exited(0))
        #expect(try directory.check().code == 0)
    }

    // MARK: A directory that is read-only

    /// Root may write everywhere, so the service runs as somebody else; nil where it is not root.
    private static let somebody: UInt32? = geteuid() == 0 ? 65_534 : nil

    private static let canBeRefused: Bool = {
        guard let somebody else { return true }
        return run(
            "setpriv", "--reuid", "\(somebody)", "--regid", "\(somebody)", "--clear-groups",
            "test", "-x", ServerProcess.executable.path)
    }()

    @Test(.enabled(if: canBeRefused, "nobody else may run the program where it stands"))
    func `a directory that becomes read-only refuses batches until it is writable`() throws {
        let directory = try ServedDirectory(user: Self.somebody)
        try directory.configure("limits: {segmentBytes: 64KiB}")
        let server = try directory.serve()
        let client = try directory.client()
        _ = try client.ask(Self.frame(1))
        try directory.run("chmod", "500", directory.data)
        // What fits into the segment is still written; the next one cannot be made.
        try client.send(Self.frame(2, events: 8_000))
        try Self.eventually("the trouble shows") {
            try directory.client().gauges()["journal_available"] == 0
        }
        let refusal = try readError(directory.client().ask(Self.frame(3)))
        #expect(refusal?.code == .journalUnavailable)
        #expect(try directory.client().sessions(of: "visitor 1").count == 1)
        #expect(server.log.contains("give this user the right"))
        try directory.run("chmod", "700", directory.data)
        #expect(try readError(client.receive()) == nil)
        #expect(server.terminate() == .exited(0))
        let next = try directory.serve()
        #expect(try directory.client().sessions(of: "visitor 2").map(\.events) == [8_000])
        #expect(next.terminate() == .exited(0))

        // And at the start.
        try directory.run("chmod", "500", directory.data)
        let (code, words) = try directory.refusal()
        #expect(code == 74)
        #expect(words.contains("cannot start"))
        try directory.run("chmod", "700", directory.data)
    }
}
