import Foundation
import SojournTestKit

/// The built command, run as a process.
///
/// Suites that start processes, or servers and clients, run their tests one after the other: with
/// more than some 1,300 descriptors open, Foundation's `Process.run` reads beyond the end of a
/// buffer (seen with Swift 6.3.1 on Linux).
struct CommandRun: Sendable {
    var status: Int32
    var output: String
    var errors: String

    /// Without the last, which is empty behind the last line end.
    var lines: [String] { output.split(separator: "\n").map(String.init) }
    var errorLines: [String] { errors.split(separator: "\n").map(String.init) }

    /// Beside the test bundle, where the package manager puts both.
    static let executable: URL = {
        let bundle = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
        return bundle.deletingLastPathComponent().appendingPathComponent("sojourn")
    }()

    /// Runs `sojourn` to its end.
    static func sojourn(_ arguments: String..., input: String = "") async throws -> CommandRun {
        try await run(executable, arguments, input: input)
    }

    static func sojourn(arguments: [String], input: String = "") async throws -> CommandRun {
        try await run(executable, arguments, input: input)
    }

    /// Runs a line of bash, in which `$SOJOURN` is the command.
    static func bash(_ line: String) async throws -> CommandRun {
        try await run(URL(fileURLWithPath: "/bin/bash"), ["-c", line], input: "")
    }

    private static func run(
        _ executable: URL, _ arguments: [String], input: String
    ) async throws -> CommandRun {
        let folder = try TemporaryFolder()
        // Files rather than pipes: nothing fills up, however much is written.
        let inputFile = try folder.file("input", input)
        let outputFile = try folder.file("output", "")
        let errorFile = try folder.file("errors", "")
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment
            .merging(["SOJOURN": Self.executable.path]) { $1 }
        process.standardInput = try FileHandle(forReadingFrom: inputFile)
        process.standardOutput = try FileHandle(forWritingTo: outputFile)
        process.standardError = try FileHandle(forWritingTo: errorFile)
        try await process.runToEnd()
        return CommandRun(
            status: process.terminationStatus,
            output: try String(contentsOf: outputFile, encoding: .utf8),
            errors: try String(contentsOf: errorFile, encoding: .utf8))
    }
}

extension Process {
    /// Runs without blocking a thread that tasks share.
    func runToEnd() async throws {
        try await withCheckedThrowingContinuation {
            (continuation: CheckedContinuation<Void, any Error>) in
            terminationHandler = { _ in continuation.resume() }
            do { try start() } catch {
                terminationHandler = nil
                continuation.resume(throwing: error)
            }
        }
    }
}

/// A folder that is gone with the test that made it.
final class TemporaryFolder: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory
            .appendingPathComponent("sojourn-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { _ = try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appendingPathComponent(name).path }

    /// Writes a file.
    @discardableResult func file(_ name: String, _ text: String) throws -> URL {
        let file = url.appendingPathComponent(name)
        try Data(text.utf8).write(to: file)
        return file
    }
}

/// Places in the package and beside it.
enum Place {
    static let package = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    static let sample = package.appendingPathComponent("Scripts/sample.csv").path
    /// Real inputs, where they are there.
    static let real = package.appendingPathComponent("../shared/data/real").standardizedFileURL
    static var hasReal: Bool { FileManager.default.fileExists(atPath: real.path) }
}
