import SojournEngine
package import SojournJournal
import SojournModel
import SojournWire

/// Why state cannot be had again from a journal that is whole: a fault of this program, or another
/// secret or limits than those it was written with.
package struct ReplayError: Error, Equatable, CustomStringConvertible {
    package let position: JournalPosition
    package let reason: String

    package var description: String {
        "record \(position) of the journal cannot be replayed: \(reason)"
    }
}

/// Journal and core (journal, "Replay").
extension ServiceCore {
    /// Applies a record as it was applied before, and checks that the reply is the same.
    ///
    /// - Precondition: it is the record behind the last one, and nothing was answered yet.
    package mutating func replay(_ record: borrowing JournalRecord) throws(ReplayError) {
        precondition(record.position == journal.last.next)
        finished.begin(record.position.rawValue)
        let reason: String? =
            switch record.kind {
            case .batch: replayBatch(record.payload)
            case .tick: replayTick(record.payload)
            case .policy: replayPolicy(record.payload)
            case .forget: replayForget(record.payload)
            case .confirmation: nil
            }
        if let reason { throw ReplayError(position: record.position, reason: reason) }
        journal.resume(behind: record.position)
    }

    /// - Returns: what is wrong, or nil.
    private mutating func replayBatch(_ payload: RawSpan) -> String? {
        guard let record = BatchRecord(payload) else { return "it is too short" }
        guard let row = properties.firstIndex(where: { $0.id == record.property }) else {
            return "property \(record.property.rawValue) has no policy"
        }
        // What was taken, was taken: of a part, numbers beyond the window too.
        let verdict =
            record.producer.rawValue != 0
            ? producers.judge(record.producer, record.sequence, record.fingerprint).ofPart : .new
        guard case .new = verdict else { return "its number was used before" }
        do throws(Refusal) {
            try Self.apply(
                payload.extracting(BatchRecord.headBytes...), record, verdict, keys: .hashed,
                configuration.partitions, to: &engine, &properties[row].clock, limits: .full,
                &scratch, &result, &finished)
        } catch { return error.error.message }
        var header = MessageHeader(operation: .assign)
        header.producer = record.producer
        header.sequence = record.sequence
        header.property = record.property
        AssignReply.encode(result, header: replyHeader(header), into: &replayed)
        guard Frame.bodyChecksum(of: replayed.bytes) == record.replyChecksum else {
            return
                "it comes to another reply than the one that was given; is the secret, or a limit "
                + "of the state, another one than it was?"
        }
        if record.producer.rawValue != 0 {
            Self.remember(record, replayed, in: &producers)
        }
        return nil
    }

    private static func remember(
        _ record: BatchRecord, _ reply: borrowing ByteWriter, in producers: inout ProducerTable
    ) {
        producers.remember(
            record.producer, record.sequence, record.fingerprint, reply: reply.bytes)
    }

    private mutating func replayTick(_ payload: RawSpan) -> String? {
        guard let record = TickRecord(payload) else { return "it is not of the right size" }
        guard properties.contains(where: { $0.id == record.property }) else {
            return "property \(record.property.rawValue) has no policy"
        }
        _ = engine.tick(record.property, clock: record.clock, sink: &finished)
        return nil
    }

    private mutating func replayPolicy(_ payload: RawSpan) -> String? {
        guard let record = PolicyRecord(payload) else { return "it is no policy" }
        set(record.policy, of: record.property)
        return nil
    }

    private mutating func replayForget(_ payload: RawSpan) -> String? {
        guard let record = ForgetRecord(payload) else { return "it is not of the right size" }
        guard properties.contains(where: { $0.id == record.property }) else {
            return "property \(record.property.rawValue) has no policy"
        }
        _ = engine.forget(record.visitor, of: record.property)
        finished.forget(record.visitor, of: record.property)
        return nil
    }

    /// Makes the configured properties known, and their policies valid from now on.
    package mutating func adopt() {
        let partition = configuration.partitions.first
        for property in configuration.properties {
            if engine.policy(of: property.id) == property.policy { continue }
            journal.append(.policy) { writer in
                PolicyRecord(partition: partition, property: property.id, policy: property.policy)
                    .write(to: &writer)
            }
            set(property.policy, of: property.id)
        }
    }

    private mutating func set(_ policy: SessionPolicy, of property: PropertyID) {
        if !properties.contains(where: { $0.id == property }) {
            properties.append(ServedProperty(id: property))
        }
        engine.set(policy, of: property)
    }
}
