import SojournModel

extension RawSpan {
    /// True when the bytes are well-formed UTF-8 (Unicode, table 3-7): nothing overlong, no
    /// surrogates, nothing above U+10FFFF, no sequence cut short.
    var isUTF8: Bool {
        var at = 0
        while at < byteCount {
            if at + 8 <= byteCount, integer(at: at, as: UInt64.self) & 0x8080_8080_8080_8080 == 0 {
                at += 8
                continue
            }
            let length = sequenceLength(at: at)
            if length == 0 { return false }
            at += length
        }
        return true
    }

    /// Bytes of the character that begins at `at`, or 0 when none does.
    @inline(__always) private func sequenceLength(at start: Int) -> Int {
        let lead = integer(at: start, as: UInt8.self)
        let length: Int
        // What may follow the lead byte; the bytes after that are always 80 to BF.
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0x00...0x7F: return 1
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF:
            length = 3
            if lead == 0xE0 { second = 0xA0...0xBF }
            if lead == 0xED { second = 0x80...0x9F }
        case 0xF0...0xF4:
            length = 4
            if lead == 0xF0 { second = 0x90...0xBF }
            if lead == 0xF4 { second = 0x80...0x8F }
        default: return 0
        }
        guard start + length <= byteCount,
            second.contains(integer(at: start + 1, as: UInt8.self))
        else { return 0 }
        for offset in 2..<max(length, 2)
        where integer(at: start + offset, as: UInt8.self) & 0xC0 != 0x80 { return 0 }
        return length
    }

    /// The bytes as a string.
    ///
    /// - Precondition: they are UTF-8; others are repaired.
    package var text: String {
        // The closure reads the bytes only while the span lives.
        unsafe withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
