public import SojournModel
package import SojournWire

/// Events gathered for one request, already in the form in which they are sent.
///
/// For senders of many events: made once and used again and again, it allocates nothing per event,
/// and names and contexts that events share are kept once. `SojournClient.assign(_:)` with an array
/// does the same behind the scenes.
///
///     var batch = client.makeBatch()
///     try batch.append(event)
///     let answer = try await client.assign(&batch, property: 1)     // the batch is empty again
public struct Batch: ~Copyable, Sendable {
    package var builder: BatchBuilder
    private var writer = ByteWriter()

    init(limits: BatchLimits) {
        builder = BatchBuilder(limits: limits)
    }

    /// Events in the batch.
    public var count: Int { builder.count }
    public var isEmpty: Bool { builder.isEmpty }
    /// No further event fits.
    public var isFull: Bool { builder.isFull }

    /// Forgets all events and keeps the storage.
    public mutating func removeAll() { builder.removeAll() }

    /// Adds an event. One that is refused leaves the batch as it was.
    ///
    /// - Throws: `SojournError.batchTooLarge` when the event does not fit any more, and
    ///   `.invalidEvent` when it fits into no batch.
    public mutating func append(_ event: Event) throws(SojournError) {
        let index = count
        do throws(EventRefusal) { try add(event) } catch {
            throw SojournError(error, eventIndex: index)
        }
    }

    mutating func add(_ event: Event) throws(EventRefusal) {
        try builder.add(
            time: event.time.milliseconds, kind: event.kind, visitor: event.visitor,
            name: event.name, context: event.context, value: event.valueMicroUnits,
            eventID: event.id ?? 0)
    }

    /// Adds an event of a visitor whose key is no text, such as the 16 bytes of a UUID.
    public mutating func append(
        visitor: [UInt8], time: EventTime, kind: EventKind, name: String = "",
        context: EventContext? = nil, valueMicroUnits: Int64 = 0, id: UInt64? = nil
    ) throws(SojournError) {
        let index = count
        do throws(EventRefusal) {
            // The bytes of bytes, and of a string, have no invalid patterns.
            try builder.add(
                time: time.milliseconds, kind: kind, visitor: unsafe visitor.span.bytes,
                name: unsafe name.utf8Span.span.bytes, context: context, value: valueMicroUnits,
                eventID: id ?? 0)
        } catch {
            throw SojournError(error, eventIndex: index)
        }
    }

    /// Writes the frame and empties the batch.
    ///
    /// - Precondition: there are events.
    mutating func encode(
        property: PropertyID, deadline: Duration, _ body: (RawSpan) -> Call
    ) -> Call {
        let milliseconds = UInt32(clamping: deadline.wholeMilliseconds)
        builder.encode(
            header: MessageHeader(
                operation: .assign, deadlineMilliseconds: milliseconds, property: property),
            into: &writer)
        builder.removeAll()
        return body(writer.bytes)
    }
}

extension SojournError {
    init(_ refusal: EventRefusal, eventIndex: Int) {
        self.init(
            refusal == .full ? .batchTooLarge : .invalidEvent,
            "event \(eventIndex) cannot be sent: \(refusal.problem)", eventIndex: eventIndex,
            cause: refusal)
    }
}

extension EventRefusal {
    /// What is wrong with the event, as a clause of a sentence.
    package var problem: String {
        switch self {
        case .keyLength(let bytes, let most):
            "its visitor key has \(bytes) bytes; 1 to \(most) are allowed"
        case .textLength(let bytes, let most):
            "a name or attribute of it has \(bytes) bytes; at most \(most) are allowed"
        case .textNotUTF8: "a name or attribute of it is not UTF-8"
        case .timeOutOfRange(let milliseconds):
            "its time is \(milliseconds) ms; times go from 0 up to but without 2^48"
        case .tooLarge: "it does not fit into a message"
        case .full: "the events before it fill a batch; send them first"
        }
    }
}
