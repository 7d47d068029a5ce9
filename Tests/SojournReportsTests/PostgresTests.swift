import SojournArchive
import SojournModel
import SojournPostgres
import SojournReports
import SojournTestKit
import Testing

/// What is particular to an archive that workers share, and that can be away.
@Suite(.serialized) struct PostgresTests {
    private static func newDeployment() -> DeploymentID {
        DeploymentID(Bits128(high: 1, low: .random(in: 1 ... .max)))
    }

    private func count(_ archive: any Archive) throws -> Int? {
        var question = ReportQuestion(.summary)
        question.includesAutomated = true
        return try answer(question, archive).total?.sessions
    }

    @Test func `workers with other partitions do not meet`() throws {
        let deployment = Self.newDeployment()
        let first = try openPostgres(deployment, partitions: "0-31/64")
        let second = try openPostgres(deployment, partitions: "32-63/64")
        let other = try openPostgres(Self.newDeployment(), partitions: "0-31/64")
        // The same places and the same texts, at the same time.
        try first.write([group(randomSessions(100, seed: 1))])
        try second.write([group(randomSessions(60, seed: 1))])
        #expect(try count(first) == 100)
        #expect(try count(second) == 60)
        #expect(try count(other) == 0)
        #expect(try other.archived() == .start)
        try first.rewind(to: .start)
        #expect(try count(first) == 0)
        #expect(try count(second) == 60)
    }

    @Test func `two processes of one worker keep each session once`() throws {
        let deployment = Self.newDeployment()
        let sessions = randomSessions(300, seed: 2)
        let archives = [try openPostgres(deployment), try openPostgres(deployment)]
        // As when one was believed dead: both hand over what the journal has.
        for first in stride(from: 0, to: 300, by: 50) {
            let part = group(Array(sessions[first..<first + 50]), from: UInt64(first) + 1)
            for archive in archives { try archive.write([part]) }
        }
        #expect(try count(archives[0]) == 300)
        #expect(try count(archives[1]) == 300)
    }

