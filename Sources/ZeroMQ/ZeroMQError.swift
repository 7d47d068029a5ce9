import CZeroMQ
import Glibc

/// What libzmq or the system refused, and what was being tried.
package struct ZeroMQError: Error, Sendable, Equatable {
    /// Why it failed.
    package let code: Code
    /// What failed, in words: "bind tcp://127.0.0.1:5571".
    package let operation: String

    package init(_ code: Code, during operation: String) {
        self.code = code
        self.operation = operation
    }

    /// The error of the libzmq call that has just failed on this thread.
    ///
    /// The description is built only after the error number has been read: building a string may
    /// allocate, and allocating may change the number.
    init(lastDuring operation: @autoclosure () -> String) {
        self.code = Code(rawValue: zmq_errno())
        self.operation = operation()
    }
}

extension ZeroMQError {
    /// An error number: the system's, or one of libzmq's own.
    ///
    /// It is a struct because the list is open: a code without a name here still compares and prints.
    package struct Code: RawRepresentable, Hashable, Sendable {
        package let rawValue: Int32

        package init(rawValue: Int32) {
            self.rawValue = rawValue
        }

        /// The call would have to wait.
        package static let again = Code(rawValue: EAGAIN)
        /// A signal came.
        package static let interrupted = Code(rawValue: EINTR)
        /// A mandatory router has no such peer.
        package static let hostUnreachable = Code(rawValue: EHOSTUNREACH)
        /// The context was shut down.
        package static let terminated = Code(rawValue: ETERM)
        /// The socket's kind allows this call only at another point of its dialogue.
        package static let wrongState = Code(rawValue: EFSM)
        /// The transport does not work with this kind of socket.
        package static let incompatibleProtocol = Code(rawValue: ENOCOMPATPROTO)
        /// No I/O thread is there to do the work.
        package static let noThread = Code(rawValue: EMTHREAD)
        /// Somebody else has bound this address.
        package static let addressInUse = Code(rawValue: EADDRINUSE)
        /// The address belongs to another machine.
        package static let addressNotAvailable = Code(rawValue: EADDRNOTAVAIL)
        /// An endpoint, option or value makes no sense.
        package static let invalidArgument = Code(rawValue: EINVAL)
        /// The endpoint names a network interface that is not there.
        package static let noSuchDevice = Code(rawValue: ENODEV)
        /// The file or endpoint is not there.
        package static let notFound = Code(rawValue: ENOENT)
        /// The transport is unknown.
        package static let protocolNotSupported = Code(rawValue: EPROTONOSUPPORT)
        /// The kind of socket can't do this.
        package static let notSupported = Code(rawValue: ENOTSUP)
        /// The system does not allow it to this user.
        package static let permissionDenied = Code(rawValue: EACCES)
        /// The process has no file descriptor, or the context no socket, left.
        package static let tooManyOpen = Code(rawValue: EMFILE)
        /// What was used is not a socket any more.
        package static let notASocket = Code(rawValue: ENOTSOCK)
        /// There is no memory left.
        package static let outOfMemory = Code(rawValue: ENOMEM)
        /// The name is longer than the transport takes.
        package static let nameTooLong = Code(rawValue: ENAMETOOLONG)
    }
}

extension ZeroMQError.Code: CustomStringConvertible {
    /// The sentence that libzmq has for the code.
    package var description: String {
        // Safe: libzmq answers every number with a string that is never freed. For a system error it
        // is that of `strerror`, which another thread may overwrite at worst with another sentence.
        unsafe String(cString: zmq_strerror(rawValue))
    }
}

extension ZeroMQError: CustomStringConvertible {
    /// "bind tcp://127.0.0.1:5571: Address already in use"
    package var description: String {
        "\(operation): \(code)"
    }
}
