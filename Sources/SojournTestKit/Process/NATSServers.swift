import Foundation

/// How NATS servers are started that form a cluster of their own, with what they keep in a folder.
package struct NATSServers: Sendable {
    /// What each is started with, as often as it is to be.
    package let commands: [[String]]
    /// Where each listens, on this machine.
    package let ports: [Int]
    /// As many that nobody uses.
    package let freePorts: [Int]
    /// As `--cluster` takes them.
    package var addresses: String { Self.addresses(ports) }

    /// - Parameters:
    ///   - count: one is no cluster.
    ///   - folder: is made.
    package init(_ count: Int, in folder: String) throws {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        // Below those that systems give to whoever does not ask for one.
        let first = Int.random(in: 500...1_600) * 20
        let ports = (0..<count).map { first + $0 }
        let routes = (0..<count).map { "nats://127.0.0.1:\(first + 10 + $0)" }
        var commands: [[String]] = []
        for number in 0..<count {
            var text = """
                server_name: n\(number)
                listen: "127.0.0.1:\(ports[number])"
                jetstream { store_dir: "\(folder)/n\(number)" }

                """
            if count > 1 {
                text += """
                    cluster {
                      name: sojourn
                      listen: "127.0.0.1:\(first + 10 + number)"
                      # Who is told of one way to a server uses that one.
                      no_advertise: true
                      routes: [\(routes.map { "\"\($0)\"" }.joined(separator: ", "))]
                    }

                    """
            }
            let path = "\(folder)/n\(number).conf"
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            commands.append(["nats-server", "-c", path])
        }
        self.commands = commands
        self.ports = ports
        freePorts = ports.map { $0 + 5 }
    }

    package static func addresses(_ ports: [Int]) -> String {
        "nats://" + ports.map { "127.0.0.1:\($0)" }.joined(separator: ",")
    }
}
