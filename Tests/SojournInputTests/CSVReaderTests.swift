import SojournInput
import SojournModel
import Testing

@Suite struct CSVReaderTests {
    @Test func `every column is read, in whatever order the header names them`() throws {
        let found = try Found(
            """
            bot,event_id,value,campaign_medium,campaign_source,campaign,referrer,region,country,\
            channel,device,page,kind,visitor,time_ms
            true,42,9.99,cpc,google,spring,https://g.example/,BE,DE,paid,mobile,/buy,conversion,\
            ada,1700000000000
            """)
        let event = try #require(found.events.first)
        #expect(found.events.count == 1)
        #expect(event.timeMilliseconds == 1_700_000_000_000)
        #expect(event.visitorText == "ada")
        #expect(event.kind == .conversion)
        #expect(event.page == "/buy")
        #expect(event.device == "mobile")
        #expect(event.channel == "paid")
        #expect(event.country == "DE")
        #expect(event.region == "BE")
        #expect(event.referrer == "https://g.example/")
        #expect(event.campaign == "spring")
        #expect(event.campaignSource == "google")
        #expect(event.campaignMedium == "cpc")
        #expect(event.value == 9_990_000)
        #expect(event.eventID == 42)
        #expect(event.isKnownBot)
        #expect(event.lineNumber == 2)
    }

    @Test func `a column that is missing is empty`() throws {
        let event = try #require(try Found("time_ms,visitor,kind\n5,ada,heartbeat\n").events.first)
        #expect(event.page.isEmpty)
        #expect(event.device.isEmpty)
        #expect(event.value == nil)
        #expect(event.eventID == nil)
        #expect(!event.isKnownBot)
    }

