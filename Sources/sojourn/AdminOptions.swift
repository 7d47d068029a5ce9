import ArgumentParser
import SojournServer

/// Where the admin port is and what has to be shown there, for `serve` and `route`.
struct AdminOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where metrics, health and the page of reports are: 127.0.0.1:5580, or off.",
            discussion: "Where others can reach it, with a token. (default: off)",
            valueName: "address"))
    var admin: String?

    @Option(
        help: ArgumentHelp(
            "A file with the token that whoever asks the admin port must show.",
            discussion: "sojourn keygen --token makes it. Needed where others can reach the port.",
            valueName: "file"))
    var adminTokenFile: String?

    func validate() throws {
        if let admin, let fault = AdminAddress.fault(of: admin) {
            throw ValidationError("--admin \(admin): \(fault)")
        }
    }
}
