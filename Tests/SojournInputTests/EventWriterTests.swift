import SojournInput
import SojournModel
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite struct EventWriterTests {
    static let assigned = SessionColumns(
        session: "0195-a", position: 3, outcome: "extended", visitorSession: 2)
    static let rejected = SessionColumns(
        session: nil, position: nil, outcome: "tooLate", visitorSession: nil)

    /// What the events of a text give as output.
    static func write(
        _ text: String, as format: OutputFormat, _ columns: SessionColumns = assigned
    ) throws -> String {
        var reader = try EventReader(bytes: Array(text.utf8))
        var writer = try EventWriter(to: .memory(), format: format, layout: reader.layout)
        while let record = try reader.next() {
            if case .event(let event) = record { try writer.write(event, columns) }
        }
        try writer.finish()
        return String(decoding: writer.written, as: UTF8.self)
    }

    @Test func `CSV becomes the same CSV with four more columns`() throws {
        #expect(
            try Self.write("time_ms,visitor,kind,plan\r\n1,\"a,\nb\",view,gold\r\n", as: .csv)
                == """
                time_ms,visitor,kind,plan,session,position,outcome,visitor_session
                1,"a,
                b",view,gold,0195-a,3,extended,2

                """)
    }

    @Test func `an event that was not assigned has empty columns`() throws {
        #expect(
            try Self.write("time_ms,visitor,kind\n1,a,view", as: .csv, Self.rejected)
                .hasSuffix("1,a,view,,,tooLate,\n"))
        #expect(
            try Self.write(
                #"{"time_ms":1,"visitor":"a","kind":"view"}"#, as: .jsonLines, Self.rejected)
                == #"{"time_ms":1,"visitor":"a","kind":"view","session":null,"position":null,"#
                + #""outcome":"tooLate","visitor_session":null}"# + "\n")
    }

    @Test func `JSON Lines become the same objects with four more members`() throws {
        #expect(
            try Self.write(
                #" {"time_ms": 1, "visitor":"a\u00e9","kind":"view", "plan":{"a":[1]} } "#,
                as: .jsonLines)
                == #" {"time_ms": 1, "visitor":"a\u00e9","kind":"view", "plan":{"a":[1]},"#
                + #""session":"0195-a","position":3,"outcome":"extended","visitor_session":2}"#
                + "\n")
    }

    @Test func `an access log becomes CSV`() throws {
        #expect(
            try Self.write(
                AccessLogReaderTests.line(
                    request: "GET /a?utm_campaign=x,y HTTP/1.1", referrer: "http://r/",
                    agent: #"A \"B, Windows"#), as: .csv) == """
                    time_ms,visitor,kind,page,device,channel,country,referrer,campaign,value,session,\
                    position,outcome,visitor_session
                    1431857103000,"198.18.0.1|A \\""B, Windows",view,"/a?utm_campaign=x,y",desktop,,,\
                    http://r/,"x,y",,0195-a,3,extended,2

                    """)
    }

    @Test func `an access log becomes JSON Lines`() throws {
        #expect(
            try Self.write(AccessLogReaderTests.line(agent: "curl \u{1F}"), as: .jsonLines)
                == #"{"time_ms":1431857103000,"visitor":"198.18.0.1|curl \u001f","kind":"view","#
                + #""page":"/","device":"bot","bot":true,"session":"0195-a","position":3,"#
                + #""outcome":"extended","visitor_session":2}"# + "\n")
    }

    @Test func `CSV becomes JSON Lines, other columns as texts`() throws {
        #expect(
            try Self.write(
                "time,visitor,kind,value,event_id,\"pl\"\"an\",note,note\n"
                    + "1970-01-01T00:00:01Z,\"a\"\"b\",conversion,-0.050,7,\"gold\n\",,x\n",
                as: .jsonLines)
                == #"{"time_ms":1000,"visitor":"a\"b","kind":"conversion","value":-0.05,"#
                + #""event_id":"7","pl\"an":"gold\n","session":"0195-a","position":3,"#
                + #""outcome":"extended","visitor_session":2}"# + "\n")
    }

    @Test func `JSON Lines become CSV with every known column`() throws {
        #expect(
            try Self.write(
                #"{"time_ms":1,"visitor":"a,b","kind":"view","value":"1.50","bot":true,"x":1}"#,
                as: .csv) == """
                    time_ms,visitor,kind,page,device,channel,country,region,referrer,campaign,\
                    campaign_source,campaign_medium,value,event_id,bot,session,position,outcome,\
                    visitor_session
                    1,"a,b",view,,,,,,,,,,1.5,,true,0195-a,3,extended,2

                    """)
    }

    @Test(arguments: [OutputFormat.csv, .jsonLines])
    func `output that is read again has its columns replaced, not doubled`(
        format: OutputFormat
    ) throws {
        let inputs = [
            "time_ms,visitor,kind,page\n1,ada,view,\"/a,b\"\n2,\"b\"\"ob\",conversion,\n",
            #"{"time_ms":1,"visitor":"a","kind":"view"}"# + "\n",
            AccessLogReaderTests.line(),
        ]
        for input in inputs {
            let once = try Self.write(input, as: format)
            let again = try Self.write(once, as: format)
            #expect(again == once)
            let other = SessionColumns(
                session: "0195-b", position: 1, outcome: "new", visitorSession: 1)
            #expect(try Self.write(once, as: format, other) == Self.write(input, as: format, other))
        }
    }

    @Test func `columns to replace may stand anywhere`() throws {
        #expect(
            try Self.write(
                "session,time_ms,outcome,visitor,kind\nold,1,\"old,\n\",ada,view\n", as: .csv)
                    == """
                    time_ms,visitor,kind,session,position,outcome,visitor_session
                    1,ada,view,0195-a,3,extended,2

                    """)
        #expect(
            try Self.write(
                #"{"session":"old","time_ms":1, "outcome":[1], "visitor":"a","kind":"view","position":1}"#,
                as: .jsonLines)
                == #"{"time_ms":1, "visitor":"a","kind":"view","session":"0195-a","position":3,"#
                + #""outcome":"extended","visitor_session":2}"# + "\n")
    }

    @Test func `an extended CSV reads as the same events`() throws {
        let input =
            "time_ms,visitor,kind,page,value\n1,ada,view,\"/a\nb\",\n2,bob,conversion,/,9.99\n"
        let before = try Found(input).events
        let after = try Found(Self.write(input, as: .csv)).events
        let viaJSON = try Found(Self.write(input, as: .jsonLines)).events
        for other in [after, viaJSON] {
            #expect(other.map(\.timeMilliseconds) == before.map(\.timeMilliseconds))
            #expect(other.map(\.visitor) == before.map(\.visitor))
            #expect(other.map(\.page) == before.map(\.page))
            #expect(other.map(\.value) == before.map(\.value))
        }
    }

    @Test func `a file is written to its end and read back`() throws {
        let path = "/tmp/sojourn-input-\(getpid()).csv"
        defer { _ = unsafe unlink(path) }
        let rows = (0..<20_000).map { "\($0),visitor-\($0 % 7),view,/page/\($0)\n" }.joined()
        var reader = try EventReader(bytes: Array(("time_ms,visitor,kind,page\n" + rows).utf8))
        var writer = try EventWriter(
            to: OutputSink(path: path), format: .csv, layout: reader.layout)
        while case .event(let event) = try reader.next() { try writer.write(event, Self.assigned) }
        try writer.finish()
        var back = try EventReader(path: path)
        let size = back.totalBytes
        var count = 0
        while case .event(let event) = try back.next() {
            if event.timeMilliseconds != count { break }
            count += 1
        }
        let consumed = back.consumedBytes
        #expect(count == 20_000)
        #expect(size == consumed)
    }

    @Test func `a reader that goes away stops the output cleanly`() throws {
        OutputSink.ignoreBrokenPipes()
        var ends: [Int32] = [0, 0]
        let made = unsafe pipe(&ends)
        #expect(made == 0)
        _ = close(ends[0])
        let reader = try EventReader(bytes: Array("time_ms,visitor,kind\n".utf8))
        var writer = try EventWriter(
            to: OutputSink(descriptor: ends[1], name: "the pipe"), format: .csv,
            layout: reader.layout)
        let before = writer.isOpen
        try writer.finish()
        let after = writer.isOpen
        try writer.finish()
        _ = close(ends[1])
        #expect(before)
        #expect(!after)
    }

    @Test func `a disk that is full is an error`() throws {
        let reader = try EventReader(bytes: Array("time_ms,visitor,kind\n".utf8))
        var writer = try EventWriter(
            to: OutputSink(path: "/dev/full"), format: .csv, layout: reader.layout)
        do throws(InputError) {
            try writer.finish()
            Issue.record("it was written")
        } catch {
            #expect(error.description == "cannot write to /dev/full: No space left on device")
        }
    }

    @Test(arguments: [
        (0, "1970-01-01 00:00:00"), (951_782_400_000, "2000-02-29 00:00:00"),
        (1_709_251_199_999, "2024-02-29 23:59:59"), (4_107_542_400_000, "2100-03-01 00:00:00"),
    ])
    func `a table shows times of the calendar`(milliseconds: Int64, shown: String) {
        #expect(TableText.time(milliseconds) == shown)
    }

    @Test func `a table cuts what is long and shows no control characters`() throws {
        let page = String(repeating: "/long", count: 20)
        var reader = try EventReader(
            bytes: Array("time_ms,visitor,kind,page\n0,a\u{1B}[2Jb,view,\(page)\n".utf8))
        guard case .event(let event)? = try reader.next() else {
            Issue.record("no event")
            return
        }
        let row = TableText.row(
            event,
            SessionColumns(
                session: "019cac11-3a5a-77c9-975b-6a71372834f1", position: 1, outcome: "new",
                visitorSession: 2))
        #expect(row.hasPrefix("1970-01-01 00:00:00  a?[2Jb "))
        #expect(row.contains("  6a71372834f1  "))
        #expect(row.hasSuffix("/long/long~\n") || row.hasSuffix("/lon~\n"))
        #expect(row.count < 150)
    }
}
