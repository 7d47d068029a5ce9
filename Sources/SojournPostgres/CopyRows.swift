import SojournModel

/// Rows in the binary form of COPY: nothing to escape, nothing to print and parse, and half the bytes of text
/// (PostgreSQL, "COPY", "Binary Format").
struct CopyRows: ~Copyable {
    private static let signature: [UInt8] =
        Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0] + [UInt8](repeating: 0, count: 8)
    private static let chunkBytes = 1 << 20

    private let columns: Int16
    private var bytes = GrowableBuffer<UInt8>()

    init(columns: Int16) {
        self.columns = columns
        removeAll()
    }

    var isEmpty: Bool { bytes.count == Self.signature.count }

    mutating func removeAll() {
        bytes.removeAll()
        bytes.append(contentsOf: Self.signature.span)
    }

    /// Begins a row; as many values as there are columns follow.
    mutating func begin() { append(raw: columns) }

    mutating func append(_ value: Int64) {
        append(raw: Int32(8))
        append(raw: value)
    }

    mutating func append(_ value: UInt32) { append(Int64(value)) }

    mutating func append(_ bits: Bits128) {
        append(raw: Int32(16))
        append(raw: bits.high)
        append(raw: bits.low)
    }

    mutating func append(_ value: Span<UInt8>) {
        append(raw: Int32(value.count))
        bytes.append(contentsOf: value)
    }

    private mutating func append(raw value: some FixedWidthInteger) {
        var shift = type(of: value).bitWidth
        while shift > 0 {
            shift -= 8
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    /// What goes over the wire, with the mark of the end.
    func forEachChunk(_ body: (RawSpan) -> Void) {
        // Bytes have no invalid patterns.
        let all = unsafe bytes.span.bytes
        var at = 0
        while at < all.byteCount {
            let end = min(all.byteCount, at + Self.chunkBytes)
            body(all.extracting(at..<end))
            at = end
        }
        let mark: [UInt8] = [0xFF, 0xFF]
        body(unsafe mark.span.bytes)
    }
}
