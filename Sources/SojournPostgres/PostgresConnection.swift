import CPostgres
import Glibc

/// What a database or the way to it refused.
struct PostgresFailure: Error {
    /// Five characters (PostgreSQL, "Error Codes"); empty when the way failed.
    var state = ""
    var message: String
}

/// A connection of libpq. Its calls wait, so it belongs to a thread that may.
///
/// One thread has it at a time: whoever shares connections hands each out to one. `interrupt` alone may be
/// called by others.
@safe final class PostgresConnection: @unchecked Sendable {
    private let connection: OpaquePointer
    /// A second number of the socket. libpq closes its own when the connection fails, and the system gives that
    /// to whoever opens something next.
    private let socket: Int32

    /// What a value is sent as: always in binary.
    enum Value {
        case integer(Int64)
        case bytes([UInt8])
        case text(String)
        case integers([Int64])
        case byteRows([[UInt8]])
    }

    init(_ address: PostgresAddress) throws(PostgresFailure) {
        // The address stands behind what it may say otherwise.
        let settings = [
            ("connect_timeout", "5"), ("tcp_user_timeout", "15000"), ("keepalives_idle", "10"),
            ("keepalives_interval", "5"), ("keepalives_count", "3"),
            ("fallback_application_name", "sojourn"), ("client_encoding", "UTF8"),
            ("dbname", address.text),
        ]
        let words = settings.flatMap { [$0.0, $0.1] }.map { Array($0.utf8CString) }
        var keywords: [UnsafePointer<CChar>?] = unsafe []
        var values: [UnsafePointer<CChar>?] = unsafe []
        let all = words.flatMap { $0 }
        // The strings live in `all` until the call is over; the lists end with a null.
        let opened = unsafe all.withUnsafeBufferPointer { buffer in
            var at = 0
            for (row, word) in words.enumerated() {
                let start = unsafe buffer.baseAddress.map { unsafe $0 + at }
                if row % 2 == 0 {
                    unsafe keywords.append(start)
                } else {
                    unsafe values.append(start)
                }
                at += word.count
            }
            unsafe keywords.append(nil)
            unsafe values.append(nil)
            return unsafe PQconnectdbParams(keywords, values, 1)
        }
        guard let opened = unsafe opened else { throw PostgresFailure(message: "out of memory") }
        guard unsafe PQstatus(opened) == CONNECTION_OK else {
            let message = unsafe String(cString: PQerrorMessage(opened))
            unsafe PQfinish(opened)
            throw PostgresFailure(message: message.oneLine)
        }
        unsafe connection = opened
        socket = dup(unsafe PQsocket(opened))
        try execute(
            """
            SET client_min_messages = warning; SET synchronous_commit = on;
            SET TimeZone = 'UTC'; SET search_path = sojourn
            """)
    }

    deinit {
        // Nobody has it any more.
        unsafe PQfinish(connection)
        _ = close(socket)
    }

    /// It was not lost, as far as is known.
    var isAlive: Bool { unsafe PQstatus(connection) == CONNECTION_OK }

    /// Ends what another thread waits for with an error, and the connection with it.
    func interrupt() { _ = shutdown(socket, Int32(SHUT_RDWR)) }

    private var failure: PostgresFailure {
        PostgresFailure(message: unsafe String(cString: PQerrorMessage(connection)).oneLine)
    }

    /// Runs statements without values, whose rows are not looked at.
    func execute(_ sql: String) throws(PostgresFailure) {
        // `rows` frees the result.
        let rows = unsafe PostgresRows(PQexec(connection, sql))
        try rows.check(PGRES_COMMAND_OK, PGRES_TUPLES_OK, else: failure)
    }

    /// Runs one statement.
    @discardableResult
    func query(_ sql: String, _ values: Value...) throws(PostgresFailure) -> PostgresRows {
        let rows = unsafe PostgresRows(
            Self.with(values) { unsafe PQexecParams(connection, sql, $0, $1, $2, $3, $4, 1) })
        try rows.check(PGRES_COMMAND_OK, PGRES_TUPLES_OK, else: failure)
        return rows
    }

    /// Runs one statement, and hands out its rows as they come. A body that throws ends the connection, for the
    /// rest is still under way.
    func forEachRow(
        _ sql: String, _ values: Value..., do body: (borrowing PostgresRows) throws -> Void
    ) throws {
        let isSent = unsafe Self.with(values) {
            unsafe PQsendQueryParams(connection, sql, $0, $1, $2, $3, $4, 1)
        }
        guard isSent == 1, unsafe PQsetSingleRowMode(connection) == 1 else { throw failure }
        var isDone = false
        defer { if !isDone { interrupt() } }
        while let result = unsafe PQgetResult(connection) {
            let rows = unsafe PostgresRows(result)
            try rows.check(PGRES_SINGLE_TUPLE, PGRES_TUPLES_OK, else: failure)
            if rows.count > 0 { try body(rows) }
        }
        isDone = true
    }

