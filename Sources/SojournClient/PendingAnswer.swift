package import SojournWire

/// A batch that is on its way: see `SojournClient.submit(_:property:)`.
public struct PendingAnswer: Sendable {
    let client: SojournClient
    let call: Call
    let id: UInt64
    /// How many events the batch has.
    public let eventCount: Int

    /// Waits for the answer. May be asked again, and by several tasks; when one of them is
    /// cancelled, all that wait are.
    ///
    /// - Throws: `SojournError`, or `CancellationError` at once when the task is cancelled. The
    ///   batch is then perhaps applied and perhaps not.
    public var answer: Answer {
        get async throws {
            let reply = try await reply
            return try reply.withAssignments(events: eventCount) { Answer($0, reply.header) }
        }
    }

    /// Reads the answer in place.
    package func withAssignments<Result>(
        _ read: (borrowing AssignReplyView) throws -> Result
    ) async throws -> Result {
        try await reply.withAssignments(events: eventCount, read)
    }

    package var reply: ReplyFrame {
        get async throws { try await client.courier.reply(to: call, id) }
    }

    /// Nobody is going to ask for the answer.
    public func cancel() {
        client.courier.abandon(call, id)
    }
}
