package import SojournWire

/// Encoded records behind one another: what is written, and made durable, in one go.
///
/// One buffer serves one group after another.
package struct RecordGroup: ~Copyable {
    private var writer = ByteWriter()
    /// The first record's position; meaningless when empty.
    package private(set) var first = JournalPosition.start
    /// The last record's position; meaningless when empty.
    package private(set) var last = JournalPosition.start

    package init() {}

    package var isEmpty: Bool { writer.count == 0 }

    package var byteCount: Int { writer.count }

    package var bytes: RawSpan {
        @_lifetime(borrow self) get { writer.bytes }
    }

    /// Appends a record: `body` writes the payload behind what is there; header, padding and
    /// checksum are added.
    ///
    /// - Parameters:
    ///   - position: the one behind the last record's; anything from 1 on in an empty group.
    ///   - durable: every record up to here is known to be on disk.
    package mutating func append(
        _ kind: RecordKind, at position: JournalPosition, durable: JournalPosition,
        _ body: (inout ByteWriter) -> Void
    ) {
        precondition(position > .start)
        precondition(isEmpty || position == last.next, "records have numbers without gaps")
        precondition(durable < position, "a record is not on disk before it is written")
        let start = writer.extend(by: RecordHeader.byteCount)
        body(&writer)
        let length = writer.count - start - RecordHeader.byteCount
        precondition(length >= 0, "a payload is written behind what is there")
        precondition(length <= Int(UInt32.max))
        writer.align()
        writer.set(UInt32(length), at: start)
        writer.set(position.rawValue, at: start + 8)
        writer.set(durable.rawValue, at: start + 16)
        writer.set(UInt64(kind.rawValue), at: start + 24)
        let checksum = CRC32C.checksum(
            of: writer.bytes.extracting(start + RecordHeader.uncheckedBytes..<writer.count))
        writer.set(checksum, at: start + 4)
        if start == 0 { first = position }
        last = position
    }

    /// Drops all records and keeps the storage.
    package mutating func removeAll() { writer.removeAll() }
}
