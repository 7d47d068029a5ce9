import Foundation
import Glibc
import SojournTestKit

/// A client of some language, as a process that reads batches and writes answers.
final class ClientProcess {
    private let language: Language
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private let errors = Pipe()
    private var unread = Data()

    /// More than a busy machine needs to start a virtual machine and answer.
    private static let patienceMilliseconds: Int32 = 60_000

    /// - Parameters:
    ///   - producer: who numbers the batches.
    ///   - sequence: number of the first batch that is sent.
    ///   - curveKeys: as a worker takes them; nil for plain text.
    init(
        _ language: Language, endpoint: String, producer: Int, sequence: Int,
        curveKeys: String? = nil
    ) throws {
        self.language = language
        let worker = language.worker
        process.executableURL = worker.program
        process.arguments = worker.arguments + [endpoint, "1", "\(producer)", "\(sequence)"]
        if let curveKeys {
            process.environment = ProcessInfo.processInfo.environment
                .merging(["SOJOURN_CURVE_KEYS": curveKeys]) { $1 }
        }
        process.standardInput = input
        process.standardOutput = output
        process.standardError = errors
        // Who has ended does not read: that is an error of the write, not the end of the tests.
        signal(SIGPIPE, SIG_IGN)
        try process.start()
    }

    deinit { kill() }

    /// Leaves a batch for the client.
    func send(_ batch: [TrafficEvent]) throws {
        let text = batch.map { $0.line + "\n" }.joined() + "\n"
        do { try input.fileHandleForWriting.write(contentsOf: Data(text.utf8)) } catch {
            throw ended()
        }
    }

    /// Waits for the answer to the batch that was sent.
    func answer() throws -> WorkerAnswer {
        var lines: [String] = []
        while true {
            let line = try readLine()
            if line.isEmpty { return try WorkerAnswer(lines) }
            lines.append(line)
        }
    }

    /// Ends the process as a crash would (SIGKILL), and waits until it is gone.
    func kill() {
        guard process.isRunning else { return }
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Lets the client come to its end.
    func finish() throws {
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw ended() }
    }

    private func readLine() throws -> String {
        while true {
            if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                defer { unread.removeSubrange(...end) }
                return String(decoding: unread[..<end], as: UTF8.self)
            }
            let data = try readSome()
            guard !data.isEmpty else { throw ended() }
            unread.append(data)
        }
    }

    private func readSome() throws -> Data {
        let handle = output.fileHandleForReading
        var descriptor = pollfd(fd: handle.fileDescriptor, events: Int16(POLLIN), revents: 0)
        // The pointer is to a variable of this frame.
        guard unsafe poll(&descriptor, 1, Self.patienceMilliseconds) > 0 else {
            throw ClientFault("the \(language) client does not answer")
        }
        return handle.availableData
    }

    private func ended() -> ClientFault {
        process.waitUntilExit()
        let words = String(
            decoding: errors.fileHandleForReading.availableData, as: UTF8.self)
        return ClientFault(
            "the \(language) client ended with status \(process.terminationStatus). Is what it needs "
                + "installed and built? Run Scripts/conformance --setup first. \(words)")
    }
}

/// What a client says of a batch.
struct WorkerAnswer: Equatable {
    struct Assignment: Equatable {
        /// Nil for an event that joined none.
        var session: String?
        var outcome: String
        /// As it stands: session, ordinal, position, outcome.
        var line: String
    }

    struct Revision: Hashable {
        var number: Int
        var from: String
        var into: String
    }

    var assignments: [Assignment] = []
    var revisions: [Revision] = []

    init(_ lines: [String]) throws {
        for line in lines {
            let fields = line.split(separator: "\t").map(String.init)
            switch fields.first {
            case "revision" where fields.count == 5 && fields[4] == "bridge":
                guard let number = Int(fields[1]) else { throw ClientFault(line) }
                revisions.append(Revision(number: number, from: fields[2], into: fields[3]))
            case _? where fields.count == 4 && revisions.isEmpty:
                assignments.append(
                    Assignment(
                        session: fields[0] == "-" ? nil : fields[0], outcome: fields[3],
                        line: line))
            default: throw ClientFault("a client answered: \(line)")
            }
        }
    }
}
