import SojournModel
import SojournWire

/// Makes the messages of the feed out of parcels, and numbers them: parcels in, messages out.
struct FeedComposer {
    /// A message is closed when it has so many bytes of sessions.
    private static let messageBytes = 256 << 10

    /// Names this run of the server in its messages.
    private let stream: ProducerID
    /// In whose order the places stand.
    private let partitions: PartitionRange
    /// By topic, of the last message.
    private var numbers: [PropertyID: UInt64] = [:]
    /// Up to where readers were told.
    private var place = FeedPlace.start

    init(stream: ProducerID, of partitions: PartitionRange) {
        self.stream = stream
        self.partitions = partitions
    }

    /// Something was not told, or not to everybody who listens from now on: the next number of these topics is
    /// left out, so that readers see it.
    mutating func leaveGap(in properties: [PropertyID]) {
        for property in properties { numbers[property, default: 0] += 1 }
    }

    /// The messages that tell of a parcel, those of a property behind one another.
    ///
    /// - Parameter properties: that somebody reads; nothing is told of others.
    mutating func messages(
        of parcel: FeedParcel, _ properties: [PropertyID]
    ) -> [FeedMessage] {
        place = parcel.place
        var gathered: [PropertyID: [(entry: FeedEntry, bytes: Int)]] = [:]
        for group in [parcel.opened].compactMap(\.self) + parcel.finished {
            group.list.visit { session in
                let property = session.head.propertyID
                guard properties.contains(property), let entry = FeedEntry(session) else { return }
                gathered[property, default: []].append((entry, Int(session.head.byteCount)))
            }
        }
        var messages: [FeedMessage] = []
        for property in properties {
            guard var entries = gathered[property] else { continue }
            // What was opened stands in a list of its own. The places are all different, or else of one record
            // that opened several, whose order means nothing.
            entries.sort { $0.entry.place < $1.entry.place }
            var open: [FeedEntry] = []
            var bytes = 0
            for (entry, size) in entries {
                if !open.isEmpty, bytes + size > Self.messageBytes {
                    // More of the same place may stand in the next message.
                    messages.append(next(property, open, place: open[0].place.before))
                    (open, bytes) = ([], 0)
                }
                open.append(entry)
                bytes += size
            }
            messages.append(next(property, open, place: place))
        }
        return messages
    }

    /// Says that the feed of a property lives, and which message was its last.
    func heartbeat(of property: PropertyID) -> FeedMessage {
        FeedMessage(
            property: property, stream: stream, number: numbers[property] ?? 0, entries: [],
            place: place, firstPartition: partitions.first, lastPartition: partitions.last)
    }

    private mutating func next(
        _ property: PropertyID, _ entries: [FeedEntry], place: FeedPlace
    ) -> FeedMessage {
        numbers[property, default: 0] += 1
        return FeedMessage(
            property: property, stream: stream, number: numbers[property] ?? 0, entries: entries,
            place: place, firstPartition: partitions.first, lastPartition: partitions.last)
    }
}

extension FeedPlace {
    /// A place before this one and behind all that is before this one's record.
    fileprivate var before: FeedPlace {
        FeedPlace(position: position - min(position, 1), index: .max)
    }
}

extension FeedEntry {
    /// - Returns: nil for what the feed does not tell of.
    fileprivate init?(_ session: borrowing PackedSession) {
        let head = session.head
        let content: Content
        switch head.entryKind {
        case .finished: content = .finished(session.snapshot, visitor: head.visitor)
        case .live: content = .opened(session.snapshot, visitor: head.visitor)
        case .revised:
            content = .revised(
                Revision(
                    number: UInt64(bitPattern: head.value), from: head.id, into: head.other,
                    cause: .bridge, partition: UInt16(truncatingIfNeeded: head.ordinal)))
        case .forgotten: return nil
        }
        self.init(place: head.place, property: head.propertyID, content: content)
    }
}
