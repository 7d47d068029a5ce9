package import SojournEngine
package import SojournJournal
import SojournModel
import SojournWire

/// The state of the service beside the engine's (journal, "State of the service"):
///
///     section      | element
///     0xFF00_0001  | 24: property u32, zero u32, clock i64, its server time i64
///     0xFF00_0002  | 32: producer u64, highest u64, floor u64, replies u32, zero u32; the one whose
///                  |     last batch is oldest first
///     0xFF00_0003  | 24: of each reply kept, by producer and sequence: sequence u64, body bytes u32,
///                  |     body checksum u32, property u32, bytes of the reply's frame u32
///     0xFF00_0004  |  1: frames of the replies behind one another; what belongs to one sending is zero
enum ServiceSection {
    static let properties: UInt32 = 0xFF00_0001
    static let producers: UInt32 = 0xFF00_0002
    static let replies: UInt32 = 0xFF00_0003
    static let frames: UInt32 = 0xFF00_0004
}

extension ServiceCore {
    /// What a snapshot of now is to hold. The draft refers to this core's memory: it is good until the
    /// next change.
    package func snapshot() -> SnapshotDraft {
        var draft = SnapshotDraft(
            position: journal.last, partition: configuration.partitions.first)
        engine.save(to: &draft)
        draft.beginSection(ServiceSection.properties, elementBytes: 24)
        for property in properties {
            var element = ByteWriter(capacity: 24)
            element.append(property.id.rawValue)
            element.append(0 as UInt32)
            element.append(property.clock.time)
            element.append(property.clock.anchor)
            draft.append(copying: element.bytes)
        }
        producers.save(to: &draft)
        return draft
    }

    /// Takes the state of a snapshot.
    ///
    /// - Precondition: it is a journaled service without state.
    package mutating func restore(from snapshot: borrowing Snapshot) throws(StateFault) {
        precondition(properties.isEmpty && journal.last == .start)
        try engine.restore(from: snapshot)
        let rows = try snapshot.elements(ServiceSection.properties, of: 24)
        for row in 0..<rows.byteCount / 24 {
            let id = PropertyID(rows.integer(at: 24 * row, as: UInt32.self))
            guard engine.properties.contains(id), !properties.contains(where: { $0.id == id })
            else {
                throw StateFault(
                    ServiceSection.properties,
                    "property \(id.rawValue) has a clock and no state, or two clocks")
            }
            var property = ServedProperty(id: id)
            property.clock = PropertyClock(
                time: rows.integer(at: 24 * row + 8), anchor: rows.integer(at: 24 * row + 16))
            properties.append(property)
        }
        guard properties.count == engine.properties.count else {
            throw StateFault(ServiceSection.properties, "a property has no clock")
        }
        try producers.restore(from: snapshot)
        journal.resume(behind: snapshot.position)
    }
}

extension Snapshot {
    /// The elements of a section, which have a known size.
    @_lifetime(borrow self)
    func elements(_ id: UInt32, of byteCount: Int) throws(StateFault) -> RawSpan {
        guard let section = section(id) else { throw StateFault(id, "it is missing") }
        guard section.elementBytes == byteCount else {
            throw StateFault(id, "its elements have \(section.elementBytes) bytes")
        }
        return section.bytes
    }
}

extension ProducerTable {
    func save(to draft: inout SnapshotDraft) {
        draft.beginSection(ServiceSection.producers, elementBytes: 32)
        forEachOldestFirst { record in
            var element = ByteWriter(capacity: 32)
            element.append(record.producer.rawValue)
            element.append(record.highest)
            element.append(record.floor)
            element.append(UInt32(record.kept.count))
            element.append(0 as UInt32)
            draft.append(copying: element.bytes)
        }
        draft.beginSection(ServiceSection.replies, elementBytes: 24)
        forEachOldestFirst { record in
            for reply in record.kept {
                var element = ByteWriter(capacity: 24)
                element.append(reply.sequence)
                element.append(UInt32(reply.fingerprint.bodyBytes))
                element.append(reply.fingerprint.bodyChecksum)
                element.append(reply.fingerprint.property.rawValue)
                element.append(UInt32(reply.frameBytes))
                draft.append(copying: element.bytes)
            }
        }
        draft.beginSection(ServiceSection.frames, elementBytes: 1)
        forEachOldestFirst { record in
            for reply in record.kept {
                // The core keeps the reply until it changes, and the draft is good no longer.
                reply.withFrame { frame in
                    unsafe frame.withUnsafeBytes { unsafe draft.append($0) }
                }
            }
        }
    }

    mutating func restore(from snapshot: borrowing Snapshot) throws(StateFault) {
        let producers = try snapshot.elements(ServiceSection.producers, of: 32)
        let replies = try snapshot.elements(ServiceSection.replies, of: 24)
        let frames = try snapshot.elements(ServiceSection.frames, of: 1)
        var (reply, frame) = (0, 0)
        for row in 0..<producers.byteCount / 32 {
            let producer = ProducerID(producers.integer(at: 32 * row))
            let highest = producers.integer(at: 32 * row + 8, as: UInt64.self)
            let floor = producers.integer(at: 32 * row + 16, as: UInt64.self)
            let end = reply + Int(producers.integer(at: 32 * row + 24, as: UInt32.self))
            guard end <= replies.byteCount / 24, add(producer, highest: highest, floor: floor)
            else {
                throw StateFault(
                    ServiceSection.producers,
                    "producer \(producer.rawValue) is there twice, or lacks replies")
            }
            while reply < end {
                let sequence = replies.integer(at: 24 * reply, as: UInt64.self)
                let fingerprint = BatchFingerprint(
                    bodyBytes: Int(replies.integer(at: 24 * reply + 8, as: UInt32.self)),
                    bodyChecksum: replies.integer(at: 24 * reply + 12),
                    property: PropertyID(replies.integer(at: 24 * reply + 16, as: UInt32.self)))
                let size = Int(replies.integer(at: 24 * reply + 20, as: UInt32.self))
                guard size >= MessageHeader.byteCount, size <= frames.byteCount - frame,
                    keep(
                        KeptReply(
                            sequence: sequence, fingerprint: fingerprint,
                            frame: frames.extracting(frame..<frame + size)), of: producer)
                else {
                    throw StateFault(
                        ServiceSection.replies,
                        "a reply to producer \(producer.rawValue) is not in its window")
                }
                reply += 1
                frame += size
            }
        }
        guard reply == replies.byteCount / 24, frame == frames.byteCount else {
            throw StateFault(ServiceSection.replies, "there are replies of no producer")
        }
    }
}
