/// How often what happened in runs.
struct Statistics: CustomStringConvertible {
    enum Item: Int, CaseIterable {
        case runs, events, batches, retries, repeats, refused, overloaded, lookups
        case records, lostRecords, merges, snapshots, damagedSnapshots, diskFailures
        case kills, powerCuts, stops, failedStarts
    }

    private var counts = Array(repeating: 0, count: Item.allCases.count)

    subscript(item: Item) -> Int {
        get { counts[item.rawValue] }
        set { counts[item.rawValue] = newValue }
    }

    static func += (left: inout Statistics, right: Statistics) {
        for item in Item.allCases { left[item] += right[item] }
    }

    /// What did not happen.
    var missing: [Item] { Item.allCases.filter { self[$0] == 0 } }

    var description: String {
        Item.allCases.map { "\($0) \(self[$0])" }.joined(separator: ", ")
    }
}
