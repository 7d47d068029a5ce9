import Foundation
import SojournModel
import SojournWire
import Synchronization
import ZeroMQ

/// What stands between the tasks that call and the one thread that owns the socket: a mailbox.
///
/// A task leaves a `Call` and awaits its promise; the thread keeps it. Nobody waits for a lock for
/// longer than it takes to append to an array.
final class Courier: Sendable {
    enum Command {
        case submit(UInt64, Call)
        case abandon(UInt64)
        case close
    }

    private struct Inbox {
        var commands: [Command] = []
        var lastID: UInt64 = 0
        var isClosed = false
    }

    /// What the thread tells whoever asks.
    struct Report: Sendable {
        var server: ServerInfo?
        var statistics = SojournClient.Statistics()
    }

    let options: SojournClient.Options
    /// Kept when the first server was greeted, or will not be.
    let welcome = Promise<Void>()
    /// Kept when the thread has closed its socket.
    let end = Promise<Void>()
    let report = Mutex(Report())
    private let inbox = Mutex(Inbox())
    private let wakeUp: WakeUp

    /// Starts the thread, which begins to connect.
    init(
        endpoints: [String], options: SojournClient.Options
    ) throws(ZeroMQError) {
        self.options = options
        let wakeUp = try WakeUp()
        self.wakeUp = wakeUp
        let context = try Context()
        let thread = Thread { [self] in
            var loop = CourierLoop(
                courier: self, context: context, wakeUp: wakeUp, endpoints: endpoints)
            loop.run()
            loop.end()
        }
        thread.name = "sojourn-client"
        thread.start()
    }

    /// Leaves a call in the mailbox. Calls go out in the order in which they are left.
    ///
    /// - Returns: the id by which it can be abandoned.
    func submit(_ call: Call) throws(SojournError) -> UInt64 {
        let id: UInt64? = inbox.withLock { inbox in
            if inbox.isClosed { return nil }
            inbox.lastID += 1
            inbox.commands.append(.submit(inbox.lastID, call))
            return inbox.lastID
        }
        guard let id else { throw SojournError(.closed, "the client is closed") }
        wakeUp.signal()
        return id
    }

    /// Waits for the reply to a call. Cancellation ends the wait at once.
    func reply(to call: Call, _ id: UInt64) async throws -> ReplyFrame {
        try await withTaskCancellationHandler {
            try await call.reply.value
        } onCancel: {
            abandon(call, id)
        }
    }

    /// Whoever waits for the call stops waiting.
    func abandon(_ call: Call, _ id: UInt64) {
        if call.reply.keep(.failure(CancellationError())) { post(.abandon(id)) }
    }

    /// From now on nothing is taken, and what is there fails.
    func close() {
        let isFirst = inbox.withLock { inbox in
            defer { inbox.isClosed = true }
            return !inbox.isClosed
        }
        if isFirst { post(.close) }
    }

    var isClosed: Bool { inbox.withLock { $0.isClosed } }

    /// For the thread: what has been left since it asked last.
    func takeCommands() -> [Command] {
        inbox.withLock { inbox in
            defer { inbox.commands.removeAll() }
            return inbox.commands
        }
    }

    private func post(_ command: Command) {
        inbox.withLock { $0.commands.append(command) }
        wakeUp.signal()
    }
}
