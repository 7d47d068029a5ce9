import SojournJournal
import SojournModel
import SojournWire

/// The payload of a record of an applied batch (journal, "Batch").
///
///      0 +--------------------------+
///        | partition                |  2
///      2 +--------------------------+
///        | reserved                 |  2   zero
///      4 +--------------------------+
///        | property                 |  4
///      8 +--------------------------+
///        | clock                    |  8   signed; of the property, when it was admitted
///     16 +--------------------------+
///        | server time              |  8   signed
///     24 +--------------------------+
///        | producer                 |  8
///     32 +--------------------------+
///        | sequence                 |  8
///     40 +--------------------------+
///        | body bytes               |  4   of the request, as it was sent
///     44 +--------------------------+
///        | body checksum            |  4   of the request, as it was sent
///     48 +--------------------------+
///        | reply checksum           |  4   CRC-32C of the reply's body
///     52 +--------------------------+
///        | reserved                 |  4   zero
///     56 +--------------------------+
///        | body                     |      with hashes in place of the visitor keys
struct BatchRecord {
    static let headBytes = 56

    var partition: UInt16
    var property: PropertyID
    var clock: Int64
    var serverTime: Int64
    var producer: ProducerID
    var sequence: UInt64
    var fingerprint: BatchFingerprint
    var replyChecksum: UInt32

    func write(
        _ body: RawSpan, visitors: Span<VisitorHash>, to writer: inout ByteWriter
    ) {
        let start = writer.count
        writer.append(partition)
        writer.append(0 as UInt16)
        writer.append(property.rawValue)
        writer.append(clock)
        writer.append(serverTime)
        writer.append(producer.rawValue)
        writer.append(sequence)
        writer.append(UInt32(fingerprint.bodyBytes))
        writer.append(fingerprint.bodyChecksum)
        writer.append(replyChecksum)
        writer.append(0 as UInt32)
        precondition(writer.count - start == Self.headBytes)
        AssignRequest.write(body, visitors: visitors, to: &writer)
    }

    /// - Returns: nil when the payload is shorter than the head.
    init?(_ payload: RawSpan) {
        guard payload.byteCount >= Self.headBytes else { return nil }
        partition = payload.integer(at: 0)
        property = PropertyID(payload.integer(at: 4))
        clock = payload.integer(at: 8)
        serverTime = payload.integer(at: 16)
        producer = ProducerID(payload.integer(at: 24))
        sequence = payload.integer(at: 32)
        fingerprint = BatchFingerprint(
            bodyBytes: Int(payload.integer(at: 40, as: UInt32.self)),
            bodyChecksum: payload.integer(at: 44), property: property)
        replyChecksum = payload.integer(at: 48)
    }

    init(
        partition: UInt16, property: PropertyID, clock: Int64, serverTime: Int64,
        producer: ProducerID, sequence: UInt64, fingerprint: BatchFingerprint,
        replyChecksum: UInt32
    ) {
        self.partition = partition
        self.property = property
        self.clock = clock
        self.serverTime = serverTime
        self.producer = producer
        self.sequence = sequence
        self.fingerprint = fingerprint
        self.replyChecksum = replyChecksum
    }
}
