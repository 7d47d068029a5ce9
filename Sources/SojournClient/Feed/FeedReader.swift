import Foundation
import SojournModel
import SojournWire
import Synchronization
import ZeroMQ

/// What stands between the task that reads a feed and the thread that owns the socket.
final class FeedReader: Sendable {
    /// Messages that wait to be taken; while there are so many, none are received.
    private static let messagesMax = 64
    private static let silenceMax = Duration.seconds(3)
    /// More than any message that a server makes: it closes one that has 256 KiB of sessions.
    private static let messageBytesMax = 16 << 20

    private struct Box {
        var messages = Queue<SojournFeed.Message>()
        var waiter: Promise<Void>?
        var failure: SojournError?
        var isClosed = false
        var heard: [PropertyID: ContinuousClock.Instant] = [:]
    }

    private let box = Mutex(Box())
    private let wakeUp: WakeUp
    private let deployment: DeploymentID?

    init(
        _ endpoints: [String], _ properties: [PropertyID], _ options: SojournFeed.Options
    ) throws(ZeroMQError) {
        wakeUp = try WakeUp()
        deployment = options.deployment
        let socket = try Socket(.sub, in: Context())
        try socket.set(
            .maxMessageBytes(Self.messageBytesMax), .reconnectIntervalMax(milliseconds: 1_000))
        if let curve = options.curve { try socket.set(curve.option) }
        for property in properties {
            try socket.subscribe(prefix: FeedTopic(property).bytes.span)
        }
        for endpoint in endpoints { try socket.connect(endpoint) }
        start(socket, serversMax: endpoints.count)
    }

    /// Moves the socket to its thread, which alone uses it from here on.
    private func start(_ socket: consuming sending Socket, serversMax: Int) {
        let handOver = Mutex<Socket?>(socket)
        let thread = Thread { [self] in
            guard let socket = handOver.withLock({ $0.take() }) else { return }
            run(socket, FeedTracker(serversMax: serversMax))
        }
        thread.name = "sojourn-feed-reader"
        thread.start()
    }

    // MARK: The task's side

    func next() async throws -> SojournFeed.Message? {
        while true {
            try Task.checkCancellation()
            let promise = Promise<Void>()
            let (message, failure, isOver) = box.withLock { box in
                let message = box.messages.popFirst()
                let isOver = box.isClosed || box.failure != nil
                if message == nil, !isOver { box.waiter = promise }
                return (message, box.failure, isOver)
            }
            if let message {
                // There may be room again.
                wakeUp.signal()
                return message
            }
            if let failure { throw failure }
            if isOver { return nil }
            try await withTaskCancellationHandler {
                try await promise.value
            } onCancel: {
                _ = promise.keep(.failure(CancellationError()))
            }
        }
    }

    func isHeard(_ property: PropertyID) -> Bool {
        box.withLock { box in
            box.heard[property].map { .now - $0 < Self.silenceMax } ?? false
        }
    }

    func close() {
        change { $0.isClosed = true }
        wakeUp.signal()
    }

    private func change(_ body: (inout Box) -> Void) {
        let waiter = box.withLock { box in
            body(&box)
            return box.waiter.take()
        }
        _ = waiter?.keep(.success(()))
    }

    // MARK: The thread's side

    private func run(_ socket: consuming Socket, _ tracker: consuming FeedTracker) {
        do throws(ZeroMQError) {
            var message = Message()
            var poller = Poller()
            poller.add(wakeUp)
            let incoming = poller.add(socket)
            while true {
                let (isOver, isFull) = box.withLock { box in
                    (
                        box.isClosed || box.failure != nil,
                        box.messages.count >= Self.messagesMax
                    )
                }
                if isOver { return }
                poller.setInterest(isFull ? [] : .readable, at: incoming)
                _ = try poller.wait(timeoutMilliseconds: nil)
                wakeUp.drain()
                if !isFull, try socket.receive(into: &message, wait: false) {
                    take(message, &tracker)
                }
            }
        } catch {
            let failure = SojournError(.transport, "cannot \(error)", cause: error)
            change { $0.failure = failure }
        }
    }

    private func take(_ bytes: borrowing Message, _ tracker: inout FeedTracker) {
        if bytes.hasMore {
            return fail(.malformedReply, "a message of the feed has more than one frame")
        }
        let message: FeedMessage
        do throws(WireError) {
            let (decoded, tag) = try FeedMessage.decode(bytes.bytes)
            if let deployment, deployment.tag != tag {
                return fail(.wrongDeployment, "the feed is of another deployment")
            }
            message = decoded
        } catch { return fail(.malformedReply, "a message of the feed is wrong: \(error)") }
        let isGap = tracker.isGap(before: message)
        change { box in
            box.heard[message.property] = .now
            guard isGap || !message.entries.isEmpty else { return }
            box.messages.append(
                SojournFeed.Message(
                    property: message.property, isGapBefore: isGap,
                    entries: message.entries.map(FeedPage.Entry.init),
                    firstPartition: Int(message.firstPartition), place: message.place))
        }
    }

    private func fail(_ code: SojournError.Code, _ text: String) {
        change { $0.failure = SojournError(code, text) }
    }
}
