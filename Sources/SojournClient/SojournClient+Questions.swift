public import SojournModel
import SojournWire

extension SojournClient {
    /// The sessions of a visitor that are not yet finished.
    ///
    /// - Parameter visitor: the key with which the visitor's events were sent.
    public func lookup(
        visitor: String, property: PropertyID = .default
    ) async throws -> SessionLookup {
        try await lookup(visitor: Array(visitor.utf8), property: property)
    }

    /// The sessions of a visitor whose key is no text.
    public func lookup(
        visitor key: [UInt8], property: PropertyID = .default
    ) async throws -> SessionLookup {
        try checkKey(key)
        var writer = ByteWriter()
        // The bytes of bytes have no invalid patterns.
        LookupRequest.visitor(key: unsafe key.span.bytes)
            .encode(header: header(.lookup, property), into: &writer)
        return try await lookup(writer)
    }

    /// The session with this id, while it is not yet finished. The id of a session that is now part
    /// of another gives that one.
    public func lookup(
        session: SessionID, property: PropertyID = .default
    ) async throws -> SessionLookup {
        var writer = ByteWriter()
        LookupRequest.session(session).encode(header: header(.lookup, property), into: &writer)
        return try await lookup(writer)
    }

    /// What the server counts and measures of itself.
    public func status() async throws -> ServerStatus {
        var writer = ByteWriter()
        StatusRequest.encode(header: header(.status, PropertyID(0)), into: &writer)
        let reply = try await ask(.status, writer, StatusReply.decode(body:))
        return ServerStatus(
            gauges: reply.gauges.map { ServerStatus.Gauge(name: $0.name, value: $0.value) },
            time: EventTime(milliseconds: reply.serverTime))
    }

    private func lookup(_ writer: consuming ByteWriter) async throws -> SessionLookup {
        let reply = try await ask(.lookup, writer, LookupReply.decode(body:))
        return SessionLookup(
            sessions: reply.sessions, clock: EventTime(clock: reply.clock))
    }

    /// Sends a question, and reads the body of its answer.
    func ask<Reply>(
        _ operation: SojournWire.Operation, _ writer: consuming ByteWriter,
        _ decode: (RawSpan) throws(WireError) -> Reply
    ) async throws -> Reply {
        try Task.checkCancellation()
        let call = Call(
            operation, frame: writer.bytes, deadline: .now + courier.options.timeout)
        let frame = try await courier.reply(to: call, try courier.submit(call))
        return try frame.withBody { (body) throws(SojournError) in
            do throws(WireError) { return try decode(body) } catch {
                throw SojournError(malformed: error)
            }
        }
    }

    /// - Throws: `.invalidArgument` for a key that no visitor has.
    func checkKey(_ key: [UInt8]) throws(SojournError) {
        let most = server.limits.ofBatch.visitorKeyBytes
        guard (1...most).contains(key.count) else {
            throw SojournError(
                .invalidArgument,
                "a visitor key has 1 to \(most) bytes; this one has \(key.count)")
        }
    }

    func header(
        _ operation: SojournWire.Operation, _ property: PropertyID
    ) -> MessageHeader {
        let deadline = courier.options.attemptTimeout.wholeMilliseconds
        return MessageHeader(
            operation: operation, deadlineMilliseconds: UInt32(clamping: deadline),
            property: property)
    }
}
