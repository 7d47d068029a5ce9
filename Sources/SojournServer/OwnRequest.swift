import Synchronization

/// A request of this process itself, the admin port's above all, on its way to the service thread.
///
/// Its answer comes once: the reply, or nothing when the service did not answer in time, is full, or
/// has ended. None is forgotten: whoever lets go of one has answered it.
final class OwnRequest: Sendable {
    /// Header and body.
    let frame: [UInt8]
    private let asker: Mutex<CheckedContinuation<[UInt8]?, Never>?>

    init(_ frame: [UInt8], asker: CheckedContinuation<[UInt8]?, Never>) {
        self.frame = frame
        self.asker = Mutex(asker)
    }

    deinit { answer(nil) }

    /// The first answer counts.
    func answer(_ reply: [UInt8]?) {
        let asker = asker.withLock { $0.take() }
        asker?.resume(returning: reply)
    }
}

/// Where they wait for the service thread.
final class OwnRequests: Sendable {
    /// More askers than that get no answer.
    private static let waitingMax = 64

    private struct Contents {
        var waiting: [OwnRequest] = []
        var isClosed = false
    }

    private let contents = Mutex(Contents())

    /// - Returns: false when there is no room, or nobody to answer.
    func put(_ request: OwnRequest) -> Bool {
        contents.withLock { contents in
            guard !contents.isClosed, contents.waiting.count < Self.waitingMax else { return false }
            contents.waiting.append(request)
            return true
        }
    }

    /// The oldest that wait, a few at most, so that requests of peers need not wait for all.
    func take(atMost count: Int) -> [OwnRequest] {
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
        for request in rest { request.answer(nil) }
    }
}
