import SojournInput
import SojournModel
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// Where the package and the data beside it are.
enum Checkout {
    /// Three levels up from this file.
    static let root: String = {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(3)
        return parts.joined(separator: "/")
    }()

    static let realData = root + "/../shared/data/real"
    static let hasRealData = unsafe access(realData, R_OK) == 0
}

@Suite(.enabled(if: Checkout.hasRealData, "../shared/data/real is not beside this checkout"))
struct RealFileTests {
    static func read(_ name: String) throws -> Found {
        var found = try Found("", format: .jsonLines)
        var reader = try EventReader(path: "\(Checkout.realData)/\(name)")
        while let record = try reader.next() {
            switch record {
            case .event(let event): found.events.append(event)
            case .bad(let line): found.bad.append(line)
            }
        }
        found.warning = reader.warning
        return found
    }

    @Test(
        arguments: [
            ("ecom_synthetic.csv", 31_106, 600), ("webtrack_panel.csv", 49_612, 5),
            ("semicomplete_apache.csv", 10_000, 1862), ("semicomplete_apache.log", 10_000, 1862),
        ])
    func `every line is read`(name: String, events: Int, visitors: Int) throws {
        let found = try Self.read(name)
        #expect(found.bad.map(\.description) == [])
        #expect(found.warning == nil)
        #expect(found.events.count == events)
        #expect(Set(found.events.map(\.visitor)).count == visitors)
        #expect(
            Set(found.events.map { VisitorKey.bytes(for: $0.bytes(of: .visitor)) }).count
                == visitors)
    }

    @Test func `the log reads as the CSV that was made from it`() throws {
        let log = try Self.read("semicomplete_apache.log").events
        let csv = try Self.read("semicomplete_apache.csv").events
        #expect(log.map(\.timeMilliseconds) == csv.map(\.timeMilliseconds))
        #expect(log.map(\.visitor) == csv.map(\.visitor))
        #expect(log.map(\.kind) == csv.map(\.kind))
        #expect(log.map(\.page) == csv.map(\.page))
        #expect(log.map(\.device) == csv.map(\.device))
        #expect(log.map(\.referrer) == csv.map(\.referrer))
        #expect(log.map(\.campaign) == csv.map(\.campaign))
        #expect(log.map(\.isKnownBot) == csv.map(\.isKnownBot))
    }
}
