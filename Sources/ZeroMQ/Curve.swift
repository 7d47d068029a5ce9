import CZeroMQ

/// CURVE keys. They are Z85 text of 40 characters throughout: that is what configuration files hold
/// and what libzmq takes.
package enum Curve {
    /// The characters of a key.
    package static let keyCharacters = 40

    package struct KeyPair: Sendable, Equatable {
        package let publicKey: String
        package let secretKey: String

        package init(publicKey: String, secretKey: String) {
            self.publicKey = publicKey
            self.secretKey = secretKey
        }
    }

    /// Whether this libzmq was built with CURVE.
    package static var isAvailable: Bool {
        // Safe: libzmq reads a string during the call.
        unsafe zmq_has("curve") == 1
    }

    /// Whether a text is a key: 40 characters of Z85 (ZeroMQ RFC 32) that stand for 32 bytes.
    package static func isKey(_ text: String) -> Bool {
        guard text.utf8.count == keyCharacters else { return false }
        var bytes = [UInt8](repeating: 0, count: keyCharacters / 5 * 4)
        // Safe: the buffer has the 32 bytes that libzmq writes for 40 characters.
        return unsafe zmq_z85_decode(&bytes, text) != nil
    }

    /// A new pair of keys, from the system's random numbers.
    package static func generateKeyPair() throws(ZeroMQError) -> KeyPair {
        // One more for the NUL.
        var publicKey = [CChar](repeating: 0, count: keyCharacters + 1)
        var secretKey = [CChar](repeating: 0, count: keyCharacters + 1)
        // Safe: both buffers have the 41 bytes that libzmq writes.
        guard unsafe zmq_curve_keypair(&publicKey, &secretKey) == 0 else {
            throw ZeroMQError(lastDuring: "generate a CURVE key pair")
        }
        return KeyPair(publicKey: text(publicKey), secretKey: text(secretKey))
    }

    /// The public key that belongs to a secret one.
    package static func publicKey(forSecretKey secretKey: String) throws(ZeroMQError) -> String {
        guard secretKey.utf8.count == keyCharacters else {
            throw ZeroMQError(.invalidArgument, during: "derive a CURVE public key")
        }
        var publicKey = [CChar](repeating: 0, count: keyCharacters + 1)
        // Safe: the buffer has the 41 bytes that libzmq writes; it reads the 40 of the secret key.
        guard unsafe zmq_curve_public(&publicKey, secretKey) == 0 else {
            throw ZeroMQError(lastDuring: "derive a CURVE public key")
        }
        return text(publicKey)
    }

    /// The characters of a key of 32 bytes; nil for another number of bytes.
    static func text(ofKey bytes: [UInt8]) -> String? {
        guard bytes.count == keyCharacters / 5 * 4 else { return nil }
        var characters = [CChar](repeating: 0, count: keyCharacters + 1)
        // Safe: libzmq reads 32 bytes, and writes 40 characters and the NUL.
        guard unsafe zmq_z85_encode(&characters, bytes, bytes.count) != nil else { return nil }
        return text(characters)
    }

    private static func text(_ key: [CChar]) -> String {
        String(decoding: key.prefix(keyCharacters).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

extension Curve.KeyPair: CustomStringConvertible, CustomDebugStringConvertible {
    /// Without the secret, which has no place in a log.
    package var description: String {
        "KeyPair(publicKey: \(publicKey))"
    }

    package var debugDescription: String {
        description
    }
}
