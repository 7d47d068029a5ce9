package import SojournModel

/// What a client may do with a property (sojourn-1, "Who may do what").
package struct Right: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Ask for sessions.
    package static let read = Right(rawValue: 1)
    /// Send events.
    package static let write = Right(rawValue: 2)
    /// See what the server measures, and change what is there.
    package static let admin = Right(rawValue: 4)

    package static let all: Right = [.read, .write, .admin]

    /// What one right lets a client do, for messages.
    var verb: String {
        switch self {
        case .read: "read"
        case .write: "write to"
        default: "administer"
        }
    }
}

/// What a client may do with which properties.
package struct Rights: Equatable, Sendable {
    /// On every property, also those that are not there yet.
    package var everywhere: Right
    /// Besides. Only asked, never walked.
    private var byProperty: [PropertyID: Right] = [:]

    /// Everything.
    package static let all = Rights(everywhere: .all)

    package init(everywhere: Right = []) { self.everywhere = everywhere }

    /// On one property.
    package subscript(property: PropertyID) -> Right {
        everywhere.union(byProperty[property] ?? [])
    }

    /// The same, and some more on every property.
    func adding(_ right: Right) -> Rights {
        var rights = self
        rights.everywhere.formUnion(right)
        return rights
    }

    package mutating func grant(_ right: Right, on property: PropertyID) {
        byProperty[property, default: []].formUnion(right)
    }
}
