import Foundation
import SojournClient
import SojournModel
import SojournTestKit
import Testing

/// Reports through a router: those of one process that has everything.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RoutedReportTests {
    private static let sample = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().appendingPathComponent("../../Scripts/sample.csv").path

    /// Runs the command.
    ///
    /// - Returns: what it says.
    private func run(_ arguments: [String], in folder: String) throws -> String {
        let log = "\(folder)/command-\(UInt64.random(in: 0 ... .max))"
        let process = try ServerProcess([ServerProcess.executable.path] + arguments, log: log)
        guard try process.code() == 0 else { throw ServerProcess.Failure(process.log) }
        return process.log
    }

    private static var questions: [ReportQuestion] {
        let periods = [
            ReportPeriod.all,
            // The sample's second day.
            ReportPeriod(start: 1_772_496_000_000, end: 1_772_582_400_000, isLocal: true),
        ]
        var kinds: [ReportQuestion.Kind] = [
            .summary, .series(.hour), .series(.day), .transitions, .paths(from: ""),
            .paths(from: "/"),
            .funnel([FunnelStep("/product/", isPrefix: true), FunnelStep("/basket")]),
        ]
        kinds += ReportDimension.allCases.map { .breakdown($0) }
        return kinds.flatMap { kind in
            periods.flatMap { period in
                [nil, 3].map { rows in
                    var question = ReportQuestion(kind, period: period)
                    question.rowsMax = rows
                    question.includesAutomated = rows == nil
                    if rows == 3 { question.filters = [ReportFilter(.device, "mobile")] }
                    switch kind {
                    case .transitions, .paths, .funnel: break
                    default: question.comparesWithPrevious = true
                    }
                    return question
                }
            }
        }
    }

    /// But for what depends on each worker's clock: what is finished already.
    private func comparable(_ answer: ReportAnswer) -> ReportAnswer {
        var answer = answer
        answer.liveSessions = 0
        answer.clock = nil
        return answer
    }

    private func expectSameReports(_ one: SojournClient, _ routed: SojournClient) async throws {
        for question in Self.questions {
            let expected = try await one.report(question)
            let found = try await routed.report(question)
            #expect(expected.total?.sessions ?? 0 > 0)
            #expect(comparable(found) == comparable(expected), "\(question)")
        }
    }

    @Test func `a router with two workers says of the sample what one process says`() async throws {
        let directory = try ServedDirectory()
        let server = try directory.serve()
        let cluster = try RouterCluster(keepsData: true)
        let folder = directory.folder
        let endpoints = [directory.endpoint, cluster.router()]
        for endpoint in endpoints {
            _ = try run(
                ["assign", Self.sample, "--connect", endpoint, "--out", "/dev/null"], in: folder)
        }
        let one = try await SojournClient.connect(to: endpoints[0])
        let routed = try await SojournClient.connect(to: endpoints[1])
        try await expectSameReports(one, routed)

        for command in [
            ["report", "--by", "device", "--output", "csv"], ["report", "--by", "day"],
            ["journeys", "--start", "/", "--output", "csv"],
            ["funnel", "/product/*", "/basket", "--output", "csv"],
        ] {
            let outputs = try endpoints.map { endpoint in
                try run(command + ["--connect", endpoint], in: folder)
                    .split(separator: "\n").filter { !$0.contains("not finished yet") }
            }
            #expect(outputs[0] == outputs[1])
            #expect(outputs[0].count > 2)
        }

        // Who is forgotten is forgotten everywhere.
        let visitor = Array("v-eda101fc6e97".utf8)
        for client in [one, routed] { _ = try await client.forget(visitor: visitor) }
        try await expectSameReports(one, routed)

        // Without a worker there is no answer, and none that is half.
        cluster.workers[1].kill()
        let refused = try await failure(of: {
            _ = try await routed.report(ReportQuestion(.summary))
        })
        #expect(refused.refusal?.code == .unavailable)
        #expect("\(refused)".contains("32 of 64 partitions are missing"))
        await one.close()
        await routed.close()
        #expect(server.terminate() == .exited(0))
    }

    @Test func `a part that is too large is an error, and no other question suffers`() async throws
    {
        let cluster = try RouterCluster(keepsData: true)
        let client = try await SojournClient.connect(to: cluster.router())
        let now = Int64(Date().timeIntervalSince1970) * 1_000
        // 10 MB of pages, half of them at each worker.
        let end = String(repeating: "x", count: 1_990)
        for first in stride(from: 0, to: 5_000, by: 1_000) {
            _ = try await client.assign(
                (first..<first + 1_000).map {
                    Event(
                        visitor: "v\($0)", time: EventTime(milliseconds: now), kind: .view,
                        name: "/\($0)\(end)")
                })
        }
        let refused = try await failure(of: {
            _ = try await client.report(ReportQuestion(.breakdown(.landingPage)))
        })
        #expect(refused.refusal?.code == .reportTooLong)
        #expect("\(refused)".contains("ask for a shorter period"))
        #expect(try await client.report(ReportQuestion(.summary)).total?.sessions == 5_000)
        await client.close()
    }

    @Test func `an elastic cluster with an archive says of the sample what one process says`()
        async throws
    {
        let database = try PostgresServer.shared.get()
        let directory = try ServedDirectory()
        let server = try directory.serve()
        let service = try ElasticService(options: ["--archive", database.address])
        let workers = [try service.worker("a"), try service.worker("b")]
        try workers[0].waitUntilLogged("claimed with epoch")
        let router = try service.router()
        try router.waitUntilLogged("all 4 partitions have a worker")
        for endpoint in [directory.endpoint, service.endpoint] {
            _ = try run(
                ["assign", Self.sample, "--connect", endpoint, "--out", "/dev/null"],
                in: directory.folder)
        }
        let one = try await SojournClient.connect(to: directory.endpoint)
        var options = SojournClient.Options()
        options.attempts = 30
        let routed = try await SojournClient.connect(to: service.endpoint, options: options)
        try await expectSameReports(one, routed)
        // The other one has all partitions then.
        #expect(workers[1].terminate() == .exited(0))
        try await expectSameReports(one, routed)
        await one.close()
        await routed.close()
        #expect(router.terminate() == .exited(0) && workers[0].terminate() == .exited(0))
        #expect(server.terminate() == .exited(0))
    }
}
