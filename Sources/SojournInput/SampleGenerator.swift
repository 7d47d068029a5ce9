import SojournModel

/// The choices behind the sample. The same seed makes the same ones.
struct SampleGenerator {
    private var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    mutating func next() -> UInt64 { random.next() }

    /// A number from 0 up to and without `bound`.
    mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0)
        return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// A number in a range, ends included.
    mutating func between(_ low: Int, _ high: Int) -> Int { low + below(high - low + 1) }

    /// True this many times in a thousand.
    mutating func happens(perThousand: Int) -> Bool { below(1000) < perThousand }

    /// The place of one of the weights, each as likely as it is heavy.
    mutating func choose(_ weights: [Int]) -> Int {
        var rest = below(weights.reduce(0, +))
        for (place, weight) in weights.enumerated() {
            if rest < weight { return place }
            rest -= weight
        }
        preconditionFailure("the rest is below the sum of the weights")
    }
}
