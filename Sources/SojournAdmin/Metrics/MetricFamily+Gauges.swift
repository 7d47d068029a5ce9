import SojournWire

extension MetricFamily {
    /// The gauges of STATUS by the conventions of Prometheus: what only differs in an outcome, an
    /// operation, a code, a property, a worker or a partition is one family with a label; times are in seconds; sums that
    /// Prometheus makes itself are left out. A gauge that nothing is known of here keeps its name.
    static func families(of gauges: [Gauge]) -> [MetricFamily] {
        var families: [MetricFamily] = []
        for gauge in gauges where !isLatency(gauge.name) && !isSum(gauge.name) {
            let (rest, label) = label(of: gauge.name)
            let (name, value) = inSeconds(rest, gauge.value)
            let family = MetricFamily(
                name: "sojourn_\(name)", kind: name.hasSuffix("_total") ? .counter : .gauge,
                help: MetricHelp.text(for: name),
                samples: [Sample(labels: label.map { [$0] } ?? [], value: value)])
            if let row = families.firstIndex(where: { $0.name == family.name }) {
                families[row].samples += family.samples
            } else {
                families.append(family)
            }
        }
        if let latency = latency(of: gauges) { families.append(latency) }
        return families
    }

    /// Families whose members differ in one word: what they are called, and what the word is.
    private static let labelled: [(prefix: String, label: String)] = [
        ("events_", "outcome"), ("requests_", "operation"), ("errors_", "code"),
        ("drops_", "code"),
    ]

    /// "events_new_total" is "events_total" with the outcome "new".
    private static func label(
        of name: String
    ) -> (name: String, label: (name: String, value: String)?) {
        for noun in ["property", "worker", "partition"] where name.hasPrefix("\(noun)_") {
            let rest = name.dropFirst(noun.count + 1)
            let id = rest.prefix { $0.isNumber }
            if !id.isEmpty, rest.dropFirst(id.count).first == "_" {
                return ("\(noun)\(rest.dropFirst(id.count))", (noun, String(id)))
            }
        }
        for (prefix, label) in labelled where name.hasPrefix(prefix) && name.hasSuffix("_total") {
            let word = name.dropFirst(prefix.count).dropLast("_total".count)
            if !word.isEmpty { return ("\(prefix)total", (label, String(word))) }
        }
        return (name, nil)
    }

    /// A sum over what is a label here.
    private static func isSum(_ name: String) -> Bool {
        labelled.contains { name == "\($0.prefix)total" }
    }

    /// Base units, as the convention wants them.
    private static func inSeconds(_ name: String, _ value: Int64) -> (String, Double) {
        let isCounter = name.hasSuffix("_total")
        let stem = isCounter ? name.dropLast("_total".count) : Substring(name)
        for (unit, perSecond) in [("_milliseconds", 1e3), ("_microseconds", 1e6)]
        where stem.hasSuffix(unit) {
            var named = "\(stem.dropLast(unit.count))_seconds"
            // A point in time is told apart from a length.
            if named.hasSuffix("_clock_seconds") {
                named = "\(named.dropLast("_seconds".count))_timestamp_seconds"
            }
            return (named + (isCounter ? "_total" : ""), Double(value) / perSecond)
        }
        return (name, Double(value))
    }

    // MARK: Latency

    private static func isLatency(_ name: String) -> Bool {
        name.hasPrefix("replies_")
            && (name == "replies_total" || name == "replies_microseconds_total"
                || bound(of: name) != nil)
    }

    /// Of "replies_within_250_microseconds_total" the seconds.
    private static func bound(of name: String) -> Double? {
        let prefix = "replies_within_"
        let suffix = "_microseconds_total"
        guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { return nil }
        return Double(name.dropFirst(prefix.count).dropLast(suffix.count)).map { $0 / 1e6 }
    }

    private static func latency(of gauges: [Gauge]) -> MetricFamily? {
        func value(_ name: String) -> Double? {
            gauges.first { $0.name == name }.map { Double($0.value) }
        }
        guard let count = value("replies_total"), let sum = value("replies_microseconds_total")
        else { return nil }
        var samples: [Sample] = []
        for gauge in gauges {
            guard let bound = bound(of: gauge.name) else { continue }
            samples.append(
                Sample(
                    suffix: "_bucket", labels: [("le", "\(bound)")], value: Double(gauge.value)))
        }
        samples.append(Sample(suffix: "_bucket", labels: [("le", "+Inf")], value: count))
        samples.append(Sample(suffix: "_sum", value: sum / 1e6))
        samples.append(Sample(suffix: "_count", value: count))
        return MetricFamily(
            name: "sojourn_request_duration_seconds", kind: .histogram,
            help: MetricHelp.text(for: "request_duration_seconds"), samples: samples)
    }
}
