import SojournWire

/// A frame that the router wrote or keeps: parts on their way, replies to parts, replies to clients.
///
/// An object, so that it can wait in queues; used again and again through `FramePool`.
package final class FrameBuffer {
    var writer = ByteWriter()
    /// For whom a request is asked; nil where nobody is known by a name.
    package internal(set) var client: String?

    init() {}

    package var byteCount: Int { writer.count }

    /// Lends out the bytes.
    package func read<Result: ~Copyable, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result { try writer.lend(to: body) }

    func write(_ body: (inout ByteWriter) -> Void) { body(&writer) }

    func copy(_ bytes: RawSpan) {
        writer.removeAll()
        writer.append(contentsOf: bytes)
    }
}

/// Buffers that are done, to be used again; as many as were ever needed at one time, up to a bound.
struct FramePool {
    private static let sparesMax = 256
    /// A larger one is given back to the system.
    private static let spareBytesMax = 256 << 10
    private var spares: [FrameBuffer] = []

    mutating func take(for client: String? = nil) -> FrameBuffer {
        let buffer = spares.popLast() ?? FrameBuffer()
        buffer.client = client
        return buffer
    }

    mutating func giveBack(_ buffer: FrameBuffer) {
        if spares.count < Self.sparesMax, buffer.byteCount <= Self.spareBytesMax {
            spares.append(buffer)
        }
    }
}
