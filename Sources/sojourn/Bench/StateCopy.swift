import SojournModel

/// An engine's state as a snapshot takes it: large tables by their address, and then, where a child
/// process would write them to a file, copied into memory.
@safe struct StateCopy: ~Copyable, StateSink, StateSource {
    private struct Section {
        let id: UInt32
        let elementBytes: Int
        var bytes: Range<Int>
    }

    private var sections: [Section] = []
    // Valid until `copy`, for the engine rests in between.
    private var pieces: [UnsafeRawBufferPointer] = unsafe []
    private var bytes = GrowableBuffer<UInt8>()

    var byteCount: Int { sections.last?.bytes.upperBound ?? 0 }

    mutating func beginSection(_ id: UInt32, elementBytes: Int) {
        sections.append(
            Section(id: id, elementBytes: elementBytes, bytes: byteCount..<byteCount))
    }

    @unsafe mutating func append(_ bytes: UnsafeRawBufferPointer) {
        unsafe pieces.append(bytes)
        let section = sections[sections.count - 1].bytes
        sections[sections.count - 1].bytes =
            section.lowerBound..<section.upperBound + bytes.count
    }

    mutating func append(copying bytes: RawSpan) {
        let copy = UnsafeMutableRawBufferPointer.allocate(
            byteCount: bytes.byteCount, alignment: 16)
        // As long as the bytes. It is never freed: this is a bench.
        unsafe bytes.withUnsafeBytes { unsafe copy.copyMemory(from: $0) }
        unsafe append(UnsafeRawBufferPointer(copy))
    }

    /// Copies the pieces.
    mutating func copy() {
        bytes.reserve(byteCount)
        for index in unsafe pieces.indices {
            bytes.append(contentsOf: unsafe pieces[index].bindMemory(to: UInt8.self).span)
        }
        unsafe pieces = []
    }

    @_lifetime(borrow self)
    func section(_ id: UInt32) -> StateSection? {
        guard let section = sections.first(where: { $0.id == id }) else { return nil }
        // Bytes have no padding, so they may be read.
        return StateSection(
            elementBytes: section.elementBytes,
            count: section.bytes.count / section.elementBytes,
            bytes: unsafe bytes.span.bytes.extracting(section.bytes))
    }
}
