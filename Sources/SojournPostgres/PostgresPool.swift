import Dispatch
import Synchronization

/// Connections to a database that the archives of a process share: as many as it may have, kept for the next who
/// needs one. Who finds none free waits for one.
package final class PostgresPool: Sendable {
    /// Of a process: two reports, the archive's thread, and one to spare; of a process with many partitions
    /// they take turns.
    package static let connectionsMax = 8
    /// How often somebody who waits looks whether he still has to.
    private static let lookMilliseconds = 50

    package let address: PostgresAddress
    private let room: DispatchSemaphore
    private let idle = Mutex<[PostgresConnection]>([])

    package init(_ address: PostgresAddress, connectionsMax: Int = connectionsMax) {
        self.address = address
        room = DispatchSemaphore(value: connectionsMax)
    }

    static let isEnding = PostgresFailure(message: "the service ends")

    /// Lends a connection. `giveBack` or `discard` ends that.
    ///
    /// - Parameter isOver: nobody wants it any more.
    /// - Returns: also whether it was made for this.
    func take(
        unless isOver: () -> Bool
    ) throws(PostgresFailure) -> (connection: PostgresConnection, isNew: Bool) {
        while room.wait(timeout: .now() + .milliseconds(Self.lookMilliseconds)) == .timedOut {
            if isOver() { throw Self.isEnding }
        }
        if let connection = idle.withLock({ $0.popLast() }) { return (connection, false) }
        do throws(PostgresFailure) {
            // The way to a database that hangs takes its time.
            if isOver() { throw Self.isEnding }
            return (try PostgresConnection(address), true)
        } catch {
            room.signal()
            throw error
        }
    }

    func giveBack(_ connection: PostgresConnection) {
        idle.withLock { $0.append(connection) }
        room.signal()
    }

    /// Takes note that a connection is lost, and so those that wait to be used may be.
    func discard() {
        // They are closed behind the lock.
        let lost = idle.withLock { idle in
            defer { idle.removeAll() }
            return idle
        }
        room.signal()
        withExtendedLifetime(lost) {}
    }
}
