import SojournArchive
import SojournModel

/// What one transaction adds to the archive.
struct PostgresTransaction: ~Copyable {
    private let connection: PostgresConnection
    private let writer: Int64
    private var archived: FeedPlace
    private var sessions = CopyRows(columns: 28)
    private var revisions = CopyRows(columns: 8)
    /// Texts that the archive did not have.
    private var newTexts = CopyRows(columns: 4)
    private var lastText: Int64
    /// Facts that are not written yet, by property and hour.
    private var hours: [HourKey: [UInt8]] = [:]
    private var path = PathText()
    /// Numbers of texts that were looked up, and are there at the end of the transaction.
    private var texts: [[UInt8]: UInt32] = [:]
    /// How often each text is used by what was added.
    private var uses: [UInt32: Int64] = [:]
    /// By the number of a text in the list that is taken now: its number in the archive.
    private var numbers = GrowableBuffer<UInt32>()
    /// Texts that may be used no longer.
    private var released: Set<UInt32> = []
    /// Visitors that are to be erased before they come again, and before the end.
    private var forgotten: [PropertyID: Set<VisitorHash>] = [:]

    /// - Parameter archived: how far the worker has come, locked.
    static func begin(
        _ connection: PostgresConnection, _ writer: Int64, archived: FeedPlace
    ) throws -> PostgresTransaction {
        let last = try connection.query(
            "SELECT last_text FROM writer WHERE writer = $1", .integer(writer))
        return PostgresTransaction(connection, writer, archived, last.integer(0, 0))
    }

    private init(
        _ connection: PostgresConnection, _ writer: Int64, _ archived: FeedPlace, _ lastText: Int64
    ) {
        self.connection = connection
        self.writer = writer
        self.archived = archived
        self.lastText = lastText
    }

    /// Takes the entries of a list, but for those that the archive has.
    mutating func take(_ list: borrowing PackedSessions) throws {
        try resolve(list)
        try list.visit { entry throws(any Error) in try take(entry) }
    }

    private mutating func take(_ entry: PackedSession) throws {
        let place = entry.head.place
        guard place > archived else { return }
        switch entry.head.entryKind {
        case .finished:
            if forgotten[entry.head.propertyID]?.contains(entry.head.visitor) == true {
                try forget()
            }
            add(entry)
        case .revised: revise(entry.head)
        case .forgotten:
            forgotten[entry.head.propertyID, default: []].insert(entry.head.visitor)
        case .live: preconditionFailure("only finished sessions are archived")
        }
        archived = place
    }

    private static func append(_ path: borrowing PathText, to rows: inout CopyRows) {
        rows.append(path.bytes)
    }

    private mutating func add(_ entry: PackedSession) {
        let head = entry.head
        var numbers = InlineArray<10, UInt32>(repeating: 0)
        for row in 0..<PackedHead.textCount { numbers[row] = use(head.texts[row]) }
        path.begin()
        entry.visitNumberedSteps { milliseconds, page in path.append(use(page), milliseconds) }
        path.end()
        sessions.begin()
        sessions.append(writer)
        sessions.append(head.propertyID.rawValue)
        sessions.append(head.firstEvent)
        sessions.append(head.id.bits)
        sessions.append(head.visitor.bits)
        sessions.append(head.ordinal)
        sessions.append(head.lastEvent)
        sessions.append(head.events)
        sessions.append(head.views)
        sessions.append(head.actions)
        sessions.append(head.conversions)
        sessions.append(head.value)
        sessions.append(Int64(head.state.rawValue))
        sessions.append(Int64(head.boundary?.rawValue ?? 255))
        for row in 0..<10 { sessions.append(numbers[row]) }
        sessions.append(head.finishesAt)
        sessions.append(Int64(bitPattern: head.place.position))
        sessions.append(head.place.index)
        Self.append(path, to: &sessions)
        SessionFact(head, texts: numbers)
            .append(to: &hours[HourKey(head.propertyID, head.firstEvent), default: []])
    }

