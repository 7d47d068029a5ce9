public import ArgumentParser
import Foundation
public import SojournClient

/// Which sessions are meant, and how the answer is shown: what `report`, `journeys` and `funnel` share.
struct ReportOptions: ParsableArguments {
    @Option(help: "The property that is meant.")
    var property = PropertyID.default

    @Option(
        help: ArgumentHelp(
            "Sessions that began then or later: 2026-03-01, 2026-03-01T09:30 by the property's clock, "
                + "or with a Z at the end by UTC.", valueName: "time"))
    var from: String?

    @Option(
        help: ArgumentHelp(
            "Sessions that began before then; of a day without a time, until its end.",
            valueName: "time"))
    var to: String?

    @Option(
        help: ArgumentHelp(
            "The time before the property's clock instead: 24h, 7d.", valueName: "duration"))
    var last: String?

    @Option(
        name: .customLong("where"),
        help: ArgumentHelp(
            "Only sessions like this: device=phone, country!=DE; given again, both must hold.",
            valueName: "dimension=value"))
    var filters: [ReportFilter] = []

    @Option(help: ArgumentHelp("Rows at most; the others become (other).", valueName: "count"))
    var top: Int?

    @Flag(help: "Count automated sessions as well.")
    var bots = false

    @Option(help: "text, csv or json.")
    var output = ReportFormat.text

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if last != nil, from != nil || to != nil {
            throw ValidationError("Give --last, or --from and --to.")
        }
        if let last, ReportTime.duration(last) == nil {
            throw ValidationError("--last \(last) is no duration; write 24h or 7d.")
        }
        for text in [from, to].compactMap({ $0 }) where ReportTime(text) == nil {
            throw ValidationError(
                "\(text) is no time; write 2026-03-01, 2026-03-01T09:30 or 2026-03-01T09:30Z.")
        }
        let times = [from, to].compactMap { $0 }.compactMap(ReportTime.init)
        if times.count == 2, times[0].isLocal != times[1].isLocal {
            throw ValidationError("Write both times by UTC, with a Z, or none.")
        }
        if let top, !(1...Limits.reportRowsMax).contains(top) {
            throw ValidationError("--top is 1 to \(Limits.reportRowsMax).")
        }
    }

    /// Asks the service.
    func ask(
        _ kind: ReportQuestion.Kind, comparing: Bool = false
    ) async throws -> ReportAnswer {
        let client = try await connection.connect()
        var question = ReportQuestion(
            kind, period: try await period(client), filters: filters)
        question.rowsMax = top
        question.includesAutomated = bots
        question.comparesWithPrevious = comparing
        let answer = try await client.report(question, property: property)
        await client.close()
        return answer
    }

    private func period(_ client: SojournClient) async throws -> ReportPeriod {
        if let length = last.flatMap(ReportTime.duration) {
            let name = "property_\(property.rawValue)_clock_milliseconds"
            let status = try await client.status()
            guard let clock = status.gauges.first(where: { $0.name == name })?.value else {
                return .all
            }
            return ReportPeriod(start: clock - length + 1, end: clock + 1)
        }
        let start = from.flatMap(ReportTime.init)
        let end = to.flatMap(ReportTime.init)
        return ReportPeriod(
            start: start?.milliseconds, end: end?.end,
            isLocal: start?.isLocal ?? end?.isLocal ?? false)
    }

    /// What a reader must know of an answer besides its rows.
    func remarks(_ answer: ReportAnswer) -> [String] {
        var remarks: [String] = []
        let begin = answer.start.map { "\(EventTime(milliseconds: $0))" } ?? "the beginning"
        let end = answer.end.map { "\(EventTime(milliseconds: $0))" } ?? "now"
        remarks.append("from \(begin) to \(end), days of \(answer.timeZone)")
        if answer.liveSessions > 0 {
            remarks.append(
                "\(HumanText.count(answer.liveSessions)) of these sessions are not finished yet")
        }
        if answer.automatedSessions > 0 {
            remarks.append(
                "\(HumanText.count(answer.automatedSessions)) automated sessions left out "
                    + "(--bots counts them)")
        }
        return remarks
    }
}

/// The words of `--output` of reports.
enum ReportFormat: String, ExpressibleByArgument, CaseIterable {
    case text, csv, json
}

/// A time as people write it.
struct ReportTime {
    var milliseconds: Int64
    /// By the property's clock.
    var isLocal: Bool
    /// The first millisecond behind what was written: behind the day where there is no time.
    var end: Int64

    init?(_ text: String) {
        isLocal = !text.hasSuffix("Z")
        let body = text.split(separator: "Z", omittingEmptySubsequences: false)[0]
        let parts = body.split(separator: "T", omittingEmptySubsequences: false)
        let date = parts[0].split(separator: "-").map { Int($0) }
        guard parts.count <= 2, date.count == 3, let year = date[0], let month = date[1],
            let day = date[2], (1...12).contains(month), (1...31).contains(day),
            (1_970...9_999).contains(year)
        else { return nil }
        var time: Int64 = 0
        if parts.count == 2 {
            let clock = parts[1].split(separator: ":").map { Int64($0) }
            guard (2...3).contains(clock.count), let hour = clock[0], let minute = clock[1],
                (0...23).contains(hour), (0...59).contains(minute)
            else { return nil }
            let second = clock.count == 3 ? clock[2] : 0
            guard let second, (0...59).contains(second) else { return nil }
            time = (hour * 3_600 + minute * 60 + second) * 1_000
        }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        guard
            let date = calendar.date(from: DateComponents(year: year, month: month, day: day)),
            calendar.component(.day, from: date) == day
        else { return nil }
        milliseconds = Int64(date.timeIntervalSince1970) * 1_000 + time
        end = parts.count == 2 ? milliseconds : milliseconds + 86_400_000
    }

    /// Milliseconds of `24h` or `7d`.
    static func duration(_ text: String) -> Int64? {
        let units: [Character: Int64] = ["m": 60_000, "h": 3_600_000, "d": 86_400_000]
        guard let last = text.last, let unit = units[last], let count = Int64(text.dropLast()),
            (1...100_000).contains(count)
        else { return nil }
        return count * unit
    }
}

extension ReportDimension: ExpressibleByArgument {
    /// `device`, `landing-page`, `campaign` for its name.
    public init?(argument: String) {
        let wanted = argument.replacing("-", with: "").lowercased()
        if wanted == "campaign" {
            self = .campaignName
            return
        }
        guard let found = Self.allCases.first(where: { $0.name.lowercased() == wanted }) else {
            return nil
        }
        self = found
    }
}

extension ReportFilter: ExpressibleByArgument {
    public init?(argument: String) {
        guard let sign = argument.firstIndex(of: "=") else { return nil }
        var name = argument[..<sign]
        let isNegated = name.last == "!"
        if isNegated { name = name.dropLast() }
        guard let dimension = ReportDimension(argument: String(name)) else { return nil }
        self.init(
            dimension, String(argument[argument.index(after: sign)...]), isNegated: isNegated)
    }
}
