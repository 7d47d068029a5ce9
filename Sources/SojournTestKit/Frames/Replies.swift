package import SojournModel
package import SojournWire

/// A reply to ASSIGN, unpacked.
package struct Assigned: Equatable {
    package var header: MessageHeader
    package var clock: Int64
    package var sessions: [SessionRow] = []
    /// Per event.
    package var outcomes: [Outcome] = []
    package var sessionIndexes: [Int?] = []
    package var positions: [Int] = []
    package var revisions: [Revision] = []

    package init(_ bytes: [UInt8]) throws {
        header = try open(bytes, .assign)
        let view = try AssignReplyView.decode(body: unsafe bytes.span.bytes.extracting(64...))
        clock = view.clock
        for row in 0..<view.sessionCount { sessions.append(view.session(row)) }
        for row in 0..<view.revisionCount { revisions.append(view.revision(row)) }
        for event in 0..<view.eventCount {
            outcomes.append(view.outcome(event: event))
            sessionIndexes.append(view.sessionIndex(event: event))
            positions.append(view.position(event: event))
        }
    }
}

/// The reply was none of the operation that was asked for.
package struct UnexpectedReply: Error { package var operation: SojournWire.Operation? }

package func open(_ bytes: [UInt8], _ operation: SojournWire.Operation) throws -> MessageHeader {
    let header = try Frame.open(unsafe bytes.span.bytes, role: .client)
    guard header.operation == operation else { throw UnexpectedReply(operation: header.operation) }
    return header
}

package func readError(_ bytes: [UInt8]) throws -> ErrorReply? {
    let header = try Frame.open(unsafe bytes.span.bytes, role: .client)
    guard header.operation == .error else { return nil }
    return try ErrorReply.decode(body: unsafe bytes.span.bytes.extracting(64...))
}
