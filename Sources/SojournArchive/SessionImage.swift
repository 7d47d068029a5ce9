import GRDB
import GRDBSQLite
import SojournModel

/// Sessions as a database of their own, in the form in which SQLite keeps one, from which SQLite copies whole records
/// into the archive. Statements would bind and read 28 values for each session, which takes three times as long.
///
///     page 1            page 2                       pages 3 ...
///     header, schema    last number of each leaf --> records
///
/// The form is that of "Database File Format" (sqlite.org/fileformat2.html), sections 1.6 and 2.1. SQLite itself
/// writes the first page, and takes the whole for what it is: a database in memory.
struct SessionImage: ~Copyable {
    /// The name under which a connection has it.
    static let schema = "image"
    /// Copies whole records, as long as both tables are made alike.
    static let moving = "INSERT INTO main.session SELECT * FROM \(schema).session"
    /// Of both databases.
    static let pageBytes = 16_384
    /// What fits into the caches of a processor beside the pages of the archive.
    private static let leavesMax = 64
    private static let leafHeaderBytes = 8
    private static let rootHeaderBytes = 12
    private static let root = pageBytes
    private static let firstLeaf = 2 * pageBytes
    /// Where the first page says how many there are.
    private static let pageCountOffset = 28

    private var pages = GrowableBuffer<UInt8>()
    private var record = SessionRecord()
    /// Of the next session.
    var path = PathText()
    /// Of the leaf that is filled.
    private var leaf = SessionImage.firstLeaf
    private var recordsInLeaf = 0
    private var recordsStart = SessionImage.pageBytes
    /// The last number of each full leaf.
    private var lastNumbers: [Int64] = []
    private var lastNumber: Int64 = 0

    /// - Parameter firstPages: what `template` has made.
    init(_ firstPages: [UInt8]) {
        pages.append(contentsOf: firstPages.span)
        openLeaf()
    }

    var isEmpty: Bool { recordsInLeaf == 0 }
    var isFull: Bool { lastNumbers.count >= Self.leavesMax }

