import SojournModel

// The tables are saved as they lie in memory, and what is saved is little-endian.
#if !_endian(little)
    #error("the engine's state is little-endian")
#endif

/// The numbers of the engine's sections (journal, "State of the engine").
enum StateSections {
    static let engine: UInt32 = 1
    /// A slab has a section of chunks, and behind it one of blocks.
    static let sessions: UInt32 = 16
    static let extensions: UInt32 = 18
}

/// The numbers of a property's sections.
struct PropertySections {
    private let base: UInt32
    /// Sections of a block store: two for each of its slabs.
    static let blockStoreCount: UInt32 = 16

    /// - Parameter row: of the property, in the order in which their policies were first set.
    init(_ row: Int) { base = UInt32(row + 1) << 16 }

    var scalars: UInt32 { base + 1 }
    var policy: UInt32 { base + 2 }
    var transitions: UInt32 { base + 3 }
    var wheel: UInt32 { base + 4 }
    var ordinals: UInt32 { base + 5 }
    var texts: UInt32 { base + 6 }
    var contexts: UInt32 { base + 7 }
    var textBlocks: UInt32 { base + 16 }
    var pathBlocks: UInt32 { base + 16 + Self.blockStoreCount }

    /// How many properties there are numbers for.
    static let propertiesMax = 65_534
}

/// A section of 64-bit words, each a field.
struct StateWords: ~Copyable {
    private let section: UInt32
    private var words = GrowableBuffer<UInt64>()
    private var next = 0

    init(_ section: UInt32) { self.section = section }

    mutating func put(_ word: UInt64) { words.append(word) }
    mutating func put(_ word: Int64) { words.append(UInt64(bitPattern: word)) }

    func save(to sink: inout some StateSink & ~Copyable) {
        sink.beginSection(section, elementBytes: 8)
        // Integers have no padding, so their bytes may be read.
        unsafe sink.append(copying: words.span.bytes)
    }

    init(
        _ section: UInt32, count: Int, from source: borrowing some StateSource & ~Copyable
    ) throws(StateFault) {
        self.section = section
        try source.load(section, into: &words, repeating: 0)
        guard words.count == count else {
            throw StateFault(section, "\(words.count) fields instead of \(count)")
        }
    }

    mutating func take() -> UInt64 {
        next += 1
        return words[next - 1]
    }

    mutating func takeSigned() -> Int64 { Int64(bitPattern: take()) }

    /// A number that is counted up, and has room for more.
    mutating func takeCount(_ name: String, max: UInt64 = 1 << 62) throws(StateFault) -> UInt64 {
        let count = take()
        guard count <= max else { throw StateFault(section, "\(name) is \(count)") }
        return count
    }
}

extension StateSink where Self: ~Copyable {
    /// Saves a row of elements, which have no padding, without a copy.
    mutating func save<Element: BitwiseCopyable>(
        _ section: UInt32, _ elements: borrowing GrowableBuffer<Element>, from first: Int = 0
    ) {
        let size = MemoryLayout<Element>.stride
        beginSection(section, elementBytes: size)
        let bytes = unsafe elements.span.bytes.extracting(
            first * size..<elements.count * size)
        // They stay in place for as long as nothing is done with the engine.
        unsafe bytes.withUnsafeBytes { unsafe append($0) }
    }
}

extension StateSource where Self: ~Copyable {
    /// A section whose elements have this size.
    @_lifetime(borrow self)
    func section(_ id: UInt32, elementBytes: Int) throws(StateFault) -> StateSection {
        guard let section = section(id) else { throw StateFault(id, "it is not there") }
        guard section.elementBytes == elementBytes else {
            throw StateFault(
                id, "elements of \(section.elementBytes) bytes instead of \(elementBytes)")
        }
        return section
    }

    /// Fills a row with a section's elements. Any bytes must be good for an element.
    func load<Element: BitwiseCopyable>(
        _ id: UInt32, into elements: inout GrowableBuffer<Element>, repeating empty: Element
    ) throws(StateFault) {
        let section = try section(id, elementBytes: MemoryLayout<Element>.stride)
        elements.removeAll()
        elements.reserve(section.count)
        elements.resize(to: section.count, repeating: empty)
        var span = elements.mutableSpan
        unsafe span.withUnsafeMutableBytes { target in
            // Both have `count` elements of one size.
            unsafe section.bytes.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
        }
    }
}
