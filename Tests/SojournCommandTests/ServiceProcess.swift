import Foundation
import SojournTestKit

/// `sojourn serve`, or another of its servers, as a process that ends with this object.
final class ServiceProcess: Sendable {
    /// Where clients find it.
    let endpoint: String
    private let process: Process

    /// - Parameters:
    ///   - folder: where the socket is; kept for as long as the process runs.
    ///   - arguments: of `sojourn`, without `--listen`.
    init(in folder: TemporaryFolder, socket: String = "s", _ arguments: [String] = ["serve"]) throws
    {
        endpoint = "ipc://" + folder.path(socket)
        process = Process()
        process.executableURL = CommandRun.executable
        process.arguments = arguments + ["--listen", endpoint]
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.start()
    }

    /// Ends it as an operator does, and waits for that.
    func stop() {
        process.terminate()
        process.waitUntilExit()
    }

    deinit { stop() }
}
