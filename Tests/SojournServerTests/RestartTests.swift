import Foundation
import SojournModel
import SojournTestKit
import SojournWire
import Testing

/// Processes that end and start on the same data directory.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RestartTests {
    private static let minute: Int64 = 60_000
    /// Some time ago, so that all times of a test are past.
    private static let morning = currentMilliseconds() - 600 * minute

    /// A numbered batch of views, at these minutes.
    private static func views(
        of visitor: String, _ minutes: Int64..., sequence: UInt64, property: UInt32 = 1
    ) -> [UInt8] {
        assignFrame(
            minutes.map { TestEvent(visitor, morning + $0 * minute, name: "/\($0)") },
            producer: 77, sequence: sequence, property: PropertyID(property))
    }

    private enum Death: CaseIterable { case terminated, killed }

    private static func end(_ server: ServerProcess, _ death: Death) {
        switch death {
        case .terminated: #expect(server.terminate() == .exited(0))
        case .killed: server.kill()
        }
    }

    @Test(arguments: [
        (Death.terminated, "none"), (.terminated, "os"), (.terminated, "disk"), (.killed, "os"),
        (.killed, "disk"),
    ])
    private func `what was answered is there after an end, and a retry gets the same bytes`(
        death: Death, durability: String
    ) throws {
        let directory = try ServedDirectory()
        let frames = [
            Self.views(of: "anna", 0, 1, 35, sequence: 1), Self.views(of: "ben", 2, sequence: 2),
            // A bridge: the sessions become one.
            Self.views(of: "anna", 20, sequence: 3),
        ]
        var server = try directory.serve(durability: durability)
        var client = try directory.client()
        let replies = try frames.map { try client.ask($0) }
        let anna = try client.sessions(of: "anna")
        #expect(anna.map(\.events) == [4])
        Self.end(server, death)

        server = try directory.serve(durability: durability)
        client = try directory.client()
        #expect(try client.sessions(of: "anna") == anna)
        #expect(try client.sessions(of: "ben").map(\.events) == [1])
        #expect(try frames.map { try client.ask($0) } == replies)
        #expect(try client.sessions(of: "anna") == anna)
        let gauges = try client.gauges()
        #expect(gauges["repeated_batches_total"] == 3)
        #expect(gauges["live_visitors"] == 2)
        // The same number for something else is still refused.
        let other = try readError(client.ask(Self.views(of: "cleo", 3, sequence: 2)))
        #expect(other?.code == .sequenceReused)
        #expect(server.terminate() == .exited(0))
    }

    @Test func `the secret is nobody else's, and stays`() throws {
        let directory = try ServedDirectory()
        let first = try directory.serve()
        let secret = try String(contentsOfFile: "\(directory.data)/secret", encoding: .utf8)
        #expect(secret.count == 33)
        let id = try directory.client().deployment()
        first.kill()
        let second = try directory.serve()
        #expect(try directory.client().deployment() == id)
        #expect(try String(contentsOfFile: "\(directory.data)/secret", encoding: .utf8) == secret)
        #expect(second.terminate() == .exited(0))
        func mode(_ path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        #expect(try mode("\(directory.data)/secret") == 0o600)
        #expect(try mode(directory.data) == 0o700)
    }

    // MARK: Who may use a directory

    @Test func `a directory that another process has is refused, and that one is named`() throws {
        let directory = try ServedDirectory()
        let server = try directory.serve()
        let (code, words) = try directory.refusal("--listen", "tcp://127.0.0.1:0")
        #expect(code == 75)
        #expect(words.contains("\(directory.data) is in use by process \(server.pid)"))
        let check = try directory.check()
        #expect(check.code == 75)
        #expect(check.words.contains("process \(server.pid)"))
        // The lock is its process's, not its file's.
        server.kill()
        #expect(try directory.serve().terminate() == .exited(0))
    }

    @Test func `another deployment's directory is refused`() throws {
        let directory = try ServedDirectory()
        let server = try directory.serve()
        _ = try directory.client().ask(Self.views(of: "anna", 0, sequence: 1))
        #expect(server.terminate() == .exited(0))
        let secret = temporaryPath("secret")
        defer { removeFile(secret) }
        try Data(String(repeating: "0f", count: 16).utf8).write(to: URL(fileURLWithPath: secret))
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o600], ofItemAtPath: secret)
        let (code, words) = try directory.refusal("--secret-file", secret)
        #expect(code == 75)
        #expect(words.contains("belongs to deployment"))
        #expect(words.contains("--data"))
        // Nothing was changed by that.
        #expect(try directory.check().code == 0)
        let again = try directory.serve()
        #expect(try directory.client().sessions(of: "anna").count == 1)
        #expect(again.terminate() == .exited(0))
    }

    @Test func `a directory of a newer format is refused`() throws {
        let directory = try ServedDirectory()
        #expect(try directory.serve().terminate() == .exited(0))
        try directory.edit("\(directory.data)/deployment") { bytes in
            bytes = Data(
                String(decoding: bytes, as: UTF8.self)
                    .replacing("sojourn data 1", with: "sojourn data 2").utf8)
        }
        let (code, words) = try directory.refusal()
        #expect(code == 65)
        #expect(words.contains("written by a newer version of sojourn (format 2)"))
    }

    @Test func `a segment of a newer format is refused`() throws {
        let directory = try ServedDirectory()
        let server = try directory.serve()
        _ = try directory.client().ask(Self.views(of: "anna", 0, sequence: 1))
        #expect(server.terminate() == .exited(0))
        try directory.edit(try directory.lastSegment()) { bytes in
            var header = Array(bytes[0..<64])
            header.put(UInt16(3), at: 4)
            header.put(CRC32C.checksum(of: unsafe header.span.bytes.extracting(0..<60)), at: 60)
            bytes.replaceSubrange(0..<64, with: header)
        }
        let (code, words) = try directory.refusal()
        #expect(code == 65)
        #expect(words.contains("written by a newer version of sojourn (format 3)"))
    }

    @Test func `durability needs a directory`() throws {
        let server = try ServerProcess(
            serve: ["--durability", "disk", "--listen", "tcp://127.0.0.1:*"],
            log: temporaryPath("log"))
        defer { removeFile(server.logPath) }
        #expect(try server.code() == 78)
        #expect(server.log.contains("--data DIR"))
    }

    // MARK: Damage

    /// A directory with five batches of one visitor each, answered one by one; nobody has it.
    private static func fiveBatches() throws -> ServedDirectory {
        let directory = try ServedDirectory()
        let server = try directory.serve()
        let client = try directory.client()
        for number in 1...5 {
            let frame = views(of: "visitor \(number)", Int64(number), sequence: UInt64(number))
            #expect(try readError(client.ask(frame)) == nil)
        }
        server.kill()
        return directory
    }

    private static func known(_ client: borrowing TestClient) throws -> [Int] {
        try (1...5).filter { try !client.sessions(of: "visitor \($0)").isEmpty }
    }

    @Test func `damage in the middle stops the start, and a repair keeps what is whole`() throws {
        let directory = try Self.fiveBatches()
        let segment = try directory.lastSegment()
        try directory.edit(segment) { bytes in
            // Records have one size here, but for the policy's, which is the first.
            let end = (bytes.lastIndex { $0 != 0 } ?? 0) + 1
            bytes[end * 3 / 4] ^= 4
        }
        let (code, words) = try directory.refusal()
        #expect(code == 65)
        #expect(words.contains("\(segment) is damaged at byte"))
        #expect(words.contains("sojourn check --data DIR --repair"))
        let check = try directory.check()
        #expect(check.code == 65)
        #expect(check.words.contains("DAMAGED"))
        // Looking changes nothing.
        #expect(try directory.refusal().code == 65)

        let repair = try directory.check(repair: true)
        #expect(repair.code == 0)
        #expect(repair.words.contains("put aside as damaged-"))
        #expect(repair.words.contains("lost: records"))
        let server = try directory.serve()
        let client = try directory.client()
        let known = try Self.known(client)
        #expect((1...4).contains(known.count) && known == Array(1...known.count))
        // It goes on from there: what was lost is sent again, as the numbers allow.
        for number in 1...5 {
            let frame = Self.views(
                of: "visitor \(number)", Int64(number), sequence: UInt64(number))
            #expect(try readError(client.ask(frame)) == nil)
        }
        #expect(try Self.known(client) == Array(1...5))
        #expect(server.terminate() == .exited(0))
        #expect(try directory.check().code == 0)
    }

    @Test(arguments: [1, 7, 40, 130])
    func `a torn tail is cut off and told`(bytesLost: Int) throws {
        let directory = try Self.fiveBatches()
        try directory.edit(try directory.lastSegment()) { bytes in
            let end = (bytes.lastIndex { $0 != 0 } ?? 0) + 1
            bytes.removeSubrange((end - bytesLost)...)
        }
        let check = try directory.check()
        #expect(check.code == 0)
        #expect(check.words.contains("torn"))
        let server = try directory.serve()
        #expect(server.log.contains("which nobody was told of"))
        #expect(try Self.known(directory.client()) == [1, 2, 3, 4])
        #expect(server.terminate() == .exited(0))
        // It is told once.
        let next = try directory.serve()
        #expect(!next.log.contains("which nobody was told of"))
        #expect(try Self.known(directory.client()) == [1, 2, 3, 4])
    }

    // MARK: Another configuration

    @Test func `a policy that changes over a restart is valid from then on`() throws {
        let directory = try ServedDirectory()
        var server = try directory.serve(timeout: "30m")
        var client = try directory.client()
        let first = Self.views(of: "anna", 0, 20, sequence: 1)
        let reply = try client.ask(first)
        #expect(try client.sessions(of: "anna").map(\.events) == [2])
        server.kill()

        server = try directory.serve(timeout: "10m")
        client = try directory.client()
        #expect(try client.sessions(of: "anna").map(\.events) == [2])
        _ = try client.ask(Self.views(of: "anna", 29, sequence: 2))
        _ = try client.ask(Self.views(of: "anna", 39, sequence: 3))
        let sessions = try client.sessions(of: "anna")
        #expect(sessions.map(\.events) == [3, 1])
        server.kill()

        // A journal of two policies, replayed under a third.
        server = try directory.serve(timeout: "1h")
        client = try directory.client()
        let after = try client.sessions(of: "anna")
        #expect(after.map(\.id) == sessions.map(\.id))
        #expect(after.map(\.events) == [3, 1])
        #expect(try client.ask(first) == reply)
        _ = try client.ask(Self.views(of: "anna", 98, sequence: 4))
        #expect(try client.sessions(of: "anna").map(\.events) == [3, 2])
    }

    @Test func `a property may go and come back, and others may come`() throws {
        let directory = try ServedDirectory()
        func configure(_ properties: [Int]) throws {
            try directory.configure(
                "properties:\n" + properties.map { "  - id: \($0)\n" }.joined())
        }
        func ask(_ property: UInt32, sequence: UInt64) throws -> ErrorCode? {
            let frame = Self.views(of: "anna", 0, sequence: sequence, property: property)
            return try readError(directory.client().ask(frame))?.code
        }
        try configure([1, 2])
        var server = try directory.serve()
        #expect(try ask(1, sequence: 1) == nil)
        #expect(try ask(2, sequence: 2) == nil)
        let shop = try directory.client().sessions(of: "anna", property: 2)
        server.kill()

        try configure([3, 1])
        server = try directory.serve()
        #expect(try ask(2, sequence: 3) == .unknownProperty)
        #expect(try ask(3, sequence: 4) == nil)
        #expect(try directory.client().sessions(of: "anna").map(\.events) == [1])
        server.kill()

        try configure([1, 2, 3])
        server = try directory.serve()
        #expect(try directory.client().sessions(of: "anna", property: 2) == shop)
        #expect(try directory.client().sessions(of: "anna", property: 3).count == 1)
        #expect(try ask(2, sequence: 5) == nil)
        #expect(server.terminate() == .exited(0))
    }
}
