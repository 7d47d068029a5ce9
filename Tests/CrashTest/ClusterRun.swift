import Foundation
import SojournClient
import SojournModel
import SojournTestKit

/// One run of the test with several processes: any of them is killed or stopped under load and started again.
final class ClusterRun {
    private let cluster: any Cluster
    private let kills: Int
    private let seed: UInt64
    private let workload: Workload
    private let course = Course()
    private let producers: [Producer]
    private var random: SplitMix64

    init(
        _ cluster: any Cluster, kills: Int, seed: UInt64, without omission: CrashTest.Omission?
    ) {
        self.cluster = cluster
        self.kills = kills
        self.seed = seed
        workload = Workload(seed: seed)
        random = SplitMix64(seed: ~seed)
        let routers = cluster.routers
        producers = CrashRun.depths.enumerated().map { [workload, course] index, depth in
            // Everybody knows all routers; half of them begin with the other one.
            let known = routers.indices.map { routers[($0 + index) % routers.count] }
            return Producer(
                index, depth: depth, at: known, workload, course,
                usesFreshSequences: omission == .dedupe)
        }
    }

    /// - Returns: what is wrong.
    func run() async throws -> [Fault] {
        say("seed \(seed), \(kills) kills among \(cluster.title)")
        try cluster.start()
        let sending = Sending(producers)
        let began = ContinuousClock.now
        do {
            for _ in 1...max(kills, 1) {
                try await hitOne()
                if !course.faults.isEmpty { break }
            }
        } catch {
            cluster.kill()
            throw error
        }
        course.finish()
        await sending.end()
        report(after: .now - began)
        if !course.faults.isEmpty {
            cluster.kill()
            return course.faults
        }
        return try await judge()
    }

    // MARK: Hitting

    /// After some answers, and then a little later, something happens to somebody.
    private func hitOne() async throws {
        let began = ContinuousClock.now
        let isFirst = course.answered == 0
        let answered = course.answered + random.number(0...200)
        // The first waits until the cluster is there.
        while course.answered < answered || course.answered == 0,
            .now - began < .milliseconds(isFirst ? 30_000 : 1_500)
        {
            try await Task.sleep(for: .milliseconds(1))
        }
        try await Task.sleep(for: .microseconds(random.number(0...4_000)))
        try await cluster.hit(&random, during: course)
    }

    // MARK: Judging

    private func report(after took: Duration) {
        let hits = cluster.hits.joined(separator: ", ")
        let seconds = max(took / .seconds(1), 0.001)
        say(
            """
            \(course.answered) batches with \(course.events) events in \(Int(seconds)) s; kills: \(hits)
            \(course.unknownOutcomes) batches given up and sent again, \(course.reconnections) \
            reconnections
            """)
    }

    /// Once more from the disks alone: everything that was answered is there, once.
    private func judge() async throws -> [Fault] {
        for worker in cluster.workers { try worker.restart() }
        var judgement = Judgement(course.settled, workload)
        var repeated = 0
        for producer in producers { repeated += try await producer.compareRepetitions() }
        var sums: [String: Int64] = [:]
        for endpoint in try cluster.counters() {
            let client = try await connect(to: endpoint)
            for gauge in try await client.status().gauges {
                sums[gauge.name, default: 0] += gauge.value
            }
            await client.close()
        }
        judgement.compare { sums[$0] }
        for router in cluster.routers {
            let client = try await connect(to: router)
            for visitor in Workload.visitorNames {
                judgement.compare(
                    try await client.lookup(visitor: visitor, property: Workload.property),
                    of: visitor)
            }
            await client.close()
        }
        let endings = cluster.stop()
        say(
            """
            \(judgement.accepted) events in \(judgement.sessionCount) sessions, \
            \(judgement.revisionCount) revisions; \(repeated) batches sent again at the end; \
            look-ups of \(Workload.visitorNames.count) visitors through both routers
            """)
        return course.faults + judgement.faults + endings
    }

    private func connect(to endpoint: String) async throws -> SojournClient {
        var options = SojournClient.Options()
        options.connectTimeout = .seconds(30)
        return try await SojournClient.connect(to: endpoint, options: options)
    }
}
