import Foundation
import Glibc
import SojournJournal
import SojournModel
import SojournServer
import SojournService
import SojournTestKit
import SojournWire
import Testing
import ZeroMQ

/// What readers of the feed get, over real sockets.
@Suite(.serialized, .timeLimit(.minutes(3))) struct FeedTests {
    private static let hour: Int64 = 3_600_000

    private static func server(
        _ change: (inout ServerConfiguration) -> Void = { _ in }
    ) throws -> SojournServer {
        try SojournServer {
            $0.feed = FeedSettings(listens: ["tcp://127.0.0.1:*"])
            $0.service.properties = [1, 2].map {
                ServiceProperty(id: PropertyID($0), name: "p\($0)")
            }
            change(&$0)
        }
    }

    /// Three sessions are opened, one of them merged away, and time goes by until two are finished.
    private static func live(_ client: borrowing TestClient, property: UInt32 = 1) throws {
        let start = currentMilliseconds() - 5 * hour
        func send(_ events: [TestEvent]) throws {
            let reply = try client.ask(assignFrame(events, property: PropertyID(property)))
            if let error = try readError(reply) { throw UnexpectedError(error: error) }
        }
        try send([TestEvent("anna", start, name: "/a"), TestEvent("ben", start, name: "/b")])
        try send([TestEvent("anna", start + 35 * 60_000, name: "/c")])
        try send([TestEvent("anna", start + 20 * 60_000, name: "/late")])
        try send([TestEvent("cleo", start + 4 * hour)])
    }

    @Test(arguments: [false, true], [false, true])
    func `sessions are told when they are opened, part of another, and finished`(
        isJournaled: Bool, isArchived: Bool
    ) throws {
        let folder = temporaryPath("feed")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { removeFile(folder) }
        let server = try Self.server {
            if isJournaled { $0.journal = JournalSettings(directory: folder, durability: .os) }
            if isArchived { $0.archive = ArchiveSettings(.file("\(folder)/archive.db")) }
        }
        let client = try TestClient(server)
        let reader = try FeedSubscriber(server.feedEndpoints[0], [1])
        try reader.greet()
        try Self.live(client)
        let entries = try reader.entries(7)
        let told = entries.map(\.told.what)
        #expect(told.filter { $0 == "opened" }.count == 4)
        #expect(told.filter { $0 == "revised" }.count == 1)
        #expect(told.filter { $0 == "finished" }.count == 2)
        // Every session that was told of began with being opened.
        var open: Set<SessionID> = []
        for entry in entries {
            let (what, id) = entry.told
            if what == "opened" {
                open.insert(id)
            } else {
                #expect(open.remove(id) != nil)
            }
        }
        #expect(open.count == 1)
        #expect(entries.map(\.place) == entries.map(\.place).sorted())
        guard case .opened(let first, let visitor) = entries[0].content else {
            Issue.record("the first entry is no opened session")
            return
        }
        #expect(["/a", "/b"].contains(first.landingPage) && first.views == 1)
        #expect(visitor.bits != Bits128(high: 0, low: 0))
        let finished = entries.compactMap { entry in
            if case .finished(let session, _) = entry.content { session.landingPage } else { nil }
        }
        #expect(finished.sorted() == ["/a", "/b"])
        if isArchived {
            // The place is one of FETCH: nothing that it hands out behind it was told before.
            let last = try #require(entries.last { $0.told.what == "finished" })
            #expect(last.place.position > 0)
        }
        let isCounted = try client.waits { $0["feed_entries_total"] == 7 }
        #expect(isCounted)
        let gauges = try client.gauges()
        #expect(gauges["feed_connections"] == 1)
        #expect(gauges["feed_subscriptions_total"] == 1)
        #expect(gauges["feed_messages_total"] ?? 0 >= 2)
    }

    @Test
    func `a service with a feed tells a reader, and what it has gathered when it is told to stop`()
        throws
    {
        let directory = try ServedDirectory()
        let feed = "ipc://\(directory.folder)/feed"
        let server = try directory.launch("--feed", feed)
        try server.waitUntilListening()
        #expect(server.log.contains("feed at \(feed)"))
        let client = try directory.client()
        let reader = try FeedSubscriber(feed, [1])
        try reader.greet()
        try Self.live(client)
        let told = try reader.entries(7).map(\.told)
        #expect(told.count { $0.what == "opened" } == 4)
        #expect(told.count { $0.what == "finished" } == 2)

        // Answered, and not yet published: sessions are gathered for a while.
        let frame = assignFrame([TestEvent("dora", currentMilliseconds(), name: "/last")])
        #expect(try readError(client.ask(frame)) == nil)
        #expect(server.terminate() == .exited(0))
        let last = try reader.entries(1)
        guard case .opened(let session, _) = last[0].content else {
            Issue.record("\(last)")
            return
        }
        #expect(session.landingPage == "/last")
        #expect(server.log.contains("signal \(SIGTERM): stops"))
    }

    @Test func `messages are numbered without gaps, and one message has many sessions`() throws {
        let server = try Self.server()
        let client = try TestClient(server)
        let reader = try FeedSubscriber(server.feedEndpoints[0], [1])
        try reader.greet()
        let now = currentMilliseconds()
        for round in 0..<5 {
            let events = (0..<5_000).map { TestEvent("\(round)-\($0)", now, name: "/page\($0)") }
            #expect(try readError(client.ask(assignFrame(events))) == nil)
        }
        var numbers: [UInt64] = []
        var entries = 0
        while entries < 25_000 {
            let message = try reader.receive()
            #expect(message.property == PropertyID(1))
            if message.entries.isEmpty {
                if let last = numbers.last { #expect(message.number == last) }
                continue
            }
            numbers.append(message.number)
            entries += message.entries.count
        }
        #expect(entries == 25_000)
        #expect(numbers == (0..<UInt64(numbers.count)).map { numbers[0] + $0 })
        #expect(numbers.count < 50)
        // What is large is told in parts.
        #expect(numbers.count > 5)
    }

    @Test func `who was away sees that it may have missed something`() throws {
        let server = try Self.server()
        let client = try TestClient(server)
        var last: UInt64 = 0
        do {
            let reader = try FeedSubscriber(server.feedEndpoints[0], [1])
            try reader.greet()
            #expect(try client.assignsRightly("a"))
            last = try reader.next().number
        }
        let isAlone = try client.waits { $0["feed_connections"] == 0 }
        #expect(isAlone)
        #expect(try client.assignsRightly("b"))
        let reader = try FeedSubscriber(server.feedEndpoints[0], [1])
        try reader.greet()
        #expect(try client.assignsRightly("c"))
        let message = try reader.next()
        #expect(message.number > last + 1)
        #expect(message.entries.count == 1)
    }

    @Test func `a reader that does not read is passed over, and others get everything`() throws {
        let server = try Self.server { $0.feed?.readerMessagesMax = 16 }
        let client = try TestClient(server)
        let lazy = try FeedSubscriber(
            server.feedEndpoints[0], [1], receiveHighWaterMark: 1)
        let reader = try FeedSubscriber(server.feedEndpoints[0], [1])
        try lazy.greet()
        try reader.greet()
        let page = String(repeating: "x", count: 2_000)
        var told = 0
        // Until the buffers of the system are full as well.
        var isPassedOver = false
        for round in 0..<400 where !isPassedOver {
            let now = currentMilliseconds()
            let events = (0..<500).map {
                TestEvent("\(round)-\($0)", now, name: "/\($0)\(page)")
            }
            #expect(try readError(client.ask(assignFrame(events))) == nil)
            while told < (round + 1) * 500 { told += try reader.next().entries.count }
            isPassedOver = try client.gauges()["feed_messages_unread_total"] ?? 0 > 0
        }
        #expect(isPassedOver)
        // What it gets then has a gap.
        var number: UInt64?
        var hasGap = false
        for _ in 0..<10_000 where !hasGap {
            let message = try lazy.receive()
            if let number {
                hasGap = message.number > number + (message.entries.isEmpty ? 0 : 1)
            }
            number = message.number
        }
        #expect(hasGap)
    }

    @Test func `what finds no room in the feed's queue is lost, counted, and missed by its number`()
        throws
    {
        let server = try Self.server { $0.feed?.queueBytesMax = 4_000 }
        let client = try TestClient(server)
        let reader = try FeedSubscriber(server.feedEndpoints[0], [1])
        try reader.greet()
        #expect(try client.assignsRightly("a"))
        let first = try reader.next()
        // More than the queue has room for, at once.
        let now = currentMilliseconds()
        let many = (0..<500).map { TestEvent("visitor \($0)", now, name: "/\($0)") }
        #expect(try readError(client.ask(assignFrame(many))) == nil)
        let isLost = try client.waits { $0["feed_lost_bytes_total"] ?? 0 > 4_000 }
        #expect(isLost)
        #expect(try client.assignsRightly("b"))
        let next = try reader.next()
        #expect(next.number > first.number + 1)
        #expect(next.entries.count == 1)
    }

    @Test func `only whole topics of properties that are there can be read`() throws {
        let server = try Self.server()
        let client = try TestClient(server)
        let greedy = try FeedSubscriber(
            server.feedEndpoints[0], [3],
            prefixes: [[], Array("SOJF".utf8), FeedTopic(PropertyID(1)).bytes + [83]],
            patienceMilliseconds: 2_500)
        let reader = try FeedSubscriber(server.feedEndpoints[0], [1])
        try reader.greet()
        #expect(try client.assignsRightly("a"))
        #expect(try reader.next().entries.count == 1)
        #expect(throws: NoReply.self) { try greedy.receive() }
        #expect(try client.gauges()["feed_subscriptions_refused_total"] == 4)
    }

    @Test func `a feed listens on loopback only, unless it is said otherwise`() throws {
        #expect(throws: ServerError.insecureListen("tcp://0.0.0.0:*")) {
            try SojournServer { $0.feed = FeedSettings(listens: ["tcp://0.0.0.0:*"]) }
        }
        let server = try SojournServer {
            $0.feed = FeedSettings(listens: ["tcp://0.0.0.0:*"])
            $0.allowsInsecureListen = true
        }
        #expect(server.feedEndpoints.count == 1)
    }

    @Test func `from the first heartbeat on a reader is told of everything`() throws {
        let properties = Array(1...8 as ClosedRange<UInt32>)
        let server = try Self.server {
            $0.service.properties = properties.map {
                ServiceProperty(id: PropertyID($0), name: "p\($0)")
            }
        }
        let client = try TestClient(server)
        for property in properties {
            // At another time between two heartbeats, and between two looks of the service.
            usleep(115_000 * property)
            let reader = try FeedSubscriber(server.feedEndpoints[0], [property])
            try reader.greet()
            let time = currentMilliseconds()
            _ = try client.ask(
                assignFrame([TestEvent("a", time)], property: PropertyID(property)))
            #expect(try reader.next().entries.count == 1)
        }
    }

    @Test func `an end publishes what was answered`() throws {
        let server = try Self.server()
        let client = try TestClient(server)
        let reader = try FeedSubscriber(server.feedEndpoints[0], [1])
        try reader.greet()
        #expect(try client.assignsRightly("a"))
        server.stop()
        #expect(try reader.next().entries.count == 1)
    }
}

