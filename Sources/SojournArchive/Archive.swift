package import SojournModel

/// Where finished sessions stay, and are asked for (archive).
///
/// One writer, any number of readers. Every write is a transaction that also says how far the archive has
/// come, so that what is handed over twice is kept once.
package protocol Archive: Sendable {
    /// Everything up to here is in it.
    func archived() throws(ArchiveError) -> FeedPlace

    /// Takes entries in order, all or, when it fails, none. Those that it has are skipped.
    func write(_ groups: [PackedGroup]) throws(ArchiveError)

    /// Forgets what came after a place: a journal that does not know of it will make it anew.
    func rewind(to place: FeedPlace) throws(ArchiveError)

    /// Erases sessions of a property that began before a time, a bounded number.
    ///
    /// - Returns: how many were erased; 0 when there are none left.
    func expire(_ property: PropertyID, before start: Int64, atMost count: Int)
        throws(ArchiveError) -> Int

    /// When the newest session of each property began.
    func newestStarts() throws(ArchiveError) -> [(property: PropertyID, start: Int64)]

    /// Lends a state of the archive that stays as it is while `body` looks at it.
    func read<Result>(_ body: (any ArchiveView) throws -> Result) throws(ArchiveError) -> Result

    /// Ends what the writing thread waits for, with an error. From any thread.
    func interruptWriting()

    /// Ends what readers wait for, with an error. From any thread.
    func interruptReading()

    /// Entries behind a place, in order, at most so many and so many bytes.
    func entries(after place: FeedPlace, atMost count: Int, bytes: Int)
        throws(ArchiveError) -> (entries: [ArchivedEntry], hasMore: Bool)
}

extension Archive {
    // A file is never waited for that long.
    package func interruptWriting() {}
    package func interruptReading() {}
}

/// One state of an archive.
package protocol ArchiveView {
    var archived: FeedPlace { get }

    /// Hands out the facts of a property's sessions block by block: those of the hours that the range
    /// touches, so some may lie outside of it. `SessionFact.byteCount` bytes each.
    func forEachBlock(
        of property: PropertyID, in range: Range<Int64>, _ body: (RawSpan) throws -> Void) throws

    /// Hands out the paths of the sessions in a range for which all conditions hold: page and milliseconds in turn.
    func forEachPath(
        of property: PropertyID, in range: Range<Int64>, _ conditions: [TextCondition],
        includesAutomated: Bool, _ body: (Span<UInt32>) throws -> Void) throws

    /// The number of a text; nil when the archive does not have it.
    func number(of text: String) throws -> UInt32?

    /// The text with a number.
    func text(_ number: UInt32) throws -> String

    /// The texts with some numbers; those that are not there are left out.
    func texts(_ numbers: Set<UInt32>) throws -> [UInt32: String]

    /// The pages that begin with a text.
    func numbers(withPrefix prefix: String) throws -> [UInt32]
}

/// A filter whose value is a number of the archive.
package struct TextCondition: Sendable {
    package var dimension: ReportDimension
    /// 0 for sessions without the dimension.
    package var text: UInt32
    package var isNegated: Bool

    package init(_ dimension: ReportDimension, _ text: UInt32, isNegated: Bool) {
        self.dimension = dimension
        self.text = text
        self.isNegated = isNegated
    }

    package func holds(_ fact: SessionFact) -> Bool { (fact.text(dimension) == text) != isNegated }
}

/// Something that happened to a session, as FETCH hands it out.
package struct ArchivedEntry: Sendable {
    package enum Content: Sendable {
        case finished(SessionSnapshot, visitor: VisitorHash)
        case revised(Revision)
    }

    package var place: FeedPlace
    package var property: PropertyID
    package var content: Content

    package init(place: FeedPlace, property: PropertyID, content: Content) {
        self.place = place
        self.property = property
        self.content = content
    }
}

extension ArchivedEntry {
    /// The first of some entries in order, at most so many and so many bytes, but always one.
    package static func page(
        of entries: [ArchivedEntry], atMost count: Int, bytes: Int
    ) -> (entries: [ArchivedEntry], hasMore: Bool) {
        let sorted = entries.sorted { $0.place < $1.place }
        var taken = 0
        var size = 0
        while taken < min(count, sorted.count) {
            size += sorted[taken].byteCount
            if taken > 0, size > bytes { break }
            taken += 1
        }
        return (Array(sorted[..<taken]), taken < sorted.count)
    }

    /// What it takes in a reply, about.
    private var byteCount: Int {
        guard case .finished(let session, _) = content else { return 80 }
        let texts = session.context + [session.landingPage, session.exitPage]
        return 168 + texts.reduce(0) { $0 + $1.utf8.count + 4 }
            + session.path.reduce(0) { $0 + $1.page.utf8.count + 12 }
    }
}
