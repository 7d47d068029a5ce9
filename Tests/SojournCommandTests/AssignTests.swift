import Foundation
import Testing

@Suite(.serialized, .timeLimit(.minutes(5))) struct AssignTests {
    private static let header = "time_ms,visitor,kind,page\n"

    private static func assign(
        _ input: String, _ options: String...
    ) async throws -> CommandRun {
        try await CommandRun.sojourn(
            arguments: ["assign", "-", "--embedded"] + options, input: input)
    }

    @Test func `the sample is assigned, and the ids are the same each time`() async throws {
        let run = try await CommandRun.sojourn("assign", Place.sample, "--embedded")
        #expect(run.status == 0)
        let input = CSVTable(try String(contentsOfFile: Place.sample, encoding: .utf8))
        let output = CSVTable(run.output)
        #expect(
            output.header == input.header + ["session", "position", "outcome", "visitor_session"])
        #expect(output.rows.map { Array($0.dropLast(4)) } == input.rows)
        let joined = zip(output["session"], output["outcome"])
        #expect(
            joined.allSatisfy { $0.isEmpty == $1.hasPrefix("rejected") || $1 == "duplicate" })
        #expect(Set(output["outcome"]).isSuperset(of: ["new", "extended", "lateJoined"]))
        #expect(run.errors.contains("events"))
        #expect(run.errors.contains("pages per session"))
        #expect(!run.errors.contains("\u{1B}"))

        let again = try await CommandRun.sojourn("assign", Place.sample, "--embedded")
        #expect(again.output == run.output)
    }

    @Test func `a row is its record and four columns`() async throws {
        let run = try await Self.assign(
            Self.header + """
                0,anna,view,"/a ""b"", c"
                60000,berta,view,/x
                1000,anna,action,
                1800000,anna,view,/home

                """)
        let rows = run.lines.map { $0.split(separator: ",", omittingEmptySubsequences: false) }
        #expect(
            run.lines[0] == "time_ms,visitor,kind,page,session,position,outcome,visitor_session")
        #expect(run.lines[1].hasPrefix(#"0,anna,view,"/a ""b"", c","#))
        #expect(run.lines[1].hasSuffix(",1,new,1"))
        #expect(run.lines[2].hasSuffix(",1,new,1"))
        #expect(run.lines[3].hasSuffix(",2,extended,1"))
        // 29 min 59 s after the last event.
        #expect(run.lines[4].hasSuffix(",3,extended,1"))
        #expect(rows[3][4] == rows[4][4])
    }

    @Test func `a gap of exactly the timeout begins another session`() async throws {
        let run = try await Self.assign(
            Self.header + "0,anna,view,/\n1800000,anna,view,/\n3599999,anna,view,/\n")
        #expect(CSVTable(run.output)["visitor_session"] == ["1", "2", "2"])
    }

    @Test func `the policy comes from the options`() async throws {
        let input = Self.header + "0,anna,view,/\n120000,anna,view,/\n"
        let short = try await Self.assign(input, "--timeout", "1m")
        #expect(CSVTable(short.output)["visitor_session"] == ["1", "2"])
        let long = try await Self.assign(input)
        #expect(CSVTable(long.output)["visitor_session"] == ["1", "1"])
    }

    @Test func `the policy comes from a file, under the options`() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.file(
            "sojourn.yaml", "properties:\n  - id: 7\n    name: shop\n    timeout: 1m\n")
        let input = Self.header + "0,anna,view,/\n120000,anna,view,/\n"
        let run = try await Self.assign(input, "--config", file.path, "--property", "7")
        #expect(CSVTable(run.output)["visitor_session"] == ["1", "2"])
        let unknown = try await Self.assign(input, "--config", file.path)
        #expect(unknown.status == 78)
        #expect(unknown.errors.contains("property 1"))
    }

    /// Two sessions 40 minutes apart, and a late event between them that makes them one.
    private static let bridged =
        header + "0,anna,view,/a\n2400000,anna,view,/c\n1200000,anna,view,/b\n"

    @Test func `ids are written as they stand when the input has ended`() async throws {
        let run = try await Self.assign(bridgedInput, "--batch", "1", "--lateness", "1h")
        let table = CSVTable(run.output)
        #expect(Set(table["session"]).count == 1)
        #expect(table["outcome"] == ["new", "new", "merged"])
        #expect(table["visitor_session"] == ["1", "1", "1"])
        #expect(run.errors.contains("revisions"))
        #expect(run.errorLines.contains { $0.hasPrefix("sessions ") && $0.hasSuffix(" 1") })
        #expect(
            run.errorLines.contains { $0.hasPrefix("mean duration") && $0.hasSuffix("40m 00s") })
    }

    @Test func `a stream writes ids as they are assigned`() async throws {
        let run = try await Self.assign(
            bridgedInput, "--batch", "1", "--lateness", "1h", "--stream")
        let table = CSVTable(run.output)
        #expect(table["session"][0] != table["session"][1])
        #expect(table["session"][0] == table["session"][2])
        #expect(table["visitor_session"] == ["1", "2", "1"])
    }

    private var bridgedInput: String { Self.bridged }

    @Test(arguments: [1, 7, 1_000]) func `the size of batches does not matter`(batch: Int)
        async throws
    {
        let run = try await CommandRun.sojourn(
            "assign", Place.sample, "--embedded", "--batch", "\(batch)", "--depth", "3")
        let whole = try await CommandRun.sojourn("assign", Place.sample, "--embedded")
        #expect(run.output == whole.output)
    }

    // MARK: Formats

    @Test func `JSON Lines in, JSON Lines out`() async throws {
        let run = try await Self.assign(
            """
            {"time":"2026-03-02T01:00:00Z","visitor":"anna","kind":"view","page":"/a","mine":[1]}
            {"time":"2026-03-02T01:00:05Z","visitor":"anna","kind":"view","page":"/b"}

            """)
        #expect(run.status == 0)
        #expect(run.lines.count == 2)
        #expect(
            run.lines[0].hasPrefix(
                #"{"time":"2026-03-02T01:00:00Z","visitor":"anna","kind":"view","page":"/a","mine":[1],"session":""#
            ))
        #expect(run.lines[1].contains(#""position":2"#))
        #expect(run.errors.contains("mine"))
    }

    @Test func `a format is the same in another`() async throws {
        let csv = try await CommandRun.sojourn("assign", Place.sample, "--embedded")
        let json = try await CommandRun.sojourn(
            "assign", Place.sample, "--embedded", "--output", "jsonl")
        let back = try await Self.assign(json.output, "--output", "csv")
        #expect(json.status == 0)
        #expect(back.status == 0)
        for column in ["time_ms", "visitor", "kind", "page", "session", "position", "outcome"] {
            #expect(CSVTable(back.output)[column] == CSVTable(csv.output)[column])
        }
    }

    @Test func `an access log is read`() async throws {
        let run = try await Self.assign(
            """
            198.18.0.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 20 "-" "Mozilla/5.0"
            198.18.0.1 - - [17/May/2015:10:05:43 +0000] "GET /about HTTP/1.1" 200 20 "-" "Mozilla/5.0"
            198.18.0.1 - - [17/May/2015:10:05:43 +0000] "GET /about HTTP/1.1" 200 20 "-" "curl/7.0"

            """)
        let table = CSVTable(run.output)
        #expect(table["position"] == ["1", "2", "1"])
        #expect(Set(table["visitor"]).count == 2)
        #expect(run.errorLines.contains { $0.hasPrefix("visitors") && $0.hasSuffix(" 2") })
    }

    @Test func `output goes to a file`() async throws {
        let folder = try TemporaryFolder()
        let run = try await CommandRun.sojourn(
            "assign", Place.sample, "--embedded", "--out", folder.path("out.csv"))
        #expect(run.output.isEmpty)
        let written = try String(contentsOfFile: folder.path("out.csv"), encoding: .utf8)
        let direct = try await CommandRun.sojourn("assign", Place.sample, "--embedded")
        #expect(written == direct.output)
    }

    // MARK: Bad input

    @Test func `bad lines are reported with their numbers, counted and skipped`() async throws {
        var input = Self.header + "0,anna,view,/\n"
        for number in 0..<25 { input += "x\(number),anna,view,/\n" }
        input += "1000,anna,view,/\n"
        let run = try await Self.assign(input)
        #expect(run.status == 0)
        #expect(run.lines.count == 3)
        #expect(run.errors.contains("line 3: time_ms"))
        #expect(run.errors.contains("line 22: time_ms"))
        #expect(!run.errors.contains("line 23: time_ms"))
        #expect(run.errors.contains("5 further bad lines"))
        #expect(run.errorLines.contains { $0.hasPrefix("bad lines") && $0.hasSuffix(" 25") })
    }

    @Test func `a strict run stops at the first bad line`() async throws {
        let run = try await Self.assign(
            Self.header + "0,anna,view,/\nyesterday,anna,view,/\n1,anna,view,/\n", "--strict")
        #expect(run.status == 65)
        #expect(run.errorLines.count == 1)
        #expect(run.errors.contains("line 3"))
        #expect(run.output.isEmpty)
    }

    @Test func `what a terminal would obey is shown instead`() async throws {
        let run = try await Self.assign(Self.header + "\u{1B}[2J\u{7},anna,view,/\n")
        #expect(!run.errors.contains("\u{1B}"))
        #expect(run.errors.contains("line 2"))
    }

    @Test func `events ahead of the present are rejected, and the summary says so`() async throws {
        let run = try await Self.assign(Self.header + "32503680000000,anna,view,/\n")
        #expect(run.status == 0)
        #expect(CSVTable(run.output)["outcome"] == ["rejected(clockSkew)"])
        #expect(CSVTable(run.output)["session"] == [""])
        #expect(run.errors.contains("rejected(clockSkew)"))
    }

    // MARK: Summary

    @Test func `the summary is JSON when asked for`() async throws {
        let run = try await Self.assign(
            Self.header + "0,anna,view,/\nbad,anna,view,/\n5000,anna,view,/\n0,b,action,x\n",
            "--summary", "json")
        let line = try #require(run.errorLines.last)
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(object["events"] as? Int == 3)
        #expect(object["visitors"] as? Int == 2)
        #expect(object["sessions"] as? Int == 2)
        #expect(object["pages_per_session"] as? Double == 1)
        #expect(object["median_duration_ms"] as? Int == 2_500)
        #expect(object["mean_duration_ms"] as? Int == 2_500)
        #expect(object["bad_lines"] as? Int == 1)
        #expect(object["outcomes"] as? [String: Int] == ["new": 2, "extended": 1])
    }

    @Test func `no summary means silence`() async throws {
        let run = try await Self.assign(Self.header + "0,anna,view,/\n", "--summary", "none")
        #expect(run.errors.isEmpty)
    }

    @Test func `an input without events is not an error`() async throws {
        let run = try await Self.assign(Self.header)
        #expect(run.status == 0)
        #expect(run.lines.count == 1)
    }

    // MARK: Pipes

    @Test func `a reader that goes away is no error`() async throws {
        let many = try TemporaryFolder()
        let sample = try await CommandRun.sojourn(
            "sample", "--visitors", "3000", "--out", many.path("many.csv"))
        #expect(sample.status == 0)
        for option in ["", "--stream"] {
            let run = try await CommandRun.bash(
                "\"$SOJOURN\" assign \(many.path("many.csv")) --embedded \(option) | head -n 2; "
                    + "exit ${PIPESTATUS[0]}")
            #expect(run.status == 0)
            #expect(run.lines.count == 2)
        }
    }

    @Test func `a stream is answered while its input is still open`() async throws {
        // The second line is written only after the answer to the first has come.
        let run = try await CommandRun.bash(
            """
            coproc S { "$SOJOURN" assign - --embedded --stream --summary none; }
            printf 'time_ms,visitor,kind,page\\n0,anna,view,/\\n' >&${S[1]}
            read -t 20 -u ${S[0]} header && read -t 20 -u ${S[0]} first || exit 3
            printf '1000,anna,view,/\\n' >&${S[1]}
            read -t 20 -u ${S[0]} second || exit 4
            echo "$first"; echo "$second"
            """)
        #expect(run.status == 0)
        #expect(run.lines.count == 2)
        #expect(run.lines.last?.hasSuffix(",2,extended,1") == true)
    }
}
