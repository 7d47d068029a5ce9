import SojournCluster
import SojournRouter

/// A router of an elastic cluster while it lives: what `RouterLoop` and `ClusterWatch` do, round the same core and watch.
final class ElasticRouter {
    var core: RouterCore
    var watch: ClaimWatch
    /// Where each partition is; nil while that is not known.
    var endpoints: [String?]
    /// By the number of the request: the frame, and its batch, unless it is a question.
    var requests: [(frame: [UInt8], batch: Int?)] = []
    /// Of all routers.
    let life: Int

    init(_ plan: ElasticPlan, life: Int, serverTime: Int64) {
        var configuration = RouterConfiguration(
            workers: (0..<plan.partitions).map { "nobody for partition \($0)" },
            deployment: plan.deployment)
        configuration.ranges = (0..<plan.partitions).map(plan.range)
        configuration.limits = plan.routerLimits
        core = RouterCore(configuration, startedAt: serverTime)
        watch = ClaimWatch(partitions: plan.partitions, lookMilliseconds: 80)
        endpoints = Array(repeating: nil, count: plan.partitions)
        self.life = life
    }

    /// As `RouterLoop.followCluster` does.
    func follow(_ claim: PartitionClaim) {
        endpoints[claim.partition] = claim.isReleased ? nil : claim.endpoint
        core.moved(
            claim.partition, to: "\(claim.owner.name) for partition \(claim.partition)",
            claim.isReleased ? "it has let go" : "it does not answer yet")
    }
}
