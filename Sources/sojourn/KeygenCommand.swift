import ArgumentParser
import SojournServer

/// `sojourn keygen`: a pair of CURVE keys, of a server or of a client, or the token of an admin port.
struct KeygenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen",
        abstract: "Make a pair of CURVE keys, or a token for an admin port.",
        discussion: """
            Writes the secret key to FILE, which its owner alone can read, and the public one to \
            FILE.pub, and prints the public one. Neither file may be there before.

              sojourn keygen /etc/sojourn/server
              sojourn serve --curve-key-file /etc/sojourn/server --clients-file /etc/sojourn/clients.yaml
              sojourn status --server-key /etc/sojourn/server.pub --client-key ./me

            With --token it writes a token, which whoever asks the admin port must show:

              sojourn keygen --token /etc/sojourn/admin
              sojourn serve --admin 0.0.0.0:5580 --admin-token-file /etc/sojourn/admin
            """)

    @Flag(help: "Make a token for an admin port.")
    var token = false

    @Argument(help: ArgumentHelp("Where the secret goes.", valueName: "file"))
    var file: String

    func run() throws {
        do {
            if token {
                try AdminToken.make(at: file)
                print("the token is in \(file)")
            } else {
                print(try CurveKeyFile.make(at: file))
            }
        } catch let error as FileRefused { throw CommandFailure(.cannotCreate, "\(error)") }
    }
}
