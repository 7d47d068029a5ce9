import ArgumentParser
import SojournClient
import SojournInput

/// `sojourn forget`: erases a visitor.
struct ForgetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Erase all sessions of a visitor, finished or not.",
        discussion: """
            Erased are the sessions in memory, those in the archive, and the number of sessions so far. \
            The journal and its snapshots hold hashes of the visitor until they are trimmed.
            """)

    @Argument(help: "The visitor, as its events name it.")
    var visitor: String

    @Option(help: "The property that is meant.")
    var property = PropertyID.default

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if visitor.isEmpty { throw ValidationError("A visitor has at least one byte.") }
    }

    func run() async throws {
        let client = try await connection.connect()
        let name = Array(visitor.utf8)
        let erased = try await client.forget(
            visitor: VisitorKey.bytes(for: name.span), property: property)
        await client.close()
        print(
            "forgotten: \(erased) unfinished session\(erased == 1 ? "" : "s") erased, and what the "
                + "archive has")
    }
}
