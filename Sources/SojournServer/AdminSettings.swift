/// Where the admin port is, and what whoever asks there has to show.
package struct AdminSettings: Sendable {
    package let address: AdminAddress
    /// nil where everybody who reaches the port may ask: on this machine alone.
    package let token: AdminToken?
    /// Where the token stands, which is read again when the operator asks for it.
    package let tokenFile: String?

    /// Reads the file of the token.
    ///
    /// - Throws: what is wrong with it; that there is none, though others can reach the address.
    package init(
        _ address: AdminAddress, tokenFile: String? = nil
    ) throws(ConfigurationError) {
        self.address = address
        self.tokenFile = tokenFile
        if let tokenFile { token = try AdminToken.read(tokenFile) } else { token = nil }
        guard address.isLocal || token != nil else {
            throw ConfigurationError(
                source: "admin",
                "others can reach \(address), and nobody is asked who he is; use 127.0.0.1 or [::1], "
                    + "or say with --admin-token-file FILE what they must show; "
                    + "`sojourn keygen --token FILE` makes it")
        }
    }

    /// What a server's sources say; nil when there is to be no port.
    static func resolve(
        _ address: String?, tokenFile: String?
    ) throws(ConfigurationError) -> AdminSettings? {
        guard let address else {
            guard tokenFile == nil else {
                throw ConfigurationError(
                    source: "admin",
                    "there is a token and no admin port that asks for it; say where with "
                        + "--admin ADDRESS:PORT")
            }
            return nil
        }
        guard address != "off" else { return nil }
        let place: AdminAddress
        do throws(ServerError) { place = try AdminAddress(address) } catch {
            throw ConfigurationError(source: "admin", "\(error)")
        }
        return try AdminSettings(place, tokenFile: tokenFile)
    }
}
