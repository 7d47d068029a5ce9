internal import CNATS

/// The streams of a NATS cluster. Every function waits for the servers, but for `appendLater`.
@safe
package final class JetStream: @unchecked Sendable {
    package struct StreamState: Equatable, Sendable {
        package var first: UInt64
        package var last: UInt64
        package var replicas: Int
        /// Replicas that have everything, the leader among them.
        package var current: Int
    }

    /// What came of an append.
    package enum Outcome: Equatable, Sendable {
        case acknowledged(sequence: UInt64, isDuplicate: Bool)
        case fenced
        /// Nobody knows whether the stream has it.
        case unknown(String)
    }

    // Locked by the client. Ours from `init` to `deinit`.
    private let context: OpaquePointer
    private let connection: NATSConnection

    private final class Handler: Sendable {
        let body: @Sendable (String, Outcome) -> Void
        init(_ body: @escaping @Sendable (String, Outcome) -> Void) { self.body = body }
    }
    private let hearsAppends: Bool

    /// - Parameter hears: what came of each `appendLater`, by the id of the message; called on a thread of the
    ///   client's.
    package init(
        _ connection: NATSConnection, hears: (@Sendable (String, Outcome) -> Void)? = nil
    ) throws(NATSError) {
        self.connection = connection
        hearsAppends = hears != nil
        var opened: OpaquePointer?
        // Never released: the client may still call it when the context is gone. There is one a process.
        let closure = unsafe hears.map { unsafe Unmanaged.passRetained(Handler($0)).toOpaque() }
        let status = unsafe sojourn_nats_context(
            &opened, connection.connection, hears == nil ? nil : Self.hear, closure)
        try NATSError.check(status, "use JetStream")
        guard let opened = unsafe opened else { preconditionFailure("a context of nothing") }
        unsafe context = opened
    }

    deinit { unsafe jsCtx_Destroy(context) }

    private static let hear: jsPubAckHandler = { _, message, ack, error, closure in
        defer { unsafe natsMsg_Destroy(message) }
        guard let closure = unsafe closure else { return }
        // It was retained for ever.
        let handler = unsafe Unmanaged<Handler>.fromOpaque(closure).takeUnretainedValue()
        var id: UnsafePointer<CChar>?
        guard unsafe natsMsgHeader_Get(message, "Nats-Msg-Id", &id) == NATS_OK,
            let id = unsafe id
        else { return }
        // Good until the message is destroyed, at the end.
        let name = unsafe String(cString: id)
        if let ack = unsafe ack {
            let (sequence, isDuplicate) = unsafe (ack.pointee.Sequence, ack.pointee.Duplicate)
            handler.body(name, .acknowledged(sequence: sequence, isDuplicate: isDuplicate))
        } else if let error = unsafe error {
            let fault = unsafe NATSError("append", error.pointee.Err, error.pointee.ErrCode)
            handler.body(name, outcome(fault))
        }
    }

    private static func outcome(_ error: NATSError) -> Outcome {
        error.isFenced ? .fenced : .unknown("\(error)")
    }

    // MARK: Streams

    /// Makes a stream unless there is one of that name.
    ///
    /// - Parameters:
    ///   - messagesMax: beyond it an append drops the first message; nil for no limit.
    ///   - messagesPerSubjectMax: the same of each subject.
    ///   - duplicatesSeconds: how long ids of messages are remembered.
    package func addStream(
        _ name: String, subjects: [String], replicas: Int, messagesMax: Int? = nil,
        messagesPerSubjectMax: Int? = nil, duplicatesSeconds: Int64
    ) throws(NATSError) {
        var code = jsErrCode(0)
        // Strings live through the calls, here and below, and the client copies what it keeps.
        let status = unsafe NATSConnection.withCStrings(subjects) { texts in
            unsafe sojourn_nats_add_stream(
                context, name, texts, Int32(subjects.count), Int64(replicas),
                Int64(messagesMax ?? -1), Int64(messagesPerSubjectMax ?? -1),
                duplicatesSeconds * 1_000_000_000, 5_000, &code)
        }
        // Somebody made it a moment ago, or with other settings long ago.
        if code.rawValue == 10_058 { return }
        try NATSError.check(status, "make stream \(name)", code)
    }

    /// - Returns: nil when there is no such stream.
    package func state(
        of stream: String, milliseconds: Int64 = 2_000
    ) throws(NATSError) -> StreamState? {
        var code = jsErrCode(0)
        var state = sojourn_nats_state()
        let status = unsafe sojourn_nats_stream_state(
            context, stream, milliseconds, &state, &code)
        if status != NATS_OK, NATSError("", status, code).isNotFound { return nil }
        try NATSError.check(status, "read the state of stream \(stream)", code)
        return StreamState(
            first: state.first, last: state.last, replicas: Int(state.replicas),
            current: Int(state.current) + 1)
    }

    // MARK: Messages

    /// Appends a message, and waits for what comes of it.
    ///
    /// - Parameter expected: the stream's last sequence, or nil for an append that is not fenced.
    package func append(
        _ bytes: [UInt8], to subject: String, of stream: String, id: String? = nil,
        expecting expected: UInt64?, milliseconds: Int64 = 2_000
    ) -> Outcome {
        var (sequence, isDuplicate, code) = (0 as UInt64, false, jsErrCode(0))
        let number: String? = expected.map { "\($0)" }
        let status = unsafe bytes.withUnsafeBytes { bytes in
            unsafe sojourn_nats_append(
                context, subject, bytes.baseAddress, Int32(bytes.count), stream, id, number,
                milliseconds, &sequence, &isDuplicate, &code)
        }
        guard status == NATS_OK else {
            return Self.outcome(NATSError("append to \(stream)", status, code))
        }
        return .acknowledged(sequence: sequence, isDuplicate: isDuplicate)
    }

    /// Sends a message off; `hears` gets what came of it, unless an error is thrown.
    package func appendLater(
        _ bytes: [UInt8], to subject: String, of stream: String, id: String,
        expecting expected: UInt64, milliseconds: Int64
    ) throws(NATSError) {
        precondition(hearsAppends)
        let status = unsafe bytes.withUnsafeBytes { bytes in
            unsafe sojourn_nats_append_async(
                context, subject, bytes.baseAddress, Int32(bytes.count), stream, id, "\(expected)",
                milliseconds)
        }
        try NATSError.check(status, "append to \(stream)")
    }

    /// The message at a sequence; nil when there is none.
    package func message(
        at sequence: UInt64, of stream: String
    ) throws(NATSError) -> [UInt8]? {
        var (message, code) = unsafe (nil as OpaquePointer?, jsErrCode(0))
        let status = unsafe js_GetMsg(&message, context, stream, sequence, nil, &code)
        return unsafe try Self.taken(message, status, code, "read message \(sequence) of \(stream)")
    }

    /// The last message of a subject; nil when there is none.
    package func lastMessage(
        of stream: String, subject: String
    ) throws(NATSError) -> [UInt8]? {
        var (message, code) = unsafe (nil as OpaquePointer?, jsErrCode(0))
        let status = unsafe js_GetLastMsg(&message, context, stream, subject, nil, &code)
        return unsafe try Self.taken(message, status, code, "read the last message of \(subject)")
    }

    private static func taken(
        _ message: OpaquePointer?, _ status: natsStatus, _ code: jsErrCode, _ action: String
    ) throws(NATSError) -> [UInt8]? {
        // Ours by the call before.
        defer { unsafe natsMsg_Destroy(message) }
        if status == NATS_OK { return unsafe NATSMessage.bytes(message) }
        let error = NATSError(action, status, code)
        if error.isNotFound { return nil }
        throw error
    }

    /// Reads messages in order, from a sequence on.
    ///
    /// - Parameter subject: may have wildcards.
    package func read(
        _ stream: String, subject: String, from first: UInt64
    ) throws(NATSError) -> JetStreamReader {
        var (subscription, code) = unsafe (nil as OpaquePointer?, jsErrCode(0))
        let status = unsafe sojourn_nats_read(
            &subscription, context, stream, subject, max(1, first), &code)
        try NATSError.check(status, "read stream \(stream)", code)
        guard let subscription = unsafe subscription else {
            preconditionFailure("a subscription to nothing")
        }
        return unsafe JetStreamReader(subscription, self)
    }
}

/// Messages of a stream, one after another.
@safe
package final class JetStreamReader {
    // Ours from `init` to `deinit`.
    private let subscription: OpaquePointer
    private let context: JetStream

    fileprivate init(_ subscription: OpaquePointer, _ context: JetStream) {
        unsafe self.subscription = subscription
        self.context = context
    }

    deinit { unsafe natsSubscription_Destroy(subscription) }

    /// The next message and its sequence; waits for it. Nil when there is none in time.
    package func next(
        milliseconds: Int64
    ) throws(NATSError) -> (sequence: UInt64, bytes: [UInt8])? {
        var message = unsafe nil as OpaquePointer?
        let status = unsafe natsSubscription_NextMsg(&message, subscription, milliseconds)
        if status == NATS_TIMEOUT { return nil }
        try NATSError.check(status, "read the next message")
        defer { unsafe natsMsg_Destroy(message) }
        var sequence: UInt64 = 0
        try NATSError.check(
            unsafe sojourn_nats_sequence(message, &sequence), "tell a message's sequence")
        return (sequence, unsafe NATSMessage.bytes(message))
    }
}
