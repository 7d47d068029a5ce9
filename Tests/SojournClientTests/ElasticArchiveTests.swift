import Foundation
import SojournClient
import SojournModel
import SojournTestKit
import Testing

/// Workers that share partitions over NATS, and one PostgreSQL for what is finished.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ElasticArchiveTests {
    private func rows(_ database: PostgresServer, until wanted: Int) async throws -> [String] {
        let sql = "SELECT count(*), count(DISTINCT id) FROM sojourn.session_text"
        for _ in 0..<600 {
            let rows = try database.query(sql)
            if rows == ["\(wanted)|\(wanted)"] { return rows }
            try await Task.sleep(for: .milliseconds(50))
        }
        return try database.query(sql)
    }

    /// Adds the ids of the sessions that were finished behind the cursor, as a router hands them out.
    private func fetch(
        _ client: SojournClient, from cursor: inout FeedCursor, into ids: inout [SessionID]
    ) async throws {
        while true {
            let page = try await client.fetch(after: cursor, atMost: 500)
            // Each partition has an order of its own.
            #expect(page.firstPartition == page.lastPartition)
            for entry in page.entries {
                if case .finished(let session, _) = entry.content { ids.append(session.id) }
            }
            cursor = page.cursor
            if !page.hasMore { return }
        }
    }

    @Test
    func `sessions are archived once, whoever is killed, frozen, told to end or away for a while`()
        async throws
    {
        let database = try PostgresServer()
        let service = try ElasticService(
            configuration: """
                archive: {postgres: "\(database.address)"}
                """)
        var (first, second) = (try service.worker("a"), try service.worker("b"))
        try first.waitUntilLogged("claimed with epoch")
        let router = try service.router()
        try router.waitUntilLogged("all 4 partitions have a worker")
        var options = SojournClient.Options()
        options.connectTimeout = .seconds(30)
        options.timeout = .seconds(60)
        options.attempts = 30
        let client = try await SojournClient.connect(to: service.endpoint, options: options)
        var traffic = HourlyTraffic()
        var cursor = FeedCursor.start
        var fetched: [SessionID] = []
        for round in 0..<2 {
            try await traffic.send(60, to: client)
            // What others take over they archive from the log, and it goes on.
            first.kill()
            try await traffic.send(20, to: client)
            first = try service.worker("a")
            try await traffic.send(20, to: client)
            // Handed over.
            #expect(second.terminate() == .exited(0))
            try await traffic.send(20, to: client)
            second = try service.worker("b")
            // A zombie has to leave what it had to others.
            first.signal(SIGSTOP)
            try await traffic.send(20, to: client)
            first.signal(SIGCONT)
            if round == 1 {
                database.stop()
                // Partitions are served, and change hands, without the database: no snapshot counts that is
                // ahead of the archive.
                try await traffic.send(60, to: client, padding: 1_000)
                second.kill()
                try await traffic.send(20, to: client)
                second = try service.worker("b")
                try database.start()
            }
            // Places are the same for whoever has a partition, so a reader goes on behind where it was.
            try await fetch(client, from: &cursor, into: &fetched)
        }
        try await traffic.end(at: client, visitors: 40)
        #expect(
            try await rows(database, until: traffic.sessions)
                == ["\(traffic.sessions)|\(traffic.sessions)"])
        try await fetch(client, from: &cursor, into: &fetched)
        #expect(fetched.count == traffic.sessions)
        #expect(Set(fetched).count == traffic.sessions)
        // The facts that reports read are as many.
        let facts = try database.query("SELECT sum(sessions) FROM sojourn.hour")
        #expect(facts == ["\(traffic.sessions)"])
        // With those that the end brought, one of each of as many visitors.
        let total = try await client.report(ReportQuestion(.summary)).total
        #expect(total?.sessions == traffic.sessions + 40)
        #expect(total?.visitors == traffic.sessions + 40)
        let writers = try database.query("SELECT partitions FROM sojourn.writer ORDER BY 1")
        #expect(writers == (0..<4).map { "\($0)-\($0)/4" })
        await client.close()
        #expect(router.terminate() == .exited(0))
        #expect(first.terminate() == .exited(0) && second.terminate() == .exited(0))
    }

    @Test func `what the log has not acknowledged is not archived`() async throws {
        let database = try PostgresServer()
        let service = try ElasticService(options: ["--archive", database.address])
        let worker = try service.worker("a")
        try worker.waitUntilLogged("claimed with epoch")
        let router = try service.router()
        try router.waitUntilLogged("all 4 partitions have a worker")
        var options = SojournClient.Options()
        options.timeout = .seconds(60)
        options.attempts = 30
        let client = try await SojournClient.connect(to: service.endpoint, options: options)
        var traffic = HourlyTraffic()
        try await traffic.send(5, to: client)
        // Each batch finishes the sessions of the one before.
        let before = traffic.sessions - 40
        #expect(try await rows(database, until: before) == ["\(before)|\(before)"])
        service.freezeLog(true)
        let sent = Task { [traffic] in
            var traffic = traffic
            try await traffic.send(1, to: client)
        }
        // They are finished in the worker's memory by now, and were handed over if that were all.
        try await Task.sleep(for: .milliseconds(2_500))
        #expect(
            try database.query("SELECT count(*) FROM sojourn.session_text") == ["\(before)"])
        service.freezeLog(false)
        try await sent.value
        let after = traffic.sessions
        #expect(try await rows(database, until: after) == ["\(after)|\(after)"])
        await client.close()
        #expect(router.terminate() == .exited(0) && worker.terminate() == .exited(0))
    }

    @Test func `a file is refused, and a worker without an archive says that it has none`() throws {
        let service = try ElasticService()
        let refused = try service.worker("a", options: ["--archive", "/tmp/archive.db"])
        #expect(try refused.code() == 78)
        #expect(refused.log.contains("name a PostgreSQL database that all workers share"))
        let worker = try service.worker("b")
        try worker.waitUntilLogged("finished sessions are not kept")
        #expect(worker.terminate() == .exited(0))
    }
}
