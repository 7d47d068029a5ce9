public import ArgumentParser
public import SojournClient
import SojournServer

/// Where the service is, and which property is meant: what commands that ask it share.
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

    @Option(
        help: ArgumentHelp(
            "The server's public CURVE key, or the file that holds it.", valueName: "key"))
    var serverKey: String?

    @Option(
        help: ArgumentHelp("The file of this client's own CURVE key.", valueName: "file"))
    var clientKey: String?

    func validate() throws {
        if (serverKey == nil) != (clientKey == nil) {
            throw ValidationError(
                "--server-key and --client-key go together: who the server is, and who asks")
        }
        if let deployment, DeploymentID(configuration: deployment) == nil {
            throw ValidationError(
                "--deployment \(deployment) \(DeploymentID.configurationForm)")
        }
    }

    /// The keys to connect with; nil for plain text.
    private func curve() throws -> SojournClient.CurveKeys? {
        guard let serverKey, let clientKey else { return nil }
        let isKey = SojournClient.CurveKeys.isKey(serverKey)
        return try SojournClient.CurveKeys(
            server: isKey ? serverKey : CurveKeyFile.publicKey(at: serverKey),
            secret: CurveKeyFile.secretKey(at: clientKey))
    }

    /// - Parameter patience: how long connecting, and a question, may take; nil for what suits a single one.
    func connect(patience: Duration? = nil) async throws -> SojournClient {
        var options = SojournClient.Options()
        if let patience {
            options.connectTimeout = patience
            options.timeout = patience
            options.attemptTimeout = patience
            options.attempts = 1
        }
        options.curve = try curve()
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
