import SojournModel

/// The traffic of a small shop, invented from a seed: what `sojourn sample` writes.
///
/// It is made to look like what a sessionizer meets, not to model a shop:
///
/// - **Visitors** have one device, one country and region. Four in ten come back, up to six times.
///   They come by day more than by night (by their own clock) and at weekends more than on weekdays.
/// - **Visits** come through a channel (search, paid search, social, email, referral, direct), with
///   a referrer and, where somebody pays for it, a campaign. They land on a page that suits the
///   channel and walk a small graph: home, category, product, basket, checkout, thanks. `search`,
///   `filter` and `add_to_basket` are actions; `purchase` is a conversion with the value of the
///   basket, `newsletter` one without. One step in fifty is a pause that a session does not survive.
/// - **Telemetry**: a third of the visitors send heartbeats while they look at a product; one in
///   twelve uses an app that says `start` and, half the time, `end`.
/// - **Robots**: every fiftieth visitor is a crawler that takes 110 to 170 pages at two or three a
///   second; every other one says that it is a bot.
/// - **The network**: three events in a hundred arrive up to five minutes late, six in a thousand
///   arrive twice (with the same event id).
///
/// Rows are in order of arrival. The same parameters give the same bytes on any machine; each
/// visitor has a generator of their own, so more visitors leave the others as they were.
package struct SampleTraffic: Sendable {
    package var seed: UInt64
    package var visitors: Int
    package var days: Int
    /// Midnight UTC of the first day.
    package var startMilliseconds: Int64

    /// 2026-03-02, a Monday.
    package static let defaultStartMilliseconds: Int64 = 1_772_409_600_000

    package init(
        seed: UInt64, visitors: Int, days: Int,
        startMilliseconds: Int64 = SampleTraffic.defaultStartMilliseconds
    ) {
        precondition(visitors >= 0)
        precondition(days >= 1)
        self.seed = seed
        self.visitors = visitors
        self.days = days
        self.startMilliseconds = startMilliseconds
    }

    /// Writes the header and the rows.
    package func write(to sink: inout OutputSink) throws(InputError) {
        try sink.append { output in
            output.append(EventWriter.allColumns.map(\.name).joined(separator: ",") + "\n")
        }
        for row in rows() {
            guard sink.isOpen else { return }
            try sink.append { output in row.append(to: &output) }
        }
        try sink.flush()
    }

    private func rows() -> [SampleRow] {
        var rows: [SampleRow] = []
        for index in 0..<visitors {
            let mixed = SplitMix64.mix(seed) ^ SplitMix64.mix(UInt64(index) + 1)
            var visitor = SampleVisitor(
                index: index, generator: SampleGenerator(seed: mixed), traffic: self)
            visitor.appendRows(to: &rows)
        }
        // Rows that arrive in the same millisecond keep the order in which they were made.
        let order = rows.indices.sorted { left, right in
            (rows[left].arrival, left) < (rows[right].arrival, right)
        }
        return order.map { rows[$0] }
    }
}

/// One row of the sample, with the moment of its arrival.
struct SampleRow {
    var arrival: Int64
    var time: Int64
    var visitor: UInt64
    var kind: EventKind
    var name: String
    var device: String
    var place: SampleShop.Place
    var channel: String
    /// Where a visit came from; only its first event says so.
    var origin: SampleShop.Origin?
    var valueCents: Int?
    var eventID: UInt64
    var isBot: Bool

    /// The columns of `EventWriter.allColumns`. No text here needs quotes.
    func append(to output: inout [UInt8]) {
        output.append(decimal: time)
        let digits = String(visitor, radix: 16)
        output.append(",v-" + String(repeating: "0", count: 12 - digits.utf8.count) + digits)
        for text in [
            kind.name, name, device, channel, place.country, place.region, origin?.referrer ?? "",
            origin?.campaign ?? "", origin?.source ?? "", origin?.medium ?? "",
        ] {
            output.append(ASCII.comma)
            output.append(text)
        }
        output.append(ASCII.comma)
        if let valueCents {
            output.append(decimal: Int64(valueCents / 100))
            output.append(valueCents % 100 < 10 ? ".0" : ".")
            output.append(decimal: Int64(valueCents % 100))
        }
        output.append(ASCII.comma)
        output.append(decimal: eventID)
        output.append(isBot ? ",true\n" : ",\n")
    }
}
