package import SojournModel

/// Which sessions an hour's facts are of (archive, "Hours").
package struct HourKey: Hashable, Sendable {
    package static let milliseconds: Int64 = 3_600_000
    /// Bytes of facts in one row of `hour`.
    static let partBytesMax = 600 * SessionFact.byteCount

    package var property: PropertyID
    /// Of UTC, since the epoch.
    package var hour: Int64

    /// That of a session that began at a time.
    package init(_ property: PropertyID, _ start: Int64) {
        self.property = property
        // Rounded down, for times before 1970 as well.
        let hour = start / Self.milliseconds
        self.hour = start < hour * Self.milliseconds ? hour - 1 : hour
    }

    package init(property: PropertyID, hour: Int64) {
        self.property = property
        self.hour = hour
    }
}
