extension SojournClient {
    /// What has happened beneath the calls, counted since the client was made.
    public struct Statistics: Equatable, Sendable {
        /// Messages that were sent, with those sent again.
        public internal(set) var sent = 0
        /// Messages that were sent again.
        public internal(set) var resent = 0
        /// Refusals that were answered by waiting and sending again.
        public internal(set) var refusalsRetried = 0
        /// Connections that were begun, with the first.
        public internal(set) var connections = 0
        /// Replies that came when their call had already ended.
        public internal(set) var lateReplies = 0
        /// Messages that were no reply to anything asked, or damaged.
        public internal(set) var ignoredReplies = 0

        public init() {}
    }
}
