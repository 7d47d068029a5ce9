import ArgumentParser
import SojournServer

/// `sojourn cluster`: what operators ask and tell a cluster.
struct ClusterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster",
        abstract: "Show a cluster, and move partitions off a worker.",
        subcommands: [
            ClusterStatusCommand.self, ClusterDrainCommand.self, ClusterResumeCommand.self,
        ])
}

extension ClusterOptions {
    /// The cluster that is meant.
    func office() throws -> ClusterOffice {
        guard let settings = try input.resolve() else {
            throw ValidationError("say which cluster with --cluster nats://HOST:PORT")
        }
        return try ClusterOffice(settings)
    }
}

/// `sojourn cluster drain`
struct ClusterDrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract:
            "Have a worker hand over everything, and take nothing until it is told or restarted."
    )

    @Argument(help: "The worker's name, as cluster status shows it.")
    var worker: String

    @OptionGroup var cluster: ClusterOptions

    func run() throws {
        let office = try cluster.office()
        guard let left = try office.tell(worker, isDraining: true, seconds: 30) else {
            throw CommandFailure.noWorker(worker, office)
        }
        guard left == 0 else {
            throw CommandFailure(
                .temporary,
                "worker \(worker) still has \(left) partitions: are there other workers to take them?"
            )
        }
        print("worker \(worker) has no partitions, and takes none".printable)
    }
}

/// `sojourn cluster resume`
struct ClusterResumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let a drained worker take partitions again.")

    @Argument(help: "The worker's name, as cluster status shows it.")
    var worker: String

    @OptionGroup var cluster: ClusterOptions

    func run() throws {
        let office = try cluster.office()
        guard try office.tell(worker, isDraining: false, seconds: 10) != nil else {
            throw CommandFailure.noWorker(worker, office)
        }
        print("worker \(worker) takes partitions".printable)
    }
}

extension CommandFailure {
    fileprivate static func noWorker(_ name: String, _ office: ClusterOffice) -> CommandFailure {
        let others = office.workerNames.joined(separator: ", ")
        return CommandFailure(
            .unavailable,
            "no worker \(name) is heard of; "
                + (others.isEmpty ? "there is none at all" : "there are \(others)"))
    }
}
