package import Foundation
import Synchronization

/// `sojourn serve` as a process of its own, and what it says, kept in a file.
///
/// Ended by force, if it is not ended before, with the last reference.
package final class ServerProcess: Sendable {
    /// Why a process did not do what a test waited for, with what it said.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String

        package init(_ description: String) { self.description = description }
    }

    /// Beside the program that runs, where the package manager puts both.
    package static let executable: URL = {
        let program = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
        return program.deletingLastPathComponent().appendingPathComponent("sojourn")
    }()

    /// How it ended.
    package enum End: Equatable, Sendable {
        case exited(Int32)
        case signalled(Int32)
    }

    /// More than the tests have open at a time.
    private static let descriptorsMax: Int32 = 1_024

    package let pid: Int32
    package let logPath: String
    /// Where its part of the file begins.
    private let logStart: UInt64
    private let end = Mutex<End?>(nil)

    /// Starts a command; it inherits the environment, and reads nothing.
    ///
    /// - Parameters:
    ///   - command: the program and its arguments; `serve` makes one.
    ///   - logPath: gets output and errors, behind what it has.
    package init(_ command: [String], log logPath: String) throws(Failure) {
        self.logPath = logPath
        logStart = Self.size(of: logPath)
        var actions = unsafe posix_spawn_file_actions_t()
        // Initialised here and destroyed below; the strings live through the calls.
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(
            &actions, 1, logPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // Pipes to other children of the tests would not end while this one has them too.
        for descriptor in 3..<Self.descriptorsMax {
            unsafe posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe command.map { unsafe strdup($0) }
        unsafe arguments.append(nil)
        defer { for row in command.indices { unsafe free(arguments[row]) } }
        var pid: Int32 = 0
        let code = unsafe posix_spawnp(&pid, command[0], &actions, nil, arguments, environ)
        guard code == 0 else {
            throw Failure("cannot start \(command[0]): error \(code)")
        }
        self.pid = pid
    }

    /// Starts a server.
    package convenience init(serve arguments: [String], log: String) throws(Failure) {
        try self.init([Self.executable.path, "serve"] + arguments, log: log)
    }

    deinit {
        if isRunning { kill() }
    }

    /// What it has said so far.
    package var log: String {
        guard let file = FileHandle(forReadingAtPath: logPath) else { return "" }
        defer { _ = try? file.close() }
        _ = try? file.seek(toOffset: logStart)
        let bytes = (try? file.readToEnd()) ?? nil
        return String(decoding: bytes ?? Data(), as: UTF8.self)
    }

    private static func size(of path: String) -> UInt64 {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.size] as? NSNumber)?.uint64Value ?? 0
    }

    // MARK: Its life

    package var isRunning: Bool { reap(wait: false) == nil }

    /// Sends a signal.
    package func signal(_ number: Int32) {
        end.withLock { end in
            // Until it is reaped the number is nobody else's.
            if end == nil { _ = Foundation.kill(pid, number) }
        }
    }

    /// Lets it write to files no more, whatever their size, or lets it again.
    package func mayWrite(_ mayWrite: Bool) throws(Failure) {
        let limit = mayWrite ? "unlimited" : "0"
        let command = ["prlimit", "--pid", "\(pid)", "--fsize=\(limit):unlimited"]
        let change = try ServerProcess(command, log: "/dev/null")
        guard try change.code() == 0 else { throw Failure("prlimit has failed") }
    }

    /// Ends it as a power cut would, but for what the system holds in its memory.
    package func kill() {
        signal(SIGKILL)
        _ = waitForEnd()
    }

    /// Ends it as an operator would.
    package func terminate(by number: Int32 = SIGTERM) -> End {
        signal(number)
        return waitForEnd()
    }

    package func waitForEnd() -> End {
        guard let end = reap(wait: true) else { preconditionFailure("waited in vain") }
        return end
    }

    /// Waits for the end of a process that is to end by itself.
    package func end(within limit: Duration) throws(Failure) -> End {
        let began = ContinuousClock.now
        while isRunning {
            guard .now - began < limit else {
                throw Failure("process \(pid) still runs after \(limit): \(log)")
            }
            usleep(2_000)
        }
        return waitForEnd()
    }

    /// The exit code of a process that is to end by itself.
    package func code() throws(Failure) -> Int32 {
        let end = try end(within: .seconds(60))
        guard case .exited(let code) = end else { throw Failure("it ended with \(end): \(log)") }
        return code
    }

    private func reap(wait: Bool) -> End? {
        end.withLock { end in
            if let end { return end }
            var status: Int32 = 0
            // Filled in when the call says that it is.
            var result: Int32
            repeat {
                result = unsafe waitpid(pid, &status, wait ? 0 : WNOHANG)
            } while result < 0 && errno == EINTR
            guard result == pid else { return nil }
            end = status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .signalled(status & 0x7F)
            return end
        }
    }

    /// Where it listens: the first endpoint; nil while it does not yet.
    package func endpoint() throws(Failure) -> String? {
        let isRunning = isRunning
        let log = log
        if let start = log.range(of: " listens at "),
            let stop = log[start.upperBound...].firstIndex(where: { " ;".contains($0) })
        {
            return String(log[start.upperBound..<stop])
        }
        guard isRunning else {
            throw Failure("the server ended (\(waitForEnd())): \(log)")
        }
        return nil
    }

    /// Waits until it listens.
    @discardableResult
    package func waitUntilListening(
        atMost limit: Duration = .seconds(30)
    ) throws(Failure) -> String {
        let began = ContinuousClock.now
        while true {
            if let endpoint = try endpoint() { return endpoint }
            guard .now - began < limit else {
                throw Failure("the server does not listen after \(limit): \(log)")
            }
            usleep(1_000)
        }
    }
}
