package import SojournModel
package import SojournWire

/// What can be said of a request without looking into its body or at any state: codes 2 to 14 of
/// the error registry. The thread that holds the sockets uses it as well, so that a refusal for
/// want of room never hides a fault of higher precedence.
package struct Admission: Sendable {
    package let deployment: DeploymentID
    private let messageBytesMax: Int
    /// Only asked, never walked: the order of a set differs from run to run.
    private let properties: Set<PropertyID>

    package init(_ configuration: ServiceConfiguration) {
        deployment = configuration.deployment
        messageBytesMax = configuration.messageBytesMax
        properties = Set(configuration.properties.map(\.id))
    }

    /// Checks a frame up to its body, and whether the caller may ask this.
    package func check(
        _ frame: RawSpan, from caller: Caller = .anyone
    ) throws(Refusal) -> MessageHeader {
        let header: MessageHeader
        do {
            header = try Frame.open(frame, messageBytesMax: messageBytesMax, role: .server)
        } catch { throw Refusal(error) }
        guard header.deploymentTag == 0 || header.deploymentTag == deployment.tag else {
            throw Refusal(WireError(.wrongDeployment, at: 40))
        }
        if caller == .stranger {
            throw Refusal(
                .notPermitted,
                "the key of this connection is not authorized, or not any more; ask who runs the "
                    + "server")
        }
        switch header.operation {
        case .assign: try checkProperty(header.property, .write, caller)
        case .lookup, .report: try checkProperty(header.property, .read, caller)
        case .forget: try checkProperty(header.property, .admin, caller)
        case .fetch:
            // Every property's sessions are in it.
            guard caller.rights.everywhere.contains(.read) else {
                throw Refusal(
                    .notPermitted, "this client may not read the sessions of all properties")
            }
        case .hello, .status, .error: break
        }
        return header
    }

    /// Codes 14 and 15. Who has no right on a property is not told whether there is one.
    private func checkProperty(
        _ property: PropertyID, _ needed: Right, _ caller: Caller
    ) throws(Refusal) {
        let rights = caller.rights[property]
        guard properties.contains(property), !rights.isEmpty else {
            let place = caller == .anyone ? "configured on this server" : "one of this client's"
            throw Refusal(
                .unknownProperty, at: 36, "property \(property.rawValue) is not \(place)")
        }
        guard rights.contains(needed) else {
            throw Refusal(
                .notPermitted, at: 36,
                "this client may not \(needed.verb) property \(property.rawValue)")
        }
    }

    /// The answer when there is no room to queue a request.
    package func answerOverloaded(
        _ frame: RawSpan, from caller: Caller = .anyone, retryAfterMilliseconds: UInt32,
        into reply: inout ByteWriter
    ) -> (answer: Answer, code: ErrorCode) {
        var refusal = Refusal(
            .overloaded, retryAfterMilliseconds: retryAfterMilliseconds,
            "the server has more requests than it can queue; "
                + "send this one again after \(retryAfterMilliseconds) ms")
        do { _ = try check(frame, from: caller) } catch { refusal = error }
        let answer = refusal.answer(frame, deployment: deployment, into: &reply)
        return (answer, refusal.code)
    }
}
