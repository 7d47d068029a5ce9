package import SojournModel

/// One thing that happened to a session (sojourn-1, "FETCH").
package struct FeedEntry: Equatable, Sendable {
    package enum Content: Equatable, Sendable {
        case finished(SessionSnapshot, visitor: VisitorHash)
        case revised(Revision)
        /// Only the feed tells of it.
        case opened(SessionSnapshot, visitor: VisitorHash)
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

/// The body of a reply to FETCH.
///
///      0 | entries           | 4 |
///      4 | columns           | 2 |
///      6 | reserved          | 2 |
///      8 | position          | 8 |
///     16 | index             | 4 |
///     20 | flags             | 4 |
///     24 | first partition   | 2 |
///     26 | last partition    | 2 |
///     28 | reserved          | 4 |
///     32 | directory         |   |
package struct FetchReply: Equatable, Sendable {
    package var entries: [FeedEntry]
    /// Of the last entry, or as it was asked.
    package var place: FeedPlace
    /// There are more already.
    package var hasMore: Bool
    /// Of those whose order this is.
    package var firstPartition: UInt16
    /// Still one of them.
    package var lastPartition: UInt16

    package init(
        entries: [FeedEntry], place: FeedPlace, hasMore: Bool, firstPartition: UInt16,
        lastPartition: UInt16
    ) {
        self.entries = entries
        self.place = place
        self.hasMore = hasMore
        self.firstPartition = firstPartition
        self.lastPartition = lastPartition
    }

    /// Writes the whole frame.
    ///
    /// - Precondition: a message holds the entries.
    package func encode(header: MessageHeader, into writer: inout ByteWriter) {
        var texts = ByteTable()
        var sessions: [SessionSnapshot] = []
        var revisions: [Revision] = []
        for entry in entries {
            switch entry.content {
            case .finished(let session, _), .opened(let session, _): sessions.append(session)
            case .revised(let revision): revisions.append(revision)
            }
        }
        texts.gather(sessions)
        let columns = 4 + (revisions.isEmpty ? 0 : 5)
        writer.beginFrame()
        writer.append(UInt32(entries.count))
        writer.append(UInt32(columns))
        writer.append(place.position)
        writer.append(place.index)
        writer.append(hasMore ? 1 : 0 as UInt32)
        writer.append(firstPartition)
        writer.append(lastPartition)
        writer.append(0 as UInt32)
        var cursor = writer.beginDirectory(columns: columns)
        texts.write(.texts, to: &writer, &cursor)
        if !revisions.isEmpty { writer.appendRevisions(revisions.span, &cursor) }
        writer.appendSessions(sessions, &texts, &cursor)
        var at = writer.beginColumn(
            .entries, width: 0, parameter: EntryRecord.byteCount, count: entries.count,
            length: entries.count * EntryRecord.byteCount, &cursor)
        var (session, revision) = (0, 0)
        for entry in entries {
            switch entry.content {
            case .finished, .opened:
                EntryRecord.write(entry, row: session, to: &writer, at: at)
                session += 1
            case .revised:
                EntryRecord.write(entry, row: revision, to: &writer, at: at)
                revision += 1
            }
            at += EntryRecord.byteCount
        }
        header.write(to: &writer)
    }

    package static func decode(body: RawSpan) throws(WireError) -> FetchReply {
        try decode(body: body, kinds: 1...2)
    }

    /// - Parameter kinds: of entries that mean something here.
    static func decode(
        body: RawSpan, kinds: ClosedRange<UInt8>
    ) throws(WireError) -> FetchReply {
        let schema = { BodySchema.fetchReply(entries: $0) }
        let directory = try ColumnDirectory.open(body, fixedBytes: schema(0).fixedBytes)
        try body.reserved(6..<8)
        try body.reserved(28..<32)
        let count = Int(body.integer(at: 0, as: UInt32.self))
        try directory.validate(schema(count))
        try directory.checkLengths(.texts, most: Limits.textBytesMax, .badTextLength)
        try directory.checkUTF8(directory.dictionary(.texts))
        let texts = directory.strings(.texts)
        let sessions = try directory.sessions(texts)
        let revisions = try directory.revisions()
        let records = directory.find(.entries)
        for row in 0..<count {
            let at = directory.start(of: row, records)
            try EntryRecord.checkKind(body, at: at, row, kinds)
        }
        var entries: [FeedEntry] = []
        for row in 0..<count {
            let at = directory.start(of: row, records)
            let index = Int(body.integer(at: at + 20, as: UInt32.self))
            let kind = body.integer(at: at + 16, as: UInt8.self)
            let bound = kind == 2 ? revisions.count : sessions.count
            guard index < bound else {
                throw WireError(
                    .indexOutOfRange, inBodyAt: at + 20, column: Column.entries.rawValue, row: row,
                    found: index, bound: bound)
            }
            let visitor = VisitorHash(body.bits128(at: at + 24))
            let content: FeedEntry.Content =
                switch kind {
                case 1: .finished(sessions[index], visitor: visitor)
                case 2: .revised(revisions[index])
                default: .opened(sessions[index], visitor: visitor)
                }
            entries.append(
                FeedEntry(
                    place: FeedPlace(
                        position: body.integer(at: at), index: body.integer(at: at + 8)),
                    property: PropertyID(body.integer(at: at + 12)), content: content))
        }
        return FetchReply(
            entries: entries,
            place: FeedPlace(position: body.integer(at: 8), index: body.integer(at: 16)),
            hasMore: body.integer(at: 20, as: UInt32.self) & 1 != 0,
            firstPartition: body.integer(at: 24), lastPartition: body.integer(at: 26))
    }
}

/// One record of the column `entries`, as the specification draws it.
enum EntryRecord {
    static var byteCount: Int { 40 }

    static func write(_ entry: FeedEntry, row: Int, to writer: inout ByteWriter, at start: Int) {
        var kind: UInt32 = 2
        var visitor = Bits128(high: 0, low: 0)
        switch entry.content {
        case .finished(_, let hash): (kind, visitor) = (1, hash.bits)
        case .opened(_, let hash): (kind, visitor) = (3, hash.bits)
        case .revised: break
        }
        writer.set(entry.place.position, at: start)
        writer.set(entry.place.index, at: start + 8)
        writer.set(entry.property.rawValue, at: start + 12)
        writer.set(kind, at: start + 16)
        writer.set(UInt32(row), at: start + 20)
        writer.set(visitor.high.byteSwapped, at: start + 24)
        writer.set(visitor.low.byteSwapped, at: start + 32)
    }

    /// Code 49.
    static func checkKind(
        _ body: RawSpan, at start: Int, _ row: Int, _ kinds: ClosedRange<UInt8>
    ) throws(WireError) {
        let kind = body.integer(at: start + 16, as: UInt8.self)
        guard kinds.contains(kind) else {
            throw WireError(
                .badKind, inBodyAt: start + 16, column: Column.entries.rawValue, row: row,
                found: Int(kind))
        }
    }
}

extension ColumnDirectory {
    /// The rows of the five columns of revisions, which are all as long as the first.
    fileprivate func revisions() throws(WireError) -> [Revision] {
        let columns: [Column] = [
            .revisionNumber, .revisionFrom, .revisionInto, .revisionCause, .revisionPartition,
        ]
        let count = find(.revisionNumber)?.count ?? 0
        for column in columns {
            guard let index = index(of: column) else {
                if count == 0 { continue }
                throw WireError(.missingColumn, column: column)
            }
            guard self[index].count == count else {
                throw WireError(
                    .badElementCount, inBodyAt: position(index) + 4, column: column.rawValue,
                    found: self[index].count, bound: count)
            }
        }
        let numbers = bytes(of: find(.revisionNumber))
        let causes = bytes(of: find(.revisionCause))
        let partitions = bytes(of: find(.revisionPartition))
        var revisions: [Revision] = []
        for row in 0..<count {
            revisions.append(
                Revision(
                    number: numbers.integer(at: 8 * row),
                    from: SessionID(body.bits128(at: start(of: row, find(.revisionFrom)))),
                    into: SessionID(body.bits128(at: start(of: row, find(.revisionInto)))),
                    cause: Revision.Cause(rawValue: causes.integer(at: row)) ?? .bridge,
                    partition: partitions.integer(at: 2 * row)))
        }
        return revisions
    }
}
