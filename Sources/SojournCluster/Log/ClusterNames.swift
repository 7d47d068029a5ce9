/// How streams and subjects of a cluster are called (cluster, "Streams and subjects").
package struct ClusterNames: Equatable, Sendable {
    /// As the operator calls the cluster: letters, digits, `_` and `-`.
    package let cluster: String
    private let stream: String

    /// - Returns: nil for a name that NATS cannot take.
    package init?(_ name: String) {
        let isPlain = name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                || (0x61...0x7A).contains(byte) || byte == 0x2D || byte == 0x5F
        }
        guard isPlain, (1...64).contains(name.utf8.count) else { return nil }
        cluster = name
        stream = "SOJOURN_\(name)"
    }

    package static let form =
        "is no name for a cluster; use 1 to 64 letters, digits, - and _, like shop"

    /// What the cluster is, written once.
    package var descriptionStream: String { "\(stream)_CLUSTER" }
    package var descriptionSubject: String { "sojourn.\(cluster).cluster" }

    package func logStream(_ partition: Int) -> String { "\(stream)_P\(partition)" }
    package func logSubjects(_ partition: Int) -> [String] {
        [recordsSubject(partition), claimsSubject(partition)]
    }
    /// Of both.
    package func logSubject(_ partition: Int) -> String { "sojourn.\(cluster).log.\(partition).*" }
    package func recordsSubject(_ partition: Int) -> String {
        "sojourn.\(cluster).log.\(partition).records"
    }
    package func claimsSubject(_ partition: Int) -> String {
        "sojourn.\(cluster).log.\(partition).claims"
    }
    package func subject(of kind: LogMessageKind, _ partition: Int) -> String {
        kind == .records ? recordsSubject(partition) : claimsSubject(partition)
    }

    package var snapshotStream: String { "\(stream)_SNAPSHOTS" }
    package var snapshotSubjects: [String] { ["sojourn.\(cluster).snapshots.>"] }
    /// Of the snapshot in one of the slots.
    package func manifestSubject(_ partition: Int, slot: Int) -> String {
        "sojourn.\(cluster).snapshots.\(partition).\(slot).manifest"
    }
    package func pieceSubject(_ partition: Int, slot: Int, piece: Int) -> String {
        "sojourn.\(cluster).snapshots.\(partition).\(slot).\(piece)"
    }

    /// Plain subjects, in no stream: hints that may be lost.
    package var heartbeatSubject: String { "sojourn.\(cluster).workers" }
    package var claimHintSubject: String { "sojourn.\(cluster).claimed" }
    package var commandSubject: String { "sojourn.\(cluster).commands" }
}
