import SojournArchive
package import SojournModel
import Synchronization
import ZeroMQ

/// Questions that this process asks its own service, for the pages that it shows.
final class LocalQuestions: Sendable {
    struct Asked: Sendable {
        var question: ReportQuestion
        var property: PropertyID
        var tell: @Sendable (Result<ReportAnswer, ArchiveError>) -> Void
    }

    private struct Mail {
        var asked: [Asked] = []
        var isOpen = false
    }

    private let mail = Mutex(Mail())

    /// From now on questions are taken up.
    func open() { mail.withLock { $0.isOpen = true } }

    /// From now on nobody takes up questions.
    func close() -> [Asked] {
        mail.withLock { mail in
            mail.isOpen = false
            defer { mail.asked.removeAll() }
            return mail.asked
        }
    }

    /// - Returns: false when nobody would answer.
    func ask(_ asked: Asked) -> Bool {
        mail.withLock { mail in
            if mail.isOpen { mail.asked.append(asked) }
            return mail.isOpen
        }
    }

    func takeAll() -> [Asked] {
        mail.withLock { mail in
            defer { mail.asked.removeAll() }
            return mail.asked
        }
    }
}

extension SojournServer {
    /// Answers a question over the sessions of a property, unfinished ones included.
    ///
    /// - Throws: `ArchiveError`: there is no archive or no such property, too much to do, or it takes too long.
    package func report(
        _ question: ReportQuestion, of property: PropertyID
    ) async throws -> ReportAnswer {
        try await withCheckedThrowingContinuation { continuation in
            let asked = LocalQuestions.Asked(question: question, property: property) {
                continuation.resume(with: $0.mapError { $0 as any Error })
            }
            if state.questions.ask(asked) {
                state.wakeUp.signal()
            } else {
                continuation.resume(
                    throwing: ArchiveError(.passing, "this server keeps no finished sessions"))
            }
        }
    }
}
