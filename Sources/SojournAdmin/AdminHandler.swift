import FlyingFox
import Foundation
import SojournPage
import SojournService
import SojournWire

/// Takes requests, lets through those that may pass, and finds who answers them.
struct AdminHandler: HTTPHandler {
    let service: AdminService
    let door: AdminGuard

    func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
        if let refusal = door.refusal(of: request) { return refusal.response(to: request) }
        return await answer(request).response(to: request)
    }

    private func answer(_ request: HTTPRequest) async -> AdminAnswer {
        switch request.path {
        case "/":
            await AdminPage(service: service).answer(
                query: request.target.query(), cookies: request.headers[.cookie] ?? "")
        case "/live": await live()
        case "/healthz": await health()
        case "/readyz": await readiness()
        case "/metrics": await metrics()
        case let path where PageAsset.all.contains { $0.path == path }: Self.asset(path)
        default:
            .text(
                .notFound,
                "there is nothing at \(request.path); see /, /metrics, /healthz, /readyz")
        }
    }

    /// Whether the process is of use, or should be started anew.
    private func health() async -> AdminAnswer {
        switch await Self.result(service.status) {
        case .success, .failure(.starting): .text(.ok, "ok")
        case .failure(let silence): .text(.serviceUnavailable, service.sentence(silence))
        }
    }

    /// Whether new batches are taken.
    private func readiness() async -> AdminAnswer {
        switch await Self.result(service.status) {
        case .success(let status):
            if let reason = Readiness.reasonAgainst(status.gauges) {
                .text(.serviceUnavailable, reason)
            } else {
                .text(.ok, "ready")
            }
        case .failure(let silence): .text(.serviceUnavailable, service.sentence(silence))
        }
    }

    private func live() async -> AdminAnswer {
        switch await Self.result(service.status) {
        case .success(let status):
            AdminAnswer(
                .ok, "application/json", LiveFigures(status, of: service.subject.origin).text)
        case .failure(let silence): .text(.serviceUnavailable, service.sentence(silence))
        }
    }

    private static func asset(_ path: String) -> AdminAnswer {
        guard let asset = PageAsset.all.first(where: { $0.path == path }) else {
            preconditionFailure("an asset was looked for that there is not")
        }
        var answer = AdminAnswer(.ok, asset.contentType, asset.content)
        answer.isLasting = true
        return answer
    }

    private func metrics() async -> AdminAnswer {
        var families = [
            MetricFamily.build(
                name: service.subject.name, version: service.subject.version)
        ]
        switch await Self.result(service.status) {
        case .success(let status):
            families += MetricFamily.families(of: status.gauges)
            families.append(.isUp(true))
        // What is known of the process is told also while the service starts.
        case .failure: families.append(.isUp(false))
        }
        families.append(door.refusals.family)
        families += ProcessFigures.current?.families ?? []
        return AdminAnswer(
            .ok, "text/plain; version=0.0.4; charset=utf-8", PrometheusText.text(of: families))
    }

    private static func result<Value>(
        _ question: () async throws(AdminService.Silence) -> Value
    ) async -> Result<Value, AdminService.Silence> {
        do throws(AdminService.Silence) { return .success(try await question()) } catch {
            return .failure(error)
        }
    }
}

/// What a service that answers may lack.
enum Readiness {
    /// Why it takes no new batches; nil when it does.
    static func reasonAgainst(_ gauges: [Gauge]) -> String? {
        func value(_ name: String) -> Int64? { gauges.first { $0.name == name }?.value }
        if value("draining") == 1 { return "draining: the service is about to stop" }
        if value("journal_available") == 0 {
            return "the journal cannot be written: the disk is full or broken"
        }
        if value("archive_available") == 0 {
            return "no more finished sessions can wait for the archive, which "
                + (value("archive_writable") == 0 ? "cannot be written" : "is too slow")
        }
        if let covered = value("partitions_covered"), let all = value("partitions"),
            covered < max(all, 1)
        {
            return
                "waits for workers: \(covered) of \(all == 0 ? "the" : "\(all)") partitions have one"
        }
        return nil
    }
}

extension AdminService {
    /// Why there is no answer, for people.
    func sentence(_ silence: Silence) -> String {
        let (noun, task) =
            switch subject.origin {
            case .service: ("service", "the journal is being read")
            case .router: ("router", "the cluster is looked for")
            }
        return switch silence {
        case .starting: "starting: \(task)"
        case .stopped: "the \(noun) has stopped"
        case .noAnswer: "the \(noun) does not answer"
        case .refused(_, let message): message
        }
    }
}
