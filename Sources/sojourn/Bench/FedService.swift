import Foundation
import SojournModel
import SojournWire
import Synchronization
import ZeroMQ

/// The same service twice, with a feed that one reader takes and without, for `sojourn bench service --feed`.
struct FedService: ~Copyable {
    private let bench: ServiceBench
    private let directory: URL
    private var without: ServiceSide
    private var with: ServiceSide
    private let reader: FeedCount

    /// Starts both servers and the reader, and lets all visitors come once.
    static func start(
        _ bench: ServiceBench, in directory: URL, _ context: Context
    ) throws -> FedService {
        let data = try bench.dataDirectory("feed", in: directory)
        let feed = "ipc://\(directory.path)/feed"
        let reader = try FeedCount(feed, in: context)
        return FedService(
            bench, data,
            try ServiceSide.start(
                "feed-off", ["--archive", "off"], bench, data, directory, context),
            try ServiceSide.start(
                "feed-on", ["--archive", "off", "--feed", feed], bench, data, directory, context),
            reader)
    }

    private init(
        _ bench: ServiceBench, _ directory: URL, _ without: consuming ServiceSide,
        _ with: consuming ServiceSide, _ reader: FeedCount
    ) {
        self.bench = bench
        self.directory = directory
        self.without = without
        self.with = with
        self.reader = reader
    }

    /// Both sides in turns.
    mutating func run() throws {
        _ = try with.load.run(seconds: 0.5)
        _ = try without.load.run(seconds: 0.5)
        for _ in 0..<bench.rounds {
            try without.run(seconds: bench.seconds)
            try with.run(seconds: bench.seconds)
        }
    }

    mutating func report() throws -> Figures {
        var figures = Figures()
        with.compare(with: without, "feed", bench, &figures)
        for name in ["entries", "messages", "messages_unread", "lost_bytes"] {
            let count = Int(try with.load.gauge("feed_\(name)_total"))
            figures.add("feed_\(name)", Double(count), HumanText.count(count))
        }
        let received = reader.received
        figures.add(
            "feed_received", Double(received.messages),
            "\(HumanText.count(received.messages)) messages of "
                + "\((Double(received.bytes) / 1e6).fixed(0)) MB")
        return figures
    }

    func stop() {
        without.server.stop()
        with.server.stop()
        reader.stop()
        try? FileManager.default.removeItem(at: directory)
    }
}

/// A reader of a feed that counts what comes, on a thread of its own.
private final class FeedCount: Sendable {
    private struct State {
        var messages = 0
        var bytes = 0
        var isStopping = false
    }

    private let state = Mutex(State())
    private let ended = DispatchGroup()

    init(_ endpoint: String, in context: Context) throws {
        let socket = try Socket(.sub, in: context)
        try socket.set(.receiveTimeout(milliseconds: 100))
        try socket.subscribe(prefix: FeedTopic(PropertyID(rawValue: 1)).bytes.span)
        try socket.connect(endpoint)
        run(socket)
    }

    /// Moves the socket to its thread, which alone uses it from here on.
    private func run(_ socket: consuming sending Socket) {
        let handOver = Mutex<Socket?>(socket)
        ended.enter()
        Thread.detachNewThread { [self] in
            if let socket = handOver.withLock({ $0.take() }) { count(socket) }
            ended.leave()
        }
    }

    private func count(_ socket: borrowing Socket) {
        var message = Message()
        while !state.withLock({ $0.isStopping }) {
            do throws(ZeroMQError) {
                guard try socket.receive(into: &message) else { continue }
                state.withLock {
                    $0.messages += 1
                    $0.bytes += message.byteCount
                }
            } catch {
                Console.standardError.say("the feed cannot be read: \(error)")
                return
            }
        }
    }

    var received: (messages: Int, bytes: Int) { state.withLock { ($0.messages, $0.bytes) } }

    func stop() {
        state.withLock { $0.isStopping = true }
        ended.wait()
    }
}
