import SojournWire

/// Mends what a fuzzer cannot guess: lengths and checksums, so that what is behind them is looked at.
enum FuzzBytes {
    /// Makes a frame's header right, up to its checksums. Bytes without a whole header stay as they are.
    static func mendFrame(_ frame: inout [UInt8], isReply: Bool) {
        guard frame.count >= MessageHeader.byteCount else { return }
        put(MessageHeader.magic, at: 0, in: &frame)
        frame[4] = 1
        put(isReply ? MessageHeader.replyFlag : 0, at: 6, in: &frame)
        put(UInt64(0), at: 40, in: &frame)
        put(UInt32(frame.count - MessageHeader.byteCount), at: 48, in: &frame)
        put(checksum(frame, MessageHeader.byteCount..<frame.count), at: 52, in: &frame)
        put(UInt32(0), at: 56, in: &frame)
        put(checksum(frame, 0..<60), at: 60, in: &frame)
    }

    static func checksum(_ bytes: [UInt8], _ range: Range<Int>) -> UInt32 {
        // The bytes of an array have no invalid patterns.
        CRC32C.checksum(of: unsafe bytes.span.bytes.extracting(range))
    }

    static func put<T: FixedWidthInteger & UnsignedInteger>(
        _ value: T, at offset: Int, in bytes: inout [UInt8]
    ) {
        for row in 0..<MemoryLayout<T>.size where offset + row < bytes.count {
            bytes[offset + row] = UInt8(truncatingIfNeeded: value >> T(8 * row))
        }
    }

    static func integer(at offset: Int, bytes count: Int, of bytes: [UInt8]) -> UInt64 {
        var value: UInt64 = 0
        for row in (0..<count).reversed() where offset + row < bytes.count {
            value = value << 8 | UInt64(bytes[offset + row])
        }
        return value
    }
}
