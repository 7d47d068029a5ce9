import Foundation
import SojournClient
import SojournModel
import SojournTestKit
import Testing

/// Archives that are killed, cut off or full, under a real service.
@Suite(.serialized, .timeLimit(.minutes(5))) struct SharedArchiveTests {
    private static let minute: Int64 = 60_000

    private func gauge(_ name: String, _ client: SojournClient) async throws -> Int64? {
        try await client.status().gauges.first { $0.name == name }?.value
    }

    private func wait(
        _ client: SojournClient, until name: String, is value: Int64
    ) async throws {
        for _ in 0..<500 {
            if try await gauge(name, client) == value { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("\(name) is never \(value)")
    }

    /// A client that takes the first word of a refusal that may be over later, and does not ask again for
    /// half a minute.
    private func impatientClient(_ directory: ServedDirectory) async throws -> SojournClient {
        var options = SojournClient.Options()
        options.timeout = .seconds(2)
        return try await SojournClient.connect(to: directory.endpoint, options: options)
    }

    /// The ids of all finished sessions, as FETCH hands them out.
    private func finished(_ client: SojournClient) async throws -> [SessionID] {
        var ids: [SessionID] = []
        var cursor = FeedCursor.start
        while true {
            let page = try await client.fetch(after: cursor, atMost: 1_000)
            for entry in page.entries {
                if case .finished(let session, _) = entry.content { ids.append(session.id) }
            }
            cursor = page.cursor
            if !page.hasMore { return ids }
        }
    }

    private func expectEachOnce(_ count: Int, _ client: SojournClient) async throws {
        try await wait(client, until: "live_visitors", is: 1)
        try await wait(client, until: "archive_waiting_bytes", is: 0)
        let ids = try await finished(client)
        #expect(ids.count == count)
        #expect(Set(ids).count == count)
        #expect(try await client.report(ReportQuestion(.summary)).total?.sessions == count + 1)
    }

    @Test
    func `sessions are archived once in a shared database, whenever service or database is killed`()
        async throws
    {
        let database = try PostgresServer()
        let directory = try ServedDirectory()
        try directory.configure(
            """
            archive: {postgres: "\(database.address)"}
            limits: {segmentBytes: 64KiB, snapshotBytes: 64KiB}
            """)
        var traffic = HourlyTraffic()
        for round in 0..<5 {
            let server = try directory.serve(durability: "os")
            let client = try await SojournClient.connect(to: directory.endpoint)
            try await traffic.send(8, to: client)
            if round % 2 == 1 {
                database.stop()
                try await traffic.send(4, to: client)
                try database.start()
            }
            await client.close()
            server.kill()
        }
        let server = try directory.serve(durability: "os")
        let client = try await SojournClient.connect(to: directory.endpoint)
        try await traffic.end(at: client)
        try await expectEachOnce(traffic.sessions, client)
        await client.close()
        #expect(server.terminate() == .exited(0))
        #expect(!server.log.contains("passfile"))
        let rows = try database.query(
            "SELECT count(*), count(DISTINCT id) FROM sojourn.session_text")
        #expect(rows == ["\(traffic.sessions)|\(traffic.sessions)"])
    }

    @Test func `while the database is away the service assigns, says so, and catches up by itself`()
        async throws
    {
        let database = try PostgresServer()
        let directory = try ServedDirectory()
        let server = try directory.launch("--archive", database.address)
        try server.waitUntilListening()
        let client = try await SojournClient.connect(to: directory.endpoint)
        var traffic = HourlyTraffic()
        try await traffic.send(4, to: client)
        #expect(try await client.report(ReportQuestion(.summary)).total?.sessions == 160)

        database.stop()
        try await traffic.send(4, to: client)
        try await wait(client, until: "archive_writable", is: 0)
        #expect(try await gauge("archive_waiting_bytes", client) ?? 0 > 0)
        let other = try await impatientClient(directory)
        await #expect {
            _ = try await other.report(ReportQuestion(.summary))
        } throws: {
            ($0 as? SojournError)?.refusal?.code == .archiveUnavailable
                && ($0 as? SojournError)?.refusal?.retryAfter != nil
        }
        await other.close()
        try await Task.sleep(for: .milliseconds(60))
        #expect(try await gauge("archive_lag_milliseconds", client) ?? 0 > 0)

        try database.start()
        try await wait(client, until: "archive_writable", is: 1)
        try await traffic.end(at: client)
        try await expectEachOnce(traffic.sessions, client)
        #expect(server.log.contains("the archive is written again"))
        await client.close()
        #expect(server.terminate() == .exited(0))
    }

    @Test func `a database that hangs does not keep the service from ending`() async throws {
        let database = try PostgresServer()
        let directory = try ServedDirectory()
        let server = try directory.launch("--archive", database.address)
        try server.waitUntilListening()
        let client = try await SojournClient.connect(to: directory.endpoint)
        var traffic = HourlyTraffic()
        try await traffic.send(2, to: client)
        _ = try await client.report(ReportQuestion(.summary))
        database.freeze(true)
        try await traffic.send(2, to: client)
        let question = Task { try await client.report(ReportQuestion(.summary)) }
        try await Task.sleep(for: .milliseconds(500))
        #expect(try await gauge("live_visitors", client) ?? 0 > 0)
        server.signal(SIGTERM)
        #expect(try server.end(within: .seconds(10)) == .exited(0))
        await client.close()
        _ = await question.result
        database.freeze(false)
        // What was not archived comes from the journal.
        let next = try directory.launch("--archive", database.address)
        try next.waitUntilListening()
        let again = try await SojournClient.connect(to: directory.endpoint)
        try await traffic.end(at: again)
        try await expectEachOnce(traffic.sessions, again)
        await again.close()
        #expect(next.terminate() == .exited(0))
    }

    @Test func `a password on the command line is refused, and one in a file is not shown`() throws
    {
        let directory = try ServedDirectory()
        let (code, words) = try directory.refusal(
            "--archive", "postgresql://anna:s3cret@127.0.0.1/shop")
        #expect(code == 64)
        #expect(words.contains("PGPASSFILE"))
        try directory.configure(
            "archive: {postgres: 'postgresql://anna:s3cret@127.0.0.1:1/shop'}")
        let (unreachable, said) = try directory.refusal()
        #expect(unreachable == 74)
        #expect(said.contains("postgresql://anna@127.0.0.1:1/shop"))
        #expect(!said.contains("s3cret"))
    }

    // MARK: A disk that is full

    private static let canMount: Bool = {
        guard geteuid() == 0, let directory = try? ServedDirectory() else { return false }
        let folder = "\(directory.folder)/mount"
        return (try? directory.run("mkdir", folder)) != nil
            && (try? directory.run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder)) != nil
            && (try? directory.run("umount", folder)) != nil
    }()

    @Test(.enabled(if: canMount, "only who may mount a file system can fill one"))
    func `an archive whose disk is full waits, reports stay whole, and nothing is lost or doubled`()
        async throws
    {
        let directory = try ServedDirectory()
        let folder = "\(directory.folder)/archive"
        try directory.run("mkdir", folder)
        try directory.run("mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder)
        defer { _ = try? directory.run("umount", "-l", folder) }
        try directory.configure(
            "archive: {file: \(folder)/archive.db}\nlimits: {archiveQueueBytes: 1MiB}")
        var server = try directory.serve(durability: "os")
        var client = try await SojournClient.connect(to: directory.endpoint)
        var traffic = HourlyTraffic()
        try await traffic.send(4, to: client)
        try await wait(client, until: "archive_waiting_bytes", is: 0)
        try directory.run(
            "sh", "-c", "dd if=/dev/zero of=\(folder)/ballast bs=4k 2>/dev/null; true")
        // New texts, so that the file must grow.
        try await traffic.send(20, to: client, pages: 10_000)
        try await wait(client, until: "archive_writable", is: 0)
        // Batches are taken all the same, and reports count what waits.
        try await traffic.send(2, to: client)
        let total = try await client.report(ReportQuestion(.summary)).total
        #expect(total?.sessions == traffic.sessions)
        #expect(try await gauge("archive_refusals_total", client) ?? 0 > 0)

        // Until no more may wait: then batches are refused, and may be sent again.
        for _ in 0..<400 where try await gauge("archive_available", client) == 1 {
            try await traffic.send(1, to: client, pages: 10_000)
        }
        let other = try await impatientClient(directory)
        await #expect {
            try await traffic.send(1, to: other)
        } throws: {
            ($0 as? SojournError)?.refusal?.code == .archiveUnavailable
                && ($0 as? SojournError)?.refusal?.retryAfter != nil
        }
        await other.close()
        #expect(try await gauge("archive_available", client) == 0)

        // A kill in the middle of it takes nothing away.
        await client.close()
        server.kill()
        server = try directory.serve(durability: "os")
        client = try await SojournClient.connect(to: directory.endpoint)
        try directory.run("rm", "\(folder)/ballast")
        try directory.run("mount", "-o", "remount,size=64m", folder)
        try await wait(client, until: "archive_writable", is: 1)
        try await wait(client, until: "archive_available", is: 1)
        try await traffic.end(at: client)
        try await expectEachOnce(traffic.sessions, client)
        await client.close()
        #expect(server.terminate() == .exited(0))
    }

    // MARK: Live sessions

    @Test func `a report over many live sessions counts each once while events come in`()
        async throws
    {
        let directory = try ServedDirectory()
        let server = try directory.serve(durability: "os", timeout: "2s")
        let client = try await SojournClient.connect(to: directory.endpoint)
        let start = Int64(Date().timeIntervalSince1970) * 1_000 - 20 * Self.minute
        let visitors = 60_000
        func send(_ visitors: Range<Int>, after milliseconds: Int64) async throws {
            for first in stride(from: visitors.lowerBound, to: visitors.upperBound, by: 5_000) {
                _ = try await client.assign(
                    (first..<min(first + 5_000, visitors.upperBound)).map {
                        Event(
                            visitor: "\($0)", time: EventTime(milliseconds: start + milliseconds),
                            kind: .view, name: "/p/\($0 % 100)")
                    })
            }
        }
        try await send(0..<visitors, after: 0)
        let other = try await SojournClient.connect(to: directory.endpoint)
        let reports = Task {
            var totals: [SessionFigures] = []
            for _ in 0..<12 {
                if let total = try await other.report(ReportQuestion(.summary)).total {
                    totals.append(total)
                }
            }
            return totals
        }
        // Time moves over the end of all sessions, so that they are filed again, and finished, while they
        // are counted.
        for step in 1...20 {
            try await send(0..<1, after: Int64(step) * 60_000)
        }
        for total in try await reports.value {
            // One visitor alone opens new sessions meanwhile.
            #expect((visitors...visitors + 20).contains(total.sessions))
            #expect(total.visitors == visitors)
            #expect((visitors...visitors + 20).contains(total.views))
        }
        #expect(try await gauge("report_longest_pause_microseconds", client) ?? 0 > 0)
        await other.close()
        await client.close()
        #expect(server.terminate() == .exited(0))
    }
}
