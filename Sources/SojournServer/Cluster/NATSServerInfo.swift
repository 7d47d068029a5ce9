import Foundation

/// What a NATS server says of itself when somebody connects: the C client keeps it to itself.
package struct NATSServerInfo {
    package let version: String

    /// It can be told to sync each write: from 2.10 on.
    package var syncsEach: Bool {
        let numbers = version.split(separator: ".").map { Int($0) ?? 0 }
        guard numbers.count >= 2 else { return false }
        return numbers[0] > 2 || numbers[0] == 2 && numbers[1] >= 10
    }

    /// Asks the server at a URL; nil when it does not say.
    static func read(_ url: String) -> NATSServerInfo? {
        guard let address = URLComponents(string: url), let host = address.host,
            let line = firstLine(host, address.port ?? 4_222)
        else { return nil }
        return NATSServerInfo(line: line)
    }

    /// Reads the line; nil when it says nothing of a version.
    package init?(line: String) {
        guard line.hasPrefix("INFO ") else { return nil }
        let json = try? JSONSerialization.jsonObject(with: Data(line.dropFirst(5).utf8))
        guard let fields = json as? [String: Any], let version = fields["version"] as? String else {
            return nil
        }
        self.version = version
    }

    private static func firstLine(_ host: String, _ port: Int) -> String? {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        // The list is ours until it is freed.
        guard unsafe getaddrinfo(host, "\(port)", &hints, &list) == 0, let first = unsafe list
        else {
            return nil
        }
        defer { unsafe freeaddrinfo(list) }
        let socket = unsafe socket(
            first.pointee.ai_family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return nil }
        defer { close(socket) }
        var patience = timeval(tv_sec: 2, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        // So many bytes of ours are read.
        unsafe setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
        guard unsafe connect(socket, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0 else {
            return nil
        }
        var text: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 4_096)
        while !text.contains(0x0A), text.count < 65_536 {
            // No more than the block has is written.
            let count = unsafe recv(socket, &block, block.count, 0)
            guard count > 0 else { return nil }
            text += block[..<count]
        }
        return String(decoding: text.prefix { $0 != 0x0D && $0 != 0x0A }, as: UTF8.self)
    }
}
