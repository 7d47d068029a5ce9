import SojournClient

/// The watched server as a person looks at it: figures with their last minute, and tables below them.
struct WatchScreen {
    /// The server, and how it is.
    let title: [String]
    /// nil while it does not answer.
    let reading: WatchReading?
    let history: WatchHistory

    var lines: [String] {
        var lines = [title.joined(separator: "   ").printable, ""]
        guard let reading else { return lines }
        if reading.isWithheld {
            return lines + [
                "it shows no more to this client, which lacks the right admin on all properties"
            ]
        }
        var figures = TextTable([("", false), ("now", true), ("the last minute", true)])
        for (figure, value) in reading.figures {
            figures.add([
                figure.title, figure.text(of: value), history.sparkline(figure.name),
            ])
        }
        lines += figures.lines
        lines += counts("outcome", reading.outcomes)
        lines += counts("refusal", reading.refusals)
        lines += workers(reading.workers)
        return lines
    }

    /// Only what has occurred.
    private func counts(_ title: String, _ counts: [WatchReading.Count]) -> [String] {
        var table = TextTable([(title, false), ("per second", true), ("in all", true)])
        let occurred = counts.filter { $0.total > 0 }
        for count in occurred {
            table.add([
                count.words, count.perSecond.map(HumanText.rate) ?? "-",
                HumanText.count(Int(count.total)),
            ])
        }
        return occurred.isEmpty ? [] : [""] + table.lines
    }

    private func workers(_ workers: [WatchReading.Worker]) -> [String] {
        if workers.isEmpty { return [] }
        var table = TextTable([
            ("worker", false), ("", false), ("partitions", true), ("waiting", true),
            ("in flight", true), ("replies/s", true), ("latency", true), ("was gone", true),
        ])
        for worker in workers {
            table.add([
                worker.number, worker.isUp ? "up" : "GONE", worker.partitions,
                HumanText.count(Int(worker.waiting)), HumanText.count(Int(worker.inFlight)),
                worker.repliesPerSecond.map(HumanText.rate) ?? "-",
                HumanText.latency(microseconds: Double(worker.microseconds)),
                HumanText.count(Int(worker.downs)),
            ])
        }
        return [""] + table.lines
    }
}
