import Synchronization

/// A value that comes later, from any thread, once: what comes after the first is dropped, and
/// everybody who waits for it gets it.
final class Promise<Value: Sendable>: Sendable {
    private enum State {
        case waiting([CheckedContinuation<Value, any Error>])
        case kept(Result<Value, any Error>)
    }

    private let state = Mutex(State.waiting([]))

    /// - Returns: false when the promise was kept before.
    @discardableResult func keep(_ result: Result<Value, any Error>) -> Bool {
        // Nobody is resumed under the lock.
        let waiting: [CheckedContinuation<Value, any Error>]? = state.withLock { state in
            guard case .waiting(let continuations) = state else { return nil }
            state = .kept(result)
            return continuations
        }
        guard let waiting else { return false }
        for continuation in waiting { continuation.resume(with: result) }
        return true
    }

    /// Waits. Does not hear of cancellation: who cancels keeps the promise with an error.
    var value: Value {
        get async throws {
            try await withCheckedThrowingContinuation { continuation in
                let kept: Result<Value, any Error>? = state.withLock { state in
                    if case .kept(let result) = state { return result }
                    guard case .waiting(let continuations) = state else { return nil }
                    state = .waiting(continuations + [continuation])
                    return nil
                }
                if let kept { continuation.resume(with: kept) }
            }
        }
    }
}
