/// A column of unsigned integers, each 1, 2 or 4 bytes wide, read in place.
///
/// A missing column reads as zero at every row.
public struct IndexColumn: ~Escapable {
    @usableFromInline let bytes: RawSpan
    /// Bytes per element: 1, 2 or 4; 0 for a column that is not there.
    public let width: Int

    /// - Precondition: `bytes` holds a whole number of elements.
    @_lifetime(copy bytes)
    @inlinable public init(_ bytes: RawSpan, width: Int) {
        self.bytes = bytes
        self.width = width
    }

    /// All elements with their rows: what the width is, is asked once.
    @inline(always) @inlinable
    public func forEach(count: Int, _ body: (Int, UInt32) -> Void) {
        switch width {
        case 2:
            for row in 0..<count { body(row, UInt32(bytes.integer(at: row &* 2, as: UInt16.self))) }
        case 1:
            for row in 0..<count { body(row, UInt32(bytes.integer(at: row, as: UInt8.self))) }
        case 4:
            for row in 0..<count { body(row, bytes.integer(at: row &* 4, as: UInt32.self)) }
        default:
            for row in 0..<count { body(row, 0) }
        }
    }

    @inline(always) @inlinable
    public subscript(row: Int) -> Int {
        switch width {
        case 2: Int(bytes.integer(at: row &* 2, as: UInt16.self))
        case 1: Int(bytes.integer(at: row, as: UInt8.self))
        case 4: Int(bytes.integer(at: row &* 4, as: UInt32.self))
        default: 0
        }
    }
}