/// Rights of the feed's readers.
@Suite(.serialized, .enabled(if: Curve.isAvailable), .timeLimit(.minutes(3)))
struct FeedRightsTests {
    private static func locked(
        _ change: (inout ServerConfiguration) -> Void = { _ in }
    ) throws -> LockedServer {
        try LockedServer {
            change(&$0)
            $0.feed = FeedSettings(listens: ["tcp://127.0.0.1:*"])
            $0.service.properties = [1, 2].map {
                ServiceProperty(id: PropertyID($0), name: "p\($0)")
            }
        }
    }

    private static func reader(
        _ locked: LockedServer, _ keys: Curve.KeyPair, _ properties: [UInt32],
        patienceMilliseconds: Int = 10_000
    ) throws -> FeedSubscriber {
        try FeedSubscriber(
            locked.server.feedEndpoints[0], properties,
            curve: .curveClient(serverKey: locked.publicKey, keys: keys),
            patienceMilliseconds: patienceMilliseconds)
    }

    private static func send(
        _ client: borrowing TestClient, _ visitor: String, _ property: UInt32
    ) throws {
        let frame = assignFrame(
            [TestEvent(visitor, currentMilliseconds())], property: PropertyID(property))
        if let error = try readError(client.ask(frame)) { throw UnexpectedError(error: error) }
    }

