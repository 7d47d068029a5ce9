import Foundation
import Glibc
import Histogram

/// Seconds on a clock that only goes forward.
func monotonicSeconds() -> Double {
    Double(DispatchTime.now().uptimeNanoseconds) / 1e9
}

/// Bytes of a process that are in memory; 0 when the system does not tell.
func residentBytes(of process: String = "self") -> Int {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/statm", encoding: .utf8) else {
        return 0
    }
    let fields = text.split(separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE)) : 0
}

/// Seconds of processor time that a process has used; 0 when the system does not tell.
func processorSeconds(of process: Int32) -> Double {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
        let name = text.lastIndex(of: ")")
    else { return 0 }
    // Behind the name, the 12th and 13th fields are user and system time.
    let fields = text[text.index(after: name)...].split(separator: " ")
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
        return 0
    }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
}

/// How long each request took.
struct Latencies {
    private var histogram = Histogram<UInt64>(
        highestTrackableValue: 60_000_000_000, numberOfSignificantValueDigits: .three)

    mutating func record(seconds: Double) { histogram.record(UInt64(max(0, seconds) * 1e9)) }

    /// Microseconds that this share of the requests, in percent, did not exceed.
    func microseconds(_ percentile: Double) -> Double {
        Double(histogram.valueAtPercentile(percentile)) / 1e3
    }
}

/// The number in the middle; the mean of the two in the middle of an even count.
func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    if sorted.isEmpty { return .nan }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/// Named figures, shown as a table to people and as one JSON object to machines.
struct Figures {
    private var rows: [(name: String, value: Double, text: String)] = []

    mutating func add(_ name: String, _ value: Double, _ text: String) {
        rows.append((name, value, text))
    }

    /// Adds the median of ratios, one a round, and prints all of them.
    mutating func add(_ name: String, ratios: [Double], of what: String) {
        add(
            name, median(ratios),
            "\(median(ratios).fixed(2)) of \(what) "
                + "(rounds: \(ratios.map { $0.fixed(2) }.joined(separator: " ")))")
    }

    func show(asJSON: Bool) throws {
        if asJSON {
            let object = Dictionary(uniqueKeysWithValues: rows.map { ($0.name, $0.value) })
            let data = try JSONSerialization.data(
                withJSONObject: object, options: [.sortedKeys, .prettyPrinted])
            print(String(decoding: data, as: UTF8.self))
            return
        }
        let width = rows.map(\.name.count).max() ?? 0
        for row in rows {
            print(row.name.padding(toLength: width + 2, withPad: " ", startingAt: 0) + row.text)
        }
    }
}

extension Double {
    /// With this many digits behind the point.
    func fixed(_ digits: Int) -> String { String(format: "%.\(digits)f", self) }

    /// In millions, as "12.3 M".
    var millions: String { (self / 1e6).fixed(2) + " M" }
}

extension Array where Element == UInt8 {
    /// A copy of some bytes.
    init(copying bytes: RawSpan) {
        // The bytes are copied before the closure ends.
        self = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    }
}
