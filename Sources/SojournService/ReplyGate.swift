package import SojournJournal
import SojournModel

/// Holds replies back until what they rest on is in the journal (sojourn-1, "Behaviour of a server").
///
/// Replies leave in the order in which they were made, but for one case: while the journal cannot be
/// written, questions are answered at once, past the batches that wait.
package struct ReplyGate<Reply> {
    private struct Held {
        var reply: Reply
        var restsOn: JournalPosition
        var isQuestion: Bool
    }

    private var held = Queue<Held>()
    /// Replies that rest on records up to here may leave.
    private var released: JournalPosition

    /// - Parameter isOpen: nothing is ever held: there is no journal, or nobody waits for it.
    package init(isOpen: Bool) {
        released = isOpen ? JournalPosition(.max) : .start
    }

    /// Replies that are held.
    package var count: Int { held.count }

    /// Takes a reply.
    ///
    /// - Returns: the reply when it may leave now.
    package mutating func admit(
        _ reply: Reply, restsOn position: JournalPosition, isQuestion: Bool
    ) -> Reply? {
        if position <= released { return reply }
        held.append(Held(reply: reply, restsOn: position, isQuestion: isQuestion))
        return nil
    }

    /// Takes word of what is in the journal as far as was promised.
    package mutating func release(upTo position: JournalPosition) {
        released = max(released, position)
    }

    /// The next reply that may leave by now.
    package mutating func next() -> Reply? {
        guard let first = held.first, first.restsOn <= released else { return nil }
        return held.popFirst()?.reply
    }

    /// Lets the answers to questions go although what they rest on is not in the journal yet.
    package mutating func takeQuestions() -> [Reply] {
        held.removeAll(where: \.isQuestion).map(\.reply)
    }
}
