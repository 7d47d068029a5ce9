import SojournModel
import SojournWire

/// The connection of a client, as far as its decisions go.
struct Link {
    typealias Instant = ContinuousClock.Instant

    enum State: Equatable {
        /// Between two attempts to connect.
        case down(until: Instant)
        /// The server is to be reached and to answer HELLO.
        case greeting(until: Instant)
        case up
        /// The server is about to stop: what is in flight is still answered, nothing new is sent.
        case leaving(until: Instant)
        /// The first greeting did not succeed.
        case ended
    }

    var state = State.ended
    var endpoint = 0
    /// Of the server that was met first, or the one that is asked for.
    var deployment: DeploymentID?
    /// By when the first greeting must succeed; nil once it has.
    var connectDeadline: Instant?
    /// Connections that failed since the last good one.
    var failures = 0
    /// Endpoints in a row that said no for good.
    var permanentFailures = 0
    /// Why the last connection failed; nil while there is a good one.
    var fault: SojournError?

    init(deployment: DeploymentID?, connectDeadline: Instant) {
        self.deployment = deployment
        self.connectDeadline = connectDeadline
    }

    var isUp: Bool { state == .up }

    var isGreeting: Bool { if case .greeting = state { true } else { false } }

    var timer: Instant? {
        switch state {
        case .down(let until), .greeting(let until), .leaving(let until):
            min(until, connectDeadline ?? until)
        case .up, .ended: nil
        }
    }
}

extension Dispatcher {
    mutating func connect(endpoint: Int, now: Instant) {
        link.endpoint = endpoint
        link.state = .greeting(until: now + options.greetingTimeout)
        statistics.connections += 1
        actions.append(.connect(endpoint: endpoint))
    }

    /// The connection has not answered, or is broken: a new one, to the next endpoint.
    mutating func replaceLink(now: Instant) {
        recallInFlight()
        connect(endpoint: nextEndpoint, now: now)
    }

    /// The connection was lost; has no effect while there is none.
    mutating func linkLost(now: Instant) {
        switch link.state {
        case .up, .leaving: replaceLink(now: now)
        case .down, .greeting, .ended: return
        }
    }

    /// The server will stop: what it has in hand is awaited for a moment.
    mutating func leave(now: Instant) {
        guard link.isUp else { return }
        link.state = .leaving(until: now + .seconds(1))
        tickLink(now: now)
    }

    /// The server has answered HELLO.
    ///
    /// - Returns: false if it is not a server to stay with.
    mutating func greeted(_ reply: HelloReply, now: Instant) -> Bool {
        guard link.isGreeting else { return false }
        guard MessageHeader.versions.contains(reply.version) else {
            greetingFailed(
                SojournError(
                    .unsupportedVersion,
                    "\(endpointName) chose version \(reply.version) of the protocol, which this "
                        + "client does not speak"), isPermanent: true, now: now)
            return false
        }
        if let expected = link.deployment, expected != reply.deployment {
            greetingFailed(
                wrongDeployment(
                    "it is \(reply.deployment.bits.hexadecimal), expected was "
                        + expected.bits.hexadecimal), isPermanent: true, now: now)
            return false
        }
        link.deployment = reply.deployment
        link.state = .up
        link.failures = 0
        link.permanentFailures = 0
        link.fault = nil
        credit = max(1, min(reply.credit, options.inFlightMax ?? reply.credit))
        producerWindow = UInt64(max(1, reply.producerWindow))
        if link.connectDeadline != nil {
            link.connectDeadline = nil
            actions.append(.welcome)
        }
        return true
    }

    /// The server has answered HELLO with an ERROR.
    mutating func greetingRefused(_ reply: ErrorReply, now: Instant) {
        guard link.isGreeting else { return }
        let refusal = SojournError.Refusal(reply)
        let fault =
            switch reply.code {
            case .wrongDeployment: wrongDeployment(reply.message, refusal)
            case .unsupportedVersion:
                SojournError(
                    .unsupportedVersion,
                    "\(endpointName) speaks versions \(reply.lowestVersion) to "
                        + "\(reply.highestVersion) of the protocol, this client "
                        + "\(MessageHeader.versions.lowerBound) to "
                        + "\(MessageHeader.versions.upperBound)", refusal: refusal)
            default:
                SojournError(
                    .refused, "\(endpointName) refuses this client: \(reply.message)",
                    refusal: refusal)
            }
        greetingFailed(fault, isPermanent: !reply.isRetriable, now: now)
    }

    /// There is no connection, for this reason.
    mutating func greetingFailed(_ fault: SojournError, isPermanent: Bool, now: Instant) {
        link.fault = fault
        link.failures += 1
        link.permanentFailures = isPermanent ? link.permanentFailures + 1 : 0
        if link.connectDeadline != nil, link.permanentFailures >= endpoints.count {
            giveUp(fault)
        } else if link.failures % endpoints.count == 0 {
            // All have been tried: not at once again.
            let rounds = min(link.failures / endpoints.count, 5)
            link.state = .down(until: now + .milliseconds(50 << rounds))
            actions.append(.disconnect)
        } else {
            connect(endpoint: nextEndpoint, now: now)
        }
    }

    mutating func tickLink(now: Instant) {
        if let deadline = link.connectDeadline, deadline <= now {
            return giveUp(
                link.fault
                    ?? SojournError(
                        .unreachable,
                        "no answer from \(endpoints.joined(separator: ", ")) within "
                            + "\(options.connectTimeout); is a server running there?"))
        }
        switch link.state {
        case .down(let until) where until <= now: connect(endpoint: nextEndpoint, now: now)
        case .greeting(let until) where until <= now:
            link.failures += 1
            connect(endpoint: nextEndpoint, now: now)
        case .leaving(let until) where until <= now || inFlight == 0: replaceLink(now: now)
        case .down, .greeting, .up, .leaving, .ended: return
        }
    }

    private mutating func giveUp(_ error: SojournError) {
        link.connectDeadline = nil
        link.state = .ended
        actions.append(.giveUp(error))
    }

    private var nextEndpoint: Int { (link.endpoint + 1) % endpoints.count }

    var endpointName: String { endpoints[link.endpoint] }

    private func wrongDeployment(
        _ detail: String, _ refusal: SojournError.Refusal? = nil
    ) -> SojournError {
        SojournError(
            .wrongDeployment, "\(endpointName) belongs to another deployment: \(detail)",
            refusal: refusal)
    }
}
