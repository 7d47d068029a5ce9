import Foundation
import Testing

@Suite(.serialized, .timeLimit(.minutes(5))) struct ExitTests {
    @Test(arguments: [
        (["assign", "/no/such/file", "--embedded"], 66, "/no/such/file"),
        (["assign", "/dev/null", "--embedded"], 65, "empty"),
        (["assign", "-", "--embedded", "--out", "/no/such/folder/x"], 73, "/no/such"),
        (["assign", "-", "--embedded", "--timeout", "soon"], 64, "--timeout"),
        (["assign", "-", "--embedded", "--config", "/no/such/file"], 78, "/no/such"),
        (["assign", "-", "--connect", "nonsense"], 64, "nonsense"),
        (["assign", "-", "--timeout", "1m"], 64, "--embedded"),
        (["assign", "-", "--embedded", "--connect", "tcp://127.0.0.1:1"], 64, "--connect"),
        (["assign", "-", "--embedded", "--batch", "0"], 64, "--batch"),
        (["assign"], 64, "file"),
        (["lookup"], 64, "visitor"),
        (["lookup", "--session", "xyz"], 64, "xyz"),
        (["sample", "--days", "0"], 64, "--days"),
        (["watch", "--interval", "soon"], 64, "--interval"),
        (["watch", "--count", "0"], 64, "--count"),
        (["watch", "--connect", "ipc:///tmp/sojourn-nobody-listens-here"], 69, "sojourn serve"),
        (["vectors", "--check", "/no/such/folder"], 66, "/no/such"),
        (["nonsense"], 64, "nonsense"),
    ]) func `a failure has its code and a sentence`(
        arguments: [String], status: Int32, word: String
    ) async throws {
        let run = try await CommandRun.sojourn(
            arguments: arguments, input: "time_ms,visitor,kind\n0,anna,view\n")
        #expect(run.status == status)
        #expect(run.errors.contains(word))
        #expect(run.output.isEmpty)
    }

    @Test func `a service that is not there is named, with what to do`() async throws {
        let run = try await CommandRun.sojourn(
            "status", "--connect", "ipc:///tmp/sojourn-nobody-listens-here")
        #expect(run.status == 69)
        #expect(run.errorLines.count == 1)
        #expect(run.errors.contains("sojourn serve"))
    }

    @Test func `vectors are checked`() async throws {
        let folder = Place.package.appendingPathComponent("proto-spec/vectors").path
        let run = try await CommandRun.sojourn("vectors", "--check", folder)
        #expect(run.status == 0)
        #expect(run.output.contains("0 failed"))
    }

    @Test func `vectors that fail are an exit code`() async throws {
        let folder = try TemporaryFolder()
        try folder.file("a.json", "{")
        let run = try await CommandRun.sojourn("vectors", "--check", folder.url.path)
        #expect(run.status == 1)
        #expect(run.output.contains("a.json"))
    }

    @Test func `the version is told`() async throws {
        #expect(try await CommandRun.sojourn("--version").output == "0.1.0\n")
    }

    @Test func `a sample is the same for the same seed`() async throws {
        let one = try await CommandRun.sojourn("sample", "--seed", "7", "--visitors", "20")
        let two = try await CommandRun.sojourn("sample", "--seed", "7", "--visitors", "20")
        let other = try await CommandRun.sojourn("sample", "--seed", "8", "--visitors", "20")
        #expect(one.status == 0)
        #expect(one.lines.count > 20)
        #expect(one.output == two.output)
        #expect(one.output != other.output)
    }
}
