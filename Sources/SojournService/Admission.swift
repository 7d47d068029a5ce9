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
        try Permission.check(
            header, of: caller, hasProperty: properties.contains(header.property))
        return header
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
