public import SojournModel
import SojournWire
import Synchronization
import ZeroMQ

/// A client of a Sojourn service: events go in, and the session that each belongs to comes out.
///
///     let client = try await SojournClient.connect(to: "tcp://127.0.0.1:5571")
///     let answer = try await client.assign(
///         [Event(visitor: "anna", kind: .view, name: "/home")], property: 1)
///     for assignment in answer.assignments {
///         print(assignment.session, assignment.position, assignment.outcome)
///     }
///     await client.close()
///
/// **One client for the whole program** is enough: it may be used from any number of tasks at once.
/// It keeps one connection and has many requests in flight on it, as many as the server allows;
/// further calls wait for their turn, in the order in which they came.
///
/// **Retries are automatic and safe.** Batches are numbered. When no answer comes in time, the same
/// message is sent again over a new connection, to the next of the endpoints where there are several,
/// and the server applies it once and answers the same. Where a server says that it is overloaded or
/// about to stop, the client waits as long as it was asked to.
///
/// **Failures** are `SojournError`s. After the last attempt the outcome of a batch may be unknown:
/// then, and only then, `SojournError.mayHaveBeenApplied` is true. Cancelling a task ends its call at
/// once with `CancellationError`; what was sent is not called back.
public final class SojournClient: Sendable {
    let courier: Courier
    /// A batch for the next `assign`, so that its storage is allocated once.
    private let spare = Mutex<Batch?>(nil)

    private init(courier: Courier) {
        self.courier = courier
    }

    deinit { courier.close() }

    // MARK: Connecting

    /// Connects to a service and greets it.
    ///
    /// - Parameter endpoint: `tcp://host:port` or `ipc:///path`.
    /// - Throws: `SojournError`: `.unreachable`, `.wrongDeployment`, `.unsupportedVersion`,
    ///   `.invalidArgument`, `.transport` or `.refused`.
    public static func connect(
        to endpoint: String, options: Options = Options()
    ) async throws -> SojournClient {
        try await connect(to: [endpoint], options: options)
    }

    /// Connects to the first of several servers of one deployment that answers, and goes on to the
    /// next when that one fails.
    public static func connect(
        to endpoints: [String], options: Options = Options()
    ) async throws -> SojournClient {
        try options.check(endpoints: endpoints)
        let courier: Courier
        do throws(ZeroMQError) {
            courier = try Courier(endpoints: endpoints, options: options)
        } catch {
            throw SojournError(.transport, "cannot \(error)", cause: error)
        }
        let client = SojournClient(courier: courier)
        do {
            try await withTaskCancellationHandler {
                try await courier.welcome.value
            } onCancel: {
                courier.welcome.keep(.failure(CancellationError()))
            }
        } catch {
            await client.close()
            throw error
        }
        return client
    }

    /// Ends the connection. Calls that are not answered yet fail with `.closed`, which says whether
    /// their events may have been applied; so do all later ones. May be called more than once.
    public func close() async {
        courier.close()
        do { try await courier.end.value } catch { preconditionFailure("the end has no error") }
    }

    /// What the server said of itself when it was last greeted.
    public var server: ServerInfo {
        guard let server = courier.report.withLock({ $0.server }) else {
            preconditionFailure("a client is made after the first greeting")
        }
        return server
    }

    /// Retries, reconnections and the like so far.
    public var statistics: Statistics { courier.report.withLock { $0.statistics } }

    // MARK: Assigning

    /// Assigns events to sessions.
    ///
    /// The batch is atomic: it is applied as a whole or not at all. Of one client, batches reach the
    /// server in the order of the calls.
    ///
    /// - Parameters:
    ///   - events: one or more, in any order; at most what `server.limits` says.
    ///   - property: the site or app whose policy applies.
    /// - Returns: an assignment for each event, in the order of the events, and the revisions that
    ///   the batch brought about.
    /// - Throws: `SojournError`, or `CancellationError`.
    public func assign(
        _ events: [Event], property: PropertyID = .default
    ) async throws -> Answer {
        try Task.checkCancellation()
        return try await submit(events, property: property).answer
    }

    /// Assigns the events of a batch to sessions and empties the batch.
    public func assign(
        _ batch: inout Batch, property: PropertyID = .default
    ) async throws -> Answer {
        try Task.checkCancellation()
        return try await submit(&batch, property: property).answer
    }

    /// A batch with the limits of the server.
    public func makeBatch() -> Batch { Batch(limits: server.limits.ofBatch) }

    /// Sends a batch without waiting for the answer, and empties it: so that the next one can be
    /// filled while this one is under way.
    ///
    /// Never blocks. What is beyond the server's credit waits in the client's memory, so await
    /// earlier answers before there are too many.
    ///
    /// - Throws: `.emptyBatch` or `.closed`.
    public func submit(
        _ batch: inout Batch, property: PropertyID = .default
    ) throws(SojournError) -> PendingAnswer {
        let count = batch.count
        guard count > 0 else {
            throw SojournError(.emptyBatch, "there are no events in the batch")
        }
        let deadline = ContinuousClock.now + courier.options.timeout
        let call = batch.encode(property: property, deadline: courier.options.attemptTimeout) {
            Call(.assign, frame: $0, deadline: deadline)
        }
        let id = try courier.submit(call)
        return PendingAnswer(client: self, call: call, id: id, eventCount: count)
    }

    private func submit(
        _ events: [Event], property: PropertyID
    ) throws(SojournError) -> PendingAnswer {
        let limits = server.limits.ofBatch
        guard events.count <= limits.events else {
            throw SojournError(
                .batchTooLarge,
                "\(events.count) events are more than the \(limits.events) of a batch")
        }
        var batch = spare.withLock { $0.take() } ?? Batch(limits: limits)
        // The next server may have other limits than the one before.
        if batch.builder.limits != limits { batch = Batch(limits: limits) }
        do throws(SojournError) {
            for event in events { try batch.append(event) }
            let pending = try submit(&batch, property: property)
            keep(batch)
            return pending
        } catch {
            batch.removeAll()
            keep(batch)
            throw error
        }
    }

    private func keep(_ batch: consuming Batch) {
        var batch = Optional(batch)
        spare.withLock { $0 = batch.take() }
    }
}
