/// A list of byte strings behind one another, read in place.
public struct ByteDictionary: ~Escapable {
    public let count: Int
    /// Where each entry ends, counted from the first byte of `bytes`; unused for fixed sizes.
    @usableFromInline let ends: IndexColumn
    /// The size of every entry, or 0 when they differ.
    @usableFromInline let fixedSize: Int
    @usableFromInline let bytes: RawSpan

    /// Entries of different sizes. `ends` is ascending and its last element is at most
    /// `bytes.byteCount`.
    @_lifetime(copy ends, copy bytes)
    @inlinable public init(count: Int, ends: IndexColumn, bytes: RawSpan) {
        self.count = count
        self.ends = ends
        self.fixedSize = 0
        self.bytes = bytes
    }

    /// Entries of `size` bytes each.
    @_lifetime(copy bytes)
    @inlinable public init(count: Int, size: Int, bytes: RawSpan) {
        self.count = count
        self.ends = IndexColumn(bytes, width: 0)
        self.fixedSize = size
        self.bytes = bytes
    }

    /// The bytes of one entry.
    @inline(always) @inlinable
    public subscript(index: Int) -> RawSpan {
        @_lifetime(copy self) get {
            if fixedSize > 0 {
                let start = index &* fixedSize
                return bytes.extracting(start..<(start &+ fixedSize))
            }
            let start = index == 0 ? 0 : ends[index &- 1]
            return bytes.extracting(start..<ends[index])
        }
    }

    /// The size of every entry; nil when they differ, as far as this form tells.
    @inlinable public var sizeOfAll: Int? { fixedSize > 0 ? fixedSize : nil }

    /// All entries behind one another when each is 16 bytes long, else nil.
    @inlinable public var pairs: RawSpan? {
        @_lifetime(copy self) get { fixedSize == 16 ? bytes : nil }
    }
}
