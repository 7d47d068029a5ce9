import SojournModel

/// Session ids (sojourn-1, "Session ids"): 48 bits of time, 34 bits of the first event, and 40 bits
/// that lead back to the visitor.
///
///     a, 12 bits | b, 62 bits
///     event bits, 34 | 40 bits of the visitor's hash, masked
///
/// The mask is a keyed hash of the other bits, so that only the service can tell that two ids are of
/// one visitor, and find the session of an id without another index.
extension Engine {
    private static let prefixBits: UInt64 = 40
    private static let prefixMask: UInt64 = 1 << 40 - 1

    /// The id of a session whose first assigned event is at `time`.
    func sessionID(
        _ visitor: VisitorHash, _ property: PropertyID, _ time: Int64, ordinal: UInt32
    ) -> SessionID {
        let of = idHasher.hash128(
            visitor.bits.high ^ UInt64(bitPattern: time), visitor.bits.low ^ UInt64(ordinal))
        let event = of.high & (1 << 34 - 1)
        let prefix = visitor.bits.high >> (64 - Self.prefixBits)
        let low =
            (event << Self.prefixBits)
            | (prefix ^ mask(time: time, event: event, property)) & Self.prefixMask
        return SessionID(
            milliseconds: time, a: event >> 22, b: low & (1 << 62 - 1))
    }

    /// The first 40 bits of the hash of the visitor whose session has this id.
    func visitorPrefix(of id: SessionID, _ property: PropertyID) -> UInt64 {
        let event = id.a << 22 | id.b >> Self.prefixBits
        return (id.b ^ mask(time: id.milliseconds, event: event, property)) & Self.prefixMask
    }

    private func mask(time: Int64, event: UInt64, _ property: PropertyID) -> UInt64 {
        let time = UInt64(truncatingIfNeeded: time) & (1 << 48 - 1)
        return idMaskHasher.hash128(time, event << 30 ^ UInt64(property.rawValue)).high
    }
}
