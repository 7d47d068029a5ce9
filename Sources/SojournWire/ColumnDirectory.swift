import SojournModel

/// One entry of a directory (sojourn-1, "Columns").
///
///      0 +--------------------------+
///        | column                   |  1
///      1 +--------------------------+
///        | width                    |  1   bytes per element, or 0
///      2 +--------------------------+
///        | parameter                |  2
///      4 +--------------------------+
///        | count                    |  4   elements
///      8 +--------------------------+
///        | offset                   |  4   from the start of the body
///     12 +--------------------------+
///        | length                   |  4   bytes
///     16 +--------------------------+
struct ColumnDescriptor {
    static var byteCount: Int { 16 }

    let column: UInt8
    let width: Int
    let parameter: Int
    let count: Int
    let offset: Int
    let length: Int

    /// The numbers are anything that 32 bits can hold: sums of them do not overflow an `Int`.
    @inline(__always) init(_ bytes: RawSpan, at start: Int) {
        let low = bytes.integer(at: start, as: UInt64.self)
        let high = bytes.integer(at: start + 8, as: UInt64.self)
        column = UInt8(truncatingIfNeeded: low)
        width = Int(UInt8(truncatingIfNeeded: low >> 8))
        parameter = Int(UInt16(truncatingIfNeeded: low >> 16))
        count = Int(low >> 32)
        offset = Int(UInt32(truncatingIfNeeded: high))
        length = Int(high >> 32)
        assert(1 + 1 + 2 + 4 + 4 + 4 == Self.byteCount)
    }
}

/// The directory of a body, read in place.
struct ColumnDirectory: ~Escapable {
    let body: RawSpan
    /// Where the first descriptor stands: behind the fixed part.
    let start: Int
    let count: Int

    /// - Precondition: the body holds the fixed part and the whole directory.
    @_lifetime(copy body)
    init(_ body: RawSpan, fixedBytes: Int, count: Int) {
        precondition(body.byteCount >= fixedBytes + count * ColumnDescriptor.byteCount)
        self.body = body
        start = fixedBytes
        self.count = count
    }

    /// Byte of the body at which a descriptor stands.
    @inline(__always) func position(_ index: Int) -> Int {
        start &+ index &* ColumnDescriptor.byteCount
    }

    subscript(index: Int) -> ColumnDescriptor {
        @inline(__always) get { ColumnDescriptor(body, at: position(index)) }
    }

    /// Index of a column's descriptor, or nil.
    func index(of column: Column) -> Int? {
        for index in 0..<count where body.integer(at: position(index)) == column.rawValue {
            return index
        }
        return nil
    }

    func find(_ column: Column) -> ColumnDescriptor? { index(of: column).map { self[$0] } }

    /// The bytes of a column; none for one that is not there.
    ///
    /// - Precondition: the directory has been validated.
    @_lifetime(copy self)
    func bytes(of descriptor: ColumnDescriptor?) -> RawSpan {
        guard let descriptor else { return body.extracting(0..<0) }
        return body.extracting(descriptor.offset..<(descriptor.offset + descriptor.length))
    }
}
