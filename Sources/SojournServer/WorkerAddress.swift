/// Where a router reaches a worker, and by which key it knows it: `tcp://10.0.0.5:5581`, or, of a worker with
/// CURVE, `tcp://10.0.0.5:5581=/etc/sojourn/worker-a.pub`. Address and key are one text, so they cannot be
/// mixed up with those of another worker.
package struct WorkerAddress: Equatable, Sendable {
    /// What to write where one is meant.
    static let form = "write ENDPOINT, or ENDPOINT=FILE with the file of the worker's public key"

    package let endpoint: String
    /// The file of its public key; nil for a worker that speaks plain text.
    package let keyFile: String?

    init(endpoint: String, keyFile: String? = nil) throws(ServerError) {
        _ = try Endpoint(worker: endpoint)
        self.endpoint = endpoint
        self.keyFile = keyFile
    }

    package init(_ text: String) throws(ServerError) {
        let halves = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        if halves.count == 2, halves[1].isEmpty {
            throw .badWorker(text, reason: "the file of its key is missing; \(Self.form)")
        }
        try self.init(
            endpoint: String(halves[0]), keyFile: halves.count == 2 ? String(halves[1]) : nil)
    }

    /// Only this machine can reach it.
    var isLocal: Bool {
        do throws(ServerError) { return try Endpoint(worker: endpoint).isLocal } catch {
            return false
        }
    }

    /// What is wrong with a text; nil for nothing.
    package static func fault(of text: String) -> String? {
        do throws(ServerError) {
            _ = try WorkerAddress(text)
            return nil
        } catch { return "\(error)" }
    }
}
