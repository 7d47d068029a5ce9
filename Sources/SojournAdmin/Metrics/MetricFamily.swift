/// What Prometheus calls a metric family: one name, with a sample for each set of labels.
struct MetricFamily: Equatable {
    enum Kind: String {
        case counter
        case gauge
        case histogram
    }

    struct Sample: Equatable {
        /// What stands behind the family's name: `_bucket`, `_sum`, `_count`, or nothing.
        var suffix = ""
        var labels: [(name: String, value: String)] = []
        var value: Double

        static func == (left: Sample, right: Sample) -> Bool {
            left.suffix == right.suffix && left.value == right.value
                && left.labels.elementsEqual(right.labels) { $0 == $1 }
        }
    }

    /// With the prefix.
    var name: String
    var kind: Kind
    var help: String
    var samples: [Sample]

    /// Which version this is: a constant 1 with labels.
    static func build(name: String, version: String) -> MetricFamily {
        MetricFamily(
            name: "sojourn_build_info", kind: .gauge, help: "The version that runs.",
            samples: [Sample(labels: [("name", name), ("version", version)], value: 1)])
    }

    /// Whether the service answers questions.
    static func isUp(_ isUp: Bool) -> MetricFamily {
        MetricFamily(
            name: "sojourn_up", kind: .gauge,
            help: "1 when the service answers, 0 while it starts or is stuck.",
            samples: [Sample(value: isUp ? 1 : 0)])
    }
}

/// Families as Prometheus reads them, version 0.0.4 of the text format.
enum PrometheusText {
    static func text(of families: [MetricFamily]) -> String {
        var text = ""
        for family in families where !family.samples.isEmpty {
            text += "# HELP \(family.name) \(escaped(family.help, quotes: false))\n"
            text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
            for sample in family.samples {
                text += family.name + sample.suffix
                if !sample.labels.isEmpty {
                    let labels = sample.labels.map {
                        "\($0.name)=\"\(escaped($0.value, quotes: true))\""
                    }
                    text += "{\(labels.joined(separator: ","))}"
                }
                text += " \(number(sample.value))\n"
            }
        }
        return text
    }

    /// Whole numbers without a point; they are exact up to 2^53.
    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 9_007_199_254_740_992
            ? "\(Int64(value))" : "\(value)"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
