package import SojournJournal

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

    private var held: [Held] = []
    /// Those before it have left.
    private var head = 0
    /// Replies that rest on records up to here may leave.
    private var released: JournalPosition

    /// - Parameter isOpen: nothing is ever held: there is no journal, or nobody waits for it.
    package init(isOpen: Bool) {
        released = isOpen ? JournalPosition(.max) : .start
    }

    /// Replies that are held.
    package var count: Int { held.count - head }

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
        guard head < held.count, held[head].restsOn <= released else { return nil }
        let reply = held[head].reply
        head += 1
        if head == held.count {
            held.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 1_024, head * 2 >= held.count {
            held.removeSubrange(0..<head)
            head = 0
        }
        return reply
    }

    /// Lets the answers to questions go although what they rest on is not in the journal yet.
    package mutating func takeQuestions() -> [Reply] {
        let questions = held[head...].filter(\.isQuestion).map(\.reply)
        held = held[head...].filter { !$0.isQuestion }
        head = 0
        return questions
    }
}
