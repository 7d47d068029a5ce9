public import SojournModel
import SojournWire

/// The answer to a batch of events.
public struct Answer: Equatable, Sendable {
    /// One an event, in the order of the events.
    public let assignments: [Assignment]
    /// Corrections of earlier answers that this batch brought about: session `from` is now part of
    /// session `into`. Whoever stored assignments replaces the one id by the other.
    public let revisions: [Revision]
    /// The property's clock when the batch was admitted; nil before its first event.
    public let clock: EventTime?
    /// Who numbered the batch, and its number: see `SojournClient.Options.producer`.
    public let producer: UInt64
    public let sequence: UInt64
}

extension Answer {
    init(_ reply: borrowing AssignReplyView, _ header: MessageHeader) {
        var sessions: [SessionRow] = []
        sessions.reserveCapacity(reply.sessionCount)
        for row in 0..<reply.sessionCount { sessions.append(reply.session(row)) }
        var assignments: [Assignment] = []
        assignments.reserveCapacity(reply.eventCount)
        for event in 0..<reply.eventCount {
            let position = reply.position(event: event)
            assignments.append(
                Assignment(
                    position: position == 0 ? nil : position,
                    outcome: reply.outcome(event: event),
                    details: reply.sessionIndex(event: event).map { sessions[$0] }))
        }
        var revisions: [Revision] = []
        for row in 0..<reply.revisionCount { revisions.append(reply.revision(row)) }
        self.init(
            assignments: assignments, revisions: revisions,
            clock: EventTime(clock: reply.clock), producer: header.producer.rawValue,
            sequence: header.sequence)
    }
}
