import SojournModel
import SojournTestKit
import SojournWire

/// A batch of a producer, and the frame that it is sent as.
final class SentBatch {
    let index: Int
    let sender: Int
    let property: PropertyID
    let producer: UInt64
    let sequence: UInt64
    let events: [TestEvent]
    let frame: [UInt8]
    var attempts = 0
    /// It was answered, or its producer has given it up.
    var isSettled = false
    /// The first answer, without what differs from one sending to the next.
    var answer: [UInt8]?

    /// Numbered, so that it may be sent again.
    var isNumbered: Bool { producer != 0 }

    init(
        _ index: Int, from sender: Int, to property: PropertyID, producer: UInt64, sequence: UInt64,
        deadline: UInt32, _ events: [TestEvent], _ builder: inout BatchBuilder
    ) {
        self.index = index
        self.sender = sender
        self.property = property
        self.producer = producer
        self.sequence = sequence
        self.events = events
        builder.removeAll()
        for event in events {
            do {
                try builder.add(
                    time: event.time, kind: event.kind, visitor: event.visitor, name: event.name,
                    context: event.context.wire, value: event.value, eventID: event.id)
            } catch { preconditionFailure("an event that no batch takes: \(error)") }
        }
        var writer = ByteWriter()
        builder.encode(
            header: MessageHeader(
                operation: .assign, producer: ProducerID(producer), sequence: sequence,
                deadlineMilliseconds: deadline, property: property), into: &writer)
        frame = writer.array
    }
}

extension ByteWriter {
    // Bytes have no invalid patterns.
    var array: [UInt8] { unsafe bytes.withUnsafeBytes { unsafe Array($0) } }
}

/// Frames as arrays of bytes.
extension [UInt8] {
    /// The frame lent as a span.
    func lend<Result>(_ body: (RawSpan) throws -> Result) rethrows -> Result {
        // Bytes have no padding, so they may be read.
        try body(unsafe span.bytes)
    }

    var operation: UInt8 { self[5] }
    var isError: Bool { operation == SojournWire.Operation.error.rawValue }

    /// The body's bytes and checksum, as the header has them: what tells one batch from another.
    var fingerprint: UInt64 {
        lend { $0.integer(at: 48, as: UInt64.self) }
    }

    /// Without the correlation and the header's checksum, in which the answer to one sending differs
    /// from that to the next.
    var withoutCorrelation: [UInt8] {
        var copy = self
        for place in 8..<16 { copy[place] = 0 }
        for place in 60..<64 { copy[place] = 0 }
        return copy
    }

    /// The same frame with other fields of the header.
    func with(correlation: UInt64? = nil, producer: (UInt64, UInt64)? = nil) -> [UInt8] {
        var copy = self
        if let correlation { copy.put(correlation, at: 8) }
        if let producer {
            copy.put(producer.0, at: 16)
            copy.put(producer.1, at: 24)
        }
        copy.put(copy.lend { CRC32C.checksum(of: $0.extracting(0..<60)) }, at: 60)
        return copy
    }

    private mutating func put<T: FixedWidthInteger>(_ value: T, at offset: Int) {
        for byte in 0..<MemoryLayout<T>.size {
            self[offset + byte] = UInt8(truncatingIfNeeded: value >> T(byte * 8))
        }
    }
}
