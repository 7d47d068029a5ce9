/// A client's public key, as it is written: 40 characters of Z85.
package struct ClientKey: Hashable, Sendable {
    package static let characters = 40

    /// The characters, eight in each word.
    private let words: (UInt64, UInt64, UInt64, UInt64, UInt64)

    /// - Returns: nil for what has another length, or characters that Z85 does not have.
    package init?(_ text: some StringProtocol) {
        var words: [5 of UInt64] = .init(repeating: 0)
        var count = 0
        for byte in text.utf8 {
            guard count < Self.characters, Self.isZ85(byte) else { return nil }
            words[count / 8] |= UInt64(byte) << UInt64(count % 8 * 8)
            count += 1
        }
        guard count == Self.characters else { return nil }
        self.words = (words[0], words[1], words[2], words[3], words[4])
    }

    package static func == (a: ClientKey, b: ClientKey) -> Bool { a.words == b.words }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
        hasher.combine(words.4)
    }

    /// ZeroMQ RFC 32.
    private static func isZ85(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: Array(".-:+=^!/*?&<>()[]{}@%$#".utf8).contains(byte)
        }
    }
}

/// The clients that are authorized, by their keys. A client may have several keys, so that it can go
/// over from one to the next.
package struct ClientDirectory: Equatable, Sendable {
    /// Only asked, never walked.
    private var clients: [ClientKey: Client] = [:]

    package init() {}

    /// Keys of all clients.
    package var count: Int { clients.count }

    package var names: Set<String> { Set(clients.values.map(\.name)) }

    /// - Returns: false when the key is somebody's already.
    package mutating func add(_ client: Client, key: ClientKey) -> Bool {
        if clients[key] != nil { return false }
        clients[key] = client
        return true
    }

    package func client(with key: ClientKey) -> Client? { clients[key] }

    /// Who a key stands for, as it was found when the connection was made.
    package func caller(key text: String?) -> Caller {
        guard let key = text.flatMap({ ClientKey($0) }), let client = clients[key] else {
            return .stranger
        }
        return .client(client)
    }
}
