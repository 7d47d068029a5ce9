import SojournModel
import SojournWire
import Testing

@Suite struct ErrorCodeTests {
    @Test func `codes have the names of the registry`() {
        #expect(ErrorCode.all.count == 51)
        #expect(ErrorCode.badKind.name == "badKind")
        #expect(ErrorCode(name: "internal") == .internal)
        #expect(ErrorCode(name: "nonsense") == nil)
        #expect(ErrorCode(rawValue: 77).name == "error 77")
        #expect(ErrorCode.all.map(\.rawValue) == ErrorCode.all.map(\.rawValue).sorted())
        for code in ErrorCode.all { #expect(ErrorCode(name: code.name) == code) }
    }

    @Test func `the message says what, where and what to do`() throws {
        var frame = try TestFrame(Samples.events)
        let name = frame.start(.name)
        frame.bytes[name + 17] = 200
        frame.seal()
        let fault = try #require(frame.fault())
        #expect(
            fault.message
                == "column name (5): row 17 points at text 199, but there are 25")
        #expect(fault.description.hasPrefix("indexOutOfRange at byte \(name + 17): column name"))
    }

    @Test func `every code has a sentence that an ERROR can carry`() {
        for code in ErrorCode.all {
            for column in [0, 4, 7, 200] as [UInt8] {
                let message = WireError(
                    code, at: 64, column: column, row: .max, found: .min, bound: .max
                ).message
                #expect(!message.isEmpty)
                #expect(message.utf8.count <= Limits.errorMessageBytesMax)
            }
        }
    }
}
