import SojournModel
import SojournWire

/// Which worker has which partition. Fixed addresses fill it from what the workers say in HELLO; it may
/// change at any time, and counts for each request as it stands then.
struct PartitionTable: ~Copyable {
    /// The worker of each partition, or `BatchSplit.nobody`. Empty before the first worker is known.
    private(set) var owners = GrowableBuffer<UInt16>()

    /// The workers that have a partition, in the order of their first ones.
    private(set) var order = GrowableBuffer<UInt16>()

    var count: Int { owners.count }

    var isComplete: Bool { count > 0 && missing.isEmpty }

    /// The one worker that has everything; nil when there are others, or holes.
    private(set) var soleOwner: Int?

    /// Makes a worker the owner of a range.
    ///
    /// - Returns: why that cannot be, or nil.
    mutating func claim(_ range: PartitionRange, by worker: Int, named names: [String]) -> String? {
        if count == 0 {
            owners.resize(to: range.count, repeating: BatchSplit.nobody)
        }
        guard range.count == count else {
            return "it has partitions \(range), and other workers have some of \(count)"
        }
        for partition in Int(range.first)...Int(range.last) {
            let owner = owners[partition]
            guard owner == BatchSplit.nobody || Int(owner) == worker else {
                return "it has partitions \(range), and partition \(partition) is that of "
                    + names[Int(owner)]
            }
        }
        release(worker)
        for partition in Int(range.first)...Int(range.last) { owners[partition] = UInt16(worker) }
        soleOwner = range.isAll ? worker : nil
        order.removeAll()
        for partition in 0..<count where owners[partition] != BatchSplit.nobody {
            if !isKnown(owners[partition]) { order.append(owners[partition]) }
        }
        return nil
    }

    private func isKnown(_ owner: UInt16) -> Bool {
        for row in 0..<order.count where order[row] == owner { return true }
        return false
    }

    /// Takes away all that a worker has.
    private mutating func release(_ worker: Int) {
        for partition in 0..<count where Int(owners[partition]) == worker {
            owners[partition] = BatchSplit.nobody
        }
    }

    /// The partitions that nobody has, as text: `0-31, 40`.
    var missing: String {
        var runs: [String] = []
        var first: Int?
        for partition in 0...count {
            let isMissing = partition < count && owners[partition] == BatchSplit.nobody
            if isMissing {
                first = first ?? partition
            } else if let start = first {
                runs.append(start == partition - 1 ? "\(start)" : "\(start)-\(partition - 1)")
                first = nil
            }
        }
        return runs.joined(separator: ", ")
    }

    /// Partitions that somebody has.
    var covered: Int {
        var covered = 0
        for partition in 0..<count where owners[partition] != BatchSplit.nobody { covered += 1 }
        return covered
    }

    /// Whether a worker has any.
    func has(_ worker: Int) -> Bool { count(of: worker) > 0 }

    /// Partitions that a worker has.
    func count(of worker: Int) -> Int {
        var held = 0
        for partition in 0..<count where Int(owners[partition]) == worker { held += 1 }
        return held
    }

    func owner(of partition: Int) -> Int? {
        let owner = owners[partition]
        return owner == BatchSplit.nobody ? nil : Int(owner)
    }
}
