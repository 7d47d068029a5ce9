import SojournCluster
import Testing

@Suite struct SpreadTests {
    @Test(arguments: [(16, 3), (64, 5), (7, 7), (3, 5), (256, 9)])
    func `partitions are spread evenly`(partitions: Int, workers: Int) {
        let names = (0..<workers).map { "worker-\($0)" }
        let owners = PartitionSpread.owners(of: partitions, among: names)
        #expect(owners.count == partitions)
        let share = (partitions + workers - 1) / workers
        let counts = names.map { name in owners.count { $0 == name } }
        #expect(counts.max() == share)
        #expect(counts.allSatisfy { $0 >= partitions / workers })
        #expect(owners == PartitionSpread.owners(of: partitions, among: names.reversed()))
    }

    @Test func `little else moves when a worker comes or goes`() {
        let names = (0..<6).map { "worker-\($0)" }
        let with = PartitionSpread.owners(of: 120, among: names)
        for gone in names {
            let without = PartitionSpread.owners(of: 120, among: names.filter { $0 != gone })
            let mustMove = with.count { $0 == gone }
            let moved = zip(with, without).count { $0 != $1 }
            #expect(moved >= mustMove)
            #expect(moved <= 3 * mustMove, "\(moved) moved, \(mustMove) had to")
        }
    }

    @Test func `nobody gets nothing`() {
        #expect(PartitionSpread.owners(of: 16, among: []).isEmpty)
    }
}