    /// Sends rows as COPY takes them.
    func copy(_ rows: borrowing CopyRows, into table: String) throws(PostgresFailure) {
        if rows.isEmpty { return }
        let begun = unsafe PostgresRows(
            PQexec(connection, "COPY \(table) FROM STDIN (FORMAT binary)"))
        try begun.check(PGRES_COPY_IN, PGRES_COPY_IN, else: failure)
        var isSent = true
        rows.forEachChunk { chunk in
            // The bytes live until the call is over, which copies them.
            unsafe chunk.withUnsafeBytes {
                unsafe isSent =
                    isSent
                    && PQputCopyData(
                        connection, $0.baseAddress?.assumingMemoryBound(to: CChar.self),
                        Int32($0.count)) == 1
            }
        }
        guard isSent, unsafe PQputCopyEnd(connection, nil) == 1 else { throw failure }
        let done = unsafe PostgresRows(PQgetResult(connection))
        // The end of the results; to be taken in any case.
        let end = unsafe PQgetResult(connection)
        unsafe PQclear(end)
        try done.check(PGRES_COMMAND_OK, PGRES_COMMAND_OK, else: failure)
    }

    /// Runs `body` in a transaction, which is undone when it throws.
    func transaction<Result>(
        _ begin: String = "BEGIN", _ body: () throws -> Result
    ) throws -> Result {
        try execute(begin)
        do {
            let result = try body()
            try execute("COMMIT")
            return result
        } catch {
            // A connection that is lost has undone it already.
            do { try execute("ROLLBACK") } catch { interrupt() }
            throw error
        }
    }

    // MARK: Values

    private typealias Lend<Result> = (
        Int32, UnsafePointer<Oid>?, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?,
        UnsafePointer<Int32>?
    ) -> Result

    /// Lends values in the form of libpq.
    private static func with<Result>(_ values: [Value], _ body: Lend<Result>) -> Result {
        let encoded = values.map(\.encoded)
        let bytes = encoded.flatMap { $0.bytes }
        let lengths = encoded.map { Int32($0.bytes.count) }
        let types = encoded.map(\.type)
        let formats = values.map { _ in Int32(1) }
        // `bytes` lives until the body is over; an empty value points at its start, which is never read.
        return unsafe (bytes + [0]).withUnsafeBytes { buffer in
            var pointers: [UnsafePointer<CChar>?] = unsafe []
            var at = 0
            for value in encoded {
                unsafe pointers.append(
                    buffer.baseAddress.map {
                        unsafe ($0 + at).assumingMemoryBound(to: CChar.self)
                    })
                at += value.bytes.count
            }
            return unsafe body(Int32(values.count), types, pointers, lengths, formats)
        }
    }
}

extension PostgresConnection.Value {
    private static let integerType: Oid = 20
    private static let bytesType: Oid = 17
    private static let textType: Oid = 25
    private static let integersType: Oid = 1016
    private static let byteRowsType: Oid = 1001

    fileprivate var encoded: (type: Oid, bytes: [UInt8]) {
        switch self {
        case .integer(let value): (Self.integerType, value.bigEndianBytes)
        case .bytes(let bytes): (Self.bytesType, bytes)
        case .text(let text): (Self.textType, Array(text.utf8))
        case .integers(let values):
            (Self.integersType, Self.array(of: Self.integerType, values.map(\.bigEndianBytes)))
        case .byteRows(let rows): (Self.byteRowsType, Self.array(of: Self.bytesType, rows))
        }
    }

    /// An array of one dimension, as PostgreSQL sends it.
    private static func array(of type: Oid, _ elements: [[UInt8]]) -> [UInt8] {
        var bytes: [UInt8] = []
        func append(_ value: Int) { bytes += Int32(value).bigEndianBytes }
        append(elements.isEmpty ? 0 : 1)
        append(0)
        append(Int(type))
        if elements.isEmpty { return bytes }
        append(elements.count)
        append(1)
        for element in elements {
            append(element.count)
            bytes += element
        }
        return bytes
    }
}

extension FixedWidthInteger {
    var bigEndianBytes: [UInt8] {
        (0..<Self.bitWidth / 8).reversed().map { UInt8(truncatingIfNeeded: self >> ($0 * 8)) }
    }
}

extension String {
    /// Messages of libpq have several lines, and end with one.
    fileprivate var oneLine: String {
        split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
