import ArgumentParser
import SojournServer

/// Which cluster is meant, for `serve`, `route` and `cluster`.
struct ClusterOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The NATS servers of a cluster: nats://h1,h2,h3.", valueName: "urls"))
    var cluster: String?

    @Option(
        help: ArgumentHelp(
            "What the cluster is called on these servers.",
            discussion: "(default: sojourn)", valueName: "name"))
    var name: String?

    var input: ClusterInput {
        var input = ClusterInput()
        input.servers = cluster
        input.name = name
        return input
    }
}
