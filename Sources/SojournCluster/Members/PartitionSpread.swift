import SojournModel

/// Which worker is to have which partition: rendezvous hashing with a bounded load.
///
/// Each partition likes the workers in an order of its own, by a hash of the two. It goes to the first of them
/// that has fewer than its share, which is the number of partitions over that of workers; as many workers as there is
/// a rest have one more. So nobody has two more than another, everybody who knows the same workers comes
/// to the same result, and when a worker comes or goes little else moves.
package enum PartitionSpread {
    /// - Parameter workers: their names, each once, in any order.
    /// - Returns: the worker of each partition; empty without workers.
    package static func owners(of partitions: Int, among workers: [String]) -> [String] {
        if workers.isEmpty { return [] }
        let names = workers.sorted()
        let hashes = names.map { SplitMix64.mix(FNV1a.hash($0.utf8)) }
        let share = partitions / names.count
        // So many workers have one more.
        var extras = partitions % names.count
        var loads = [Int](repeating: 0, count: names.count)
        var owners: [String] = []
        for partition in 0..<partitions {
            var best: Int?
            var bestWeight: UInt64 = 0
            for row in names.indices where loads[row] < share + (extras > 0 ? 1 : 0) {
                let weight = SplitMix64.mix(
                    hashes[row] ^ SplitMix64.mix(UInt64(partition) &+ 0x9E37_79B9_7F4A_7C15))
                if best == nil || weight > bestWeight {
                    best = row
                    bestWeight = weight
                }
            }
            // The shares add up to at least the number of partitions.
            guard let best else { preconditionFailure("no worker has room for a partition") }
            loads[best] += 1
            if loads[best] > share { extras -= 1 }
            owners.append(names[best])
        }
        return owners
    }
}
