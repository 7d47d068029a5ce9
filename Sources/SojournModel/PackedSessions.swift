import Synchronization

/// The fixed part of an entry of `PackedSessions`; texts and path stand behind it.
package struct PackedHead: BitwiseCopyable, Sendable {
    package enum Kind: UInt8, Sendable {
        /// A session that is over.
        case finished = 1
        /// `id` is now part of `other`.
        case revised = 2
        /// All of a visitor is to be erased.
        case forgotten = 3
        /// A session that is not over.
        case live = 4
    }

    /// Context attributes, landing page, exit page.
    package static var textCount: Int { ContextTable.attributeCount + 2 }
    package static var landingPage: Int { ContextTable.attributeCount }
    package static var exitPage: Int { ContextTable.attributeCount + 1 }
    /// Boundary out of a session that has not ended.
    static var notEnded: UInt8 { 255 }

    /// Of the whole entry.
    package fileprivate(set) var byteCount: UInt32 = 0
    fileprivate var property: UInt32
    package fileprivate(set) var position: UInt64 = 0
    package fileprivate(set) var index: UInt32 = 0
    fileprivate var kind: UInt8
    package var state = SessionState(boundary: .first)
    fileprivate var boundaryOut: UInt8 = notEnded
    package var pathLength: UInt8 = 0
    package var visitor: VisitorHash
    package var id: SessionID
    /// Of a revision: the session that `id` is part of now.
    package var other = SessionID(Bits128(high: 0, low: 0))
    package var firstEvent: Int64 = 0
    package var lastEvent: Int64 = 0
    /// Micro-units. Of a revision: its number.
    package var value: Int64 = 0
    package var finishesAt: Int64 = 0
    /// Of a revision: the partition.
    package var ordinal: UInt32 = 0
    package var events: UInt32 = 0
    package var views: UInt32 = 0
    package var actions: UInt32 = 0
    package var conversions: UInt32 = 0
    /// Numbers of the list's texts; 0 for none.
    package var texts = InlineArray<10, UInt32>(repeating: 0)

    package init(_ kind: Kind, property: PropertyID, visitor: VisitorHash, id: SessionID) {
        self.kind = kind.rawValue
        self.property = property.rawValue
        self.visitor = visitor
        self.id = id
    }

    package var propertyID: PropertyID { PropertyID(property) }
    package var place: FeedPlace { FeedPlace(position: position, index: index) }

    package var entryKind: Kind {
        guard let kind = Kind(rawValue: kind) else {
            preconditionFailure("an entry is only written with a kind")
        }
        return kind
    }

    package var boundary: Boundary? {
        get { Boundary(rawValue: boundaryOut) }
        set { boundaryOut = newValue?.rawValue ?? Self.notEnded }
    }
}

/// A step of a path.
package struct PackedStep: BitwiseCopyable, Sendable {
    /// After the first event.
    package var milliseconds: UInt32
    /// The number of the page in the list.
    package var page: UInt32

    package init(milliseconds: UInt32, page: UInt32) {
        self.milliseconds = milliseconds
        self.page = page
    }
}