    @Test func `columns of no use are kept aside with one warning`() throws {
        let found = try Found(
            "time_ms,visitor,plan,kind,\"a,b\"\n1,ada,gold,view,x\n2,ada,gold,view,y\n")
        #expect(found.events.count == 2)
        #expect(
            found.warning
                == "the input: columns that Sojourn has no use for are kept aside: plan, a,b")
    }

    @Test func `known columns alone give no warning, nor do those of an earlier output`() throws {
        #expect(try Found("time_ms,visitor,kind\n").warning == nil)
        let output = "time_ms,visitor,kind,session,position,outcome,visitor_session\n"
        #expect(try Found(output).warning == nil)
    }

    @Test(arguments: ["\n", "\r\n"])
    func `both line ends are understood, with and without one at the end`(end: String) throws {
        for last in ["", end] {
            let found = try Found(
                "time_ms,visitor,kind,page\(end)1,ada,view,/a\(end)2,\"bob\",view,\"/b\"\(last)")
            #expect(found.bad.map(\.description) == [])
            #expect(found.events.map(\.page) == ["/a", "/b"])
            #expect(
                found.events.map { $0.record.text } == ["1,ada,view,/a", "2,\"bob\",view,\"/b\""])
        }
    }

    @Test func `a byte order mark is no part of the first name`() throws {
        #expect(try Found("\u{FEFF}time_ms,visitor,kind\n1,ada,view\n").events.count == 1)
    }

    @Test func `blank lines are passed over and counted`() throws {
        let found = try Found("\n\ntime_ms,visitor,kind\n\n1,ada,view\n\r\n2,ada,view\n\n")
        #expect(found.events.map(\.lineNumber) == [5, 7])
    }

    @Test(
        arguments: [
            ("\"a,b\"", "a,b"), ("\"say \"\"hi\"\"\"", "say \"hi\""), ("\"\"", ""),
            ("\"line\nbreak\"", "line\nbreak"), ("\"cr\r\nlf\"", "cr\r\nlf"),
            ("\"\"\"\"", "\""), ("5\" disk", "5\" disk"), (" spaced ", " spaced "),
            ("Grüße/日本", "Grüße/日本"),
        ])
    func `quotes are taken off and doubled quotes made single`(field: String, page: String) throws {
        for (row, index) in [("\(field),1,ada,view", 0), ("1,ada,view,\(field)", 1)] {
            let header = ["page,time_ms,visitor,kind", "time_ms,visitor,kind,page"][index]
            let found = try Found("\(header)\n\(row)\n")
            #expect(found.bad.map(\.description) == [])
            #expect(found.events.map(\.page) == [page])
            #expect(found.events.map { $0.record.text } == [row])
        }
    }

    @Test func `a record of several lines has the number of its first`() throws {
        let found = try Found(
            "time_ms,visitor,kind,page\n1,a,view,\"x\ny\nz\"\n2,a,view,/b\nbad,a,view,/c\n")
        #expect(found.events.map(\.lineNumber) == [2, 5])
        #expect(found.bad.map(\.lineNumber) == [6])
    }

    @Test(
        arguments: [
            (
                "1,ada", "line 3: the record has 2 fields, the header 4: \"1,ada\""
            ),
            (
                "1,ada,view,/,x",
                "line 3: the record has 5 fields, the header 4: \"1,ada,view,/,x\""
            ),
            (
                "1,ada,view,\"/a\"b",
                "line 3: the record has text behind the closing quote of a field: "
                    + "\"1,ada,view,\"/a\"b\""
            ),
            (
                "1,ada,view,\"/a",
                "line 3: the record opens a quote that is not closed within 1048576 bytes: "
                    + "\"1,ada,view,\"/a\""
            ),
            (
                "x,ada,view,\t",
                "line 3: time_ms is not a whole number of milliseconds since 1970: \"x\""
            ),
        ])
    func `a bad line is reported and the lines around it are read`(
        line: String, description: String
    ) throws {
        let found = try Found("time_ms,visitor,kind,page\n1,a,view,/\n\(line)\n3,c,view,/\n")
        #expect(found.bad.map(\.description) == [description])
        #expect(found.events.map(\.lineNumber) == [2, 4])
    }

    @Test func `bytes that are not UTF-8 are a bad line`() throws {
        let found = try Found(
            Array("time_ms,visitor,kind,page\n1,a,view,/".utf8) + [0xE9]
                + Array("\n2,a,view,/\n".utf8))
        #expect(found.bad.map(\.problem) == ["the record is not UTF-8"])
        #expect(found.events.map(\.lineNumber) == [3])
    }

    @Test func `a record beyond the limit is a bad line, however it is cut`() throws {
        let long = String(repeating: "x", count: 100)
        let text =
            "time_ms,visitor,kind\n1,\(long),view\n2,ada,view\n3,\"\(long)\n\(long)\",view\n4,ada,view"
        for chunk in [1, 7, 64, 4096] {
            let found = try Found(
                text, limits: ReaderLimits(recordBytesMax: 50, chunkBytes: chunk))
            #expect(found.events.map(\.timeMilliseconds) == [2, 4])
            // A quote that is not closed in time costs its line; the next is looked at afresh.
            #expect(found.bad.map(\.lineNumber) == [2, 4, 5])
            #expect(found.bad[0].problem == "the record is longer than 50 bytes")
            #expect(
                found.bad[1].problem
                    == "the record opens a quote that is not closed within 50 bytes")
        }
    }

    @Test func `a record of exactly the limit is read`() throws {
        let record = "1,ada,view"
        for end in ["", "\n", "\r\n"] {
            for (limit, count) in [(record.utf8.count, 1), (record.utf8.count - 1, 0)] {
                let found = try Found(
                    "kind,time_ms,visitor\nview,1,ada\(end)",
                    limits: ReaderLimits(recordBytesMax: max(limit, 20), chunkBytes: 3))
                #expect(found.events.count == 1)
                let lines = try Found(
                    "{\"time_ms\":1}\(end)", format: .jsonLines,
                    limits: ReaderLimits(recordBytesMax: count == 1 ? 13 : 12, chunkBytes: 3))
                #expect(
                    lines.bad.map(\.problem).contains("the line is longer than 12 bytes")
                        == (count == 0))
            }
        }
    }

    @Test func `a header without what is needed says what is missing and what was found`() throws {
        #expect(
            openingError("user,ts,kind\n1,2,view\n")
                == .missingColumns(
                    path: "the input", missing: ["time_ms (or time)", "visitor"],
                    found: ["user", "ts", "kind"]))
        #expect(
            openingError("time,page\n")?.description
                == "the input has no column visitor, no column kind; its header names: time, page")
    }

    @Test(arguments: [
        (
            "time_ms,visitor,kind,page,page\n",
            "the header of the input names the column page twice"
        ),
        (
            "time_ms,\"visitor,kind\n",
            "the header of the input opens a quote that is not closed within 1048576 bytes"
        ),
    ])
    func `a header that cannot be one is refused`(text: String, description: String) {
        #expect(openingError(text)?.description == description)
    }

    @Test func `a header alone is no event`() throws {
        #expect(try Found("time_ms,visitor,kind").events.isEmpty)
    }
}

extension Span where Element == UInt8 {
    var text: String {
        var copy: [UInt8] = []
        for index in indices { copy.append(self[index]) }
        return String(decoding: copy, as: UTF8.self)
    }
}
