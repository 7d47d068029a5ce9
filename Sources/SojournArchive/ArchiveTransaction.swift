import Foundation
import GRDB
import SojournModel

/// What one transaction adds to the archive.
struct ArchiveTransaction: ~Copyable {
    private let db: Database
    private let insert: PreparedStatement
    private let insertRevision: PreparedStatement
    private let findText: PreparedStatement
    private let insertText: PreparedStatement
    private var archived: FeedPlace
    /// Facts that are not written yet, by property and hour.
    private var hours: [HourKey: [UInt8]] = [:]
    private var path: [UInt8] = []
    /// Numbers of texts that were looked up.
    private var texts: [String: UInt32] = [:]

    struct HourKey: Hashable {
        var property: PropertyID
        var hour: Int64

        init(_ property: PropertyID, _ start: Int64) {
            self.property = property
            // Rounded down, for times before 1970 as well.
            let hour = start / SQLiteArchive.hourMilliseconds
            self.hour = start < hour * SQLiteArchive.hourMilliseconds ? hour - 1 : hour
        }

        init(property: PropertyID, hour: Int64) {
            self.property = property
            self.hour = hour
        }
    }

    static func begin(_ db: Database) throws -> ArchiveTransaction {
        ArchiveTransaction(
            db, archived: try SQLiteArchive.archived(db),
            insert: try PreparedStatement(
                db,
                """
                INSERT INTO session VALUES (
                    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """),
            insertRevision: try PreparedStatement(
                db, "INSERT INTO revision VALUES (?, ?, ?, ?, ?, ?, ?)"),
            findText: try PreparedStatement(db, "SELECT id FROM text WHERE text = ?"),
            insertText: try PreparedStatement(
                db, "INSERT INTO text (text) VALUES (?) RETURNING id"))
    }

    private init(
        _ db: Database, archived: FeedPlace, insert: consuming PreparedStatement,
        insertRevision: consuming PreparedStatement, findText: consuming PreparedStatement,
        insertText: consuming PreparedStatement
    ) {
        self.db = db
        self.archived = archived
        self.insert = insert
        self.insertRevision = insertRevision
        self.findText = findText
        self.insertText = insertText
    }

    /// Takes an entry, unless the archive has it.
    mutating func take(_ entry: PackedSession) throws {
        let place = entry.head.place
        guard place > archived else { return }
        switch entry.head.entryKind {
        case .finished: try add(entry)
        case .revised: try revise(entry.head)
        case .forgotten: try forget(entry.head.visitor, of: entry.head.propertyID)
        case .live: preconditionFailure("only finished sessions are archived")
        }
        archived = place
    }

    /// Writes what was gathered.
    mutating func finish() throws {
        try writeHours()
        try SQLiteArchive.setArchived(archived, db)
    }

    private mutating func add(_ entry: PackedSession) throws {
        let head = entry.head
        var numbers = InlineArray<10, UInt32>(repeating: 0)
        for row in 0..<PackedHead.textCount { numbers[row] = try number(of: entry.text(row)) }
        path.removeAll(keepingCapacity: true)
        path.append(UInt8(ascii: "["))
        try entry.visitSteps { milliseconds, page in
            if path.count > 1 { path.append(UInt8(ascii: ",")) }
            path.append(contentsOf: "\(try number(of: page)),\(milliseconds)".utf8)
        }
        path.append(UInt8(ascii: "]"))

        insert.bind(Int64(head.propertyID.rawValue), at: 1)
        insert.bind(head.firstEvent, at: 2)
        insert.bind(head.id.bits, at: 3)
        insert.bind(head.visitor.bits, at: 4)
        insert.bind(head.ordinal, at: 5)
        insert.bind(head.lastEvent, at: 6)
        insert.bind(head.events, at: 7)
        insert.bind(head.views, at: 8)
        insert.bind(head.actions, at: 9)
        insert.bind(head.conversions, at: 10)
        insert.bind(head.value, at: 11)
        insert.bind(Int64(head.state.rawValue), at: 12)
        insert.bind(Int64(head.boundary?.rawValue ?? 255), at: 13)
        for row in 0..<10 { insert.bind(numbers[row], at: Int32(14 + row)) }
        insert.bind(head.finishesAt, at: 24)
        insert.bind(head.place.position, at: 25)
        insert.bind(head.place.index, at: 26)
        insert.bind(text: path, at: 27)
        try insert.run()
        SessionFact(head, texts: numbers)
            .append(to: &hours[HourKey(head.propertyID, head.firstEvent), default: []])
    }

