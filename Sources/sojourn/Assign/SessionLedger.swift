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
        /// Row of a session that it is part of; its own row while it is none's.
        fileprivate var parent: Int
    }

    private var sessions: [Session] = []
    private var rows: [SessionID: Int] = [:]
    private(set) var revisions = 0

    var count: Int { sessions.count }

    subscript(row: Int) -> Session { sessions[row] }

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

    /// For each row the row of the session that it is part of now: its own for most.
    mutating func survivors() -> [Int] {
        var survivors: [Int] = []
        survivors.reserveCapacity(sessions.count)
        for row in sessions.indices { survivors.append(survivor(of: row)) }
        return survivors
    }

    /// How long each session lasts that has events and is none other's part: in milliseconds, the
    /// shortest first.
    mutating func durations() -> [Int64] {
        let survivors = survivors()
        var firsts = Array(repeating: Int64.max, count: sessions.count)
        var lasts = Array(repeating: Int64.min, count: sessions.count)
        for (row, survivor) in survivors.enumerated() {
            firsts[survivor] = min(firsts[survivor], sessions[row].firstEvent)
            lasts[survivor] = max(lasts[survivor], sessions[row].lastEvent)
        }
        return zip(firsts, lasts).filter { $0 <= $1 }.map { $1 - $0 }.sorted()
    }

    private mutating func survivor(of row: Int) -> Int {
        var root = row
        while sessions[root].parent != root { root = sessions[root].parent }
        // Whoever asks next finds it in one step.
        var next = row
        while next != root {
            let parent = sessions[next].parent
            sessions[next].parent = root
            next = parent
        }
        return root
    }

    private mutating func row(of id: SessionID) -> Int {
        if let row = rows[id] { return row }
        let row = sessions.count
        rows[id] = row
        sessions.append(Session(id: id, parent: row))
        return row
    }
}
