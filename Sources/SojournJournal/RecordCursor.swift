/// Reads records that lie behind one another in memory, and belong to no segment: those of a log that
/// keeps them in messages (cluster, "Records").
package struct RecordCursor {
    /// Why bytes are not the records that belong there.
    package struct Fault: Error, Equatable {
        package let position: JournalPosition
        package let fault: RecordFault
    }

    /// Of the record that was read last.
    package private(set) var position: JournalPosition
    private var offset = 0

    package init(after position: JournalPosition) { self.position = position }

    /// The next record; nil at the end of the bytes.
    @_lifetime(copy bytes)
    package mutating func next(in bytes: RawSpan) throws(Fault) -> JournalRecord? {
        if offset == bytes.byteCount { return nil }
        switch RecordRead.read(bytes, at: offset, .none, expecting: position.next) {
        case .record(let record, let end):
            offset = end
            position = position.next
            return record
        case .end: throw Fault(position: position.next, fault: .missing)
        case .fault(let fault): throw Fault(position: position.next, fault: fault)
        }
    }
}

extension SegmentSalt {
    /// Of records that belong to no segment.
    static let none = SegmentSalt(bits: 0)
}

extension RecordGroup {
    /// Sets the checksums for a log that keeps records in messages.
    package mutating func seal() { seal(.none) }
}
