import CIntrinsics

/// Which partition a visitor falls to (sojourn-1, "Partitions").
///
/// It is public and has no key, so that any client may reckon it; what state is found by is another
/// hash, and secret.
public enum PartitionHash {
    /// Spreads what similar keys leave alike in the high bits of their checksums.
    private static let factor: UInt32 = 0x9E37_79B1

    /// The partition of one key, of `count` partitions.
    public static func partition(of key: RawSpan, count: Int) -> Int {
        // The function reads exactly the bytes of the span, which the closure keeps alive.
        let checksum = unsafe key.withUnsafeBytes {
            unsafe sojourn_crc32c($0.baseAddress, $0.count)
        }
        return partition(ofChecksum: checksum, count: count)
    }

    /// The partitions of all keys of a dictionary, behind one another.
    public static func partitions(
        of keys: ByteDictionary, count: Int, into partitions: inout GrowableBuffer<UInt32>
    ) {
        partitions.resize(to: keys.count, repeating: 0)
        if let pairs = keys.pairs {
            var target = partitions.mutableSpan
            // The function reads 16 bytes a key and writes a checksum a key; both are there.
            unsafe pairs.withUnsafeBytes { source in
                unsafe target.withUnsafeMutableBufferPointer { target in
                    unsafe sojourn_crc32c_each(
                        source.baseAddress, 16, target.count, target.baseAddress)
                }
            }
            for row in 0..<target.count {
                target[row] = UInt32(partition(ofChecksum: target[row], count: count))
            }
        } else {
            for row in 0..<keys.count {
                partitions[row] = UInt32(partition(of: keys[row], count: count))
            }
        }
    }

    private static func partition(ofChecksum checksum: UInt32, count: Int) -> Int {
        Int(truncatingIfNeeded: (UInt64(checksum &* factor) &* UInt64(count)) &>> 32)
    }
}
