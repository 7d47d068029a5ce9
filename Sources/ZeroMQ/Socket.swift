import CZeroMQ

/// A ZeroMQ socket: closed when its owner lets go of it.
///
/// **A socket belongs to one thread.** It is not `Sendable`, so the compiler lets it move to another
/// thread as a whole (`sending`) and never be shared. Swift tasks change threads between any two
/// awaits: a socket lives on a thread of its own, and a `WakeUp` calls that thread.
///
/// It holds its context, so a context can't end under it.
package struct Socket: ~Copyable {
    let handle: SocketHandle
    package let kind: SocketKind

    /// Opens a socket that does not linger, notices dead peers and backs off when it reconnects:
    /// see `SocketOption.defaults(for:)`.
    package init(_ kind: SocketKind, in context: Context) throws(ZeroMQError) {
        let handle = try SocketHandle(kind, in: context)
        for option in SocketOption.defaults(for: kind) {
            try handle.set(option)
        }
        self.handle = handle
        self.kind = kind
    }

    /// Closes the socket now rather than at the end of its scope. What has not been sent yet is sent
    /// within the linger time, which is none by default. A `Poller` that has it keeps it open.
    package consuming func close() {}
}

// MARK: - Endpoints

extension Socket {
    /// Listens at an endpoint: `tcp://127.0.0.1:5571`, `tcp://127.0.0.1:*` (then see `lastEndpoint`),
    /// `ipc:///run/sojourn.sock` or `inproc://name`.
    ///
    /// An `ipc` path is never in use (measured): libzmq takes it from whoever listens there, and leaves
    /// the file behind when it closes. Who needs one owner per path must lock it.
    package func bind(_ endpoint: String) throws(ZeroMQError) {
        // Safe: the handle holds the socket open; libzmq copies the endpoint.
        guard unsafe zmq_bind(handle.pointer, endpoint) == 0 else {
            throw ZeroMQError(lastDuring: "bind \(endpoint)")
        }
    }

    /// Connects to an endpoint. Returns at once; libzmq connects, and reconnects, in the background.
    package func connect(_ endpoint: String) throws(ZeroMQError) {
        // Safe: the handle holds the socket open; libzmq copies the endpoint.
        guard unsafe zmq_connect(handle.pointer, endpoint) == 0 else {
            throw ZeroMQError(lastDuring: "connect \(endpoint)")
        }
    }

    /// Stops listening. Takes the endpoint as `lastEndpoint` gave it, not with its wildcard.
    package func unbind(_ endpoint: String) throws(ZeroMQError) {
        // Safe: the handle holds the socket open; libzmq copies the endpoint.
        guard unsafe zmq_unbind(handle.pointer, endpoint) == 0 else {
            throw ZeroMQError(lastDuring: "unbind \(endpoint)")
        }
    }

    package func disconnect(_ endpoint: String) throws(ZeroMQError) {
        // Safe: the handle holds the socket open; libzmq copies the endpoint.
        guard unsafe zmq_disconnect(handle.pointer, endpoint) == 0 else {
            throw ZeroMQError(lastDuring: "disconnect \(endpoint)")
        }
    }

    /// The endpoint last bound or connected, wildcards resolved: `tcp://127.0.0.1:41873`.
    package var lastEndpoint: String {
        get throws(ZeroMQError) {
            try handle.string(ZMQ_LAST_ENDPOINT, "lastEndpoint")
        }
    }
}

// MARK: - Messages

extension Socket {
    /// Receives the next frame in place of whatever `message` held.
    ///
    /// All frames of a message arrive together: after one with `hasMore` the next is there.
    ///
    /// - Parameter wait: whether to wait for a frame, for ever or until `.receiveTimeout`.
    /// - Returns: false if none was there (in time); `message` is then empty.
    package func receive(
        into message: inout Message, wait: Bool = true
    ) throws(ZeroMQError) -> Bool {
        let flags = wait ? 0 : ZMQ_DONTWAIT
        while true {
            // Safe: the message is initialised and ours alone, the handle holds the socket open, and
            // the call returns before either can end.
            if unsafe zmq_msg_recv(message.storage, handle.pointer, flags) >= 0 {
                return true
            }
            let code = ZeroMQError.Code(rawValue: zmq_errno())
            if code == .again {
                return false
            }
            if code != .interrupted {
                throw ZeroMQError(code, during: "receive")
            }
        }
    }

