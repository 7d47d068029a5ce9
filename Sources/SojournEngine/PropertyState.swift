import SojournModel

/// What a partition keeps of one property.
struct PropertyState: ~Copyable {
    let id: PropertyID
    let policy: SessionPolicy
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
        wheel = TimingWheel(span: policy.timeoutMilliseconds + policy.latenessMilliseconds)
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

/// What keys are derived from the secret for.
enum SecretPurpose {
    static let visitor: UInt64 = 1
    static let text: UInt64 = 2
    static let sessionID: UInt64 = 3
    static let sessionIDMask: UInt64 = 4
}
