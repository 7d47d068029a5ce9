import Glibc
import Synchronization

/// Calls a thread that waits in a `Poller`, from any thread or task.
///
/// Any number of signals before the next `drain` are one, and only the first costs a system call: put
/// the work into a queue, then signal; drain, then empty the queue.
package final class WakeUp: Sendable {
    /// Readable while a signal is pending: one end of a non-blocking pair.
    package let fileDescriptor: Int32
    private let writingEnd: Int32
    /// True from a signal until it is drained, so that there is never more than one byte on its way.
    private let isPending = Atomic(false)

    package init() throws(ZeroMQError) {
        // One call, so that no child process can be started before the ends are close-on-exec. (An
        // eventfd would be one descriptor rather than two; Swift's Glibc module does not have it.)
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        var ends: [2 of Int32] = [-1, -1]
        var mutableEnds = ends.mutableSpan
        // Safe: the span has room for the two numbers that the system writes.
        let status = unsafe mutableEnds.withUnsafeMutableBufferPointer { ends in
            unsafe socketpair(AF_UNIX, kind, 0, ends.baseAddress)
        }
        guard status == 0 else {
            throw ZeroMQError(lastDuring: "create a wake-up")
        }
        fileDescriptor = ends[0]
        writingEnd = ends[1]
    }

    deinit {
        close(fileDescriptor)
        close(writingEnd)
    }

    /// Wakes the thread up, now or at its next wait. Never blocks.
    package func signal() {
        // Releasing: what was put into the queue before is seen by whoever drains this signal.
        if isPending.exchange(true, ordering: .acquiringAndReleasing) {
            return
        }
        var byte: UInt8 = 1
        // Safe: one byte of ours is read. Nothing is on its way, so there is room.
        while unsafe write(writingEnd, &byte, 1) < 0, errno == EINTR {}
    }

    /// Takes the pending signals. Never blocks. Only the thread that was called drains.
    ///
    /// - Returns: whether there were any.
    @discardableResult
    package func drain() -> Bool {
        var byte: UInt8 = 0
        while true {
            // Safe: one byte of ours is written.
            if unsafe read(fileDescriptor, &byte, 1) == 1 {
                // First the byte, then the flag: a signal in between finds the flag still set, and its
                // work is seen by the caller, who looks into the queue after this.
                _ = isPending.exchange(false, ordering: .acquiringAndReleasing)
                return true
            }
            if errno != EINTR {
                return false
            }
        }
    }
}
