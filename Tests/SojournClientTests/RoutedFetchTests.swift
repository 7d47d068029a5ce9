import Foundation
import SojournClient
import SojournModel
import SojournTestKit
import Testing

/// What workers with an archive each have finished, as a router hands it out.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RoutedFetchTests {
    /// What was handed out, by first partition, in the order in which it came.
    private typealias Found = [Int: [FeedPage.Entry]]

    private static func everything(
        _ client: SojournClient, from cursor: inout FeedCursor, atMost count: Int = 1_000
    ) async throws -> Found {
        var found: Found = [:]
        while true {
            let page = try await client.fetch(after: cursor, atMost: count)
            #expect(page.entries.count <= count)
            found[page.firstPartition, default: []] += page.entries
            cursor = page.cursor
            if !page.hasMore { return found.filter { !$0.value.isEmpty } }
        }
    }

    /// Waits until the workers have finished so many sessions, and archived them.
    private static func wait(for sessions: Int, of cluster: RouterCluster) async throws {
        let clients = [
            try await SojournClient.connect(to: cluster.worker(0)),
            try await SojournClient.connect(to: cluster.worker(1)),
        ]
        for _ in 0..<1_000 {
            var (finished, waiting): (Int64, Int64) = (0, 0)
            for client in clients {
                let status = try await client.status()
                finished += status["sessions_finished_total"] ?? 0
                waiting += status["archive_waiting_bytes"] ?? 0
            }
            if finished == sessions, waiting == 0 {
                for client in clients { await client.close() }
                return
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("finished sessions are not archived")
    }

    private static func ids(_ found: Found) -> [SessionID] {
        found.values.joined().compactMap {
            if case .finished(let session, _) = $0.content { session.id } else { nil }
        }
    }

    private func export(_ endpoint: String, _ more: [String] = []) throws -> [String] {
        let log = "/tmp/sojourn-test-\(UInt64.random(in: 0 ... .max))"
        defer { _ = try? FileManager.default.removeItem(atPath: log) }
        let process = try ServerProcess(
            [ServerProcess.executable.path, "export", "--connect", endpoint] + more, log: log)
        guard try process.code() == 0 else { throw ServerProcess.Failure(process.log) }
        return process.log.split(separator: "\n").map(String.init)
    }

    @Test func `all that workers have finished comes through a router once, in the order of each`()
        async throws
    {
        let cluster = try RouterCluster(keepsData: true)
        let routed = try await SojournClient.connect(to: cluster.router())
        var cursor = FeedCursor.start
        // Nobody has finished anything.
        #expect(try await Self.everything(routed, from: &cursor) == [:])
        #expect(cursor == .start)
        var traffic = HourlyTraffic()
        try await traffic.send(20, to: routed)
        try await traffic.end(at: routed, visitors: 40)
        try await Self.wait(for: traffic.sessions, of: cluster)

        var direct: Found = [:]
        for number in 0...1 {
            let client = try await SojournClient.connect(to: cluster.worker(number))
            var cursor = FeedCursor.start
            let found = try await Self.everything(client, from: &cursor)
            #expect(Array(found.keys) == [32 * number])
            direct.merge(found) { _, new in new }
            // From the order of the other one it has nothing to give.
            cursor[32 - 32 * number] = FeedPlace(position: 1, index: 1)
            #expect(try await Self.everything(client, from: &cursor) == [:])
            await client.close()
        }
        for count in [7, 1_000] {
            cursor = .start
            let found = try await Self.everything(routed, from: &cursor, atMost: count)
            #expect(found == direct)
            for entries in found.values {
                #expect(entries.map(\.place) == entries.map(\.place).sorted())
            }
            let ids = Self.ids(found)
            #expect(ids.count == traffic.sessions && Set(ids).count == ids.count)
        }
        // Nothing more, and then what is new alone.
        let end = cursor
        #expect(try await Self.everything(routed, from: &cursor) == [:])
        #expect(cursor == end)
        let lines = try export(cluster.router())
        #expect(lines.count == traffic.sessions + 1)
        #expect(lines.last == "cursor \(end)")
        try await traffic.end(at: routed, visitors: 40)
        try await Self.wait(for: traffic.sessions + 40, of: cluster)
        let since = try export(cluster.router(), ["--since", "\(end)", "--format", "csv"])
        #expect(since.count == 1 + 40 + 1)
        let places = since.dropFirst().dropLast().map { $0.split(separator: ",")[0] }
        #expect(Set(places).count == 40)
        // Of the last visitors as many fall to each.
        #expect(places.count { $0.hasPrefix("0:") } == 19)
        #expect(places.count { $0.hasPrefix("32:") } == 21)
        await routed.close()
    }

    @Test func `while a worker is down its order waits, and nothing of it is lost or told twice`()
        async throws
    {
        let cluster = try RouterCluster(keepsData: true)
        var options = SojournClient.Options()
        options.timeout = .seconds(2)
        options.connectTimeout = .seconds(30)
        let routed = try await SojournClient.connect(to: cluster.router(), options: options)
        var traffic = HourlyTraffic()
        try await traffic.send(20, to: routed)
        try await traffic.end(at: routed, visitors: 40)
        try await Self.wait(for: traffic.sessions, of: cluster)
        var found: Found = [:]
        var cursor = FeedCursor.start
        for _ in 0..<2 {
            let page = try await routed.fetch(after: cursor, atMost: 50)
            found[page.firstPartition, default: []] += page.entries
            cursor = page.cursor
        }
        #expect(found.mapValues(\.count) == [0: 50, 32: 50])
        cluster.workers[1].kill()
        // The one that is there goes on.
        let page = try await routed.fetch(after: cursor, atMost: 50)
        #expect(page.firstPartition == 0 && page.entries.count == 50 && page.hasMore)
        found[0, default: []] += page.entries
        cursor = page.cursor
        let refused = try await failure(of: { _ = try await routed.fetch(after: cursor) })
        #expect(refused.refusal?.code == .unavailable)
        #expect(refused.refusal?.retryAfter != nil)

        let worker = try cluster.restart(worker: 1)
        let patient = try await SojournClient.connect(to: cluster.router())
        found.merge(try await Self.everything(patient, from: &cursor, atMost: 50)) { $0 + $1 }
        var again = FeedCursor.start
        #expect(try await Self.everything(patient, from: &again) == found)
        #expect(again == cursor)
        let ids = Self.ids(found)
        #expect(ids.count == traffic.sessions && Set(ids).count == ids.count)
        await routed.close()
        await patient.close()
        #expect(worker.terminate() == .exited(0))
    }
}
