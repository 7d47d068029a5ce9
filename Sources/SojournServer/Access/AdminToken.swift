import Foundation

/// What whoever asks the admin port has to show: 22 to 128 letters, digits and `-._~+/=`, the alphabet of
/// bearer tokens (RFC 6750). It is never printed.
package struct AdminToken: Equatable, Sendable {
    /// As many as 128 random bits take.
    private static let bytesMin = 22
    private static let bytesMax = 128

    private let bytes: [UInt8]

    /// nil for what is too short to be safe, too long, or could not stand in a header.
    init?(_ text: String) {
        bytes = Array(text.utf8)
        guard (Self.bytesMin...Self.bytesMax).contains(bytes.count),
            bytes.allSatisfy(Self.isAllowed)
        else { return nil }
    }

    /// Whether this is the token. That takes the same time wherever they differ.
    package func isSame(as candidate: some Collection<UInt8>) -> Bool {
        var difference: UInt8 = candidate.count == bytes.count ? 0 : 1
        for (own, other) in zip(bytes, candidate) { difference |= own ^ other }
        return difference == 0
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~+/=".utf8.contains(byte)
        }
    }
}

// MARK: - Its file

extension AdminToken {
    /// Reads the token of a file, and refuses a file that others can read.
    package static func read(_ path: String) throws(ConfigurationError) -> AdminToken {
        // Without what stands there: it may be a secret all the same.
        guard let line = try PrivateFile.line(of: path, "token"), let token = AdminToken(line)
        else {
            throw ConfigurationError(
                source: path,
                "there must be one line with a token of \(bytesMin) to \(bytesMax) letters, digits "
                    + "and -._~+/=; `sojourn keygen --token` makes one")
        }
        return token
    }

    /// Writes a new token of 256 random bits to a file that is not there yet.
    package static func make(at path: String) throws {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<32).map { _ in UInt8.random(in: 0 ... .max, using: &generator) }
        // Base64 for addresses: a token can stand in one as well.
        let token = Data(bytes).base64EncodedString()
            .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
            .filter { $0 != "=" }
        try PrivateFile.write(
            "# Token of the admin port: for whoever may see everything.\n\(token)\n", to: path)
    }
}

extension AdminToken: CustomStringConvertible, CustomDebugStringConvertible {
    package var description: String { "AdminToken" }
    package var debugDescription: String { description }
}
