import Dispatch
import Foundation

/// SIGINT and SIGTERM as the wish that a command come to its end, for one that has none of its own.
final class EndSignals {
    private let sources: [any DispatchSourceSignal]

    /// - Parameter act: called for each signal, on a queue of its own.
    init(act: @escaping @Sendable () -> Void) {
        let queue = DispatchQueue(label: "sojourn-end")
        sources = [SIGINT, SIGTERM].map { number in
            // Not to be killed by it before the source takes it.
            _ = signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { act() }
            source.resume()
            return source
        }
    }

    func cancel() {
        for source in sources { source.cancel() }
    }
}
