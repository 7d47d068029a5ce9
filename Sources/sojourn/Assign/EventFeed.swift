import Dispatch
import Foundation
import SojournClient
import SojournInput
import SojournWire
import Synchronization

/// Reads events on a thread of its own, where it may block, and sends them in batches, in order.
///
/// The thread is at most `depth` batches ahead of whoever takes their answers.
final class EventFeed: Sendable {
    /// Bad lines that come out; further ones are only counted.
    static let badLinesShown = 20

    /// What comes out, in the order of the input.
    enum Item: Sendable {
        case portion(Portion)
        /// A line that is no event, or none that can be sent: which, and why.
        case bad(String)
        /// The input has ended; there may be something to say about it.
        case end(warning: String?)
    }

    /// A batch on its way, and the events that it was made of.
    struct Portion: Sendable {
        let pending: PendingAnswer
        let events: [InputEvent]
        /// It was not sent because it was full, but because it was time.
        fileprivate let isEarly: Bool
    }

    private struct Draft: ~Copyable {
        var batch: Batch
        var events: [InputEvent] = []
        var firstEventTime: ContinuousClock.Instant?
    }

    let items: AsyncThrowingStream<Item, any Error>
    private let output: AsyncThrowingStream<Item, any Error>.Continuation
    private let client: SojournClient
    private let property: PropertyID
    private let batchEvents: Int
    private let draft: Mutex<Draft>
    /// Batches that may still be sent before an answer is taken.
    private let room = DispatchSemaphore(value: 0)
    private let isStopped = Atomic(false)
    private let consumed = Atomic(0)
    private let bad = Atomic(0)

    init(client: SojournClient, property: PropertyID, batchEvents: Int, depth: Int) {
        self.client = client
        self.property = property
        self.batchEvents = min(batchEvents, client.server.limits.events)
        draft = Mutex(Draft(batch: client.makeBatch()))
        (items, output) = AsyncThrowingStream.makeStream()
        // Counted up from 0: a semaphore must not end below the value that it began with.
        for _ in 0..<depth { room.signal() }
    }

    /// Starts the thread. `items` has what it finds.
    func start(reading reader: consuming EventReader) {
        let reader = Handover(reader)
        let thread = Thread { [self] in
            do {
                var reader = reader.take()
                try run(&reader)
                output.yield(.end(warning: reader.warning))
                output.finish()
            } catch {
                output.finish(throwing: error)
            }
        }
        thread.name = "sojourn-input"
        thread.start()
    }

    /// Bytes of the input that were used so far.
    var consumedBytes: Int { consumed.load(ordering: .relaxed) }

    /// Lines so far that were no events.
    var badLines: Int { bad.load(ordering: .relaxed) }

    /// Whoever takes the items is done with this one: there is room for another.
    func finished(_ portion: Portion) {
        if !portion.isEarly { room.signal() }
    }

    /// The thread ends at the next event.
    func stop() {
        isStopped.store(true, ordering: .relaxed)
        room.signal()
    }

    /// Sends what has been waiting for longer than this, so that a slow input is answered soon.
    func sendWhatWaits(longerThan delay: Duration) throws(SojournError) {
        try draft.withLock { (draft) throws(SojournError) in
            if let time = draft.firstEventTime, .now - time >= delay {
                try send(&draft, isEarly: true)
            }
        }
    }

    // MARK: The thread

    private func run(_ reader: inout EventReader) throws {
        while let record = try reader.next() {
            if isStopped.load(ordering: .relaxed) { return }
            switch record {
            case .event(let event): try add(event)
            case .bad(let line): count(bad: "\(line)")
            }
            consumed.store(reader.consumedBytes, ordering: .relaxed)
        }
        room.wait()
        try draft.withLock { (draft) throws(SojournError) in try send(&draft) }
    }

    /// Of a file that is all wrong not every line is kept in memory.
    private func count(bad line: String) {
        let count = bad.add(1, ordering: .relaxed).newValue
        if count <= Self.badLinesShown { output.yield(.bad(line)) }
    }

    private func add(_ event: InputEvent) throws {
        var refusal = append(event)
        if refusal == .full {
            room.wait()
            try draft.withLock { (draft) throws(SojournError) in try send(&draft) }
            // Into an empty batch it goes, or into none.
            refusal = append(event)
        }
        if let refusal {
            count(bad: "line \(event.lineNumber): the event cannot be sent: \(refusal.problem)")
        }
    }

    private func append(_ event: InputEvent) -> EventRefusal? {
        draft.withLock { draft in
            if draft.batch.count >= batchEvents { return .full }
            do throws(EventRefusal) { try draft.batch.append(event) } catch { return error }
            draft.events.append(event)
            if draft.events.count == 1 { draft.firstEventTime = .now }
            return nil
        }
    }

    private func send(_ draft: inout Draft, isEarly: Bool = false) throws(SojournError) {
        if draft.batch.isEmpty { return }
        let pending = try client.submit(&draft.batch, property: property)
        output.yield(
            .portion(Portion(pending: pending, events: draft.events, isEarly: isEarly)))
        draft.events.removeAll()
        draft.events.reserveCapacity(batchEvents)
        draft.firstEventTime = nil
    }
}

/// A value on its way to another thread, which takes it once.
final class Handover<Value: ~Copyable & Sendable>: Sendable {
    private let value: Mutex<Value?>

    init(_ value: consuming Value) { self.value = Mutex(value) }

    func take() -> Value {
        guard let value = value.withLock({ $0.take() }) else {
            preconditionFailure("the value was taken before")
        }
        return value
    }
}
