/// A growable row of plain values with one owner: what an array is, without reference counting,
/// copy on write or exclusivity checks on the hot path.
///
/// It is public, like all that the hot path calls across modules: this compiler inlines across a
/// module's edge what is public and `@inlinable`, and nothing that is `package`.
@safe public struct GrowableBuffer<Element: BitwiseCopyable>: ~Copyable {
    @usableFromInline var start: UnsafeMutablePointer<Element>
    @usableFromInline var used: Int
    @usableFromInline var room: Int

    public init(capacity: Int = 0) {
        room = max(capacity, 16)
        // Freed in deinit, and moved only by `grow`.
        unsafe start = .allocate(capacity: room)
        used = 0
    }

    deinit { unsafe start.deallocate() }

    /// Elements in the buffer.
    @inlinable public var count: Int { used }

    /// Elements for which there is room.
    @inlinable public var capacity: Int { room }

    @inlinable public var isEmpty: Bool { used == 0 }

    @inlinable public subscript(index: Int) -> Element {
        @inline(always) get {
            precondition(index >= 0 && index < count)
            // In bounds by the line above.
            return unsafe start[index]
        }
        @inline(always) set {
            precondition(index >= 0 && index < count)
            unsafe start[index] = newValue
        }
    }

    @inline(always) @inlinable public mutating func append(_ element: Element) {
        if count == capacity { grow(to: count &+ 1) }
        // Within capacity by the line above.
        unsafe (start + count).initialize(to: element)
        used &+= 1
    }

    /// Appends what the span holds.
    @inlinable public mutating func append(contentsOf elements: Span<Element>) {
        if count + elements.count > capacity { grow(to: count + elements.count) }
        unsafe elements.withUnsafeBufferPointer { source in
            guard let base = source.baseAddress else { return }
            // Capacity was made above, and a buffer never overlaps a span of other storage.
            unsafe (start + count).initialize(from: base, count: source.count)
        }
        used += elements.count
    }

    /// Appends what another buffer holds.
    @inlinable public mutating func append(contentsOf other: borrowing GrowableBuffer<Element>) {
        append(contentsOf: other.span)
    }

    /// Puts what another buffer holds in the place of as many elements.
    @inlinable public mutating func replace(
        at index: Int, with other: borrowing GrowableBuffer<Element>
    ) {
        precondition(index >= 0 && other.count <= count - index)
        // In bounds by the line above, and no buffer overlaps another.
        unsafe (start + index).update(from: other.start, count: other.count)
    }

    /// Drops all elements and keeps the storage.
    @inlinable public mutating func removeAll() { used = 0 }

    /// Drops the elements from `index` on.
    @inlinable public mutating func truncate(to index: Int) {
        precondition(index >= 0 && index <= count)
        used = index
    }

    /// Makes exactly `newCount` elements; new ones are `element`.
    @inlinable public mutating func resize(to newCount: Int, repeating element: Element) {
        if newCount > capacity { grow(to: newCount) }
        if newCount > count {
            // Within capacity by the line above.
            unsafe (start + count).initialize(repeating: element, count: newCount - count)
        }
        used = newCount
    }

    /// Makes room for exactly `newCapacity` elements, if there is less.
    public mutating func reserve(_ newCapacity: Int) {
        if newCapacity > capacity { move(toCapacity: newCapacity) }
    }

    @usableFromInline mutating func grow(to needed: Int) {
        move(toCapacity: max(needed, capacity * 2))
    }

    private mutating func move(toCapacity newCapacity: Int) {
        let new = UnsafeMutablePointer<Element>.allocate(capacity: newCapacity)
        // The new storage is larger than the old one and does not overlap it.
        unsafe new.initialize(from: start, count: count)
        unsafe start.deallocate()
        unsafe start = new
        room = newCapacity
    }

    /// The elements, borrowed.
    @inlinable public var span: Span<Element> {
        @_lifetime(borrow self) get {
            let span = unsafe Span(_unsafeStart: start, count: count)
            // The storage lives as long as self is borrowed.
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The elements, to be changed in place.
    @inlinable public var mutableSpan: MutableSpan<Element> {
        @_lifetime(&self) mutating get {
            let span = unsafe MutableSpan(_unsafeStart: start, count: count)
            // The storage lives, and nobody else has it, as long as self is lent out.
            return unsafe _overrideLifetime(span, mutating: &self)
        }
    }
}

extension GrowableBuffer where Element == UInt8 {
    /// Appends the lowest bytes of a number, the highest of them first.
    ///
    /// - Parameter byteCount: 1 to 8.
    @inline(always) @inlinable public mutating func append(_ value: UInt64, byteCount: Int) {
        precondition(byteCount >= 1 && byteCount <= 8)
        if capacity &- count < 8 { grow(to: count &+ 8) }
        // There is room for all eight, of which those that are not wanted are written over.
        unsafe UnsafeMutableRawPointer(start + count).storeBytes(
            of: (value << UInt64(8 &* (8 &- byteCount))).bigEndian, as: UInt64.self)
        used &+= byteCount
    }
}

extension GrowableBuffer: @unchecked Sendable where Element: Sendable {}
