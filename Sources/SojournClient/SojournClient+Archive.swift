public import SojournModel
import SojournWire

extension SojournClient {
    /// Answers a question over the sessions of a property (sojourn-1, "REPORT").
    ///
    /// - Throws: `.refused` with `noArchive` where finished sessions are not kept, `overloaded` and
    ///   `reportTooLong`; `.invalidArgument`.
    public func report(
        _ question: ReportQuestion, property: PropertyID = .default
    ) async throws -> ReportAnswer {
        if let fault = question.fault { throw SojournError(.invalidArgument, fault) }
        var writer = ByteWriter()
        ReportRequest.encode(question, header: header(.report, property), into: &writer)
        return try await ask(.report, writer, ReportReply.decode(body:))
    }

    /// What happened to sessions behind a place, in order (sojourn-1, "FETCH"). Who keeps the place of the
    /// answer and goes on from there gets every entry at least once.
    public func fetch(
        after place: FeedCursor = .start, atMost count: Int = 1_000
    ) async throws -> FeedPage {
        var writer = ByteWriter()
        FetchRequest(
            after: FeedPlace(position: place.position, index: place.index),
            entriesMax: UInt32(clamping: max(1, count))
        ).encode(header: header(.fetch, PropertyID(0)), into: &writer)
        let reply = try await ask(.fetch, writer, FetchReply.decode(body:))
        return FeedPage(
            entries: reply.entries.map(FeedPage.Entry.init),
            cursor: FeedCursor(reply.place), hasMore: reply.hasMore)
    }

    /// Erases all that is kept of a visitor on a property (sojourn-1, "FORGET").
    ///
    /// - Parameter key: with which the visitor's events were sent.
    /// - Returns: how many unfinished sessions were erased; those that are finished go right after.
    public func forget(
        visitor key: [UInt8], property: PropertyID = .default
    ) async throws -> Int {
        try checkKey(key)
        var writer = ByteWriter()
        // The bytes of bytes have no invalid patterns.
        ForgetRequest.encode(
            unsafe key.span.bytes, header: header(.forget, property), into: &writer)
        let reply = try await ask(.forget, writer, ForgetReply.decode(body:))
        return Int(reply.liveSessions)
    }
}

extension ReportQuestion {
    /// What no message can carry, in words, or nil.
    fileprivate var fault: String? {
        let values = filters.map(\.value)
        var texts = values
        switch kind {
        case .paths(let page): texts.append(page)
        case .funnel(let steps):
            guard (1...Limits.funnelStepsMax).contains(steps.count) else {
                return "a funnel has 1 to \(Limits.funnelStepsMax) steps, not \(steps.count)"
            }
            texts += steps.map(\.page)
        case .summary, .breakdown, .series, .transitions: break
        }
        if filters.count > Limits.reportFiltersMax {
            return "there are more than \(Limits.reportFiltersMax) filters"
        }
        if let rowsMax, !(1...Limits.reportRowsMax).contains(rowsMax) {
            return "rows must be 1 to \(Limits.reportRowsMax)"
        }
        if let start = period.start, let end = period.end, end < start {
            return "the period ends before it starts"
        }
        if texts.contains(where: { $0.utf8.count > Limits.textBytesMax }) {
            return "a text has more than \(Limits.textBytesMax) bytes"
        }
        return nil
    }
}

/// A place in the order of what happened to sessions.
public struct FeedCursor: Hashable, Sendable {
    public var position: UInt64
    public var index: UInt32

    public init(position: UInt64, index: UInt32) {
        self.position = position
        self.index = index
    }

    /// Before everything.
    public static let start = FeedCursor(position: 0, index: 0)
}

/// Some of what happened to sessions.
public struct FeedPage: Equatable, Sendable {
    public struct Entry: Equatable, Sendable {
        public enum Content: Equatable, Sendable {
            /// A session is over. The visitor is a hash.
            case finished(SessionSnapshot, visitor: VisitorHash)
            /// A session is part of another one now.
            case revised(Revision)
            /// A session began; as it stood after the batch that it began with. Only `SojournFeed` tells of it.
            case opened(SessionSnapshot, visitor: VisitorHash)
        }

        public var cursor: FeedCursor
        public var property: PropertyID
        public var content: Content
    }

    public var entries: [Entry]
    /// Where to go on.
    public var cursor: FeedCursor
    /// There are more already.
    public var hasMore: Bool
}

extension FeedCursor {
    init(_ place: FeedPlace) { self.init(position: place.position, index: place.index) }
}

extension FeedPage.Entry {
    init(_ entry: FeedEntry) {
        let content: Content =
            switch entry.content {
            case .finished(let session, let visitor): .finished(session, visitor: visitor)
            case .revised(let revision): .revised(revision)
            case .opened(let session, let visitor): .opened(session, visitor: visitor)
            }
        self.init(cursor: FeedCursor(entry.place), property: entry.property, content: content)
    }
}
