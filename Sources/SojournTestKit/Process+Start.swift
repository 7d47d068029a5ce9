package import Foundation
import Synchronization

private let starting = Mutex(())

extension Process {
    /// Runs the program, one start after the other.
    ///
    /// Foundation hears that a program has ended when the last end of a socket is closed. Two that start at the same
    /// time may each inherit the other's, and then the end of one is heard when the other has ended too: never,
    /// where the one is waited for first.
    package func start() throws { try starting.withLock { _ in try run() } }
}
