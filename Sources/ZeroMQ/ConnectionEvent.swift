import CZeroMQ

/// What happens to the connections of a socket: see `Socket.monitor(at:)`.
package struct ConnectionEvent: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// A peer has connected and greets now.
        case accepted
        /// A connection could not be accepted: there is no file descriptor left.
        case acceptFailed
        /// The greeting is done: messages flow.
        case established
        /// The greeting failed.
        case handshakeFailed(HandshakeFault)
        /// The connection is gone, however far it had come.
        case disconnected
        /// No event will come any more.
        case monitorStopped
    }

    package enum HandshakeFault: Equatable, Sendable {
        /// The peer speaks another mechanism: in plain text with a CURVE server.
        case otherMechanism
        /// What it sent cannot be opened: it has another key of the server.
        case cryptographic
        /// The handler of ZAP refused it.
        case refused
        /// Anything else that is not the protocol, or silence.
        case other
    }

    package let kind: Kind
    /// Of `accepted` and `disconnected` the connection's file descriptor, which names it as long as it is there.
    /// Nothing names the connection of the others.
    package let value: Int32

    /// Reads the first frame of a monitor's message: the event in two bytes, its value in four.
    ///
    /// - Returns: nil for events that nobody asked for.
    package init?(_ frame: RawSpan) {
        guard frame.byteCount == 6 else { return nil }
        // The frame has the bytes, which have no invalid patterns.
        let event = unsafe frame.unsafeLoadUnaligned(as: UInt16.self)
        let value = unsafe frame.unsafeLoadUnaligned(fromByteOffset: 2, as: Int32.self)
        switch Int32(event) {
        case ZMQ_EVENT_ACCEPTED: kind = .accepted
        case ZMQ_EVENT_ACCEPT_FAILED: kind = .acceptFailed
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: kind = .established
        case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
            kind = .handshakeFailed(HandshakeFault(protocolError: value))
        case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: kind = .handshakeFailed(.refused)
        case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: kind = .handshakeFailed(.other)
        case ZMQ_EVENT_DISCONNECTED: kind = .disconnected
        case ZMQ_EVENT_MONITOR_STOPPED: kind = .monitorStopped
        default: return nil
        }
        self.value = value
    }

    package init(_ kind: Kind, value: Int32 = 0) {
        self.kind = kind
        self.value = value
    }

    static let mask =
        ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_ACCEPT_FAILED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED
        | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
        | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_DISCONNECTED
        | ZMQ_EVENT_MONITOR_STOPPED
}

extension ConnectionEvent.HandshakeFault {
    fileprivate init(protocolError value: Int32) {
        self =
            switch value {
            case ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH: .otherMechanism
            case ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC: .cryptographic
            default: .other
            }
    }
}

extension Socket {
    /// Tells what happens to its connections at an `inproc` endpoint, where a `pair` may connect. The events
    /// must be read all the time: the threads that move bytes wait for who reads them.
    package func monitor(at endpoint: String) throws(ZeroMQError) {
        // Safe: the handle holds the socket open; libzmq copies the endpoint.
        guard unsafe zmq_socket_monitor(handle.pointer, endpoint, ConnectionEvent.mask) == 0 else {
            throw ZeroMQError(lastDuring: "monitor at \(endpoint)")
        }
    }

    /// Ends that: `monitorStopped` is the last event.
    package func stopMonitoring() {
        // Safe: the handle holds the socket open. There is nothing to do about an error.
        _ = unsafe zmq_socket_monitor(handle.pointer, nil, 0)
    }
}
