import CPostgres
import SojournModel

/// The rows that a statement has brought, in binary.
@safe struct PostgresRows: ~Copyable {
    private let result: OpaquePointer?

    /// - Parameter result: belongs to this value from now on.
    init(_ result: OpaquePointer?) { unsafe self.result = result }

    deinit { unsafe PQclear(result) }

    /// - Throws: unless it ended in one of two ways.
    func check(
        _ one: ExecStatusType, _ other: ExecStatusType,
        else failure: @autoclosure () -> PostgresFailure
    ) throws(PostgresFailure) {
        let status = unsafe PQresultStatus(result)
        if status == one || status == other { return }
        // The message lives as long as the result, and is copied; 67 is the field of the state ("C").
        guard let state = unsafe PQresultErrorField(result, 67) else { throw failure() }
        let message = unsafe PQresultErrorField(result, 77).map { unsafe String(cString: $0) }
        throw PostgresFailure(
            state: unsafe String(cString: state), message: message ?? "it refused a statement")
    }

    var count: Int { Int(unsafe PQntuples(result)) }

    /// A `bigint`.
    func integer(_ row: Int, _ column: Int32) -> Int64 {
        var value: Int64 = 0
        withBytes(row, column) { bytes in
            precondition(bytes.byteCount == 8, "only columns of 8 bytes are asked for")
            value = bytes.integer(at: 0, as: Int64.self).bigEndian
        }
        return value
    }

    func number(_ row: Int, _ column: Int32) -> UInt32 {
        UInt32(truncatingIfNeeded: integer(row, column))
    }

    /// A `uuid`, or 16 bytes.
    func bits(_ row: Int, _ column: Int32) -> Bits128 {
        var bits = Bits128(high: 0, low: 0)
        withBytes(row, column) { bytes in
            guard bytes.byteCount == 16 else { return }
            bits.high = bytes.integer(at: 0, as: UInt64.self).byteSwapped
            bits.low = bytes.integer(at: 8, as: UInt64.self).byteSwapped
        }
        return bits
    }

    func text(_ row: Int, _ column: Int32) -> String {
        var text = ""
        withBytes(row, column) { text = $0.utf8Text }
        return text
    }

    /// Lends the bytes of a value; none for NULL.
    func withBytes<Failure: Error>(
        _ row: Int, _ column: Int32, _ body: (RawSpan) throws(Failure) -> Void
    ) throws(Failure) {
        let start = unsafe PQgetvalue(result, Int32(row), column)
        let count = unsafe Int(PQgetlength(result, Int32(row), column))
        // They live as long as the result, and `body` is over before that.
        let bytes = unsafe UnsafeRawBufferPointer(start: start, count: count)
        try unsafe body(bytes.bytes)
    }
}
