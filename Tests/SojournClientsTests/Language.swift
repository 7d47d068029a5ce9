import Foundation
import Testing

/// The languages whose clients share a service here.
enum Language: String, CaseIterable, CustomTestStringConvertible {
    case swift, python, java, php, c

    var testDescription: String { rawValue }

    /// The client's worker; what it reads and writes is said in proto-spec/README.md.
    var worker: (program: URL, arguments: [String]) {
        switch self {
        case .swift: (Place.product("client-worker"), ["worker"])
        default:
            (
                Place.package.appendingPathComponent(
                    "proto-spec/clients/\(rawValue)/conformance/worker"), []
            )
        }
    }
}

enum Place {
    static let package = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// A program of the package; it lies beside the test bundle.
    static func product(_ name: String) -> URL {
        let bundle = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
        return bundle.deletingLastPathComponent().appendingPathComponent(name)
    }
}
