/// A scale from nought to a round number, with few lines.
struct Axis: Equatable {
    /// Ascending, nought first.
    let ticks: [Int]

    var top: Int { ticks.last ?? 1 }

    /// - Parameter largest: what must fit.
    init(upTo largest: Int) {
        guard largest > 4 else {
            ticks = Array(0...max(1, largest))
            return
        }
        // The smallest of 1, 2, 5, 10, 20, ... with which five steps reach the largest.
        var power = 1
        while power * 50 < largest { power *= 10 }
        let step = [1, 2, 5, 10].map { $0 * power }.first { $0 * 5 >= largest } ?? power * 10
        ticks = Array(stride(from: 0, through: (largest + step - 1) / step * step, by: step))
    }

    /// Where a number stands between bottom (0) and top (1).
    func share(of number: Int) -> Double { Double(number) / Double(max(1, top)) }
}
