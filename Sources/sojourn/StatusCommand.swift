import ArgumentParser
import SojournClient

/// `sojourn status`: what the service counts and measures of itself.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show what the service counts and measures of itself.")

    @Option(help: "text or json.")
    var output = DisplayFormat.text

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let client = try await connection.connect()
        let status = try await client.status()
        let server = client.server
        await client.close()
        switch output {
        case .json: print(try JSONOutput.text(StatusDocument(server, status)))
        case .text:
            print("\(server.name) \(server.version) at \(server.endpoint)".printable)
            print("deployment \(server.deployment.bits.hexadecimal), time \(status.time)")
            print("")
            let rows = status.gauges.map { ($0.name, HumanText.count(Int($0.value))) }
            for line in HumanText.table(rows, alignsRight: true) { print(line.printable) }
        }
    }
}

/// A status as JSON.
private struct StatusDocument: Encodable {
    var name: String
    var version: String
    var endpoint: String
    var deployment: String
    var serverTimeMs: Int64
    var gauges: [String: Int64]

    init(_ server: ServerInfo, _ status: ServerStatus) {
        name = server.name
        version = server.version
        endpoint = server.endpoint
        deployment = server.deployment.bits.hexadecimal
        serverTimeMs = status.time.milliseconds
        gauges = Dictionary(
            status.gauges.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    }
}
