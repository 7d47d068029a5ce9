import Glibc

/// The bytes of a file, with one owner that lends them out.
///
/// The first byte is the first of a page, so what is aligned in the file is aligned in memory.
@safe
package struct FileContents: ~Copyable {
    // A mapping that is ours from `init` to `deinit`; nil without bytes.
    private let base: UnsafeMutableRawPointer?
    package let byteCount: Int

    /// Takes over a mapping of that many bytes.
    @unsafe init(mapped base: UnsafeMutableRawPointer?, byteCount: Int) {
        unsafe self.base = base
        self.byteCount = byteCount
    }

    /// Zeros in memory.
    ///
    /// - Returns: nil when the system has not that much.
    private init?(zeros byteCount: Int) {
        var base: UnsafeMutableRawPointer?
        if byteCount > 0 {
            unsafe base = mmap(
                nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            if unsafe base == MAP_FAILED { return nil }
        }
        unsafe self.init(mapped: base, byteCount: byteCount)
    }

    /// Bytes in memory that `fill` writes; they are zeros before.
    ///
    /// - Returns: nil when the system has not that much.
    package init?<E: Error>(
        byteCount: Int, fill: (inout MutableRawSpan) throws(E) -> Void
    ) throws(E) {
        guard let contents = FileContents(zeros: byteCount) else { return nil }
        // Within the mapping, which nobody else has yet.
        var span = unsafe MutableRawSpan(
            _unsafeStart: contents.base ?? UnsafeMutableRawPointer(bitPattern: 1)!,
            byteCount: byteCount)
        try fill(&span)
        self = contents
    }

    /// A copy.
    ///
    /// - Returns: nil when the system has not that much memory.
    package init?(copying bytes: RawSpan) {
        guard let contents = FileContents(zeros: bytes.byteCount) else { return nil }
        if let base = unsafe contents.base {
            // The mapping is as large, and new.
            unsafe bytes.withUnsafeBytes {
                unsafe base.copyMemory(from: $0.baseAddress!, byteCount: $0.count)
            }
        }
        self = contents
    }

    deinit {
        if let base = unsafe base { unsafe munmap(base, byteCount) }
    }

    package var bytes: RawSpan {
        @_lifetime(borrow self) get {
            // The mapping lives as long as its owner, to which the span is bound.
            let all = unsafe UnsafeRawBufferPointer(start: base, count: byteCount)
            return unsafe _overrideLifetime(RawSpan(_unsafeBytes: all), borrowing: self)
        }
    }
}

/// The bytes are only read.
extension FileContents: @unchecked Sendable {}
