import Foundation
import Logging
import NATS
import SojournCluster
import SojournModel

/// Why a process cannot be part of a cluster, whatever it waits for.
struct ClusterMismatch: Error, CustomStringConvertible {
    let description: String
}

extension ClusterLink {
    /// How long ids of messages are remembered: longer than any append is tried again.
    private static let duplicatesSeconds: Int64 = 120

    /// What the cluster is; made by whoever comes first. Waits until the servers can make streams, and says so.
    ///
    /// - Returns: nil when a stop was asked for before.
    func make(
        _ deployment: DeploymentID, isStopping: () -> Bool
    ) throws(ClusterMismatch) -> ClusterDescription? {
        let wanted = ClusterDescription(
            partitions: settings.partitions ?? ClusterDescription.partitionsDefault,
            deployment: deployment, replicas: settings.replicas,
            logMessages: settings.logMessages)
        let found = patiently(isStopping) { () throws(NATSError) -> ClusterDescription? in
            try jetStream.addStream(
                names.descriptionStream, subjects: [names.descriptionSubject],
                replicas: settings.replicas, duplicatesSeconds: Self.duplicatesSeconds)
            // Only one is the first message.
            let outcome = jetStream.append(
                wanted.bytes, to: names.descriptionSubject, of: names.descriptionStream,
                expecting: 0)
            if case .unknown = outcome { return nil }
            return try describe()
        }
        guard let found else { return nil }
        try check(found, deployment)
        let isMade: Bool? = patiently(isStopping) { () throws(NATSError) -> Bool? in
            try makeStreams(found)
            return true
        }
        return isMade == nil ? nil : found
    }

    /// What the cluster is, once somebody has made it. Waits, and says so.
    func awaitDescription(isStopping: () -> Bool) -> ClusterDescription? {
        patiently(isStopping) { () throws(NATSError) -> ClusterDescription? in try describe() }
    }

    /// What the cluster is; nil when nobody has made it.
    func describe() throws(NATSError) -> ClusterDescription? {
        guard let bytes = try jetStream.message(at: 1, of: names.descriptionStream) else {
            return nil
        }
        // Safe: bytes have no padding.
        return ClusterDescription(unsafe bytes.span.bytes)
    }

    private func check(
        _ found: ClusterDescription, _ deployment: DeploymentID
    ) throws(ClusterMismatch) {
        if found.deployment != deployment {
            throw ClusterMismatch(
                description:
                    "cluster \(names.cluster) belongs to deployment "
                    + "\(found.deployment.bits.hexadecimal), and this worker to "
                    + "\(deployment.bits.hexadecimal): give all workers the same --secret-file")
        }
        if let partitions = settings.partitions, partitions != found.partitions {
            throw ClusterMismatch(
                description:
                    "cluster \(names.cluster) was made with \(found.partitions) partitions, and that "
                    + "number stays: leave out --cluster-partitions \(partitions), or use another "
                    + "--name")
        }
    }

    private func makeStreams(_ cluster: ClusterDescription) throws(NATSError) {
        // What is stored again takes the place of what was there.
        try addStream(
            names.snapshotStream, names.snapshotSubjects, cluster, messagesPerSubjectMax: 1)
        for partition in 0..<cluster.partitions {
            try addStream(
                names.logStream(partition), names.logSubjects(partition), cluster,
                messagesMax: cluster.logMessages)
        }
    }

    private func addStream(
        _ name: String, _ subjects: [String], _ cluster: ClusterDescription,
        messagesMax: Int? = nil, messagesPerSubjectMax: Int? = nil
    ) throws(NATSError) {
        if try jetStream.state(of: name) != nil { return }
        try jetStream.addStream(
            name, subjects: subjects, replicas: cluster.replicas, messagesMax: messagesMax,
            messagesPerSubjectMax: messagesPerSubjectMax,
            duplicatesSeconds: Self.duplicatesSeconds)
    }

    private func patiently<Result>(
        _ isStopping: () -> Bool, _ body: () throws(NATSError) -> Result?
    ) -> Result? { Self.patiently("cluster \(names.cluster)", log, isStopping, body) }

    /// What an answered batch survives, in one sentence.
    func guarantee(_ cluster: ClusterDescription) -> String {
        let server = NATSServerInfo.read(connection.url)
        let version = server?.version ?? "of unknown version"
        let copies =
            switch cluster.replicas {
            case 1: "1 NATS server has it, and it is lost with that server's disk"
            default:
                "\(cluster.replicas / 2 + 1) of \(cluster.replicas) NATS servers have it, so it "
                    + "survives the loss of any \((cluster.replicas - 1) / 2) of them"
            }
        let power =
            server?.syncsEach == true
            ? "nats-server \(version) may be set to sync each write (sync_interval: always), and then it "
                + "survives a power cut of all of them too"
            : "nats-server \(version) syncs its files from time to time, so what was answered in the last "
                + "minute may be lost when the power of all of them fails at once"
        return "answered means: \(copies); \(power)"
    }
}
