import Foundation
import SojournClient
import SojournTestKit
import Testing

/// The admin port of `sojourn route`.
@Suite(.serialized, .timeLimit(.minutes(2))) struct RouterPortTests {
    @Test func `a router tells of itself and its workers`() async throws {
        let cluster = try RouterCluster(routerOptions: ["--admin", "127.0.0.1:0"])
        let address = try #require(cluster.routers[0].adminAddress)
        try await eventually("ready") { try await get(address, "/readyz").status == 200 }
        #expect(try await get(address, "/healthz").status == 200)
        let client = try await SojournClient.connect(to: cluster.router())
        _ = try await client.assign(
            [Event(visitor: "anna", kind: .view), Event(visitor: "a", kind: .view)], property: 1)
        await client.close()

        let answer = try await get(address, "/metrics")
        #expect(answer.status == 200)
        for line in [
            "sojourn_up 1", "sojourn_workers_up 2", "sojourn_batches_split_total 1",
            "sojourn_worker_up{worker=\"1\"} 1", "sojourn_worker_parts_total{worker=\"0\"} 1",
            "sojourn_worker_parts_in_flight{worker=\"0\"} 0", "sojourn_partitions_up 64",
            "sojourn_batch_events_total 2",
            "sojourn_requests_total{operation=\"assign\"} 1",
            "sojourn_request_duration_seconds_bucket{le=\"+Inf\"} 2",
        ] { #expect(answer.body.contains("\n\(line)\n"), "\(line)") }
        #expect(answer.body.contains("sojourn_worker_latency_seconds{worker=\"0\"}"))
        #expect(answer.undescribed == [])
        #expect(try MetricsTests.promtool(answer.body) == "")
        // Nobody keeps sessions here that could be shown.
        let page = try await get(address, "/")
        #expect(page.status == 503 && page.body.contains("keeps no finished sessions"))

        #expect(cluster.routers[0].terminate() == .exited(0))
    }

    @Test func `a router without its workers is alive, and says what it waits for`() async throws {
        let router = try ServerProcess(
            [
                ServerProcess.executable.path, "route", "--listen", "tcp://127.0.0.1:*",
                "--worker", "ipc:///tmp/sojourn-test-nobody", "--admin", "127.0.0.1:0",
            ], log: "/tmp/sojourn-test-\(UInt64.random(in: 0 ... .max)).log")
        try router.waitUntilListening()
        let address = try #require(router.adminAddress)
        #expect(try await get(address, "/healthz").status == 200)
        let ready = try await get(address, "/readyz")
        #expect(ready.status == 503 && ready.body.contains("waits for workers"))
        let page = try await get(address, "/")
        #expect(page.status == 503 && page.body.contains("no worker is known yet"))
        #expect(try await get(address, "/live").body.contains("\"partitions_up\":0,"))
        #expect(router.terminate() == .exited(0))
        try FileManager.default.removeItem(atPath: router.logPath)
    }
}
