internal import CIntrinsics

/// The checksum of header and body (sojourn-1, "Header").
package enum CRC32C {
    package static func checksum(of bytes: RawSpan) -> UInt32 {
        // The function reads exactly the bytes of the span, which the closure keeps alive.
        unsafe bytes.withUnsafeBytes { unsafe sojourn_crc32c($0.baseAddress, $0.count) }
    }
}
