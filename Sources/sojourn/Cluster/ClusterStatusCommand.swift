import ArgumentParser
import SojournCluster
import SojournModel
import SojournServer

/// `sojourn cluster status`: partitions and their owners, as a table or as JSON.
struct ClusterStatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show partitions, owners, logs, snapshots and workers.",
        discussion: """
            LAG is the number of messages behind the newest snapshot: what a take-over reads. WAITING is what the \
            owner has not yet heard of from the log.
            """)

    @Option(help: "text or json.")
    var output = DisplayFormat.text

    @OptionGroup var cluster: ClusterOptions

    func run() throws {
        let status = try cluster.office().status()
        switch output {
        case .json: print(try JSONOutput.text(ClusterDocument(status)))
        case .text: for line in Self.lines(status) { print(line.printable) }
        }
    }

    private static func lines(_ status: ClusterStatus) -> [String] {
        var table = TextTable([
            ("partition", true), ("owner", false), ("epoch", true), ("address", false),
            ("sequence", true), ("lag", true), ("waiting", true), ("snapshot", true),
            ("bytes", true), ("replicas", true),
        ])
        for row in status.partitions {
            let owner = row.claim.map { claim in
                claim.isReleased ? "(free)" : claim.owner.name + (row.isServed ? "" : " (silent)")
            }
            table.add([
                "\(row.partition)", owner ?? "(nobody yet)", "\(row.claim?.epoch ?? 0)",
                row.claim?.isReleased == false ? row.claim?.endpoint ?? "" : "",
                row.lastSequence.map { HumanText.count(Int($0)) } ?? "?",
                row.lag.map { HumanText.count(Int($0)) } ?? "?",
                row.waitingBytes.map { HumanText.count(Int(clamping: $0)) } ?? "-",
                row.snapshot.map { HumanText.count(Int($0.sequence)) } ?? "none",
                row.snapshot.map { HumanText.count($0.snapshotBytes) } ?? "-",
                "\(row.currentReplicas)/\(row.replicas)",
            ])
        }
        let served = status.partitions.count(where: \.isServed)
        var lines = [
            "cluster \(status.name) at \(status.servers): \(served) of "
                + "\(status.partitions.count) partitions are served",
            "",
        ]
        lines += table.lines
        lines.append("")
        for worker in status.workers {
            lines.append(
                "worker \(worker.worker.name): \(worker.holdings.count) partitions"
                    + (worker.isDraining ? ", draining" : ""))
        }
        if status.workers.isEmpty { lines.append("no worker is heard of") }
        return lines
    }
}

/// A cluster as JSON.
private struct ClusterDocument: Encodable {
    struct Partition: Encodable {
        var partition: Int
        var owner: String?
        var served: Bool
        var epoch: UInt64
        var address: String?
        var lastSequence: UInt64?
        var lagMessages: UInt64?
        var waitingBytes: UInt64?
        var snapshotSequence: UInt64?
        var snapshotBytes: Int?
        var replicas: Int
        var currentReplicas: Int
    }

    struct Worker: Encodable {
        var name: String
        var partitions: [Int]
        var draining: Bool
    }

    var name: String
    var deployment: String
    var partitions: [Partition]
    var workers: [Worker]

    init(_ status: ClusterStatus) {
        name = status.name
        deployment = status.description.deployment.bits.hexadecimal
        partitions = status.partitions.map { row in
            let owned = row.claim.flatMap { $0.isReleased ? nil : $0 }
            return Partition(
                partition: row.partition, owner: owned?.owner.name, served: row.isServed,
                epoch: row.claim?.epoch ?? 0, address: owned?.endpoint,
                lastSequence: row.lastSequence, lagMessages: row.lag,
                waitingBytes: row.waitingBytes, snapshotSequence: row.snapshot?.sequence,
                snapshotBytes: row.snapshot?.snapshotBytes, replicas: row.replicas,
                currentReplicas: row.currentReplicas)
        }
        workers = status.workers.map { worker in
            Worker(
                name: worker.worker.name, partitions: worker.holdings.map(\.partition).sorted(),
                draining: worker.isDraining)
        }
    }
}
