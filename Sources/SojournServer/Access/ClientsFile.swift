import Foundation
import SojournModel
package import SojournService
import SojournWire

/// The file of the clients that are authorized, and of what each may do:
///
///     clients:
///       - name: shop-backend
///         key: 'Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID'
///         write: [1, 2]
///         read: [1]
///       - name: operations
///         keys: ['...', '...']
///         read: all
///         admin: all
///         eventsPerSecond: off
///       - name: router-a
///         key: '...'
///         router: on
package enum ClientsFile {
    /// More would be a database.
    private static let clientsMax = 10_000
    private static let keysPerClientMax = 8
    private static let nameBytesMax = ClientFrame.nameBytesMax
    /// What a client may send when the file does not say.
    package static let defaultEventsPerSecond = 10_000_000

    package static func read(_ path: String) throws(ConfigurationError) -> ClientDirectory {
        let text: String
        do { text = try String(contentsOfFile: path, encoding: .utf8) } catch {
            throw ConfigurationError(
                source: path,
                "the file of clients cannot be read: \(error.localizedDescription)")
        }
        return try parse(text, file: path)
    }

    /// Reads the text of the file. Without any client nobody is let in.
    package static func parse(
        _ text: String, file: String
    ) throws(ConfigurationError) -> ClientDirectory {
        var directory = ClientDirectory()
        var names: Set<String> = []
        guard let root = try ConfigurationNode.parse(text, file: file),
            let list = try root.entries(allowed: ["clients"])["clients"]
        else { return directory }
        let elements = try list.elements(of: "clients")
        guard elements.count <= clientsMax else {
            throw list.error("there are more than \(clientsMax) clients")
        }
        for element in elements {
            let (client, keys) = try client(element)
            guard names.insert(client.name).inserted else {
                throw element.error(
                    "another client has the name \"\(client.name)\"; "
                        + "one with several keys has them in a list: keys")
            }
            for key in keys {
                guard directory.add(client, key: key) else {
                    throw element.error("a key of \"\(client.name)\" stands here twice")
                }
            }
        }
        return directory
    }

    private static func client(
        _ node: ConfigurationNode
    ) throws(ConfigurationError) -> (Client, [ClientKey]) {
        let entries = try node.entries(allowed: [
            "name", "key", "keys", "read", "write", "admin", "eventsPerSecond", "router",
        ])
        guard let nameNode = entries["name"] else { throw node.error("the name is missing") }
        let name = try nameNode.text()
        guard name.utf8.count <= nameBytesMax else {
            throw nameNode.error("a name has at most \(nameBytesMax) bytes")
        }
        var rights = Rights()
        for (key, right) in [("read", Right.read), ("write", .write), ("admin", .admin)] {
            if let node = entries[key] { try grant(right, node, &rights) }
        }
        var rate: Int? = defaultEventsPerSecond
        if let node = entries["eventsPerSecond"] {
            rate = try node.isOff() ? nil : node.integer(in: 1...1_000_000_000)
        }
        return (
            Client(
                name: name, rights: rights, eventsPerSecond: rate,
                isRouter: try entries["router"]?.flag() ?? false), try keys(node, entries)
        )
    }

    private static func keys(
        _ node: ConfigurationNode, _ entries: [String: ConfigurationNode]
    ) throws(ConfigurationError) -> [ClientKey] {
        switch (entries["key"], entries["keys"]) {
        case (let node?, nil): return [try key(node)]
        case (nil, let node?):
            let elements = try node.elements(of: "keys")
            guard (1...keysPerClientMax).contains(elements.count) else {
                throw node.error("a client has 1 to \(keysPerClientMax) keys")
            }
            var keys: [ClientKey] = []
            for element in elements { keys.append(try key(element)) }
            return keys
        case (nil, nil):
            throw node.error("the key is missing: the public one, which `sojourn keygen` prints")
        case (_?, _?): throw node.error("there are both key and keys; write one of them")
        }
    }

    private static func key(_ node: ConfigurationNode) throws(ConfigurationError) -> ClientKey {
        let text = try node.text()
        guard let key = ClientKey(text) else {
            // Without the text: it may be a secret that stands in the wrong place.
            throw node.error(
                "this is no public key of 40 characters; "
                    + "write it in single quotes, for it holds signs that YAML reads")
        }
        return key
    }

    private static func grant(
        _ right: Right, _ node: ConfigurationNode, _ rights: inout Rights
    ) throws(ConfigurationError) {
        if !node.isList, try node.text() == "all" {
            rights.everywhere.formUnion(right)
            return
        }
        guard node.isList else {
            throw node.error("write all, or a list of properties: [1, 2]")
        }
        for element in try node.elements(of: "properties") {
            let id = try element.integer(in: 0...Int(UInt32.max))
            rights.grant(right, on: PropertyID(UInt32(id)))
        }
    }
}
