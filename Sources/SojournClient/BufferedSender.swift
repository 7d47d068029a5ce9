public import SojournModel
import SojournWire

extension SojournClient {
    /// A sender for code that meets events one at a time: it gathers them and sends them together.
    ///
    ///     let sender = client.buffered(property: 1, maxEvents: 1_000, maxDelay: .milliseconds(50))
    ///     let assignment = try await sender.assign(event)      // from any number of tasks
    ///     await sender.close()
    ///
    /// - Parameters:
    ///   - maxEvents: a batch is sent when it has so many events, or is full.
    ///   - maxDelay: a batch is sent this long after its first event at the latest.
    ///   - onRevision: is told of each correction to earlier answers, in the order in which they
    ///     come, on no particular thread.
    public func buffered(
        property: PropertyID = .default, maxEvents: Int = 1_000,
        maxDelay: Duration = .milliseconds(50),
        onRevision: (@Sendable (Revision) -> Void)? = nil
    ) -> BufferedSender {
        BufferedSender(
            client: self, property: property, maxEvents: max(1, maxEvents), maxDelay: maxDelay,
            onRevision: onRevision)
    }
}

/// Gathers single events into batches: see `SojournClient.buffered`.
public actor BufferedSender {
    private let client: SojournClient
    private let property: PropertyID
    private let maxEvents: Int
    private let maxDelay: Duration
    private let onRevision: (@Sendable (Revision) -> Void)?

    private var batch: Batch
    /// One for each event of the batch.
    private var promises: [Promise<Assignment>] = []
    private var timer: Task<Void, Never>?
    /// Which batch is being gathered, counted from 0.
    private var number = 0
    /// Batches that are under way, by number.
    private var deliveries: [Int: Task<Void, Never>] = [:]
    private var isClosed = false

    init(
        client: SojournClient, property: PropertyID, maxEvents: Int, maxDelay: Duration,
        onRevision: (@Sendable (Revision) -> Void)?
    ) {
        self.client = client
        self.property = property
        self.maxEvents = maxEvents
        self.maxDelay = maxDelay
        self.onRevision = onRevision
        batch = client.makeBatch()
    }

    /// Assigns an event to a session, together with others.
    ///
    /// Events go out in the order of the calls. When the task is cancelled its wait ends at once,
    /// but the event stays in its batch.
    ///
    /// - Throws: what happened to its batch, as `SojournError`; or `CancellationError`.
    public func assign(_ event: Event) async throws -> Assignment {
        try Task.checkCancellation()
        if isClosed { throw SojournError(.closed, "the sender is closed") }
        try add(event)
        let promise = Promise<Assignment>()
        promises.append(promise)
        if batch.count >= maxEvents || batch.isFull {
            send()
        } else if promises.count == 1 {
            startTimer()
        }
        return try await withTaskCancellationHandler {
            try await promise.value
        } onCancel: {
            promise.keep(.failure(CancellationError()))
        }
    }

    /// Sends what has been gathered, and returns when all that was sent is answered or has failed.
    public func flush() async {
        send()
        for (_, delivery) in deliveries.sorted(by: { $0.key < $1.key }) { await delivery.value }
    }

    /// Flushes, and takes no further events. The client stays open.
    public func close() async {
        isClosed = true
        await flush()
    }

    private func add(_ event: Event) throws(SojournError) {
        do throws(EventRefusal) {
            do throws(EventRefusal) { try batch.add(event) } catch {
                guard error == .full else { throw error }
                send()
                try batch.add(event)
            }
        } catch {
            throw SojournError(error, eventIndex: 0)
        }
    }

    private func startTimer() {
        let number = number
        let delay = maxDelay
        timer = Task { [weak self] in
            do { try await Task.sleep(for: delay) } catch { return }
            await self?.timeIsUp(number)
        }
    }

    private func timeIsUp(_ number: Int) {
        if number == self.number { send() }
    }

    private func send() {
        guard !promises.isEmpty else { return }
        let promises = promises
        self.promises = []
        timer?.cancel()
        timer = nil
        let number = number
        self.number += 1
        do throws(SojournError) {
            let pending = try client.submit(&batch, property: property)
            // Not a child of the task that happens to call: that one may be cancelled.
            let previous = deliveries[number - 1]
            deliveries[number] = Task {
                await deliver(pending, to: promises, number, after: previous)
            }
        } catch {
            batch.removeAll()
            for promise in promises { promise.keep(.failure(error)) }
        }
    }

    private func deliver(
        _ pending: PendingAnswer, to promises: [Promise<Assignment>], _ number: Int,
        after previous: Task<Void, Never>?
    ) async {
        do {
            let answer = try await pending.answer
            for (promise, assignment) in zip(promises, answer.assignments) {
                promise.keep(.success(assignment))
            }
            if let onRevision {
                // Revisions are told in the order of the batches.
                await previous?.value
                for revision in answer.revisions { onRevision(revision) }
            }
        } catch {
            for promise in promises { promise.keep(.failure(error)) }
        }
        deliveries[number] = nil
    }
}
