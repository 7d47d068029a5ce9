import Foundation

/// The programs that every client brings along (proto-spec/README.md), for the Swift client.
///
///     client-worker worker ENDPOINT[,ENDPOINT...] PROPERTY PRODUCER SEQUENCE
///     client-worker bench ENDPOINT SECONDS
@main struct ClientWorker {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst().map(\.self)
        let keys = ProcessInfo.processInfo.environment["SOJOURN_CURVE_KEYS"]
        if let worker = try Worker(arguments, keys: keys) {
            try await worker.run()
        } else if let bench = Bench(arguments) {
            try await bench.run()
        } else {
            print("usage: client-worker worker ENDPOINT[,ENDPOINT...] PROPERTY PRODUCER SEQUENCE")
            print("       client-worker bench ENDPOINT SECONDS")
            exit(64)
        }
    }
}
