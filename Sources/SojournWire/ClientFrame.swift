import SojournModel

/// The frame that a router puts in front of a client's request: whose it is (sojourn-1, "Routers").
///
///     0 | kind | 1 |  1
///     1 | name |   |  UTF-8, 1 to 64 bytes
package enum ClientFrame {
    /// No frame with a header begins so.
    package static let kind: UInt8 = 1
    package static let nameBytesMax = 64

    /// Whether a frame is one of these, rather than a header. Nothing else is looked at.
    package static func isAhead(in frame: RawSpan) -> Bool {
        frame.byteCount > 0 && frame.integer(at: 0, as: UInt8.self) == kind
    }

    /// - Returns: the name; nil for a frame of another kind or length, and one that is not UTF-8.
    package static func name(in frame: RawSpan) -> String? {
        guard isAhead(in: frame), (2...(1 + nameBytesMax)).contains(frame.byteCount) else {
            return nil
        }
        // Bytes have no invalid patterns.
        return unsafe frame.extracting(1...).withUnsafeBytes { bytes in
            unsafe String(validating: bytes, as: UTF8.self)
        }
    }

    /// The bytes of the frame.
    ///
    /// - Precondition: the name has 1 to 64 bytes.
    package static func bytes(naming name: String) -> [UInt8] {
        precondition((1...nameBytesMax).contains(name.utf8.count))
        return [kind] + name.utf8
    }
}
