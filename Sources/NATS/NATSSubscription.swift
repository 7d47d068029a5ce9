internal import CNATS

/// Listens to a subject as long as it lives.
@safe
package final class NATSSubscription: @unchecked Sendable {
    // Locked by the client. Ours from `init` to `deinit`.
    private let subscription: OpaquePointer
    private let connection: NATSConnection

    private final class Handler: Sendable {
        let body: @Sendable ([UInt8]) -> Void
        init(_ body: @escaping @Sendable ([UInt8]) -> Void) { self.body = body }
    }

    init(
        _ connection: NATSConnection, _ subject: String,
        _ body: @escaping @Sendable ([UInt8]) -> Void
    ) throws(NATSError) {
        self.connection = connection
        var opened: OpaquePointer?
        // Released by the subscription's own end, below: only then does the client call no more.
        let handler = unsafe Unmanaged.passRetained(Handler(body))
        let status = unsafe natsConnection_Subscribe(
            &opened, connection.connection, subject,
            { _, _, message, closure in
                guard let closure = unsafe closure else { return }
                // Retained until the subscription has ended.
                let handler = unsafe Unmanaged<Handler>.fromOpaque(closure).takeUnretainedValue()
                handler.body(unsafe NATSMessage.bytes(message))
                unsafe natsMsg_Destroy(message)
            }, handler.toOpaque())
        guard status == NATS_OK, let opened = unsafe opened else {
            unsafe handler.release()
            throw NATSError("listen to \(subject)", status)
        }
        unsafe subscription = opened
        unsafe natsSubscription_SetOnCompleteCB(
            opened,
            { closure in
                guard let closure = unsafe closure else { return }
                // The one that was retained above; this is called once, and last.
                unsafe Unmanaged<Handler>.fromOpaque(closure).release()
            }, handler.toOpaque())
    }

    deinit { unsafe natsSubscription_Destroy(subscription) }
}

/// Bytes of the client's messages.
enum NATSMessage {
    /// A copy of what a message carries.
    static func bytes(_ message: OpaquePointer?) -> [UInt8] {
        guard let message = unsafe message else { return [] }
        let count = unsafe Int(natsMsg_GetDataLength(message))
        guard count > 0, let data = unsafe natsMsg_GetData(message) else { return [] }
        // So many bytes are the message's, which the caller has.
        return unsafe Array(UnsafeRawBufferPointer(start: data, count: count))
    }
}
