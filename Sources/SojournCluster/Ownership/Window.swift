/// Messages on their way into a log, oldest first.
struct Window {
    enum State {
        /// On its way.
        case sent
        /// In the log, at the expected place.
        case landed
        /// No answer.
        case unknown
        /// Refused, or an answer that says too little.
        case doubtful
        /// What stands at its place is being read.
        case reading
    }

    struct Entry {
        let message: LogMessage
        /// The sequence that is to stand before it.
        var expected: UInt64
        /// What it expected when it was sent last.
        var sentExpecting: UInt64 = 0
        var ticket: UInt64 = 0
        var state = State.sent
        var sentAt: UInt64 = 0
        /// How often it was sent.
        var sends = 0

        init(_ message: LogMessage, expecting expected: UInt64) {
            self.message = message
            self.expected = expected
        }
    }

    private var entries: [Entry] = []

    var count: Int { entries.count }
    var isEmpty: Bool { entries.isEmpty }
    var first: Entry? { entries.first }
    var last: Entry? { entries.last }

    /// Something is to be found out before anything else is sent.
    var isInTrouble: Bool {
        entries.contains { $0.sends > 1 || $0.state != .sent && $0.state != .landed }
    }

    subscript(row: Int) -> Entry {
        get { entries[row] }
        set { entries[row] = newValue }
    }

    func row(of ticket: UInt64) -> Int? { entries.firstIndex { $0.ticket == ticket } }

    mutating func append(_ entry: Entry) { entries.append(entry) }
    mutating func removeFirst() { entries.removeFirst() }
    mutating func removeAll() { entries.removeAll() }
}
