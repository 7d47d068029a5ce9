/// What an assignment adds to an event in output.
package struct SessionColumns: Sendable, Equatable {
    /// The id of the session; nil for an event that was not assigned.
    package var session: String?
    /// The event's place in its session.
    package var position: Int?
    /// The word for the outcome, such as `new` or `extended`.
    package var outcome: String
    /// Which of its visitor's sessions this is.
    package var visitorSession: Int?

    package init(session: String?, position: Int?, outcome: String, visitorSession: Int?) {
        self.session = session
        self.position = position
        self.outcome = outcome
        self.visitorSession = visitorSession
    }

    /// The names of the columns, in their order. Where the input has them already, because it is
    /// an earlier output, they are replaced.
    package static let names = ["session", "position", "outcome", "visitor_session"]
}
