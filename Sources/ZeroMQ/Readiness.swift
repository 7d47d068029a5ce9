import CZeroMQ

/// What can be done without waiting.
package struct Readiness: OptionSet, Sendable, Hashable {
    package let rawValue: Int16

    package init(rawValue: Int16) {
        self.rawValue = rawValue
    }

    /// A whole message, or a file descriptor's next bytes, can be received.
    package static let readable = Readiness(rawValue: Int16(ZMQ_POLLIN))
    /// A message, or bytes, can be sent.
    package static let writable = Readiness(rawValue: Int16(ZMQ_POLLOUT))
    /// A file descriptor has an error or lost its other end. Never set for a socket.
    package static let failed = Readiness(rawValue: Int16(ZMQ_POLLERR))
}
