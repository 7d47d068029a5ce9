package import SojournWire

/// Encoded records behind one another: what is written, and made durable, in one go.
///
/// Their checksums are set when the segment is known that they go to. One buffer serves one group after
/// another.
package struct RecordGroup: ~Copyable {
    /// The records, and behind them the mark of the end.
    private var writer = ByteWriter()
    /// The first record's position; meaningless when empty.
    package private(set) var first = JournalPosition.start
    /// The last record's position; meaningless when empty.
    package private(set) var last = JournalPosition.start

    package init() {}

    package var isEmpty: Bool { writer.count == 0 }

    /// Bytes of the records.
    package var byteCount: Int { max(0, writer.count - RecordHeader.byteCount) }

    /// The records.
    package var bytes: RawSpan {
        @_lifetime(borrow self) get { bytes(room: byteCount) }
    }

    /// The records, and as much of the mark of their end as there is room for.
    @_lifetime(borrow self)
    func bytes(room: Int) -> RawSpan {
        writer.bytes.extracting(0..<min(writer.count, room))
    }

    /// Appends a record: `body` writes the payload behind what is there; header and padding are added.
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
        let start = byteCount
        if isEmpty { writer.appendZeros(RecordHeader.byteCount) }
        body(&writer)
        let length = writer.count - start - RecordHeader.byteCount
        precondition(length >= 0, "a payload is written behind what is there")
        precondition(length <= Int(UInt32.max))
        writer.align()
        writer.set(UInt32(length), at: start)
        writer.set(position.rawValue, at: start + 8)
        writer.set(durable.rawValue, at: start + 16)
        writer.set(UInt64(kind.rawValue), at: start + 24)
        writer.appendZeros(RecordHeader.byteCount)
        if start == 0 { first = position }
        last = position
    }

    /// Sets the checksums for a segment.
    mutating func seal(_ salt: SegmentSalt) { salt.seal(&writer, from: 0, to: byteCount) }

    /// Drops all records and keeps the storage.
    package mutating func removeAll() { writer.removeAll() }
}
