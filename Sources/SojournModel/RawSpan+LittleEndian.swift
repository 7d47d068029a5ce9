extension RawSpan {
    /// The little-endian integer that starts at byte `offset`.
    ///
    /// - Precondition: the integer lies within the span.
    @inline(always) @inlinable
    public func integer<T: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as: T.Type = T.self)
        -> T
    {
        precondition(offset >= 0 && offset &+ MemoryLayout<T>.size <= byteCount)
        // In bounds by the line above, and every bit pattern of an integer is a value of it.
        return T(
            littleEndian: unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: T.self))
    }
}
