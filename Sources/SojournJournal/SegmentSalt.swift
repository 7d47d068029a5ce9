import SojournWire

/// What sets the records of one segment apart from all others (journal, "Segment"): chance that is in its
/// header and in the checksum of each of its records.
///
/// A segment may be made of a file that was another one before. What that one left behind the records
/// has another salt, so it is never taken for a record; nor is what a sender may write into a text.
struct SegmentSalt: Equatable {
    let bits: UInt32

    /// The checksum of the record in `start..<end`, padding included (journal, "Record").
    func checksum(_ bytes: RawSpan, _ start: Int, _ end: Int) -> UInt32 {
        bits ^ CRC32C.checksum(of: bytes.extracting(start + RecordHeader.uncheckedBytes..<end))
    }

    /// Sets the checksums of records that lie behind one another.
    func seal(_ writer: inout ByteWriter, from start: Int, to end: Int) {
        var offset = start
        while offset < end {
            let next = offset + RecordHeader(writer.bytes, at: offset).recordBytes
            writer.set(checksum(writer.bytes, offset, next), at: offset + 4)
            offset = next
        }
    }
}
