import SojournModel
import SojournService
import SojournWire

/// The service thread's side of the feed: gathers what happened to sessions, and hands it over once it is in the
/// journal.
struct FeedKeeper: ~Copyable {
    /// Many sessions are told by one message, so they wait for one another so long.
    private static let sealMilliseconds: UInt64 = 200
    private static let sealBytes = 1 << 20

    private let publisher: FeedPublisher
    private let bytesMax: Int
    private var readVersion: UInt64 = 0
    private var nextSeal: UInt64 = 0
    /// They wait for the journal.
    private var pending = Queue<FeedParcel>()
    private var pendingBytes = 0

    init(_ publisher: FeedPublisher, _ settings: FeedSettings) {
        self.publisher = publisher
        bytesMax = settings.queueBytesMax
    }

    /// Takes what happened, and hands over what the journal has.
    ///
    /// - Parameters:
    ///   - sealed: what the archive has taken of it since the last time; nil when there is no archive.
    ///   - written: every record up to here is in the journal.
    mutating func tend(
        _ core: inout ServiceCore, sealed: [PackedGroup]?, written: UInt64, at now: UInt64
    ) {
        if let read = publisher.board.read(since: &readVersion) {
            core.finished.feed.properties = read
        }
        seal(&core, sealed, at: now)
        while let parcel = pending.first, parcel.position <= written {
            _ = pending.popFirst()
            pendingBytes -= parcel.byteCount
            publisher.board.publish(parcel)
        }
    }

    /// Publishes what happened and is in the journal, without waiting for more of it, and ends the publisher.
    mutating func stop(_ core: inout ServiceCore, sealed: [PackedGroup]?, written: UInt64) {
        nextSeal = 0
        tend(&core, sealed: sealed, written: written, at: 1)
        publisher.stop()
    }

    private mutating func seal(
        _ core: inout ServiceCore, _ sealed: [PackedGroup]?, at now: UInt64
    ) {
        var finished = sealed ?? []
        // With an archive, what is finished is sealed by it, and what was opened at the same time.
        let waiting = core.finished.waitingBytes
        guard !finished.isEmpty || now >= nextSeal || waiting >= Self.sealBytes,
            sealed == nil || waiting == 0
        else { return }
        nextSeal = now + Self.sealMilliseconds
        if sealed == nil, let list = core.finished.take() { finished = [PackedGroup(list)] }
        var opened: PackedGroup?
        if let list = core.finished.feed.take() { opened = PackedGroup(list) }
        let parcel = FeedParcel(opened: opened, finished: finished)
        if parcel.isEmpty || core.finished.feed.properties.isEmpty { return }
        guard pendingBytes + parcel.byteCount <= bytesMax else {
            publisher.board.lose(bytes: parcel.byteCount)
            return
        }
        pending.append(parcel)
        pendingBytes += parcel.byteCount
    }

    var gauges: [Gauge] { publisher.board.counters.gauges }
}
