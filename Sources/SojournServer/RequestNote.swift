import SojournModel
import SojournWire
import ZeroMQ

/// What the front notes of a request for the time of its way to the engine and back: the middle
/// frame of a message between the two threads.
///
///     [routing id] [note] [payload]       to the engine: a request; back: its reply, or no
///                                         bytes when nothing is to be sent
///     [order]                             to the engine: one byte, see `EngineOrder`
///
///      0 | received         | 8 |  steady milliseconds
///      8 | request bytes    | 4 |  that it takes of the queue
///     12 | delimiter        | 1 |  1 when the request had an empty frame in front
struct RequestNote: Equatable {
    static let byteCount = 13

    var receivedAt: UInt64
    var byteCount: Int
    var hasDelimiter: Bool

    init(receivedAt: UInt64, byteCount: Int, hasDelimiter: Bool) {
        self.receivedAt = receivedAt
        self.byteCount = byteCount
        self.hasDelimiter = hasDelimiter
    }

    init(_ bytes: RawSpan) {
        precondition(bytes.byteCount == Self.byteCount)
        receivedAt = bytes.integer(at: 0)
        byteCount = Int(bytes.integer(at: 8, as: UInt32.self))
        hasDelimiter = bytes.integer(at: 12, as: UInt8.self) == 1
    }

    /// - Parameter scratch: is overwritten.
    func message(_ scratch: inout ByteWriter) -> Message {
        scratch.removeAll()
        scratch.append(receivedAt)
        scratch.append(UInt32(byteCount))
        scratch.append(hasDelimiter ? 1 : 0 as UInt8)
        return Message(copying: scratch.bytes)
    }
}

/// What the front tells the engine besides requests.
enum EngineOrder: UInt8 {
    /// Requests that come after this one are refused if they would change anything.
    case drain = 1
    /// No more requests come.
    case stop = 2

    var message: Message { Message(copying: [rawValue].span) }
}
