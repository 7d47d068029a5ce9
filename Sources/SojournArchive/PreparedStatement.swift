import GRDB
import GRDBSQLite
import SojournModel

/// An SQL statement that is run a million times: values go to SQLite and come back without an object for
/// each. For all that is run once, GRDB's own calls are used.
@safe struct PreparedStatement: ~Copyable {
    private let statement: OpaquePointer
    private let connection: OpaquePointer
    /// Makes SQLite copy what is bound.
    private static let copied = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    /// - Parameter database: outlives the statement.
    init(_ database: Database, _ sql: String) throws {
        guard let connection = unsafe database.sqliteConnection else {
            throw DatabaseError(resultCode: .SQLITE_MISUSE, message: "the database is closed")
        }
        var statement: OpaquePointer?
        let code = unsafe sqlite3_prepare_v2(connection, sql, -1, &statement, nil)
        guard code == SQLITE_OK, let statement = unsafe statement else {
            throw unsafe Self.error(connection)
        }
        unsafe self.statement = statement
        unsafe self.connection = connection
    }

    deinit { unsafe sqlite3_finalize(statement) }

    private static func error(_ connection: OpaquePointer) -> DatabaseError {
        // The message lives until the next call on the connection, and is copied here.
        unsafe DatabaseError(
            resultCode: ResultCode(rawValue: sqlite3_extended_errcode(connection)),
            message: String(cString: sqlite3_errmsg(connection)))
    }

    /// Binds a number to a parameter, counted from 1. The statement is live as long as this value.
    func bind(_ value: Int64, at index: Int32) {
        unsafe sqlite3_bind_int64(statement, index, value)
    }

    func bind(_ value: UInt32, at index: Int32) { bind(Int64(value), at: index) }

    func bind(_ value: UInt64, at index: Int32) { bind(Int64(bitPattern: value), at: index) }

    /// Binds 16 bytes.
    func bind(_ bits: Bits128, at index: Int32) {
        let bytes = (bits.high.bigEndian, bits.low.bigEndian)
        // SQLite copies the bytes before the call returns.
        unsafe withUnsafeBytes(of: bytes) {
            unsafe _ = sqlite3_bind_blob(statement, index, $0.baseAddress, 16, Self.copied)
        }
    }

    func bind(blob bytes: [UInt8], at index: Int32) {
        unsafe bytes.withUnsafeBytes {
            unsafe _ = sqlite3_bind_blob(
                statement, index, $0.baseAddress, Int32($0.count), Self.copied)
        }
    }

    func bind(text bytes: [UInt8], at index: Int32) {
        unsafe bytes.withUnsafeBytes {
            unsafe _ = sqlite3_bind_text(
                statement, index, $0.baseAddress?.assumingMemoryBound(to: CChar.self),
                Int32($0.count), Self.copied)
        }
    }

    /// Goes to the next row.
    ///
    /// - Returns: false behind the last one.
    func step() throws -> Bool {
        switch unsafe sqlite3_step(statement) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw unsafe Self.error(connection)
        }
    }

    /// Runs a statement without rows, and makes it ready for the next values.
    func run() throws {
        while try step() {}
        reset()
    }

    func reset() { unsafe sqlite3_reset(statement) }

    func integer(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(statement, column) }

    func number(_ column: Int32) -> UInt32 { UInt32(truncatingIfNeeded: integer(column)) }

    func bits(_ column: Int32) -> Bits128 {
        var bits = Bits128(high: 0, low: 0)
        withBytes(column) { bytes in
            guard bytes.byteCount == 16 else { return }
            bits.high = bytes.integer(at: 0, as: UInt64.self).byteSwapped
            bits.low = bytes.integer(at: 8, as: UInt64.self).byteSwapped
        }
        return bits
    }

    func text(_ column: Int32) -> String {
        var text = ""
        withBytes(column) { text = $0.utf8Text }
        return text
    }

    /// Lends the bytes of a blob or text of the row.
    func withBytes<Failure: Error>(
        _ column: Int32, _ body: (RawSpan) throws(Failure) -> Void
    ) throws(Failure) {
        let start = unsafe sqlite3_column_blob(statement, column)
        let count = unsafe Int(sqlite3_column_bytes(statement, column))
        // Good until the next step, and `body` is over before that.
        let bytes = unsafe UnsafeRawBufferPointer(start: start, count: count)
        try unsafe body(bytes.bytes)
    }
}
