public import SojournModel

extension SojournClient {
    /// How a client connects, waits and retries. The defaults suit a service in the same data
    /// centre.
    public struct Options: Sendable {
        /// What the server's log calls this client; at most 255 bytes of UTF-8.
        public var name = "sojourn-swift/0.1.0"
        /// The deployment that the server must be of; nil takes any. Either way a client stays with
        /// the deployment that it met first.
        public var deployment: DeploymentID?
        /// How long `connect` tries, over all endpoints.
        public var connectTimeout: Duration = .seconds(5)
        /// How long one endpoint may take to connect and answer the greeting before the next one is
        /// tried.
        public var greetingTimeout: Duration = .seconds(2)
        /// How long one attempt waits for its answer before the same message is sent again, over a
        /// new connection, to the next endpoint.
        public var attemptTimeout: Duration = .seconds(5)
        /// How many times a message is sent at most without an answer.
        public var attempts = 3
        /// How long a call takes at most, with its waiting and its attempts.
        public var timeout: Duration = .seconds(30)
        /// Who numbers the batches; not 0, and nobody else's at the same time. Nil takes a random one.
        ///
        /// A program that keeps it, and `Answer.sequence`, can send its last batch again after a
        /// crash, with the same events and this number as `firstSequence`: the server applies it
        /// once. Such a program must not let more batches be refused in a row than the server
        /// remembers of a producer; with a random one the client takes another by itself.
        public var producer: UInt64?
        /// Number of the first batch; from 1 up to but without 2^63.
        public var firstSequence: UInt64 = 1
        /// Keys for a server that speaks CURVE; nil speaks plain text.
        public var curve: CurveKeys?
        /// Requests in flight at one time, if it is to be less than the server allows.
        public var inFlightMax: Int?

        public init() {}
    }
}

extension SojournClient.Options {
    /// What is known to be wrong before anything is tried.
    func check(endpoints: [String]) throws(SojournError) {
        func require(_ isGood: Bool, _ message: String) throws(SojournError) {
            if !isGood { throw SojournError(.invalidArgument, message) }
        }
        try require(!endpoints.isEmpty, "there is no endpoint to connect to")
        try require(
            name.utf8.count <= Limits.clientNameBytesMax,
            "a client's name has at most \(Limits.clientNameBytesMax) bytes")
        try require(attempts >= 1, "a message must be sent at least once: attempts is \(attempts)")
        try require(inFlightMax ?? 1 >= 1, "inFlightMax must be at least 1")
        try require(producer != 0, "a producer is not 0")
        try require(
            firstSequence >= 1 && firstSequence < 1 << 63,
            "firstSequence must be from 1 up to but without 2^63")
        for (duration, what) in [
            (connectTimeout, "connectTimeout"), (greetingTimeout, "greetingTimeout"),
            (attemptTimeout, "attemptTimeout"), (timeout, "timeout"),
        ] {
            try require(
                duration >= .milliseconds(1) && duration <= .seconds(86_400),
                "\(what) must be from 1 ms to a day")
        }
    }
}
