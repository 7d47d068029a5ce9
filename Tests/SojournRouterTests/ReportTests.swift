import SojournModel
import SojournRouter
import SojournService
import SojournTestKit
import SojournWire
import Testing

/// REPORT: each worker answers for its partitions, and the router adds up.
@Suite struct ReportTests {
    private static func part(sessions: Int, times: [Int64]) -> ReportPart {
        var row = ReportRow(.total)
        row.figures.sessions = sessions
        row.figures.visitors = sessions
        return ReportPart(
            start: nil, end: nil, clock: Int64(sessions), timeZone: "UTC", days: .utc,
            liveSessions: 1, automatedSessions: 0, rowsDefault: 10,
            groups: [ReportGroup(row, times: times)])
    }

    private static func cluster(
        _ ranges: [String] = ["0-15/64", "16-63/64"],
        _ change: (inout RouterConfiguration) -> Void = { _ in }
    ) -> TestCluster {
        let cluster = TestCluster(ranges, change)
        cluster.workers[0].reportPart = part(sessions: 3, times: [1, 1, 9])
        if ranges.count > 1 { cluster.workers[1].reportPart = part(sessions: 2, times: [2, 8]) }
        return cluster
    }

    private static func frame(deadline: UInt32 = 0, isPart: Bool = false) -> [UInt8] {
        var writer = ByteWriter()
        ReportRequest.encode(
            ReportQuestion(.summary),
            header: MessageHeader(
                operation: .report, isPart: isPart, correlation: 77,
                deadlineMilliseconds: deadline, property: PropertyID(1)), into: &writer)
        return writer.array
    }

    private func answer(_ bytes: [UInt8]?) throws -> ReportAnswer {
        let bytes = bytes ?? []
        let header = try open(bytes, .report)
        #expect(header.correlation == 77 && !header.isPart)
        return try ReportReply.decode(body: unsafe bytes.span.bytes.extracting(64...))
    }

    private func refusal(_ bytes: [UInt8]?) throws -> ErrorReply {
        try #require(try readError(bytes ?? []))
    }

    @Test func `every worker is asked for its part, and the answer is of all`() throws {
        var cluster = Self.cluster()
        let answer = try answer(cluster.ask(Self.frame()))
        #expect(answer.total?.sessions == 5 && answer.total?.visitors == 5)
        #expect(answer.total?.medianMilliseconds == 2)
        #expect(answer.liveSessions == 2 && answer.clock == 3)
        for worker in cluster.workers {
            #expect(worker.reports.map(\.isPart) == [true])
            #expect(worker.reports.map(\.property) == [PropertyID(1)])
        }
        #expect(cluster.router.requestsInFlight == 0)
    }

    @Test func `the only worker answers as it would without a router`() throws {
        var cluster = Self.cluster(["0-63/64"])
        cluster.workers[0].reportPart = nil
        // It has no archive, and says so.
        #expect(try refusal(cluster.ask(Self.frame())).code == .noArchive)
        #expect(cluster.workers[0].reports.map(\.isPart) == [false])
    }

    @Test func `no report is made without a worker, and how much is missing is told`() throws {
        var cluster = Self.cluster()
        cluster.workers[1].isConnected = false
        // The first one notices.
        let noticed = try refusal(cluster.ask(Self.frame()))
        #expect(noticed.code == .unavailable && noticed.isRetriable)
        let gap = "48 of 64 partitions are missing: worker tcp://worker1 is not there"
        #expect(noticed.message.contains(gap))
        let told = try refusal(cluster.ask(Self.frame()))
        #expect(told.code == .unavailable && told.isRetriable)
        #expect(told.message.contains("48 of 64 partitions are missing"))
        #expect(told.message.contains("tcp://worker1 is not there"))
        cluster.workers[1].isConnected = true
        cluster.wait(300)
        #expect(try answer(cluster.ask(Self.frame())).total?.sessions == 5)
    }

    @Test func `a worker that works long is waited for, and given up in the end`() throws {
        var cluster = Self.cluster { $0.limits.silenceMilliseconds = 60_000 }
        cluster.workers[0].isStopped = true
        let id = cluster.send(Self.frame())
        cluster.wait(30_000)
        #expect(cluster.answers[id] == nil)
        let asked = cluster.workers[0].inbox.filter {
            MessageHeader.readable(unsafe $0.frame.span.bytes)?.operation == .report
        }
        #expect(asked.count == 1)
        cluster.wait(6_000)
        let given = try refusal(cluster.answers[id])
        #expect(given.code == .unavailable && given.isRetriable)
        let gap = "16 of 64 partitions are missing: no answer from tcp://worker0"
        #expect(given.message.contains(gap))
        #expect(cluster.router.requestsInFlight == 0)
    }

    @Test func `a worker that was away is asked again`() throws {
        var cluster = Self.cluster()
        cluster.workers[1].isStopped = true
        let id = cluster.send(Self.frame())
        // It is silent for so long that the connection is made anew, and what lay there is lost.
        cluster.wait(3_000)
        #expect(cluster.answers[id] == nil)
        cluster.workers[1].isStopped = false
        cluster.wait(500)
        #expect(try answer(cluster.answers[id]).total?.sessions == 5)
    }

    @Test func `there are no more reports at work than may be`() throws {
        var cluster = Self.cluster { $0.limits.reportsMax = 2 }
        cluster.workers[1].isStopped = true
        let ids = (0..<3).map { _ in cluster.send(Self.frame()) }
        #expect(try refusal(cluster.answers[ids[2]]).code == .overloaded)
        cluster.workers[1].isStopped = false
        cluster.run()
        for id in ids[..<2] { #expect(try answer(cluster.answers[id]).total?.sessions == 5) }
        #expect(try answer(cluster.ask(Self.frame())).total?.sessions == 5)
    }

    @Test func `parts that are too large together are refused`() throws {
        var cluster = Self.cluster { $0.limits.reportBytesMax = 300 }
        let told = try refusal(cluster.ask(Self.frame()))
        #expect(told.code == .reportTooLong)
        #expect(cluster.router.requestsInFlight == 0)
    }

    @Test func `what a worker refuses is refused, and parts that do not fit are no answer`() throws
    {
        var cluster = Self.cluster()
        cluster.workers[0].reportPart = nil
        #expect(try refusal(cluster.ask(Self.frame())).code == .noArchive)
        cluster.workers[0].reportPart = Self.part(sessions: 1, times: [5])
        cluster.workers[0].reportPart?.timeZone = "Europe/Berlin"
        let misfit = try refusal(cluster.ask(Self.frame()))
        #expect(misfit.code == .internal)
        let reason = "tcp://worker1: the servers do not have the same time zone"
        #expect(misfit.message.contains(reason))
    }

    @Test func `nobody asks a router for a part, and what makes no sense a worker refuses`() throws
    {
        var cluster = Self.cluster()
        #expect(try refusal(cluster.ask(Self.frame(isPart: true))).code == .notPermitted)
        cluster.workers[0].reportPart = nil
        let broken = emptyFrame(.report)
        #expect(try refusal(cluster.ask(broken)).code == .noArchive)
        #expect(cluster.workers[0].reports.map(\.isPart) == [false])
    }
}
