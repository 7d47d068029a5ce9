package import SojournModel

/// All that a `RouterCore` is made from.
package struct RouterConfiguration: Equatable, Sendable {
    /// Names of the workers, for messages: their endpoints.
    package var workers: [String]
    /// What each worker must have: in a cluster a worker stands for one partition, wherever that is served. nil takes
    /// what they say.
    package var ranges: [PartitionRange]?
    /// The deployment that all workers must be of; nil takes that of the first one that answers.
    package var deployment: DeploymentID?
    package var limits = RouterLimits()
    /// What it calls itself to workers that are to trust it with the names of clients, also where it asks for
    /// itself; nil for a router that asks nobody who he is.
    package var ownName: String?
    package var serverName = "sojourn-router"
    package var serverVersion = "0.1.0"

    package init(workers: [String], deployment: DeploymentID? = nil) {
        self.workers = workers
        self.deployment = deployment
    }
}

/// How much a router takes on, and how long it waits.
///
/// Room is counted for each worker, so that one that is slow or dead fills its own and no other's.
package struct RouterLimits: Equatable, Sendable {
    /// Requests that one client may have in flight.
    package var credit = Limits.creditMax
    /// Parts that wait for a worker, or for its answer.
    package var workerPartsMax = 1_024
    /// Bytes of these.
    package var workerBytesMax = 64 << 20
    /// What `overloaded` tells a client to wait.
    package var overloadedRetryMilliseconds: UInt32 = 50
    /// What `unavailable` and `incomplete` tell a client to wait.
    package var unavailableRetryMilliseconds: UInt32 = 200
    /// How long a part is waited for, its resends included. Less than a client waits for an answer, so
    /// that it hears what is known.
    package var answerMilliseconds: UInt64 = 4_000
    /// The same for a report, and for a FETCH, which may wait behind reports: longer than a worker takes for
    /// one at most.
    package var reportMilliseconds: UInt64 = 35_000
    /// Reports over several workers at one time.
    package var reportsMax = 16
    /// Bytes that the parts of one report may have together.
    package var reportBytesMax = 32 << 20
    /// A part without an answer is sent again after this, then after twice as long, and so on.
    package var resendMilliseconds: UInt64 = 1_000
    /// A quiet worker is asked whether it is there.
    package var pingMilliseconds: UInt64 = 500
    /// A worker that owes an answer and says nothing for so long is taken for dead.
    package var silenceMilliseconds: UInt64 = 2_000
    /// Between two attempts to reach a worker.
    package var retryMilliseconds: UInt64 = 100

    package init() {}
}

/// When something happens: what a shell reads off its clocks.
package struct RouterMoment: Equatable, Sendable {
    /// Milliseconds since the epoch.
    package var serverTime: Int64
    /// Microseconds that never go back.
    package var steady: UInt64

    package init(serverTime: Int64, steady: UInt64) {
        self.serverTime = serverTime
        self.steady = steady
    }

    /// Milliseconds since an earlier steady time.
    func milliseconds(since earlier: UInt64) -> UInt64 {
        (steady - min(earlier, steady)) / 1_000
    }
}
