package import SojournModel

/// An answer, or why there is none, in a sentence.
package enum Finding: Equatable, Sendable {
    case answer(ReportAnswer)
    case failure(String)
}

/// All that one view of the page shows.
package struct PageContent: Sendable {
    package struct Property: Equatable, Sendable {
        package var id: PropertyID
        package var name: String

        package init(id: PropertyID, name: String) {
            self.id = id
            self.name = name
        }
    }

    package enum Theme: String, Sendable {
        case light
        case dark
    }

    /// Who has the figures.
    package enum Origin: Sendable {
        /// It has all sessions itself.
        case service
        /// Its workers have them, and it adds up what they answer.
        case router
    }

    package var address: PageAddress
    package var origin: Origin
    package var properties: [Property]
    /// Where the property's clock stands, read in its time zone, in milliseconds as if that were UTC.
    package var localTime: Int64
    /// Tells of a time how a clock of the property shows it, in the same form.
    package var localReading: @Sendable (Int64) -> Int64
    /// nil for what the browser prefers.
    package var theme: Theme?
    package var version: String

    package var totals = Finding.failure("not asked")
    package var series = Finding.failure("not asked")
    /// In the order of the questions.
    package var breakdowns: [Finding] = []
    package var journeys = Finding.failure("not asked")
    package var funnel: Finding?

    /// - Parameters:
    ///   - time: where the property's clock stands, in milliseconds since the epoch.
    ///   - localReading: tells of a time how a clock of the property shows it, in milliseconds as if
    ///     that were UTC.
    ///   - theme: what the visitor chose, if anything.
    package init(
        _ address: PageAddress, of origin: Origin, properties: [Property], time: Int64,
        theme: Theme?, version: String, localReading: @escaping @Sendable (Int64) -> Int64
    ) {
        self.address = address
        self.origin = origin
        self.properties = properties
        self.localReading = localReading
        localTime = localReading(time)
        self.theme = theme
        self.version = version
    }

    /// What has to be asked to fill it.
    package var questions: PageQuestions { PageQuestions(address, today: today) }

    var today: CivilDate { CivilDate(localMilliseconds: localTime) }
}

extension Finding {
    var answer: ReportAnswer? {
        if case .answer(let answer) = self { answer } else { nil }
    }
}
