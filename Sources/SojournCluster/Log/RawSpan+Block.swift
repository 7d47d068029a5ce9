import SojournModel
import SojournWire

extension RawSpan {
    /// Whether it is a whole block of format version 1: it begins with its magic and the version, and ends
    /// with a CRC-32C of all before.
    func isBlock(_ magic: UInt32, of byteCount: Int) -> Bool {
        let end = byteCount - 4
        return self.byteCount == byteCount && integer(at: 0, as: UInt32.self) == magic
            && integer(at: 4, as: UInt16.self) == 1
            && integer(at: end, as: UInt32.self) == CRC32C.checksum(of: extracting(0..<end))
    }
}
