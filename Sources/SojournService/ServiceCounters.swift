import SojournModel
package import SojournWire

/// Refusals and drops by error code. Only operators read them; nothing is decided by them.
package struct RefusalCounters: Sendable {
    /// By the raw value of the code.
    private var errors = InlineArray<96, UInt64>(repeating: 0)
    private var drops = InlineArray<96, UInt64>(repeating: 0)

    package init() {}

    package mutating func count(error code: ErrorCode) { Self.count(code, in: &errors) }

    package mutating func count(drop code: ErrorCode) { Self.count(code, in: &drops) }

    /// Counts what became of a request that was refused.
    package mutating func count(_ answer: Answer, _ code: ErrorCode) {
        switch answer {
        case .reply: count(error: code)
        case .drop(let code): count(drop: code)
        }
    }

    package mutating func add(_ other: RefusalCounters) {
        for row in errors.indices {
            errors[row] += other.errors[row]
            drops[row] += other.drops[row]
        }
    }

    private static func count(_ code: ErrorCode, in row: inout InlineArray<96, UInt64>) {
        row[min(Int(code.rawValue), row.count - 1)] += 1
    }

    /// The sums, and those codes that occurred.
    var gauges: [Gauge] { Self.gauges("errors", errors) + Self.gauges("drops", drops) }

    private static func gauges(_ noun: String, _ row: InlineArray<96, UInt64>) -> [Gauge] {
        var gauges: [Gauge] = []
        var sum: UInt64 = 0
        for code in ErrorCode.all where row[Int(code.rawValue)] > 0 {
            sum += row[Int(code.rawValue)]
            gauges.append(Gauge("\(noun)_\(code.name.words)_total", row[Int(code.rawValue)]))
        }
        return [Gauge("\(noun)_total", sum)] + gauges
    }
}

/// What a service has done with requests.
struct ServiceCounters {
    /// By the raw value of the operation.
    private var requests = InlineArray<9, UInt64>(repeating: 0)
    var refusals = RefusalCounters()
    /// Batches that were applied.
    var batches: UInt64 = 0
    /// Batches that were answered from memory.
    var repeatedBatches: UInt64 = 0
    /// Visitors who were to be forgotten, whether or not anything was known of them.
    var forgottenVisitors: UInt64 = 0

    mutating func count(_ operation: Operation) { requests[Int(operation.rawValue)] += 1 }

    var gauges: [Gauge] {
        var gauges: [Gauge] = []
        for operation in Operation.allCases where operation != .error {
            gauges.append(
                Gauge(
                    "requests_\(operation.name.lowercased())_total",
                    requests[Int(operation.rawValue)]))
        }
        gauges.append(Gauge("batches_total", batches))
        gauges.append(Gauge("repeated_batches_total", repeatedBatches))
        gauges.append(Gauge("forgotten_visitors_total", forgottenVisitors))
        return gauges
    }
}

/// What the shell round a `ServiceCore` knows and STATUS shows.
package struct ShellReport: Sendable {
    /// Requests that never came as far as the core.
    package var refusals = RefusalCounters()
    package var gauges: [Gauge] = []

    package init() {}
}

extension Gauge {
    package init(_ name: String, _ value: UInt64) {
        self.init(name: name, value: Int64(clamping: value))
    }

    init(_ name: String, _ value: Int) { self.init(name: name, value: Int64(value)) }
}

extension String {
    /// "badHeaderChecksum" as "bad_header_checksum", "badUTF8" as "bad_utf8".
    var words: String {
        var words = ""
        var isInUpperCase = true
        for character in self {
            if character.isUppercase, !isInUpperCase { words.append("_") }
            isInUpperCase = character.isUppercase
            words.append(contentsOf: character.lowercased())
        }
        return words
    }
}
