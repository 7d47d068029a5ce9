import SojournModel
package import SojournWire

/// Who may ask what: codes 14 and 15 (sojourn-1, "Who may do what"). A service and a router judge alike.
package enum Permission {
    /// - Parameters:
    ///   - header: of a request whose header is right.
    ///   - hasProperty: there is the property that the header names; a router does not know, and leaves
    ///     that to the workers.
    package static func check(
        _ header: MessageHeader, of caller: Caller, hasProperty: Bool = true
    ) throws(Refusal) {
        if caller == .stranger {
            throw Refusal(
                .notPermitted,
                "the key of this connection is not authorized for this, or not any more; ask who runs "
                    + "the server")
        }
        switch header.operation {
        case .assign:
            try check(header.property, hasProperty, .write, caller)
            guard !header.isPart || caller.isRouter else {
                throw Refusal(.notPermitted, at: 6, "only routers send parts of batches")
            }
        case .report:
            try check(header.property, hasProperty, .read, caller)
            guard !header.isPart || caller.isRouter else {
                throw Refusal(.notPermitted, at: 6, "only routers ask for parts of reports")
            }
        case .lookup: try check(header.property, hasProperty, .read, caller)
        case .forget: try check(header.property, hasProperty, .admin, caller)
        case .fetch:
            // Every property's sessions are in it.
            guard caller.rights.everywhere.contains(.read) else {
                throw Refusal(
                    .notPermitted, "this client may not read the sessions of all properties")
            }
        case .hello, .status, .error: break
        }
    }

    /// Who has no right on a property is not told whether there is one.
    private static func check(
        _ property: PropertyID, _ isThere: Bool, _ needed: Right, _ caller: Caller
    ) throws(Refusal) {
        let rights = caller.rights[property]
        guard isThere, !rights.isEmpty else {
            let place = caller.name == nil ? "configured on this server" : "one of this client's"
            throw Refusal(
                .unknownProperty, at: 36, "property \(property.rawValue) is not \(place)")
        }
        guard rights.contains(needed) else {
            throw Refusal(
                .notPermitted, at: 36,
                "this client may not \(needed.verb) property \(property.rawValue)")
        }
    }
}
