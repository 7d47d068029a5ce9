/// A client that has a key: who it is, and what it may do.
///
/// A class, so that handing it along with every request costs a reference.
package final class Client: Equatable, Sendable {
    /// What it is known by: in logs, and in what is remembered of it. Keys may change, the name stays.
    package let name: String
    package let rights: Rights
    /// Events that it may send in a second, over all its connections; nil for any number.
    package let eventsPerSecond: Int?

    package init(name: String, rights: Rights, eventsPerSecond: Int? = nil) {
        precondition(eventsPerSecond ?? 1 > 0)
        self.name = name
        self.rights = rights
        self.eventsPerSecond = eventsPerSecond
    }

    package static func == (a: Client, b: Client) -> Bool {
        a.name == b.name && a.rights == b.rights && a.eventsPerSecond == b.eventsPerSecond
    }
}

/// Who asks, as far as the shell has found out.
package enum Caller: Equatable, Sendable {
    /// Nobody is asked who he is: the service speaks without CURVE.
    case anyone
    case client(Client)
    /// Somebody whose key is not authorized, or not any more.
    case stranger

    package var rights: Rights {
        switch self {
        case .anyone: .all
        case .client(let client): client.rights
        case .stranger: Rights()
        }
    }
}
