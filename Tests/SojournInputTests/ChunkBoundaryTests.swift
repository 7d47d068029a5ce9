import SojournInput
import Testing

/// However the system cuts the input into reads, the records are the same.
@Suite struct ChunkBoundaryTests {
    static let csv = """
        \u{FEFF}time_ms,visitor,kind,page,extra\r
        1,ada,view,/a,x\r
        2,"b""o""b",view,"/b,
        c",y\r

        3,"",view,/,z
        bad,eve,view,/,z
        4,é日😀,view,"open,z
        5,eve,view,"/d"x,z
        6,fay,view,/,"last"
        """

    static let jsonLines = """
        \u{FEFF}{"time_ms":1,"visitor":"a\\u00e9","kind":"view","other":[1,2]}\r

        {"time_ms":2,"visitor":"b","kind":"nonsense"}
        {"time_ms":3,"visitor":"c"
          {"time_ms":4,"visitor":"d","kind":"view"}
        """

    static let accessLog =
        AccessLogReaderTests.line(request: "GET /?utm_campaign=a%20b HTTP/1.1") + "broken\r\n"
        + AccessLogReaderTests.line(agent: "curl/8").dropLast(2)

    @Test(arguments: [csv, jsonLines, accessLog])
    func `chunks of 1 to 64 bytes give the same records as one`(text: String) throws {
        let whole = try Found(text)
        #expect(whole.events.count >= 2)
        #expect(whole.bad.count >= 1)
        for chunkBytes in 1...64 {
            let found = try Found(text, limits: ReaderLimits(chunkBytes: chunkBytes))
            #expect(found == whole, "chunks of \(chunkBytes) bytes")
        }
    }

    @Test(arguments: [csv, jsonLines, accessLog])
    func `limits of 1 to 200 bytes give the same bad lines in any chunks`(text: String) throws {
        for recordBytesMax in 45...200 {
            let format: InputFormat =
                text == Self.csv ? .csv : text == Self.jsonLines ? .jsonLines : .accessLog
            let whole = try Found(
                text, format: format, limits: ReaderLimits(recordBytesMax: recordBytesMax))
            for chunkBytes in [1, 2, 3, 31, 64] {
                let found = try Found(
                    text, format: format,
                    limits: ReaderLimits(recordBytesMax: recordBytesMax, chunkBytes: chunkBytes))
                #expect(found == whole, "limit \(recordBytesMax), chunks of \(chunkBytes)")
            }
        }
    }

    @Test(arguments: [csv, jsonLines, accessLog])
    func `an input that ends anywhere is read to its end`(text: String) throws {
        let bytes = Array(text.utf8)
        for count in 0..<bytes.count {
            do throws(InputError) {
                let whole = try Found(Array(bytes[..<count]))
                let found = try Found(Array(bytes[..<count]), limits: ReaderLimits(chunkBytes: 3))
                #expect(found == whole, "the first \(count) bytes")
            } catch {
                // The header or the first line was not whole.
                #expect(!error.description.isEmpty)
            }
        }
    }

    @Test func `any bytes at all are read without a trap`() throws {
        var state: UInt64 = 2026
        func random() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        for _ in 0..<3000 {
            let (text, format) = [
                (Self.csv, InputFormat.csv), (Self.jsonLines, .jsonLines),
                (Self.accessLog, .accessLog),
            ][Int(random() % 3)]
            var bytes = Array(text.utf8)
            for _ in 0...(random() % 8) {
                let place = Int(random() % UInt64(bytes.count))
                switch random() % 3 {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: random())
                case 1: bytes.remove(at: place)
                default: bytes.insert(Array("\",\n\r{}[]\\ u".utf8)[Int(random() % 11)], at: place)
                }
            }
            do throws(InputError) {
                let whole = try Found(bytes, format: format)
                let found = try Found(bytes, format: format, limits: ReaderLimits(chunkBytes: 5))
                #expect(found == whole)
                try Self.write(bytes, format)
            } catch {
                #expect(format == .csv, "only a header can be refused")
            }
        }
    }

    /// Writes whatever events there are, in both forms.
    static func write(_ bytes: [UInt8], _ format: InputFormat) throws(InputError) {
        for output in OutputFormat.allCases {
            var reader = try EventReader(bytes: bytes, format: format)
            var writer = try EventWriter(to: .memory(), format: output, layout: reader.layout)
            while let record = try reader.next() {
                guard case .event(let event) = record else { continue }
                try writer.write(event, EventWriterTests.assigned)
            }
        }
    }
}
