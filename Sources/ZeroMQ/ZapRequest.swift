/// A connection that asks to be let in: what libzmq asks the handler at `inproc://zeromq.zap.01` (ZeroMQ RFC 27).
package struct ZapRequest: Equatable, Sendable {
    /// Where the handler listens, in the context of the sockets that it guards.
    package static let endpoint = "inproc://zeromq.zap.01"
    private static let version = "1.0"

    package enum Mechanism: Equatable, Sendable {
        /// Nobody says who he is.
        case null
        /// The peer has proved that it has the secret key of this public one, in Z85.
        case curve(publicKey: String)
        case other
    }

    let id: [UInt8]
    package let domain: String
    /// The peer's address without its port; empty for `ipc`.
    package let address: String
    package let mechanism: Mechanism

    /// Reads the frames of a question: version, id, domain, address, routing id, mechanism, credentials.
    ///
    /// - Returns: nil when they are not as the RFC says.
    package init?(_ frames: [[UInt8]]) {
        guard frames.count >= 6, frames[0] == Array(Self.version.utf8) else { return nil }
        id = frames[1]
        domain = String(decoding: frames[2], as: UTF8.self)
        address = String(decoding: frames[3], as: UTF8.self)
        switch String(decoding: frames[5], as: UTF8.self) {
        case "NULL": mechanism = .null
        case "CURVE":
            guard frames.count == 7, frames[6].count == 32,
                let key = Curve.text(ofKey: frames[6])
            else { return nil }
            mechanism = .curve(publicKey: key)
        default: mechanism = .other
        }
    }

    /// The frames of the answer.
    package func reply(_ verdict: ZapVerdict) -> [[UInt8]] {
        let (status, text, user) =
            switch verdict {
            case .welcome(let user): ("200", "", user)
            case .busy: ("300", "too many connections", "")
            case .denied: ("400", "not authorized", "")
            }
        return [
            Array(Self.version.utf8), id, Array(status.utf8), Array(text.utf8), Array(user.utf8),
            [],
        ]
    }
}

/// What becomes of a connection that asks to be let in.
package enum ZapVerdict: Equatable, Sendable {
    /// It may come in. Its messages have the property `User-Id`, which is not empty.
    case welcome(userID: String)
    /// Not now.
    case busy
    /// Never.
    case denied
}
