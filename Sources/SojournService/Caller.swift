/// A client that has a key: who it is, and what it may do.
///
/// A class, so that handing it along with every request costs a reference.
package final class Client: Equatable, Sendable {
    /// What it is known by: in logs, and in what is remembered of it. Keys may change, the name stays.
    package let name: String
    package let rights: Rights
    /// Events that it may send in a second, over all its connections; nil for any number.
    package let eventsPerSecond: Int?
    /// It asks on behalf of clients whose rights it enforces (sojourn-1, "Routers").
    package let isRouter: Bool

    package init(
        name: String, rights: Rights, eventsPerSecond: Int? = nil, isRouter: Bool = false
    ) {
        precondition(eventsPerSecond ?? 1 > 0)
        self.name = name
        self.rights = rights
        self.eventsPerSecond = eventsPerSecond
        self.isRouter = isRouter
    }

    package static func == (a: Client, b: Client) -> Bool {
        a.name == b.name && a.rights == b.rights && a.eventsPerSecond == b.eventsPerSecond
            && a.isRouter == b.isRouter
    }
}

/// Who asks, as far as the shell has found out.
package enum Caller: Equatable, Sendable {
    /// Nobody is asked who he is: the service speaks without CURVE.
    case anyone
    case client(Client)
    /// A client of a router, of this name: the router knows who it is, and what it may do. The router is nil
    /// where nobody is asked who he is.
    case routed(String, by: Client?)
    /// Somebody whose key is not authorized, or not any more.
    case stranger

    package var rights: Rights {
        switch self {
        case .anyone, .routed(_, by: nil): .all
        // What a router passes on; who holds its key shall be able to erase only where the operator says so.
        case .routed(_, by: let router?): router.rights.adding([.read, .write])
        case .client(let client): client.rights
        case .stranger: Rights()
        }
    }

    /// By which its producers are told from those of others; nil for who has none.
    package var name: String? {
        switch self {
        case .client(let client): client.name
        case .routed(let name, _): name
        case .anyone, .stranger: nil
        }
    }

    /// May send parts of batches, and name the clients whose they are.
    package var isRouter: Bool {
        switch self {
        case .anyone, .routed: true
        case .client(let client): client.isRouter
        case .stranger: false
        }
    }
}
