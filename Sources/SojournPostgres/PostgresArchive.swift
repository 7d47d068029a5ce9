package import SojournArchive
package import SojournModel
import Synchronization

/// An archive in a PostgreSQL database, which several workers may share (archive, "PostgreSQL").
///
/// Each worker has rows of its own, by its deployment and its partitions: workers never meet, and what one
/// of them says of how far it has come is committed with what it says it of.
package final class PostgresArchive: Archive {
    /// Whose rows these are.
    package struct Owner: Sendable {
        package var deployment: DeploymentID
        /// As text: the archive knows a worker by it.
        package var partitions: String
        /// Of a claim of the partition, each higher than those before: whoever has an older one writes nothing any
        /// more. 0 where nobody takes over from others.
        package var epoch: UInt64
        /// What the journal has. An archive that is ahead of it goes back; nil leaves that to others.
        package var journalEnd: FeedPlace?

        package init(
            _ deployment: DeploymentID, partitions: String, epoch: UInt64 = 0,
            journalEnd: FeedPlace? = nil
        ) {
            self.deployment = deployment
            self.partitions = partitions
            self.epoch = epoch
            self.journalEnd = journalEnd
        }
    }

    private let pool: PostgresPool
    private let owner: Owner
    /// The number of the owner's rows; nil until it was found, for which it is held.
    private let number: Mutex<Int64?>

    /// Connects, and makes the tables if there are none.
    package convenience init(
        _ address: PostgresAddress, deployment: DeploymentID, partitions: String
    ) throws(ArchiveError) {
        self.init(PostgresPool(address), of: Owner(deployment, partitions: partitions))
        try prepare()
    }

    /// Connects when something is asked or written, so that a database that is away keeps nobody from starting.
    package init(_ pool: PostgresPool, of owner: Owner) {
        self.pool = pool
        self.owner = owner
        number = Mutex(nil)
    }

    var address: PostgresAddress { pool.address }

    /// The number of this worker's rows.
    ///
    /// - Precondition: `prepare` was called.
    var writer: Int64 {
        guard let number = number.withLock({ $0 }) else { preconditionFailure("no rows yet") }
        return number
    }

    /// Finds the owner's rows, once.
    private func prepare() throws(ArchiveError) {
        do {
            try number.withLock { number in
                if number != nil { return }
                let (connection, _) = try pool.take { self.isOver }
                do {
                    try watch(connection)
                    defer { unwatch(connection) }
                    number = try connection.transaction {
                        let found = try Self.prepare(connection, address, owner)
                        try goBack(to: owner.journalEnd, found, connection)
                        return found
                    }
                } catch {
                    pool.discard()
                    throw error
                }
                pool.giveBack(connection)
            }
        } catch { throw ArchiveError(error, address) }
    }

    /// - Returns: the number of the owner's rows.
    private static func prepare(
        _ connection: PostgresConnection, _ address: PostgresAddress, _ owner: Owner
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
        let deployment = owner.deployment.bits
        let id = deployment.high.bigEndianBytes + deployment.low.bigEndianBytes
        try connection.query(
            """
            INSERT INTO writer (deployment, partitions) VALUES (encode($1, 'hex')::uuid, $2)
            ON CONFLICT DO NOTHING
            """, .bytes(id), .text(owner.partitions))
        let rows = try connection.query(
            """
            UPDATE writer SET epoch = $3
            WHERE deployment = encode($1, 'hex')::uuid AND partitions = $2 AND epoch <= $3
            RETURNING writer
            """, .bytes(id), .text(owner.partitions), .integer(Int64(bitPattern: owner.epoch)))
        guard rows.count == 1 else { throw ArchiveError.deposed(owner.partitions) }
        return rows.integer(0, 0)
    }

    /// An archive that is ahead of the journal goes back to where that ends.
    private func goBack(
        to end: FeedPlace?, _ writer: Int64, _ connection: PostgresConnection
    ) throws {
        guard let end, try archived(writer, connection) > end else { return }
        try rewind(to: end, writer, connection)
    }

    // MARK: Connections

    /// Does something with a connection, in a transaction that has locked how far this worker has come.
    func writing<Result>(
        _ body: (PostgresConnection, FeedPlace) throws -> Result
    ) throws(ArchiveError) -> Result {
        try prepare()
        do {
            let (connection, _) = try pool.take { self.current.withLock { $0.isOver } }
            current.withLock { $0.connection = connection }
            defer { current.withLock { $0.connection = nil } }
            do {
                let result = try connection.transaction {
                    let rows = try connection.query(
                        "SELECT position, place, epoch FROM writer WHERE writer = $1 FOR UPDATE",
                        .integer(writer))
                    guard rows.count == 1 else {
                        throw PostgresFailure(message: "the row of this worker is gone")
                    }
                    guard UInt64(bitPattern: rows.integer(0, 2)) == owner.epoch else {
                        throw ArchiveError.deposed(owner.partitions)
                    }
                    return try body(connection, Self.place(rows, 0, 0))
                }
                pool.giveBack(connection)
                return result
            } catch {
                // It is made anew: whatever was wrong with it is over then.
                pool.discard()
                throw error
            }
        } catch { throw ArchiveError(error, address) }
    }

    private struct Writing {
        /// The writing thread's, while it is used.
        var connection: PostgresConnection?
        var isOver = false
    }

    private let current = Mutex(Writing())

    package func interruptWriting() {
        current.withLock { current in
            current.isOver = true
            current.connection?.interrupt()
        }
    }

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

    private var isOver: Bool { reading.withLock { $0.isOver } }

    /// Has a connection interrupted when reading is.
    private func watch(_ connection: PostgresConnection) throws(PostgresFailure) {
        let isOver = reading.withLock { reading in
            if !reading.isOver { reading.connections[ObjectIdentifier(connection)] = connection }
            return reading.isOver
        }
        if isOver { throw PostgresPool.isEnding }
    }

    private func unwatch(_ connection: PostgresConnection) {
        reading.withLock { $0.connections[ObjectIdentifier(connection)] = nil }
    }

    /// Lends a connection on which nothing changes while `body` looks at it.
    func reading<Result>(
        _ body: (PostgresConnection) throws -> Result
    ) throws(ArchiveError) -> Result {
        try prepare()
        do {
            let connection = try connectionInTransaction()
            defer { unwatch(connection) }
            do {
                let result = try body(connection)
                try connection.execute("COMMIT")
                pool.giveBack(connection)
                return result
            } catch {
                // The connection ends here: there may be rows under way.
                pool.discard()
                throw error
            }
        } catch { throw ArchiveError(error, address) }
    }

    /// - Returns: a connection that is watched.
    private func connectionInTransaction() throws(PostgresFailure) -> PostgresConnection {
        while true {
            let (connection, isNew) = try pool.take { self.isOver }
            do throws(PostgresFailure) {
                try begin(connection)
                return connection
            } catch {
                // One that was used before may be lost meanwhile, and then they all are.
                pool.discard()
                if isOver || isNew { throw error }
            }
        }
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
        try archived(writer, connection)
    }

    private func archived(
        _ writer: Int64, _ connection: PostgresConnection
    ) throws(PostgresFailure) -> FeedPlace {
        let rows = try connection.query(
            "SELECT position, place FROM writer WHERE writer = $1", .integer(writer))
        return rows.count == 1 ? Self.place(rows, 0, 0) : .start
    }

    func setArchived(
        _ place: FeedPlace, _ writer: Int64, _ connection: PostgresConnection
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
    static func deposed(_ partitions: String) -> ArchiveError {
        ArchiveError(
            .deposed, "partitions \(partitions) have another owner, who archives them now")
    }

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
