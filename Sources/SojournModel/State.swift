/// Takes state in numbered sections of equal elements (journal, "Snapshot").
package protocol StateSink: ~Copyable {
    /// Begins a section; what is appended from now on is its content.
    ///
    /// - Parameters:
    ///   - id: larger than that of the section before.
    ///   - elementBytes: size of an element. The content is a whole number of them.
    mutating func beginSection(_ id: UInt32, elementBytes: Int)

    /// Appends bytes to the section without a copy. They must stay where they are until the state is
    /// written.
    @unsafe mutating func append(_ bytes: UnsafeRawBufferPointer)

    /// Appends a copy of bytes to the section.
    mutating func append(copying bytes: RawSpan)
}

/// Gives back what a `StateSink` has taken.
package protocol StateSource: ~Copyable {
    /// A section by its id; nil when there is none.
    @_lifetime(borrow self)
    func section(_ id: UInt32) -> StateSection?
}

/// What a section holds.
package struct StateSection: ~Escapable {
    package let elementBytes: Int
    package let count: Int
    /// The elements, little-endian, without gaps.
    package let bytes: RawSpan

    /// - Precondition: `bytes` is as long as its elements.
    @_lifetime(copy bytes)
    package init(elementBytes: Int, count: Int, bytes: RawSpan) {
        precondition(elementBytes > 0 && count >= 0)
        precondition(bytes.byteCount / elementBytes == count && bytes.byteCount % elementBytes == 0)
        self.elementBytes = elementBytes
        self.count = count
        self.bytes = bytes
    }
}
