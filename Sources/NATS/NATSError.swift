internal import CNATS

/// What a call of the NATS client failed with.
package struct NATSError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was to be done: `connect`.
    package let action: String
    /// The client's number, and its words.
    let status: UInt32
    /// JetStream's number; 0 for none.
    package let code: UInt32

    init(_ action: String, _ status: natsStatus, _ code: jsErrCode = jsErrCode(0)) {
        self.action = action
        self.status = status.rawValue
        self.code = code.rawValue
    }

    /// The stream's last sequence is another than the expected one.
    package var isFenced: Bool { code == 10_071 }

    /// There is no such message, or no such stream.
    package var isNotFound: Bool {
        code == 10_037 || code == 10_059 || status == NATS_NOT_FOUND.rawValue
    }

    package var description: String {
        // The client keeps its texts for as long as the process lives.
        let words = unsafe natsStatus_GetText(natsStatus(status)).map {
            unsafe String(cString: $0)
        }
        let number = code == 0 ? "" : " (JetStream \(code))"
        return "cannot \(action): \(words ?? "status \(status)")\(number)"
    }

    static func check(
        _ status: natsStatus, _ action: @autoclosure () -> String, _ code: jsErrCode = jsErrCode(0)
    ) throws(NATSError) {
        if status != NATS_OK { throw NATSError(action(), status, code) }
    }
}

extension NATSError {
    /// Nobody answered, again and again.
    package init(unanswered action: String) { self.init(action, NATS_TIMEOUT) }
}
