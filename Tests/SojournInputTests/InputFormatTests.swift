import SojournInput
import Testing

@Suite struct InputFormatTests {
    @Test(
        arguments: [
            ("time_ms,visitor,kind\n", .csv),
            ("\u{FEFF}\n  \n\"visitor\",time,kind\r\n", .csv),
            ("{\"time_ms\":1,\"visitor\":\"a\",\"kind\":\"view\"}", .jsonLines),
            ("\n  {\"time_ms\":1}", .jsonLines),
            (AccessLogReaderTests.line(), .accessLog),
            ("::1 - - [17/May/2015:10:05:03 +0200] \"GET /a,b HTTP/1.1\" 200 1\n", .accessLog),
            // Cut off and with a comma, and still a log.
            ("198.18.0.1 - a,b [17/May/2015:10:05:03 +0000] \"GE", .accessLog),
        ] as [(String, InputFormat)])
    func `the first line tells the format`(text: String, format: InputFormat) throws {
        for chunk in [1, 5, 1 << 20] {
            let reader = try EventReader(
                bytes: Array(text.utf8), limits: ReaderLimits(chunkBytes: chunk))
            let recognised = reader.layout.format
            #expect(recognised == format)
        }
    }

    @Test(arguments: ["", "\n", "\r\n\n", "\u{FEFF}", "  \n"])
    func `nothing at all is an error that says so`(text: String) {
        #expect(openingError(text) == .empty(path: "the input"))
    }

    @Test func `an empty input of a format without a header is no event`() throws {
        #expect(try Found("", format: .jsonLines).events.isEmpty)
        #expect(try Found("", format: .accessLog).events.isEmpty)
        #expect(openingError("", format: .csv) == .empty(path: "the input"))
    }

    @Test(
        arguments: [
            ([0x1F, 0x8B, 0x08, 0x00], "is compressed with gzip: pipe it through zcat"),
            ([0xFF, 0xFE, 0x74, 0x00], "is UTF-16: convert it to UTF-8"),
            (Array("[{\"time_ms\":1}]".utf8), "seems to be one JSON array: give one object a line"),
            (Array("hello world".utf8), "is of no format that can be recognised"),
        ] as [([UInt8], String)])
    func `what cannot be read is refused with advice`(bytes: [UInt8], hint: String) {
        guard case .unrecognised(_, let given, _) = openingError(bytes) else {
            Issue.record("it was not refused")
            return
        }
        #expect(given == hint)
    }

    @Test func `a file that is not there is an error with its path and the system's reason`() {
        do throws(InputError) {
            _ = try EventReader(path: "/no/such/file.csv")
            Issue.record("it was opened")
        } catch {
            #expect(error.description == "cannot open /no/such/file.csv: No such file or directory")
        }
    }

    @Test func `a directory cannot be read`() {
        do throws(InputError) {
            _ = try EventReader(path: "/")
            Issue.record("it was read")
        } catch {
            #expect(error.description == "cannot read /: Is a directory")
        }
    }

    @Test func `progress is counted in bytes`() throws {
        let text = Array("time_ms,visitor,kind\n1,a,view\n".utf8)
        var reader = try EventReader(bytes: text)
        let before = reader.consumedBytes
        while try reader.next() != nil {}
        let after = reader.consumedBytes
        let total = reader.totalBytes
        #expect(before == 21)
        #expect(after == text.count)
        #expect(total == text.count)
    }
}
