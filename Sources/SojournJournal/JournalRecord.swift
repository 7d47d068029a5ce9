import SojournModel
import SojournWire

/// What a record of the journal says (journal, "Payloads").
package enum RecordKind: UInt8, Sendable {
    /// A batch of events that was applied.
    case batch = 1
    /// Time passed, and something was finished by it.
    case tick = 2
    /// A property's session policy from here on.
    case policy = 3
    /// A visitor was forgotten.
    case forget = 4
    /// Whoever wrote it owned the partition then (cluster, "Questions").
    case confirmation = 5
}

/// One record, borrowed from the bytes that it was read from.
package struct JournalRecord: ~Escapable {
    package let kind: RecordKind
    package let position: JournalPosition
    /// Every record up to here was known to be on disk when this one was written.
    package let durable: JournalPosition
    package let payload: RawSpan

    @_lifetime(copy payload)
    init(
        kind: RecordKind, position: JournalPosition, durable: JournalPosition, payload: RawSpan
    ) {
        self.kind = kind
        self.position = position
        self.durable = durable
        self.payload = payload
    }
}

/// The 32 bytes in front of a payload (journal, "Record").
///
///      0 +--------------------------+
///        | length                   |  4   bytes of payload, without padding
///      4 +--------------------------+
///        | checksum                 |  4   CRC-32C from byte 8 to the end of the padding, exclusive
///        |                          |      or the salt of the segment
///      8 +--------------------------+
///        | position                 |  8
///     16 +--------------------------+
///        | durable                  |  8
///     24 +--------------------------+
///        | kind                     |  1
///     25 +--------------------------+
///        | reserved                 |  7   zero
///     32 +--------------------------+
struct RecordHeader {
    static let byteCount = 32
    /// What the checksum does not cover: itself, and the length, which a wrong checksum disproves.
    static let uncheckedBytes = 8
    /// Records begin at multiples of it.
    static let alignment = 8

    let length: Int
    let checksum: UInt32
    let position: JournalPosition
    let durable: JournalPosition
    let kind: UInt8
    let isReservedZero: Bool

    /// - Precondition: there are 32 bytes from `offset` on.
    init(_ bytes: RawSpan, at offset: Int) {
        length = Int(bytes.integer(at: offset, as: UInt32.self))
        checksum = bytes.integer(at: offset + 4)
        position = JournalPosition(bytes.integer(at: offset + 8))
        durable = JournalPosition(bytes.integer(at: offset + 16))
        let last = bytes.integer(at: offset + 24, as: UInt64.self)
        kind = UInt8(truncatingIfNeeded: last)
        isReservedZero = last >> 8 == 0
    }

    /// Bytes from the header's first to the padding's last.
    var recordBytes: Int { Self.byteCount + (length + 7) & ~7 }

    /// Whether this marks the end of the records of a segment.
    var isEnd: Bool { length == 0 && position == .start }

    /// Whether the record that begins at `offset` lies within the bytes and has its checksum.
    func isWhole(_ bytes: RawSpan, at offset: Int, _ salt: SegmentSalt) -> Bool {
        recordBytes <= bytes.byteCount - offset
            && salt.checksum(bytes, offset, offset + recordBytes) == checksum
    }
}

/// Why bytes are not the record that belongs there.
package enum RecordFault: Equatable, Sendable {
    /// Fewer bytes are left than a header has.
    case cutShort
    /// The header asks for more bytes than the file has.
    case length(Int)
    case checksum
    /// A whole record, with another number than the one that belongs there.
    case position(JournalPosition)
    /// A whole record whose header this version cannot read: a newer version wrote it.
    case unknownKind(UInt8)
    /// The records end here, though later ones exist.
    case missing
}

/// What stands at one place of a segment.
enum RecordRead: ~Escapable {
    /// A record, and where the next one begins.
    case record(JournalRecord, end: Int)
    /// The end of the records.
    case end
    case fault(RecordFault)

    /// Reads the record that begins at `offset`, which should be number `position`.
    @_lifetime(copy bytes)
    static func read(
        _ bytes: RawSpan, at offset: Int, _ salt: SegmentSalt, expecting position: JournalPosition
    ) -> RecordRead {
        if bytes.byteCount - offset < RecordHeader.byteCount {
            return bytes.isZero(from: offset) ? .end : .fault(.cutShort)
        }
        let header = RecordHeader(bytes, at: offset)
        if header.isEnd { return .end }
        guard header.recordBytes <= bytes.byteCount - offset else {
            return .fault(.length(header.length))
        }
        guard header.isWhole(bytes, at: offset, salt) else { return .fault(.checksum) }
        guard header.position == position else { return .fault(.position(header.position)) }
        guard let kind = RecordKind(rawValue: header.kind), header.isReservedZero else {
            return .fault(.unknownKind(header.kind))
        }
        let start = offset + RecordHeader.byteCount
        return .record(
            JournalRecord(
                kind: kind, position: position, durable: header.durable,
                payload: bytes.extracting(start..<start + header.length)),
            end: offset + header.recordBytes)
    }
}

extension RawSpan {
    /// The offset behind the last byte from `offset` on that is not zero; `offset` when all are.
    func endOfContent(from offset: Int) -> Int {
        var end = byteCount
        while end - offset >= 8, integer(at: end - 8, as: UInt64.self) == 0 { end -= 8 }
        while end > offset, integer(at: end - 1, as: UInt8.self) == 0 { end -= 1 }
        return end
    }

    func isZero(from offset: Int) -> Bool { endOfContent(from: offset) == offset }
}