    /// A partition's archive in the hands of one of its owners.
    private func open(
        _ deployment: DeploymentID, epoch: UInt64, journalEnd: FeedPlace? = nil
    ) throws -> PostgresArchive {
        let address = try #require(
            PostgresAddress.parse(try PostgresServer.shared.get().address).address)
        return PostgresArchive(
            PostgresPool(address, connectionsMax: 1),
            of: .init(deployment, partitions: "5-5/16", epoch: epoch, journalEnd: journalEnd))
    }

    private func code(_ body: () throws(ArchiveError) -> Void) -> ArchiveError.Code? {
        do throws(ArchiveError) {
            try body()
            return nil
        } catch { return error.code }
    }

    @Test func `who was deposed writes nothing more, and what he hands over is there once`() throws
    {
        let deployment = Self.newDeployment()
        let sessions = randomSessions(60, seed: 4)
        let (old, new) = (
            try open(deployment, epoch: 3), try open(deployment, epoch: 4)
        )
        try old.write([group(Array(sessions[..<20]))])
        // The new owner comes to what the old one archived again, and on.
        try new.write([group(Array(sessions[..<40]))])
        let all = group(sessions)
        #expect(code { () throws(ArchiveError) in try old.write([all]) } == .deposed)
        #expect(code { () throws(ArchiveError) in try old.rewind(to: .start) } == .deposed)
        let late = try open(deployment, epoch: 3)
        #expect(code { () throws(ArchiveError) in try late.write([all]) } == .deposed)
        #expect(try count(new) == 40)
        try new.write([all])
        #expect(try count(new) == 60)
    }

    @Test func `an archive that is ahead of the log goes back once, in the hands of its owner`()
        throws
    {
        let deployment = Self.newDeployment()
        let sessions = randomSessions(30, seed: 5)
        try open(deployment, epoch: 1).write([group(sessions)])
        let last = FeedPlace(position: 20, index: .max)
        let next = try open(deployment, epoch: 2, journalEnd: last)
        #expect(try count(next) == 20)
        try next.write([group(sessions)])
        #expect(try count(next) == 30)
        // One that was slow, and is the owner no longer, takes nothing back.
        let slow = try open(deployment, epoch: 1, journalEnd: last)
        #expect(code { () throws(ArchiveError) in _ = try slow.archived() } == .deposed)
        #expect(try count(next) == 30)
    }

    @Test func `archives that share one connection take turns`() async throws {
        let address = try #require(
            PostgresAddress.parse(try PostgresServer.shared.get().address).address)
        let pool = PostgresPool(address, connectionsMax: 1)
        let deployment = Self.newDeployment()
        let counts = try await withThrowingTaskGroup(of: Int?.self) { tasks in
            for partition in 0..<4 {
                tasks.addTask {
                    let archive = PostgresArchive(
                        pool, of: .init(deployment, partitions: "\(partition)-\(partition)/4"))
                    let sessions = randomSessions(20 + partition, seed: 6)
                    for last in 0..<20 { try archive.write([group(Array(sessions[...last]))]) }
                    try archive.write([group(sessions)])
                    return try self.count(archive)
                }
            }
            return try await tasks.reduce(into: []) { $0.append($1) }
        }
        #expect(counts.compactMap { $0 }.sorted() == [20, 21, 22, 23])
    }

    @Test func `a text may hold any character, and be as long as it may`() throws {
        let archive = try openPostgres(Self.newDeployment())
        var session = MadeSession()
        let long = String(repeating: "ü", count: 1_024)
        session.path = [("a\0b", 0), ("\\x41 \n'", 1), (long, 2)]
        try archive.write([group([session])])
        let entries = try archive.entries(after: .start, atMost: 9, bytes: 1 << 20).entries
        guard case .finished(let found, _) = entries.first?.content else {
            Issue.record("the session is not there")
            return
        }
        #expect(found.path.map(\.page) == ["a\0b", "\\x41 \n'", long])
    }

    @Test func `a connection that is lost in the middle loses nothing and doubles nothing`() throws
    {
        // Others use the shared server.
        let server = try PostgresServer()
        let address = try #require(PostgresAddress.parse(server.address).address)
        let deployment = Self.newDeployment()
        let archive = try PostgresArchive(address, deployment: deployment, partitions: "0-0/1")
        let sessions = randomSessions(40, seed: 3)
        try archive.write([group(Array(sessions[..<10]))])
        #expect(try count(archive) == 10)

        // The backend of each connection is ended, and the next transaction takes a new one.
        _ = try server.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sojourn'"
        )
        var failures = 0
        for attempt in 0..<3 {
            do throws(ArchiveError) {
                try archive.write([group(Array(sessions[..<20]))])
                break
            } catch {
                #expect(error.code == .passing)
                failures = attempt + 1
            }
        }
        #expect(failures == 1)
        #expect(try count(archive) == 20)

        server.stop()
        func code() -> ArchiveError.Code? {
            do throws(ArchiveError) {
                _ = try archive.write([group(sessions)])
                return nil
            } catch { return error.code }
        }
        #expect(code() == .passing)
        #expect(throws: ArchiveError.self) { _ = try count(archive) }
        try server.start()
        #expect(code() == nil)
        #expect(try count(archive) == 40)
        #expect(try server.query("SELECT count(*) FROM sojourn.session_text") == ["40"])
    }

    @Test func `an address shows no password, and nonsense is refused`() throws {
        let (address, _) = PostgresAddress.parse("postgresql://anna:s3cret@db.example:5433/shop")
        #expect(address?.summary == "postgresql://anna@db.example:5433/shop")
        #expect(address?.hasPassword == true)
        #expect(PostgresAddress.parse("postgresql:///shop?service=x").address?.hasPassword == false)
        let (none, fault) = PostgresAddress.parse("postgresql://host/?nonsense=1")
        #expect(none == nil && !fault.isEmpty)
    }
}
