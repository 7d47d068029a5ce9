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

    /// What happened to sessions behind a cursor (sojourn-1, "FETCH"). Who keeps the cursor of the page and goes
    /// on from there, until there is no more, gets every entry at least once.
    ///
    ///     repeat {
    ///         let page = try await client.fetch(after: cursor)
    ///         for entry in page.entries { ... }
    ///         cursor = page.cursor
    ///     } while page.hasMore
    ///
    /// Each worker has an order of its own, so a page has entries of one, and the next page those of the next;
    /// those that have nothing are passed over.
    public func fetch(
        after cursor: FeedCursor = .start, atMost count: Int = 1_000
    ) async throws -> FeedPage {
        var cursor = cursor
        while true {
            let (first, last) = (server.firstPartition, server.lastPartition)
            let reply = try await entries(
                of: cursor.next(first: first, last: last), after: cursor, atMost: count)
            let hasMore = cursor.take(reply, last: last)
            if reply.entries.isEmpty, hasMore { continue }
            return FeedPage(
                entries: reply.entries.map(FeedPage.Entry.init),
                firstPartition: Int(reply.firstPartition),
                lastPartition: Int(reply.lastPartition), cursor: cursor, hasMore: hasMore)
        }
    }

    /// Entries of the order in which a partition stands.
    private func entries(
        of partition: Int, after cursor: FeedCursor, atMost count: Int
    ) async throws -> FetchReply {
        let reply = try await entries(of: partition, after: cursor[partition], atMost: count)
        let first = Int(reply.firstPartition)
        if first == partition { return reply }
        // The partitions are shared out in another way than they were, and the place is none of this order.
        let other = try await entries(of: first, after: cursor[first], atMost: count)
        guard other.firstPartition == reply.firstPartition else {
            throw SojournError(
                .malformedReply,
                "partition \(first) is the first of an order, and then \(other.firstPartition) is")
        }
        return other
    }

    private func entries(
        of partition: Int, after place: FeedPlace, atMost count: Int
    ) async throws -> FetchReply {
        var writer = ByteWriter()
        FetchRequest(
            of: UInt16(clamping: partition), after: place,
            entriesMax: UInt32(clamping: max(1, count))
        ).encode(header: header(.fetch, PropertyID(0)), into: &writer)
        let reply = try await ask(.fetch, writer, FetchReply.decode(body:))
        // So it goes on with each answer.
        guard reply.firstPartition <= partition, reply.lastPartition >= partition else {
            throw SojournError(
                .malformedReply,
                "partition \(partition) was asked for, and those from \(reply.firstPartition) to "
                    + "\(reply.lastPartition) came")
        }
        return reply
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

        public var place: FeedPlace
        public var property: PropertyID
        public var content: Content
    }

    /// In their order.
    public var entries: [Entry]
    /// Of those whose order this is.
    public var firstPartition: Int
    /// Still one of them.
    public var lastPartition: Int
    /// Where to go on.
    public var cursor: FeedCursor
    /// There are more already, or may be in the order of another worker.
    public var hasMore: Bool
}

extension FeedPage.Entry {
    init(_ entry: FeedEntry) {
        let content: Content =
            switch entry.content {
            case .finished(let session, let visitor): .finished(session, visitor: visitor)
            case .revised(let revision): .revised(revision)
            case .opened(let session, let visitor): .opened(session, visitor: visitor)
            }
        self.init(place: entry.place, property: entry.property, content: content)
    }
}
