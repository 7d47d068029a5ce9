import Foundation
import Testing

/// The commands that talk to a service, with one that runs as a process.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ServiceTests {
    private static let input = """
        time_ms,visitor,kind,page,device,value
        1772409600000,anna,view,/home,mobile,
        1772409660000,anna,conversion,order,mobile,12.50
        1772409600000,b\u{7},view,/x\u{7},mobile,

        """

    @Test func `a file goes through a running service, which then knows the visitors`() async throws
    {
        let folder = try TemporaryFolder()
        let service = try ServiceProcess(in: folder)
        let run = try await CommandRun.sojourn(
            "assign", "-", "--connect", service.endpoint, input: Self.input)
        #expect(run.status == 0)
        let table = CSVTable(run.output)
        #expect(table["position"] == ["1", "2", "1"])

        let text = try await CommandRun.sojourn("lookup", "anna", "--connect", service.endpoint)
        #expect(text.status == 0)
        #expect(text.output.contains(table["session"][0]))
        #expect(text.output.contains("/home"))
        #expect(text.output.contains("12.50"))

        let json = try await CommandRun.sojourn(
            "lookup", "--session", table["session"][0], "--connect", service.endpoint,
            "--output", "json")
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        let session = try #require((object["sessions"] as? [[String: Any]])?.first)
        #expect(session["session"] as? String == table["session"][0])
        #expect(session["events"] as? Int == 2)
        #expect(session["value_micro_units"] as? Int == 12_500_000)
        #expect(
            session["context"] as? [String: String] == ["device": "mobile", "channel": "direct"])

        let strange = try await CommandRun.sojourn(
            "lookup", "b\u{7}", "--connect", service.endpoint)
        #expect(strange.output.contains("/x\\u{7}"))
        #expect(!strange.output.contains("\u{7}"))

        let nobody = try await CommandRun.sojourn("lookup", "zoe", "--connect", service.endpoint)
        #expect(nobody.status == 0)
        #expect(nobody.output.contains("no unfinished sessions"))
    }

    @Test func `the status of a service is shown`() async throws {
        let folder = try TemporaryFolder()
        let service = try ServiceProcess(in: folder)
        let text = try await CommandRun.sojourn("status", "--connect", service.endpoint)
        #expect(text.status == 0)
        #expect(text.lines[0].contains(service.endpoint))
        let json = try await CommandRun.sojourn(
            "status", "--connect", service.endpoint, "--output", "json")
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        #expect((object["gauges"] as? [String: Int])?.isEmpty == false)
    }

    @Test func `an unknown property is the service's to refuse`() async throws {
        let folder = try TemporaryFolder()
        let service = try ServiceProcess(in: folder)
        let run = try await CommandRun.sojourn(
            "assign", "-", "--connect", service.endpoint, "--property", "99", input: Self.input)
        #expect(run.status == 78)
        #expect(run.errors.contains("99"))
    }
}
