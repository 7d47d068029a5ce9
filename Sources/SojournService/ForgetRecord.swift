import SojournModel
import SojournWire

/// The payload of a record of a visitor who was forgotten (journal, "Forget").
///
///      0 +--------------------------+
///        | partition                |  2
///      2 +--------------------------+
///        | reserved                 |  2   zero
///      4 +--------------------------+
///        | property                 |  4
///      8 +--------------------------+
///        | visitor                  | 16   hash
///     24 +--------------------------+
struct ForgetRecord {
    private static let byteCount = 24

    var partition: UInt16
    var property: PropertyID
    var visitor: VisitorHash

    init(partition: UInt16, property: PropertyID, visitor: VisitorHash) {
        self.partition = partition
        self.property = property
        self.visitor = visitor
    }

    func write(to writer: inout ByteWriter) {
        writer.append(partition)
        writer.append(0 as UInt16)
        writer.append(property.rawValue)
        writer.append(visitor.bits)
    }

    /// - Returns: nil when the payload has another size.
    init?(_ payload: RawSpan) {
        guard payload.byteCount == Self.byteCount else { return nil }
        partition = payload.integer(at: 0)
        property = PropertyID(payload.integer(at: 4))
        visitor = VisitorHash(payload.bits128(at: 8))
    }
}
