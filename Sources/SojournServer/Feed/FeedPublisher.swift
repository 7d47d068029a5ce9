import SojournModel
import ZeroMQ

/// The thread that publishes the feed. It has the socket, and whatever readers do, the service's thread never
/// waits for them.
///
///     service's thread -- parcels ---> [feed's thread] -- messages -------> readers
///           ^-------- what is read ------'   ^------- subscriptions ----------'
final class FeedPublisher: Sendable {
    let board: FeedBoard
    private let thread: ServerThread

    /// Listens when this returns.
    init(
        _ settings: FeedSettings, _ configuration: ServerConfiguration, in context: Context,
        _ state: ServerState
    ) throws(ServerError) {
        let board: FeedBoard
        do { board = try FeedBoard(bytesMax: settings.queueBytesMax) } catch {
            throw ServerError(error)
        }
        self.board = board
        thread = try ServerThread("sojourn-feed") { listening throws(ServerError) in
            let loop = try FeedLoop.start(settings, configuration, context, board, state)
            listening(loop.listeners)
            do throws(ZeroMQError) { try loop.run() } catch { state.fail("\(error)") }
        }
    }

    /// Where it is, wildcards resolved.
    var endpoints: [String] { thread.endpoints }

    /// Publishes what it was given, and ends.
    func stop() {
        board.stop()
        thread.wait()
    }
}
