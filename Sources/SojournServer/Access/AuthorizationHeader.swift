import Foundation

/// The header in which HTTP clients show who they are (RFC 9110): `Bearer TOKEN`, as scrapers and
/// scripts write it, or `Basic` with any name and the token as password, as browsers do that asked
/// for it.
package enum AuthorizationHeader {
    /// Nobody's is longer.
    private static let bytesMax = 1_024

    /// The token that is shown, whatever it is worth; nil when there is none.
    package static func token(in value: String) -> [UInt8]? {
        guard value.utf8.count <= bytesMax, let space = value.firstIndex(of: " ") else {
            return nil
        }
        let rest = String(value[space...]).trimmingCharacters(in: .whitespaces)
        guard !rest.isEmpty else { return nil }
        switch value[..<space].lowercased() {
        case "bearer": return Array(rest.utf8)
        case "basic":
            guard let pair = Data(base64Encoded: rest),
                let colon = pair.firstIndex(of: UInt8(ascii: ":"))
            else { return nil }
            return Array(pair[(colon + 1)...])
        default: return nil
        }
    }
}
