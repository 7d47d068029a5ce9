import SojournModel

/// Which days the page is about, by the calendar of the property.
enum PagePeriod: Equatable {
    case today
    case yesterday
    /// So many days, today included.
    case days(Int)
    /// Everything that is kept.
    case all
    /// Both days included.
    case between(CivilDate, CivilDate)

    /// What is offered, with the word of the address.
    static let offered: [(period: PagePeriod, word: String, title: String)] = [
        (.today, "today", "Today"), (.yesterday, "yesterday", "Yesterday"),
        (.days(7), "7d", "7 days"), (.days(28), "28d", "28 days"), (.days(90), "90d", "90 days"),
        (.days(365), "365d", "12 months"), (.all, "all", "All"),
    ]

    static let `default` = PagePeriod.days(28)

    /// nil for no bounds.
    func bounds(today: CivilDate) -> (first: CivilDate, last: CivilDate)? {
        switch self {
        case .today: (today, today)
        case .yesterday: (today + -1, today + -1)
        case .days(let count): (today + (1 - count), today)
        case .all: nil
        case .between(let first, let last): (first, last)
        }
    }

    func reportPeriod(today: CivilDate) -> ReportPeriod {
        guard let (first, last) = bounds(today: today) else { return .all }
        return ReportPeriod(
            start: first.localMilliseconds, end: (last + 1).localMilliseconds, isLocal: true)
    }

    /// Hours for a day or two, else days.
    func interval(today: CivilDate) -> ReportInterval {
        guard let (first, last) = bounds(today: today) else { return .day }
        return last.day - first.day < 2 ? .hour : .day
    }

    /// There is a period of the same length before it.
    var canCompare: Bool { self != .all }

    func title(today: CivilDate) -> String {
        guard let (first, last) = bounds(today: today) else { return "All time" }
        if first == last { return "\(first.weekday), \(first.long)" }
        let isSameYear = first.parts.year == last.parts.year
        return "\(isSameYear ? first.short : first.long) – \(last.long)"
    }
}
