import SojournModel

/// One row as SQLite stores it: of each column what it is, then of each what it holds.
struct SessionRecord: ~Copyable {
    /// What a table's leaf has of the row: how long the record is, the row's number, the record.
    private(set) var cell = GrowableBuffer<UInt8>()
    private var types = GrowableBuffer<UInt8>()
    private var values = GrowableBuffer<UInt8>()

    mutating func begin() {
        types.removeAll()
        values.removeAll()
    }

    mutating func appendNull() { types.append(0) }

    /// With as few bytes as it takes.
    mutating func append(_ value: Int64) {
        if value == 0 || value == 1 { return types.append(UInt8(8 + value)) }
        // Bits besides the sign.
        let bits = 64 - (value < 0 ? ~value : value).leadingZeroBitCount
        let (type, count): (UInt8, Int) =
            switch bits {
            case 0..<8: (1, 1)
            case 8..<16: (2, 2)
            case 16..<24: (3, 3)
            case 24..<32: (4, 4)
            case 32..<48: (5, 6)
            default: (6, 8)
            }
        types.append(type)
        values.append(UInt64(bitPattern: value), byteCount: count)
    }

    /// 16 bytes.
    mutating func append(_ bits: Bits128) {
        types.append(12 + 2 * 16)
        values.append(bits.high, byteCount: 8)
        values.append(bits.low, byteCount: 8)
    }

    mutating func append(_ path: borrowing PathText) {
        Self.append(UInt64(13 + 2 * path.bytes.count), to: &types)
        values.append(contentsOf: path.bytes)
    }

    /// Puts the cell together.
    mutating func finish(number: Int64) {
        // The length of the list of types counts itself, and is below 128.
        let typeBytes = types.count + 1
        precondition(typeBytes < 128)
        cell.removeAll()
        Self.append(UInt64(typeBytes + values.count), to: &cell)
        Self.append(UInt64(bitPattern: number), to: &cell)
        cell.append(UInt8(typeBytes))
        cell.append(contentsOf: types)
        cell.append(contentsOf: values)
    }

    /// What an inner page has of a page below it: which it is, and the last number in it.
    static func cell(ofPage page: UInt32, upTo number: Int64) -> GrowableBuffer<UInt8> {
        var cell = GrowableBuffer<UInt8>()
        cell.append(UInt64(page), byteCount: 4)
        append(UInt64(bitPattern: number), to: &cell)
        return cell
    }

    /// Seven bits a byte, the highest first, all but the last with the top bit. Numbers of rows are below 2^56, so a
    /// ninth byte, which has eight, is not needed.
    private static func append(_ number: UInt64, to bytes: inout GrowableBuffer<UInt8>) {
        precondition(number < 1 << 56)
        var shift = max(0, (63 - (number | 1).leadingZeroBitCount) / 7 * 7)
        while shift > 0 {
            bytes.append(0x80 | UInt8(truncatingIfNeeded: number >> shift))
            shift -= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: number & 0x7F))
    }
}
