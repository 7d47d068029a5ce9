package import SojournArchive
package import SojournModel
import Synchronization

/// An archive in a PostgreSQL database, which several workers may share (archive, "PostgreSQL").
///
/// Each worker has rows of its own, by its deployment and its partitions: workers never meet, and what one
/// of them says of how far it has come is committed with what it says it of.
package final class PostgresArchive: Archive {
    /// Connections that wait to be used again.
    private static let idleMax = 4

    let address: PostgresAddress
    /// The number of this worker's rows.
    let writer: Int64
    private let idle = Mutex<[PostgresConnection]>([])
    /// The writing thread's, while it is not used.
    private let kept: Mutex<PostgresConnection?>

    /// Connects, and makes the tables if there are none.
    package init(
        _ address: PostgresAddress, deployment: DeploymentID, partitions: String
    ) throws(ArchiveError) {
        self.address = address
        do {
            let connection = try PostgresConnection(address)
            writer = try connection.transaction {
                try Self.prepare(connection, address, deployment, partitions)
            }
            kept = Mutex(connection)
        } catch { throw ArchiveError(error, address) }
    }

    /// - Returns: the number of this worker's rows.
    private static func prepare(
        _ connection: PostgresConnection, _ address: PostgresAddress, _ deployment: DeploymentID,
        _ partitions: String
    ) throws -> Int64 {
        try connection.execute(PostgresSchema.lock)
        let tables = try connection.query(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'sojourn' AND tablename = 'archive'")
        if tables.integer(0, 0) == 0 {
            try connection.execute(PostgresSchema.sql)
        } else {
            let version = try connection.query("SELECT version FROM archive").integer(0, 0)
            guard version == PostgresSchema.version else {
                throw ArchiveError(
                    .otherVersion,
                    "the archive \(address.summary) has version \(version); this program knows version "
                        + "\(PostgresSchema.version) alone: use the one that made it")
            }
        }
        let id = deployment.bits.high.bigEndianBytes + deployment.bits.low.bigEndianBytes
        try connection.query(
            """
            INSERT INTO writer (deployment, partitions) VALUES (encode($1, 'hex')::uuid, $2)
            ON CONFLICT DO NOTHING
            """, .bytes(id), .text(partitions))
        return try connection.query(
            """
            SELECT writer FROM writer WHERE deployment = encode($1, 'hex')::uuid AND partitions = $2
            """, .bytes(id), .text(partitions)
        ).integer(0, 0)
    }

    // MARK: Connections

    /// Does something with the writing thread's connection, in a transaction that has locked how far this
    /// worker has come.
    func writing<Result>(
        _ body: (PostgresConnection, FeedPlace) throws -> Result
    ) throws(ArchiveError) -> Result {
        do {
            let connection = try kept.withLock({ $0.take() }) ?? PostgresConnection(address)
            current.withLock { $0 = connection }
            defer { current.withLock { $0 = nil } }
            let result = try connection.transaction {
                let rows = try connection.query(
                    "SELECT position, place FROM writer WHERE writer = $1 FOR UPDATE",
                    .integer(writer))
                guard rows.count == 1 else {
                    throw PostgresFailure(message: "the row of this worker is gone")
                }
                return try body(connection, Self.place(rows, 0, 0))
            }
            // After a failure it is made anew: whatever was wrong with it is over then.
            kept.withLock { $0 = connection }
            return result
        } catch { throw ArchiveError(error, address) }
    }

    /// The writing thread's connection while it is used.
    private let current = Mutex<PostgresConnection?>(nil)

    package func interruptWriting() { current.withLock { $0?.interrupt() } }

    private struct Reading {
        /// Connections that are read from.
        var connections: [ObjectIdentifier: PostgresConnection] = [:]
        var isOver = false
    }

    private let reading = Mutex(Reading())

    package func interruptReading() {
        reading.withLock { reading in
            reading.isOver = true
            for connection in reading.connections.values { connection.interrupt() }
        }
    }

    private static let isEnding = PostgresFailure(message: "the service ends")

    /// Has a connection interrupted when reading is.
    private func watch(_ connection: PostgresConnection) throws(PostgresFailure) {
        let isOver = reading.withLock { reading in
            if !reading.isOver { reading.connections[ObjectIdentifier(connection)] = connection }
            return reading.isOver
        }
        if isOver { throw Self.isEnding }
    }

    private func unwatch(_ connection: PostgresConnection) {
        reading.withLock { $0.connections[ObjectIdentifier(connection)] = nil }
    }

    /// Lends a connection on which nothing changes while `body` looks at it.
    func reading<Result>(
        _ body: (PostgresConnection) throws -> Result
    ) throws(ArchiveError) -> Result {
        do {
            let connection = try connectionInTransaction()
            defer { unwatch(connection) }
            // After a failure the connection ends here: there may be rows under way.
            let result = try body(connection)
            try connection.execute("COMMIT")
            idle.withLock { if $0.count < Self.idleMax { $0.append(connection) } }
            return result
        } catch { throw ArchiveError(error, address) }
    }

    /// - Returns: a connection that is watched.
    private func connectionInTransaction() throws(PostgresFailure) -> PostgresConnection {
        // One that was used before may be lost meanwhile, and then they all are.
        while let connection = idle.withLock({ $0.popLast() }) {
            do {
                try begin(connection)
                return connection
            } catch { continue }
        }
        // The way to a database that hangs takes its time.
        if reading.withLock({ $0.isOver }) { throw Self.isEnding }
        let connection = try PostgresConnection(address)
        try begin(connection)
        return connection
    }

    private func begin(_ connection: PostgresConnection) throws(PostgresFailure) {
        // Before anything is asked: a database that hangs does not answer the first question either.
        try watch(connection)
        do { try connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") } catch {
            unwatch(connection)
            throw error
        }
    }

    // MARK: Places

    static func place(_ rows: borrowing PostgresRows, _ row: Int, _ column: Int32) -> FeedPlace {
        FeedPlace(
            position: UInt64(bitPattern: rows.integer(row, column)),
            index: rows.number(row, column + 1))
    }

    func archived(_ connection: PostgresConnection) throws(PostgresFailure) -> FeedPlace {
        let rows = try connection.query(
            "SELECT position, place FROM writer WHERE writer = $1", .integer(writer))
        return rows.count == 1 ? Self.place(rows, 0, 0) : .start
    }

    func setArchived(
        _ place: FeedPlace, _ connection: PostgresConnection
    ) throws(PostgresFailure) {
        try connection.query(
            "UPDATE writer SET position = $2, place = $3 WHERE writer = $1", .integer(writer),
            .integer(Int64(bitPattern: place.position)), .integer(Int64(place.index)))
    }

    package func archived() throws(ArchiveError) -> FeedPlace {
        try reading { try archived($0) }
    }

    package func newestStarts() throws(ArchiveError) -> [(property: PropertyID, start: Int64)] {
        try reading { connection in
            let properties = try connection.query(
                "SELECT DISTINCT property FROM hour WHERE writer = $1", .integer(writer))
            return try (0..<properties.count).map { row in
                let newest = try connection.query(
                    "SELECT max(start) FROM session WHERE writer = $1 AND property = $2",
                    .integer(writer), .integer(properties.integer(row, 0)))
                var start = Int64.min
                newest.withBytes(0, 0) { if !$0.isEmpty { start = newest.integer(0, 0) } }
                return (PropertyID(properties.number(row, 0)), start)
            }
        }
    }
}

extension ArchiveError {
    /// What went wrong with a database.
    init(_ error: any Error, _ address: PostgresAddress) {
        switch error {
        case let error as ArchiveError:
            self = error
        case let error as PostgresFailure:
            let state = error.state.isEmpty ? "" : " (\(error.state))"
            self.init(
                .passing, "the archive \(address.summary) cannot be used: \(error.message)\(state)")
        default: self.init(.passing, "the archive \(address.summary) cannot be used: \(error)")
        }
    }
}
