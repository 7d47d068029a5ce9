import Foundation
import SojournArchive
import SojournClient
import SojournModel
import SojournTestKit
import Testing

/// Finished sessions of real processes, which end in every way, and what reports say of them.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ArchiveTests {
    private static let minute: Int64 = 60_000
    private static let morning = Int64(Date().timeIntervalSince1970) * 1_000 - 600 * minute

    private static func events(_ visitor: String, _ steps: (Int64, String)...) -> [Event] {
        steps.map {
            Event(
                visitor: visitor, time: EventTime(milliseconds: morning + $0.0 * minute),
                kind: $0.1 == "/basket" ? .action : .view, name: $0.1)
        }
    }

    @Test func `the definition: three pages and a basket, 30 minutes of nothing, two more actions`()
        async throws
    {
        let directory = try ServedDirectory()
        let server = try directory.serve()
        let client = try await SojournClient.connect(to: directory.endpoint)
        _ = try await client.assign(
            Self.events("anna", (0, "/a"), (1, "/b"), (2, "/c"), (3, "/basket")))
        var total = try #require(try await client.report(ReportQuestion(.summary)).total)
        #expect(total.sessions == 1 && total.visitors == 1)
        #expect(total.views == 3 && total.actions == 1)
        #expect(total.durationMilliseconds == 3 * Self.minute)

        _ = try await client.assign(
            Self.events("ben", (0, "/a"), (1, "/b"), (2, "/c"), (3, "/basket")))
        _ = try await client.assign(Self.events("ben", (33, "/basket"), (34, "/basket")))
        let answer = try await client.report(ReportQuestion(.summary))
        total = try #require(answer.total)
        #expect(total.sessions == 3 && total.visitors == 2)
        #expect(total.views == 6 && total.actions == 4)
        #expect(total.newVisitors == 2 && total.engagedSessions == 3)
        #expect(answer.liveSessions == 3)

        // Time goes by: the sessions are finished, and the report says the same.
        _ = try await client.assign(Self.events("cleo", (300, "/a")))
        for _ in 0..<200 {
            if try await client.status().gauges.contains(where: {
                $0.name == "sessions_finished_total" && $0.value == 3
            }) {
                break
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        var question = ReportQuestion(.summary)
        question.period.end = Self.morning + 100 * Self.minute
        let later = try await client.report(question)
        #expect(later.total == total)
        #expect(later.liveSessions == 0)
        let pages = try await client.report(ReportQuestion(.breakdown(.landingPage)))
        #expect(pages.rows.dropFirst().map(\.text) == ["/a", ""])
        #expect(pages.rows.dropFirst().map(\.figures.sessions) == [3, 1])
        await client.close()
        #expect(server.terminate() == .exited(0))
    }

    /// All that FETCH hands out.
    private func entries(_ client: SojournClient) async throws -> [FeedPage.Entry] {
        var entries: [FeedPage.Entry] = []
        var cursor = FeedCursor.start
        while true {
            let page = try await client.fetch(after: cursor, atMost: 100)
            entries += page.entries
            cursor = page.cursor
            if !page.hasMore { return entries }
        }
    }

    private func waitUntilArchived(_ client: SojournClient) async throws {
        for _ in 0..<500 {
            let gauges = try await client.status().gauges
            if gauges.contains(where: { $0.name == "archive_waiting_bytes" && $0.value == 0 }) {
                return
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("finished sessions are not archived")
    }

    @Test(arguments: ["os", "disk"])
    func `every finished session is archived once, whenever the service is killed`(
        durability: String
    ) async throws {
        let directory = try ServedDirectory()
        // Small segments and snapshots, so that the journal is trimmed all the time.
        try directory.configure(
            "limits: {segmentBytes: 64KiB, snapshotBytes: 64KiB}\n")
        var expected = 0
        var random = SplitMix64(seed: 7)
        var time = Self.morning - 20_000 * Self.minute
        for round in 0..<7 {
            let server = try directory.serve(durability: durability)
            let client = try await SojournClient.connect(to: directory.endpoint)
            for batch in 0..<(5 + Int(random.next() % 20)) {
                // Each batch comes an hour after the one before, and so finishes its sessions.
                time += 60 * Self.minute
                let events = (0..<40).map {
                    Event(
                        visitor: "\(round)-\(batch)-\($0)",
                        time: EventTime(milliseconds: time + Int64($0)), kind: .view,
                        name: "/\($0 % 7)")
                }
                _ = try await client.assign(events)
                expected += 40
            }
            await client.close()
            server.kill()
        }
        let server = try directory.serve(durability: durability)
        let client = try await SojournClient.connect(to: directory.endpoint)
        _ = try await client.assign([
            Event(
                visitor: "last", time: EventTime(milliseconds: time + 300 * Self.minute),
                kind: .view)
        ])
        for _ in 0..<500 {
            let gauges = try await client.status().gauges
            let live = gauges.first { $0.name == "live_visitors" }
            if live?.value == 1 { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        try await waitUntilArchived(client)
        var ids: [SessionID] = []
        for entry in try await entries(client) {
            if case .finished(let session, _) = entry.content { ids.append(session.id) }
        }
        #expect(ids.count == expected)
        #expect(Set(ids).count == expected)
        let total = try await client.report(ReportQuestion(.summary)).total
        #expect(total?.sessions == expected + 1)
        await client.close()
        #expect(server.terminate() == .exited(0))
    }

    @Test func `a forgotten visitor is gone, live and archived, also after a crash`() async throws {
        let directory = try ServedDirectory()
        var server = try directory.serve()
        var client = try await SojournClient.connect(to: directory.endpoint)
        _ = try await client.assign(Self.events("anna", (0, "/a")) + Self.events("ben", (0, "/b")))
        _ = try await client.assign(
            Self.events("anna", (300, "/a")) + Self.events("ben", (300, "/b")))
        _ = try await client.assign(Self.events("cleo", (301, "/c")))
        #expect(try await client.report(ReportQuestion(.summary)).total?.sessions == 5)
        #expect(try await client.forget(visitor: Array("anna".utf8)) == 1)
        #expect(try await client.forget(visitor: Array("nobody".utf8)) == 0)
        #expect(try await client.lookup(visitor: "anna").sessions.isEmpty)
        var pages = try await client.report(ReportQuestion(.breakdown(.landingPage)))
        #expect(pages.rows.dropFirst().map(\.text) == ["/b", "/c"])
        await client.close()
        server.kill()

        server = try directory.serve()
        client = try await SojournClient.connect(to: directory.endpoint)
        #expect(try await client.lookup(visitor: "anna").sessions.isEmpty)
        pages = try await client.report(ReportQuestion(.breakdown(.landingPage)))
        #expect(pages.rows.dropFirst().map(\.text) == ["/b", "/c"])
        // A visitor who comes back is a new one.
        let back = try await client.assign(Self.events("anna", (302, "/a")))
        #expect(back.assignments[0].details?.ordinal == 1)
        await client.close()
        #expect(server.terminate() == .exited(0))
    }

    @Test func `without an archive the answer says so`() async throws {
        let directory = try ServedDirectory()
        let server = try directory.launch("--archive", "off")
        try server.waitUntilListening()
        let client = try await SojournClient.connect(to: directory.endpoint)
        await #expect {
            _ = try await client.report(ReportQuestion(.summary))
        } throws: {
            ($0 as? SojournError)?.refusal?.code == .noArchive
        }
        await client.close()
        #expect(server.terminate() == .exited(0))
    }

    @Test func `an archive that is lost begins anew, and one of another deployment is refused`()
        async throws
    {
        let directory = try ServedDirectory()
        let server = try directory.serve()
        #expect(server.terminate() == .exited(0))
        for name in ["archive.db", "archive.db-wal", "archive.db-shm"] {
            remove("\(directory.data)/\(name)")
        }
        _ = try SQLiteArchive(
            path: "\(directory.data)/archive.db",
            deployment: DeploymentID(Bits128(high: 1, low: 2)))
        let (code, words) = try directory.refusal()
        #expect(code == 75)
        #expect(words.contains("belongs to deployment"))
        remove("\(directory.data)/archive.db")
        remove("\(directory.data)/archive.db-wal")
        remove("\(directory.data)/archive.db-shm")
        let again = try directory.serve()
        #expect(again.terminate() == .exited(0))
    }

    private func remove(_ path: String) { _ = try? FileManager.default.removeItem(atPath: path) }
}
