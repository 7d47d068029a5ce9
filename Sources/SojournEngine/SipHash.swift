import CIntrinsics
package import SojournModel

/// SipHash-2-4 with a 64- or 128-bit result, as its authors published it.
///
/// Keyed, so that nobody without the secret can choose visitors that collide or find out a
/// visitor's key by trying.
package struct SipHash: Sendable {
    @usableFromInline let key: (UInt64, UInt64)

    /// - Parameter key: two 64-bit words, each the little-endian value of eight key bytes.
    package init(key0: UInt64, key1: UInt64) { key = (key0, key1) }

    /// A key for one purpose, derived from a secret.
    package init(secret: DeploymentSecret, purpose: UInt64, detail: UInt64 = 0) {
        let root = SipHash(key0: secret.bits.high, key1: secret.bits.low)
        let bits = root.hash128(purpose, detail)
        key = (bits.high, bits.low)
    }

    /// The 128-bit hash of any bytes.
    @inline(always) @inlinable
    package func hash128(_ bytes: RawSpan) -> Bits128 {
        var state = State(key, wide: true)
        let count = bytes.byteCount
        var offset = 0
        while offset &+ 8 <= count {
            state.absorb(bytes.integer(at: offset))
            offset &+= 8
        }
        var last = UInt64(truncatingIfNeeded: count) << 56
        var shift: UInt64 = 0
        while offset < count {
            last |= UInt64(bytes.integer(at: offset, as: UInt8.self)) << shift
            shift &+= 8
            offset &+= 1
        }
        state.absorb(last)
        return state.finish128()
    }

    /// The 128-bit hash of the 16 bytes that two words make.
    @inline(always) @inlinable
    package func hash128(_ first: UInt64, _ second: UInt64) -> Bits128 {
        var state = State(key, wide: true)
        state.absorb(first)
        state.absorb(second)
        state.absorb(16 << 56)
        return state.finish128()
    }

    /// Appends the 128-bit hashes of keys of 16 bytes each, which stand behind one another: several at a
    /// time, as the processor allows.
    ///
    /// - Precondition: `keys` has a multiple of 16 bytes.
    package func append128(ofPairs keys: RawSpan, to hashes: inout GrowableBuffer<VisitorHash>) {
        let count = keys.byteCount / 16
        precondition(keys.byteCount == count * 16)
        let first = hashes.count
        hashes.resize(to: first + count, repeating: VisitorHash(Bits128(high: 0, low: 0)))
        var all = hashes.mutableSpan
        unsafe all.withUnsafeMutableBytes { target in
            unsafe keys.withUnsafeBytes { source in
                guard let source = source.baseAddress, let target = target.baseAddress else {
                    return
                }
                // Exactly `count` keys are read and hashes written; a hash is two words in this order.
                unsafe sojourn_siphash128(
                    key.0, key.1, source,
                    (target + first * 16).assumingMemoryBound(to: UInt64.self), count)
            }
        }
    }

    /// SipHash-1-3 with a 64-bit result: quicker, for tables whose entries are compared anyway.
    @inline(always)
    func quickHash64(_ bytes: RawSpan) -> UInt64 {
        var state = State(key, wide: false)
        var offset = 0
        while offset &+ 8 <= bytes.byteCount {
            state.absorbQuickly(bytes.integer(at: offset))
            offset &+= 8
        }
        var last = UInt64(truncatingIfNeeded: bytes.byteCount) << 56
        var shift: UInt64 = 0
        while offset < bytes.byteCount {
            last |= UInt64(bytes.integer(at: offset, as: UInt8.self)) << shift
            shift &+= 8
            offset &+= 1
        }
        state.absorbQuickly(last)
        return state.finishQuickly()
    }

    @usableFromInline struct State {
        @usableFromInline var v0: UInt64
        @usableFromInline var v1: UInt64
        @usableFromInline var v2: UInt64
        @usableFromInline var v3: UInt64

        @inline(always) @inlinable init(_ key: (UInt64, UInt64), wide: Bool) {
            v0 = key.0 ^ 0x736f_6d65_7073_6575
            v1 = key.1 ^ 0x646f_7261_6e64_6f6d ^ (wide ? 0xee : 0)
            v2 = key.0 ^ 0x6c79_6765_6e65_7261
            v3 = key.1 ^ 0x7465_6462_7974_6573
        }

        @inline(always) @inlinable mutating func round() {
            v0 &+= v1
            v1 = v1 << 13 | v1 >> 51
            v1 ^= v0
            v0 = v0 << 32 | v0 >> 32
            v2 &+= v3
            v3 = v3 << 16 | v3 >> 48
            v3 ^= v2
            v0 &+= v3
            v3 = v3 << 21 | v3 >> 43
            v3 ^= v0
            v2 &+= v1
            v1 = v1 << 17 | v1 >> 47
            v1 ^= v2
            v2 = v2 << 32 | v2 >> 32
        }

        @inline(always) @inlinable mutating func absorb(_ word: UInt64) {
            v3 ^= word
            round()
            round()
            v0 ^= word
        }

        @inline(always) mutating func absorbQuickly(_ word: UInt64) {
            v3 ^= word
            round()
            v0 ^= word
        }

        @inline(always) mutating func finishQuickly() -> UInt64 {
            v2 ^= 0xff
            round()
            round()
            round()
            return v0 ^ v1 ^ v2 ^ v3
        }

        @inline(always) @inlinable mutating func finish128() -> Bits128 {
            v2 ^= 0xee
            round()
            round()
            round()
            round()
            let first = v0 ^ v1 ^ v2 ^ v3
            v1 ^= 0xdd
            round()
            round()
            round()
            round()
            return Bits128(high: first, low: v0 ^ v1 ^ v2 ^ v3)
        }
    }
}
