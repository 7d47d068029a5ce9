import CZeroMQ

/// Waits for any of a few sockets and file descriptors, which are then known by their index.
///
/// Like its sockets it belongs to one thread. It keeps the sockets and wake-ups that were added open as
/// long as it lives: let go of it together with them. Waiting allocates nothing for up to 16 items.
@safe
package struct Poller: ~Copyable {
    // Safe: `capacity` items are allocated, the first `count` are initialised, and only the owner has
    // the pointer. The sockets in them are held by `owners`.
    private var items: UnsafeMutablePointer<zmq_pollitem_t>
    private var capacity: Int
    package private(set) var count = 0
    private var owners: [AnyObject] = []

    package init(minimumCapacity: Int = 4) {
        capacity = max(1, minimumCapacity)
        unsafe items = .allocate(capacity: capacity)
    }

    deinit {
        // Safe: nobody else has the pointer, and items need no deinitialising.
        unsafe items.deallocate()
    }

    /// Adds a socket and returns its index.
    @discardableResult
    package mutating func add(
        _ socket: borrowing Socket, for interest: Readiness = .readable
    ) -> Int {
        owners.append(socket.handle)
        // Safe: `owners` now keeps the socket open.
        return unsafe append(
            zmq_pollitem_t(
                socket: socket.handle.pointer, fd: -1, events: interest.rawValue, revents: 0))
    }

    /// Adds a wake-up and returns its index.
    @discardableResult
    package mutating func add(_ wakeUp: WakeUp) -> Int {
        owners.append(wakeUp)
        return add(fileDescriptor: wakeUp.fileDescriptor)
    }

    /// Adds a file descriptor, which the caller keeps open, and returns its index.
    @discardableResult
    package mutating func add(
        fileDescriptor: Int32, for interest: Readiness = .readable
    ) -> Int {
        // Safe: there is no socket in it.
        unsafe append(
            zmq_pollitem_t(socket: nil, fd: fileDescriptor, events: interest.rawValue, revents: 0))
    }

    /// Changes what to wait for; nothing at all is allowed.
    package mutating func setInterest(_ interest: Readiness, at index: Int) {
        precondition(index >= 0 && index < count, "no such item")
        // Safe: the index is that of an initialised item.
        unsafe items[index].events = interest.rawValue
    }

    /// Waits until an item is ready, the time is over or a signal came.
    ///
    /// - Parameter timeoutMilliseconds: 0 only looks; nil waits for ever.
    /// - Returns: how many items are ready. It is 0 also when a signal came, so that the caller's loop
    ///   gets to look at its clock and its flags.
    package mutating func wait(timeoutMilliseconds: Int?) throws(ZeroMQError) -> Int {
        // A negative time-out would be for ever: a deadline that has passed means "only look".
        let timeout = timeoutMilliseconds.map { max(0, $0) } ?? -1
        // Safe: the first `count` items are initialised, and their sockets are open.
        let ready = unsafe zmq_poll(items, Int32(count), timeout)
        if ready >= 0 {
            return Int(ready)
        }
        let code = ZeroMQError.Code(rawValue: zmq_errno())
        // libzmq leaves the answers of the time before.
        for index in 0..<count {
            // Safe: the index is that of an initialised item.
            unsafe items[index].revents = 0
        }
        if code == .interrupted {
            return 0
        }
        throw ZeroMQError(code, during: "poll")
    }

    /// What the last `wait` found.
    package func readiness(at index: Int) -> Readiness {
        precondition(index >= 0 && index < count, "no such item")
        // Safe: the index is that of an initialised item.
        return unsafe Readiness(rawValue: items[index].revents)
    }

    package func isReadable(at index: Int) -> Bool {
        readiness(at: index).contains(.readable)
    }

    package func isWritable(at index: Int) -> Bool {
        readiness(at: index).contains(.writable)
    }

    @unsafe
    private mutating func append(_ item: zmq_pollitem_t) -> Int {
        if count == capacity {
            let larger = UnsafeMutablePointer<zmq_pollitem_t>.allocate(capacity: capacity * 2)
            // Safe: the new memory is larger, and the items are plain values.
            unsafe larger.moveInitialize(from: items, count: count)
            unsafe items.deallocate()
            unsafe items = larger
            capacity *= 2
        }
        // Safe: there is room behind the initialised items.
        unsafe (items + count).initialize(to: item)
        count += 1
        return count - 1
    }
}
