import SojournModel

/// Where the next descriptor of a directory goes.
struct DirectoryCursor {
    fileprivate var next: Int
    fileprivate let end: Int
}

extension ByteWriter {
    /// Makes room for the directory of a body whose fixed part is complete.
    mutating func beginDirectory(columns: Int) -> DirectoryCursor {
        let start = extend(by: columns * ColumnDescriptor.byteCount)
        return DirectoryCursor(next: start, end: count)
    }

    /// Writes the next descriptor and makes room for its column.
    ///
    /// - Returns: where the column begins.
    mutating func beginColumn(
        _ column: Column, width: Int, parameter: Int = 0, count elements: Int, length: Int,
        _ cursor: inout DirectoryCursor
    ) -> Int {
        precondition(cursor.next < cursor.end)
        align()
        let start = extend(by: length)
        set(column.rawValue, at: cursor.next)
        set(UInt8(width), at: cursor.next + 1)
        set(UInt16(parameter), at: cursor.next + 2)
        set(UInt32(elements), at: cursor.next + 4)
        set(UInt32(start - MessageHeader.byteCount), at: cursor.next + 8)
        set(UInt32(length), at: cursor.next + 12)
        cursor.next += ColumnDescriptor.byteCount
        return start
    }

    /// Writes a column of unsigned integers as narrow as `width` says.
    ///
    /// - Precondition: no element needs more than `width` bytes.
    mutating func appendColumn(
        _ column: Column, _ elements: Span<UInt32>, width: Int, _ cursor: inout DirectoryCursor
    ) {
        let start = beginColumn(
            column, width: width, count: elements.count, length: elements.count * width, &cursor)
        narrow(elements, width: width, at: start)
    }

    /// Writes a column of bytes.
    mutating func appendColumn(
        _ column: Column, bytes: RawSpan, _ cursor: inout DirectoryCursor
    ) {
        let start = beginColumn(
            column, width: 1, count: bytes.byteCount, length: bytes.byteCount, &cursor)
        copy(bytes, to: start)
    }

    /// Writes a column of integers, each made from its row.
    @inline(__always) mutating func appendColumn<T: FixedWidthInteger & BitwiseCopyable>(
        _ column: Column, parameter: Int = 0, count elements: Int, as: T.Type,
        _ cursor: inout DirectoryCursor, element: (Int) -> T
    ) {
        let size = MemoryLayout<T>.size
        let start = beginColumn(
            column, width: size, parameter: parameter, count: elements, length: elements * size,
            &cursor)
        store(at: start, count: elements, element: element)
    }

    /// Writes entries that lie behind one another; `ends` says where each ends.
    ///
    /// - Parameter size: the size of all entries; nil when they differ.
    mutating func appendDictionary(
        _ column: Column, entries: RawSpan, ends: Span<UInt32>, size: Int?,
        _ cursor: inout DirectoryCursor
    ) {
        if let size {
            let start = beginColumn(
                column, width: 0, parameter: size, count: ends.count, length: entries.byteCount,
                &cursor)
            copy(entries, to: start)
            return
        }
        let width = Self.endWidth(entries.byteCount)
        let endBytes = ends.count * width
        let start = beginColumn(
            column, width: width, count: ends.count, length: endBytes + entries.byteCount, &cursor)
        narrow(ends, width: width, at: start)
        copy(entries, to: start + endBytes)
    }

    /// Bytes per end of a dictionary whose entries have `byteCount` bytes.
    static func endWidth(_ byteCount: Int) -> Int { byteCount <= Int(UInt16.max) ? 2 : 4 }

    /// The narrowest index that holds `largest`.
    static func indexWidth(_ largest: Int) -> Int {
        largest <= Int(UInt8.max) ? 1 : largest <= Int(UInt16.max) ? 2 : 4
    }

    /// Copies bytes over bytes that are there.
    mutating func copy(_ source: RawSpan, to start: Int) {
        // The two do not overlap: one is borrowed, the other exclusive.
        unsafe withUnsafeBytes(from: start, size: source.byteCount) { target in
            unsafe source.withUnsafeBytes { source in
                if let from = source.baseAddress {
                    unsafe target.copyMemory(from: from, byteCount: source.count)
                }
            }
        }
    }

    mutating func narrow(_ elements: Span<UInt32>, width: Int, at start: Int) {
        switch width {
        case 1: narrow(elements, as: UInt8.self, at: start)
        case 2: narrow(elements, as: UInt16.self, at: start)
        default: narrow(elements, as: UInt32.self, at: start)
        }
    }

    @inline(__always)
    private mutating func narrow<T: FixedWidthInteger & BitwiseCopyable>(
        _ elements: Span<UInt32>, as: T.Type, at start: Int
    ) {
        unsafe elements.withUnsafeBufferPointer { source in
            store(at: start, count: source.count) { row in
                // `store` asks for rows below the count that it was given.
                unsafe T(truncatingIfNeeded: source[row])
            }
        }
    }

    /// Writes `count` little-endian integers over bytes that are there.
    @inline(__always) mutating func store<T: FixedWidthInteger & BitwiseCopyable>(
        at start: Int, count elements: Int, element: (Int) -> T
    ) {
        let size = MemoryLayout<T>.size
        unsafe withUnsafeBytes(from: start, size: elements * size) { target in
            for row in 0..<elements {
                // Row by row within the bytes that the line above lends out.
                unsafe target.storeBytes(
                    of: element(row).littleEndian, toByteOffset: row &* size, as: T.self)
            }
        }
    }
}
