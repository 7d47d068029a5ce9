/// What an operator tells a worker over a plain subject: `drain NAME`, `resume NAME`.
package struct WorkerOrder: Equatable, Sendable {
    package var worker: String
    package var isDraining: Bool

    package init(worker: String, isDraining: Bool) {
        self.worker = worker
        self.isDraining = isDraining
    }

    /// - Returns: nil for what is none.
    package init?(_ bytes: [UInt8]) {
        let words = String(decoding: bytes, as: UTF8.self).split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0] == "drain" || words[0] == "resume" else { return nil }
        self.init(worker: String(words[1]), isDraining: words[0] == "drain")
    }

    package var bytes: [UInt8] { Array("\(isDraining ? "drain" : "resume") \(worker)".utf8) }
}
