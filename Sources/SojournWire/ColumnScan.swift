import SojournModel

/// Loops over whole columns that the compiler turns into vector instructions: a check asks for the
/// largest element first, and looks for the offending row only when there is one.
///
/// The loads are unchecked, for a check per element would keep the loop scalar. Each loop runs over
/// `byteCount / size` elements of the span that it loads from, so none can leave it.
enum ColumnScan {
    /// The largest element of a column of unsigned integers; 0 for an empty one.
    static func maximum(_ column: RawSpan, width: Int) -> Int {
        switch width {
        case 1: Int(maximum(column, of: UInt8.self))
        case 2: Int(maximum(column, of: UInt16.self))
        default: Int(maximum(column, of: UInt32.self))
        }
    }

    @inline(__always) static func maximum<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ column: RawSpan, of: T.Type
    ) -> T {
        unsafe column.withUnsafeBytes { bytes in
            var result: T = 0
            for row in 0..<(bytes.count / MemoryLayout<T>.size) {
                let element = unsafe bytes.loadUnaligned(
                    fromByteOffset: row &* MemoryLayout<T>.size, as: T.self)
                result = max(result, T(littleEndian: element))
            }
            return result
        }
    }

    /// Smallest and largest element; nil for an empty column.
    @inline(__always) static func range<T: FixedWidthInteger & BitwiseCopyable>(
        _ column: RawSpan, of: T.Type
    ) -> ClosedRange<T>? {
        unsafe column.withUnsafeBytes { bytes in
            let count = bytes.count / MemoryLayout<T>.size
            if count == 0 { return nil }
            var lowest = T.max
            var highest = T.min
            for row in 0..<count {
                let element = T(
                    littleEndian: unsafe bytes.loadUnaligned(
                        fromByteOffset: row &* MemoryLayout<T>.size, as: T.self))
                lowest = min(lowest, element)
                highest = max(highest, element)
            }
            return lowest...highest
        }
    }

    /// True when every byte is from 1 to `last`.
    static func isWithin1(to last: UInt8, _ column: RawSpan) -> Bool {
        unsafe column.withUnsafeBytes { bytes in
            var highest: UInt8 = 0
            for row in 0..<bytes.count { highest = unsafe max(highest, bytes[row] &- 1) }
            return highest < last
        }
    }

    /// True when the ends ascend from 0 in steps of 1 to `most`.
    ///
    /// Steps are reckoned in 32 bits: a descent shows as a step beyond every limit.
    @inline(__always)
    static func areSteps1<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        to most: Int, _ ends: RawSpan, of: T.Type
    ) -> Bool {
        unsafe ends.withUnsafeBytes { bytes in
            let count = bytes.count / MemoryLayout<T>.size
            if count == 0 { return true }
            let first = UInt32(
                truncatingIfNeeded: T(
                    littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: 0, as: T.self)))
            var highest = first &- 1
            for row in 1..<max(count, 1) {
                let size = MemoryLayout<T>.size
                let before = unsafe bytes.loadUnaligned(
                    fromByteOffset: (row &- 1) &* size, as: T.self)
                let end = unsafe bytes.loadUnaligned(fromByteOffset: row &* size, as: T.self)
                let step =
                    UInt32(truncatingIfNeeded: T(littleEndian: end))
                    &- UInt32(truncatingIfNeeded: T(littleEndian: before))
                highest = max(highest, step &- 1)
            }
            return highest < UInt32(most)
        }
    }

    /// True when no byte has its highest bit set.
    static func isASCII(_ text: RawSpan) -> Bool {
        unsafe text.withUnsafeBytes { bytes in
            var all: UInt64 = 0
            let words = bytes.count >> 3
            for word in 0..<words {
                all |= unsafe bytes.loadUnaligned(fromByteOffset: word &<< 3, as: UInt64.self)
            }
            var rest: UInt8 = 0
            for byte in (words << 3)..<bytes.count { rest |= unsafe bytes[byte] }
            return all & 0x8080_8080_8080_8080 == 0 && rest < 0x80
        }
    }
}
