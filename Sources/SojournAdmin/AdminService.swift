import Logging
import SojournModel
import SojournServer
import SojournService
import SojournWire
import Synchronization

/// What the admin port knows of the service: whether it is there yet, and how to ask it.
final class AdminService: Sendable {
    private enum Phase {
        case starting
        case serving(any AskedService)
        case stopped
    }

    /// Why a question has no answer.
    enum Silence: Error, Equatable {
        case starting
        case stopped
        /// In time, or at all.
        case noAnswer
        /// The service refused, with its own words.
        case refused(ErrorCode, String)
    }

    let subject: AdminSubject
    let log: Logger
    private let phase = Mutex(Phase.starting)
    private static let statusPatience = Duration.seconds(2)
    private static let reportPatience = Duration.seconds(20)

    init(_ subject: AdminSubject, log: Logger) {
        self.subject = subject
        self.log = log
    }

    func serve(_ server: any AskedService) {
        phase.withLock { phase in
            if case .starting = phase { phase = .serving(server) }
        }
    }

    func stop() { phase.withLock { $0 = .stopped } }

    /// All gauges of the service (sojourn-1, "STATUS").
    func status() async throws(Silence) -> StatusReply {
        let body = try await ask(.status, property: PropertyID(0), patience: Self.statusPatience) {
            StatusRequest.encode(header: $0, into: &$1)
        }
        do throws(WireError) {
            return try StatusReply.decode(body: Self.body(of: body.span))
        } catch { throw .noAnswer }
    }

    /// What is known of the sessions of a property (sojourn-1, "REPORT").
    func report(
        _ question: ReportQuestion, of property: PropertyID
    ) async throws(Silence) -> ReportAnswer {
        let reply = try await ask(.report, property: property, patience: Self.reportPatience) {
            ReportRequest.encode(question, header: $0, into: &$1)
        }
        do throws(WireError) {
            return try ReportReply.decode(body: Self.body(of: reply.span))
        } catch { throw .noAnswer }
    }

    /// Sends one request, and opens its reply.
    ///
    /// - Parameter encode: writes the whole frame.
    /// - Returns: the frame of a reply whose checksums are right and that is no ERROR.
    private func ask(
        _ operation: SojournWire.Operation, property: PropertyID, patience: Duration,
        _ encode: (MessageHeader, inout ByteWriter) -> Void
    ) async throws(Silence) -> [UInt8] {
        let server = try server()
        var writer = ByteWriter()
        encode(MessageHeader(operation: operation, property: property), &writer)
        guard let reply = await server.ask(writer.array, patience: patience) else {
            throw .noAnswer
        }
        let refusal: ErrorReply
        do throws(WireError) {
            // Safe: bytes have no padding.
            let header = try Frame.open(unsafe reply.span.bytes, role: .client)
            guard header.operation == .error else { return reply }
            refusal = try ErrorReply.decode(body: Self.body(of: reply.span))
        } catch { throw .noAnswer }
        throw .refused(refusal.code, refusal.message)
    }

    @_lifetime(copy reply)
    private static func body(of reply: Span<UInt8>) -> RawSpan {
        // Safe: bytes have no padding.
        unsafe Frame.body(of: reply.bytes)
    }

    private func server() throws(Silence) -> any AskedService {
        switch phase.withLock({ $0 }) {
        case .starting: throw .starting
        case .stopped: throw .stopped
        case .serving(let server): return server
        }
    }
}
