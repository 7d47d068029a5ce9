import Foundation
import GRDB
import SojournModel

/// What one transaction adds to the archive.
struct ArchiveTransaction: ~Copyable {
    private let db: Database
    /// The one that sessions are appended to.
    private var stretch: SessionStretch?
    /// Sessions that are not in the table yet.
    private var image: SessionImage
    private let insertRevision: PreparedStatement
    private let findText: PreparedStatement
    private let insertText: PreparedStatement
    private var archived: FeedPlace
    /// Facts that are not written yet, by property and hour.
    private var hours: [HourKey: [UInt8]] = [:]
    /// The hour of the last session, whose facts are gathered beside the others.
    private var openHour: HourKey?
    private var openFacts: [UInt8] = []
    /// Numbers of texts that were looked up.
    private var texts: [String: UInt32] = [:]
    /// How often each text is used by what was added.
    private var uses: [UInt32: Int64] = [:]
    /// By the number of a text in the list that is taken now: its number here, once it was looked up, and how
    /// often the list uses it.
    private var numbers = GrowableBuffer<UInt32>()
    private var usesInList = GrowableBuffer<Int64>()
    /// Visitors that are to be erased before they come again, and before the end.
    private var forgotten: [PropertyID: Set<VisitorHash>] = [:]

    static func begin(
        _ db: Database, _ firstPages: [UInt8]
    ) throws -> ArchiveTransaction {
        ArchiveTransaction(
            db, archived: try SQLiteArchive.archived(db), stretch: try SessionStretch.open(db),
            image: SessionImage(firstPages),
            insertRevision: try PreparedStatement(
                db, "INSERT INTO revision VALUES (?, ?, ?, ?, ?, ?, ?)"),
            findText: try PreparedStatement(db, "SELECT id FROM text WHERE text = ?"),
            insertText: try PreparedStatement(
                db, "INSERT INTO text (text, uses) VALUES (?, 0) RETURNING id"))
    }

    private init(
        _ db: Database, archived: FeedPlace, stretch: SessionStretch?,
        image: consuming SessionImage, insertRevision: consuming PreparedStatement,
        findText: consuming PreparedStatement,
        insertText: consuming PreparedStatement
    ) {
        self.db = db
        self.archived = archived
        self.stretch = stretch
        self.image = image
        self.insertRevision = insertRevision
        self.findText = findText
        self.insertText = insertText
    }

    /// Takes the entries of a list, but for those that the archive has.
    mutating func take(_ list: borrowing PackedSessions) throws {
        numbers.removeAll()
        numbers.resize(to: list.textCount + 1, repeating: 0)
        usesInList.removeAll()
        usesInList.resize(to: list.textCount + 1, repeating: 0)
        try list.visit { entry throws(any Error) in try take(entry) }
        for row in 1..<numbers.count where usesInList[row] > 0 {
            uses[numbers[row], default: 0] += usesInList[row]
        }
    }

    private mutating func take(_ entry: PackedSession) throws {
        let place = entry.head.place
        guard place > archived else { return }
        switch entry.head.entryKind {
        case .finished:
            if forgotten[entry.head.propertyID]?.contains(entry.head.visitor) == true {
                try forget()
            }
            try add(entry)
        case .revised: try revise(entry.head)
        case .forgotten:
            forgotten[entry.head.propertyID, default: []].insert(entry.head.visitor)
        case .live: preconditionFailure("only finished sessions are archived")
        }
        archived = place
    }

    /// Writes what was gathered.
    mutating func finish() throws {
        if !forgotten.isEmpty { try forget() }
        try image.move(into: db)
        try writeHours()
        try stretch?.write(db)
        let count = try PreparedStatement(db, "UPDATE text SET uses = uses + ? WHERE id = ?")
        for (text, more) in uses {
            count.bind(more, at: 1)
            count.bind(text, at: 2)
            try count.run()
        }
        try SQLiteArchive.setArchived(archived, db)
    }

    private mutating func add(_ entry: PackedSession) throws {
        let head = entry.head
        var texts = InlineArray<10, UInt32>(repeating: 0)
        for row in 0..<PackedHead.textCount {
            texts[row] = try number(head.texts[row], entry)
        }
        image.path.begin()
        try entry.visitNumberedSteps { (milliseconds, page) throws(any Error) in
            image.path.append(try number(page, entry), milliseconds)
        }
        image.path.end()

        let session = try place(head)
        image.append(session, head, texts: texts)
        if image.isFull { try image.move(into: db) }
        open(HourKey(head.propertyID, head.firstEvent))
        SessionFact(head, texts: texts, number: UInt32(truncatingIfNeeded: session))
            .append(to: &openFacts)
    }

    /// Gives a session its number.
    private mutating func place(_ head: PackedHead) throws -> Int64 {
        let number = (stretch?.last ?? 0) + 1
        if let full = stretch, full.isFull {
            try full.write(db)
            stretch = nil
        }
        if stretch == nil {
            stretch = SessionStretch(number: number, start: head.firstEvent, place: head.place)
        } else {
            stretch?.append(start: head.firstEvent)
        }
        return number
    }

    /// Sessions finish about as they began, so one hour after the other is gathered.
    private mutating func open(_ hour: HourKey) {
        if hour == openHour { return }
        closeHour()
        openHour = hour
        openFacts = hours.removeValue(forKey: hour) ?? []
    }

    private mutating func closeHour() {
        if let openHour { hours[openHour] = openFacts }
        openHour = nil
        openFacts = []
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

    /// The number in the archive of a text of the list.
    private mutating func number(_ listed: UInt32, _ entry: PackedSession) throws -> UInt32 {
        if listed == 0 { return 0 }
        let row = Int(listed)
        usesInList[row] += 1
        if numbers[row] == 0 { numbers[row] = try number(of: entry.listedText(listed).utf8Text) }
        return numbers[row]
    }

    private mutating func number(of text: String) throws -> UInt32 {
        if let known = texts[text] { return known }
        let bytes = Array(text.utf8)
        findText.bind(text: bytes, at: 1)
        defer { findText.reset() }
        if try findText.step() {
            texts[text] = findText.number(0)
            return findText.number(0)
        }
        insertText.bind(text: bytes, at: 1)
        defer { insertText.reset() }
        guard try insertText.step() else {
            throw DatabaseError(resultCode: .SQLITE_ERROR, message: "a text got no number")
        }
        texts[text] = insertText.number(0)
        return insertText.number(0)
    }

    // MARK: Hours

    private mutating func writeHours() throws {
        closeHour()
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
            if bytes.count >= HourKey.partBytesMax {
                part += 1
                bytes.removeAll(keepingCapacity: true)
            }
            let end = min(facts.count, at + HourKey.partBytesMax - bytes.count)
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

    /// Erases visitors: their sessions and facts, the revisions that name those sessions, and the texts that
    /// nobody else uses.
    private mutating func forget() throws {
        try image.move(into: db)
        try writeHours()
        var erasure = ArchiveErasure(db)
        for (property, visitors) in forgotten { try erasure.erase(visitors, of: property) }
        // A text that the list uses too is counted when the list is done, and must not go before.
        for row in 0..<numbers.count where usesInList[row] > 0 {
            uses[numbers[row], default: 0] += usesInList[row]
            usesInList[row] = 0
        }
        erasure.keep(uses)
        uses.removeAll()
        try erasure.finish()
        forgotten.removeAll()
        // Numbers of texts that are gone.
        texts.removeAll()
        for row in 0..<numbers.count { numbers[row] = 0 }
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
