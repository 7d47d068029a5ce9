import SojournModel

/// How the name of a visitor in a file becomes the key that is sent.
///
/// A key has at most 128 bytes, but the name of a visitor in an access log is an address and a
/// browser's description of itself, which is often longer. Such a name is sent as its first 95
/// bytes, `~`, and 32 hexadecimal digits that stand for the whole: readable, and different for
/// different visitors.
package enum VisitorKey {
    /// The key for a name: the name itself where it fits.
    package static func bytes(for name: Span<UInt8>) -> [UInt8] {
        var key: [UInt8] = []
        key.reserveCapacity(min(name.count, Limits.visitorKeyBytesMax))
        if name.count <= Limits.visitorKeyBytesMax {
            key.append(name)
            return key
        }
        key.append(name.extracting(first: Limits.visitorKeyBytesMax - 33))
        key.append(UInt8(ascii: "~"))
        let digits = String(fingerprint(of: name), radix: 16)
        for _ in digits.utf8.count..<32 { key.append(ASCII.zero) }
        key.append(digits)
        return key
    }

    /// FNV-1a of 128 bits: short, the same everywhere, and wide enough that no two visitors of a
    /// file share it by accident.
    private static func fingerprint(of name: Span<UInt8>) -> UInt128 {
        var hash: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
        for index in name.indices {
            hash ^= UInt128(name[index])
            hash &*= 0x0000_0000_0100_0000_0000_0000_0000_013b
        }
        return hash
    }
}
