package import SojournModel

/// The questions that a view of the page asks; each section has its own, and stands for itself when
/// another has no answer.
package struct PageQuestions: Equatable, Sendable {
    /// What the page breaks sessions down by, in the order in which it shows them.
    static let dimensions: [ReportDimension] = [
        .channel, .campaignName, .landingPage, .exitPage, .device, .country,
    ]
    private static let rows = 8
    private static let rowsOfMore = 200
    private static let journeyRows = 2_000

    package var series: ReportQuestion
    package var totals: ReportQuestion
    package var breakdowns: [ReportQuestion]
    package var journeys: ReportQuestion
    /// nil while no steps are named.
    package var funnel: ReportQuestion?

    /// - Parameter today: the day on the property's clock.
    init(_ address: PageAddress, today: CivilDate) {
        let period = address.period.reportPeriod(today: today)
        func question(_ kind: ReportQuestion.Kind) -> ReportQuestion {
            ReportQuestion(kind, period: period, filters: address.filters)
        }
        totals = question(.summary)
        totals.comparesWithPrevious = address.period.canCompare
        series = question(.series(address.period.interval(today: today)))
        series.comparesWithPrevious = address.period.canCompare
        breakdowns = Self.dimensions.map { dimension in
            var breakdown = question(.breakdown(dimension))
            breakdown.rowsMax = address.more == dimension ? Self.rowsOfMore : Self.rows
            return breakdown
        }
        journeys = question(.paths(from: address.from))
        journeys.rowsMax = Self.journeyRows
        if !address.steps.isEmpty {
            funnel = question(
                .funnel(
                    address.steps.map { step in
                        step.hasSuffix("*")
                            ? FunnelStep(String(step.dropLast()), isPrefix: true)
                            : FunnelStep(step)
                    }))
        }
    }
}
