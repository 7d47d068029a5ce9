import GRDB
import SojournModel

/// Sessions that stand behind one another in the table, and what is known of them all (archive, "Tables").
///
/// Sessions are appended in the order of their places, and about in that of their starts. So a row for each
/// thousand finds what an index of each session would, which costs as much to write as the session itself.
struct SessionStretch {
    private static let sessionsMax: Int64 = 1_024

    /// Numbers of the first and the last session.
    private let first: Int64
    private(set) var last: Int64
    /// Of the first session.
    private let place: FeedPlace
    /// Starts.
    private var earliest: Int64
    private var latest: Int64

    /// The stretch that sessions are appended to; nil in an archive that never had any.
    static func open(_ db: Database) throws -> SessionStretch? {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT first, last, position, place, earliest, latest FROM stretch
                ORDER BY first DESC LIMIT 1
                """)
        return row.map {
            SessionStretch(
                first: $0[0], last: $0[1],
                place: FeedPlace(
                    position: UInt64(bitPattern: $0[2] as Int64),
                    index: UInt32(truncatingIfNeeded: $0[3] as Int64)),
                earliest: $0[4], latest: $0[5])
        }
    }

    private init(
        first: Int64, last: Int64, place: FeedPlace, earliest: Int64, latest: Int64
    ) {
        self.first = first
        self.last = last
        self.place = place
        self.earliest = earliest
        self.latest = latest
    }

    /// Begins with a session.
    init(number: Int64, start: Int64, place: FeedPlace) {
        self.init(first: number, last: number, place: place, earliest: start, latest: start)
    }

    var isFull: Bool { last - first + 1 >= Self.sessionsMax }

    /// Takes the next session.
    mutating func append(start: Int64) {
        last += 1
        earliest = min(earliest, start)
        latest = max(latest, start)
    }

    func write(_ db: Database) throws {
        try db.execute(
            sql: "INSERT OR REPLACE INTO stretch VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [
                first, last, Int64(bitPattern: place.position), Int64(place.index), earliest,
                latest,
            ])
    }

    // MARK: Finding sessions

    /// Sessions behind the place of the parameters 1 and 2.
    static let isBehindPlace = """
        number >= coalesce((
            SELECT first FROM stretch WHERE (position, place) <= (?1, ?2)
            ORDER BY position DESC, place DESC LIMIT 1), 0)
        AND (position, place) > (?1, ?2)
        """

    /// Sessions of the property of parameter 1 that began before parameter 2. With the sign, SQLite does not think
    /// of making an index by property for this one question.
    static let beganBefore = """
        number IN (
            SELECT session.number FROM stretch
            CROSS JOIN session ON session.number BETWEEN stretch.first AND stretch.last
            WHERE stretch.earliest < ?2 AND +session.property = ?1 AND session.start < ?2)
        """

    /// Forgets what is behind a place: its sessions are gone.
    static func erase(behind place: FeedPlace, _ db: Database) throws {
        try db.execute(
            sql: "DELETE FROM stretch WHERE (position, place) > (?, ?)",
            arguments: [Int64(bitPattern: place.position), Int64(place.index)])
    }

    /// Forgets those that have no session left, but for the last one, which is appended to.
    static func eraseEmpty(before start: Int64, _ db: Database) throws {
        try db.execute(
            sql: """
                DELETE FROM stretch
                WHERE latest < ? AND first < (SELECT max(first) FROM stretch) AND NOT EXISTS (
                    SELECT 1 FROM session WHERE number BETWEEN stretch.first AND stretch.last)
                """, arguments: [start])
    }
}
