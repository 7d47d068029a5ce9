package import SojournModel
import SojournWire

/// What tells one batch from another that has the same number.
package struct BatchFingerprint: Equatable, Sendable {
    var bodyBytes: Int
    var bodyChecksum: UInt32
    var property: PropertyID

    init(bodyBytes: Int, bodyChecksum: UInt32, property: PropertyID) {
        self.bodyBytes = bodyBytes
        self.bodyChecksum = bodyChecksum
        self.property = property
    }

    /// Of a frame whose header and checksums were found to be right.
    package init(_ frame: RawSpan, property: PropertyID) {
        bodyBytes = frame.byteCount - MessageHeader.byteCount
        bodyChecksum = Frame.bodyChecksum(of: frame)
        self.property = property
    }
}

/// The reply to a batch that was applied, kept for whoever asks again.
///
/// A class, so that a window of them is a row of pointers, of which most are empty.
package final class KeptReply {
    /// What an object and its place take besides the bytes of the reply.
    static let overheadBytes = 128

    let sequence: UInt64
    let fingerprint: BatchFingerprint
    private let frame: ByteWriter

    init(sequence: UInt64, fingerprint: BatchFingerprint, frame bytes: RawSpan) {
        self.sequence = sequence
        self.fingerprint = fingerprint
        // Of exactly the size, for there may be a great many.
        var frame = ByteWriter(capacity: bytes.byteCount)
        frame.append(contentsOf: bytes)
        // What belongs to one sending is not journaled, and so no part of the state.
        frame.set(0 as UInt64, at: 8)
        frame.set(0 as UInt64, at: 16)
        frame.set(0 as UInt32, at: 60)
        self.frame = frame
    }

    /// What it counts against `producerReplyBytesMax`.
    var byteCount: Int { frame.count + Self.overheadBytes }

    /// Lends out the bytes of the reply's frame, which stay where they are as long as this lives.
    func withFrame(_ body: (RawSpan) -> Void) { frame.lend(to: body) }

    var frameBytes: Int { frame.count }

    /// Writes the reply again: the same bytes, but for the correlation and the header checksum.
    ///
    /// - Parameter producer: as the client calls itself.
    func write(correlation: UInt64, producer: ProducerID, into reply: inout ByteWriter) {
        frame.copy(to: &reply)
        reply.set(correlation, at: 8)
        reply.set(producer.rawValue, at: 16)
        let checksum = CRC32C.checksum(of: reply.bytes.extracting(0..<60))
        reply.set(checksum, at: 60)
    }
}

extension ByteWriter {
    fileprivate func copy(to other: inout ByteWriter) {
        other.removeAll()
        other.append(contentsOf: bytes)
    }
}
