import SojournModel
import SojournWire

extension Dispatcher {
    /// Why a request ends without an answer.
    enum End {
        /// The server's last word.
        case refused
        /// The call's time is up.
        case deadline
        /// It was sent as often as is allowed.
        case attempts
        case closed
    }

    mutating func fail(_ id: UInt64, _ request: Request, _ end: End) {
        actions.append(.fail(id, error(request, end)))
    }

    private func error(_ request: Request, _ end: End) -> SojournError {
        let refusal = request.refusal.map { SojournError.Refusal($0) }
        let mayHaveBeenApplied = request.isBatch && request.unanswered > 0
        func make(_ code: SojournError.Code, _ message: String) -> SojournError {
            SojournError(
                code, message, mayHaveBeenApplied: mayHaveBeenApplied, refusal: refusal,
                attempts: request.sends, cause: link.fault)
        }

        if end == .closed {
            return make(
                .closed,
                mayHaveBeenApplied
                    ? "the client was closed before the answer came; the events may have been applied"
                    : "the client was closed before it was answered; nothing was applied")
        }
        if mayHaveBeenApplied {
            let said = refusal.map { "; the last attempt was refused: \($0.message)" } ?? ""
            return make(
                .unknownOutcome,
                "no answer from \(endpointName) to a batch that was sent \(times(request.sends)); "
                    + "it was applied once or not at all" + said)
        }
        if let refusal, request.unanswered == 0 {
            let code: SojournError.Code =
                switch refusal.code {
                case .wrongDeployment: .wrongDeployment
                case .unsupportedVersion: .unsupportedVersion
                default: .refused
                }
            return make(code, "\(endpointName) refused: \(refusal.message) (\(refusal.code))")
        }
        if request.sends > 0 {
            return make(
                .timedOut, "no answer from \(endpointName), which was asked \(times(request.sends))"
            )
        }
        if link.isUp {
            return make(
                .timedOut,
                "not sent within \(options.timeout): earlier requests took all the credit of "
                    + endpointName)
        }
        if let fault = link.fault { return make(fault.code, fault.message) }
        return make(
            .unreachable,
            "no connection to \(endpoints.joined(separator: ", ")) within \(options.timeout)")
    }

    private func times(_ count: Int) -> String { count == 1 ? "once" : "\(count) times" }
}
