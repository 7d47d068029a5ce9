import Foundation
import SojournClient
import SojournServer
import SojournTestKit
import SojournWire
import Testing

@testable import SojournAdmin

@Suite struct MetricsTests {
    private func family(_ name: String, of gauges: [String: Int64]) throws -> MetricFamily {
        let families = MetricFamily.families(
            of: gauges.sorted { $0.key < $1.key }.map { Gauge(name: $0.key, value: $0.value) })
        return try #require(families.first { $0.name == name }, "\(families.map(\.name))")
    }

    @Test func `what differs in one word is one family with a label`() throws {
        let events = try family(
            "sojourn_events_total", of: ["events_new_total": 3, "events_too_late_total": 1])
        #expect(events.kind == .counter)
        #expect(
            PrometheusText.text(of: [events]).hasSuffix(
                """
                sojourn_events_total{outcome="new"} 3
                sojourn_events_total{outcome="too_late"} 1

                """))
        let texts = try family(
            "sojourn_property_texts", of: ["property_1_texts": 7, "property_22_texts": 9])
        #expect(texts.samples.map(\.labels[0].value) == ["1", "22"])
        #expect(texts.kind == .gauge)
    }

    @Test func `sums that Prometheus makes are left out`() throws {
        let errors = try family(
            "sojourn_errors_total", of: ["errors_total": 5, "errors_bad_magic_total": 5])
        #expect(errors.samples.map(\.value) == [5])
        #expect(errors.samples.allSatisfy { !$0.labels.isEmpty })
    }

    @Test func `times are in seconds`() throws {
        let gauges: [String: Int64] = [
            "uptime_milliseconds": 1_500, "snapshot_longest_pause_microseconds": 250,
            "property_1_clock_milliseconds": 1_700_000_000_250,
            "disk_microseconds_total": 2_000_000,
        ]
        #expect(try family("sojourn_uptime_seconds", of: gauges).samples[0].value == 1.5)
        #expect(
            try family("sojourn_snapshot_longest_pause_seconds", of: gauges).samples[0].value
                == 0.00025)
        #expect(
            try family("sojourn_property_clock_timestamp_seconds", of: gauges).samples[0].value
                == 1_700_000_000.25)
        let disk = try family("sojourn_disk_seconds_total", of: gauges)
        #expect(disk.samples[0].value == 2 && disk.kind == .counter)
    }

    @Test func `latency is a histogram`() throws {
        let latency = try family(
            "sojourn_request_duration_seconds",
            of: [
                "replies_within_100_microseconds_total": 2,
                "replies_within_2500_microseconds_total": 5, "replies_total": 6,
                "replies_microseconds_total": 12_000,
            ])
        #expect(
            PrometheusText.text(of: [latency]).contains(
                """
                # TYPE sojourn_request_duration_seconds histogram
                sojourn_request_duration_seconds_bucket{le="0.0001"} 2
                sojourn_request_duration_seconds_bucket{le="0.0025"} 5
                sojourn_request_duration_seconds_bucket{le="+Inf"} 6
                sojourn_request_duration_seconds_sum 0.012
                sojourn_request_duration_seconds_count 6
                """))
    }

    @Test func `what stands in a label cannot end it`() {
        let family = MetricFamily.build(name: "a\"b\\c\nd", version: "1")
        #expect(
            PrometheusText.text(of: [family]).contains(
                #"{name="a\"b\\c\nd",version="1"} 1"#))
    }

    @Test func `a gauge that nobody described keeps its name and gets a sentence`() throws {
        let family = try family("sojourn_some_new_thing", of: ["some_new_thing": 1])
        #expect(family.help == "some new thing.")
    }

    @Test func `Prometheus's own tool finds nothing wrong with the metrics of a service`()
        async throws
    {
        let served = try await ServedPort()
        let client = try await SojournClient.connect(to: served.server.endpoints[0])
        _ = try await client.assign(
            [Event(visitor: "a", kind: .view, name: "/"), Event(visitor: "b", kind: .heartbeat)],
            property: 1)
        await #expect(throws: SojournError.self) {
            try await client.assign([Event(visitor: "a", kind: .view)], property: 99)
        }
        let answer = try await served.port.get("/metrics")
        #expect(answer.status == 200)
        #expect(answer.headers["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
        for line in [
            "sojourn_up 1", "sojourn_events_total{outcome=\"new\"} 1",
            "sojourn_events_total{outcome=\"rejected_no_session\"} 1",
            "sojourn_errors_total{code=\"unknown_property\"} 1", "sojourn_live_visitors 1",
            "sojourn_requests_total{operation=\"assign\"} 1",
            "sojourn_request_duration_seconds_bucket{le=\"+Inf\"} 3",
        ] { #expect(answer.body.contains("\n\(line)\n"), "\(line)") }
        #expect(!answer.body.contains("nan"))
        await client.close()
        #expect(try Self.promtool(answer.body) == "")
    }

    @Test func `each metric of a service that has everything is described`() async throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("sojourn-metrics-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { _ = try? FileManager.default.removeItem(atPath: folder) }
        let served = try await ServedPort {
            $0.journal = JournalSettings(directory: folder)
            $0.archive = ArchiveSettings(.file("\(folder)/archive.db"))
            $0.feed = FeedSettings(listens: ["tcp://127.0.0.1:*"])
        }
        let client = try await SojournClient.connect(to: served.server.endpoints[0])
        _ = try await client.assign([Event(visitor: "a", kind: .view, name: "/")], property: 1)
        await client.close()
        let answer = try await served.port.get("/metrics")
        for line in [
            "# TYPE sojourn_feed_connections gauge", "# TYPE sojourn_feed_lost_bytes_total counter",
            "# TYPE sojourn_archive_lag_seconds gauge", "sojourn_feed_connections 0",
        ] { #expect(answer.body.contains("\n\(line)\n"), "\(line)") }
        #expect(answer.undescribed == [])
        #expect(try Self.promtool(answer.body) == "")
        served.server.stop()
    }

    /// What `promtool check metrics` complains of.
    static func promtool(_ metrics: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["promtool", "check", "metrics"]
        let input = Pipe()
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.start()
        try input.fileHandleForWriting.write(contentsOf: Data(metrics.utf8))
        try input.fileHandleForWriting.close()
        let complaints = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return String(decoding: complaints, as: UTF8.self)
    }
}
