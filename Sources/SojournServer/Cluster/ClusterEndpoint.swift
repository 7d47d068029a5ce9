/// Where the partitions of one worker listen, and where they are said to be.
enum ClusterEndpoint {
    /// Where a worker listens when nothing else was said.
    static let defaultListen = "tcp://127.0.0.1:*"

    /// The address of one partition, of the address that the operator gave the worker: a port of its own, or a path.
    ///
    ///     tcp://10.0.0.5:5600  ->  tcp://10.0.0.5:5603     for partition 3
    ///     tcp://10.0.0.5:*     ->  tcp://10.0.0.5:*        any port that is free
    ///     ipc:///run/worker    ->  ipc:///run/worker.3
    static func listen(_ text: String, partition: Int) throws(ServerError) -> String {
        let endpoint = try Endpoint(text)
        switch endpoint.transport {
        case .ipc: return "\(text).\(partition)"
        case .tcp(_, "*"): return text
        case .tcp(_, let port):
            guard let number = Int(port), number > 0, number + partition <= 65_535 else {
                throw .badEndpoint(
                    text,
                    reason:
                        "partition \(partition) would listen at its port + \(partition); choose "
                        + "a lower one, or * for any")
            }
            return "\(text.dropLast(port.count))\(number + partition)"
        }
    }

    /// An address that is bound, with another host.
    static func advertised(_ endpoint: String, as host: String?) -> String {
        guard let host, endpoint.hasPrefix("tcp://"), let colon = endpoint.lastIndex(of: ":") else {
            return endpoint
        }
        return "tcp://\(host)\(endpoint[colon...])"
    }
}
