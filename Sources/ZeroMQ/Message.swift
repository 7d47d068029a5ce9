import CZeroMQ

/// One frame.
///
/// Made to be used again: a loop that receives into one message and sends another allocates nothing
/// but the payloads that libzmq itself allocates.
///
/// A `zmq_msg_t` must never be copied, and Swift sees a plain struct of 64 bytes. It is therefore
/// allocated once, stays where it is, and only its owner, which can't be copied, has the pointer.
@safe
package struct Message: ~Copyable, @unchecked Sendable {
    // Safe: allocated and initialised in every `init`, still initialised after every call, closed and
    // deallocated in `deinit`. Sendable, because the one owner has the one pointer, because methods
    // that only borrow also only read, and because libzmq counts the references to shared payloads
    // atomically.
    let storage: UnsafeMutablePointer<zmq_msg_t>

    /// An empty message.
    package init() {
        unsafe storage = .allocate(capacity: 1)
        // Safe: the memory is ours; it can't fail.
        _ = unsafe zmq_msg_init(storage)
    }

    /// Zeros, to be overwritten through `mutableBytes`.
    ///
    /// Traps when there is no memory, as any Swift allocation does.
    package init(byteCount: Int) {
        self.init(byteCount: byteCount) { output in
            // Safe: the bytes of an UInt8 are all its own.
            unsafe output.append(repeating: 0, count: byteCount, as: UInt8.self)
        }
    }

    /// A payload written once, straight into place.
    ///
    /// - Parameter write: must fill all of the `byteCount` bytes, so that no byte of somebody else's
    ///   freed memory is ever sent.
    package init<Failure: Error>(
        byteCount: Int,
        initializingWith write: (inout OutputRawSpan) throws(Failure) -> Void
    ) throws(Failure) {
        precondition(byteCount >= 0, "a message has no negative size")
        unsafe storage = .allocate(capacity: 1)
        // Safe: the memory is ours.
        let status = unsafe zmq_msg_init_size(storage, byteCount)
        precondition(status == 0, "no memory for a message")
        // From here on `self` is whole: if `write` throws, `deinit` cleans up.
        // Safe: the payload is `byteCount` bytes, nobody else knows of it, and the span ends before
        // this function does.
        let payload = unsafe UnsafeMutableRawBufferPointer(
            start: zmq_msg_data(storage), count: byteCount)
        var output = unsafe OutputRawSpan(buffer: payload, initializedCount: 0)
        try write(&output)
        let written = unsafe output.finalize(for: payload)
        precondition(written == byteCount, "a message must be filled")
    }

    /// A copy of some bytes.
    package init(copying bytes: RawSpan) {
        unsafe storage = .allocate(capacity: 1)
        // Safe: the memory is ours, and the source lives through the call, which copies.
        let status = unsafe zmq_msg_init_size(storage, bytes.byteCount)
        precondition(status == 0, "no memory for a message")
        unsafe bytes.withUnsafeBytes { bytes in
            unsafe UnsafeMutableRawBufferPointer(start: zmq_msg_data(storage), count: bytes.count)
                .copyMemory(from: bytes)
        }
    }

    /// A copy of some bytes.
    package init(copying bytes: Span<UInt8>) {
        // Safe: the bytes of an UInt8 are all its own.
        self.init(copying: unsafe bytes.bytes)
    }

    /// Sends a buffer without copying it; pays from about 16 KiB up.
    ///
    /// libzmq frees the buffer when the last message that shares it is gone: on any thread, at any
    /// time, at the latest when the context ends.
    package init(adopting buffer: consuming OwnedBytes) {
        unsafe storage = .allocate(capacity: 1)
        let (bytes, release, hint) = unsafe buffer.giveUp()
        // Safe: the buffer was somebody's alone and is now libzmq's, which releases it exactly once.
        let status = unsafe zmq_msg_init_data(
            storage, bytes.baseAddress, bytes.count, release, hint)
        precondition(status == 0, "no memory for a message")
    }

    deinit {
        // Safe: nobody else has the pointer. Closing can't fail for an initialised message.
        _ = unsafe zmq_msg_close(storage)
        unsafe storage.deallocate()
    }
}

// MARK: - Content

extension Message {
    package var byteCount: Int {
        // Safe: reads an initialised message.
        unsafe zmq_msg_size(storage)
    }

    package var isEmpty: Bool {
        byteCount == 0
    }

    /// Whether it was received with another frame of the same message behind it.
    package var hasMore: Bool {
        // Safe: reads an initialised message.
        unsafe zmq_msg_more(storage) != 0
    }

    /// The payload, in place.
    package var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            // Safe: the payload lives, in place, as long as nobody changes the message, which the
            // span's lifetime, bound to a borrow of it, makes certain.
            let payload = unsafe UnsafeRawBufferPointer(
                start: zmq_msg_data(storage), count: byteCount)
            return unsafe _overrideLifetime(RawSpan(_unsafeBytes: payload), borrowing: self)
        }
    }

    /// A copy of the payload.
    package var array: [UInt8] {
        // Safe: bytes have no invalid patterns, and are copied while the message is borrowed.
        unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    }

    /// The payload of a message that this program made, in place, to be written.
    ///
    /// A payload that several messages share (after `copy(from:)`) must not change under the others:
    /// asking for it traps.
    package var mutableBytes: MutableRawSpan {
        @_lifetime(&self)
        mutating get {
            precondition(
                unsafe zmq_msg_get(storage, ZMQ_SHARED) == 0, "a shared payload must not be written"
            )
            // Safe: the payload is not shared and lives, in place, as long as nobody else has access
            // to the message, which the span's lifetime makes certain.
            let payload = unsafe UnsafeMutableRawBufferPointer(
                start: zmq_msg_data(storage), count: byteCount)
            return unsafe _overrideLifetime(
                MutableRawSpan(_unsafeBytes: payload), mutating: &self)
        }
    }

    /// What is known of the peer that sent it: "Peer-Address", "Socket-Type", and "User-Id" if a ZAP
    /// handler gave one.
    ///
    /// Ask the payload frame: the routing id that a `router` puts in front has no properties.
    package func property(named name: String) -> String? {
        // Safe: the answer lives as long as the message and is copied at once.
        guard let value = unsafe zmq_msg_gets(storage, name) else {
            return nil
        }
        return unsafe String(cString: value)
    }
}

// MARK: - Between messages

extension Message {
    /// Takes the content of another message, which is empty afterwards. Copies no payload.
    package mutating func move(from source: inout Message) {
        // Safe: both are initialised and stay so; exclusive access proves that they are two.
        let status = unsafe zmq_msg_move(storage, source.storage)
        precondition(status == 0, "an initialised message can be moved")
    }

    /// Shares the content of another message: a long payload is counted, not copied, and can't be
    /// written any more.
    package mutating func copy(from source: inout Message) {
        // Safe: both are initialised and stay so; exclusive access proves that they are two.
        let status = unsafe zmq_msg_copy(storage, source.storage)
        precondition(status == 0, "an initialised message can be copied")
    }

    /// Drops the content.
    package mutating func removeAll() {
        // Safe: closed, then initialised again before anybody can look; neither can fail.
        _ = unsafe zmq_msg_close(storage)
        _ = unsafe zmq_msg_init(storage)
    }
}