    private mutating func revise(_ head: PackedHead) {
        revisions.begin()
        revisions.append(writer)
        revisions.append(Int64(bitPattern: head.place.position))
        revisions.append(head.place.index)
        revisions.append(head.propertyID.rawValue)
        revisions.append(head.value)
        revisions.append(head.id.bits)
        revisions.append(head.other.bits)
        revisions.append(head.ordinal)
    }

    // MARK: Texts

    /// The number in the archive of a text of the list, which is used once more.
    private mutating func use(_ listed: UInt32) -> UInt32 {
        if listed == 0 { return 0 }
        let number = numbers[Int(listed)]
        uses[number, default: 0] += 1
        return number
    }

    /// Looks up all texts of a list at once, and numbers those that are new.
    private mutating func resolve(_ list: borrowing PackedSessions) throws {
        numbers.removeAll()
        numbers.resize(to: list.textCount + 1, repeating: 0)
        if list.textCount == 0 { return }
        let all = (1...list.textCount).map { list.listedText(UInt32($0)).byteArray }
        let unknown = Set(all).filter { texts[$0] == nil }
        let found = try connection.query(
            "SELECT id, text FROM text WHERE writer = $1 AND text = ANY($2)", .integer(writer),
            .byteRows(Array(unknown)))
        for row in 0..<found.count {
            var text: [UInt8] = []
            found.withBytes(row, 1) { text = $0.byteArray }
            texts[text] = found.number(row, 0)
        }
        for (row, text) in all.enumerated() {
            let number: UInt32
            if let known = texts[text] {
                number = known
            } else {
                lastText += 1
                number = UInt32(truncatingIfNeeded: lastText)
                texts[text] = number
                newTexts.begin()
                newTexts.append(writer)
                newTexts.append(number)
                newTexts.append(text.span)
                newTexts.append(Int64(0))
            }
            numbers[row + 1] = number
        }
    }

    // MARK: Writing

    /// Writes what was gathered, but for how far it goes.
    private mutating func flush() throws {
        try connection.copy(newTexts, into: "text")
        newTexts.removeAll()
        if !uses.isEmpty {
            let rows = Array(uses)
            try connection.query(
                """
                UPDATE text SET uses = uses + more.n FROM unnest($2, $3) AS more (id, n)
                WHERE writer = $1 AND text.id = more.id
                """, .integer(writer), .integers(rows.map { Int64($0.key) }),
                .integers(rows.map(\.value)))
            uses.removeAll()
        }
        try connection.copy(sessions, into: "session")
        sessions.removeAll()
        try connection.copy(revisions, into: "revision")
        revisions.removeAll()
        var hourRows = PostgresHours(connection, writer)
        for (key, facts) in hours { try hourRows.append(facts, to: key) }
        try hourRows.finish()
        hours.removeAll()
    }

    private mutating func forget() throws {
        try flush()
        var erasure = PostgresErasure(connection, writer)
        for (property, visitors) in forgotten {
            try erasure.erase(
                "writer = $1 AND property = $2 AND visitor = ANY($3)",
                .integer(Int64(property.rawValue)), .byteRows(visitors.map(\.bits.byteArray)),
                withFacts: true)
        }
        // The numbers of texts stay good until the end of the transaction: only then do texts go.
        released.formUnion(try erasure.release())
        forgotten.removeAll()
    }

    /// Writes everything, and how far it goes.
    ///
    /// Texts that nobody uses go: of visitors that were forgotten, and of entries that the archive had already.
    mutating func finish(_ archive: PostgresArchive) throws {
        try flush()
        if !forgotten.isEmpty { try forget() }
        try connection.query(
            "DELETE FROM text WHERE writer = $1 AND uses <= 0 AND id = ANY($2)", .integer(writer),
            .integers((released.union(texts.values)).map(Int64.init)))
        try connection.query(
            "UPDATE writer SET last_text = $2 WHERE writer = $1", .integer(writer),
            .integer(lastText))
        try archive.setArchived(archived, writer, connection)
    }
}

extension RawSpan {
    var byteArray: [UInt8] {
        // The bytes are copied while the span lends them.
        unsafe withUnsafeBytes { unsafe Array($0) }
    }
}

extension Bits128 {
    /// 16 bytes, the high ones first.
    var byteArray: [UInt8] { high.bigEndianBytes + low.bigEndianBytes }
}