/// Sessions and what happened to them, behind one another in one buffer: how they travel from the engine
/// to the archive, the feed and the reports, with no object for a session or a text.
///
///     head, 168 bytes | of each step of the path: milliseconds (4), number of the page (4)
///
/// Texts stand once in a list, beside the entries, and are named by their number in it.
package struct PackedSessions: ~Copyable, Sendable {
    private var buffer = GrowableBuffer<UInt8>()
    private var texts = PackedTexts()
    /// Of this list, and no other before or after it: from 1 on. It changes when the list is emptied.
    package private(set) var identity = PackedSessions.nextIdentity()
    /// Entries.
    package private(set) var count = 0
    /// Entries that are finished sessions.
    package private(set) var finishedCount = 0
    /// Positions of the first and the last entry; 0 when it is empty.
    package private(set) var firstPosition: UInt64 = 0
    package private(set) var lastPosition: UInt64 = 0
    /// Stamped on the next entry.
    package var place = FeedPlace.start

    private static let lastIdentity = Atomic<UInt64>(0)

    /// Tells lists of a process from one another, so that others may remember the numbers of their texts.
    private static func nextIdentity() -> UInt64 {
        lastIdentity.add(1, ordering: .relaxed).newValue
    }

    package init() {}

    /// With room for as many entries as another list has: lists that follow one another are of one size, and
    /// each would else be copied while it grows.
    package init(asLargeAs other: borrowing PackedSessions) {
        buffer.reserve(other.buffer.count + other.buffer.count / 8)
    }

    package var byteCount: Int { buffer.count + texts.byteCount }
    package var isEmpty: Bool { count == 0 }
    /// Texts that are numbered, from 1 on.
    package var textCount: Int { texts.count }

    package mutating func removeAll() {
        buffer.removeAll()
        texts.removeAll()
        identity = Self.nextIdentity()
        (count, finishedCount, firstPosition, lastPosition) = (0, 0, 0, 0)
    }

    // MARK: Writing

    /// The number of a text, which is taken up if it is not known.
    package mutating func number(of text: RawSpan) -> UInt32 { texts.number(of: text) }

    /// Appends an entry, at `place`, which the head is given: its head, whose texts are numbers of this list, and
    /// the steps of its path.
    package mutating func append(
        _ head: inout PackedHead, steps: Span<PackedStep> = Span<PackedStep>()
    ) {
        precondition(Int(head.pathLength) == steps.count)
        head.byteCount = UInt32(
            MemoryLayout<PackedHead>.size + steps.count * MemoryLayout<PackedStep>.stride)
        head.position = place.position
        head.index = place.index
        // A head is plain values, and its padding is never looked at.
        unsafe withUnsafeBytes(of: &head) { unsafe append($0) }
        unsafe steps.withUnsafeBytes { unsafe append($0) }
        if count == 0 { firstPosition = place.position }
        lastPosition = place.position
        if head.kind == PackedHead.Kind.finished.rawValue { finishedCount += 1 }
        count += 1
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        // Alive for as long as the caller lends them.
        unsafe buffer.append(contentsOf: bytes.bindMemory(to: UInt8.self).span)
    }

    // MARK: Reading

    /// The text with a number; no bytes for 0.
    @_lifetime(borrow self)
    package func listedText(_ number: UInt32) -> RawSpan { texts.text(number) }

    /// Entry by entry, in their order.
    package func visit<Failure: Error>(
        _ body: (PackedSession) throws(Failure) -> Void
    ) throws(Failure) {
        var at = 0
        // Bytes have no invalid patterns.
        let bytes = unsafe buffer.span.bytes
        while at < bytes.byteCount {
            let session = PackedSession(bytes.extracting(at...), texts)
            try body(session)
            at += Int(session.head.byteCount)
        }
    }
}

/// Entries that do not change any more, so that archive and reports can share them.
package final class PackedGroup: Sendable {
    package let list: PackedSessions

    package init(_ list: consuming PackedSessions) { self.list = list }
}

/// One entry, read in place.
package struct PackedSession: ~Escapable {
    package let head: PackedHead
    private let bytes: RawSpan
    private let texts: PackedTexts.View

    @_lifetime(copy bytes, borrow texts)
    fileprivate init(_ bytes: RawSpan, _ texts: borrowing PackedTexts) {
        precondition(bytes.byteCount >= MemoryLayout<PackedHead>.size)
        // Written by `begin`, as a whole.
        head = unsafe bytes.unsafeLoadUnaligned(as: PackedHead.self)
        self.bytes = bytes
        self.texts = texts.view
    }

    /// A text of the context, the landing page or the exit page; no bytes for none.
    @_lifetime(copy self)
    package func text(_ row: Int) -> RawSpan { texts.text(head.texts[row]) }

    /// The text with a number of the list; no bytes for 0.
    @_lifetime(copy self)
    package func listedText(_ number: UInt32) -> RawSpan { texts.text(number) }

    /// The steps of the path in order: milliseconds after the first event, and the number of the page in
    /// the list.
    package func visitNumberedSteps<Failure: Error>(
        _ body: (UInt32, UInt32) throws(Failure) -> Void
    ) throws(Failure) {
        var step = MemoryLayout<PackedHead>.size
        for _ in 0..<Int(head.pathLength) {
            try body(bytes.integer(at: step), bytes.integer(at: step + 4))
            step += 8
        }
    }

    /// The steps of the path in order: milliseconds after the first event, and the page.
    package func visitSteps<Failure: Error>(
        _ body: (UInt32, RawSpan) throws(Failure) -> Void
    ) throws(Failure) {
        try visitNumberedSteps { (milliseconds, page) throws(Failure) in
            try body(milliseconds, texts.text(page))
        }
    }

    /// The entry with its texts written out; it is of a session.
    package var snapshot: SessionSnapshot {
        var path: [SessionSnapshot.PathStep] = []
        visitSteps { path.append(.init(milliseconds: $0, page: $1.utf8Text)) }
        return SessionSnapshot(
            id: head.id, ordinal: head.ordinal, firstEvent: head.firstEvent,
            lastEvent: head.lastEvent, events: head.events, views: head.views,
            actions: head.actions, conversions: head.conversions, value: head.value,
            engagedMilliseconds: head.lastEvent - head.firstEvent, state: head.state,
            boundaryOut: head.boundary,
            context: (0..<ContextTable.attributeCount).map { text($0).utf8Text },
            landingPage: text(PackedHead.landingPage).utf8Text,
            exitPage: text(PackedHead.exitPage).utf8Text, path: path, finishesAt: head.finishesAt)
    }
}

extension RawSpan {
    /// The bytes as text; what is not UTF-8 is replaced.
    package var utf8Text: String {
        // The span lends its bytes while they are read.
        unsafe withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
