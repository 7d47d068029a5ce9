import SojournCluster
import SojournRouter

/// A router of an elastic cluster while it lives: what `RouterLoop` and `ClusterWatch` do, round the same core and watch.
final class ElasticRouter: SimulatedRouter {
    var watch: ClaimWatch
    /// Where each partition is; nil while that is not known.
    var endpoints: [String?]
    /// Of all routers.
    let life: Int

    init(_ plan: ElasticPlan, life: Int, serverTime: Int64) {
        var configuration = RouterConfiguration(
            workers: (0..<plan.partitions).map { "nobody for partition \($0)" },
            deployment: plan.deployment)
        configuration.ranges = (0..<plan.partitions).map(plan.range)
        configuration.limits = plan.routerLimits
        watch = ClaimWatch(partitions: plan.partitions, lookMilliseconds: 80)
        endpoints = Array(repeating: nil, count: plan.partitions)
        self.life = life
        super.init(configuration, serverTime: serverTime)
    }

    /// As `RouterLoop.followCluster` does.
    func follow(_ claim: PartitionClaim) {
        endpoints[claim.partition] = claim.isReleased ? nil : claim.endpoint
        core.moved(
            claim.partition, to: "\(claim.owner.name) for partition \(claim.partition)",
            claim.isReleased ? "it has let go" : "it does not answer yet")
    }
}
