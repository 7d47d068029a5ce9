import FlyingFox
import Foundation
import SojournModel
import SojournPage
import SojournService
import SojournWire

/// The page of reports: finds out what a view of it asks for, asks, and has it drawn.
struct AdminPage {
    let service: AdminService

    /// - Parameters:
    ///   - query: what stands behind the question mark, as it was sent.
    ///   - cookies: as the browser sent them.
    func answer(query: String, cookies: String) async -> AdminAnswer {
        let theme = Self.theme(cookies)
        do throws(PageAddress.Fault) {
            var address = try PageAddress(query: query)
            let properties = service.subject.properties
            let property =
                properties.first { $0.id == address.property } ?? properties.first ?? .default
            if let asked = address.property, asked != property.id {
                throw PageAddress.Fault(sentence: "there is no property \(asked.rawValue) here")
            }
            address.property = properties.count > 1 ? property.id : nil
            return await draw(address, of: property, theme)
        } catch {
            return .html(.badRequest, PageDocument.fault(error.sentence, theme: theme))
        }
    }

    private func draw(
        _ address: PageAddress, of property: ServiceProperty, _ theme: PageContent.Theme?
    ) async -> AdminAnswer {
        let clock: Clock
        do throws(AdminService.Silence) { clock = try await self.clock(of: property) } catch {
            return .html(
                .serviceUnavailable,
                PageDocument.fault(service.sentence(error), theme: theme))
        }
        let zone = TimeZone(identifier: clock.timeZone) ?? .gmt
        var content = PageContent(
            address, of: service.subject.origin,
            properties: service.subject.properties.map { .init(id: $0.id, name: $0.name) },
            time: clock.time, theme: theme, version: service.subject.version
        ) { time in
            let offset = zone.secondsFromGMT(
                for: Date(timeIntervalSince1970: Double(time) / 1_000))
            return time + Int64(offset) * 1_000
        }
        let questions = content.questions
        content.totals = await find(questions.totals, property.id)
        content.series = await find(questions.series, property.id)
        for question in questions.breakdowns {
            content.breakdowns.append(await find(question, property.id))
        }
        content.journeys = await find(questions.journeys, property.id)
        if let funnel = questions.funnel { content.funnel = await find(funnel, property.id) }
        return .html(.ok, PageDocument.html(content))
    }

    private func find(_ question: ReportQuestion, _ property: PropertyID) async -> Finding {
        do throws(AdminService.Silence) {
            return .answer(try await service.report(question, of: property))
        } catch { return .failure(service.sentence(error)) }
    }

    /// What a property calls now, and where it is.
    private struct Clock {
        /// Milliseconds since the epoch.
        var time: Int64
        /// Its IANA name.
        var timeZone: String
    }

    /// No session is of this period, so the answer costs next to nothing.
    private static let questionOfNothing = ReportQuestion(
        .summary, period: ReportPeriod(start: 0, end: 0))

    /// Where the property's clock stands; the server's before its first event. So the last days of
    /// a file from long ago are its last days.
    ///
    /// A service has it among its gauges, also where it answers no reports. A router has no property, but
    /// every answer to a report says it: the furthest of the workers' clocks, and the time zone that all have.
    private func clock(
        of property: ServiceProperty
    ) async throws(AdminService.Silence) -> Clock {
        let status = try await service.status()
        switch service.subject.origin {
        case .service:
            let name = "property_\(property.id.rawValue)_clock_milliseconds"
            return Clock(
                time: status.gauges.first { $0.name == name }?.value ?? status.serverTime,
                timeZone: property.timeZone)
        case .router:
            let answer = try await service.report(Self.questionOfNothing, of: property.id)
            return Clock(time: answer.clock ?? status.serverTime, timeZone: answer.timeZone)
        }
    }

    /// The cookie that the page's script sets.
    private static func theme(_ cookies: String) -> PageContent.Theme? {
        for cookie in cookies.split(separator: ";") {
            let text = cookie.drop { $0 == " " }
            if text.hasPrefix("theme=") {
                return PageContent.Theme(rawValue: String(text.dropFirst(6)))
            }
        }
        return nil
    }
}

/// The few numbers that the page keeps up to date.
struct LiveFigures {
    private let timeMs: Int64
    private let figures: [(name: String, value: Int64)]

    init(_ status: StatusReply, of origin: PageContent.Origin) {
        timeMs = status.serverTime
        func value(_ name: String) -> Int64 { status.gauges.first { $0.name == name }?.value ?? 0 }
        figures =
            switch origin {
            case .service:
                [
                    ("live_sessions", value("live_sessions")),
                    ("live_visitors", value("live_visitors")),
                    // All that came since the start, whatever became of them.
                    (
                        "events",
                        status.gauges.reduce(0) { sum, gauge in
                            gauge.name.hasPrefix("events_") && gauge.name.hasSuffix("_total")
                                ? sum + gauge.value : sum
                        }
                    ),
                ]
            // What is live the workers know; to ask all of them every two seconds would cost them more than it
            // is worth.
            case .router:
                [
                    ("partitions", value("partitions")), ("partitions_up", value("partitions_up")),
                    ("events", value("batch_events_total")),
                ]
            }
    }

    /// In JSON.
    var text: String {
        let pairs = ([("time_ms", timeMs)] + figures).map { "\"\($0.0)\":\($0.1)" }
        return "{" + pairs.joined(separator: ",") + "}"
    }
}
