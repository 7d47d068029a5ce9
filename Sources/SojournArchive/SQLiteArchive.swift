import CSQLite
import Foundation
import GRDB
package import SojournModel

/// An archive in one SQLite file (archive).
///
/// In WAL mode, so that readers and the writer do not wait for each other. Each transaction is synced
/// before it counts as archived: a snapshot that is put into place afterwards makes the journal forget
/// what the archive must then have.
package final class SQLiteArchive: Archive {
    package let path: String
    let database: any DatabaseWriter
    /// Of an image without sessions.
    let imagePages: [UInt8]

    /// Once in a process, and before SQLite is used.
    private static let prepareSQLite: Void = sojourn_sqlite_count_no_memory()

    /// Opens the file, or makes it.
    ///
    /// - Parameters:
    ///   - path: nil keeps all in memory.
    ///   - deployment: an archive of another one is refused.
    package init(path: String?, deployment: DeploymentID) throws(ArchiveError) {
        self.path = path ?? "in memory"
        _ = Self.prepareSQLite
        imagePages = try ArchiveError.wrapping(self.path) { try SessionImage.template() }
        database = try ArchiveError.wrapping(self.path) {
            // Made before SQLite makes it, which would let everybody read it.
            if let path, !FileManager.default.fileExists(atPath: path) {
                _ = FileManager.default.createFile(
                    atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
            }
            var configuration = Configuration()
            configuration.label = "sojourn-archive"
            configuration.maximumReaderCount = 4
            configuration.prepareDatabase { db in
                // Pages of a new file are larger than usual: sessions come in thousands, and are written a page
                // at a time. What is erased is to be gone.
                try db.execute(
                    sql: """
                        PRAGMA page_size = \(SessionImage.pageBytes);
                        PRAGMA secure_delete = ON;
                        PRAGMA synchronous = FULL;
                        PRAGMA cache_size = -8192;
                        """)
            }
            guard let path else { return try DatabaseQueue(configuration: configuration) }
            return try DatabasePool(path: path, configuration: configuration)
        }
        try ArchiveError.wrapping(self.path) {
            try database.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA synchronous = FULL")
                try SessionImage.attach(to: db)
                try db.inTransaction {
                    try self.prepare(db, deployment)
                    return .commit
                }
            }
        }
    }

    /// Makes the tables of a new file, and judges those of an old one.
    private func prepare(_ db: Database, _ deployment: DeploymentID) throws {
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let id = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
        if tables == 0 {
            try db.execute(sql: ArchiveSchema.sql)
            try db.execute(
                sql: """
                    INSERT INTO archive VALUES ('deployment', ?), ('position', 0), ('place', 0)
                    """, arguments: [deployment.bits.hexadecimal])
            return
        }
        guard id == ArchiveSchema.applicationID else {
            throw ArchiveError(.damaged, "\(path) is a database, but no archive of sessions")
        }
        guard version == ArchiveSchema.version else {
            throw ArchiveError(
                .otherVersion,
                "the archive \(path) has version \(version); this program knows version "
                    + "\(ArchiveSchema.version) alone: use the one that made it, or move the file away"
            )
        }
        let owner = try String.fetchOne(
            db, sql: "SELECT value FROM archive WHERE name = 'deployment'")
        guard owner == deployment.bits.hexadecimal else {
            throw ArchiveError(
                .otherDeployment,
                "the archive \(path) belongs to deployment \(owner ?? "unknown"), not to "
                    + deployment.bits.hexadecimal)
        }
    }

    package func archived() throws(ArchiveError) -> FeedPlace {
        try ArchiveError.wrapping(path) { try database.read { try Self.archived($0) } }
    }

    static func archived(_ db: Database) throws -> FeedPlace {
        func value(_ name: String) throws -> Int64 {
            try Int64.fetchOne(
                db, sql: "SELECT value FROM archive WHERE name = ?", arguments: [name]) ?? 0
        }
        return FeedPlace(
            position: UInt64(bitPattern: try value("position")),
            index: UInt32(truncatingIfNeeded: try value("place")))
    }

    static func setArchived(_ place: FeedPlace, _ db: Database) throws {
        try db.execute(
            sql: """
                INSERT OR REPLACE INTO archive VALUES ('position', ?), ('place', ?)
                """, arguments: [Int64(bitPattern: place.position), Int64(place.index)])
    }

    package func newestStarts() throws(ArchiveError) -> [(property: PropertyID, start: Int64)] {
        try ArchiveError.wrapping(path) {
            try database.read { db in
                let hours = try Row.fetchAll(
                    db, sql: "SELECT property, max(hour) FROM hour GROUP BY property")
                let view = SQLiteArchiveView(db, archived: .start)
                return try hours.map { row in
                    let property = PropertyID(UInt32(truncatingIfNeeded: row[0] as Int64))
                    let hour = (row[1] as Int64) * HourKey.milliseconds
                    var newest = hour
                    try view.forEachBlock(of: property, in: hour..<hour + HourKey.milliseconds) {
                        for at in stride(from: 0, to: $0.byteCount, by: SessionFact.byteCount) {
                            newest = max(newest, SessionFact.read($0, at: at).start)
                        }
                    }
                    return (property, newest)
                }
            }
        }
    }
}
