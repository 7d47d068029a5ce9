import SojournModel
import Synchronization
import ZeroMQ

/// What the service's thread and the feed's tell one another.
final class FeedBoard: Sendable {
    /// Something to do for the feed's thread.
    enum Order: Sendable {
        case publish(FeedParcel)
        /// A parcel was lost here.
        case leaveGap
        /// From here on all that happens to sessions of these is gathered, and was not before.
        case begin([PropertyID])
    }

    private struct Mail {
        var orders: [Order] = []
        var bytes = 0
        var bytesLost: UInt64 = 0
        var read: [PropertyID] = []
        var readVersion: UInt64 = 0
        /// Those of which the service gathers what happens, as the feed's thread was told.
        var gathered: [PropertyID] = []
        var counters = FeedCounters()
    }

    /// Calls the feed's thread.
    let wakeUp: WakeUp
    private let mail = Mutex(Mail())
    private let stopFlag = Atomic(false)
    private let bytesMax: Int

    init(bytesMax: Int) throws(ZeroMQError) {
        self.bytesMax = bytesMax
        wakeUp = try WakeUp()
    }

    // MARK: The service's side

    /// Has a parcel published, if there is room for it.
    func publish(_ parcel: FeedParcel) {
        let size = parcel.byteCount
        let isFull = mail.withLock { mail in
            if mail.bytes + size > bytesMax { return true }
            mail.bytes += size
            mail.orders.append(.publish(parcel))
            return false
        }
        if isFull { lose(bytes: size) } else { wakeUp.signal() }
    }

    /// Has readers see that something was not told.
    func lose(bytes: Int) {
        mail.withLock { mail in
            mail.bytesLost += UInt64(bytes)
            if case .leaveGap = mail.orders.last { return }
            mail.orders.append(.leaveGap)
        }
        wakeUp.signal()
    }

    /// What somebody reads, ascending, when that has changed since a version. Whoever asks gathers it from here
    /// on.
    func read(since version: inout UInt64) -> [PropertyID]? {
        let read: [PropertyID]? = mail.withLock { mail in
            if mail.readVersion == version { return nil }
            version = mail.readVersion
            let begun = mail.read.filter { !mail.gathered.contains($0) }
            if !begun.isEmpty { mail.orders.append(.begin(begun)) }
            mail.gathered = mail.read
            return mail.read
        }
        if read != nil { wakeUp.signal() }
        return read
    }

    var counters: FeedCounters {
        mail.withLock { mail in
            var counters = mail.counters
            counters.bytesLost = mail.bytesLost
            return counters
        }
    }

    /// The thread publishes what it has, and ends.
    func stop() {
        stopFlag.store(true, ordering: .releasing)
        wakeUp.signal()
    }

    // MARK: The feed's side

    var isStopping: Bool { stopFlag.load(ordering: .acquiring) }

    func takeOrders() -> [Order] {
        mail.withLock { mail in
            defer {
                mail.orders.removeAll()
                mail.bytes = 0
            }
            return mail.orders
        }
    }

    /// - Returns: true when that is another list than before.
    func tell(read: [PropertyID]) -> Bool {
        mail.withLock { mail in
            if mail.read == read { return false }
            mail.read = read
            mail.readVersion += 1
            mail.gathered.removeAll { !read.contains($0) }
            return true
        }
    }

    func tell(_ counters: FeedCounters) { mail.withLock { $0.counters = counters } }
}
