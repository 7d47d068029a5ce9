import SojournModel

/// The sessions that the events of an input joined, and which of them were later found to be one.
struct SessionLedger {
    struct Session {
        var id: SessionID
        /// This is the visitor's n-th session.
        var ordinal: UInt32 = 0
        /// Times of its events in this input, in milliseconds.
        var firstEvent = Int64.max
        var lastEvent = Int64.min
        var events = 0
        /// Row of the session that it is part of; its own row while it is none's.
        fileprivate var parent: Int
    }

    private var sessions: [Session] = []
    private var rows: [SessionID: Int] = [:]
    private(set) var revisions = 0

    /// The row of a session of a reply.
    mutating func row(of session: SessionRow) -> Int {
        let row = row(of: session.id)
        sessions[row].ordinal = session.ordinal
        return row
    }

    /// Counts an event of a session.
    mutating func count(eventAt time: Int64, inRow row: Int) {
        sessions[row].firstEvent = min(sessions[row].firstEvent, time)
        sessions[row].lastEvent = max(sessions[row].lastEvent, time)
        sessions[row].events += 1
    }

    /// Takes a correction to account: one session is part of another.
    mutating func apply(_ revision: Revision) {
        revisions += 1
        let from = survivor(of: row(of: revision.from))
        let into = survivor(of: row(of: revision.into))
        if from != into { sessions[from].parent = into }
    }

    /// The row of the session that a session is part of now.
    mutating func survivor(of row: Int) -> Int {
        var root = row
        while sessions[root].parent != root { root = sessions[root].parent }
        // Whoever asks next finds it in one step.
        var next = row
        while sessions[next].parent != root {
            (next, sessions[next].parent) = (sessions[next].parent, root)
        }
        return root
    }

    subscript(row: Int) -> Session { sessions[row] }

    /// How long each session lasts that has events and is none other's part, in milliseconds.
    mutating func durations() -> [Int64] {
        var spans: [Int: (first: Int64, last: Int64)] = [:]
        for row in sessions.indices where sessions[row].events > 0 {
            let own = (first: sessions[row].firstEvent, last: sessions[row].lastEvent)
            let span = spans[survivor(of: row), default: own]
            spans[survivor(of: row)] = (min(span.first, own.first), max(span.last, own.last))
        }
        return spans.values.map { $0.last - $0.first }.sorted()
    }

    private mutating func row(of id: SessionID) -> Int {
        if let row = rows[id] { return row }
        let row = sessions.count
        rows[id] = row
        sessions.append(Session(id: id, parent: row))
        return row
    }
}
