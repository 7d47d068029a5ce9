package import SojournJournal

/// How far the writing of the journal has come, in the words of whoever writes it.
package struct JournalProgress: Equatable, Sendable {
    /// Every record up to here is as durable as it was to be.
    package var written: JournalPosition
    /// Every record up to here is on disk.
    package var durable: JournalPosition
    /// The disk takes what is written.
    package var isAvailable: Bool

    package init(written: JournalPosition, durable: JournalPosition, isAvailable: Bool = true) {
        self.written = written
        self.durable = durable
        self.isAvailable = isAvailable
    }
}

extension ServiceCore {
    /// Takes word of the journal.
    ///
    /// - Returns: the replies that may leave by now. When the journal cannot be written any more, those
    ///   are the answers to questions too: they go past the batches that wait.
    package mutating func follow<Reply>(
        _ progress: JournalProgress, _ gate: inout ReplyGate<Reply>
    ) -> [Reply] {
        journal.advance(durable: progress.durable)
        var leaving: [Reply] = []
        if journal.isAvailable, !progress.isAvailable { leaving = gate.takeQuestions() }
        journal.isAvailable = progress.isAvailable
        gate.release(upTo: progress.written)
        while let reply = gate.next() { leaving.append(reply) }
        return leaving
    }
}
