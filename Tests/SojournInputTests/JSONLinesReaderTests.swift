import SojournInput
import SojournModel
import Testing

@Suite struct JSONLinesReaderTests {
    @Test func `every key is read`() throws {
        let found = try Found(
            """
            {"time_ms": 1700000000000, "visitor": "ada", "kind": "conversion", "page": "/buy", \
            "device":"mobile","channel":"paid","country":"DE","region":"BE","referrer":"https://g",\
            "campaign":"spring","campaign_source":"google","campaign_medium":"cpc","value":9.99,\
            "event_id":42,"bot":true}
            """)
        #expect(found.bad.map(\.description) == [])
        let event = try #require(found.events.first)
        #expect(event.timeMilliseconds == 1_700_000_000_000)
        #expect(event.visitorText == "ada")
        #expect(event.kind == .conversion)
        #expect(event.page == "/buy")
        #expect(event.region == "BE")
        #expect(event.campaignMedium == "cpc")
        #expect(event.value == 9_990_000)
        #expect(event.eventID == 42)
        #expect(event.isKnownBot)
    }

    @Test func `numbers may be texts and texts numbers, and null is nothing`() throws {
        let found = try Found(
            """
            {"time_ms":"7","visitor":12345,"kind":"view","page":null,"value":"1.5","event_id":"9","bot":1}
            {"time":"1970-01-01T00:00:01Z","visitor":"b","kind":"view","time_ms":null,"bot":"no"}
            """)
        #expect(found.bad.map(\.description) == [])
        #expect(found.events.map(\.timeMilliseconds) == [7, 1000])
        #expect(found.events.map(\.visitorText) == ["12345", "b"])
        #expect(found.events.map(\.value) == [1_500_000, nil])
        #expect(found.events.map(\.isKnownBot) == [true, false])
    }

    @Test(
        arguments: [
            (#"a\"b\\c\/d"#, "a\"b\\c/d"), (#"\b\f\n\r\t"#, "\u{8}\u{C}\n\r\t"),
            (#"\u00e9\u65E5"#, "é日"), (#"\ud83d\ude00!"#, "😀!"), ("Grüße", "Grüße"),
            (#"\u0000"#, "\0"),
        ])
    func `escapes are undone`(written: String, page: String) throws {
        let found = try Found(
            "{\"time_ms\":1,\"visitor\":\"a\",\"kind\":\"view\",\"page\":\"\(written)\"}")
        #expect(found.bad.map(\.description) == [])
        #expect(found.events.map(\.page) == [page])
    }

    @Test func `a key may be escaped too`() throws {
        let found = try Found(#"{"time_ms":1,"visitor":"a","\u006bind":"view"}"#)
        #expect(found.events.map(\.kind) == [.view])
    }

    @Test func `unknown keys are named once, whatever they hold`() throws {
        let line =
            #"{"time_ms":1,"visitor":"a","kind":"view","plan":{"a":[1,{"b":null}]},"tags":[]}"#
        let found = try Found(
            "\(line)\n\(line)\n{\"time_ms\":2,\"visitor\":\"a\",\"kind\":\"view\",\"x\":1e-5}\n")
        #expect(found.bad.map(\.description) == [])
        #expect(found.events.count == 3)
        #expect(
            found.warning
                == "the input: keys that Sojourn has no use for are kept aside: plan, tags, x")
    }

    @Test(
        arguments: [
            ("{", "is not a JSON object: expected a key in quotes at byte 2"),
            ("[1]", "is not a JSON object: expected { at byte 1"),
            ("{\"a\":1", "is not a JSON object: expected a comma or } at byte 7"),
            ("{\"a\" 1}", "is not a JSON object: expected : at byte 6"),
            ("{\"a\":tru}", "is not a JSON object: expected a value at byte 6"),
            ("{\"a\":01}", "is not a JSON object: expected a comma or } at byte 7"),
            ("{\"a\":1.}", "is not a JSON object: expected a digit behind the point at byte 8"),
            ("{\"a\":-}", "is not a JSON object: expected a value at byte 7"),
            ("{\"a\":1e}", "is not a JSON object: expected a digit in the exponent at byte 8"),
            (
                "{\"a\":\"x}",
                "is not a JSON object: expected the closing quote of a string at byte 9"
            ),
            (
                "{\"a\":\"\\x\"}",
                "is not a JSON object: expected one of \"\\/bfnrtu behind a backslash at byte 8"
            ),
            ("{\"a\":\"\\u12g4\"}", "is not a JSON object: expected four hex digits at byte 8"),
            (
                "{\"a\":\"\t\"}",
                "is not a JSON object: expected no control character in a string at byte 7"
            ),
            ("{\"a\":1,}", "is not a JSON object: expected a key in quotes at byte 8"),
            ("{} x", "is not a JSON object: expected the end of the line at byte 4"),
        ])
    func `a line that is no object is a bad line that says where`(
        line: String, problem: String
    ) throws {
        let good = #"{"time_ms":1,"visitor":"a","kind":"view"}"#
        let found = try Found("\(good)\n\(line)\n\(good)", format: .jsonLines)
        #expect(found.bad.map(\.problem) == [problem])
        #expect(found.bad.map(\.lineNumber) == [2])
        #expect(found.events.map(\.lineNumber) == [1, 3])
    }

    @Test(
        arguments: [
            (#"{"time_ms":1,"visitor":"a"}"#, "line 1: kind is empty"),
            (#"{"time_ms":1,"kind":"view"}"#, "line 1: visitor is empty"),
            (
                #"{"visitor":"a","kind":"view"}"#,
                "line 1: time_ms is empty, and so is \"time\": "
                    + #""{"visitor":"a","kind":"view"}""#
            ),
            (
                #"{"time_ms":1,"visitor":["a"],"kind":"view"}"#,
                #"line 1: visitor is not a text or a number: "["a"]""#
            ),
            (
                #"{"time_ms":1,"visitor":"\ud83d","kind":"view"}"#,
                #"line 1: visitor has half of a surrogate pair: "\ud83d""#
            ),
            (
                #"{"kind":"view","kind":"view"}"#,
                #"line 1: kind is there twice: "{"kind":"view","kind":"view"}""#
            ),
        ])
    func `a member that is wrong is a bad line that names it`(
        line: String, description: String
    ) throws {
        #expect(try Found(line).bad.map(\.description) == [description])
    }

    @Test func `nesting is bounded`() throws {
        let deep = String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)
        let found = try Found("{\"time_ms\":1,\"visitor\":\"a\",\"kind\":\"view\",\"x\":\(deep)}")
        #expect(found.bad.count == 1)
        #expect(found.bad[0].problem.hasPrefix("is not a JSON object: expected at most 64 levels"))
    }

    @Test func `the keys that are remembered are bounded`() throws {
        let lines = (0..<100).map { #"{"time_ms":1,"visitor":"a","kind":"view","k\#($0)":0}"# }
        var reader = try EventReader(bytes: Array(lines.joined(separator: "\n").utf8))
        while try reader.next() != nil {}
        #expect(reader.keptAside.count == 32)
    }
}
