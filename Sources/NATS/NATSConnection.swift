internal import CNATS
import Glibc
import Synchronization

/// A connection to a cluster of NATS servers, which mends itself. The client's own threads work behind it; its
/// functions may be called from any thread, and those that wait say so.
@safe
package final class NATSConnection: @unchecked Sendable {
    // The client locks what it shares between threads. Ours from `init` to `deinit`.
    let connection: OpaquePointer
    private let watch: Watch

    /// What the client's threads tell of the connection.
    fileprivate final class Watch: Sendable {
        let isConnected = Atomic(true)
        let reconnections = Atomic<UInt64>(0)

        func connected(_ isConnected: Bool) {
            self.isConnected.store(isConnected, ordering: .releasing)
            if isConnected { reconnections.wrappingAdd(1, ordering: .relaxed) }
        }
    }

    /// Connects to one of several servers; waits.
    ///
    /// - Parameters:
    ///   - urls: `nats://host:4222`.
    ///   - name: what the servers show for it.
    package init(_ urls: [String], name: String) throws(NATSError) {
        let watch = Watch()
        self.watch = watch
        var opened: OpaquePointer?
        // Never released: the client may still call back when the connection is gone. There is one a process.
        let closure = unsafe Unmanaged.passRetained(watch).toOpaque()
        let status = unsafe Self.withCStrings(urls) { texts in
            // The strings live through the call, which copies them.
            unsafe sojourn_nats_connect(
                &opened, texts, Int32(urls.count), name,
                { _, closure in unsafe Watch.of(closure).connected(false) },
                { _, closure in unsafe Watch.of(closure).connected(true) }, closure)
        }
        try NATSError.check(status, "connect to \(urls.joined(separator: ", "))")
        guard let opened = unsafe opened else { preconditionFailure("connected to nothing") }
        unsafe connection = opened
    }

    deinit {
        // Closes first, which waits for nothing that is on its way.
        unsafe natsConnection_Destroy(connection)
    }

    package var isConnected: Bool { watch.isConnected.load(ordering: .acquiring) }
    package var reconnections: UInt64 { watch.reconnections.load(ordering: .relaxed) }

    /// The server that it is connected to.
    package var url: String {
        var text = [CChar](repeating: 0, count: 512)
        // Safe: the client writes no further than it is told.
        let status = unsafe text.withUnsafeMutableBufferPointer {
            unsafe natsConnection_GetConnectedUrl(connection, $0.baseAddress, $0.count)
        }
        guard status == NATS_OK else { return "nobody" }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Bytes of a message that the server takes.
    package var payloadMax: Int { unsafe Int(natsConnection_GetMaxPayload(connection)) }

    /// Tells whoever listens to a subject, if anybody does.
    package func publish(_ bytes: [UInt8], to subject: String) throws(NATSError) {
        // Safe: the bytes live through the call, which copies them.
        let status = unsafe bytes.withUnsafeBytes {
            unsafe natsConnection_Publish(connection, subject, $0.baseAddress, Int32($0.count))
        }
        try NATSError.check(status, "publish to \(subject)")
    }

    /// Returns when the server has all that was published.
    package func flush(milliseconds: Int64) throws(NATSError) {
        try NATSError.check(unsafe natsConnection_FlushTimeout(connection, milliseconds), "flush")
    }

    /// Listens to a subject until the subscription is gone.
    ///
    /// - Parameter handler: is called on a thread of the client's, message after message.
    package func subscribe(
        _ subject: String, _ handler: @escaping @Sendable ([UInt8]) -> Void
    ) throws(NATSError) -> NATSSubscription {
        try NATSSubscription(self, subject, handler)
    }

    /// Lends out texts as C has them.
    static func withCStrings(
        _ texts: [String], _ body: (UnsafeMutablePointer<UnsafePointer<CChar>?>?) -> natsStatus
    ) -> natsStatus {
        var copies: [UnsafePointer<CChar>?] = unsafe texts.map { unsafe UnsafePointer(strdup($0)) }
        defer {
            // Made by `strdup` above, and freed nowhere else.
            for row in unsafe copies.indices {
                unsafe free(UnsafeMutablePointer(mutating: copies[row]))
            }
        }
        return unsafe copies.withUnsafeMutableBufferPointer { unsafe body($0.baseAddress) }
    }
}

extension NATSConnection.Watch {
    fileprivate static func of(_ closure: UnsafeMutableRawPointer?) -> NATSConnection.Watch {
        guard let closure = unsafe closure else {
            preconditionFailure("a callback without its object")
        }
        // What was passed when the connection was made.
        return unsafe Unmanaged<NATSConnection.Watch>.fromOpaque(closure).takeUnretainedValue()
    }
}
