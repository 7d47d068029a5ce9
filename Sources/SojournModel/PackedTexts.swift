import Glibc

/// The texts of a list of packed sessions, each once as a rule, numbered from 1; 0 is the empty one.
///
/// A text is looked for where its hash says, and only there: so a look-up is one comparison, and now and then a
/// text stands twice.
struct PackedTexts: ~Copyable, Sendable {
    private static let slotCount = 1_024

    private var bytes = GrowableBuffer<UInt8>()
    /// Where each text ends, beginning with the empty one.
    private var ends = GrowableBuffer<UInt32>()
    /// The number of the last text with a hash; 0 for none.
    private var slots = GrowableBuffer<UInt32>()

    init() { ends.append(0) }

    var count: Int { ends.count - 1 }
    var byteCount: Int { bytes.count + 4 * ends.count }

    mutating func removeAll() {
        bytes.removeAll()
        slots.removeAll()
        ends.truncate(to: 1)
    }

    /// The number of a text, which is taken up if it is not known.
    mutating func number(of text: RawSpan) -> UInt32 {
        if text.isEmpty { return 0 }
        if slots.isEmpty { slots.resize(to: Self.slotCount, repeating: 0) }
        let slot = Self.hash(text)
        let known = slots[slot]
        if known != 0, view.holds(known, text) { return known }
        // Bytes have no padding, and live while the span does.
        unsafe text.withUnsafeBytes {
            unsafe bytes.append(contentsOf: $0.bindMemory(to: UInt8.self).span)
        }
        ends.append(UInt32(bytes.count))
        slots[slot] = UInt32(count)
        return UInt32(count)
    }

    /// Of its length and both of its ends, in which addresses of pages differ.
    private static func hash(_ text: RawSpan) -> Int {
        var hash = UInt64(text.byteCount)
        if text.byteCount >= 8 {
            hash ^= text.integer(at: 0, as: UInt64.self)
            hash &*= 0x9E37_79B9_7F4A_7C15
            hash ^= text.integer(at: text.byteCount - 8, as: UInt64.self)
        } else {
            for at in 0..<text.byteCount {
                hash = hash << 8 ^ UInt64(text.integer(at: at, as: UInt8.self))
            }
        }
        hash &*= 0x9E37_79B9_7F4A_7C15
        hash ^= hash >> 29
        hash &*= 0xBF58_476D_1CE4_E5B9
        return Int(hash >> 48) & (slotCount - 1)
    }

    @_lifetime(borrow self)
    func text(_ number: UInt32) -> RawSpan { view.text(number) }

    var view: View {
        @_lifetime(borrow self) get { View(bytes.span, ends.span) }
    }

    /// The texts, to be read.
    struct View: ~Escapable {
        private let bytes: RawSpan
        private let ends: Span<UInt32>

        @_lifetime(copy bytes, copy ends)
        init(_ bytes: Span<UInt8>, _ ends: Span<UInt32>) {
            // Bytes have no invalid patterns.
            self.bytes = unsafe bytes.bytes
            self.ends = ends
        }

        @_lifetime(copy self)
        func text(_ number: UInt32) -> RawSpan {
            if number == 0 { return bytes.extracting(0..<0) }
            return bytes.extracting(Int(ends[Int(number) - 1])..<Int(ends[Int(number)]))
        }

        func holds(_ number: UInt32, _ other: RawSpan) -> Bool {
            let text = text(number)
            if text.byteCount != other.byteCount { return false }
            // Both are as long as the first.
            return unsafe text.withUnsafeBytes { left in
                unsafe other.withUnsafeBytes { right in
                    guard let left = left.baseAddress, let right = right.baseAddress else {
                        return true
                    }
                    return unsafe memcmp(left, right, text.byteCount) == 0
                }
            }
        }
    }
}
