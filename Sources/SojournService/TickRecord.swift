import SojournModel
import SojournWire

/// The payload of a record of time that passed, and by which something was finished (journal, "Tick").
///
///      0 +--------------------------+
///        | partition                |  2
///      2 +--------------------------+
///        | reserved                 |  2   zero
///      4 +--------------------------+
///        | property                 |  4
///      8 +--------------------------+
///        | clock                    |  8   signed
///     16 +--------------------------+
struct TickRecord {
    static let byteCount = 16

    var partition: UInt16
    var property: PropertyID
    var clock: Int64

    func write(to writer: inout ByteWriter) {
        writer.append(partition)
        writer.append(0 as UInt16)
        writer.append(property.rawValue)
        writer.append(clock)
    }

    init(partition: UInt16, property: PropertyID, clock: Int64) {
        self.partition = partition
        self.property = property
        self.clock = clock
    }

    /// - Returns: nil when the payload is not of the right size.
    init?(_ payload: RawSpan) {
        guard payload.byteCount == Self.byteCount else { return nil }
        partition = payload.integer(at: 0)
        property = PropertyID(payload.integer(at: 4))
        clock = payload.integer(at: 8)
    }
}
