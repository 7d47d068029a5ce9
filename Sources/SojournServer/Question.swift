import Synchronization

/// A request from within this process, the admin port's above all, on its way to the service thread.
///
/// Its answer comes once: the reply, or nothing when the service did not answer in time, is full, or
/// has ended. It cannot be lost: whoever lets go of a question has answered it.
final class Question: Sendable {
    /// Header and body.
    let request: [UInt8]
    private let asker: Mutex<CheckedContinuation<[UInt8]?, Never>?>

    init(_ request: [UInt8], asker: CheckedContinuation<[UInt8]?, Never>) {
        self.request = request
        self.asker = Mutex(asker)
    }

    deinit { answer(nil) }

    /// The first answer counts.
    func answer(_ reply: [UInt8]?) {
        let asker = asker.withLock { $0.take() }
        asker?.resume(returning: reply)
    }
}

/// Where questions wait for the service thread.
final class QuestionBox: Sendable {
    /// More askers than that get no answer.
    private static let waitingMax = 64

    private struct Contents {
        var waiting: [Question] = []
        var isClosed = false
    }

    private let contents = Mutex(Contents())

    /// - Returns: false when there is no room, or nobody to answer.
    func put(_ question: Question) -> Bool {
        contents.withLock { contents in
            guard !contents.isClosed, contents.waiting.count < Self.waitingMax else { return false }
            contents.waiting.append(question)
            return true
        }
    }

    /// The oldest that wait, a few at most, so that requests of peers need not wait for all.
    func take(atMost count: Int) -> [Question] {
        contents.withLock { contents in
            guard !contents.waiting.isEmpty else { return [] }
            let taken = Array(contents.waiting.prefix(count))
            contents.waiting.removeFirst(taken.count)
            return taken
        }
    }

    /// Answers all with nothing, and those that still come.
    func close() {
        let rest = contents.withLock { contents in
            contents.isClosed = true
            defer { contents.waiting = [] }
            return contents.waiting
        }
        for question in rest { question.answer(nil) }
    }
}