    /// Sends a frame. On success the message is empty, ready to be used again; if not, it keeps its
    /// content.
    ///
    /// - Parameters:
    ///   - more: whether another frame of the same message follows.
    ///   - wait: whether to wait for room, for ever or until `.sendTimeout`.
    /// - Returns: false if there was no room (in time).
    package func send(
        _ message: inout Message, more: Bool = false, wait: Bool = true
    ) throws(ZeroMQError) -> Bool {
        let flags = (more ? ZMQ_SNDMORE : 0) | (wait ? 0 : ZMQ_DONTWAIT)
        while true {
            // Safe: the message is initialised and ours alone, the handle holds the socket open, and
            // libzmq leaves the message initialised, empty or as it was.
            if unsafe zmq_msg_send(message.storage, handle.pointer, flags) >= 0 {
                return true
            }
            let code = ZeroMQError.Code(rawValue: zmq_errno())
            if code == .again {
                return false
            }
            if code != .interrupted {
                throw ZeroMQError(code, during: "send")
            }
        }
    }
}

// MARK: - Readiness

extension Socket {
    /// What can be done now.
    package var events: Readiness {
        get throws(ZeroMQError) {
            Readiness(rawValue: Int16(truncatingIfNeeded: try handle.int32(ZMQ_EVENTS, "events")))
        }
    }

    /// A file descriptor for a foreign event loop.
    ///
    /// It is edge-triggered: when it becomes readable the events *may* have changed, and whoever uses
    /// it must read `events` again after every send and receive. A `Poller` does all that.
    package var fileDescriptor: Int32 {
        get throws(ZeroMQError) {
            try handle.int32(ZMQ_FD, "fileDescriptor")
        }
    }
}

// MARK: - The owner

/// The open libzmq socket, closed with the last reference. Its owners are a `Socket` and the `Poller`s
/// that poll it, so that a poller never sees a closed one.
@safe
final class SocketHandle {
    // Safe: valid from `init` to `deinit`. The class is not `Sendable`: one thread at a time uses it.
    let pointer: UnsafeMutableRawPointer
    private let context: Context

    init(_ kind: SocketKind, in context: Context) throws(ZeroMQError) {
        // Safe: the context lives as long as our reference to it.
        guard let socket = unsafe zmq_socket(context.pointer, kind.rawValue) else {
            throw ZeroMQError(lastDuring: "open a \(kind) socket")
        }
        unsafe pointer = unsafe socket
        self.context = context
    }

    deinit {
        // Safe: nobody else refers to the socket. It can't fail for a valid one.
        _ = unsafe zmq_close(pointer)
    }

    func int32(_ option: Int32, _ name: StaticString) throws(ZeroMQError) -> Int32 {
        var value: Int32 = 0
        var byteCount = MemoryLayout<Int32>.size
        // Safe: the value has as many bytes as libzmq is told.
        guard unsafe zmq_getsockopt(pointer, option, &value, &byteCount) == 0 else {
            throw ZeroMQError(lastDuring: "get \(name)")
        }
        return value
    }

    func string(_ option: Int32, _ name: StaticString) throws(ZeroMQError) -> String {
        // Longer than any endpoint: an ipc path has at most 107 bytes, an inproc name 255.
        var buffer = [UInt8](repeating: 0, count: 1024)
        var byteCount = buffer.count
        // Safe: the buffer has as many bytes as libzmq is told.
        guard unsafe zmq_getsockopt(pointer, option, &buffer, &byteCount) == 0 else {
            throw ZeroMQError(lastDuring: "get \(name)")
        }
        // The count includes the NUL at the end.
        return String(decoding: buffer.prefix(max(0, byteCount - 1)), as: UTF8.self)
    }

    func set(_ option: Int32, to value: Int, _ name: StaticString) throws(ZeroMQError) {
        guard var value = Int32(exactly: value) else {
            throw ZeroMQError(.invalidArgument, during: "set \(name) to \(value)")
        }
        // Safe: libzmq reads the four bytes of the value during the call.
        let status = unsafe zmq_setsockopt(pointer, option, &value, MemoryLayout<Int32>.size)
        guard status == 0 else {
            throw ZeroMQError(lastDuring: "set \(name) to \(value)")
        }
    }

    func set(_ option: Int32, to value: Bool, _ name: StaticString) throws(ZeroMQError) {
        try set(option, to: value ? 1 : 0, name)
    }

    func set(_ option: Int32, toWide value: Int, _ name: StaticString) throws(ZeroMQError) {
        var value = Int64(value)
        // Safe: libzmq reads the eight bytes of the value during the call.
        let status = unsafe zmq_setsockopt(pointer, option, &value, MemoryLayout<Int64>.size)
        guard status == 0 else {
            throw ZeroMQError(lastDuring: "set \(name) to \(value)")
        }
    }

    func set(_ option: Int32, to bytes: Span<UInt8>, _ name: StaticString) throws(ZeroMQError) {
        // Safe: the bytes live through the call, and libzmq copies them.
        let status = unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe zmq_setsockopt(pointer, option, bytes.baseAddress, bytes.count)
        }
        guard status == 0 else {
            // Without the value: it may be a secret.
            throw ZeroMQError(lastDuring: "set \(name)")
        }
    }
}
