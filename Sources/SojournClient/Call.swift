import SojournWire
import Synchronization
import ZeroMQ

/// One request on its way: the frame that is sent, as often as it takes, and the promise of a reply.
final class Call: Sendable {
    let operation: SojournWire.Operation
    let deadline: ContinuousClock.Instant
    let reply = Promise<ReplyFrame>()
    private let frame: Mutex<Message>

    /// - Parameter frame: whole, but for what `stamp` puts into its header.
    init(_ operation: SojournWire.Operation, frame: RawSpan, deadline: ContinuousClock.Instant) {
        self.operation = operation
        self.deadline = deadline
        self.frame = Mutex(Message(copying: frame))
    }

    /// Puts into the header what is known only when the request is sent for the first time.
    func stamp(_ stamp: Stamp, correlation: UInt64, deploymentTag: UInt64) {
        frame.withLock { frame in
            var bytes = frame.mutableBytes
            bytes.store(correlation, at: 8)
            bytes.store(stamp.producer.rawValue, at: 16)
            bytes.store(stamp.sequence, at: 24)
            bytes.store(deploymentTag, at: 40)
            let checksum = CRC32C.checksum(of: bytes.bytes.extracting(0..<60))
            bytes.store(checksum, at: 60)
        }
    }

    /// Makes `message` share the frame, for sending: no byte of it is copied or changes any more.
    func share(with message: inout Message) {
        frame.withLock { message.copy(from: &$0) }
    }
}

extension MutableRawSpan {
    /// Writes a little-endian integer.
    @_lifetime(self: copy self)
    fileprivate mutating func store<T: FixedWidthInteger & BitwiseCopyable>(
        _ value: T, at offset: Int
    ) {
        storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self)
    }
}
