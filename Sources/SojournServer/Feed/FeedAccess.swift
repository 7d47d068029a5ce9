import SojournModel
import SojournService
import SojournWire

/// Who may read what of the feed: subscriptions go in, and what to do with each comes out.
///
/// A reader subscribes to whole topics. What it has no right to read it never gets, and it is told nothing of
/// that: a property that is not there looks the same.
struct FeedAccess {
    enum Verdict: Equatable {
        case grant
        case release
        case refuse
    }

    /// Those that are configured. Only asked, never walked.
    private let properties: Set<PropertyID>
    /// nil lets everybody read everything.
    private var clients: ClientDirectory?
    /// By property, the keys that subscribed to it since there was nobody; an empty one stands for anybody.
    private var readers: [PropertyID: Set<String>] = [:]

    init(_ configuration: ServiceConfiguration, clients: ClientDirectory?) {
        properties = Set(configuration.properties.map(\.id))
        self.clients = clients
    }

    /// What somebody may be reading, ascending.
    var read: [PropertyID] { readers.keys.sorted { $0.rawValue < $1.rawValue } }

    /// Judges what a reader sent: one byte, 1 to subscribe and 0 to end it, and a prefix.
    ///
    /// - Parameter key: that the reader's connection has proved to have.
    mutating func judge(_ message: RawSpan, key: String?) -> Verdict {
        guard message.byteCount == 1 + FeedTopic.byteCount,
            let topic = FeedTopic(message.extracting(1...))
        else { return .refuse }
        switch message.integer(at: 0, as: UInt8.self) {
        case 0: return .release
        case 1: break
        default: return .refuse
        }
        guard properties.contains(topic.property), mayRead(topic.property, key) else {
            return .refuse
        }
        readers[topic.property, default: []].insert(clients == nil ? "" : key ?? "")
        return .grant
    }

    /// Other clients are authorized from now on.
    ///
    /// - Returns: true when somebody may be reading what he may not read any more.
    mutating func follow(_ clients: ClientDirectory) -> Bool {
        guard self.clients != nil else { return false }
        self.clients = clients
        return readers.contains { property, keys in
            keys.contains { !mayRead(property, $0) }
        }
    }

    /// There is no reader.
    mutating func removeAll() { readers.removeAll() }

    private func mayRead(_ property: PropertyID, _ key: String?) -> Bool {
        let caller = clients.map { $0.caller(key: key) } ?? .anyone
        return caller.rights[property].contains(.read)
    }
}
