package import SojournModel

/// An event and its place in the order of arrival.
package struct NumberedEvent: Equatable, Sendable {
    package var number: Int
    package var event: TestEvent

    package init(_ number: Int, _ event: TestEvent) {
        self.number = number
        self.event = event
    }

    /// By event time, and by arrival where times are equal.
    package static func isOrdered(_ left: NumberedEvent, _ right: NumberedEvent) -> Bool {
        (left.event.time, left.number) < (right.event.time, right.number)
    }
}

/// What an oracle says of a session: all that is kept of it, worked out from its events.
package struct ExpectedSession: Equatable, Sendable {
    package var visitor: String
    /// Numbers of its events, in order of arrival.
    package var eventNumbers: [Int]
    package var firstEvent: Int64
    package var lastEvent: Int64
    package var views: Int
    package var actions: Int
    package var conversions: Int
    package var value: Int64
    package var context: [String]
    package var landingPage: String
    package var exitPage: String
    package var path: [SessionSnapshot.PathStep]
    package var isEnded: Bool
    package var isEngaged: Bool
    /// Why it began; where the definition leaves two answers open, both.
    package var boundaries: [Boundary]
    /// Why it ended; where the definition leaves two answers open, both.
    package var boundariesOut: [Boundary]
    /// Late, merged, automated, ordinal: nil where the oracle does not know the arrivals.
    package var arrival: Arrival?

    /// What depends on the order of arrival.
    package struct Arrival: Equatable, Sendable {
        package var ordinal: Int
        package var isLate: Bool
        package var isMerged: Bool
        package var isAutomated: Bool
    }

    /// A session of these events, which are of one visitor and at least one.
    package init(
        _ events: [NumberedEvent], boundaries: [Boundary], boundariesOut: [Boundary],
        arrival: Arrival? = nil
    ) {
        let sorted = events.sorted(by: NumberedEvent.isOrdered).map(\.event)
        let shown = sorted.filter { $0.kind == .view }
        visitor = sorted[0].visitor
        eventNumbers = events.map(\.number).sorted()
        firstEvent = sorted[0].time
        lastEvent = sorted[sorted.count - 1].time
        views = shown.count
        actions = sorted.count { $0.kind == .action }
        conversions = sorted.count { $0.kind == .conversion }
        value = sorted.reduce(0) { $0 + $1.value }
        context = sorted[0].context.attributes
        landingPage = shown.first?.name ?? ""
        exitPage = shown.last?.name ?? ""
        let start = firstEvent
        path = shown.prefix(64).map {
            SessionSnapshot.PathStep(milliseconds: UInt32($0.time - start), page: $0.name)
        }
        let last = lastEvent
        isEnded = sorted.contains { $0.kind == .end && $0.time == last }
        isEngaged = lastEvent - firstEvent >= 10_000 || conversions > 0 || views >= 2
        self.boundaries = boundaries
        self.boundariesOut = boundariesOut
        self.arrival = arrival
    }

    /// In what a session that the engine finished is not this one; empty when it is.
    package func differences(from found: SessionSnapshot) -> [String] {
        var differences: [String] = []
        func compare<Value: Equatable>(_ field: String, _ wanted: Value, _ found: Value) {
            if wanted != found { differences.append("\(field) is \(found), not \(wanted)") }
        }
        compare("firstEvent", firstEvent, found.firstEvent)
        compare("lastEvent", lastEvent, found.lastEvent)
        compare("events", eventNumbers.count, Int(found.events))
        compare("views", views, Int(found.views))
        compare("actions", actions, Int(found.actions))
        compare("conversions", conversions, Int(found.conversions))
        compare("value", value, found.value)
        compare("engagedMilliseconds", lastEvent - firstEvent, found.engagedMilliseconds)
        compare("context", context, found.context)
        compare("landingPage", landingPage, found.landingPage)
        compare("exitPage", exitPage, found.exitPage)
        compare("path", path, found.path)
        compare("ended", isEnded, found.state.isEnded)
        compare("engaged", isEngaged, found.state.isEngaged)
        if let boundary = found.state.boundary, !boundaries.contains(boundary) {
            differences.append("boundary is \(boundary), not \(boundaries)")
        }
        let out = found.boundaryOut
        if out.map(boundariesOut.contains) != true {
            differences.append("boundaryOut is \(out.map(\.name) ?? "nil"), not \(boundariesOut)")
        }
        if let arrival {
            compare("ordinal", arrival.ordinal, Int(found.ordinal))
            compare("late", arrival.isLate, found.state.isLate)
            compare("merged", arrival.isMerged, found.state.isMerged)
            compare("automated", arrival.isAutomated, found.state.isAutomated)
        }
        return differences
    }
}
