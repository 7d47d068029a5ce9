package import SojournArchive
package import SojournFigures
package import SojournModel

/// All that an answer is made from, as of one moment.
package struct ReportSources: Sendable {
    /// Finished sessions; nil where there are none.
    package var archive: (any Archive)?
    /// Finished sessions that the archive may not have yet.
    package var pending: [PackedGroup]
    /// Sessions of the property that are not finished, each with the place of what was finished before it was
    /// looked at. A session that is there twice counts as it stood last.
    package var live: [PackedGroup]
    /// The property's clock; nil before its first event.
    package var clock: Int64?
    package var timeZone: String
    package let days: LocalDays
    package let calendar: ReportCalendar
    /// Parts of an answer when the question says nothing.
    package var rowsDefault = 100
    /// Asked from time to time; true ends the work with `ArchiveError.tooLong`.
    package var isTooLate: @Sendable () -> Bool

    package init(
        archive: (any Archive)?, pending: [PackedGroup], live: [PackedGroup], clock: Int64?,
        timeZone: String = "UTC", days: LocalDays = .utc,
        isTooLate: @escaping @Sendable () -> Bool = { false }
    ) {
        self.archive = archive
        self.pending = pending
        self.live = live
        self.clock = clock
        self.timeZone = timeZone
        self.days = days
        calendar = ReportCalendar(days)
        self.isTooLate = isTooLate
    }
}

/// The sessions of a property that are not in the archive, or not yet, with the numbers of its texts; texts
/// that it does not have get numbers of their own.
struct RecentSessions {
    struct Path {
        var fact: SessionFact
        /// Page and milliseconds in turn.
        var steps: [UInt32]
    }

    /// Those that are finished first.
    private(set) var sessions: [Path] = []
    /// How many of `sessions`, from the end, are live.
    private(set) var liveCount = 0
    private(set) var texts: ReportTexts

    init(
        _ sources: ReportSources, of property: PropertyID, _ view: (any ArchiveView)?
    ) throws {
        texts = ReportTexts(view)
        let archived = view?.archived ?? .start
        var ids: Set<SessionID> = []
        var forgotten: [VisitorHash: FeedPlace] = [:]
        var merged: [SessionID: FeedPlace] = [:]
        for group in sources.pending {
            try group.list.visit { entry throws(any Error) in
                guard entry.head.propertyID == property else { return }
                // What the archive has is looked at too: a live session may have been read before.
                switch entry.head.entryKind {
                case .finished: ids.insert(entry.head.id)
                case .forgotten: forgotten[entry.head.visitor] = entry.head.place
                case .revised: merged[entry.head.id] = entry.head.place
                case .live: break
                }
                guard entry.head.place > archived else { return }
                switch entry.head.entryKind {
                case .finished: try add(entry)
                case .forgotten:
                    forgottenVisitors.append(entry.head.visitor)
                    sessions.removeAll { $0.fact.visitor == entry.head.visitor }
                case .revised, .live: break
                }
            }
        }
        let before = sessions.count
        for group in sources.live.reversed() {
            try group.list.visit { entry throws(any Error) in
                // What happened to it after it was looked at: it was erased, or became part of another
                // one, which counts instead.
                let place = entry.head.place
                if let end = forgotten[entry.head.visitor], end > place { return }
                if let end = merged[entry.head.id], end > place { return }
                // One that was finished while the others were looked at is in the lists above.
                if ids.insert(entry.head.id).inserted { try add(entry) }
            }
        }
        liveCount = sessions.count - before
    }

    /// Visitors whose archived sessions are about to be erased.
    private(set) var forgottenVisitors: [VisitorHash] = []

    private mutating func add(_ entry: PackedSession) throws {
        var numbers = InlineArray<10, UInt32>(repeating: 0)
        for row in 0..<PackedHead.textCount {
            numbers[row] = try texts.number(of: entry.text(row))
        }
        var steps: [UInt32] = []
        try entry.visitSteps { (milliseconds, page) throws(any Error) in
            steps.append(try texts.number(of: page))
            steps.append(milliseconds)
        }
        sessions.append(Path(fact: SessionFact(entry.head, texts: numbers), steps: steps))
    }
}

/// Texts by number, those of the archive and those that only live sessions have.
struct ReportTexts {
    private let view: (any ArchiveView)?
    private var known: [String: UInt32] = [:]
    /// Texts that the archive does not have; the first has this number.
    private var own: [String] = []
    private static let firstOwn: UInt32 = 1 << 31

    init(_ view: (any ArchiveView)?) { self.view = view }

    mutating func number(of bytes: RawSpan) throws -> UInt32 {
        bytes.isEmpty ? 0 : try number(of: bytes.utf8Text)
    }

    mutating func number(of text: String) throws -> UInt32 {
        if text.isEmpty { return 0 }
        if let number = known[text] { return number }
        var number = try view?.number(of: text)
        if number == nil {
            number = Self.firstOwn + UInt32(own.count)
            own.append(text)
        }
        known[text] = number
        return number ?? 0
    }

    func text(_ number: UInt32) throws -> String {
        if number == 0 { return "" }
        if number >= Self.firstOwn { return own[Int(number - Self.firstOwn)] }
        return try view?.text(number) ?? ""
    }

    /// The texts with some numbers, read at one go.
    func texts(_ numbers: [UInt32]) throws -> [UInt32: String] {
        let all = Set(numbers)
        var texts = try view?.texts(all.filter { $0 > 0 && $0 < Self.firstOwn }) ?? [:]
        for number in all where number >= Self.firstOwn {
            texts[number] = own[Int(number - Self.firstOwn)]
        }
        return texts
    }

    /// The numbers of all texts that begin with one.
    func numbers(withPrefix prefix: String) throws -> Set<UInt32> {
        var numbers = Set(try view?.numbers(withPrefix: prefix) ?? [])
        for (index, text) in own.enumerated() where text.utf8.starts(with: prefix.utf8) {
            numbers.insert(Self.firstOwn + UInt32(index))
        }
        if prefix.isEmpty { numbers.insert(0) }
        return numbers
    }
}