    private func revise(_ head: PackedHead) throws {
        insertRevision.bind(head.place.position, at: 1)
        insertRevision.bind(head.place.index, at: 2)
        insertRevision.bind(Int64(head.propertyID.rawValue), at: 3)
        insertRevision.bind(head.value, at: 4)
        insertRevision.bind(head.id.bits, at: 5)
        insertRevision.bind(head.other.bits, at: 6)
        insertRevision.bind(head.ordinal, at: 7)
        try insertRevision.run()
    }

    private mutating func number(of text: RawSpan) throws -> UInt32 {
        if text.isEmpty { return 0 }
        let key = text.utf8Text
        if let known = texts[key] { return known }
        let bytes = Array(key.utf8)
        findText.bind(text: bytes, at: 1)
        defer { findText.reset() }
        if try findText.step() {
            texts[key] = findText.number(0)
            return findText.number(0)
        }
        insertText.bind(text: bytes, at: 1)
        defer { insertText.reset() }
        guard try insertText.step() else {
            throw DatabaseError(resultCode: .SQLITE_ERROR, message: "a text got no number")
        }
        texts[key] = insertText.number(0)
        return insertText.number(0)
    }

    // MARK: Hours

    private mutating func writeHours() throws {
        for (key, facts) in hours { try Self.append(facts, to: key, db) }
        hours.removeAll()
    }

    /// Appends facts to the last part of an hour, and begins new ones where they are full.
    static func append(_ facts: [UInt8], to key: HourKey, _ db: Database) throws {
        let last = try Row.fetchOne(
            db,
            sql: """
                SELECT part, facts FROM hour WHERE property = ? AND hour = ?
                ORDER BY part DESC LIMIT 1
                """, arguments: [Int64(key.property.rawValue), key.hour])
        var part: Int64 = last.map { $0[0] } ?? 0
        var bytes: [UInt8] = last.map { Array($0[1] as Data) } ?? []
        let store = try PreparedStatement(db, "INSERT OR REPLACE INTO hour VALUES (?, ?, ?, ?, ?)")
        var at = 0
        while at < facts.count {
            if bytes.count >= SQLiteArchive.partBytesMax {
                part += 1
                bytes.removeAll(keepingCapacity: true)
            }
            let end = min(facts.count, at + SQLiteArchive.partBytesMax - bytes.count)
            bytes.append(contentsOf: facts[at..<end])
            at = end
            store.bind(Int64(key.property.rawValue), at: 1)
            store.bind(key.hour, at: 2)
            store.bind(part, at: 3)
            store.bind(Int64(bytes.count / SessionFact.byteCount), at: 4)
            store.bind(blob: bytes, at: 5)
            try store.run()
        }
    }

    // MARK: Erasing

    /// Erases a visitor's sessions and facts, and the revisions that name those sessions.
    private mutating func forget(_ visitor: VisitorHash, of property: PropertyID) throws {
        try writeHours()
        let key = Data(visitor)
        let arguments: StatementArguments = [Int64(property.rawValue), key]
        let starts = try Int64.fetchAll(
            db, sql: "SELECT start FROM session WHERE property = ? AND visitor = ?",
            arguments: arguments)
        try db.execute(
            sql: """
                DELETE FROM revision WHERE into_id IN
                    (SELECT id FROM session WHERE property = ? AND visitor = ?)
                """, arguments: arguments)
        try db.execute(
            sql: "DELETE FROM session WHERE property = ? AND visitor = ?", arguments: arguments)
        for key in Set(starts.map { HourKey(property, $0) }) {
            try Self.filter(key, db) { $0.visitor != visitor }
        }
    }

    /// Writes the facts of an hour anew that are to stay.
    static func filter(
        _ key: HourKey, _ db: Database, _ shouldStay: (SessionFact) -> Bool
    ) throws {
        let arguments: StatementArguments = [Int64(key.property.rawValue), key.hour]
        let parts = try Data.fetchAll(
            db, sql: "SELECT facts FROM hour WHERE property = ? AND hour = ? ORDER BY part",
            arguments: arguments)
        var kept: [UInt8] = []
        for part in parts {
            let bytes = Array(part)
            for offset in stride(from: 0, to: bytes.count, by: SessionFact.byteCount) {
                // Bytes have no invalid patterns.
                let fact = SessionFact.read(unsafe bytes.span.bytes, at: offset)
                if shouldStay(fact) { fact.append(to: &kept) }
            }
        }
        try db.execute(
            sql: "DELETE FROM hour WHERE property = ? AND hour = ?", arguments: arguments)
        try append(kept, to: key, db)
    }
}

extension Data {
    /// The 16 bytes of a hash.
    init(_ visitor: VisitorHash) {
        let bytes = (visitor.bits.high.bigEndian, visitor.bits.low.bigEndian)
        // Two integers without padding.
        self = unsafe Swift.withUnsafeBytes(of: bytes) { unsafe Data($0) }
    }
}
