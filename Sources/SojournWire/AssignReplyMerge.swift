import SojournModel

/// Puts the replies to the parts of a batch together, in the order of its events (sojourn-1,
/// "Routers").
///
/// Sessions and revisions stand part behind part, so the same replies give the same bytes. Made once
/// and used for batch after batch.
package struct AssignReplyMerge: ~Copyable {
    private var result = BatchResult()

    package init() {}

    /// Begins with a batch of so many events.
    package mutating func begin(events: Int) {
        result.removeAll()
        result.eventSessions.resize(to: events, repeating: 0)
        result.positions.resize(to: events, repeating: 0)
        result.outcomes.resize(to: events, repeating: 0)
        result.clock = .min
    }

    /// Adds the reply to the next part.
    ///
    /// - Parameter rows: which events of the batch the part's are.
    package mutating func add(body: RawSpan, rows: Span<UInt16>) throws(WireError) {
        let view = try AssignReplyView.decode(body: body)
        guard view.eventCount == rows.count else {
            throw WireError(.badEventCount, at: 64, found: view.eventCount, bound: rows.count)
        }
        let before = UInt32(result.sessions.count)
        for row in 0..<view.sessionCount { result.sessions.append(view.session(row)) }
        for row in 0..<view.revisionCount { result.revisions.append(view.revision(row)) }
        var sessions = result.eventSessions.mutableSpan
        view.forEachSession { sessions[Int(rows[$0])] = $1 == 0 ? 0 : $1 + before }
        var positions = result.positions.mutableSpan
        view.forEachPosition { positions[Int(rows[$0])] = $1 }
        var outcomes = result.outcomes.mutableSpan
        view.forEachOutcome { outcomes[Int(rows[$0])] = $1 }
        // A clock is that of a worker; what is told of the batch is the one that is furthest.
        result.clock = max(result.clock, view.clock)
    }

    /// Writes the whole frame of the reply to the batch.
    package func write(header: MessageHeader, into writer: inout ByteWriter) {
        AssignReply.encode(result, header: header, into: &writer)
    }
}
