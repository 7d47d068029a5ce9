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
        let clock: Int64
        do throws(AdminService.Silence) { clock = try await self.clock(of: property.id) } catch {
            return .html(
                .serviceUnavailable, PageDocument.fault(error.sentence, theme: theme))
        }
        let zone = TimeZone(identifier: property.timeZone) ?? .gmt
        var content = PageContent(
            address,
            properties: service.subject.properties.map { .init(id: $0.id, name: $0.name) },
            time: clock, theme: theme, version: service.subject.version
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
        } catch { return .failure(error.sentence) }
    }

    /// Where the property's clock stands; the server's before its first event. So the last days of
    /// a file from long ago are its last days.
    private func clock(of property: PropertyID) async throws(AdminService.Silence) -> Int64 {
        let status = try await service.status()
        let name = "property_\(property.rawValue)_clock_milliseconds"
        return status.gauges.first { $0.name == name }?.value ?? status.serverTime
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
    var timeMs: Int64
    var liveSessions: Int64
    var liveVisitors: Int64
    /// All that came since the start, whatever became of them.
    var events: Int64

    init(_ status: StatusReply) {
        timeMs = status.serverTime
        func value(_ name: String) -> Int64 { status.gauges.first { $0.name == name }?.value ?? 0 }
        liveSessions = value("live_sessions")
        liveVisitors = value("live_visitors")
        events = status.gauges.reduce(0) { sum, gauge in
            gauge.name.hasPrefix("events_") && gauge.name.hasSuffix("_total")
                ? sum + gauge.value : sum
        }
    }

    var text: String {
        """
        {"time_ms":\(timeMs),"live_sessions":\(liveSessions),"live_visitors":\(liveVisitors),\
        "events":\(events)}
        """
    }
}
