import CZeroMQ

/// The I/O threads and the sockets of one part of a process.
///
/// A context is safe to share between threads; its sockets are not. Every socket keeps its context
/// alive, so the context ends when it and its last socket have been let go.
@safe
package final class Context: Sendable {
    // Safe: a context's functions may be called from any thread, the pointer is never changed, and it
    // stays valid until `deinit`, when nobody can have a reference.
    nonisolated(unsafe) let pointer: UnsafeMutableRawPointer

    /// Starts nothing yet: libzmq starts the I/O threads with the first socket.
    ///
    /// - Parameters:
    ///   - ioThreads: threads that move bytes; one carries about a gigabyte a second. None is enough
    ///     where all is `inproc`.
    ///   - maxSockets: sockets that may be open at one time.
    package init(ioThreads: Int = 1, maxSockets: Int = 1023) throws(ZeroMQError) {
        guard let context = unsafe zmq_ctx_new() else {
            throw ZeroMQError(lastDuring: "create a context")
        }
        unsafe pointer = unsafe context
        try set(ZMQ_IO_THREADS, to: ioThreads, "ioThreads")
        try set(ZMQ_MAX_SOCKETS, to: maxSockets, "maxSockets")
    }

    /// Tells every socket of this context to stop: calls that block on them, and later ones, fail with
    /// `.terminated`. Returns at once, may be called from any thread and more than once.
    package func shutdown() {
        // Safe: `self` keeps the context alive. The only error is that of an invalid context.
        _ = unsafe zmq_ctx_shutdown(pointer)
    }

    /// Waits until libzmq has closed the sockets, which have been given up already, for each of them
    /// holds a reference. They don't linger unless they were told to, so this is short.
    deinit {
        // Safe: the last reference is gone, so nobody uses the pointer during or after this.
        while unsafe zmq_ctx_term(pointer) != 0, zmq_errno() == EINTR {}
    }

    private func set(_ option: Int32, to value: Int, _ name: StaticString) throws(ZeroMQError) {
        guard let value = Int32(exactly: value) else {
            throw ZeroMQError(.invalidArgument, during: "set \(name) of a context to \(value)")
        }
        // Safe: `self` keeps the context alive.
        guard unsafe zmq_ctx_set(pointer, option, value) == 0 else {
            throw ZeroMQError(lastDuring: "set \(name) of a context to \(value)")
        }
    }
}
