import Foundation
import SojournTestKit

/// What a person with a browser and a keyboard finds on a page: `Browser/browse.py` looks.
struct Browser: Decodable {
    struct Keyboard: Decodable {
        /// Links, buttons and fields that can be seen.
        var usable: Int
        /// Where the Tab key comes first.
        var first: String?
        /// Where it never comes.
        var missed: [String]
        var withoutFocusRing: [String]
    }

    /// The colour of the page before and after the key that changes it, and after a reload.
    struct Theme: Decodable {
        var before: String
        var after: String
        var kept: String
    }

    var title: String
    var text: String
    var tiles: [String: String]
    /// Cells of the rows of each table, by the id of its section.
    var tables: [String: [[String]]]
    var live: [String: String]
    /// Fields without a label.
    var unnamed: Int
    var headings: [String]
    var keyboard: Keyboard
    var theme: Theme
    /// How wide the page is on a phone of 390 points.
    var phoneWidth: Int
    var requests: [String]
    /// Errors of the console, of loading, of the security policy.
    var complaints: [String]

    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Browser/browse.py").path

    /// Waits on a thread of its own: the port that the browser asks needs those of Swift's tasks.
    ///
    /// - Parameter name: of the folder beside the tests' program that gets the pictures.
    static func look(at url: String, name: String) async throws -> Browser {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try wait(url, name) })
            }
        }
    }

    private static func wait(_ url: String, _ name: String) throws -> Browser {
        let folder = ServerProcess.executable.deletingLastPathComponent()
            .appendingPathComponent("screenshots/\(name)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", script, url, folder.path]
        let output = Pipe()
        process.standardOutput = output
        try process.start()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw ServerProcess.Failure("browse.py ended with \(process.terminationStatus)")
        }
        return try JSONDecoder().decode(Browser.self, from: bytes)
    }
}
