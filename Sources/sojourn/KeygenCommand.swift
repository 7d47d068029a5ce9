import ArgumentParser
import SojournServer

/// `sojourn keygen`: a pair of CURVE keys, of a server or of a client.
struct KeygenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen", abstract: "Make a pair of CURVE keys, for a server or a client.",
        discussion: """
            Writes the secret key to FILE, which its owner alone can read, and the public one to \
            FILE.pub, and prints the public one. Neither file may be there before.

              sojourn keygen /etc/sojourn/server
              sojourn serve --curve-key-file /etc/sojourn/server --clients-file /etc/sojourn/clients.yaml
              sojourn status --server-key /etc/sojourn/server.pub --client-key ./me
            """)

    @Argument(help: ArgumentHelp("Where the secret key goes.", valueName: "file"))
    var file: String

    func run() throws {
        do { print(try CurveKeyFile.make(at: file)) } catch let error as CurveKeyFile.Refused {
            throw CommandFailure(.cannotCreate, "\(error)")
        }
    }
}
