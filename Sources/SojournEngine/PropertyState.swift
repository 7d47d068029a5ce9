import SojournModel

/// What a partition keeps of one property.
struct PropertyState: ~Copyable {
    let id: PropertyID
    private(set) var policy: SessionPolicy
    /// Hashes visitor keys of this property.
    let visitorHasher: SipHash
    var texts: TextTable
    var contexts: ContextStore
    var paths = PathStore()
    var wheel: TimingWheel
    /// How many sessions the visitors without a live one have had.
    var ordinals: OrdinalMemory
    /// The last clock that a batch or a tick brought.
    var clock = Int64.min
    /// Number of the last revision.
    var revisions: UInt64 = 0
    /// Of the session that is being packed; used for one after another.
    var steps = GrowableBuffer<PackedStep>()

    init(id: PropertyID, policy: SessionPolicy, secret: DeploymentSecret, limits: EngineLimits) {
        precondition(policy.fault == nil)
        self.id = id
        self.policy = policy
        visitorHasher = SipHash(
            secret: secret, purpose: SecretPurpose.visitor, detail: UInt64(id.rawValue))
        texts = TextTable(
            hasher: SipHash(secret: secret, purpose: SecretPurpose.text), limit: limits.textsMax)
        contexts = ContextStore(limit: limits.contextsMax)
        ordinals = OrdinalMemory(limit: limits.rememberedVisitorsMax)
        wheel = TimingWheel(span: policy.finishSpanMilliseconds)
    }

    /// Takes another policy. When sessions finish after another time than before, all are filed
    /// anew, and those that were due by the same time keep their order.
    mutating func set(_ new: SessionPolicy, _ sessions: inout SessionTable) {
        let old = policy
        policy = new
        if new.finishSpanMilliseconds == old.finishSpanMilliseconds { return }
        let filed = wheel.filed(sessions)
        let isScanned = wheel.scan != nil
        wheel = TimingWheel(span: new.finishSpanMilliseconds)
        // From the beginning: who counts twice what is met twice counts by the session's id.
        if isScanned { wheel.scan = WheelScan() }
        if clock > .min { wheel.start(at: clock) }
        // A list is a stack, so the last one is filed first.
        for index in (0..<filed.count).reversed() {
            let slot = filed[index]
            // It may go on, though one that came after it was handed over.
            if !isDue(sessions[slot]) { sessions[slot].marks.boundaryOut = nil }
            wheel.file(slot, at: new.finishTime(lastEvent: sessions[slot].lastEvent), &sessions)
        }
    }

    /// True when a tick would change something: a session is to be looked at, or a visitor to be
    /// forgotten.
    func isAnythingDue(at time: Int64) -> Bool {
        let clock = max(clock, time)
        guard clock > .min else { return false }
        if wheel.holdsAny(upTo: clock) { return true }
        guard let oldest = oldestRemembered(at: clock) else { return false }
        return ordinals.forgetsAny(before: oldest)
    }

    /// Visitors that came before this are forgotten; nil when that is before all time.
    func oldestRemembered(at clock: Int64) -> Int64? {
        let oldest = clock.subtractingReportingOverflow(policy.visitorRetentionMilliseconds)
        return oldest.overflow ? nil : oldest.partialValue
    }

    func isDue(_ session: borrowing Session) -> Bool {
        policy.finishTime(lastEvent: session.lastEvent) <= clock
    }

    func sameDay(_ a: Int64, _ b: Int64) -> Bool {
        guard let midnight = policy.midnight else { return true }
        return midnight.day(of: a) == midnight.day(of: b)
    }
}

/// Holds a property's state between batches. A batch takes it out and puts it back, so that the
/// engine works on it as on its own fields.
final class PropertyBox {
    let id: PropertyID
    private var state: PropertyState?

    init(_ state: consuming PropertyState) {
        id = state.id
        self.state = consume state
    }

    func take() -> PropertyState {
        guard let taken = state.take() else { preconditionFailure("a property is used twice") }
        return taken
    }

    func put(_ state: consuming PropertyState) { self.state = consume state }

    /// Looks something up in the state.
    func read<Result>(_ body: (borrowing PropertyState) -> Result) -> Result {
        let state = take()
        let result = body(state)
        put(state)
        return result
    }
}

extension SessionPolicy {
    /// How long after its last event a session finishes.
    var finishSpanMilliseconds: Int64 { timeoutMilliseconds + latenessMilliseconds }
}

/// What keys are derived from the secret for.
enum SecretPurpose {
    static let visitor: UInt64 = 1
    static let text: UInt64 = 2
    static let sessionID: UInt64 = 3
    static let sessionIDMask: UInt64 = 4
    static let state: UInt64 = 5
}
