import Glibc

/// A buffer with one owner, which `Message(adopting:)` hands to libzmq without a copy.
@safe
package struct OwnedBytes: ~Copyable, @unchecked Sendable {
    /// Frees a buffer: gets its first byte and the hint. Runs on any thread, so it must lock nothing
    /// that waits and touch nothing that is not `Sendable`.
    package typealias Release =
        @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> Void

    // Safe: ours alone from `init` until `deinit` releases it or `giveUp` passes it on. Sendable,
    // because there is only the one owner.
    private let buffer: UnsafeMutableRawBufferPointer
    private let release: Release
    private let hint: UnsafeMutableRawPointer?

    /// Zeros, to be overwritten through `mutableBytes`.
    package init(byteCount: Int) {
        precondition(byteCount >= 0, "a buffer has no negative size")
        // `calloc` takes large buffers fresh from the system, where they are zeros already.
        // Safe: the result is checked, and `free` is what releases it.
        guard let memory = unsafe calloc(max(1, byteCount), 1) else {
            fatalError("no memory for \(byteCount) bytes")
        }
        unsafe buffer = UnsafeMutableRawBufferPointer(start: memory, count: byteCount)
        unsafe release = { memory, _ in unsafe free(memory) }
        unsafe hint = nil
    }

    /// Takes over somebody else's memory.
    ///
    /// - Parameters:
    ///   - buffer: initialised, and from now on used by nobody else.
    ///   - release: called exactly once, on any thread.
    ///   - hint: handed to `release`, such as an `Unmanaged` owner to let go of.
    @unsafe
    package init(
        adopting buffer: UnsafeMutableRawBufferPointer,
        hint: UnsafeMutableRawPointer?,
        releasedBy release: @escaping Release
    ) {
        unsafe self.buffer = unsafe buffer
        unsafe self.release = unsafe release
        unsafe self.hint = unsafe hint
    }

    deinit {
        // Safe: still ours, for `giveUp` discards this.
        unsafe release(buffer.baseAddress, hint)
    }

    package var byteCount: Int {
        unsafe buffer.count
    }

    package var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            // Safe: the buffer lives as long as its owner, to which the span is bound.
            unsafe _overrideLifetime(
                RawSpan(_unsafeBytes: UnsafeRawBufferPointer(buffer)), borrowing: self)
        }
    }

    package var mutableBytes: MutableRawSpan {
        @_lifetime(&self)
        mutating get {
            // Safe: the buffer lives as long as its owner, to which the span is bound exclusively.
            unsafe _overrideLifetime(MutableRawSpan(_unsafeBytes: buffer), mutating: &self)
        }
    }

    /// The buffer and its way out; whoever gets them must call `release` once.
    @unsafe
    consuming func giveUp() -> (UnsafeMutableRawBufferPointer, Release, UnsafeMutableRawPointer?) {
        let parts = unsafe (buffer, release, hint)
        discard self
        return unsafe parts
    }
}