    /// An image without sessions: both first pages.
    static func template() throws -> [UInt8] {
        let database = try DatabaseQueue()
        return try database.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA page_size = \(pageBytes); \(ArchiveSchema.session)")
            var count: Int64 = 0
            guard let connection = unsafe db.sqliteConnection,
                let start = unsafe sqlite3_serialize(connection, "main", &count, 0)
            else {
                throw DatabaseError(
                    resultCode: .SQLITE_NOMEM, message: "SQLite shows no pages of a new table")
            }
            // As long as SQLite has said.
            let pages = unsafe Array(UnsafeBufferPointer(start: start, count: Int(count)))
            unsafe sqlite3_free(start)
            precondition(pages.count == firstLeaf)
            return pages
        }
    }

    /// Has the connection know the image, under its name.
    static func attach(to db: Database) throws {
        try db.execute(sql: "ATTACH ':memory:' AS \(schema)")
    }

    // MARK: Filling it

    /// Appends a session, with `path`; its number is above that of the one before.
    mutating func append(_ number: Int64, _ head: PackedHead, texts: InlineArray<10, UInt32>) {
        record.begin()
        // The number of the row, which stands beside the record.
        record.appendNull()
        record.append(Int64(head.propertyID.rawValue))
        record.append(head.firstEvent)
        record.append(head.id.bits)
        record.append(head.visitor.bits)
        record.append(Int64(head.ordinal))
        record.append(head.lastEvent)
        record.append(Int64(head.events))
        record.append(Int64(head.views))
        record.append(Int64(head.actions))
        record.append(Int64(head.conversions))
        record.append(head.value)
        record.append(Int64(head.state.rawValue))
        record.append(Int64(head.boundary?.rawValue ?? 255))
        for row in 0..<10 { record.append(Int64(texts[row])) }
        record.append(head.finishesAt)
        record.append(Int64(bitPattern: head.place.position))
        record.append(Int64(head.place.index))
        record.append(path)
        append(number)
    }

    /// Puts the record into the leaf, from its end to its start, and into the list of places at its start.
    private mutating func append(_ number: Int64) {
        record.finish(number: number)
        let byteCount = record.cell.count
        precondition(byteCount <= Self.pageBytes - Self.leafHeaderBytes - 2)
        if Self.leafHeaderBytes + 2 * (recordsInLeaf + 1) > recordsStart - byteCount {
            closeLeaf()
            openLeaf()
        }
        recordsStart -= byteCount
        pages.replace(at: leaf + recordsStart, with: record.cell)
        store(UInt16(recordsStart), at: leaf + Self.leafHeaderBytes + 2 * recordsInLeaf)
        recordsInLeaf += 1
        lastNumber = number
    }

    private mutating func openLeaf() {
        leaf = pages.count
        pages.resize(to: leaf + Self.pageBytes, repeating: 0)
        recordsInLeaf = 0
        recordsStart = Self.pageBytes
    }

    private mutating func closeLeaf() {
        // The leaf of a table.
        pages[leaf] = 13
        store(UInt16(recordsInLeaf), at: leaf + 3)
        store(UInt16(recordsStart), at: leaf + 5)
        lastNumbers.append(lastNumber)
    }

    private mutating func store<Value: FixedWidthInteger>(_ value: Value, at offset: Int) {
        for byte in 0..<MemoryLayout<Value>.size {
            pages[offset + byte] = UInt8(
                truncatingIfNeeded: value >> (8 * (MemoryLayout<Value>.size - 1 - byte)))
        }
    }

    private mutating func clear() {
        pages.truncate(to: Self.firstLeaf)
        lastNumbers.removeAll(keepingCapacity: true)
        openLeaf()
    }

    // MARK: Handing it over

    /// Has SQLite copy the sessions into the archive, and begins anew.
    mutating func move(into db: Database) throws {
        if isEmpty { return }
        closeLeaf()
        writeRoot()
        store(UInt32(pages.count / Self.pageBytes), at: Self.pageCountOffset)
        try lend(to: db)
        clear()
        try PreparedStatement(db, Self.moving).run()
    }

    /// What stands where; with one leaf alone that is the root itself.
    private mutating func writeRoot() {
        if lastNumbers.count == 1 {
            var only = GrowableBuffer<UInt8>(capacity: Self.pageBytes)
            only.append(contentsOf: pages.span.extracting(Self.firstLeaf...))
            pages.replace(at: Self.root, with: only)
            return pages.truncate(to: Self.firstLeaf)
        }
        var start = Self.pageBytes
        var page = UInt32(3)
        for (row, number) in lastNumbers.dropLast().enumerated() {
            let cell = SessionRecord.cell(ofPage: page, upTo: number)
            start -= cell.count
            pages.replace(at: Self.root + start, with: cell)
            store(UInt16(start), at: Self.root + Self.rootHeaderBytes + 2 * row)
            page += 1
        }
        // The inner page of a table.
        pages[Self.root] = 5
        store(UInt16(lastNumbers.count - 1), at: Self.root + 3)
        store(UInt16(start), at: Self.root + 5)
        store(page, at: Self.root + 8)
    }

    /// Gives SQLite a copy, which is then its own.
    private func lend(to db: Database) throws {
        let count = pages.count
        guard let connection = unsafe db.sqliteConnection,
            let copy = unsafe sqlite3_malloc64(UInt64(count))
        else { throw DatabaseError(resultCode: .SQLITE_NOMEM, message: "no room for sessions") }
        unsafe pages.span.withUnsafeBytes { source in
            // As many bytes as were asked for.
            unsafe UnsafeMutableRawBufferPointer(start: copy, count: count)
                .copyMemory(from: source)
        }
        let code = unsafe sqlite3_deserialize(
            connection, Self.schema, copy.assumingMemoryBound(to: UInt8.self), Int64(count),
            Int64(count),
            UInt32(SQLITE_DESERIALIZE_FREEONCLOSE))
        guard code == SQLITE_OK else {
            throw unsafe DatabaseError(
                resultCode: ResultCode(rawValue: code),
                message: String(cString: sqlite3_errmsg(connection)))
        }
    }
}
