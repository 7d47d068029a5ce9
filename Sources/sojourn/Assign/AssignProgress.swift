/// The progress bar of `sojourn assign`.
struct AssignProgress {
    private static let barCharacters = 30

    private let totalBytes: Int?
    private let start = ContinuousClock.now
    private var shown = ContinuousClock.now

    init(totalBytes: Int?) { self.totalBytes = totalBytes }

    /// Shows how far it is, ten times a second at most.
    mutating func update(consumedBytes: Int, events: Int) {
        let console = Console.standardError
        let now = ContinuousClock.now
        guard console.isTerminal, now - shown >= .milliseconds(100) else { return }
        shown = now
        let perSecond = Int(Double(events) / max(0.001, (now - start) / .seconds(1)))
        var text = "\(HumanText.count(events)) events, \(HumanText.count(perSecond))/s"
        if let totalBytes, totalBytes > 0 {
            let share = min(1, Double(consumedBytes) / Double(totalBytes))
            let full = Int(share * Double(Self.barCharacters))
            let bar =
                String(repeating: "#", count: full)
                + String(repeating: "-", count: Self.barCharacters - full)
            text = "[\(bar)] \(Int(share * 100)) %  " + text
        }
        console.show(progress: text)
    }
}
