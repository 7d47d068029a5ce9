import Dispatch
import Synchronization

/// What a thread tells once whoever started it.
final class StartUp<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, ServerError>?>(nil)
    private let isThere = DispatchSemaphore(value: 0)

    /// The first call counts.
    func finish(_ outcome: Result<Value, ServerError>) {
        let isFirst = result.withLock { result in
            defer { result = result ?? outcome }
            return result == nil
        }
        if isFirst { isThere.signal() }
    }

    func wait() throws(ServerError) -> Value {
        isThere.wait()
        guard let result = result.withLock({ $0 }) else {
            preconditionFailure("a thread signalled without a result")
        }
        return try result.get()
    }
}