    @Test func `a reader gets the properties that it may read, and of others nothing at all`()
        throws
    {
        let locked = try Self.locked()
        let sender = try locked.client(locked.admit("shop", "write: all, admin: all")[0])
        let one = try Self.reader(locked, locked.admit("one", "read: [1]")[0], [1, 2, 9])
        let all = try Self.reader(locked, locked.admit("all", "read: all")[0], [1, 2])
        // Who may write and administer may not read.
        let none = try Self.reader(
            locked, locked.admit("none", "write: all, admin: all")[0], [1, 2],
            patienceMilliseconds: 2_500)
        let stranger = try Self.reader(
            locked, Curve.generateKeyPair(), [1, 2], patienceMilliseconds: 500)
        try one.greet()
        var heard: Set<UInt32> = []
        while heard.count < 2 { heard.insert(try all.receive().property.rawValue) }
        for round in 0..<3 {
            try Self.send(sender, "a\(round)", 1)
            try Self.send(sender, "b\(round)", 2)
        }
        var properties: [UInt32] = []
        while properties.count < 6 {
            properties += try all.next().entries.map(\.property.rawValue)
        }
        #expect(properties.sorted() == [1, 1, 1, 2, 2, 2])
        #expect(try one.entries(3).allSatisfy { $0.property == PropertyID(1) })
        // Heartbeats too are of what it may read.
        for _ in 0..<3 { #expect(try one.receive().property == PropertyID(1)) }
        #expect(throws: NoReply.self) { try none.receive() }
        #expect(throws: NoReply.self) { try stranger.receive() }
        let gauges = try sender.gauges()
        // Property 2 and one that is not there; 1 and 2 without a right.
        #expect(gauges["feed_subscriptions_refused_total"] == 4)
        #expect(gauges["feed_subscriptions_total"] == 3)
        #expect(gauges["connections_unauthorized_total"] ?? 0 >= 1)
    }

    @Test func `beyond the limit of connections no reader comes in until one goes`() throws {
        let locked = try Self.locked { $0.connectionsMax = 2 }
        let sender = try locked.client(locked.admit("shop", "write: all, admin: all")[0])
        let keys = try locked.admit("reader", "read: all")[0]
        let first = try Self.reader(locked, keys, [1])
        try first.greet()
        do {
            let second = try Self.reader(locked, keys, [1])
            try second.greet()
            let third = try Self.reader(locked, keys, [1], patienceMilliseconds: 1_500)
            #expect(throws: NoReply.self) { try third.receive() }
            #expect(try sender.gauges()["connections_too_many_total"] ?? 0 > 0)
        }
        let last = try Self.reader(locked, keys, [1])
        try last.greet()
        try Self.send(sender, "a", 1)
        #expect(try first.next().entries.count == 1)
        #expect(try last.next().entries.count == 1)
    }

    @Test func `a right that is taken back ends what a reader gets, and others go on`() throws {
        let locked = try Self.locked()
        let sender = try locked.client(locked.admit("shop", "write: all, admin: all")[0])
        let keys = try locked.admit("partner", "read: [1, 2]")
        let gone = try locked.admit("gone", "read: all")
        let partner = try Self.reader(locked, keys[0], [1, 2], patienceMilliseconds: 3_000)
        let former = try Self.reader(locked, gone[0], [1], patienceMilliseconds: 3_000)
        let other = try Self.reader(locked, locked.admit("other", "read: all")[0], [1])
        for reader in 0..<3 {
            switch reader {
            case 0: try partner.greet()
            case 1: try former.greet()
            default: try other.greet()
            }
        }
        try Self.send(sender, "a", 1)
        let before = try other.next()
        #expect(try partner.next().entries.count == 1)
        #expect(try former.next().entries.count == 1)

        // The partner may read the second property only, and the former reader nothing.
        try locked.change("partner", keys: keys, "read: [2]")
        try locked.change("gone", keys: [], "")
        let isRevoked = try sender.waits { $0["feed_revocations_total"] ?? 0 >= 1 }
        #expect(isRevoked)
        // Readers connect anew by themselves; what is sent meanwhile they miss.
        var (after, entries): (FeedMessage?, [FeedEntry]) = (nil, [])
        for round in 0..<100 where after == nil || entries.isEmpty {
            try Self.send(sender, "b\(round)", 1)
            try Self.send(sender, "c\(round)", 2)
            entries += try partner.receive().entries
            let message = try other.receive()
            if !message.entries.isEmpty { after = after ?? message }
        }
        // It was away, so it is told that it may have missed some.
        #expect(after?.stream == before.stream && after?.number ?? 0 > before.number + 1)
        #expect(!entries.isEmpty && entries.allSatisfy { $0.property == PropertyID(2) })
        for _ in 0..<3 { #expect(try partner.receive().property == PropertyID(2)) }
        // What was on its way when the file was read again were heartbeats; nothing has come since.
        for _ in 0..<10 {
            do { #expect(try former.receive().entries.isEmpty) } catch is NoReply { break }
        }
        #expect(throws: NoReply.self) { try former.receive() }
    }
}
