public import ArgumentParser
public import SojournClient
import SojournServer

/// Where the service is, and which property is meant: what `assign`, `lookup` and `status` share.
struct ConnectionOptions: ParsableArguments {
    static let defaultEndpoint = ServerConfiguration.defaultListen

    @Option(
        name: .customLong("connect"),
        help: ArgumentHelp(
            "Where the service listens; given again, the next one to try. "
                + "(default: \(defaultEndpoint))", valueName: "endpoint"))
    var endpoints: [String] = []

    @Option(help: ArgumentHelp("Refuse a service of another deployment.", valueName: "id"))
    var deployment: String?

    func validate() throws {
        if let deployment, DeploymentID(configuration: deployment) == nil {
            throw ValidationError(
                "--deployment \(deployment) \(DeploymentID.configurationForm)")
        }
    }

    func connect() async throws -> SojournClient {
        var options = SojournClient.Options()
        options.name = "sojourn/0.1.0"
        options.deployment = deployment.flatMap { DeploymentID(configuration: $0) }
        do {
            return try await SojournClient.connect(
                to: endpoints.isEmpty ? [Self.defaultEndpoint] : endpoints, options: options)
        } catch let error as SojournError where error.code == .unreachable {
            throw CommandFailure(
                .unavailable, error.message + " Start one with `sojourn serve`.")
        }
    }
}

extension PropertyID: ExpressibleByArgument {
    public init?(argument: String) {
        guard let value = UInt32(argument) else { return nil }
        self.init(value)
    }

    public var defaultValueDescription: String { "\(rawValue)" }
}

/// The words of `--output` of the commands that show something.
enum DisplayFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json
}
