import SojournModel
import SojournService
import SojournWire

/// A request that was let in: what is asked, by whom, and when it came.
struct Inquiry {
    let header: MessageHeader
    let caller: Caller
    let moment: RouterMoment
}

/// A client's request on its way through the router.
final class RoutedRequest {
    enum Kind {
        /// Of one worker, whose reply is passed on as it is.
        case whole
        /// A batch of so many events in parts; the replies are merged.
        case split(events: Int)
        /// A look-up at all workers.
        case everywhere
        /// A report to which each worker has a part.
        case report(ReportQuestion)
    }

    let id: RequestID
    let header: MessageHeader
    /// Of whom; nil where nobody is known by a name.
    let client: String?
    let kind: Kind
    /// Steady microseconds.
    let receivedAt: UInt64
    var parts: [RoutedPart] = []
    /// Parts whose outcome is not known yet.
    var unsettled = 0
    /// Bytes of the replies to a report's parts so far.
    var replyBytes = 0
    /// Which events are whose: rows of the batch, part behind part.
    var order = GrowableBuffer<UInt16>()

    init(_ id: RequestID, _ inquiry: Inquiry, _ kind: Kind) {
        self.id = id
        header = inquiry.header
        client = inquiry.caller.name
        self.kind = kind
        receivedAt = inquiry.moment.steady
    }

    /// The same batch may be sent to a worker twice, and is applied once.
    var isRepeatable: Bool { header.operation != .assign || header.producer.rawValue != 0 }

    var isReport: Bool { header.operation == .report }

    /// It may take long, for a worker answers it beside others: one that is there is not asked again.
    var takesLong: Bool { isReport || header.operation == .fetch }

    /// Something may have come of it, though no answer says so.
    var changesState: Bool { header.operation == .assign || header.operation == .forget }

    /// What of it may have come about when nobody knows, and why it does no harm to send it again.
    var doubt: String {
        header.operation == .forget
            ? "the visitor may have been forgotten; the same request sent again makes sure"
            : "the batch may have been applied in part; the same batch sent again completes it"
    }

    /// For how many milliseconds its parts are waited for: nobody waits for what comes after its deadline.
    func patience(_ limits: RouterLimits) -> UInt64 {
        let deadline = UInt64(header.deadlineMilliseconds)
        let most = takesLong ? limits.reportMilliseconds : limits.answerMilliseconds
        return deadline == 0 ? most : min(deadline, most)
    }

    /// Code 22 for a part that has not been sent by now; nil while there is time.
    func expiry(after waited: UInt64) -> ErrorReply? {
        let deadline = UInt64(header.deadlineMilliseconds)
        guard deadline > 0, waited >= deadline else { return nil }
        return ErrorReply(
            code: .deadlineExpired, offset: 32,
            message:
                "the request waited for \(waited) ms, longer than its deadline of \(deadline) ms"
        )
    }
}

/// What one worker has to do for a request.
final class RoutedPart {
    enum Stage {
        /// For its turn, or for the worker.
        case waiting
        case inFlight
        case settled
    }

    /// How it ended.
    enum Outcome {
        /// The reply, where it is needed later.
        case answered(FrameBuffer?)
        /// Nothing was applied.
        case refused(ErrorReply)
        /// It may have been applied.
        case unknown
    }

    let request: RoutedRequest
    let worker: Int
    /// Where its rows stand in the request's `order`.
    let rows: Range<Int>
    /// What counts against the worker's room.
    let byteCount: Int
    /// nil when the request's own frame is the part.
    var frame: FrameBuffer?
    var stage = Stage.waiting
    var outcome: Outcome?
    /// The number under which it was last sent.
    var correlation: UInt64 = 0
    var sends = 0
    /// Steady microseconds of the last sending.
    var sentAt: UInt64 = 0

    init(
        _ request: RoutedRequest, to worker: Int, rows: Range<Int> = 0..<0, frame: FrameBuffer?,
        byteCount: Int
    ) {
        self.request = request
        self.worker = worker
        self.rows = rows
        self.frame = frame
        self.byteCount = byteCount
    }
}
