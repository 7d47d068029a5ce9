/// The numbers that a server shows of itself.
public struct ServerStatus: Equatable, Sendable {
    public struct Gauge: Equatable, Sendable {
        /// Words with underscores; one that ends in `_total` only grows.
        public let name: String
        public let value: Int64
    }

    /// In the order in which the server sent them.
    public let gauges: [Gauge]
    /// The server's clock.
    public let time: EventTime

    /// The value of a gauge; nil for one that the server does not show.
    public subscript(name: String) -> Int64? {
        gauges.first { $0.name == name }?.value
    }
}
